//! The parts into which a grid falls where the samples of its states do not overlap.
//!
//! Two states are joined by samples of either that could as well be of the other. Of a sample of states i and j its
//! difference of reduced potentials w = u_j − u_i is all that tells where it belongs (Bennett): ln(p_i/p_j) = w + f_i − f_j.
//! Whatever the free energies are, the best guess calls it one of j if w lies below some border. The border that puts the
//! fewest samples on the wrong side is found by counting, so nothing that MBAR would have to solve first is assumed; those
//! on the wrong side, w of i's below it and w of j's above, are the samples that the states share. If [`SHARED`] of them are
//! independent, f_j − f_i is known from them, with a standard error of about a third of kT or less. If the samples of i and j lie
//! apart, however close to each other, there are none, and f_j − f_i could be anything between the two.
//!
//! Parts are the connected components of the graph of joined states: neighbours of the grid, and where those do not join
//! it, the states nearest to each other.
//!
//! # Source
//! Bennett, J. Comput. Phys. 22, 245 (1976); the error of the best guess is the overlap of two distributions, Klimovich,
//! Shirts & Mobley, J. Comput.-Aided Mol. Des. 29, 397 (2015).

use crate::analysis::mbar::Parts;
use crate::analysis::statistics::inefficiency::{inefficiency, places};
use crate::analysis::statistics::work::Work;
use crate::sample::Samples;
use crate::thermo::states::{StateGrid, StatePoint};
use rayon::prelude::*;
use std::collections::BTreeSet;

/// Independent samples that two states must share.
const SHARED: f64 = 8.0;
/// Samples of a state that are looked at.
const MOST: usize = 2048;
/// Nearest states outside its own part with which a state is compared, where neighbours of the grid do not join all.
const NEAREST: usize = 16;

/// Some samples of one state: chains of walkers, each in order of time.
struct Own {
    energy: Vec<f64>,
    /// `[n_samples * n_reservoirs]`
    counts: Vec<u16>,
    /// Samples of each walker.
    chains: Vec<usize>,
}

/// Finds the parts of a grid.
pub(crate) fn parts(grid: &StateGrid, samples: &Samples) -> Parts {
    let n_states = grid.len();
    let chains = places(samples, n_states, |n| samples.state[n] as usize);
    let own: Vec<Own> = chains.iter().map(|chains| Own::new(samples, chains)).collect();
    let sampled: Vec<usize> = (0..n_states).filter(|&k| !own[k].energy.is_empty()).collect();
    let mut union = Union::new(n_states);
    let join = |pairs: Vec<(usize, usize)>, union: &mut Union| {
        let joined: Vec<bool> = pairs.par_iter().map(|&(a, b)| joined(grid, &own, a, b)).collect();
        pairs.iter().zip(joined).filter(|(_, joined)| *joined).for_each(|(&(a, b), _)| union.join(a, b));
    };
    let edges = grid.edges.iter().map(|e| (e.a.index(), e.b.index()));
    join(edges.filter(|&(a, b)| !own[a].energy.is_empty() && !own[b].energy.is_empty()).collect(), &mut union);
    if sampled.iter().any(|&k| union.root(k) != union.root(sampled[0])) {
        let others = nearest_others(grid, &sampled, &mut union);
        join(others, &mut union);
    }
    let of_state = union.numbers(sampled.iter().copied());
    Parts::new(grid, of_state)
}

impl Own {
    fn new(samples: &Samples, chains: &[Vec<usize>]) -> Own {
        let stride = chains.iter().map(Vec::len).sum::<usize>().div_ceil(MOST).max(1);
        let mut own = Own { energy: Vec::new(), counts: Vec::new(), chains: Vec::new() };
        for chain in chains {
            let before = own.energy.len();
            for &n in chain.iter().step_by(stride) {
                own.energy.push(samples.energy[n]);
                own.counts.extend(samples.counts.iter().map(|column| column[n]));
            }
            own.chains.push(own.energy.len() - before);
        }
        own
    }

