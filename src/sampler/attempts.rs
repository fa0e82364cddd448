//! How many insertions and deletions every state tries in a cycle, chosen in equilibration and frozen then.
//!
//! Where an attempt changes N often, N is renewed several times a cycle and most attempts are for nothing; where hardly one is
//! accepted, N is what the run waits for. Accepted changes move N by one, so that it wanders over its own width, Var N, in
//! about Var N / p attempts, of which p are accepted. ⟨N⟩ of a state with n attempts a cycle then has a squared error in proportion to
//! (Var N)²/(p n), and the sum of these over all states is least, at a given sum of attempts, where n is in proportion to Var N/√p.

use crate::backend::{MoveEvents, Span};
use crate::base::error::Result;
use crate::base::ids::ReplicaId;
use crate::moves::MoveKind;
use crate::moves::exchange::{Assignment, Period};
use crate::ranks::{Ranks, Talk};
use crate::system::configuration::Measurement;
use serde::{Deserialize, Serialize};

/// Most attempts of a state, over those of the scene.
const MOST: u32 = 4;
/// Fewest attempts of a state: those of the scene over this.
const LEAST: f64 = 4.0;
/// Halvings in which the common factor is found.
const HALVINGS: u32 = 60;

/// The choice, by accepted changes and Var N of every state.
///
/// Counts are halved whenever the number of cycles is a power of two, so that the way from the start is forgotten; the choice
/// changes then and at the end of equilibration, with the number of cycles alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempts {
    /// Of a cycle in every state on average, as the scene has them.
    mean: u32,
    /// `[n_states]`, of the replicas that are here.
    counts: Vec<Counts>,
    /// `[n_states * n_reservoirs]`
    of_species: Vec<CountsOfSpecies>,
    /// `[n_states]`, attempts of a cycle now.
    chosen: Vec<u32>,
    /// Whether equilibration is over.
    frozen: bool,
}

/// What was tried in a state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
struct Counts {
    cycles: f64,
    attempts: f64,
}

/// What became of one species in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
struct CountsOfSpecies {
    accepted: f64,
    /// Σ N and Σ N² at the ends of cycles.
    moments: [f64; 2],
}

impl Attempts {
    /// Nothing tried yet: every state makes as many as the scene says.
    pub(super) fn new(mean: u32, n_states: usize, n_reservoirs: usize) -> Attempts {
        Attempts {
            mean,
            counts: vec![Counts::default(); n_states],
            of_species: vec![CountsOfSpecies::default(); n_states * n_reservoirs],
            chosen: vec![mean; n_states],
            frozen: false,
        }
    }

    /// Whether it can be the choice of so many states: it may come from a file.
    pub(super) fn is_of(&self, mean: u32, n_states: usize, n_reservoirs: usize) -> bool {
        self.mean == mean
            && self.counts.len() == n_states
            && self.of_species.len() == n_states * n_reservoirs
            && self.chosen.len() == n_states
            && self.chosen.iter().all(|&n| n <= most(mean))
    }

    /// `[n_states]`, attempts of a cycle.
    pub fn chosen(&self) -> &[u32] {
        &self.chosen
    }

    /// Attempts of a cycle of so many replicas, which hold every state equally often.
    pub(super) fn made_by(&self, n_replicas: u64) -> u64 {
        self.chosen.iter().map(|&n| u64::from(n)).sum::<u64>() * n_replicas / self.chosen.len().max(1) as u64
    }

    /// The attempts of a cycle, of which a state makes the first so many: numbers are never used twice, however many those are.
    pub(super) fn span(&self, cycle: u64) -> Span {
        let count = self.chosen.iter().copied().max().unwrap_or(0);
        Span { first: cycle * u64::from(most(self.mean)), count }
    }

    /// The same with what other ranks have counted. Counts are integers, halved now and then: f64 holds their sum.
    pub(super) fn join(&mut self, other: &Attempts) {
        self.add(&other.words());
    }

    /// The same with nothing counted here.
    pub(super) fn uncounted(&self) -> Attempts {
        let (counts, of_species) =
            (vec![Counts::default(); self.counts.len()], vec![CountsOfSpecies::default(); self.of_species.len()]);
        Attempts { counts, of_species, ..self.clone() }
    }

