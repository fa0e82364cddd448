//! integrate: MD segments of one replica.   Twin: `src/backend/reference/integrators.rs`

use super::model::Model;
use super::noise::{Address, gaussians};
use super::pair::{Folded, Geometry, Sums, add_energy, fma64, sum_folded};
use super::particle_moves::{add_mobile_energy, add_slab_energy};
use super::replica::{Chunk, Replica};
use crate::base::rng::Stream;
use crate::moves::segment::{is_accepted, second_half, velocity_factor};
use crate::potential::{LANES, Lanes, OVERLAP_ENERGY, PairForm, Pairs};
use crate::system::System;
use crate::system::dynamics::Segment;
use pulp::Simd;
use std::cell::RefCell;

/// BAOAB steps of one replica, from step number `first`.
///
/// - `dt`: [time]; `friction`: γ [1/time]
pub(super) fn baoab(model: &Model, replica: &mut Replica, dt: f64, friction: f64, first: u64, steps: u32) {
    let bath =
        Bath { dt, decay: (-friction * dt).exp(), noise: (-(-2.0 * friction * dt).exp_m1() * replica.state.kt).sqrt() };
    model.update_forces(replica);
    for step in first..first + u64::from(steps) {
        let address = Address { key: model.rng.key(), stream: Stream::Thermostat, step, replica: replica.id };
        model.langevin(replica, &bath, step > first, address);
        model.update_forces(replica);
    }
    if steps > 0 {
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
    model.redraw(replica, 0.0, replica.state.kt.sqrt(), address);
}

/// One segment of one replica, from step number `first`, accepted or rejected as a whole. Twin: `reference/segments.rs`
///
/// - returns: whether it was accepted
pub(super) fn segment(model: &Model, replica: &mut Replica, segment: &Segment, first: u64) -> bool {
    let address = Address { key: model.rng.key(), stream: Stream::SegmentVelocity, step: first, replica: replica.id };
    model.redraw(replica, segment.keep, segment.noise * replica.state.kt.sqrt(), address);
    replica.keep_start();
    update_energy(model, replica);
    let before = (replica.energy, replica.kinetic_energy(&model.system));
    model.update_forces(replica);
    for _ in 0..segment.steps {
        model.kick(replica, 0.5 * segment.dt);
        model.drift(replica, segment.dt);
        model.update_forces(replica);
        model.kick(replica, second_half(segment.dt));
    }
    update_energy(model, replica);
    let changes = (replica.energy - before.0, replica.kinetic_energy(&model.system) - before.1);
    let (beta, sound) = (replica.state.beta(), replica.is_sound(&model.system));
    if sound && is_accepted(&model.rng, replica.id, first, beta, changes.0, changes.1) {
        return true;
    }
    replica.go_back(&model.geometry, velocity_factor());
    replica.energy = before.0;
    false
}

/// Energy of the present configuration: fields and slab, and half of Σ_i Σ_{j≠i}.
pub(super) fn update_energy(model: &Model, replica: &mut Replica) {
    let [fixed, mobile] = model.energy(replica);
    replica.energy =
        model.system.pairs.tail(&replica.species_counts, model.system.cell.volume()) + fixed + 0.5 * mobile;
}

/// A Langevin bath: v = decay v + noise √(1/m) ξ within each step of length `dt`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bath {
    dt: f64,
    decay: f64,
    noise: f64,
}

/// v += dt F/m
#[inline(always)]
fn accelerate<S: Simd>(v: &mut Chunk, force: &Chunk, inverse_mass: &Chunk, dt: f64) {
    for l in 0..LANES {
        v[l] = fma64::<S>(dt * inverse_mass[l], force[l], v[l]);
    }
}

/// x += dt v along an axis, reflected at walls but not wrapped.
#[inline(always)]
fn advance<S: Simd>(system: &System, axis: usize, x: &mut Chunk, v: &mut Chunk, dt: f64) {
    for l in 0..LANES {
        x[l] = fma64::<S>(dt, v[l], x[l]);
    }
    let cell = &system.cell;
    if axis == 2 && !cell.periodic_z {
        let (floor, ceiling) = (cell.floor, cell.ceiling());
        // An atom fast enough to meet both walls in one step leaves the cell and is caught by the audit.
        for l in 0..LANES {
            let (below, above) = (x[l] < floor, x[l] > ceiling);
            let mirror = if below { 2.0 * floor } else { 2.0 * ceiling };
            let hit = below | above;
            x[l] = if hit { mirror - x[l] } else { x[l] };
            v[l] = if hit { -v[l] } else { v[l] };
        }
    }
}

