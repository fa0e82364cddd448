//! displace: Metropolis displacements of single atoms.   Twin: `displace` in shaders/particle_moves.wgsl

use crate::base::rng::{Rng, Stream, index_below};
use crate::system::System;
use crate::thermo::acceptance::accept;
use glam::DVec3;

/// Proposes attempt number `attempt` of replica `replica`: the slot of one of `n` ≥ 1 atoms, every one with equal
/// probability, and its new position, uniform in a cube around the old one; `None` where that lies outside the cell.
///
/// - `displacement`: half-width of the cube \[length\]
/// - `position_of`: position of the atom in a slot \[length\]
#[inline(always)]
pub fn propose(
    system: &System,
    rng: &Rng,
    replica: u32,
    attempt: u64,
    displacement: f64,
    n: usize,
    position_of: impl FnOnce(usize) -> DVec3,
) -> Option<(usize, DVec3)> {
    let [which, a, b, c] = rng.uniforms(Stream::Displacement, attempt, replica, 0);
    let slot = index_below(which, n);
    let step = displacement * (2.0 * DVec3::new(a, b, c) - DVec3::ONE);
    let position = system.cell.wrap(position_of(slot) + step);
    system.cell.contains(position).then_some((slot, position))
}

/// Whether a proposed displacement is accepted: min(1, e^{−βΔE}), because the proposal is symmetric.
#[inline(always)]
pub fn is_accepted(rng: &Rng, replica: u32, attempt: u64, beta: f64, delta_u: f64) -> bool {
    let [uniform, ..] = rng.uniforms(Stream::DisplacementAccept, attempt, replica, 0);
    accept(uniform, -beta * delta_u)
}