    fn words(&self) -> Vec<u64> {
        let of_states = self.counts.iter().flat_map(|c| [c.cycles, c.attempts]);
        let of_species = self.of_species.iter().flat_map(|c| [c.accepted, c.moments[0], c.moments[1]]);
        of_states.chain(of_species).map(f64::to_bits).collect()
    }

    fn add(&mut self, words: &[u64]) {
        let own = self.counts.iter_mut().flat_map(|c| [&mut c.cycles, &mut c.attempts]);
        let of_species = self
            .of_species
            .iter_mut()
            .flat_map(|CountsOfSpecies { accepted, moments: [n, squares] }| [accepted, n, squares]);
        own.chain(of_species).zip(words).for_each(|(sum, &more)| *sum += f64::from_bits(more));
    }

    /// Chooses by the counts of all ranks.
    fn choose(&mut self, ranks: &Ranks) -> Result<()> {
        let mut total = self.uncounted();
        for words in ranks.all_gather_words(Talk::Equilibration, &self.words())? {
            total.add(&words);
        }
        self.chosen = divided(self.mean, &total.needs());
        Ok(())
    }

    /// `[n_states]`: Var N/√(accepted per attempt), of the species that has most.
    fn needs(&self) -> Vec<f64> {
        let n_reservoirs = self.of_species.len() / self.counts.len().max(1);
        let of_state = |(counts, of_species): (&Counts, &[CountsOfSpecies])| {
            let need = |of: &CountsOfSpecies| {
                let [mean, square] = of.moments.map(|sum| sum / counts.cycles);
                // one change more than were seen: nothing is known to better than that
                let rate = (of.accepted + 1.0) / (counts.attempts / n_reservoirs as f64 + 1.0);
                (square - mean * mean) / rate.sqrt()
            };
            of_species.iter().map(need).filter(|x| x.is_finite()).fold(0.0, f64::max)
        };
        self.counts.iter().zip(self.of_species.chunks(n_reservoirs.max(1))).map(of_state).collect()
    }

    /// The attempts of a cycle that begins; `None` where they are those of the cycle before.
    ///
    /// # Errors
    /// Those of [`Ranks::all_gather`].
    pub(super) fn of_cycle(&mut self, cycle: u64, period: Period, ranks: &Ranks) -> Result<Option<&[u32]>> {
        let is_anew = match period {
            Period::Equilibration => cycle.is_power_of_two(),
            Period::Production => !self.frozen,
        };
        if !is_anew {
            return Ok(None);
        }
        self.choose(ranks)?;
        self.frozen = period == Period::Production;
        Ok(Some(&self.chosen))
    }

    /// Counts a cycle of equilibration.
    ///
    /// - `assignment`: the states that replicas held in it
    /// - `before`: replicas in `assignment` before the first that is here
    /// - `measured`: `[n_replicas]` at its end
    ///
    /// # Errors
    /// When the device is lost.
    pub(super) fn count(
        &mut self,
        cycle: u64,
        events: &dyn MoveEvents,
        assignment: &Assignment,
        before: usize,
        measured: &[Measurement],
    ) -> Result<()> {
        if cycle.is_power_of_two() {
            self.counts.iter_mut().flat_map(|c| [&mut c.cycles, &mut c.attempts]).for_each(|x| *x *= 0.5);
            self.of_species.iter_mut().for_each(|c| {
                c.accepted *= 0.5;
                c.moments = c.moments.map(|x| 0.5 * x);
            });
        }
        let n_reservoirs = self.of_species.len() / self.counts.len().max(1);
        let state_of = |replica: usize| assignment.state_of(ReplicaId((before + replica) as u32)).index();
        for (replica, m) in measured.iter().enumerate() {
            let state = state_of(replica);
            self.counts[state].cycles += 1.0;
            self.counts[state].attempts += f64::from(self.chosen[state]);
            let own = &mut self.of_species[state * n_reservoirs..][..n_reservoirs];
            for (own, n) in own.iter_mut().zip(m.counts.iter().map(|&n| f64::from(n))) {
                own.moments = [own.moments[0] + n, own.moments[1] + n * n];
            }
        }
        events.for_each_replica(&mut |replica, events| {
            let first = state_of(replica) * n_reservoirs;
            for event in events.iter().filter(|e| matches!(e.kind, MoveKind::InsertDelete(_))) {
                self.of_species[first + usize::from(event.reservoir)].accepted += 1.0;
            }
        })
    }
}

