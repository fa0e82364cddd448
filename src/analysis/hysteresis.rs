//! Hysteresis between walkers: even ones start empty, odd ones filled, and both must come to the same averages.

use crate::analysis::statistics::inefficiency::Memory;
use crate::analysis::{AnalysisInput, Map, MapCell};
use crate::thermo::states::StateGrid;
use std::borrow::Cow;

/// Standard errors beyond which the halves differ.
pub const DIFFER: f64 = 4.0;
/// Fewest samples of a half from which its error can be estimated.
const FEWEST: f64 = 8.0;

/// A state that is excluded because its even and odd walkers do not agree.
#[derive(Debug, Clone, PartialEq)]
pub struct ExcludedState {
    /// State.
    pub state: usize,
    /// `[n_reservoirs]`, ⟨N⟩ of the even walkers.
    pub even: Vec<f64>,
    /// `[n_reservoirs]`, ⟨N⟩ of the odd walkers.
    pub odd: Vec<f64>,
    /// The largest difference of ⟨N⟩ or ⟨E⟩ in units of its error.
    pub z: f64,
}

/// Mean, variance, inefficiency and number of samples of E, N₁, … of one state in one half.
#[derive(Debug, Clone)]
struct Half {
    mean: Vec<f64>,
    variance: Vec<f64>,
    g: f64,
    samples: f64,
}

/// The largest z of every state between even and odd walkers: `[n_states]`, NaN where they cannot be compared; and the
/// states that differ by more than 4.
///
/// Each half's squared error is Var g/n with the larger variance of the two halves (one that missed a rare excursion does
/// not know its own error) and its own g, of the state series or of the replica paths. The resolution is added: n samples
/// of inefficiency g cannot see an excursion by one atom, or by kT, that fills less than g/n of the time, so (g/n)² and
/// (kT g/n)² are added; a state which holds one N throughout would else have an error of zero.
pub(crate) fn compare(input: &AnalysisInput) -> (Vec<f64>, Vec<ExcludedState>) {
    let n_states = input.grid.len();
    let odd = &input.halves.odd;
    let is_odd = |n: usize| odd.get(usize::from(input.samples.walker[n])).copied();
    let both = |wanted: bool| odd.contains(&wanted);
    if !(both(true) && both(false)) {
        return (vec![f64::NAN; n_states], Vec::new());
    }
    let cohorts = input.cohorts();
    let halves = [false, true].map(|wanted| {
        let samples = input.samples.filtered(|n| is_odd(n) == Some(wanted));
        let memory = Memory::new(&samples, &input.grid, None, &cohorts, input.seed);
        let half = |k: usize| Half {
            mean: memory.mean[k].clone(),
            variance: memory.variance[k].clone(),
            g: memory.of_state(k),
            samples: memory.samples[k],
        };
        (0..n_states).map(half).collect::<Vec<Half>>()
    });
    let mut z = vec![f64::NAN; n_states];
    let mut excluded = Vec::new();
    for k in 0..n_states {
        let (a, b) = (&halves[0][k], &halves[1][k]);
        if a.samples.min(b.samples) < FEWEST {
            continue;
        }
        let resolution = |c: usize| if c == 0 { input.grid.states[k].kt } else { 1.0 };
        let of = |c: usize| {
            let variance = a.variance[c].max(b.variance[c]);
            let square = |h: &Half| variance * h.g / h.samples + (resolution(c) * h.g / h.samples).powi(2);
            (a.mean[c] - b.mean[c]).abs() / (square(a) + square(b)).sqrt()
        };
        z[k] = (0..a.mean.len()).map(of).fold(0.0, f64::max);
        if z[k] > DIFFER {
            excluded.push(ExcludedState { state: k, even: a.mean[1..].to_vec(), odd: b.mean[1..].to_vec(), z: z[k] });
        }
    }
    (z, excluded)
}

/// Removes the samples of some states from the input.
///
/// Where that would leave no sample at all they stay, and only the map is masked.
///
/// - `is_excluded`: `[n_states]`
pub(crate) fn set_aside<'a>(input: &'a AnalysisInput, is_excluded: &[bool]) -> Cow<'a, AnalysisInput> {
    if !is_excluded.contains(&true) {
        return Cow::Borrowed(input);
    }
    let samples = input.samples.filtered(|n| !is_excluded[input.samples.state[n] as usize]);
    match samples.is_empty() {
        true => Cow::Borrowed(input),
        false => Cow::Owned(AnalysisInput { samples, ..input.clone() }),
    }
}

/// Masks the cells of a map that lie nearer to an excluded state than to its neighbours along every axis, or as near.
pub(crate) fn mask(map: &mut Map, grid: &StateGrid, excluded: &[ExcludedState]) {
    mask_cells(&mut map.cells, grid, excluded);
}

