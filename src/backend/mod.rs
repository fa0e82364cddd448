//! The seam between the engine and what moves the atoms.
//!
//! It works by cycle, because a visit to the host costs more than the work. Backends never see each other.

pub mod cpu;
pub mod gpu;
pub mod reference;
mod state;

pub use state::{BackendState, Identity};

use crate::batch::{Batch, Configuration, Measurement};
use crate::error::{Error, Result};
use crate::ids::StateId;
use crate::moves::{self, Edit, MoveTally, Trial};
use crate::rng::Rng;
use crate::states::StatePoint;
use crate::system::System;
use std::sync::Arc;

/// Something that holds all replicas and moves them.
pub trait Backend: Send {
    /// The device, for people and `run.json`.
    fn describe(&self) -> String;

    /// Which kernel runs, by rule on the system and never by a timing.
    fn kernel(&self) -> String;

    /// What it is, so that a resumed run notices another device.
    fn identity(&self) -> Identity;

    /// The system every replica belongs to.
    fn system(&self) -> &System;

    /// The addressed generator of the run.
    fn rng(&self) -> &Rng;

    /// Takes over configurations and the states they hold, velocities as they are; replica r has global index r.
    /// Tallies start from zero.
    ///
    /// - `states`: `[n_states]`
    /// - `assignment`: `[n_replicas]`, the state of every replica
    ///
    /// # Errors
    /// When the device cannot hold them.
    fn load(&mut self, batch: &Batch, states: &[StatePoint], assignment: &[StateId]) -> Result<()>;

    /// Hands the configurations out, bit for bit.
    ///
    /// # Errors
    /// When the device is lost.
    fn store(&self, batch: &mut Batch) -> Result<()>;

    /// Everything that later bits depend on, between two cycles.
    ///
    /// # Errors
    /// When the device is lost.
    fn save(&mut self) -> Result<BackendState>;

    /// Takes over what [`Backend::save`] handed out, so that everything after it has the same bits; from another kind of
    /// backend, as far as that goes. `saved` must fit ([`BackendState::fits`]).
    ///
    /// - `states`, `assignment`: as for [`Backend::load`]
    ///
    /// # Errors
    /// When the device cannot hold it.
    fn restore(&mut self, saved: &BackendState, states: &[StatePoint], assignment: &[StateId]) -> Result<()>;

    /// Gives every replica the state it holds from now on: `[n_replicas]`. Where the temperature changes, all
    /// velocities are multiplied by √(T_new/T_old).
    ///
    /// # Errors
    /// When the device is lost.
    fn set_states(&mut self, assignment: &[StateId]) -> Result<()>;

    /// The states as loaded. `[n_states]`
    fn states(&self) -> &[StatePoint];

    /// The state every replica holds. `[n_replicas]`
    fn assignment(&self) -> &[StateId];

    /// Moves every replica `steps` MD steps (or displacement attempts) onwards from step number `first`.
    ///
    /// # Errors
    /// When the device is lost or a replica fails.
    fn propagate(&mut self, first: u64, steps: u32) -> Result<()>;

    /// Makes `attempts` insertion and deletion attempts in every replica from attempt number `first`; with `book` they
    /// are added to the tallies of the states that the replicas hold.
    ///
    /// # Errors
    /// When the device is lost.
    fn particle_moves(&mut self, first: u64, attempts: u32, book: bool) -> Result<()>;

    /// Tallies of the booked particle moves since [`Backend::load`]: `[n_states * n_reservoirs]`.
    ///
    /// # Errors
    /// When the device is lost.
    fn tallies(&mut self) -> Result<Vec<MoveTally>>;

    /// E and N of every replica: `[n_replicas]`.
    ///
    /// # Errors
    /// When the device is lost.
    fn measure(&mut self) -> Result<Vec<Measurement>>;

    /// Relative rounding error of a running energy against Σ|u|, for the audit.
    fn energy_tolerance(&self) -> f64;