/// Most attempts of a state where the scene has so many.
pub(super) fn most(mean: u32) -> u32 {
    mean.saturating_mul(MOST)
}

/// Attempts in proportion to needs, within bounds, so that their mean is `mean` or just below.
fn divided(mean: u32, needs: &[f64]) -> Vec<u32> {
    let bounds = ((f64::from(mean) / LEAST).max(1.0), f64::from(most(mean)));
    let all = |factor: f64| needs.iter().map(move |need| (factor * need).clamp(bounds.0, bounds.1) as u32);
    let fits = |factor: f64| all(factor).map(u64::from).sum::<u64>() <= u64::from(mean) * needs.len() as u64;
    let least = needs.iter().copied().filter(|&x| x > 0.0).fold(f64::INFINITY, f64::min);
    if !least.is_finite() {
        return vec![mean; needs.len()];
    }
    let (mut low, mut high) = (0.0, bounds.1 / least);
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        if fits(middle) { low = middle } else { high = middle }
    }
    all(low).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moves::tally::MoveEvent;
    use std::sync::Arc;

    #[test]
    fn attempts_go_where_they_are_needed() {
        // no more in all, whatever is needed
        for needs in [vec![1.0; 7], vec![1.0, 2.0, 4.0, 8.0], vec![0.0, 1e-9, 1.0, 1e9], vec![3.0, 0.0, 0.0]] {
            let shared = divided(100, &needs);
            let sum: u32 = shared.iter().sum();
            assert!(sum <= 100 * needs.len() as u32, "{shared:?}");
            assert!(shared.iter().all(|n| (25..=400).contains(n)), "{shared:?}");
        }
        assert_eq!(divided(100, &[1.0; 5]), [100; 5]);
        let shared = divided(100, &[1.0, 2.0, 2.0, 3.0]);
        assert_eq!(shared, [50, 100, 100, 150]);
        assert_eq!(divided(100, &[0.0; 3]), [100; 3]);
        assert_eq!(divided(1, &[1.0, 9.0]), [1, 1]);
    }

    #[test]
    fn the_choice_follows_the_counts_and_then_stays() {
        let (assignment, alone) = (Assignment::identity(2, 1), Ranks::alone());
        let mut attempts = Attempts::new(100, 2, 1);
        let event = MoveEvent { kind: MoveKind::INSERT, reservoir: 0, slot: 0 };
        let measured = |n: [u16; 2]| n.map(|n| Measurement { energy: 0.0, counts: [n].into_iter().collect() });
        for cycle in 0..600 {
            let anew = attempts.of_cycle(cycle, Period::Equilibration, &alone).expect("alone").is_some();
            assert_eq!(anew, cycle.is_power_of_two());
            // sixteen times as many accepted in state 0 as in state 1, Var N the same; at first the other way
            let (many, few) = (vec![event; 16], vec![event; 1]);
            let page = if cycle > 40 { vec![many, few] } else { vec![few, many] };
            let n = [10 + (cycle % 2) as u16, 20 + (cycle % 2) as u16];
            let tries = attempts.chosen().to_vec();
            // an acceptance is one of attempts
            let page: Vec<_> = page.iter().zip(tries).map(|(e, n)| e[..e.len().min(n as usize)].to_vec()).collect();
            attempts.count(cycle, &Arc::new(page), &assignment, 0, &measured(n)).expect("events");
        }
        let chosen = attempts.of_cycle(600, Period::Production, &alone).expect("alone").expect("a choice").to_vec();
        assert!(chosen[1] > 2 * chosen[0] && chosen.iter().sum::<u32>() <= 200, "{chosen:?}");
        assert_eq!(attempts.of_cycle(601, Period::Production, &alone).expect("alone"), None);
        assert!(attempts.frozen && attempts.is_of(100, 2, 1) && !attempts.is_of(50, 2, 1));
        // ranks that counted apart choose the same
        let mut sum = attempts.uncounted();
        sum.join(&attempts);
        assert_eq!(sum, attempts);
    }
}
