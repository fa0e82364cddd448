//! What the states of one walker hold, in the order of states: rounds read it through, and need not look for replicas.

use super::Pair;
use super::assignment::OfWalker;
use super::group::{Group, Run, in_rows};
use crate::base::ids::StateId;
use crate::system::configuration::{Counts, Measurement};
use crate::thermo::acceptance::{ConfigurationRef, StateRef, accept_ln, exchange_ln_acc};
use crate::thermo::states::{StateGrid, StatePoint};
use pulp::{Arch, Simd, WithSimd};

/// What rounds do with the configurations of a walker.
pub(super) trait Hold: Sync {
    /// ln acc of swapping what two states hold.
    fn ln_acc(&self, pair: &Pair) -> f64;

    /// Swaps what two states hold, or does not: without a branch, because which it will be cannot be guessed.
    fn swap_if(&mut self, swap: bool, pair: &Pair);

    /// Decides all pairs of a group by numbers that were drawn before, and swaps what is accepted.
    ///
    /// - `ln_uniforms`: of every pair
    /// - `accepted`: of every pair, added to
    fn exchange(&mut self, group: &Group, ln_uniforms: &[f64], accepted: &mut [u32]) {
        // No two pairs of a group share a state, so that each may be swapped before the next is decided.
        for ((pair, &ln), accepted) in group.pairs.iter().zip(ln_uniforms).zip(accepted) {
            let accept = accept_ln(ln, self.ln_acc(pair));
            self.swap_if(accept, pair);
            *accepted += u32::from(accept);
        }
    }

    /// Tells the assignment which replica holds which state now.
    fn settle(self);
}

/// States of one reservoir species and without windows, side by side for thousands of pairs a round, in the order of
/// [`in_rows`].
#[derive(Debug, Clone)]
pub(super) struct StatesOfOne {
    betas: Vec<f64>,
    ln_zs: Vec<f64>,
    /// The state at every place.
    states: Vec<StateId>,
    /// The place of every state.
    pub(super) place_of: Vec<u32>,
    arch: Arch,
}

impl StatesOfOne {
    /// `None` where there are others, or windows.
    pub(super) fn new(grid: &StateGrid) -> Option<StatesOfOne> {
        let states = in_rows(grid);
        let one = |state: &StateId| match grid.state(*state) {
            StatePoint { ln_z, window: None, .. } if ln_z.len() == 1 => Some((grid.state(*state).beta(), ln_z[0])),
            _ => None,
        };
        let (betas, ln_zs) = states.iter().map(one).collect::<Option<(Vec<f64>, Vec<f64>)>>()?;
        let mut place_of = vec![0; states.len()];
        states.iter().enumerate().for_each(|(place, state)| place_of[state.index()] = place as u32);
        Some(StatesOfOne { betas, ln_zs, states, place_of, arch: Arch::new() })
    }

    fn places(&self, pair: &Pair) -> [usize; 2] {
        [pair.a, pair.b].map(|state| self.place_of[state.index()] as usize)
    }
}

/// ln acc of exchanging two states of one reservoir species.
///
/// - `beta`, `ln_z`: of the two states; `energy`, `count`: of what they hold
#[inline(always)]
fn ln_acc_of_one(beta: [f64; 2], ln_z: [f64; 2], energy: [f64; 2], count: [u16; 2]) -> f64 {
    let state = |k: usize| StateRef { beta: beta[k], ln_z: std::slice::from_ref(&ln_z[k]), window: None };
    let held = |k: usize| ConfigurationRef { energy: energy[k], counts: std::slice::from_ref(&count[k]) };
    exchange_ln_acc(state(0), state(1), held(0), held(1))
}

/// Configurations of any species.
pub(super) struct Places<'a> {
    states: &'a [StateRef<'a>],
    held: OfWalker<'a>,
    /// `[n_states]`
    configurations: Vec<Held>,
}

