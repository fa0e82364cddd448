//! What the states of one walker hold, in the order of states: rounds read it through, and need not look for replicas.

use super::Pair;
use super::assignment::OfWalker;
use crate::base::ids::StateId;
use crate::system::configuration::{Counts, Measurement};
use crate::thermo::acceptance::{ConfigurationRef, StateRef, exchange_ln_acc};
use crate::thermo::states::{StateGrid, StatePoint};

/// What rounds do with the configurations of a walker.
pub(super) trait Hold: Sync {
    /// ln acc of swapping what two states hold.
    fn ln_acc(&self, pair: &Pair) -> f64;

    /// Swaps what two states hold, or does not: without a branch, because which it will be cannot be guessed.
    fn swap_if(&mut self, swap: bool, pair: &Pair);

    /// Tells the assignment which replica holds which state now.
    fn settle(self);
}

/// The states as rounds need them.
pub(super) enum States<'a> {
    /// Of one reservoir species and without windows: side by side, for thousands of pairs a round.
    OfOne(Vec<One>),
    Any(Vec<StateRef<'a>>),
}

impl<'a> States<'a> {
    pub(super) fn new(grid: &'a StateGrid) -> States<'a> {
        let one = |s: &StatePoint| match s.ln_z[..] {
            [ln_z] if s.window.is_none() => Some(One { beta: s.beta(), ln_z }),
            _ => None,
        };
        match grid.states.iter().map(one).collect() {
            Some(states) => States::OfOne(states),
            None => States::Any(grid.states.iter().map(StatePoint::as_ref).collect()),
        }
    }
}

/// A state of one reservoir species.
#[derive(Debug, Clone, Copy)]
pub(super) struct One {
    beta: f64,
    ln_z: f64,
}

impl One {
    #[inline]
    fn as_ref(&self) -> StateRef<'_> {
        StateRef { beta: self.beta, ln_z: std::slice::from_ref(&self.ln_z), window: None }
    }
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
        swap_if(&mut self.configurations, swap, pair);
    }

    fn settle(mut self) {
        for (state, held) in self.configurations.iter().enumerate() {
            self.held.assign(StateId(state as u32), held.replica as usize);
        }
    }
}

/// Configurations of one species.
pub(super) struct PlacesOfOne<'a> {
    states: &'a [One],
    held: OfWalker<'a>,
    /// `[n_states]`
    configurations: Vec<HeldOfOne>,
}

/// What rounds need to know of the replica that holds a state, of one species.
#[derive(Clone, Copy)]
struct HeldOfOne {
    energy: f64,
    /// Counted from the first of the walker.
    replica: u32,
    count: u16,
}

impl HeldOfOne {
    #[inline]
    fn as_ref(&self) -> ConfigurationRef<'_> {
        ConfigurationRef { energy: self.energy, counts: std::slice::from_ref(&self.count) }
    }
}

impl<'a> PlacesOfOne<'a> {
    /// - `measured`: `[n_states]`, of the replicas of the walker
    pub(super) fn new(states: &'a [One], held: OfWalker<'a>, measured: &[Measurement]) -> PlacesOfOne<'a> {
        let of = |state: usize| {
            let replica = held.replica_of(StateId(state as u32));
            let Measurement { energy, counts } = &measured[replica];
            HeldOfOne { energy: *energy, count: counts[0], replica: replica as u32 }
        };
        let configurations = (0..measured.len()).map(of).collect();
        PlacesOfOne { states, held, configurations }
    }
}

impl Hold for PlacesOfOne<'_> {
    #[inline]
    fn ln_acc(&self, pair: &Pair) -> f64 {
        let (a, b) = (&self.states[pair.a.index()], &self.states[pair.b.index()]);
        let (i, j) = (&self.configurations[pair.a.index()], &self.configurations[pair.b.index()]);
        exchange_ln_acc(a.as_ref(), b.as_ref(), i.as_ref(), j.as_ref())
    }

    #[inline]
    fn swap_if(&mut self, swap: bool, pair: &Pair) {
        swap_if(&mut self.configurations, swap, pair);
    }

    fn settle(mut self) {
        for (state, held) in self.configurations.iter().enumerate() {
            self.held.assign(StateId(state as u32), held.replica as usize);
        }
    }
}

#[inline]
fn swap_if<T: Copy>(configurations: &mut [T], swap: bool, pair: &Pair) {
    let both = [configurations[pair.a.index()], configurations[pair.b.index()]];
    configurations[pair.a.index()] = both[usize::from(swap)];
    configurations[pair.b.index()] = both[usize::from(!swap)];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moves::exchange::Assignment;
    use crate::thermo::Convention;
    use crate::thermo::states::ReservoirAxis;
    use rayon::iter::ParallelIterator;

    #[test]
    fn configurations_of_one_species_are_decided_as_those_of_any() {
        let axis =
            ReservoirAxis { species: "B".into(), convention: Convention::Activity, values: vec![-3.0, -2.0, -1.0] };
        let grid = StateGrid::product(&[0.5, 0.7, 1.0], 1.0, &[axis]).with_diagonals();
        let States::OfOne(one) = States::new(&grid) else { panic!("one species") };
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
            let decided: Vec<Vec<u64>> = assignment.by_walker().map(decided).collect();
            (decided, assignment)
        };
        let found = after(true);
        assert_eq!(found, after(false));
        assert_ne!(found.1, Assignment::identity(9, 1));
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
