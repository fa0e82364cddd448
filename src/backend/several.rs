//! Several devices as one: each holds a range of the replicas and knows nothing of the others.

use super::cycle::{CycleResult, CycleWork, KeptConfigurations, MoveEvents, MoveLog};
use super::{Backend, BackendInfo, BackendState, Ensemble, Identity, Usage};
use crate::base::error::Result;
use crate::base::ids::{ReplicaId, StateId};
use crate::base::rng::Rng;
use crate::moves::tally::{MoveEvent, Transitions};
use crate::system::System;
use crate::system::configuration::Batch;
use crate::thermo::states::StatePoint;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Rounds in which the shares are measured: the second sees the rates at about the shares that it leads to.
const ROUNDS: usize = 2;

/// Time that a device is measured for in a round.
const MEASURED: Duration = Duration::from_millis(200);

/// A device with its part of the replicas.
struct Part {
    backend: Box<dyn Backend>,
    /// Its share, relative to the others.
    share: f64,
    /// Replicas that it holds, counted from the first of all parts; a device without any is asked for nothing.
    range: Range<usize>,
}

/// Several devices, each with a range of the replicas.
///
/// Every replica has the bits of its own device: random numbers are addressed by the replica, and an exchange moves
/// states. Devices of one kind therefore lead to the same bits whatever their shares are.
pub struct Several {
    parts: Vec<Part>,
    ensemble: Ensemble,
    /// Whether the shares are those of the user, or measured already.
    fixed: bool,
    /// Tallies from before the parts were loaded.
    before: Transitions,
}

impl Several {
    /// Devices that hold nothing yet.
    ///
    /// - `shares`: one for each, relative to the others; without them [`Backend::share_out`] measures, and until then they
    ///   are equal
    pub fn new(backends: Vec<Box<dyn Backend>>, shares: Option<&[u32]>, system: Arc<System>, rng: Rng) -> Several {
        let share = |k: usize| shares.map_or(1.0, |s| f64::from(s[k]));
        let parts = backends.into_iter().enumerate();
        Several {
            parts: parts.map(|(k, backend)| Part { backend, share: share(k), range: 0..0 }).collect(),
            ensemble: Ensemble::new(system, rng),
            fixed: shares.is_some(),
            before: Transitions::default(),
        }
    }

    /// Divides replicas into ranges by the shares.
    fn divide(&mut self, n_replicas: usize) {
        let total: f64 = self.parts.iter().map(|p| p.share).sum();
        let (mut sum, mut first) = (0.0, 0);
        for part in &mut self.parts {
            sum += part.share;
            let end = ((n_replicas as f64 * sum / total).round() as usize).clamp(first, n_replicas);
            part.range = first..end;
            first = end;
        }
    }

    /// The devices that hold replicas.
    fn loaded(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(|p| !p.range.is_empty())
    }

    fn loaded_mut(&mut self) -> impl Iterator<Item = &mut Part> {
        self.parts.iter_mut().filter(|p| !p.range.is_empty())
    }

    /// Measures every device at its part of the replicas, one after the other: devices that share processors would measure
    /// who of them gets these. \[replicas of a cycle/s\]
    fn rates(&mut self, work: &CycleWork) -> Result<Vec<f64>> {
        let measure = |part: &mut Part| -> Result<f64> {
            if part.range.is_empty() {
                return Ok(0.0);
            }
            // The first cycle compiles and allocates.
            part.backend.cycle(work)?;
            let (begun, mut cycles) = (Instant::now(), 0);
            while cycles == 0 || begun.elapsed() < MEASURED {
                part.backend.cycle(work)?;
                cycles += 1;
            }
            Ok((part.range.len() * cycles) as f64 / begun.elapsed().as_secs_f64().max(1e-9))
        };
        self.parts.iter_mut().map(measure).collect()
    }
}

/// Whether all devices are of one kind, so that no bit depends on which one holds a replica.
fn alike(infos: &[BackendInfo]) -> bool {
    let kind = |info: &BackendInfo| (info.identity.device.clone(), info.identity.kernel.clone());
    infos.iter().all(|info| kind(info) == kind(&infos[0]))
}

