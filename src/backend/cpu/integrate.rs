//! integrate: MD segments of one replica.   Twin: `src/backend/reference/integrate.rs`

use super::Model;
use super::noise::{Address, gaussians};
use super::pair::{LANES, Sums, add_chunk};
use super::particle_moves::NOBODY;
use super::replica::Replica;
use crate::rng::Stream;

/// BAOAB steps of one replica, from step number `first`.
///
/// - `dt`: [time]; `friction`: γ [1/time]
pub(super) fn baoab(model: &Model, replica: &mut Replica, dt: f64, friction: f64, first: u64, steps: u32) {
    let decay = (-friction * dt).exp();
    let noise = (-(-2.0 * friction * dt).exp_m1()).sqrt();
    model.update_forces(replica);
    for step in first..first + u64::from(steps) {
        model.kick(replica, 0.5 * dt);
        model.drift(replica, 0.5 * dt);
        let address = Address { key: model.rng.key(), stream: Stream::Thermostat, step, replica: replica.id };
        model.thermostat(replica, decay, noise, address);
        model.drift(replica, 0.5 * dt);
        model.update_forces(replica);
        model.kick(replica, 0.5 * dt);
    }
    update_energy(model, replica);
}

/// Velocity-Verlet steps of one replica.
///
/// - `dt`: [time]
pub(super) fn verlet(model: &Model, replica: &mut Replica, dt: f64, steps: u32) {
    model.update_forces(replica);
    for _ in 0..steps {
        model.kick(replica, 0.5 * dt);
        model.drift(replica, dt);
        model.update_forces(replica);
        model.kick(replica, 0.5 * dt);
    }
    update_energy(model, replica);
}

/// Draws all velocities from the Maxwell–Boltzmann distribution of the replica's temperature.
pub(super) fn redraw_velocities(model: &Model, step: u64, replica: &mut Replica) {
    let address = Address { key: model.rng.key(), stream: Stream::VelocityRedraw, step, replica: replica.id };
    model.thermostat(replica, 0.0, 1.0, address);
}

/// Energy of the present configuration: fields and slab, and half of Σ_i Σ_{j≠i}.
pub(super) fn update_energy(model: &Model, replica: &mut Replica) {
    let mut energy = model.system.pairs.tail(&replica.species_counts, model.system.cell.volume());
    for slot in 0..replica.n {
        let [fixed, mobile] = model.atom_energy(replica, replica.species[slot], replica.position(slot), slot);
        energy += fixed + 0.5 * mobile;
    }
    replica.energy = energy;
}

#[inline(always)]
pub(super) fn kick(replica: &mut Replica, dt: f64) {
    for chunk in 0..replica.chunks() {
        let inverse_mass = &replica.inverse_mass[chunk];
        for (velocity, force) in replica.velocities.iter_mut().zip(&replica.forces) {
            for l in 0..LANES {
                velocity[chunk][l] += dt * inverse_mass[l] * force[chunk][l];
            }
        }
    }
}

#[inline(always)]
pub(super) fn thermostat(replica: &mut Replica, decay: f64, noise: f64, address: Address) {
    let kt = replica.state.kt;
    for chunk in 0..replica.chunks() {
        let g = gaussians(address, (chunk * LANES) as u32);
        let mut strength = [0.0; LANES];
        for l in 0..LANES {
            strength[l] = noise * (kt * replica.inverse_mass[chunk][l]).sqrt();
        }
        for (d, velocity) in replica.velocities.iter_mut().enumerate() {
            for l in 0..LANES {
                velocity[chunk][l] = decay * velocity[chunk][l] + strength[l] * f64::from(g[d][l]);
            }
        }
    }
}

