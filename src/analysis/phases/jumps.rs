//! Jumps between neighbouring states that no replica has bridged: a first-order line may run there, and nobody knows where.
//!
//! Between two states the mean of their work w = u_b − u_a falls by as much as it fluctuates on the way,
//! ⟨w⟩_a − ⟨w⟩_b = ∫₀¹ Var_λ w dλ, with λ from u_a to u_b. If it falls by more than the larger of the variances in the two states
//! explains, then w is more uncertain somewhere between than in either: a transition lies there. Either of the states may then be on
//! the wrong side of it, and its own samples, all from one basin, cannot tell: a state whose gas has not condensed yet looks as
//! well sampled as one whose gas never will. What can tell are replicas. One that was beyond the median of a and is later beyond that
//! of b, both times in states on the line of the grid that leads from a to b, has found a way, through other states if need be; where
//! few did, neither state is known to be in equilibrium with the other. Walkers that were started differently and agree tell as well.

use crate::analysis::result::ENOUGH_CROSSINGS;
use crate::analysis::statistics::inefficiency::places;
use crate::analysis::statistics::work::Work;
use crate::analysis::{Map, MapCell};
use crate::sample::Samples;
use crate::thermo::states::{Axis, Edge, StateGrid, StatePoint};
use rayon::prelude::*;

/// The mean of w must fall by more than this multiple of the larger variance. At 1 it is the identity above that speaks; a larger
/// one misses lines of which rare excursions have widened w on one side (2 of 3 runs that were 5σ off in a quoted state).
const UNEXPLAINED: f64 = 1.0;
/// Samples that a state must have.
const FEWEST: usize = 8;

/// Neighbouring states between which the configurations jump, and few replicas have gone from one kind to the other.
#[derive(Debug, Clone, PartialEq)]
pub struct Jump {
    /// The pair, along one axis.
    pub edge: Edge,
    /// `[n_reservoirs]`, ⟨N_s⟩ in the first and in the second state
    pub n: (Vec<f64>, Vec<f64>),
    /// Times a replica went from the one kind to the other, between the medians of w in the two states.
    pub crossings: u64,
}

/// Finds them.
///
/// - `settled`: `[n_states]`, whether walkers that started differently agree in a state
pub(crate) fn jumps(grid: &StateGrid, samples: &Samples, settled: &[bool]) -> Vec<Jump> {
    let mut of_state: Vec<Vec<usize>> = vec![Vec::new(); grid.len()];
    // Replica by replica, each in order of time.
    let n_replicas = samples.replica.iter().max().map_or(0, |&r| r as usize + 1);
    for n in places(samples, n_replicas, |n| samples.replica[n] as usize).into_iter().flatten().flatten() {
        of_state[samples.state[n] as usize].push(n);
    }
    let neighbours = |e: &&Edge| e.axis().is_some() && !(settled[e.a.index()] && settled[e.b.index()]);
    let edges: Vec<Edge> = grid.edges.iter().filter(neighbours).copied().collect();
    edges.par_iter().filter_map(|edge| jump(grid, samples, &of_state, edge)).collect()
}

fn jump(grid: &StateGrid, samples: &Samples, of_state: &[Vec<usize>], edge: &Edge) -> Option<Jump> {
    let (a, b) = (edge.a.index(), edge.b.index());
    let (of_a, of_b) = (&of_state[a], &of_state[b]);
    if of_a.len().min(of_b.len()) < FEWEST {
        return None;
    }
    let work = Work::new(&grid.states[a], &grid.states[b]);
    let w = |&n: &usize| work.of(samples.energy[n], |r| samples.counts[r][n]);
    let (in_a, in_b) = (Distribution::new(of_a.iter().map(w)), Distribution::new(of_b.iter().map(w)));
    if in_a.mean - in_b.mean <= UNEXPLAINED * in_a.variance.max(in_b.variance) {
        return None;
    }
    // Where the middle samples of both are alike (a surface that is mostly bare) there are no two kinds: the difference is that of rare ones.
    if in_a.median <= in_b.median {
        return None;
    }
    // Whose configurations are of which kind, along the line of states that the edge belongs to.
    let kind = |&n: &usize| {
        let w = w(&n);
        let is = if w >= in_a.median { Some(true) } else { (w <= in_b.median).then_some(false) };
        is.map(|first| (samples.replica[n], samples.cycle[n], first))
    };
    let line = (0..grid.n_points()).filter(|&k| on_line(grid, edge, k));
    let mut seen: Vec<(u32, u32, bool)> = line.flat_map(|k| &of_state[k]).filter_map(kind).collect();
    seen.sort_unstable();
    let passes = |pair: &&[(u32, u32, bool)]| pair[0].0 == pair[1].0 && pair[0].2 != pair[1].2;
    let crossings = seen.windows(2).filter(passes).count() as u64;
    let mean_n = |of: &[usize]| {
        let mean = |column: &Vec<u16>| of.iter().map(|&n| f64::from(column[n])).sum::<f64>() / of.len() as f64;
        samples.counts.iter().map(mean).collect()
    };
    (crossings < ENOUGH_CROSSINGS).then(|| Jump { edge: *edge, n: (mean_n(of_a), mean_n(of_b)), crossings })
}

