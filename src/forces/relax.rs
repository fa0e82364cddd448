//! relax: pulls overlapping atoms of a start apart, by steepest descent with capped steps.

use crate::base::error::Result;
use crate::base::rng::{Rng, Stream};
use crate::forces::ForceField;
use crate::potential::OVERLAP_ENERGY;
use crate::system::System;
use crate::system::configuration::Configuration;
use glam::DVec3;

/// Forces above this many kT per shortest σ-like length (r_c/10) make a start worth relaxing.
const FORCE_LIMIT: f64 = 100.0;
/// Longest step of one atom in one iteration, as a fraction of r_c.
const STEP_CAP: f64 = 0.02;
/// Iterations before giving up.
const MAX_ITERATIONS: u64 = 5_000;

/// Moves atoms downhill until no force is violent; a start that is already sound stays bit for bit.
///
/// - `kt`: scale that says what is violent \[energy\]
/// - returns: iterations used, or `None` when overlaps remain
///
/// # Errors
/// Those of the force field.
pub fn relax(
    system: &System,
    force_field: &dyn ForceField,
    rng: &Rng,
    replica: u32,
    kt: f64,
    x: &mut Configuration,
) -> Result<Option<u64>> {
    let (length, cap) = (0.1 * system.pairs.r_cut, STEP_CAP * system.pairs.r_cut);
    let limit = FORCE_LIMIT * kt / length;
    let mut forces = Vec::new();
    for iteration in 0..MAX_ITERATIONS {
        let energy = force_field.energy_and_forces(x, &mut forces)?;
        let overlap = energy >= 0.5 * OVERLAP_ENERGY;
        let steepest = forces.iter().map(|f| f.length()).fold(0.0, f64::max);
        if !overlap && steepest <= limit {
            return Ok(Some(iteration));
        }
        if overlap {
            separate_cores(system, rng, replica, iteration, cap, x);
        }
        for (slot, force) in forces.iter().enumerate() {
            let size = force.length();
            if size > limit {
                // cap·(1 − limit/size): full steps where it is violent, none where it is calm
                move_atom(system, x, slot, *force * (cap * (1.0 - limit / size).max(0.05) / size));
            }
        }
    }
    Ok(None)
}

/// Inside the core there is no force: push both atoms of such a pair apart (a wall pushes upwards).
fn separate_cores(system: &System, rng: &Rng, replica: u32, iteration: u64, cap: f64, x: &mut Configuration) {
    for i in 0..x.len() {
        let mut push = DVec3::ZERO;
        let others = x.positions.iter().zip(&x.species).enumerate().filter(|&(j, _)| j != i).map(|(_, o)| o);
        for (&other, &s) in others.chain(system.frozen.positions.iter().zip(&system.frozen.species)) {
            let d = system.cell.minimum_image(x.positions[i] - other);
            if d.length_squared() < system.pairs.pair(x.species[i], s).cut().core_squared {
                let noise = 1e-3 * rng.gaussians(Stream::Relaxation, iteration, replica, i as u32);
                push += (d + noise * cap).normalize_or(DVec3::Z);
            }
        }
        let on_wall = system.external[usize::from(x.species[i])]
            .iter()
            .any(|field| field.energy_force(x.positions[i]).0 >= 0.5 * OVERLAP_ENERGY);
        if on_wall {
            push += DVec3::Z;
        }
        if push != DVec3::ZERO {
            move_atom(system, x, i, cap * push.normalize_or(DVec3::Z));
        }
    }
}

fn move_atom(system: &System, x: &mut Configuration, slot: usize, step: DVec3) {
    let (mut position, mut unused) = (x.positions[slot] + step, DVec3::ZERO);
    system.cell.reflect(&mut position, &mut unused);
    x.positions[slot] = system.cell.wrap(position);
}
