//! Forces from outside: clients that speak the i-PI protocol.
//!
//! adlayer is the server. Every replica has one configuration in flight and its own thread, which takes a free client,
//! asks it and waits for the answer; clients are served from one queue, the replica with the most work left first. What
//! an answer is does not depend on who gave it, so who is first changes nothing.

pub mod driver;
pub mod protocol;
pub mod socket;
pub mod spec;

mod client;
mod connection;
mod outgoing;
mod outliers;
mod pool;
mod probe;
mod process;
mod queue;
mod reference;
pub(crate) mod template;

pub use outgoing::Outgoing;

use crate::base::error::{Error, Result};
use crate::base::ids::ReplicaId;
use crate::base::units::Units;
use crate::forces::{Audit, ForceField, after};
use crate::moves::Trial;
use crate::potential::OVERLAP_ENERGY;
use crate::system::System;
use crate::system::configuration::Configuration;
use client::Meeting;
use glam::DVec3;
use outgoing::as_xyz;
use outliers::{Apart, Outliers};
use pool::{Failure, Pool};
use protocol::{Answer, Question, WireUnits};
use serde::{Deserialize, Serialize};
use spec::{ExternalSpec, OnFailure, ReferenceEnergies, SlabReference, SocketSpec, SpeciesReference};
use std::cell::Cell as Local;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// Clients that differ by more than this part of the smallest kT are refused.
const SAME_ENERGY: f64 = 0.01;
/// Times the noise of the clients, what running energies may be off by.
const NOISE: f64 = 10.0;
/// Tolerance of audits on the reference backend, by which the scale of a difference is divided.
const AUDIT_TOLERANCE: f64 = 1e-9;
/// A new atom of a start is free at this part of the length of its pairs.
const FREE: f64 = 0.9;

/// Trials without an energy whose atoms are kept, the last ones.
const KEPT_REJECTED: usize = 20;
/// Weight of the last answer in what an answer is thought to take.
const LEARNED: f64 = 0.1;

thread_local! {
    /// On whose behalf this thread asks, and how often it still will.
    static CALLER: Local<(Option<ReplicaId>, u32)> = const { Local::new((None, 0)) };
}

/// What the clients of a run have done; part of `run.json`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ServiceRecord {
    /// Clients that can be asked at the same time.
    pub clients: usize,
    /// `bitwise` where all clients said the same of the same configuration, and said it again; else `statistical`.
    pub reproducible: String,
    /// Largest difference between two energies of one configuration \[energy\].
    pub energy_noise: f64,
    /// What was taken off the energies of the clients.
    pub reference: ReferenceEnergies,
    /// Answers.
    pub answers: u64,
    /// Requests that they came for: fewer where clients take several configurations at once.
    #[serde(default)]
    pub requests: u64,
    /// Trials that were asked about.
    pub trials: u64,
    /// Trials that no client could evaluate and that were rejected for it.
    pub rejected: u64,
    /// The last of them, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub last_rejected: String,
    /// Atoms of the last of them in this process, as extended XYZ; in a file of their own.
    #[serde(skip)]
    pub rejected_atoms: String,
    /// Questions that a client failed at.
    pub failures: u64,
    /// Clients that were started again.
    pub restarts: u64,
    /// Energies far below all others of the same atoms, believed because a second answer was the same.
    #[serde(default)]
    pub confirmed: u64,
    /// Share of the time since their start that clients were computing.
    pub busy: f64,
}

impl ServiceRecord {
    /// The record of a run that goes on: what was counted before is added.
    pub fn after(mut self, before: &ServiceRecord) -> ServiceRecord {
        self.answers += before.answers;
        self.requests += before.requests;
        self.trials += before.trials;
        self.rejected += before.rejected;
        self.failures += before.failures;
        self.restarts += before.restarts;
        self.confirmed += before.confirmed;
        self.energy_noise = self.energy_noise.max(before.energy_noise);
        if before.reproducible == STATISTICAL {
            STATISTICAL.clone_into(&mut self.reproducible);
        }
        if self.last_rejected.is_empty() {
            self.last_rejected.clone_from(&before.last_rejected);
        }
        self
    }

    /// What is said of clients that failed; nothing where none did.
    pub fn doubts(&self) -> Option<String> {
        let ServiceRecord { failures, restarts, rejected, confirmed, .. } = *self;
        if failures + restarts + rejected + confirmed == 0 {
            return None;
        }
        let confirmed = match confirmed {
            0 => String::new(),
            n => format!("; energies far below all others of the same atoms that a second answer confirmed: {n}"),
        };
        let rejected = match rejected {
            0 => String::new(),
            n => format!("; trials that were rejected because none could evaluate them: {n}"),
        };
        Some(format!(
            "clients failed at a question {failures} times and were started again {restarts} times{rejected}{confirmed}; see `forces`"
        ))
    }
}