    /// u_b − u_a of every sample.
    fn work(&self, a: &StatePoint, b: &StatePoint) -> Vec<f64> {
        let (work, n_s) = (Work::new(a, b), a.ln_z.len());
        let of = |(n, &energy): (usize, &f64)| work.of(energy, |r| self.counts[n * n_s + r]);
        self.energy.iter().enumerate().map(of).collect()
    }

    /// Independent samples among those for which `holds`.
    fn independent(&self, work: &[f64], holds: impl Fn(f64) -> bool) -> f64 {
        let held: Vec<f64> = work.iter().map(|&w| f64::from(u8::from(holds(w)))).collect();
        let mut rest = &held[..];
        let series: Vec<Vec<f64>> = self
            .chains
            .iter()
            .map(|&n| {
                let (chain, after) = rest.split_at(n);
                rest = after;
                chain.to_vec()
            })
            .collect();
        held.iter().sum::<f64>() / inefficiency(&series)
    }
}

/// Whether two states share enough samples.
fn joined(grid: &StateGrid, own: &[Own], a: usize, b: usize) -> bool {
    let (state_a, state_b) = (&grid.states[a], &grid.states[b]);
    let (work_a, work_b) = (own[a].work(state_a, state_b), own[b].work(state_a, state_b));
    let border = border(&work_a, &work_b);
    own[a].independent(&work_a, |w| w <= border) + own[b].independent(&work_b, |w| w > border) >= SHARED
}

/// The w up to which samples are best taken for those of the second state: the share of the first state's that lie up to
/// there and of the second's that lie above is least.
fn border(first: &[f64], second: &[f64]) -> f64 {
    let mut all: Vec<(f64, bool)> =
        first.iter().map(|&w| (w, true)).chain(second.iter().map(|&w| (w, false))).collect();
    all.sort_by(|x, y| x.0.total_cmp(&y.0));
    let (share_first, share_second) = (1.0 / first.len() as f64, 1.0 / second.len() as f64);
    let (mut wrong, mut least, mut border) = (1.0, 1.0, f64::NEG_INFINITY);
    for same in all.chunk_by(|x, y| x.0 == y.0) {
        wrong += same.iter().map(|&(_, of_first)| if of_first { share_first } else { -share_second }).sum::<f64>();
        if wrong < least {
            (least, border) = (wrong, same[0].0);
        }
    }
    border
}

/// Pairs of states in different parts: of each state those outside its own that are nearest, along axes scaled to their spans.
fn nearest_others(grid: &StateGrid, sampled: &[usize], union: &mut Union) -> Vec<(usize, usize)> {
    let place = |k: usize| -> Vec<f64> {
        let state = &grid.states[k];
        std::iter::once(state.kt.ln()).chain(state.ln_z.iter().copied()).collect()
    };
    let places: Vec<Vec<f64>> = sampled.iter().map(|&k| place(k)).collect();
    let span = |d: usize| {
        let values = || places.iter().map(|p| p[d]);
        (values().fold(f64::NEG_INFINITY, f64::max) - values().fold(f64::INFINITY, f64::min)).max(1e-12)
    };
    let spans: Vec<f64> = (0..=grid.n_reservoirs()).map(span).collect();
    let distance = |i: usize, j: usize| -> f64 {
        let along = places[i].iter().zip(&places[j]).zip(&spans);
        along.map(|((a, b), span)| ((a - b) / span).powi(2)).sum()
    };
    let roots: Vec<usize> = sampled.iter().map(|&k| union.root(k)).collect();
    let mut pairs = BTreeSet::new();
    for i in 0..sampled.len() {
        let mut others: Vec<usize> = (0..sampled.len()).filter(|&j| roots[j] != roots[i]).collect();
        others.sort_by(|&x, &y| distance(i, x).total_cmp(&distance(i, y)));
        pairs.extend(others.iter().take(NEAREST).map(|&j| (sampled[i.min(j)], sampled[i.max(j)])));
    }
    pairs.into_iter().collect()
}

