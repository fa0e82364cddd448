//! segment: a whole segment of dynamics is accepted or rejected.   Twin: shaders/segment.wgsl
//!
//! The rule stands in `thermo::acceptance`, what a segment is in `system::dynamics`. A backend refreshes velocities, keeps
//! positions, velocities and energies, makes the steps, and asks [`is_accepted`]; after a rejection positions are as before and
//! velocities those that were kept times [`velocity_factor`].
//!
//! Source: Duane et al., Phys. Lett. B 195, 216 (1987); Horowitz, Phys. Lett. B 268, 247 (1991) for velocities that are kept.

use crate::base::fault_injection::{Fault, planted};
use crate::base::rng::{Rng, Stream};
use crate::thermo::acceptance::{accept, segment_ln_acc};

/// Whether the segment of replica `replica` that began with step number `first` is accepted. Energies that are not numbers, or
/// end at infinity, are a rejection.
///
/// - `delta_u`, `delta_k`: changes of potential and kinetic energy over the segment \[energy\]
pub fn is_accepted(rng: &Rng, replica: u32, first: u64, beta: f64, delta_u: f64, delta_k: f64) -> bool {
    let [uniform, ..] = rng.uniforms(Stream::SegmentAccept, first, replica, 0);
    accept(uniform, segment_ln_acc(beta, delta_u, delta_k))
}

/// What velocities are multiplied by after a rejected segment: −1.
pub fn velocity_factor() -> f64 {
    if planted(Fault::NoFlip) { 1.0 } else { -1.0 }
}

/// Duration of the second half kick of a step of length `dt`.
pub fn second_half(dt: f64) -> f64 {
    if planted(Fault::HalfKickMissing) { 0.0 } else { 0.5 * dt }
}