const BITWISE: &str = "bitwise";
const STATISTICAL: &str = "statistical";

/// The force field of clients that speak the i-PI protocol. They are started when it is first asked.
#[derive(Debug)]
pub struct External {
    spec: ExternalSpec,
    units: Units,
    system: Arc<System>,
    /// Mobile atoms of the slab as the scene has them.
    slab: Configuration,
    /// kT of the coldest state. \[energy\]
    coldest: f64,
    outgoing: Outgoing,
    running: OnceLock<std::result::Result<Running, Fatal>>,
    /// Why nothing is asked any more.
    fatal: Mutex<Option<Fatal>>,
    /// Time of an answer for each replica. \[s\]
    costs: Mutex<HashMap<ReplicaId, f64>>,
    trials: AtomicU64,
    rejected: AtomicU64,
    last_rejected: Mutex<LastRejected>,
}

/// The last trials that no client could evaluate.
#[derive(Debug, Default)]
struct LastRejected {
    problem: String,
    /// As extended XYZ.
    atoms: VecDeque<String>,
}

#[derive(Debug)]
struct Running {
    pool: Pool,
    zero: ReferenceEnergies,
}

/// What ends a run.
#[derive(Debug, Clone)]
struct Fatal {
    replica: Option<usize>,
    problem: String,
    atoms: Option<String>,
}

impl Fatal {
    fn error(&self) -> Error {
        let Fatal { replica, problem, atoms } = self.clone();
        Error::Client { replica, problem, atoms }
    }
}

impl External {
    /// A force field whose clients are not started yet.
    ///
    /// - `spec`: with absolute paths of templates
    /// - `slab`: mobile atoms of the slab as the scene has them
    /// - `coldest`: kT of the coldest state \[energy\]
    pub fn new(spec: ExternalSpec, units: Units, system: Arc<System>, slab: Configuration, coldest: f64) -> External {
        External {
            outgoing: Outgoing::new(&system, &spec, units),
            spec,
            units,
            system,
            slab,
            coldest,
            running: OnceLock::new(),
            fatal: Mutex::default(),
            costs: Mutex::default(),
            trials: AtomicU64::new(0),
            rejected: AtomicU64::new(0),
            last_rejected: Mutex::default(),
        }
    }

    fn running(&self) -> Result<&Running> {
        self.running.get_or_init(|| self.start()).as_ref().map_err(Fatal::error)
    }

    fn start(&self) -> std::result::Result<Running, Fatal> {
        static POOLS: AtomicUsize = AtomicUsize::new(0);
        let own = || {
            let number = POOLS.fetch_add(1, Ordering::Relaxed);
            SocketSpec::Unix(format!("adlayer-{}-{number}", std::process::id()))
        };
        let meeting = Meeting {
            socket: self.spec.socket.clone().unwrap_or_else(own),
            connect_timeout: Duration::from_secs_f64(self.spec.connect_timeout),
            timeout: Duration::from_secs_f64(self.spec.timeout),
            units: WireUnits::of(self.units),
        };
        let probe = self.outgoing.probe(&self.system, &self.slab);
        let fatal = |problem, atoms| Fatal { replica: None, problem, atoms };
        let text = as_xyz(&probe, "the probe");
        let tolerance = SAME_ENERGY * self.coldest;
        let outliers = Outliers::new(self.units);
        let pool = Pool::start(self.spec.clients.clone(), meeting, self.spec.retries, probe, tolerance, outliers)
            .map_err(|problem| fatal(problem, Some(text)))?;
        let zero = reference::energies(&pool, &self.outgoing, &self.system, &self.slab, &self.spec);
        let zero = zero.map_err(|u| {
            fatal(format!("no energy of the reference: {}", u.why), Some(as_xyz(&u.question, "the reference")))
        })?;
        if self.spec.reference.as_ref().is_none_or(|r| r.slab == SlabReference::Compute) {
            let slab = self.outgoing.question(&self.system, &self.slab, false);
            let asked = |name: &str| {
                let of = self.spec.reference_of(name);
                matches!(of, Some(SpeciesReference::HalfMolecule | SpeciesReference::Atom))
            };
            let named = self.system.species.iter().zip(&zero.species);
            pool.outliers().know(Apart {
                slab: zero.slab,
                slab_atoms: outliers::counts(&slab),
                species: named.map(|(species, &energy)| asked(&species.name).then_some(energy)).collect(),
            });
        }
        Ok(Running { pool, zero })
    }

