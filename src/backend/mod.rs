//! The seam between the engine and what moves the atoms.
//!
//! It works by cycle, because a visit to the host costs more than the work. Backends never see each other.

pub mod cpu;
pub mod gpu;
pub mod reference;
mod snapshot;

pub use snapshot::{BackendState, Identity};

use crate::base::error::{DeviceError, Result};
use crate::base::ids::StateId;
use crate::base::rng::Rng;
use crate::forces::{ForceField, Pairwise};
use crate::moves::tally::{MoveEvent, MoveRecorder, TransitionTally, Transitions};
use crate::moves::{self, Edit, Trial};
use crate::system::System;
use crate::system::configuration::{Batch, Configuration, Measurement};
use crate::thermo::states::StatePoint;
use std::sync::Arc;

/// What a replica does in one cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CycleWork {
    /// Number of the first MD step (or displacement attempt).
    pub first_step: u64,
    /// MD steps (or displacement attempts).
    pub steps: u32,
    /// Number of the first insertion or deletion attempt.
    pub first_attempt: u64,
    /// Insertion and deletion attempts.
    pub attempts: u32,
    /// Whether attempts are added to the tallies.
    pub book: bool,
    /// Whether positions and species at its end are kept for the host.
    pub keep: bool,
}

/// What a device and its host have spent on measured work since the backend was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// Bytes read back.
    pub bytes_read: u64,
    /// Time that the host has waited for the device. [s]
    pub waited: f64,
    /// Time that the device was at work, by its own clock. [s] `None` where it has no clock.
    pub busy: Option<f64>,
}

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

    /// Takes over configurations and the states they hold, velocities as they are; replica r has global index r and
    /// belongs to walker r / n_states. Tallies start from zero.
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
    /// are added to the tallies of the states that the replicas hold (within a walker, every state once).
    ///
    /// # Errors
    /// When the device is lost.
    fn particle_moves(&mut self, first: u64, attempts: u32, book: bool) -> Result<()>;

    /// Tallies of the booked particle moves since [`Backend::load`].
    ///
    /// # Errors
    /// When the device is lost.
    fn transitions(&mut self) -> Result<Transitions>;

    /// E and N of every replica: `[n_replicas]`.
    ///
    /// # Errors
    /// When the device is lost.
    fn measure(&mut self) -> Result<Vec<Measurement>>;

    /// Shows the accepted insertions and deletions of every replica, in their order: those of the last
    /// [`Backend::particle_moves`] before the last measurement.
    ///
    /// # Errors
    /// When the device is lost.
    fn events(&mut self, see: &mut dyn FnMut(usize, &[MoveEvent])) -> Result<()>;

    /// Starts a cycle: dynamics, particle moves, measurement. The device may still be at it when this returns; until
    /// [`Backend::complete`] nothing else may be asked of it but the events of the cycle before, and what that kept.
    ///
    /// # Errors
    /// When the device is lost or a replica fails.
    fn begin(&mut self, work: &CycleWork) -> Result<()>;

    /// What was spent so far; `None` where the host itself does the work.
    fn usage(&self) -> Option<Usage> {
        None
    }

    /// Waits for the cycle that was started: E and N of every replica, `[n_replicas]`.
    ///
    /// # Errors
    /// As [`Backend::begin`].
    fn complete(&mut self) -> Result<Vec<Measurement>>;

    /// Hands over, once, the configurations at the end of the cycle completed last, which was begun with `keep`: those
    /// of [`Backend::store`] without velocities. The next cycle may have begun.
    ///
    /// # Errors
    /// When the device is lost.
    fn kept(&mut self, batch: &mut Batch) -> Result<()>;

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
/// - returns: the tallies; the accepted moves of every replica in their order, `[n_replicas]`
///
/// # Errors
/// When the device is lost.
pub fn particle_moves_on_host(
    backend: &mut dyn Backend,
    first: u64,
    attempts: u32,
) -> Result<(Transitions, Vec<Vec<MoveEvent>>)> {
    let (system, rng) = (backend.system().clone(), *backend.rng());
    let (states, assignment) = (backend.states().to_vec(), backend.assignment().to_vec());
    let mut mirror = Batch::default();
    backend.store(&mut mirror)?;
    let mut transitions = Transitions::of_system(&system, states.len(), assignment.len());
    let offsets = transitions.offsets().to_vec();
    let mut rows: Vec<&mut [TransitionTally]> = transitions.rows_of(&assignment);
    let mut events = vec![Vec::new(); assignment.len()];
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
            let ln_acc = moves::ln_acc(&system, state, proposal, delta_u);
            let edit = moves::decide(&system, &rng, r as u32, attempt, state, proposal, ln_acc);
            let slot = edit.slot(mirror.configurations[r].len());
            MoveRecorder { row: Some(&mut *rows[r]), offsets: &offsets, events: &mut events[r] }
                .book(proposal, ln_acc, slot);
            apply_edit(&mut mirror.configurations[r], &edit);
            edits.push((edit, delta_u));
        }
        backend.apply(&edits)?;
    }
    Ok((transitions, events))
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

/// Opens the backend that the user asked for: `auto`, `reference`, `cpu`, `gpu` or `gpu:NAME`. It sums the pairs and
/// fields of the system.
///
/// # Errors
/// [`DeviceError`] when there is none of that name.
pub fn open(device: &str, system: Arc<System>, rng: Rng) -> Result<Box<dyn Backend>> {
    let pairwise = Arc::new(Pairwise::new(Arc::clone(&system)));
    open_with_note(device, system, pairwise, rng).map(|(backend, _)| backend)
}

/// As [`open`] for any force field, with why `auto` passed over a hardware GPU, if it did.
///
/// # Errors
/// As [`open`], and where the device is none that `force_field` moves atoms on.
pub fn open_with_note(
    device: &str,
    system: Arc<System>,
    force_field: Arc<dyn ForceField>,
    rng: Rng,
) -> Result<(Box<dyn Backend>, Option<String>)> {
    if !force_field.is_pairwise() {
        return match device {
            "auto" | "reference" => Ok((Box::new(reference::Reference::with_forces(system, force_field, rng)), None)),
            other => {
                Err(DeviceError::NotPairwise { device: other.to_owned(), force_field: force_field.describe() }.into())
            }
        };
    }
    if device == "auto" {
        // A software adapter is never what `auto` means.
        return match gpu::backend(&gpu::AdapterChoice::Hardware, Arc::clone(&system), rng) {
            Ok(backend) => Ok((backend, None)),
            Err(why) => {
                let note = gpu::has_hardware().then(|| format!("the GPU was passed over: {why}"));
                Ok((without_gpu(system, rng)?, note))
            }
        };
    }
    open_named(device, system, rng).map(|backend| (backend, None))
}

fn open_named(device: &str, system: Arc<System>, rng: Rng) -> Result<Box<dyn Backend>> {
    match device {
        "reference" => Ok(Box::new(reference::Reference::new(system, rng))),
        "cpu" => Ok(Box::new(cpu::Cpu::new(system, rng)?)),
        "gpu" => gpu::backend(&gpu::AdapterChoice::Any, system, rng),
        named if named.starts_with("gpu:") => {
            gpu::backend(&gpu::AdapterChoice::Named(named[4..].to_owned()), system, rng)
        }
        other => Err(DeviceError::Unknown { name: other.to_owned() }.into()),
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
