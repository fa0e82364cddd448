//! Means of stored histograms in chosen states: profiles over z, distances of pairs, numbers of neighbours.

use super::AnalysisInput;
use crate::analysis::statistics::inefficiency::Memory;
use crate::sample::Samples;
use crate::thermo::states::StateGrid;

/// Temperatures from which states are chosen, and states at each.
const MOST: (usize, usize) = (3, 3);
/// States of a run without a reservoir.
const MOST_TEMPERATURES: usize = 7;

/// A stored histogram on average over each state's own samples, in chosen states.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MeanHistogram {
    /// Name of its column, e.g. `density_B`.
    pub name: String,
    /// Name under an axis.
    pub label: String,
    /// Lower edge of the first bin.
    pub lo: f64,
    /// Upper edge of the last bin.
    pub hi: f64,
    /// The chosen states, by ascending temperature and then number of atoms.
    pub states: Vec<StateHistogram>,
}

/// One state of a [`MeanHistogram`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StateHistogram {
    /// Index of the state.
    pub state: usize,
    /// `[bins]`, mean over samples
    pub mean: Vec<f64>,
    /// `[bins]`, standard errors; NaN of a single sample
    pub error: Vec<f64>,
    /// Mean number of pairs of adsorbed atoms, ⟨N(N−1)/2⟩.
    pub pairs: f64,
}

/// The means of every histogram of the samples in the states of [`chosen`].
///
/// Errors are √(g Var/n) of each bin, with the statistical inefficiency g of the state's energy and numbers of atoms.
pub(super) fn mean_histograms(input: &AnalysisInput, memory: &Memory) -> Vec<MeanHistogram> {
    let samples = &input.samples;
    if samples.histograms.is_empty() {
        return Vec::new();
    }
    let chosen = chosen(&input.grid, memory);
    // Samples of each chosen state.
    let mut own: Vec<Vec<usize>> = vec![Vec::new(); chosen.len()];
    for (n, &k) in samples.state.iter().enumerate() {
        if let Some(place) = chosen.iter().position(|&c| c == k as usize) {
            own[place].push(n);
        }
    }
    let histogram = |h: &crate::observables::record::Histogram| MeanHistogram {
        name: h.name.clone(),
        label: h.label.clone(),
        lo: h.lo,
        hi: h.hi,
        states: chosen
            .iter()
            .zip(&own)
            .map(|(&state, own)| {
                let count = own.len() as f64;
                let (mut sum, mut squares) = (vec![0.0; h.bins], vec![0.0; h.bins]);
                for &n in own {
                    for (bin, x) in h.of(n).iter().map(|x| x.to_f64()).enumerate().filter(|(_, x)| *x != 0.0) {
                        sum[bin] += x;
                        squares[bin] += x * x;
                    }
                }
                let mean: Vec<f64> = sum.iter().map(|s| s / count).collect();
                let per_sample = memory.series(state) / (count - 1.0);
                let error = |(s, m): (&f64, &f64)| match own.len() {
                    0 | 1 => f64::NAN,
                    _ => ((s / count - m * m).max(0.0) * per_sample).sqrt(),
                };
                let error = squares.iter().zip(&mean).map(error).collect();
                let pairs = own.iter().map(|&n| pairs(samples, n, input.cell.fixed_adsorbates)).sum::<f64>() / count;
                StateHistogram { state, mean, error, pairs }
            })
            .collect(),
    };
    samples.histograms.iter().map(histogram).collect()
}

/// Pairs of adsorbed atoms of a sample.
fn pairs(samples: &Samples, n: usize, fixed: usize) -> f64 {
    let atoms = fixed as f64 + samples.counts.iter().map(|of| f64::from(of[n])).sum::<f64>();
    0.5 * atoms * (atoms - 1.0)
}