/// Takes positions back into the period.
#[inline(always)]
fn wrap(system: &System, axis: usize, x: &mut Chunk) {
    let cell = &system.cell;
    if axis < 2 || cell.periodic_z {
        let (length, inverse) = (cell.lengths[axis], 1.0 / cell.lengths[axis]);
        for l in 0..LANES {
            let wrapped = x[l] - length * (x[l] * inverse).floor();
            x[l] = if wrapped >= length { 0.0 } else { wrapped };
        }
    }
}

/// Writes the grid coordinates of a chunk along an axis.
#[inline(always)]
fn place(model: &Model, replica: &mut Replica, chunk: usize, axis: usize, x: &Chunk) {
    let spot = &mut replica.row[chunk];
    let row = match axis {
        0 => &mut spot.x,
        1 => &mut spot.y,
        _ => &mut spot.z,
    };
    for l in 0..LANES {
        row[l] = model.geometry.coordinate(axis, x[l]);
    }
}

/// The same for x and y of a chunk in an oblique cell, with their grid coordinates: who leaves a row moves along x by the tilt.
#[inline(always)]
fn wrap_plane(model: &Model, replica: &mut Replica, chunk: usize) {
    let (system, g) = (&*model.system, &model.geometry);
    let (mut x, mut y) = (replica.positions[0][chunk], replica.positions[1][chunk]);
    let (before, tilt, per_length) = (y, system.cell.tilt, 1.0 / system.cell.lengths.y);
    wrap(system, 1, &mut y);
    for l in 0..LANES {
        x[l] -= tilt * ((before[l] - y[l]) * per_length + 0.5).floor();
    }
    wrap(system, 0, &mut x);
    for l in 0..LANES {
        replica.row[chunk].x[l] = g.first_coordinate(x[l], y[l]);
    }
    place(model, replica, chunk, 1, &y);
    (replica.positions[0][chunk], replica.positions[1][chunk]) = (x, y);
}

/// A BAOAB step up to its second kick, after the second kick of the step before if `within`.
#[inline(always)]
pub(super) fn langevin<S: Simd, const OBLIQUE: bool>(
    model: &Model,
    replica: &mut Replica,
    bath: &Bath,
    within: bool,
    address: Address,
) {
    let (system, half) = (&*model.system, 0.5 * bath.dt);
    for chunk in 0..replica.chunks() {
        let g = gaussians(address, (chunk * LANES) as u32);
        let (inverse_mass, root) = (replica.inverse_mass[chunk], replica.root_inverse_mass[chunk]);
        for axis in 0..3 {
            let (mut x, mut v) = (replica.positions[axis][chunk], replica.velocities[axis][chunk]);
            let force = &replica.forces[axis][chunk];
            if within {
                accelerate::<S>(&mut v, force, &inverse_mass, half);
            }
            accelerate::<S>(&mut v, force, &inverse_mass, half);
            advance::<S>(system, axis, &mut x, &mut v, half);
            for l in 0..LANES {
                v[l] = fma64::<S>(bath.decay, v[l], bath.noise * root[l] * f64::from(g[axis][l]));
            }
            advance::<S>(system, axis, &mut x, &mut v, half);
            if !OBLIQUE || axis == 2 {
                wrap(system, axis, &mut x);
                place(model, replica, chunk, axis, &x);
            }
            (replica.positions[axis][chunk], replica.velocities[axis][chunk]) = (x, v);
        }
        if OBLIQUE {
            wrap_plane(model, replica, chunk);
        }
    }
    replica.forces_known = false;
}

#[inline(always)]
pub(super) fn kick<S: Simd>(replica: &mut Replica, dt: f64) {
    for chunk in 0..replica.chunks() {
        let inverse_mass = &replica.inverse_mass[chunk];
        for (velocity, force) in replica.velocities.iter_mut().zip(&replica.forces) {
            accelerate::<S>(&mut velocity[chunk], &force[chunk], inverse_mass, dt);
        }
    }
}

#[inline(always)]
pub(super) fn redraw(replica: &mut Replica, keep: f64, noise: f64, address: Address) {
    for chunk in 0..replica.chunks() {
        let g = gaussians(address, (chunk * LANES) as u32);
        let root = &replica.root_inverse_mass[chunk];
        for (axis, velocity) in replica.velocities.iter_mut().enumerate() {
            for l in 0..LANES {
                let fresh = noise * root[l] * f64::from(g[axis][l]);
                velocity[chunk][l] = if keep == 0.0 { fresh } else { keep * velocity[chunk][l] + fresh };
            }
        }
    }
}

#[inline(always)]
pub(super) fn drift<S: Simd, const OBLIQUE: bool>(model: &Model, replica: &mut Replica, dt: f64) {
    for chunk in 0..replica.chunks() {
        for axis in 0..3 {
            let (mut x, mut v) = (replica.positions[axis][chunk], replica.velocities[axis][chunk]);
            advance::<S>(&model.system, axis, &mut x, &mut v, dt);
            if !OBLIQUE || axis == 2 {
                wrap(&model.system, axis, &mut x);
                place(model, replica, chunk, axis, &x);
            }
            (replica.positions[axis][chunk], replica.velocities[axis][chunk]) = (x, v);
        }
        if OBLIQUE {
            wrap_plane(model, replica, chunk);
        }
    }
    replica.forces_known = false;
}

