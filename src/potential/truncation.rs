//! What becomes of a pair potential at its cutoff.

use serde::{Deserialize, Serialize};

/// What happens at the cutoff.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Truncation {
    /// Cut; energies jump, so Monte Carlo only.
    Plain,
    /// u(r) − u(r_c).
    Shifted,
    /// u(r) − u(r_c) − (r − r_c) u'(r_c).
    ForceShifted,
}
