//! One replica as the reference keeps it.

use crate::base::ids::ReplicaId;
use crate::system::configuration::Configuration;
use crate::thermo::states::StatePoint;
use glam::DVec3;

/// A configuration with its running energy, its forces and the state it holds.
#[derive(Debug, Clone)]
pub struct Replica {
    /// Global index, the address of its random numbers.
    pub id: ReplicaId,
    /// Positions, velocities, species.
    pub configuration: Configuration,
    /// Running potential energy. \[energy\]
    pub energy: f64,
    /// `[n]`, valid only inside a segment. [energy/length]
    pub forces: Vec<DVec3>,
    /// Segments that were accepted in the last cycle of dynamics.
    pub accepted_segments: u32,
    /// The state it holds.
    pub state: StatePoint,
}
