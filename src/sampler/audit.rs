//! The audit: whether running energies are those of the atoms.
//!
//! It reads what a cycle ended with while the device is at the next ones: every [`AUDIT_EVERY`] cycles atoms and energies
//! are put aside, and one of the replicas is evaluated anew in each of the cycles that follow: that takes as long as 200 replicas do on a
//! fast device, 0.7 % of a cycle of 4,096 beside two cores, and two would be more than a hundredth. A run ends with an audit of all.

use super::Sampler;
use crate::base::error::{Error, Result};
use crate::base::ids::ReplicaId;
use crate::forces::{on, waiting_threads};
use crate::potential::OVERLAP_ENERGY;
use crate::system::cell::Cell;
use crate::system::configuration::{Batch, Configuration, Measurement};
use rayon::prelude::*;
use std::ops::Range;

/// Cycles between two times at which energies are put aside to be audited; a multiple of it where one audit takes longer.
pub const AUDIT_EVERY: u64 = 100;

/// Rounding that no pair of the present configuration shows: that of repulsion and attraction before they cancel, and of
/// accepted changes whose atoms have left. In units of kT; times the tolerance of f32 pairs it is 0.002 kT, far below
/// any change that could be missing from the books.
const AUDIT_FLOOR: f64 = 1000.0;

/// What one cycle ended with.
#[derive(Debug, Default)]
pub(super) struct Audited {
    pub(super) configurations: Vec<Configuration>,
    measurements: Vec<Measurement>,
    /// `[n_replicas]` [energy]
    kt: Vec<f64>,
    pub(super) cycle: u64,
    /// Replicas before this one are audited.
    done: usize,
}

impl Sampler {
    /// Compares all running energies with those that the force field gives anew, in f64.
    ///
    /// # Errors
    /// [`Error::ReplicaFault`] with the replica and both numbers.
    pub fn audit(&self) -> Result<()> {
        let here = Audited { configurations: self.configurations()?, ..self.audited() };
        self.compare(&here, 0..here.configurations.len())
    }

    /// Whether the present cycle is one whose atoms are put aside: not while others are still being audited.
    pub(super) fn is_audited(&self) -> bool {
        self.cycle % AUDIT_EVERY == AUDIT_EVERY - 1 && self.audited.is_none()
    }

    /// Puts aside what the cycle just finished has kept, and what it was measured to be.
    ///
    /// - `shared`: whether [`Sampler::kept`] will be asked for it too
    ///
    /// # Errors
    /// When the device is lost.
    pub(super) fn put_aside(&mut self, audited: Audited, shared: bool) -> Result<()> {
        let mut batch = Batch::default();
        if let Some(kept) = self.kept.take() {
            kept.hand_over(&mut batch)?;
        }
        let configurations =
            if shared { batch.configurations.clone() } else { std::mem::take(&mut batch.configurations) };
        self.handed = shared.then_some(batch);
        self.audited = Some(Audited { configurations, ..audited });
        Ok(())
    }

    /// Audits the next share of what was put aside.
    ///
    /// # Errors
    /// [`Error::ReplicaFault`] with the replica and both numbers.
    pub(super) fn audit_share(&mut self) -> Result<()> {
        let Some(mut audited) = self.audited.take() else { return Ok(()) };
        let n = audited.configurations.len();
        let share = audited.done..(audited.done + 1).min(n);
        if let Err(fault) = self.compare(&audited, share.clone()) {
            // Its atoms are wanted.
            self.audited = Some(audited);
            return Err(fault);
        }
        audited.done = share.end;
        self.audited = (share.end < n).then_some(audited);
        Ok(())
    }

    /// Energies of the last measurement, without the atoms.
    pub(super) fn audited(&self) -> Audited {
        let ensemble = self.backend.ensemble();
        Audited {
            measurements: self.measurements.clone(),
            kt: (0..self.measurements.len()).map(|r| ensemble.state_of(r).kt).collect(),
            cycle: self.cycle,
            ..Audited::default()
        }
    }

    fn compare(&self, audited: &Audited, replicas: Range<usize>) -> Result<()> {
        let (tolerance, cell) = (self.backend.info().energy_tolerance, &self.system().cell);
        let Audited { configurations, measurements, kt, cycle, .. } = audited;
        let fault = |replica: usize, problem: String| Error::ReplicaFault {
            replica: self.global(replica).index(),
            cycle: *cycle,
            problem,
        };
        if let Some(replica) = replicas.clone().find(|&r| !is_sound(cell, &configurations[r])) {
            let problem = "an atom is outside its cell or not a number".to_owned();
            return Err(fault(replica, problem));
        }
        let (force_field, first) = (&self.force_field, self.global(0).0);
        let anew = |replica: usize| {
            let audit = force_field.audit(&configurations[replica]);
            audit.map_err(|e| e.of_replica(ReplicaId(first + replica as u32)).in_cycle(*cycle))
        };
        let waiting = waiting_threads(force_field, replicas.len())?;
        let audits = replicas.clone().into_par_iter().with_max_len(1).map(anew);
        let audits = on(waiting.as_ref(), || audits.collect::<Result<Vec<_>>>())?;
        for (replica, audit) in replicas.zip(audits) {
            let energy = measurements[replica].energy;
            let allowed = tolerance * (audit.magnitude + AUDIT_FLOOR * kt[replica]) + audit.undecided;
            let agrees = audit.energy.is_finite() && (audit.energy - energy).abs() <= allowed;
            if !agrees {
                let terms = audit.terms.map_or_else(String::new, |terms| format!("{terms}; "));
                let problem = format!(
                    "running energy {energy} but its atoms sum to {} ({terms}allowed difference {allowed:.1e})",
                    audit.energy
                );
                return Err(fault(replica, problem));
            }
        }
        Ok(())
    }

    /// Refuses energies of overlaps and of numbers that are none.
    pub(super) fn check_finite(&self) -> Result<()> {
        match self.measurements.iter().position(|m| !m.energy.is_finite() || m.energy.abs() >= 0.5 * OVERLAP_ENERGY) {
            None => Ok(()),
            Some(replica) => Err(Error::ReplicaFault {
                replica: self.global(replica).index(),
                cycle: self.cycle,
                problem: format!("potential energy {}", self.measurements[replica].energy),
            }),
        }
    }
}

/// Whether every coordinate is finite and inside the cell, every velocity finite.
fn is_sound(cell: &Cell, x: &Configuration) -> bool {
    x.positions.iter().all(|&p| cell.contains(p)) && x.velocities.iter().all(|v| v.is_finite())
}