/// What rounds need to know of the replica that holds a state.
#[derive(Clone, Copy)]
struct Held {
    energy: f64,
    counts: Counts,
    /// Counted from the first of the walker.
    replica: u32,
}

impl<'a> Places<'a> {
    /// - `measured`: `[n_states]`, of the replicas of the walker
    pub(super) fn new(states: &'a [StateRef<'a>], held: OfWalker<'a>, measured: &[Measurement]) -> Places<'a> {
        let of = |state: usize| {
            let replica = held.replica_of(StateId(state as u32));
            let Measurement { energy, counts } = measured[replica];
            Held { energy, counts, replica: replica as u32 }
        };
        let configurations = (0..measured.len()).map(of).collect();
        Places { states, held, configurations }
    }

    /// The configuration that a state holds.
    #[inline]
    fn of(&self, state: StateId) -> ConfigurationRef<'_> {
        let Held { energy, counts, .. } = &self.configurations[state.index()];
        ConfigurationRef { energy: *energy, counts }
    }
}

impl Hold for Places<'_> {
    #[inline]
    fn ln_acc(&self, pair: &Pair) -> f64 {
        let (a, b) = (self.states[pair.a.index()], self.states[pair.b.index()]);
        exchange_ln_acc(a, b, self.of(pair.a), self.of(pair.b))
    }

    #[inline]
    fn swap_if(&mut self, swap: bool, pair: &Pair) {
        swap_if(&mut self.configurations, swap, [pair.a.index(), pair.b.index()]);
    }

    fn settle(mut self) {
        for (state, held) in self.configurations.iter().enumerate() {
            self.held.assign(StateId(state as u32), held.replica as usize);
        }
    }
}

/// Configurations of one species, each thing of all places side by side: a round goes through them in step.
pub(super) struct PlacesOfOne<'a> {
    states: &'a StatesOfOne,
    held: OfWalker<'a>,
    /// `[n_states]`
    energies: Vec<f64>,
    /// `[n_states]`
    occupants: Vec<Occupant>,
}

/// A replica of the walker and its atoms: in one word as wide as an energy, so that vectors of both have as many lanes.
#[derive(Debug, Clone, Copy)]
struct Occupant(u64);

impl Occupant {
    /// - `replica`: counted from the first of the walker
    fn new(replica: usize, count: u16) -> Occupant {
        Occupant((replica as u64) << 16 | u64::from(count))
    }

    fn replica(self) -> usize {
        (self.0 >> 16) as usize
    }

    #[inline(always)]
    fn count(self) -> u16 {
        self.0 as u16
    }
}

impl<'a> PlacesOfOne<'a> {
    /// - `measured`: `[n_states]`, of the replicas of the walker
    pub(super) fn new(states: &'a StatesOfOne, held: OfWalker<'a>, measured: &[Measurement]) -> PlacesOfOne<'a> {
        let of = |state: &StateId| {
            let replica = held.replica_of(*state);
            let m = &measured[replica];
            (m.energy, Occupant::new(replica, m.counts[0]))
        };
        let (energies, occupants) = states.states.iter().map(of).unzip();
        PlacesOfOne { states, held, energies, occupants }
    }

    /// Pairs of two rows.
    #[inline(always)]
    fn exchange_rows(&mut self, run: &Run, ln_uniforms: &[f64], accepted: &mut [u32]) {
        let (betas_a, betas_b) = two_rows(&self.states.betas, run);
        let (ln_zs_a, ln_zs_b) = two_rows(&self.states.ln_zs, run);
        let (energies_a, energies_b) = two_rows_mut(&mut self.energies, run);
        let (occupants_a, occupants_b) = two_rows_mut(&mut self.occupants, run);
        let (ln_uniforms, accepted) = (&ln_uniforms[..run.len], &mut accepted[..run.len]);
        for k in 0..run.len {
            let (beta, ln_z) = ([betas_a[k], betas_b[k]], [ln_zs_a[k], ln_zs_b[k]]);
            let (energy, occupant) = ([energies_a[k], energies_b[k]], [occupants_a[k], occupants_b[k]]);
            let accept = accept_ln(ln_uniforms[k], ln_acc_of_one(beta, ln_z, energy, occupant.map(Occupant::count)));
            [energies_a[k], energies_b[k]] = reversed_if(accept, energy);
            [occupants_a[k], occupants_b[k]] = reversed_if(accept, occupant);
            accepted[k] += u32::from(accept);
        }
    }
}

