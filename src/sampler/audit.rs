//! The audit: whether running energies are those of the atoms.

use super::Sampler;
use crate::base::error::{Error, Result};
use crate::base::ids::ReplicaId;
use crate::potential::OVERLAP_ENERGY;
use crate::system::cell::Cell;
use crate::system::configuration::Configuration;
use rayon::prelude::*;

/// Cycles between audits of the running energies.
pub const AUDIT_EVERY: u64 = 100;

/// Rounding that no pair of the present configuration shows: that of repulsion and attraction before they cancel, and of
/// accepted changes whose atoms have left. In units of kT; times the tolerance of f32 pairs it is 0.002 kT, far below
/// any change that could be missing from the books.
const AUDIT_FLOOR: f64 = 1000.0;

impl Sampler {
    /// Compares running energies with those that the force field gives anew, in f64.
    ///
    /// # Errors
    /// [`Error::ReplicaFault`] with the replica and both numbers.
    pub fn audit(&self) -> Result<()> {
        let (configurations, tolerance) = (self.configurations()?, self.backend.info().energy_tolerance);
        for (replica, x) in configurations.iter().enumerate() {
            if !is_sound(&self.system().cell, x) {
                let problem = "an atom is outside its cell or not a number; lower dt or the displacement".to_owned();
                return Err(Error::ReplicaFault { replica, cycle: self.cycle, problem });
            }
        }
        let (force_field, cycle) = (&self.force_field, self.cycle);
        let anew =
            |(replica, x)| force_field.audit(x).map_err(|e| e.of_replica(ReplicaId(replica as u32)).in_cycle(cycle));
        let audits = configurations.par_iter().enumerate().map(anew).collect::<Result<Vec<_>>>()?;
        for (replica, (audit, m)) in audits.iter().zip(&self.measurements).enumerate() {
            let kt = self.backend.ensemble().state_of(replica).kt;
            let allowed = tolerance * (audit.magnitude + AUDIT_FLOOR * kt);
            let agrees = audit.energy.is_finite() && (audit.energy - m.energy).abs() <= allowed;
            if !agrees {
                let terms = audit.terms.map_or_else(String::new, |terms| format!("{terms}; "));
                let problem = format!(
                    "running energy {} but its atoms sum to {} ({terms}allowed difference {allowed:.1e}); please report this",
                    m.energy, audit.energy
                );
                return Err(Error::ReplicaFault { replica, cycle: self.cycle, problem });
            }
        }
        Ok(())
    }

    /// Refuses energies of overlaps and of numbers that are none.
    pub(super) fn check_finite(&self) -> Result<()> {
        match self.measurements.iter().position(|m| !m.energy.is_finite() || m.energy.abs() >= 0.5 * OVERLAP_ENERGY) {
            None => Ok(()),
            Some(replica) => Err(Error::ReplicaFault {
                replica,
                cycle: self.cycle,
                problem: format!("potential energy {}; lower dt", self.measurements[replica].energy),
            }),
        }
    }
}

/// Whether every coordinate is finite and inside the cell, every velocity finite.
fn is_sound(cell: &Cell, x: &Configuration) -> bool {
    x.positions.iter().all(|&p| cell.contains(p)) && x.velocities.iter().all(|v| v.is_finite())
}
