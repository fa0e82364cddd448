//! What the states of one walker hold, in the order of states: rounds read it through, and need not look for replicas.

use super::Pair;
use super::assignment::OfWalker;
use super::group::{Group, Run, RunKind};
use crate::base::ids::StateId;
use crate::system::configuration::{Counts, Measurement};
use crate::thermo::acceptance::{ConfigurationRef, StateRef, accept_ln, exchange_ln_acc};
use crate::thermo::states::{StateGrid, StatePoint};

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

/// States of one reservoir species and without windows, side by side for thousands of pairs a round. `[n_states]`
#[derive(Debug, Clone)]
pub(super) struct StatesOfOne {
    betas: Vec<f64>,
    ln_zs: Vec<f64>,
}

impl StatesOfOne {
    /// `None` where there are others, or windows.
    pub(super) fn new(grid: &StateGrid) -> Option<StatesOfOne> {
        let one = |s: &StatePoint| match s.ln_z[..] {
            [ln_z] if s.window.is_none() => Some((s.beta(), ln_z)),
            _ => None,
        };
        let (betas, ln_zs) = grid.states.iter().map(one).collect::<Option<(Vec<f64>, Vec<f64>)>>()?;
        Some(StatesOfOne { betas, ln_zs })
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
        swap_if(&mut self.configurations, swap, pair);
    }

    fn settle(mut self) {
        for (state, held) in self.configurations.iter().enumerate() {
            self.held.assign(StateId(state as u32), held.replica as usize);
        }
    }
}

/// Configurations of one species, each thing of all states side by side: a round goes through them in step.
pub(super) struct PlacesOfOne<'a> {
    states: &'a StatesOfOne,
    held: OfWalker<'a>,
    /// `[n_states]`
    energies: Vec<f64>,
    /// `[n_states]`
    counts: Vec<u16>,
    /// `[n_states]`, counted from the first of the walker.
    replicas: Vec<u32>,
}

impl<'a> PlacesOfOne<'a> {
    /// - `measured`: `[n_states]`, of the replicas of the walker
    pub(super) fn new(states: &'a StatesOfOne, held: OfWalker<'a>, measured: &[Measurement]) -> PlacesOfOne<'a> {
        let of = |state: usize| held.replica_of(StateId(state as u32));
        let replicas: Vec<u32> = (0..measured.len()).map(|state| of(state) as u32).collect();
        let measured = |&replica: &u32| &measured[replica as usize];
        let energies = replicas.iter().map(|r| measured(r).energy).collect();
        let counts = replicas.iter().map(|r| measured(r).counts[0]).collect();
        PlacesOfOne { states, held, energies, counts, replicas }
    }

    /// Pairs of two rows.
    fn exchange_rows(&mut self, run: &Run, ln_uniforms: &[f64], accepted: &mut [u32]) {
        let (betas_a, betas_b) = two_rows(&self.states.betas, run);
        let (ln_zs_a, ln_zs_b) = two_rows(&self.states.ln_zs, run);
        let (energies_a, energies_b) = two_rows_mut(&mut self.energies, run);
        let (counts_a, counts_b) = two_rows_mut(&mut self.counts, run);
        let (replicas_a, replicas_b) = two_rows_mut(&mut self.replicas, run);
        let (ln_uniforms, accepted) = (&ln_uniforms[..run.len], &mut accepted[..run.len]);
        for k in 0..run.len {
            let (beta, ln_z) = ([betas_a[k], betas_b[k]], [ln_zs_a[k], ln_zs_b[k]]);
            let (energy, count) = ([energies_a[k], energies_b[k]], [counts_a[k], counts_b[k]]);
            let accept = accept_ln(ln_uniforms[k], ln_acc_of_one(beta, ln_z, energy, count));
            [energies_a[k], energies_b[k]] = reversed_if(accept, energy);
            [counts_a[k], counts_b[k]] = reversed_if(accept, count);
            [replicas_a[k], replicas_b[k]] = reversed_if(accept, [replicas_a[k], replicas_b[k]]);
            accepted[k] += u32::from(accept);
        }
    }

    /// Pairs of neighbours.
    fn exchange_neighbours(&mut self, run: &Run, ln_uniforms: &[f64], accepted: &mut [u32]) {
        let both = run.a..run.a + 2 * run.len;
        let betas = &self.states.betas[both.clone()].as_chunks::<2>().0[..run.len];
        let ln_zs = &self.states.ln_zs[both.clone()].as_chunks::<2>().0[..run.len];
        let energies = &mut self.energies[both.clone()].as_chunks_mut::<2>().0[..run.len];
        let counts = &mut self.counts[both.clone()].as_chunks_mut::<2>().0[..run.len];
        let replicas = &mut self.replicas[both].as_chunks_mut::<2>().0[..run.len];
        let (ln_uniforms, accepted) = (&ln_uniforms[..run.len], &mut accepted[..run.len]);
        for k in 0..run.len {
            let accept = accept_ln(ln_uniforms[k], ln_acc_of_one(betas[k], ln_zs[k], energies[k], counts[k]));
            energies[k] = reversed_if(accept, energies[k]);
            counts[k] = reversed_if(accept, counts[k]);
            replicas[k] = reversed_if(accept, replicas[k]);
            accepted[k] += u32::from(accept);
        }
    }
}