/// The entry to the vector code of all runs of a group.
struct ExchangeRuns<'a, 'b> {
    places: &'a mut PlacesOfOne<'b>,
    runs: &'a [Run],
    ln_uniforms: &'a [f64],
    accepted: &'a mut [u32],
}

impl WithSimd for ExchangeRuns<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let mut done = 0;
        for run in self.runs {
            self.places.exchange_rows(run, &self.ln_uniforms[done..], &mut self.accepted[done..]);
            done += run.len;
        }
    }
}

/// What the rows of a run have.
#[inline(always)]
fn two_rows<'a, T>(of_places: &'a [T], run: &Run) -> (&'a [T], &'a [T]) {
    (&of_places[run.a..run.a + run.len], &of_places[run.b..run.b + run.len])
}

/// The same, to be changed.
#[inline(always)]
fn two_rows_mut<'a, T>(of_places: &'a mut [T], run: &Run) -> (&'a mut [T], &'a mut [T]) {
    let (before, from_later) = of_places.split_at_mut(run.a.max(run.b));
    let (earlier, later) = (&mut before[run.a.min(run.b)..][..run.len], &mut from_later[..run.len]);
    if run.a < run.b { (earlier, later) } else { (later, earlier) }
}

#[inline(always)]
fn reversed_if<T: Copy>(reverse: bool, [a, b]: [T; 2]) -> [T; 2] {
    if reverse { [b, a] } else { [a, b] }
}

impl Hold for PlacesOfOne<'_> {
    #[inline]
    fn ln_acc(&self, pair: &Pair) -> f64 {
        let places = self.states.places(pair);
        let (betas, ln_zs) = (&self.states.betas, &self.states.ln_zs);
        let count = places.map(|place| self.occupants[place].count());
        ln_acc_of_one(
            places.map(|place| betas[place]),
            places.map(|place| ln_zs[place]),
            places.map(|place| self.energies[place]),
            count,
        )
    }

    #[inline]
    fn swap_if(&mut self, swap: bool, pair: &Pair) {
        let places = self.states.places(pair);
        swap_if(&mut self.energies, swap, places);
        swap_if(&mut self.occupants, swap, places);
    }

    fn exchange(&mut self, group: &Group, ln_uniforms: &[f64], accepted: &mut [u32]) {
        let (arch, runs) = (self.states.arch, &group.runs);
        arch.dispatch(ExchangeRuns { places: self, runs, ln_uniforms, accepted });
    }

    fn settle(mut self) {
        for (state, occupant) in self.states.states.iter().zip(&self.occupants) {
            self.held.assign(*state, occupant.replica());
        }
    }
}