/// The states of which histograms are shown: at the lowest, the middle and the highest temperature those with about a
/// third, two thirds and all of the largest number of atoms there; without a reservoir temperatures evenly spread.
fn chosen(grid: &StateGrid, memory: &Memory) -> Vec<usize> {
    let mut temperatures = grid.temperatures();
    temperatures.sort_by(f64::total_cmp);
    temperatures.dedup();
    let most = if grid.n_reservoirs() == 0 { MOST_TEMPERATURES } else { MOST.0 };
    let spread: Vec<f64> = spread(temperatures.len(), most).into_iter().map(|i| temperatures[i]).collect();
    let mut all = Vec::new();
    for temperature in spread {
        let atoms = |k: usize| memory.mean[k][1..].iter().sum::<f64>();
        let here = (0..grid.n_points()).filter(|&k| grid.states[k].temperature == temperature);
        let here: Vec<usize> = here.filter(|&k| memory.samples[k] > 0.0).collect();
        let largest = here.iter().map(|&k| atoms(k)).fold(0.0, f64::max);
        let mut of_this: Vec<usize> = Vec::new();
        for i in 1..=MOST.1 {
            let wanted = largest * i as f64 / MOST.1 as f64;
            let distance = |k: &usize| (atoms(*k) - wanted).abs();
            let nearest = here.iter().copied().min_by(|a, b| distance(a).total_cmp(&distance(b)));
            of_this.extend(nearest.filter(|k| !of_this.contains(k)));
        }
        all.extend(of_this);
    }
    all
}

/// Up to `most` of `n` places, evenly spread, the ends included.
fn spread(n: usize, most: usize) -> Vec<usize> {
    if n <= most { (0..n).collect() } else { (0..most).map(|i| i * (n - 1) / (most - 1)).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::statistics::cohorts::Cohorts;
    use crate::observables::record::{Histogram, Role};
    use crate::sample::SampleRow;
    use crate::thermo::Convention;
    use crate::thermo::states::ReservoirAxis;
    use half::f16;

    #[test]
    fn means_are_those_of_the_states_with_a_third_two_thirds_and_all_of_the_atoms() {
        let axis = ReservoirAxis {
            species: "B".into(),
            convention: Convention::Activity,
            values: vec![-4.0, -3.0, -2.0, -1.0],
        };
        let grid = StateGrid::product(&[1.0], 1.0, &[axis]);
        let mut samples = Samples::new(1);
        let mut values = Vec::new();
        // State k holds 3k atoms, in every other sample one more; all of them in bin 1 of 2.
        for cycle in 0..400 {
            for k in 0..4_u16 {
                let n = 3 * k + (cycle % 2) as u16;
                let (replica, state) = (u32::from(k), u32::from(k));
                samples.push(SampleRow { cycle, walker: 0, replica, state, energy: -f64::from(n), counts: &[n] });
                values.extend([f16::ZERO, f16::from_f32(f32::from(n))]);
            }
        }
        let (name, label) = ("density_B".to_owned(), "density_B".to_owned());
        samples.histograms.push(Histogram { name, label, role: Role::Average, lo: 0.0, hi: 2.0, bins: 2, values });
        let memory = Memory::new(&samples, &grid, None, &Cohorts::one(4, 400), 1);
        let input = AnalysisInput {
            grid,
            samples,
            n_max: vec![20],
            boltzmann: 1.0,
            pressure_unit: 1.0,
            other_mobile_atoms: 0,
            frozen_slab: true,
            production: 400,
            seed: 1,
            runs: Vec::new(),
            wanted: None,
            halves: Default::default(),
            cell: crate::analysis::CellContext { fixed_adsorbates: 2, ..Default::default() },
        };
        let [found] = &mean_histograms(&input, &memory)[..] else { panic!("one histogram") };
        let states: Vec<usize> = found.states.iter().map(|s| s.state).collect();
        assert_eq!(states, [1, 2, 3]);
        for s in &found.states {
            let atoms = 3.0 * s.state as f64;
            assert_eq!((s.mean[0], s.error[0]), (0.0, 0.0));
            assert!((s.mean[1] - atoms - 0.5).abs() < 1e-12);
            let expected = (0.25 * memory.series(s.state) / 399.0).sqrt();
            assert!((s.error[1] / expected - 1.0).abs() < 1e-9, "{} {expected}", s.error[1]);
            let pairs = |n: f64| 0.5 * (n + 2.0) * (n + 1.0);
            assert!((s.pairs - 0.5 * (pairs(atoms) + pairs(atoms + 1.0))).abs() < 1e-9);
        }
    }

    #[test]
    fn spread_places_hold_both_ends() {
        assert_eq!(spread(9, 3), [0, 4, 8]);
        assert_eq!(spread(2, 3), [0, 1]);
    }
}
