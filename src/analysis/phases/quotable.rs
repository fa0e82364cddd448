//! Which cells and states may be quoted: not those that hold both sides of a boundary whose ratio is not known.

use crate::analysis::Map;
use crate::analysis::mbar::{Bins, Collapsed};
use crate::analysis::phases::basins::Thresholds;
use crate::analysis::phases::lines::Judged;
use crate::analysis::prepared::Reweighting;
use crate::analysis::result::ENOUGH_CROSSINGS;
use crate::thermo::states::StateGrid;
use rayon::prelude::*;

/// Probability of the lesser side from which an average depends on the ratio of the two, which may be off by some e-fold.
const SHARE: f64 = 1e-3;

/// Sides of boundaries that replicas have not crossed often enough.
#[derive(Debug)]
pub(crate) struct Unconverged<'a> {
    /// kT with the combinations on the two sides, by rising temperature
    sides: Vec<(f64, (usize, usize))>,
    /// kT of all candidates, ascending
    kts: Vec<f64>,
    thresholds: &'a Thresholds,
}

impl<'a> Unconverged<'a> {
    pub(crate) fn new(judged: &Judged, thresholds: &'a Thresholds) -> Unconverged<'a> {
        // Whether the valley is significant or not: one that few have crossed is not known to be shallow.
        let few = |&i: &usize| judged.passages[i] < ENOUGH_CROSSINGS;
        let sides =
            (0..judged.crossings.len()).filter(few).map(|i| (judged.crossings[i].kt, judged.crossings[i].sides));
        let mut kts: Vec<f64> = judged.crossings.iter().map(|c| c.kt).collect();
        kts.dedup();
        Unconverged { sides: sides.collect(), kts, thresholds }
    }

    /// Sets `quotable` of the cells that are not masked.
    ///
    /// - `bins`: of each temperature of the map
    pub(crate) fn mark(&self, map: &mut Map, samples: &Collapsed, bins: &[Bins]) {
        let width = (map.cells.len() / map.temperatures.len().max(1)).max(1);
        map.cells.par_chunks_mut(width).zip(bins).for_each(|(row, bins)| {
            let sides = self.at(1.0 / bins.beta);
            for cell in row {
                cell.quotable = !cell.masked && !self.mixes(&sides, samples, bins, &cell.ln_z);
            }
        });
    }

    /// Whether each simulated state is free of them: `[n_states]`.
    pub(crate) fn states(&self, grid: &StateGrid, samples: &Collapsed, basis: &Reweighting) -> Vec<bool> {
        let bins = basis.bins();
        let free = |k: usize| {
            let state = &grid.states[k];
            !self.mixes(&self.at(state.kt), samples, &bins[basis.place(state)], &state.ln_z)
        };
        (0..grid.len()).map(free).collect()
    }

    /// Those at the temperature at which lines were looked for that is nearest.
    fn at(&self, kt: f64) -> Vec<(usize, usize)> {
        let nearest = self.kts.iter().copied().min_by(|a, b| (a - kt).abs().total_cmp(&(b - kt).abs()));
        let here = |at: f64| nearest.is_some_and(|n| (at / n - 1.0).abs() < 1e-9);
        self.sides.iter().filter(|s| here(s.0)).map(|s| s.1).collect()
    }

    fn mixes(&self, sides: &[(usize, usize)], samples: &Collapsed, bins: &Bins, ln_z: &[f64]) -> bool {
        if sides.is_empty() {
            return false;
        }
        let mut mass = vec![0.0; self.thresholds.n_combinations()];
        let p = bins.probabilities(samples, ln_z).1;
        for (composition, p) in samples.compositions().iter().zip(&p) {
            mass[self.thresholds.combination(composition)] += p;
        }
        sides.iter().any(|&(a, b)| f64::min(mass[a], mass[b]) >= SHARE)
    }
}
