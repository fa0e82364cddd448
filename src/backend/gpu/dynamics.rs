//! dynamics: what the kernels need to know of how atoms move.

use crate::system::Dynamics;

/// Dynamics as kernels take them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct DeviceDynamics {
    /// ½ dt, what velocities keep and their noise in a Langevin step or at the start of a segment, half-width of a
    /// displacement: `dynamics` of the system table.
    pub(super) coefficients: [f32; 4],
    /// Whether all atoms move in every step; else single atoms are displaced.
    pub(super) is_molecular: bool,
    /// Whether a step has a bath.
    pub(super) langevin: bool,
}

impl DeviceDynamics {
    pub(super) fn new(dynamics: &Dynamics) -> DeviceDynamics {
        match *dynamics {
            Dynamics::Baoab { dt, friction, .. } => {
                let noise = (-(-2.0 * friction * dt).exp_m1()).sqrt();
                let coefficients = [(0.5 * dt) as f32, (-friction * dt).exp() as f32, noise as f32, 0.0];
                DeviceDynamics { coefficients, is_molecular: true, langevin: true }
            }
            Dynamics::Verlet { dt, .. } => {
                DeviceDynamics { coefficients: [(0.5 * dt) as f32, 1.0, 0.0, 0.0], is_molecular: true, langevin: false }
            }
            Dynamics::MonteCarlo { displacement, .. } => DeviceDynamics {
                coefficients: [0.0, 1.0, 0.0, displacement as f32],
                is_molecular: false,
                langevin: false,
            },
            Dynamics::Hmc { dt, .. } | Dynamics::Ghmc { dt, .. } => {
                let [keep, noise] = dynamics.segment().map_or([1.0, 0.0], |s| [s.keep, s.noise]);
                let coefficients = [(0.5 * dt) as f32, keep as f32, noise as f32, 0.0];
                DeviceDynamics { coefficients, is_molecular: true, langevin: false }
            }
        }
    }
}
