//! Segments of dynamics that are accepted or rejected as a whole.

use super::integrators::{drift, kick};
use super::replica::Replica;
use crate::base::error::Result;
use crate::base::rng::{Rng, Stream};
use crate::forces::ForceField;
use crate::moves::segment::{is_accepted, second_half, velocity_factor};
use crate::system::System;
use crate::system::cell::Cell;
use crate::system::configuration::Configuration;
use crate::system::dynamics::Segment;

/// One segment of one replica, from step number `first`.
///
/// A segment that leaves the cell, or meets an energy or a force that is not finite, is rejected.
///
/// - returns: whether it was accepted
///
/// # Errors
/// Those of the force field, and an energy of the start that is not finite.
pub fn segment<F: ForceField>(
    system: &System,
    force_field: &F,
    rng: &Rng,
    replica: &mut Replica,
    segment: &Segment,
    first: u64,
) -> Result<bool> {
    refresh_velocities(system, rng, replica, segment, first);
    replica.update_forces(force_field)?;
    let (start, energy) = (replica.configuration.clone(), replica.energy);
    let sound = steps(system, force_field, replica, segment)?;
    let delta_k = kinetic_energy(system, &replica.configuration) - kinetic_energy(system, &start);
    let (beta, delta_u) = (replica.state.beta(), replica.energy - energy);
    if sound && is_accepted(rng, replica.id.0, first, beta, delta_u, delta_k) {
        return Ok(true);
    }
    (replica.configuration, replica.energy) = (start, energy);
    replica.configuration.velocities.iter_mut().for_each(|v| *v *= velocity_factor());
    Ok(false)
}

/// The steps of a segment, and whether all of them were sound: the first that is not is the last.
fn steps<F: ForceField>(system: &System, force_field: &F, replica: &mut Replica, segment: &Segment) -> Result<bool> {
    for _ in 0..segment.steps {
        kick(system, replica, 0.5 * segment.dt);
        drift(system, replica, segment.dt);
        if !lies_in(&system.cell, &replica.configuration) || !replica.evaluate(force_field)? {
            return Ok(false);
        }
        kick(system, replica, second_half(segment.dt));
    }
    Ok(true)
}

/// Whether all atoms lie in the cell: one that is fast enough to meet both walls in a step does not.
fn lies_in(cell: &Cell, x: &Configuration) -> bool {
    x.positions.iter().all(|p| p.is_finite() && cell.contains(*p))
}

/// v = keep v + noise √(kT/m) ξ.
fn refresh_velocities(system: &System, rng: &Rng, replica: &mut Replica, segment: &Segment, first: u64) {
    let kt = replica.state.kt;
    let x = &mut replica.configuration;
    for slot in 0..x.len() {
        let thermal = (kt / system.species[usize::from(x.species[slot])].mass).sqrt();
        let fresh = thermal * rng.gaussians(Stream::SegmentVelocity, first, replica.id.0, slot as u32);
        x.velocities[slot] = segment.keep * x.velocities[slot] + segment.noise * fresh;
    }
}

/// Σ ½ m v² \[energy\]
fn kinetic_energy(system: &System, x: &Configuration) -> f64 {
    let mass = |species: u8| system.species[usize::from(species)].mass;
    x.velocities.iter().zip(&x.species).map(|(v, &s)| 0.5 * mass(s) * v.length_squared()).sum()
}