/// Forces that are not summed up yet. `[3][n]`, in units of [`PairForm::FORCE_UNIT`] [energy/length]
#[derive(Debug, Default)]
pub(super) struct FoldedForces([Vec<Folded>; 3]);

thread_local! {
    static FOLDED_FORCES: RefCell<FoldedForces> = RefCell::default();
}

impl FoldedForces {
    /// The room of this thread, for `n` atoms; to be given back.
    pub(super) fn take(n: usize) -> FoldedForces {
        let mut folded = FOLDED_FORCES.take();
        folded.0.iter_mut().for_each(|axis| axis.resize(n, [0.0; LANES / 2]));
        folded
    }

    /// Gives it back.
    pub(super) fn give_back(self) {
        FOLDED_FORCES.set(self);
    }

    #[inline(always)]
    fn store(&mut self, slot: usize, sums: &Sums) {
        let [x, y, z] = sums.folded();
        let FoldedForces([to_x, to_y, to_z]) = self;
        (to_x[slot], to_y[slot], to_z[slot]) = (x, y, z);
    }
}

/// Adds the forces of the slab on an atom at `p`.
#[inline(always)]
fn add_slab<S: Simd, F: PairForm, const FORCE_SHIFTED: bool, const OBLIQUE: bool>(
    g: &Geometry,
    pairs: &Pairs<F>,
    model: &Model,
    species: usize,
    p: [i32; 3],
    sums: &mut Sums,
) {
    let (near, p) = model.slab.near(p);
    for chunk in near {
        let (spot, c) = model.slab.chunk::<F>(species, chunk);
        sums.add::<S, F, FORCE_SHIFTED, OBLIQUE>(g, pairs, spot, c, p);
    }
}

/// Forces of pairs, to be summed up by [`sum_forces`].
#[inline(always)]
pub(super) fn forces<S: Simd, F: PairForm, const FORCE_SHIFTED: bool, const OBLIQUE: bool>(
    pairs: &Pairs<F>,
    model: &Model,
    replica: &Replica,
    folded: &mut FoldedForces,
) {
    // A copy, here and elsewhere: read through the model it would keep the sums out of registers.
    let (g, row) = (model.geometry, &replica.row[..replica.chunks()]);
    for slot in 0..replica.n {
        let species = usize::from(replica.species[slot]);
        let (p, mut sums) = (row[slot / LANES].get(slot % LANES), Sums::ZERO);
        for (spot, c) in row.iter().zip(replica.strengths[species].all::<F>()) {
            sums.add::<S, F, FORCE_SHIFTED, OBLIQUE>(&g, pairs, spot, c, p);
        }
        add_slab::<S, F, FORCE_SHIFTED, OBLIQUE>(&g, pairs, model, species, p, &mut sums);
        folded.store(slot, &sums);
    }
}

/// The same from neighbour lists, which must be up to date.
#[inline(always)]
pub(super) fn forces_from_lists<S: Simd, F: PairForm, const FORCE_SHIFTED: bool, const OBLIQUE: bool>(
    pairs: &Pairs<F>,
    model: &Model,
    replica: &Replica,
    folded: &mut FoldedForces,
) {
    let (g, frozen, clusters) = (model.geometry, &model.frozen_clusters, &replica.lists.clusters);
    for place in 0..replica.n {
        let slot = clusters.order[place] as usize;
        let species = usize::from(replica.species[slot]);
        let (p, mut sums) = (clusters.row[place / LANES].get(place % LANES), Sums::ZERO);
        let [near, slab] = replica.lists.of(place);
        let (row, strengths) = (&clusters.row[..], &clusters.strengths[species]);
        for k in near.iter().map(|&k| usize::from(k)) {
            sums.add::<S, F, FORCE_SHIFTED, OBLIQUE>(&g, pairs, &row[k], strengths.of::<F>(k), p);
        }
        let (row, strengths) = (&frozen.row[..], &frozen.strengths[species]);
        for k in slab.iter().map(|&k| usize::from(k)) {
            sums.add::<S, F, FORCE_SHIFTED, OBLIQUE>(&g, pairs, &row[k], strengths.of::<F>(k), p);
        }
        folded.store(slot, &sums);
    }
}