impl Backend for Several {
    fn info(&self) -> BackendInfo {
        let infos: Vec<BackendInfo> = self.parts.iter().map(|p| p.backend.info()).collect();
        let held = |part: &Part, info: &BackendInfo| match part.range.len() {
            0 => info.description.clone(),
            n => format!("{} with {n} replica{}", info.description, if n == 1 { "" } else { "s" }),
        };
        let opened = |part: &Part, info: &BackendInfo| match self.fixed {
            true => format!("{}*{}", info.identity.open, part.share),
            false => info.identity.open.clone(),
        };
        let of_all = |word: &dyn Fn(&Part, &BackendInfo) -> String, by: &str| {
            let words = self.parts.iter().zip(&infos).map(|(part, info)| word(part, info));
            words.collect::<Vec<String>>().join(by)
        };
        let alike = alike(&infos);
        let once = |words: &dyn Fn(&BackendInfo) -> String| match alike {
            true => words(&infos[0]),
            false => infos.iter().map(words).collect::<Vec<String>>().join("; "),
        };
        // A checkpoint is compared before its replicas are loaded: by shares, then, from which the ranges follow.
        let with_share = |part: &Part, info: &BackendInfo| match self.fixed {
            true => format!("{} (share {})", info.identity.device, part.share),
            false => info.identity.device.clone(),
        };
        BackendInfo {
            description: format!("{} devices: {}", infos.len(), of_all(&held, "; ")),
            driver: once(&|info| info.driver.clone()),
            kernel: once(&|info| info.kernel.clone()),
            identity: Identity {
                open: of_all(&opened, ","),
                device: if alike { infos[0].identity.device.clone() } else { of_all(&with_share, "; ") },
                kernel: once(&|info| info.identity.kernel.clone()),
            },
            energy_tolerance: infos.iter().map(|info| info.energy_tolerance).fold(0.0, f64::max),
            usage: together(infos.iter().filter_map(|info| info.usage)),
        }
    }

    fn ensemble(&self) -> &Ensemble {
        &self.ensemble
    }

    fn share_out(
        &mut self,
        batch: &Batch,
        states: &[StatePoint],
        assignment: &[StateId],
        work: &CycleWork,
    ) -> Result<()> {
        if self.fixed {
            return Ok(());
        }
        for _ in 0..ROUNDS {
            self.load(batch, states, assignment)?;
            let rates = self.rates(work)?;
            self.parts.iter_mut().zip(rates).for_each(|(part, rate)| part.share = rate);
        }
        self.divide(batch.configurations.len());
        self.parts.iter_mut().for_each(|part| part.share = part.range.len() as f64);
        self.fixed = true;
        Ok(())
    }

    fn load_slice(
        &mut self,
        first_replica: ReplicaId,
        batch: &Batch,
        states: &[StatePoint],
        assignment: &[StateId],
    ) -> Result<()> {
        self.divide(batch.configurations.len());
        self.ensemble.load(first_replica, states, assignment);
        for part in self.loaded_mut() {
            let first = ReplicaId(first_replica.0 + part.range.start as u32);
            let own = Batch { configurations: batch.configurations[part.range.clone()].to_vec() };
            part.backend.load_slice(first, &own, states, &assignment[part.range.clone()])?;
        }
        self.before = self.ensemble.no_transitions();
        Ok(())
    }

    fn store(&self, batch: &mut Batch) -> Result<()> {
        batch.configurations.clear();
        let mut own = Batch::default();
        for part in self.loaded() {
            part.backend.store(&mut own)?;
            batch.configurations.append(&mut own.configurations);
        }
        Ok(())
    }

    fn save(&mut self) -> Result<BackendState> {
        let transitions = self.transitions()?;
        let parts = self.loaded_mut().map(|part| part.backend.save()).collect::<Result<Vec<_>>>()?;
        Ok(BackendState { transitions, ..BackendState::joined(parts) })
    }

    fn restore(
        &mut self,
        first_replica: ReplicaId,
        saved: &BackendState,
        states: &[StatePoint],
        assignment: &[StateId],
    ) -> Result<()> {
        self.divide(saved.n_of.len());
        self.ensemble.load(first_replica, states, assignment);
        let (system, n_states) = (Arc::clone(&self.ensemble.system), states.len());
        for part in self.loaded_mut() {
            let first = first_replica.index() + part.range.start;
            let replicas = first..first + part.range.len();
            let own = BackendState {
                transitions: Transitions::of_replicas(&system, n_states, &replicas),
                ..saved.slice(part.range.clone())
            };
            part.backend.restore(ReplicaId(first as u32), &own, states, &assignment[part.range.clone()])?;
        }
        self.before.clone_from(&saved.transitions);
        Ok(())
    }

    fn set_states(&mut self, assignment: &[StateId]) -> Result<()> {
        self.loaded_mut().try_for_each(|part| part.backend.set_states(&assignment[part.range.clone()]))?;
        self.ensemble.assignment = assignment.to_vec();
        Ok(())
    }

    fn set_windows(&mut self, states: &[StatePoint]) -> Result<()> {
        self.loaded_mut().try_for_each(|part| part.backend.set_windows(states))?;
        self.ensemble.set_windows(states);
        Ok(())
    }

    fn forget_transitions(&mut self) -> Result<()> {
        self.before = self.ensemble.no_transitions();
        self.loaded_mut().try_for_each(|part| part.backend.forget_transitions())
    }