    /// ΔE of one trial per replica: `[n_replicas]`. [energy]
    ///
    /// # Errors
    /// When the device is lost.
    fn trial_energies(&mut self, trials: &[Trial]) -> Result<Vec<f64>>;

    /// Applies one edit per replica, with its ΔE: `[n_replicas]`.
    ///
    /// # Errors
    /// When the device is lost.
    fn apply(&mut self, edits: &[(Edit, f64)]) -> Result<()>;
}

/// Particle moves where the host proposes, decides and books every attempt: the oracle for fused kernels.
///
/// - returns: `[n_replicas * n_reservoirs]`, what every replica tried and accepted
///
/// # Errors
/// When the device is lost.
pub fn particle_moves_on_host(backend: &mut dyn Backend, first: u64, attempts: u32) -> Result<Vec<MoveTally>> {
    let (system, rng) = (backend.system().clone(), *backend.rng());
    let (states, assignment) = (backend.states().to_vec(), backend.assignment().to_vec());
    let mut mirror = Batch::default();
    backend.store(&mut mirror)?;
    let n_reservoirs = system.reservoirs.len();
    let mut tallies = vec![MoveTally::default(); assignment.len() * n_reservoirs];
    for attempt in first..first + u64::from(attempts) {
        let proposals: Vec<_> = mirror
            .configurations
            .iter()
            .enumerate()
            .map(|(r, x)| moves::propose(&system, &rng, r as u32, attempt, x))
            .collect();
        let trials: Vec<_> = proposals.iter().map(|p| p.trial).collect();
        let delta_u = backend.trial_energies(&trials)?;
        let mut edits = Vec::with_capacity(proposals.len());
        for (r, (proposal, &delta_u)) in proposals.iter().zip(&delta_u).enumerate() {
            let state = states[assignment[r].index()].as_ref();
            let edit = moves::decide(&system, &rng, r as u32, attempt, state, proposal, delta_u);
            tallies[r * n_reservoirs + proposal.reservoir].book(proposal.insert, edit != Edit::None);
            apply_edit(&mut mirror.configurations[r], &edit);
            edits.push((edit, delta_u));
        }
        backend.apply(&edits)?;
    }
    Ok(tallies)
}

/// Applies an edit to a configuration.
pub fn apply_edit(x: &mut Configuration, edit: &Edit) {
    match *edit {
        Edit::None => {}
        Edit::Insert { species, position, velocity } => x.insert(species, position, velocity),
        Edit::Delete { slot } => x.delete(slot),
        Edit::Displace { slot, position } => x.positions[slot] = position,
    }
}

/// Opens the backend that the user asked for: `auto`, `reference`, `cpu`, `gpu` or `gpu:NAME`.
///
/// # Errors
/// [`Error::Device`] when there is none of that name.
pub fn open(device: &str, system: Arc<System>, rng: Rng) -> Result<Box<dyn Backend>> {
    match device {
        "reference" => Ok(Box::new(reference::Reference::new(system, rng))),
        "cpu" => Ok(Box::new(cpu::Cpu::new(system, rng)?)),
        // A software adapter is never what `auto` means.
        "auto" => gpu::backend(&gpu::Want::Hardware, Arc::clone(&system), rng).or_else(|_| without_gpu(system, rng)),
        "gpu" => gpu::backend(&gpu::Want::Any, system, rng),
        named if named.starts_with("gpu:") => gpu::backend(&gpu::Want::Named(named[4..].to_owned()), system, rng),
        other => Err(Error::Device(format!("no device `{other}`; choose auto, cpu, gpu, gpu:NAME or reference"))),
    }
}

/// What `auto` takes without a GPU.
fn without_gpu(system: Arc<System>, rng: Rng) -> Result<Box<dyn Backend>> {
    if system.minimum_image_suffices() {
        Ok(Box::new(cpu::Cpu::new(system, rng)?))
    } else {
        Ok(Box::new(reference::Reference::new(system, rng)))
    }
}