/// The same of cells anywhere.
pub(crate) fn mask_cells(cells: &mut [MapCell], grid: &StateGrid, excluded: &[ExcludedState]) {
    let points = excluded.iter().filter(|f| f.state < grid.n_points());
    let boxes: Vec<Vec<(f64, f64)>> = points.map(|f| surroundings(grid, f.state)).collect();
    let inside = |cell: &MapCell, ranges: &Vec<(f64, f64)>| {
        let place = std::iter::once(cell.temperature).chain(cell.mu.iter().copied());
        ranges.iter().zip(place).all(|(&(lo, hi), x)| x >= lo && x <= hi)
    };
    for cell in cells {
        cell.masked |= boxes.iter().any(|ranges| inside(cell, ranges));
    }
}

/// Ranges of T and of every μ around a state, half way to the neighbouring values; open at the ends of an axis.
fn surroundings(grid: &StateGrid, state: usize) -> Vec<(f64, f64)> {
    let own = &grid.states[state];
    let middle = |mut values: Vec<f64>, x: f64| {
        values.sort_by(f64::total_cmp);
        let slack = 1e-9 * x.abs().max(1e-9);
        let below = values.iter().rev().find(|&&v| v < x - slack);
        let above = values.iter().find(|&&v| v > x + slack);
        let lo = below.map_or(f64::NEG_INFINITY, |b| 0.5 * (b + x) - slack);
        let hi = above.map_or(f64::INFINITY, |a| 0.5 * (a + x) + slack);
        (lo, hi)
    };
    let mut ranges = vec![middle(grid.points().iter().map(|s| s.temperature).collect(), own.temperature)];
    for (r, axis) in grid.reservoirs.iter().enumerate() {
        let same = grid.points().iter().filter(|s| s.kt.to_bits() == own.kt.to_bits());
        let values = same.map(|s| axis.convention.mu(s.ln_z[r], s.kt)).collect();
        ranges.push(middle(values, axis.convention.mu(own.ln_z[r], own.kt)));
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::diagnostics::WalkerSplit;
    use crate::sample::{SampleRow, Samples};
    use crate::thermo::Convention;
    use crate::thermo::states::ReservoirAxis;
    use rand::{RngExt, SeedableRng};

    /// Two walkers; at the coldest temperature the odd one keeps 12 atoms and the even one none.
    fn input(excluded: bool) -> AnalysisInput {
        let axis = ReservoirAxis { species: "B".into(), convention: Convention::Activity, values: vec![-3.0, -2.0] };
        let grid = StateGrid::product(&[0.2, 0.4, 0.6], 1.0, &[axis]);
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(7);
        let mut samples = Samples::new(1);
        for cycle in 0..600 {
            for walker in 0..2_u16 {
                for state in 0..6_u32 {
                    let stuck = excluded && state < 2;
                    let n: u16 = if stuck { 12 * walker } else { rng.random_range(0..9) };
                    let energy = -f64::from(n);
                    let replica = u32::from(walker) * 6 + state;
                    samples.push(SampleRow { cycle, walker, replica, state, energy, counts: &[n] });
                }
            }
        }
        AnalysisInput {
            grid,
            samples,
            n_max: vec![20],
            boltzmann: 1.0,
            pressure_unit: 1.0,
            other_mobile_atoms: 0,
            frozen_slab: true,
            production: 600,
            seed: 1,
            runs: Vec::new(),
            wanted: None,
            halves: WalkerSplit { odd: vec![false, true], start_differently: true },
            cell: Default::default(),
        }
    }

    #[test]
    fn states_that_remember_their_start_are_set_aside_and_masked() {
        let input = input(true);
        let excluded = compare(&input).1;
        let flags: Vec<bool> = (0..6).map(|k| excluded.iter().any(|f| f.state == k)).collect();
        let retained = set_aside(&input, &flags);
        assert_eq!(excluded.iter().map(|f| f.state).collect::<Vec<_>>(), [0, 1]);
        assert_eq!((excluded[0].even[0], excluded[0].odd[0]), (0.0, 12.0));
        assert!(retained.samples.state.iter().all(|&k| k >= 2) && retained.samples.len() == 600 * 2 * 4);
        let cell = |temperature: f64, mu: f64| MapCell { temperature, mu: vec![mu], ..MapCell::default() };
        let cells = vec![cell(0.2, -2.9), cell(0.3, -2.0), cell(0.31, -2.0), cell(0.6, -3.0)];
        let mut map = Map { temperatures: vec![], axes: vec![], cells };
        mask(&mut map, &input.grid, &excluded[1..]);
        assert_eq!(map.cells.iter().map(|c| c.masked).collect::<Vec<_>>(), [false, true, false, false]);
        mask(&mut map, &input.grid, &excluded);
        assert_eq!(map.cells.iter().map(|c| c.masked).collect::<Vec<_>>(), [true, true, false, false]);
    }

    #[test]
    fn states_in_equilibrium_are_not_flagged() {
        let (z, excluded) = compare(&input(false));
        assert!(excluded.is_empty() && z.iter().all(|z| *z < 4.0), "{z:?}");
        let alone = AnalysisInput { halves: WalkerSplit::default(), ..input(true) };
        assert!(compare(&alone).1.is_empty());
    }
}
