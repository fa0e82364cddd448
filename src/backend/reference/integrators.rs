//! integrate: MD segments of one replica.
//!
//! Source: Leimkuhler & Matthews, Proc. R. Soc. A 472, 20160138 (2016) for BAOAB.

use super::replica::Replica;
use crate::base::rng::{Rng, Stream};
use crate::forces::pairwise::energy_and_forces;
use crate::system::System;
use glam::DVec3;

/// BAOAB steps of one replica, from step number `first`.
///
/// - `dt`: [time]; `friction`: γ [1/time]
/// - `replica`: positions and velocities, updated; its energy afterwards is that of the last force evaluation
#[expect(clippy::too_many_arguments, reason = "the arguments of the kernel, one by one")]
pub fn baoab(
    system: &System,
    rng: &Rng,
    shifts: &[DVec3],
    replica: &mut Replica,
    dt: f64,
    friction: f64,
    first: u64,
    steps: u32,
) {
    let decay = (-friction * dt).exp();
    let noise = (-(-2.0 * friction * dt).exp_m1()).sqrt();
    let kt = replica.state.kt;
    replica.update_forces(system, shifts);
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
        replica.update_forces(system, shifts);
        kick(system, replica, 0.5 * dt);
    }
}

/// Velocity-Verlet steps of one replica.
///
/// - `dt`: [time]
pub fn verlet(system: &System, shifts: &[DVec3], replica: &mut Replica, dt: f64, steps: u32) {
    replica.update_forces(system, shifts);
    for _ in 0..steps {
        kick(system, replica, 0.5 * dt);
        drift(system, replica, dt);
        replica.update_forces(system, shifts);
        kick(system, replica, 0.5 * dt);
    }
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

fn kick(system: &System, replica: &mut Replica, dt: f64) {
    let x = &mut replica.configuration;
    for slot in 0..x.len() {
        let mass = system.species[usize::from(x.species[slot])].mass;
        x.velocities[slot] += dt / mass * replica.forces[slot];
    }
}

fn drift(system: &System, replica: &mut Replica, dt: f64) {
    let x = &mut replica.configuration;
    for (position, velocity) in x.positions.iter_mut().zip(&mut x.velocities) {
        *position += dt * *velocity;
        system.cell.reflect(position, velocity);
        *position = system.cell.wrap(*position);
    }
}

impl Replica {
    /// Forces and energy of the present configuration.
    pub(crate) fn update_forces(&mut self, system: &System, shifts: &[DVec3]) {
        self.energy = energy_and_forces(system, &self.configuration, shifts, &mut self.forces);
    }
}
