//! Force fields: energies and forces of whole configurations in f64.
//!
//! A [`ForceField`] is asked once a step and replica, never inside a loop over pairs. [`Pairwise`] is the one that
//! scenes name; the cpu and gpu backends are faster spellings of it. Any other one moves on the reference backend, with
//! every propagator and every particle move: [`External`] asks programs outside.

pub mod external;
pub mod pairwise;
pub mod relax;
mod three_body;
mod waiting;

pub use external::{External, ServiceRecord};
pub use pairwise::{EnergyTerms, Pairwise};
pub(crate) use waiting::{on, waiting_threads};

use crate::base::error::Result;
use crate::base::ids::ReplicaId;
use crate::moves::Trial;
use crate::system::configuration::Configuration;
use glam::DVec3;
use std::sync::Arc;

/// Energies and forces of configurations.
///
/// One force field serves all replicas. The threads that move replicas call it at the same time and wait for the answer,
/// so it may be slow and may queue its callers. An answer must depend on the configuration alone: not on which replica
/// asks, nor on what was asked before. Frozen atoms belong to the force field; it hands out forces on mobile atoms only.
/// The energy of a configuration without mobile atoms is 0.
///
/// # Errors
/// Whatever keeps it from an answer, as [`Error::ForceField`](crate::base::Error::ForceField) or an error of its own; a
/// number that is not finite is no answer. It stops the run: a failed evaluation is never a rejected move.
pub trait ForceField: Send + Sync {
    /// What computes, for people, `run.json` and the identity of a backend.
    fn describe(&self) -> String;

    /// Energy of a configuration and the forces on its atoms.
    ///
    /// - `x`: wrapped, every coordinate finite
    /// - `forces`: `[n]` [energy/length], overwritten
    /// - returns: U \[energy\]
    fn energy_and_forces(&self, x: &Configuration, forces: &mut Vec<DVec3>) -> Result<f64>;

    /// Energy of a configuration. \[energy\]
    fn energy(&self, x: &Configuration) -> Result<f64> {
        self.energy_and_forces(x, &mut Vec::new())
    }

    /// ΔU of a trial: the energy after it less `energy`. \[energy\]
    ///
    /// - `energy`: U of `x` as known to the caller, so that one evaluation is enough \[energy\]
    /// - returns: +∞ where the trial is impossible
    fn trial_energy(&self, x: &Configuration, energy: f64, trial: &Trial) -> Result<f64> {
        match trial {
            Trial::None => Ok(0.0),
            _ => Ok(self.energy(&after(x, trial))? - energy),
        }
    }

    /// Energy of one more atom with all others, by which a start tells a free place from an overlap. \[energy\]
    fn contact_energy(&self, x: &Configuration, species: u8, position: DVec3) -> Result<f64> {
        self.trial_energy(x, self.energy(x)?, &Trial::Insert { species, position })
    }

    /// The energy evaluated once more, for the audit of running energies.
    fn audit(&self, x: &Configuration) -> Result<Audit> {
        let energy = self.energy(x)?;
        Ok(Audit { energy, magnitude: energy.abs(), ..Audit::default() })
    }

    /// Whether this is the sum over [`System::pairs`](crate::system::System::pairs), with their triplets, and fields that
    /// the cpu and gpu backends evaluate themselves.
    fn is_pairwise(&self) -> bool {
        false
    }

    /// Whether callers wait for an answer that is computed elsewhere: then every replica asks on a thread of its own.
    fn waits(&self) -> bool {
        false
    }

    /// Says on whose behalf this thread asks from now on, and how often it will, so that who has most to ask comes first.
    fn attend(&self, _replica: ReplicaId, _calls: u32) {}

    /// Starts what computes elsewhere, so that what is wrong with it is known before a run begins.
    ///
    /// # Errors
    /// What is wrong with it.
    fn open(&self) -> Result<()> {
        Ok(())
    }

    /// What was computed elsewhere so far; `None` where nothing is.
    fn service(&self) -> Option<ServiceRecord> {
        None
    }
}

/// An independent evaluation of one replica's energy, for the audit.
///
/// Model of what rounding leaves of a sum: every term u is off by at most a few of its own ulps, whatever cancels
/// afterwards, so |E_device − E| ≤ tolerance · Σ|u| with one tolerance for all terms
/// ([`energy_tolerance`](crate::backend::BackendInfo::energy_tolerance)).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Audit {
    /// Potential energy. \[energy\]
    pub energy: f64,
    /// Σ|u| over all terms, the scale of rounding errors. \[energy\]
    pub magnitude: f64,
    /// Σ|u(r_c)| over pairs so near a plain cutoff that rounding decides on which side they are. \[energy\]
    pub undecided: f64,
    /// The terms of the energy, where there are any to tell apart.
    pub terms: Option<EnergyTerms>,
}

/// A configuration after a trial; new atoms are at rest.
fn after(x: &Configuration, trial: &Trial) -> Configuration {
    let mut after = x.clone();
    match *trial {
        Trial::None => {}
        Trial::Insert { species, position } => after.insert(species, position, DVec3::ZERO),
        Trial::Delete { slot } => after.delete(slot),
        Trial::Displace { slot, position } => after.positions[slot] = position,
        Trial::Identity { slot, species } => after.species[slot] = species,
    }
    after
}

impl<F: ForceField + ?Sized> ForceField for Arc<F> {
    fn describe(&self) -> String {
        (**self).describe()
    }

    fn energy_and_forces(&self, x: &Configuration, forces: &mut Vec<DVec3>) -> Result<f64> {
        (**self).energy_and_forces(x, forces)
    }

    fn energy(&self, x: &Configuration) -> Result<f64> {
        (**self).energy(x)
    }

    fn trial_energy(&self, x: &Configuration, energy: f64, trial: &Trial) -> Result<f64> {
        (**self).trial_energy(x, energy, trial)
    }

    fn contact_energy(&self, x: &Configuration, species: u8, position: DVec3) -> Result<f64> {
        (**self).contact_energy(x, species, position)
    }

    fn audit(&self, x: &Configuration) -> Result<Audit> {
        (**self).audit(x)
    }

    fn is_pairwise(&self) -> bool {
        (**self).is_pairwise()
    }

    fn waits(&self) -> bool {
        (**self).waits()
    }

    fn attend(&self, replica: ReplicaId, calls: u32) {
        (**self).attend(replica, calls);
    }

    fn open(&self) -> Result<()> {
        (**self).open()
    }

    fn service(&self) -> Option<ServiceRecord> {
        (**self).service()
    }
}