/// Whether a state differs from those of an edge along the axis of the edge alone.
fn on_line(grid: &StateGrid, edge: &Edge, k: usize) -> bool {
    let coordinates =
        |s: &StatePoint| (0..=s.ln_z.len()).map(|d| coordinate(grid, (s.kt, &s.ln_z), d)).collect::<Vec<_>>();
    let (end, state) = (coordinates(grid.state(edge.a)), coordinates(&grid.states[k]));
    let along = match edge.axis() {
        Some(Axis::Reservoir(r)) => r + 1,
        _ => 0,
    };
    end.iter().zip(&state).enumerate().all(|(d, (x, y))| d == along || (x - y).abs() <= 1e-9 * x.abs().max(1e-300))
}

/// Moments and median of w.
struct Distribution {
    mean: f64,
    variance: f64,
    median: f64,
}

impl Distribution {
    fn new(values: impl Iterator<Item = f64>) -> Distribution {
        let mut values: Vec<f64> = values.collect();
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|w| (w - mean).powi(2)).sum::<f64>() / n;
        let middle = values.len() / 2;
        let median = *values.select_nth_unstable_by(middle, f64::total_cmp).1;
        Distribution { mean, variance, median }
    }
}

/// What may not be quoted for the sake of jumps: their states, and the cells of maps around them.
#[derive(Debug)]
pub(crate) struct Unbridged<'a> {
    grid: &'a StateGrid,
    /// Of each jump, or of each state, the steps along each axis, temperature first: index of the lower and of the higher state
    spans: Vec<Vec<(usize, usize)>>,
    /// `[n_axes]`, values ascending: kT \[energy\], then those of each reservoir
    axes: Vec<Vec<f64>>,
}