/// Sums up the forces of pairs and adds those of external fields.
#[inline(always)]
pub(super) fn sum_forces(model: &Model, replica: &mut Replica, folded: &FoldedForces) {
    for (force, folded) in replica.forces.iter_mut().zip(&folded.0) {
        let slots = bytemuck::cast_slice_mut::<Chunk, f64>(force);
        for (force, folded) in slots.iter_mut().zip(folded) {
            *force = model.force_unit * sum_folded(folded);
        }
    }
    if model.system.external.iter().all(Vec::is_empty) {
        return;
    }
    for slot in 0..replica.n {
        for field in &model.system.external[usize::from(replica.species[slot])] {
            let (_, f) = field.energy_force(replica.position(slot));
            for d in 0..3 {
                replica.forces[d][slot / LANES][slot % LANES] += f[d];
            }
        }
    }
}

/// Sums of energies over many atoms, lane by lane: [`OVERLAP_ENERGY`] for each that overlaps.
#[derive(Debug, Default)]
struct Total {
    lanes: Chunk,
    others: f64,
}

impl Total {
    #[inline(always)]
    fn add(&mut self, energy: &Lanes, overlaps: bool) {
        if overlaps {
            self.others += OVERLAP_ENERGY;
            return;
        }
        for l in 0..LANES {
            self.lanes[l] += f64::from(energy.0[l]);
        }
    }

    fn sum(&self) -> f64 {
        self.others + self.lanes.iter().sum::<f64>()
    }
}

/// Energy of a replica in its fields.
fn field_energy(model: &Model, replica: &Replica) -> f64 {
    let of_slot = |slot: usize| {
        let fields = &model.system.external[usize::from(replica.species[slot])];
        fields.iter().map(|field| field.energy_force(replica.position(slot)).0).sum::<f64>()
    };
    if model.system.external.iter().all(Vec::is_empty) { 0.0 } else { (0..replica.n).map(of_slot).sum() }
}

/// Fields and slab, and Σ_i Σ_{j≠i} over mobile pairs, of all atoms.
#[inline(always)]
pub(super) fn energy<S: Simd, F: PairForm, const FORCE_SHIFTED: bool, const OBLIQUE: bool>(
    pairs: &Pairs<F>,
    model: &Model,
    replica: &Replica,
) -> [f64; 2] {
    let (g, mut fixed, mut mobile) = (model.geometry, Total::default(), Total::default());
    for slot in 0..replica.n {
        let (species, p) = (replica.species[slot], replica.row[slot / LANES].get(slot % LANES));
        let mut energy = Lanes::splat(0.0);
        let overlaps = add_slab_energy::<S, F, FORCE_SHIFTED, OBLIQUE>(&g, pairs, model, species, p, &mut energy);
        fixed.add(&energy, overlaps);
        let mut energy = Lanes::splat(0.0);
        let overlaps =
            add_mobile_energy::<S, F, FORCE_SHIFTED, OBLIQUE>(&g, pairs, replica, species, p, slot, &mut energy);
        mobile.add(&energy, overlaps);
    }
    [fixed.sum() + field_energy(model, replica), mobile.sum()]
}

/// The same from neighbour lists, which must be up to date.
#[inline(always)]
pub(super) fn energy_from_lists<S: Simd, F: PairForm, const FORCE_SHIFTED: bool, const OBLIQUE: bool>(
    pairs: &Pairs<F>,
    model: &Model,
    replica: &Replica,
) -> [f64; 2] {
    let (g, frozen, clusters) = (model.geometry, &model.frozen_clusters, &replica.lists.clusters);
    let (mut fixed, mut mobile) = (Total::default(), Total::default());
    for place in 0..replica.n {
        let species = usize::from(replica.species[clusters.order[place] as usize]);
        let p = clusters.row[place / LANES].get(place % LANES);
        let [near, slab] = replica.lists.of(place);
        let (mut of_slab, mut of_mobile, mut overlaps) = (Lanes::splat(0.0), Lanes::splat(0.0), [false; 2]);
        let (row, strengths) = (&frozen.row[..], &frozen.strengths[species]);
        for k in slab.iter().map(|&k| usize::from(k)) {
            overlaps[0] |= add_energy::<S, F, FORCE_SHIFTED, OBLIQUE>(
                &g,
                pairs,
                &row[k],
                strengths.of::<F>(k),
                p,
                LANES,
                &mut of_slab,
            );
        }
        let (row, strengths) = (&clusters.row[..], &clusters.strengths[species]);
        for k in near.iter().map(|&k| usize::from(k)) {
            let except = if k == place / LANES { place % LANES } else { LANES };
            overlaps[1] |= add_energy::<S, F, FORCE_SHIFTED, OBLIQUE>(
                &g,
                pairs,
                &row[k],
                strengths.of::<F>(k),
                p,
                except,
                &mut of_mobile,
            );
        }
        fixed.add(&of_slab, overlaps[0]);
        mobile.add(&of_mobile, overlaps[1]);
    }
    [fixed.sum() + field_energy(model, replica), mobile.sum()]
}