#[inline(always)]
pub(super) fn drift(model: &Model, replica: &mut Replica, dt: f64) {
    let cell = &model.system.cell;
    let lengths = cell.lengths.to_array();
    let (floor, ceiling) = (cell.floor, cell.ceiling());
    for chunk in 0..replica.chunks() {
        for d in 0..3 {
            let (x, v) = (&mut replica.positions[d][chunk], &mut replica.velocities[d][chunk]);
            if d < 2 || cell.periodic_z {
                let (length, inverse) = (lengths[d], 1.0 / lengths[d]);
                for l in 0..LANES {
                    let moved = x[l] + dt * v[l];
                    let wrapped = moved - length * (moved * inverse).floor();
                    x[l] = if wrapped >= length { 0.0 } else { wrapped };
                }
            } else {
                // An atom fast enough to meet both walls in one step leaves the cell and is caught by the audit.
                for l in 0..LANES {
                    let moved = x[l] + dt * v[l];
                    let (below, above) = (moved < floor, moved > ceiling);
                    let mirror = if below { 2.0 * floor } else { 2.0 * ceiling };
                    let hit = below | above;
                    x[l] = if hit { mirror - moved } else { moved };
                    v[l] = if hit { -v[l] } else { v[l] };
                }
            }
        }
        for (row, positions) in
            [&mut replica.row.x, &mut replica.row.y, &mut replica.row.z].into_iter().zip(&replica.positions)
        {
            let occupied = replica.n - chunk * LANES;
            for l in 0..LANES {
                row[chunk].0[l] = if l < occupied { positions[chunk][l] as f32 } else { f32::NAN };
            }
        }
    }
}

#[inline(always)]
pub(super) fn forces<const FORCE_SHIFTED: bool>(model: &Model, replica: &mut Replica) {
    let g = &model.geometry;
    for slot in 0..replica.n {
        let species = usize::from(replica.species[slot]);
        let (row, frozen) = (&replica.row, &model.frozen);
        let (position, mut sums) = (row.get(slot), Sums::ZERO);
        for k in 0..replica.chunks() {
            add_chunk::<FORCE_SHIFTED>(g, row, &replica.coefficients[species], k, position, slot, &mut sums);
        }
        for k in 0..frozen.chunks_within(position[2], model.r_cut) {
            add_chunk::<FORCE_SHIFTED>(g, &frozen.row, &frozen.coefficients[species], k, position, NOBODY, &mut sums);
        }
        store_force(model, replica, slot, &sums);
    }
}

/// The same from neighbour lists, which must be up to date.
#[inline(always)]
pub(super) fn forces_from_lists<const FORCE_SHIFTED: bool>(model: &Model, replica: &mut Replica) {
    let (g, frozen) = (&model.geometry, &model.frozen_clusters);
    for place in 0..replica.n {
        let clusters = &replica.lists.clusters;
        let slot = clusters.order[place] as usize;
        let species = usize::from(replica.species[slot]);
        let (position, mut sums) = (clusters.row.get(place), Sums::ZERO);
        let [near, slab] = replica.lists.of(place);
        for &k in near {
            let c = &clusters.coefficients[species];
            add_chunk::<FORCE_SHIFTED>(g, &clusters.row, c, usize::from(k), position, place, &mut sums);
        }
        for &k in slab {
            let c = &frozen.coefficients[species];
            add_chunk::<FORCE_SHIFTED>(g, &frozen.row, c, usize::from(k), position, NOBODY, &mut sums);
        }
        store_force(model, replica, slot, &sums);
    }
}

/// Sums the lanes, adds external fields and keeps the force of a slot.
#[inline(always)]
fn store_force(model: &Model, replica: &mut Replica, slot: usize, sums: &Sums) {
    let mut force = sums.force.map(|lanes| lanes.sum());
    for field in &model.system.external[usize::from(replica.species[slot])] {
        let (_, f) = field.energy_force(replica.position(slot));
        for d in 0..3 {
            force[d] += f[d];
        }
    }
    for d in 0..3 {
        replica.forces[d][slot / LANES][slot % LANES] = force[d];
    }
}