    /// Asks about a configuration.
    fn ask(&self, x: &Configuration, forces: bool) -> Result<std::result::Result<Answer, String>> {
        let running = self.running()?;
        let question = Arc::new(self.outgoing.question(&self.system, x, forces));
        let (replica, left) = CALLER.get();
        CALLER.set((replica, left.saturating_sub(1)));
        let work = f64::from(left) * self.cost(replica);
        let problem = match running.pool.ask(&self.outgoing.key(&question), &question, work) {
            Ok((answer, took)) => {
                self.learn_cost(replica, took);
                return Ok(Ok(answer));
            }
            Err(Failure::OfQuestion(problem)) if !forces && self.spec.on_failure == OnFailure::Reject => {
                self.keep_rejected(replica, &problem, &question);
                return Ok(Err(problem));
            }
            Err(Failure::OfQuestion(problem) | Failure::OfClients(problem)) => problem,
        };
        Err(self.end(running, replica, problem, &question))
    }

    /// What an answer for a replica takes, as far as known; the order in which replicas are served follows from it, and
    /// nothing else. \[s\]
    fn cost(&self, replica: Option<ReplicaId>) -> f64 {
        let costs = self.costs.lock().unwrap_or_else(PoisonError::into_inner);
        replica.and_then(|r| costs.get(&r).copied()).unwrap_or(1.0)
    }

    fn learn_cost(&self, replica: Option<ReplicaId>, took: f64) {
        let Some(replica) = replica else { return };
        let mut costs = self.costs.lock().unwrap_or_else(PoisonError::into_inner);
        let known = costs.entry(replica).or_insert(took);
        *known += LEARNED * (took - *known);
    }

    /// Keeps what no client could evaluate and is rejected for it.
    fn keep_rejected(&self, replica: Option<ReplicaId>, problem: &str, question: &Question) {
        let whose = replica.map_or_else(String::new, |r| format!("replica {}: ", r.index()));
        // A comment of extended XYZ is one line and stands in quotation marks.
        let comment = format!("{whose}{problem}").replace(['\n', '\r'], " ").replace(['"', '\\'], "'");
        self.rejected.fetch_add(1, Ordering::Relaxed);
        let mut last = self.last_rejected.lock().unwrap_or_else(PoisonError::into_inner);
        problem.clone_into(&mut last.problem);
        last.atoms.push_back(as_xyz(question, &comment));
        if last.atoms.len() > KEPT_REJECTED {
            last.atoms.pop_front();
        }
    }

    /// Sends all callers away and says why; the first reason counts.
    fn end(&self, running: &Running, replica: Option<ReplicaId>, problem: String, question: &Question) -> Error {
        let mut fatal = self.fatal.lock().unwrap_or_else(PoisonError::into_inner);
        let fatal = fatal.get_or_insert_with(|| Fatal {
            replica: replica.map(ReplicaId::index),
            atoms: Some(as_xyz(question, "no client could evaluate this")),
            problem,
        });
        running.pool.close(&fatal.problem);
        fatal.error()
    }

    /// U of what a client said of a configuration. \[energy\]
    fn energy_of(&self, x: &Configuration, answer: &Answer, zero: &ReferenceEnergies) -> f64 {
        let n = self.system.species.len();
        let (counts, slab) = (x.species_counts(n), self.slab.species_counts(n));
        let added = |s: usize| (counts[s] as f64 - slab[s] as f64) * zero.species.get(s).copied().unwrap_or(0.0);
        answer.energy - zero.slab - (0..n).map(added).sum::<f64>()
    }

    /// Whether an atom is nearer to another one than any is asked about.
    ///
    /// - `slot`: the atom; `None`: all of them
    fn overlaps(&self, x: &Configuration, slot: Option<usize>) -> bool {
        let core = self.spec.core_or_default(self.units);
        let near = |a: DVec3, b: DVec3| self.system.cell.minimum_image(a - b).length_squared() < core * core;
        let one = |i: usize| {
            let p = x.positions[i];
            let mobile = x.positions.iter().enumerate().any(|(j, &q)| j != i && near(p, q));
            mobile || self.system.frozen.positions.iter().any(|&q| near(p, q))
        };
        match slot {
            Some(slot) => one(slot),
            None => (0..x.len()).any(one),
        }
    }