/// Sets of states that grow together.
#[derive(Debug)]
pub(crate) struct Union {
    parent: Vec<usize>,
}

impl Union {
    pub(crate) fn new(n: usize) -> Union {
        Union { parent: (0..n).collect() }
    }

    /// The first state of the set that holds a state.
    fn root(&mut self, mut k: usize) -> usize {
        while self.parent[k] != k {
            self.parent[k] = self.parent[self.parent[k]];
            k = self.parent[k];
        }
        k
    }

    /// Makes one set of those that hold two states.
    pub(crate) fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.parent[a.max(b)] = a.min(b);
    }

    /// The set of each of some states, numbered from 0 in their order: `[n_states]`, `None` for the others.
    pub(crate) fn numbers(&mut self, states: impl Iterator<Item = usize>) -> Vec<Option<u32>> {
        let (mut of_root, mut numbers) = (vec![None; self.parent.len()], vec![None; self.parent.len()]);
        let mut next = 0;
        for k in states {
            let number = of_root[self.root(k)].get_or_insert_with(|| {
                next += 1;
                next - 1
            });
            numbers[k] = Some(*number);
        }
        numbers
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::SampleRow;
    use crate::thermo::Convention;
    use crate::thermo::states::ReservoirAxis;

    fn chain(values: &[f64]) -> StateGrid {
        let axis = ReservoirAxis { species: "B".into(), convention: Convention::Activity, values: values.to_vec() };
        StateGrid::product(&[1.0], 1.0, &[axis])
    }

    /// N of every state in the course of time.
    fn samples(cycles: u32, n: impl Fn(u32, u32) -> u16, states: u32) -> Samples {
        let mut samples = Samples::new(1);
        for cycle in 0..cycles {
            for state in 0..states {
                let counts = [n(state, cycle)];
                samples.push(SampleRow { cycle, walker: 0, replica: state, state, energy: 0.0, counts: &counts });
            }
        }
        samples
    }

    /// A sequence without memory.
    fn noise(state: u32, cycle: u32) -> u32 {
        let x =
            (u64::from(cycle) * 2_654_435_761 + u64::from(state) * 40_503 + 12_345).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (x >> 40) as u32
    }

    #[test]
    fn samples_that_lie_apart_do_not_join_however_near() {
        let grid = chain(&[-1.0, -0.999]);
        let of = |gap: u16| {
            let n = |state: u32, cycle: u32| (noise(state, cycle) % 10) as u16 + if state == 1 { gap } else { 0 };
            parts(&grid, &samples(400, n, 2)).of_state
        };
        assert_eq!(of(10), [Some(0), Some(1)]);
        assert_eq!(of(11), [Some(0), Some(1)]);
        assert_eq!(of(9), [Some(0), Some(0)]);
    }

    #[test]
    fn one_visit_does_not_join_and_many_do() {
        let grid = chain(&[-2.0, -1.0]);
        // Forty samples of the lower state lie where those of the upper are: in a row, or now and then.
        let n = |state: u32, visits: bool, cycle: u32| match (state, visits) {
            (0, false) => (noise(0, cycle) % 8) as u16,
            _ => 20 + (noise(1, cycle) % 8) as u16,
        };
        let once = samples(400, |state, cycle| n(state, cycle < 40, cycle), 2);
        let often = samples(400, |state, cycle| n(state, cycle % 10 == 0, cycle), 2);
        assert_eq!(parts(&grid, &once).of_state, [Some(0), Some(1)]);
        assert_eq!(parts(&grid, &often).of_state, [Some(0), Some(0)]);
    }

    #[test]
    fn states_that_are_no_neighbours_join_too() {
        // The middle state has no samples: those on its sides overlap.
        let grid = chain(&[-2.0, -1.9, -1.8]);
        let all = samples(300, |state, cycle| (noise(state, cycle) % 10) as u16 + state as u16, 3);
        let found = parts(&grid, &all.filtered(|n| all.state[n] != 1));
        assert_eq!((found.of_state, found.number), (vec![Some(0), None, Some(0)], 1));
    }
}