#[inline]
fn swap_if<T: Copy>(configurations: &mut [T], swap: bool, [a, b]: [usize; 2]) {
    let both = [configurations[a], configurations[b]];
    configurations[a] = both[usize::from(swap)];
    configurations[b] = both[usize::from(!swap)];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moves::exchange::Assignment;
    use crate::moves::exchange::rounds::Rounds;
    use crate::thermo::Convention;
    use crate::thermo::states::ReservoirAxis;

    #[test]
    fn configurations_of_one_species_are_decided_as_those_of_any() {
        let axis =
            ReservoirAxis { species: "B".into(), convention: Convention::Activity, values: vec![-3.0, -2.0, -1.0] };
        let grid = StateGrid::product(&[0.5, 0.7, 1.0], 1.0, &[axis]).with_diagonals();
        let one = StatesOfOne::new(&grid).expect("one species");
        let any: Vec<StateRef> = grid.states.iter().map(StatePoint::as_ref).collect();
        let measured: Vec<Measurement> = (0..9_u16)
            .map(|r| Measurement { energy: -0.37 * f64::from(r * r % 7), counts: [r % 5].into_iter().collect() })
            .collect();
        let pairs = grid.edges.iter().enumerate().map(|(e, x)| Pair { edge: e as u32, a: x.a, b: x.b });
        let pairs: Vec<Pair> = pairs.collect();
        let after = |of_one: bool| {
            let mut assignment = Assignment::identity(9, 1);
            let decided = |held: OfWalker<'_>| match of_one {
                true => decide(PlacesOfOne::new(&one, held, &measured), &pairs),
                false => decide(Places::new(&any, held, &measured), &pairs),
            };
            let decided: Vec<Vec<u64>> = assignment.by_walker().into_iter().map(decided).collect();
            (decided, assignment)
        };
        let found = after(true);
        assert_eq!(found, after(false));
        assert_ne!(found.1, Assignment::identity(9, 1));
    }

    #[test]
    fn runs_are_decided_as_their_pairs_one_by_one() {
        let axis = |n: u32| (0..n).map(|i| 0.5 + 0.1 * f64::from(i)).collect::<Vec<f64>>();
        let activity = ReservoirAxis { species: "B".into(), convention: Convention::Activity, values: axis(7) };
        let grid = StateGrid::product(&axis(6), 1.0, &[activity]).with_diagonals();
        // rows ahead, rows behind, and pairs by themselves
        let one = StatesOfOne::new(&grid).expect("one species");
        let groups = Rounds::new(&grid, 1, &one.place_of).groups;
        let runs = || groups.iter().flat_map(|group| &group.runs);
        assert!(runs().any(|run| run.len > 2 && run.a < run.b) && runs().any(|run| run.len > 2 && run.b < run.a));
        let any: Vec<StateRef> = grid.states.iter().map(StatePoint::as_ref).collect();
        let measured: Vec<Measurement> = (0..42_u16)
            .map(|r| Measurement { energy: -0.37 * f64::from(r * 29 % 17), counts: [r * 5 % 9].into_iter().collect() })
            .collect();
        let after = |of_one: bool| {
            let mut assignment = Assignment::identity(42, 1);
            let rounds = |held: OfWalker<'_>| match of_one {
                true => in_groups(PlacesOfOne::new(&one, held, &measured), &groups),
                false => in_groups(Places::new(&any, held, &measured), &groups),
            };
            let accepted: Vec<Vec<u32>> = assignment.by_walker().into_iter().map(rounds).collect();
            (accepted, assignment)
        };
        let found = after(true);
        assert_eq!(found, after(false));
        assert!(found.0[0].contains(&0) && found.0[0].contains(&1));
    }

    /// What is accepted of all groups in turn, by numbers between 0 and ln 2⁻⁴.
    fn in_groups(mut places: impl Hold, groups: &[Group]) -> Vec<u32> {
        let mut all = Vec::new();
        for (g, group) in groups.iter().enumerate() {
            let numbers: Vec<f64> = (0..group.len()).map(|k| -0.173 * ((7 * k + g) % 16) as f64 - 0.01).collect();
            let mut accepted = vec![0; group.len()];
            places.exchange(group, &numbers, &mut accepted);
            all.extend(accepted);
        }
        places.settle();
        all
    }

    /// ln acc of every pair in turn, to the bit, where those that it favours are swapped.
    fn decide(mut places: impl Hold, pairs: &[Pair]) -> Vec<u64> {
        let of_pair = |pair: &Pair| {
            let ln_acc = places.ln_acc(pair);
            places.swap_if(ln_acc > 0.0, pair);
            ln_acc.to_bits()
        };
        let found = pairs.iter().map(of_pair).collect();
        places.settle();
        found
    }
}