    fn pool(&self) -> Option<&Running> {
        self.running.get().and_then(|r| r.as_ref().ok())
    }
}

impl ForceField for External {
    fn describe(&self) -> String {
        match self.spec.clients.is_empty() {
            true => "external: clients that connect".to_owned(),
            false => {
                let commands: Vec<&str> = self.spec.clients.iter().map(|c| c.command.as_str()).collect();
                format!("external: {}", commands.join("; "))
            }
        }
    }

    fn energy_and_forces(&self, x: &Configuration, forces: &mut Vec<DVec3>) -> Result<f64> {
        forces.clear();
        if x.is_empty() {
            return Ok(0.0);
        }
        // Atoms that have flown apart are nobody's question.
        let flown = x.positions.iter().any(|p| !p.is_finite());
        if flown || self.overlaps(x, None) {
            forces.resize(x.len(), DVec3::ZERO);
            return Ok(if flown { f64::INFINITY } else { OVERLAP_ENERGY });
        }
        match self.ask(x, true)? {
            Ok(answer) => {
                self.outgoing.mobile_forces(&self.system, x, &answer.forces, forces);
                Ok(self.energy_of(x, &answer, &self.running()?.zero))
            }
            Err(problem) => Err(Error::ForceField(problem)),
        }
    }

    fn trial_energy(&self, x: &Configuration, energy: f64, trial: &Trial) -> Result<f64> {
        let after = after(x, trial);
        let moved = match *trial {
            Trial::None => return Ok(0.0),
            Trial::Insert { .. } => Some(x.len()),
            Trial::Displace { slot, .. } => Some(slot),
            Trial::Delete { .. } | Trial::Identity { .. } => None,
        };
        if moved.is_some_and(|slot| self.overlaps(&after, Some(slot))) {
            return Ok(OVERLAP_ENERGY);
        }
        if after.is_empty() {
            return Ok(-energy);
        }
        self.trials.fetch_add(1, Ordering::Relaxed);
        match self.ask(&after, false)? {
            Ok(answer) => Ok(self.energy_of(&after, &answer, &self.running()?.zero) - energy),
            Err(_) => Ok(f64::INFINITY),
        }
    }

    /// By distances alone: a client is not asked where an atom of a start has room.
    fn contact_energy(&self, x: &Configuration, species: u8, position: DVec3) -> Result<f64> {
        let frozen = self.system.frozen.positions.iter().zip(&self.system.frozen.species);
        let share = |(&other, &s): (&DVec3, &u8)| {
            let free = FREE * self.system.pairs.pair(species, s).length();
            1.0 - self.system.cell.minimum_image(position - other).length() / free
        };
        let closest = frozen.chain(x.positions.iter().zip(&x.species)).map(share).fold(0.0, f64::max);
        Ok(closest * OVERLAP_ENERGY)
    }

    fn audit(&self, x: &Configuration) -> Result<Audit> {
        let energy = self.energy(x)?;
        let running = self.running()?;
        let scale = energy.abs() + running.zero.slab.abs();
        let magnitude = scale + NOISE * running.pool.probes().noise() / AUDIT_TOLERANCE;
        Ok(Audit { energy, magnitude, ..Audit::default() })
    }

    fn waits(&self) -> bool {
        true
    }

    fn attend(&self, replica: ReplicaId, calls: u32) {
        CALLER.set((Some(replica), calls));
    }

    fn open(&self) -> Result<()> {
        self.running().map(|_| ())
    }

    fn service(&self) -> Option<ServiceRecord> {
        let Running { pool, zero } = self.pool()?;
        let counted = |n: &AtomicU64| n.load(Ordering::Relaxed);
        let last = self.last_rejected.lock().unwrap_or_else(PoisonError::into_inner);
        Some(ServiceRecord {
            clients: pool.n_clients(),
            reproducible: if pool.probes().is_bitwise() { BITWISE } else { STATISTICAL }.to_owned(),
            energy_noise: pool.probes().noise(),
            reference: zero.clone(),
            answers: counted(&pool.counters.answers),
            requests: counted(&pool.counters.requests),
            trials: counted(&self.trials),
            rejected: counted(&self.rejected),
            last_rejected: last.problem.clone(),
            rejected_atoms: last.atoms.iter().map(String::as_str).collect(),
            failures: counted(&pool.counters.failures),
            restarts: counted(&pool.counters.restarts),
            confirmed: counted(&pool.counters.confirmed),
            busy: pool.busy(),
        })
    }
}