/// What the rows of a run have.
fn two_rows<'a, T>(of_states: &'a [T], run: &Run) -> (&'a [T], &'a [T]) {
    (&of_states[run.a..run.a + run.len], &of_states[run.b..run.b + run.len])
}

/// The same, to be changed: the first row ends before the second begins.
fn two_rows_mut<'a, T>(of_states: &'a mut [T], run: &Run) -> (&'a mut [T], &'a mut [T]) {
    let (before, from_b) = of_states.split_at_mut(run.b);
    (&mut before[run.a..run.a + run.len], &mut from_b[..run.len])
}

#[inline(always)]
fn reversed_if<T: Copy>(reverse: bool, [a, b]: [T; 2]) -> [T; 2] {
    if reverse { [b, a] } else { [a, b] }
}

impl Hold for PlacesOfOne<'_> {
    #[inline]
    fn ln_acc(&self, pair: &Pair) -> f64 {
        let [a, b] = [pair.a.index(), pair.b.index()];
        let (beta, ln_z) = ([self.states.betas[a], self.states.betas[b]], [self.states.ln_zs[a], self.states.ln_zs[b]]);
        ln_acc_of_one(beta, ln_z, [self.energies[a], self.energies[b]], [self.counts[a], self.counts[b]])
    }

    #[inline]
    fn swap_if(&mut self, swap: bool, pair: &Pair) {
        swap_if(&mut self.energies, swap, pair);
        swap_if(&mut self.counts, swap, pair);
        swap_if(&mut self.replicas, swap, pair);
    }

    fn exchange(&mut self, group: &Group, ln_uniforms: &[f64], accepted: &mut [u32]) {
        let mut done = 0;
        for run in &group.runs {
            let (pairs, all) = (&group.pairs[done..], done..done + run.len);
            let (ln_uniforms, accepted) = (&ln_uniforms[all.clone()], &mut accepted[all.clone()]);
            match run.kind {
                RunKind::Rows => self.exchange_rows(run, ln_uniforms, accepted),
                RunKind::Neighbours => self.exchange_neighbours(run, ln_uniforms, accepted),
                RunKind::Single => {
                    let accept = accept_ln(ln_uniforms[0], self.ln_acc(&pairs[0]));
                    self.swap_if(accept, &pairs[0]);
                    accepted[0] += u32::from(accept);
                }
            }
            done = all.end;
        }
    }

    fn settle(mut self) {
        for (state, &replica) in self.replicas.iter().enumerate() {
            self.held.assign(StateId(state as u32), replica as usize);
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
    use crate::moves::exchange::{Assignment, Exchange, Exchanger};
    use crate::thermo::Convention;
    use crate::thermo::states::ReservoirAxis;
    use rayon::iter::ParallelIterator;

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
            let decided: Vec<Vec<u64>> = assignment.by_walker().map(decided).collect();
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
        let schedule = Exchange::EvenOdd { every: 1, rounds: 1, diagonals: true };
        let exchanger = Exchanger::new(&grid, schedule);
        assert!(exchanger.groups.iter().any(|group| group.runs[0].kind == RunKind::Rows && group.runs[0].len > 3));
        assert!(exchanger.groups.iter().any(|group| group.runs[0].kind == RunKind::Neighbours));
        let one = StatesOfOne::new(&grid).expect("one species");
        let any: Vec<StateRef> = grid.states.iter().map(StatePoint::as_ref).collect();
        let measured: Vec<Measurement> = (0..42_u16)
            .map(|r| Measurement { energy: -0.37 * f64::from(r * 29 % 17), counts: [r * 5 % 9].into_iter().collect() })
            .collect();
        let after = |of_one: bool| {
            let mut assignment = Assignment::identity(42, 1);
            let rounds = |held: OfWalker<'_>| match of_one {
                true => in_groups(PlacesOfOne::new(&one, held, &measured), &exchanger.groups),
                false => in_groups(Places::new(&any, held, &measured), &exchanger.groups),
            };
            let accepted: Vec<Vec<u32>> = assignment.by_walker().map(rounds).collect();
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