    fn set_insertion_weights(&mut self, weights: &[u32]) -> Result<()> {
        self.loaded_mut().try_for_each(|part| part.backend.set_insertion_weights(weights))?;
        self.ensemble.set_weights(weights);
        Ok(())
    }

    fn set_attempts(&mut self, most: &[u32]) -> Result<()> {
        self.loaded_mut().try_for_each(|part| part.backend.set_attempts(most))?;
        self.ensemble.set_attempts(most);
        Ok(())
    }

    fn begin(&mut self, work: &CycleWork) -> Result<()> {
        // A backend that works while it begins comes last: the others are at it by then.
        let (last, first): (Vec<_>, Vec<_>) = self.loaded_mut().partition(|part| part.backend.works_in_begin());
        first.into_iter().chain(last).try_for_each(|part| part.backend.begin(work))
    }

    fn complete(&mut self) -> Result<CycleResult> {
        // All are waited for, so that none is at work when one has failed.
        let results: Vec<Result<CycleResult>> = self.loaded_mut().map(|part| part.backend.complete()).collect();
        let results = results.into_iter().collect::<Result<Vec<_>>>()?;
        let mut whole = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for result in results {
            whole.2.push((result.measurements.len(), result.events));
            whole.3.extend(result.kept.map(|kept| (result.measurements.len(), kept)));
            whole.0.extend(result.measurements);
            whole.1.extend(result.segments);
        }
        let (measurements, segments, events, kept) = whole;
        let kept = (!kept.is_empty()).then(|| Box::new(KeptParts(kept)) as Box<dyn KeptConfigurations>);
        Ok(CycleResult { measurements, segments, events: Box::new(EventParts(events)), kept })
    }

    fn transitions(&mut self) -> Result<Transitions> {
        let mut sum = self.before.clone();
        let (first, n_states) = (self.ensemble.first_replica.index(), self.ensemble.states.len().max(1));
        for part in self.loaded_mut() {
            let walker = (first + part.range.start) / n_states - first / n_states;
            sum.add_walkers(walker, &part.backend.transitions()?);
        }
        Ok(sum)
    }
}

/// What several devices have spent; the time of each that has a clock counts once for all, as their mean.
fn together(usages: impl Iterator<Item = Usage>) -> Option<Usage> {
    let usages: Vec<Usage> = usages.collect();
    let busy: Vec<f64> = usages.iter().filter_map(|u| u.busy).collect();
    (!usages.is_empty()).then(|| Usage {
        bytes_read: usages.iter().map(|u| u.bytes_read).sum(),
        waited: usages.iter().map(|u| u.waited).sum(),
        busy: (!busy.is_empty()).then(|| busy.iter().sum::<f64>() / busy.len() as f64),
    })
}

/// Accepted moves of every device with the number of its replicas.
struct EventParts(Vec<(usize, Box<dyn MoveEvents>)>);

impl MoveEvents for EventParts {
    fn open(&self, read: &mut dyn FnMut(&dyn MoveLog)) -> Result<()> {
        open_rest(&self.0, &[], read)
    }
}

/// Opens the logs of `rest` one within the other, so that all are open when they are read.
fn open_rest(
    rest: &[(usize, Box<dyn MoveEvents>)],
    opened: &[(usize, &dyn MoveLog)],
    read: &mut dyn FnMut(&dyn MoveLog),
) -> Result<()> {
    let Some(((n, events), rest)) = rest.split_first() else {
        read(&LogParts(opened));
        return Ok(());
    };
    let mut inner = Ok(());
    events.open(&mut |log| {
        let mut opened: Vec<(usize, &dyn MoveLog)> = opened.to_vec();
        opened.push((*n, log));
        inner = open_rest(rest, &opened, read);
    })?;
    inner
}

/// Open logs, each with the number of its replicas.
struct LogParts<'a>(&'a [(usize, &'a dyn MoveLog)]);

impl MoveLog for LogParts<'_> {
    fn n_replicas(&self) -> usize {
        self.0.iter().map(|(n, _)| n).sum()
    }

    fn of_replica(&self, mut replica: usize, events: &mut Vec<MoveEvent>) {
        for (n, log) in self.0 {
            match replica.checked_sub(*n) {
                None => return log.of_replica(replica, events),
                Some(rest) => replica = rest,
            }
        }
    }
}

/// Kept configurations of every device with the number of its replicas.
struct KeptParts(Vec<(usize, Box<dyn KeptConfigurations>)>);

impl KeptConfigurations for KeptParts {
    fn hand_over(self: Box<Self>, batch: &mut Batch) -> Result<()> {
        let mut used = std::mem::take(&mut batch.configurations).into_iter();
        for (n, kept) in self.0 {
            let mut own = Batch { configurations: used.by_ref().take(n).collect() };
            kept.hand_over(&mut own)?;
            batch.configurations.append(&mut own.configurations);
        }
        Ok(())
    }
}
