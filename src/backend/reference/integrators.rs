//! MD segments of one replica.
//!
//! Source: Leimkuhler & Matthews, Proc. R. Soc. A 472, 20160138 (2016) for BAOAB.

use super::replica::Replica;
use crate::base::error::{Error, Result};
use crate::base::rng::{Rng, Stream};
use crate::forces::ForceField;
use crate::system::System;

/// BAOAB steps of one replica, from step number `first`.
///
/// - `dt`: \[time\]; `friction`: γ [1/time]
/// - `replica`: positions and velocities, updated; its energy afterwards is that of the last force evaluation
///
/// # Errors
/// Those of the force field.
#[expect(clippy::too_many_arguments, reason = "the arguments of the kernel, one by one")]
pub fn baoab<F: ForceField>(
    system: &System,
    force_field: &F,
    rng: &Rng,
    replica: &mut Replica,
    dt: f64,
    friction: f64,
    first: u64,
    steps: u32,
) -> Result<()> {
    let decay = (-friction * dt).exp();
    let noise = (-(-2.0 * friction * dt).exp_m1()).sqrt();
    let kt = replica.state.kt;
    replica.update_forces(force_field)?;
    for step in first..first + u64::from(steps) {
        kick(system, replica, 0.5 * dt);
        drift(system, replica, 0.5 * dt);
        let x = &mut replica.configuration;
        for slot in 0..x.len() {
            let thermal = (kt / system.species[usize::from(x.species[slot])].mass).sqrt();
            let gaussian = rng.gaussians(Stream::Thermostat, step, replica.id.0, slot as u32);
            x.velocities[slot] = decay * x.velocities[slot] + noise * thermal * gaussian;
        }
        drift(system, replica, 0.5 * dt);
        replica.update_forces(force_field)?;
        kick(system, replica, 0.5 * dt);
    }
    Ok(())
}

/// Velocity-Verlet steps of one replica.
///
/// - `dt`: \[time\]
///
/// # Errors
/// Those of the force field.
pub fn verlet<F: ForceField>(
    system: &System,
    force_field: &F,
    replica: &mut Replica,
    dt: f64,
    steps: u32,
) -> Result<()> {
    replica.update_forces(force_field)?;
    for _ in 0..steps {
        kick(system, replica, 0.5 * dt);
        drift(system, replica, dt);
        replica.update_forces(force_field)?;
        kick(system, replica, 0.5 * dt);
    }
    Ok(())
}

/// Draws all velocities from the Maxwell–Boltzmann distribution of the replica's temperature.
pub fn redraw_velocities(system: &System, rng: &Rng, stream: Stream, step: u64, replica: &mut Replica) {
    let kt = replica.state.kt;
    let x = &mut replica.configuration;
    for slot in 0..x.len() {
        let thermal = (kt / system.species[usize::from(x.species[slot])].mass).sqrt();
        x.velocities[slot] = thermal * rng.gaussians(stream, step, replica.id.0, slot as u32);
    }
}

pub(super) fn kick(system: &System, replica: &mut Replica, dt: f64) {
    let x = &mut replica.configuration;
    for slot in 0..x.len() {
        let mass = system.species[usize::from(x.species[slot])].mass;
        x.velocities[slot] += dt / mass * replica.forces[slot];
    }
}

pub(super) fn drift(system: &System, replica: &mut Replica, dt: f64) {
    let x = &mut replica.configuration;
    for (position, velocity) in x.positions.iter_mut().zip(&mut x.velocities) {
        *position += dt * *velocity;
        system.cell.reflect(position, velocity);
        *position = system.cell.wrap(*position);
    }
}

impl Replica {
    /// Forces and energy of the present configuration.
    ///
    /// # Errors
    /// Those of the force field; numbers that are not finite are one of them, so that they end at once and never reach
    /// the positions.
    pub(super) fn update_forces<F: ForceField>(&mut self, force_field: &F) -> Result<()> {
        match self.evaluate(force_field)? {
            true => Ok(()),
            false => {
                Err(Error::ForceField(format!("potential energy {}, or a force that is not a number", self.energy)))
            }
        }
    }

    /// Forces and energy of the present configuration, and whether all of them are finite.
    ///
    /// # Errors
    /// Those of the force field.
    pub(super) fn evaluate<F: ForceField>(&mut self, force_field: &F) -> Result<bool> {
        self.energy = force_field.energy_and_forces(&self.configuration, &mut self.forces)?;
        assert_eq!(self.forces.len(), self.configuration.len(), "a force field gives one force per atom");
        Ok(self.energy.is_finite() && self.forces.iter().all(|f| f.is_finite()))
    }
}