impl<'a> Unbridged<'a> {
    /// Between the states of jumps.
    pub(crate) fn new(grid: &'a StateGrid, jumps: &[Jump]) -> Unbridged<'a> {
        Unbridged::between(grid, jumps.iter().map(|jump| (jump.edge.a.index(), jump.edge.b.index())))
    }

    /// About single states.
    pub(crate) fn about(grid: &'a StateGrid, states: &[usize]) -> Unbridged<'a> {
        Unbridged::between(grid, states.iter().map(|&k| (k, k)))
    }

    fn between(grid: &'a StateGrid, pairs: impl Iterator<Item = (usize, usize)>) -> Unbridged<'a> {
        let mut axes = vec![grid.points().iter().map(|s| s.kt).collect::<Vec<f64>>()];
        axes.extend((0..grid.n_reservoirs()).map(|r| grid.values(r)));
        for axis in &mut axes {
            axis.sort_by(f64::total_cmp);
            axis.dedup_by(|a, b| (*a - *b).abs() <= 1e-9 * b.abs());
        }
        let span = |(a, b): (usize, usize)| {
            let (a, b) = (&grid.states[a], &grid.states[b]);
            let along = |(d, axis): (usize, &Vec<f64>)| {
                let at = |s| place(axis, coordinate(grid, s, d)).round() as usize;
                let ends = (at((a.kt, &a.ln_z[..])), at((b.kt, &b.ln_z[..])));
                (ends.0.min(ends.1), ends.0.max(ends.1))
            };
            axes.iter().enumerate().map(along).collect()
        };
        Unbridged { grid, spans: pairs.map(span).collect(), axes }
    }

    /// Withdraws `quotable` from the cells of a map between the two states of a jump, up to the next states along the other axes;
    /// about a single state up to the next states along all of them.
    pub(crate) fn mark(&self, map: &mut Map) {
        if self.spans.is_empty() {
            return;
        }
        map.cells.par_iter_mut().for_each(|cell| cell.quotable &= !self.holds(cell));
    }

    fn holds(&self, cell: &MapCell) -> bool {
        // ln z and the axes of the grid differ by kT alone.
        let kt = self.grid.points().first().map_or(1.0, |s| s.kt / s.temperature) * cell.temperature;
        let places: Vec<f64> = self
            .axes
            .iter()
            .enumerate()
            .map(|(d, axis)| place(axis, coordinate(self.grid, (kt, &cell.ln_z), d)))
            .collect();
        let slack = 1e-6;
        self.spans.iter().any(|span| {
            span.iter().zip(&places).all(|(&(from, to), &at)| match from == to {
                true => (at - from as f64).abs() < 1.0 - slack,
                false => at > from as f64 - slack && at < to as f64 + slack,
            })
        })
    }
}

/// Coordinate of a point (kT, ln z) along an axis of the grid: kT first, then the values of each reservoir.
fn coordinate(grid: &StateGrid, (kt, ln_z): (f64, &[f64]), axis: usize) -> f64 {
    match axis.checked_sub(1) {
        None => kt,
        Some(r) => grid.reservoirs[r].convention.value(ln_z[r], kt),
    }
}

/// Place among ascending values: i at the i-th of them, in proportion between two, beyond the ends by whole steps.
fn place(values: &[f64], x: f64) -> f64 {
    let above = values.partition_point(|&v| v < x);
    match (above.checked_sub(1).map(|i| values[i]), values.get(above)) {
        (Some(lo), Some(hi)) => (above - 1) as f64 + (x - lo) / (hi - lo),
        // A value that differs from the end by rounding stands at the end.
        (None, Some(&first)) if (x - first).abs() > 1e-9 * first.abs().max(1e-300) => -1.0,
        (None, _) => 0.0,
        (Some(last), None) if (x - last).abs() > 1e-9 * last.abs().max(1e-300) => above as f64,
        (Some(_), None) => (above - 1) as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::SampleRow;
    use crate::thermo::Convention;
    use crate::thermo::states::ReservoirAxis;
    use rand::{Rng, RngExt, SeedableRng};

    fn grid() -> StateGrid {
        let axis = ReservoirAxis { species: "B".into(), convention: Convention::Activity, values: vec![-3.0, -2.0] };
        StateGrid::product(&[0.5, 1.0], 1.0, &[axis])
    }

    /// Two states at each temperature, N by state; replicas change places with a probability a cycle and take N as it is there.
    fn sampled(n: impl Fn(usize, &mut dyn Rng) -> u16, swaps: f64) -> Samples {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(7);
        let mut holder = [0, 1, 2, 3];
        let mut samples = Samples::new(1);
        for cycle in 0..400 {
            if rng.random::<f64>() < swaps {
                holder.rotate_left(1);
            }
            for (state, &replica) in holder.iter().enumerate() {
                let counts = [n(state, &mut rng)];
                let row = SampleRow { cycle, walker: 0, replica, state: state as u32, energy: 0.0, counts: &counts };
                samples.push(row);
            }
        }
        samples
    }

    /// Dense in the second state of the colder temperature alone; elsewhere N spreads over everything between.
    fn condensed(state: usize, rng: &mut dyn Rng) -> u16 {
        match state {
            0 => rng.random_range(0..4),
            1 => rng.random_range(38..42),
            _ => rng.random_range(0..42),
        }
    }

    /// As many as there are in an ideal gas of mean 10 or 70: Poisson.
    fn ideal(state: usize, rng: &mut dyn Rng) -> u16 {
        let mean: f64 = [10.0, 70.0, 40.0, 40.0][state];
        let (limit, mut product, mut n) = ((-mean).exp(), rng.random::<f64>(), 0);
        while product > limit {
            product *= rng.random::<f64>();
            n += 1;
        }
        n
    }

    #[test]
    fn a_jump_that_no_replica_bridges_is_found_and_one_that_many_bridge_is_not() {
        let found = jumps(&grid(), &sampled(condensed, 0.0), &[false; 4]);
        assert_eq!(found.len(), 1, "{found:?}");
        let Jump { edge, n, crossings } = &found[0];
        assert_eq!((edge.a.index(), edge.b.index(), *crossings), (0, 1, 0));
        assert!((n.0[0] - 1.5).abs() < 0.3 && (n.1[0] - 39.5).abs() < 0.3, "{n:?}");
        // A ring of four, turned four times.
        let few = jumps(&grid(), &sampled(condensed, 0.01), &[false; 4]);
        assert!(few.len() == 1 && (1..20).contains(&few[0].crossings), "{few:?}");
        assert!(jumps(&grid(), &sampled(condensed, 0.5), &[false; 4]).is_empty());
        // Walkers that began differently agree in both states.
        assert!(jumps(&grid(), &sampled(condensed, 0.0), &[true, true, false, false]).is_empty());
        assert_eq!(jumps(&grid(), &sampled(condensed, 0.0), &[true, false, true, true]).len(), 1);
    }

    #[test]
    fn what_fluctuations_explain_is_no_jump() {
        // ln z differs by 2 at kT = 0.5: mean 10 → 70 is what Var N = ⟨N⟩ gives, though no sample of one could be of the other.
        assert!(jumps(&grid(), &sampled(ideal, 0.0), &[false; 4]).is_empty());
    }

    /// Hardly ever an atom: one in 4 % of the samples of the last state, none elsewhere.
    fn dilute(state: usize, rng: &mut dyn Rng) -> u16 {
        u16::from(state == 3 && rng.random::<f64>() < 0.04)
    }

    #[test]
    fn rare_atoms_on_a_bare_surface_are_no_jump() {
        // ln z differs by 1: with m = ⟨N⟩ of the denser state the mean falls by m, and the variance is m(1 − m).
        assert!(jumps(&grid(), &sampled(dilute, 0.0), &[false; 4]).is_empty());
    }

    #[test]
    fn cells_between_the_states_of_a_jump_may_not_be_quoted() {
        let grid = grid();
        let found = jumps(&grid, &sampled(condensed, 0.0), &[false; 4]);
        let unbridged = Unbridged::new(&grid, &found);
        let holds = |temperature: f64, mu: f64| {
            unbridged.holds(&MapCell { temperature, ln_z: vec![mu / temperature], ..MapCell::default() })
        };
        for (temperature, mu) in [(0.5, -3.0), (0.5, -2.5), (0.5, -2.0), (0.75, -2.2), (0.99, -2.9)] {
            assert!(holds(temperature, mu), "T = {temperature}, μ′ = {mu}");
        }
        for (temperature, mu) in [(1.0, -2.5), (0.5, -3.1), (0.75, -1.9), (1.2, -2.5)] {
            assert!(!holds(temperature, mu), "T = {temperature}, μ′ = {mu}");
        }
    }

    #[test]
    fn cells_about_a_single_state_may_not_be_quoted_up_to_the_next_states() {
        let grid = grid();
        let about = Unbridged::about(&grid, &[1]);
        let cell = |temperature: f64, mu: f64| MapCell {
            temperature,
            ln_z: vec![mu / temperature],
            quotable: true,
            ..MapCell::default()
        };
        let places = [(0.5, -2.0, false), (0.5, -2.9, false), (0.9, -2.1, false), (0.5, -3.0, true), (1.0, -2.0, true)];
        let mut map = Map { cells: places.iter().map(|&(t, mu, _)| cell(t, mu)).collect(), ..Map::default() };
        about.mark(&mut map);
        for (cell, (t, mu, quotable)) in map.cells.iter().zip(places) {
            assert_eq!(cell.quotable, quotable, "T = {t}, μ′ = {mu}");
        }
    }
}
