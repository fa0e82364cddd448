//! integrate: MD segments of one replica.   Twin: `src/backend/reference/integrate.rs`

use super::Model;
use super::noise::gaussians;
use super::pair::{LANES, Sums, add_row};
use super::replica::Replica;
use crate::rng::Stream;

/// BAOAB steps of one replica, from step number `first`.
///
/// - `dt`: [time]; `friction`: γ [1/time]
#[inline(always)]
pub(super) fn baoab<const FORCE_SHIFTED: bool>(
    model: &Model,
    replica: &mut Replica,
    dt: f64,
    friction: f64,
    first: u64,
    steps: u32,
) {
    let decay = (-friction * dt).exp();
    let noise = (-(-2.0 * friction * dt).exp_m1()).sqrt();
    let kt = replica.state.kt;
    update_forces::<FORCE_SHIFTED>(model, replica, steps == 0);
    for k in 0..steps {
        kick(replica, 0.5 * dt);
        drift(model, replica, 0.5 * dt);
        for chunk in 0..replica.chunks() {
            let step = first + u64::from(k);
            let g = gaussians(model.key, Stream::Thermostat, step, replica.id, (chunk * LANES) as u32);
            let inverse_mass = &replica.inverse_mass[chunk];
            for (d, velocity) in replica.velocities.iter_mut().enumerate() {
                let v = &mut velocity[chunk];
                for l in 0..LANES {
                    let thermal = (kt * inverse_mass[l]).sqrt();
                    v[l] = decay * v[l] + noise * thermal * f64::from(g[d][l]);
                }
            }
        }
        drift(model, replica, 0.5 * dt);
        update_forces::<FORCE_SHIFTED>(model, replica, k + 1 == steps);
        kick(replica, 0.5 * dt);
    }
}

/// Velocity-Verlet steps of one replica.
///
/// - `dt`: [time]
#[inline(always)]
pub(super) fn verlet<const FORCE_SHIFTED: bool>(model: &Model, replica: &mut Replica, dt: f64, steps: u32) {
    update_forces::<FORCE_SHIFTED>(model, replica, steps == 0);
    for k in 0..steps {
        kick(replica, 0.5 * dt);
        drift(model, replica, dt);
        update_forces::<FORCE_SHIFTED>(model, replica, k + 1 == steps);
        kick(replica, 0.5 * dt);
    }
}

/// Draws all velocities from the Maxwell–Boltzmann distribution of the replica's temperature.
#[inline(always)]
pub(super) fn redraw_velocities(model: &Model, step: u64, replica: &mut Replica) {
    for chunk in 0..replica.chunks() {
        let g = gaussians(model.key, Stream::VelocityRedraw, step, replica.id, (chunk * LANES) as u32);
        for (d, velocity) in replica.velocities.iter_mut().enumerate() {
            for l in 0..LANES {
                velocity[chunk][l] = (replica.state.kt * replica.inverse_mass[chunk][l]).sqrt() * f64::from(g[d][l]);
            }
        }
    }
}

#[inline(always)]
fn kick(replica: &mut Replica, dt: f64) {
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
fn drift(model: &Model, replica: &mut Replica, dt: f64) {
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
    }
}

/// Forces of the present configuration, and its energy if `energy` is asked for.
#[inline(always)]
pub(super) fn update_forces<const FORCE_SHIFTED: bool>(model: &Model, replica: &mut Replica, energy: bool) {
    copy_to_row(replica);
    if energy {
        replica.energy = forces::<true, FORCE_SHIFTED>(model, replica);
    } else {
        forces::<false, FORCE_SHIFTED>(model, replica);
    }
}

#[inline(always)]
fn copy_to_row(replica: &mut Replica) {
    let n = replica.n;
    for chunk in 0..replica.chunks() {
        let occupied = n - chunk * LANES;
        for (row, positions) in
            [&mut replica.row.x, &mut replica.row.y, &mut replica.row.z].into_iter().zip(&replica.positions)
        {
            for l in 0..LANES {
                row[chunk].0[l] = if l < occupied { positions[chunk][l] as f32 } else { f32::NAN };
            }
        }
    }
}

#[inline(always)]
fn forces<const ENERGY: bool, const FORCE_SHIFTED: bool>(model: &Model, replica: &mut Replica) -> f64 {
    let g = &model.geometry;
    let mut total = model.tail(replica);
    for slot in 0..replica.n {
        let (chunk, lane, species) = (slot / LANES, slot % LANES, usize::from(replica.species[slot]));
        let row = &replica.row;
        let position = [row.x[chunk].0[lane], row.y[chunk].0[lane], row.z[chunk].0[lane]];
        let (mut mobile, mut slab) = (Sums::ZERO, Sums::ZERO);
        add_row::<ENERGY, FORCE_SHIFTED>(
            g,
            row,
            &replica.coefficients[species],
            replica.chunks(),
            position,
            &mut mobile,
        );
        let reach = model.frozen.chunks_within(position[2], model.r_cut);
        add_row::<ENERGY, FORCE_SHIFTED>(
            g,
            &model.frozen.row,
            &model.frozen.coefficients[species],
            reach,
            position,
            &mut slab,
        );
        let mut force = [0.0; 3];
        for (d, f) in force.iter_mut().enumerate() {
            *f = mobile.force[d].sum() + slab.force[d].sum();
        }
        for field in &model.system.external[species] {
            let (u, f) = field.energy_force(replica.position(slot));
            total += u;
            for d in 0..3 {
                force[d] += f[d];
            }
        }
        for d in 0..3 {
            replica.forces[d][chunk][lane] = force[d];
        }
        if ENERGY {
            total += 0.5 * mobile.energy.sum() + slab.energy.sum();
        }
    }
    total
}
