//! Equilibrium of the replicas together: sums over states, by halves of production and of walkers.
//!
//! A state settles as soon as the replicas in it do, and these come from a pool that may still be filling: what remembers
//! the start is how many replicas there are in each basin, and a sum over states counts them.

use super::checks::SumCheck;
use crate::analysis::AnalysisInput;
use crate::analysis::statistics::inefficiency::Memory;

/// |z| beyond which a sum over states drifts, or remembers its start.
pub(super) const DRIFTS: f64 = 4.0;

/// Compares the halves of every collective coordinate, and counts its independent samples.
pub(super) fn sums(memory: &Memory, input: &AnalysisInput) -> Vec<SumCheck> {
    let (walker_of, cohorts) = (&memory.blocks.walker_of, input.cohorts());
    let cohort_of = memory.blocks.cohorts(&cohorts);
    let place = |block: usize| {
        let own = |b: &usize| walker_of[*b] == walker_of[block];
        let (before, all) = ((0..block).filter(own).count(), (0..walker_of.len()).filter(own).count());
        2 * before >= all
    };
    let late: Vec<bool> = (0..walker_of.len()).map(place).collect();
    let is_odd: Vec<bool> =
        walker_of.iter().map(|&w| input.halves.odd.get(usize::from(w)).copied().unwrap_or(false)).collect();
    let check = |c: &crate::analysis::statistics::collective::Collective| {
        let own = |b: &usize| cohort_of[*b] == c.cohort;
        let blocks: Vec<f64> = (0..c.blocks.len()).filter(own).map(|b| c.blocks[b]).collect();
        let kinds = |of: &[bool]| -> Vec<bool> { (0..of.len()).filter(own).map(|b| of[b]).collect() };
        let odd = kinds(&is_odd);
        let comparable = odd.contains(&true) && odd.contains(&false);
        SumCheck {
            runs: cohorts.name(c.cohort),
            column: c.column,
            temperature: c.kt.map(|kt| kt / input.boltzmann),
            halves: difference(&blocks, &kinds(&late), c.variance),
            starts: if comparable { difference(&blocks, &odd, c.variance) } else { f64::NAN },
            independent: c.independent,
        }
    };
    memory.collectives.iter().map(check).collect()
}

/// Mean over the blocks of one kind less that over the others, in standard errors of independent parts of the run.
///
/// - `variance`: square of the standard error of the mean over all blocks
fn difference(blocks: &[f64], kind: &[bool], variance: f64) -> f64 {
    let mean = |wanted: bool| {
        let values = || blocks.iter().zip(kind).filter(|(_, k)| **k == wanted).map(|(x, _)| *x);
        (values().sum::<f64>() / values().count() as f64, values().count() as f64 / blocks.len() as f64)
    };
    let ((a, share_a), (b, share_b)) = (mean(true), mean(false));
    (a - b) / (variance / share_a + variance / share_b).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_differ_in_units_of_their_own_errors() {
        // Each half has twice the variance of the whole: the difference four times.
        let halves = [false, false, true, true];
        assert!((difference(&[-1.0, -1.0, 1.0, 1.0], &halves, 0.25) - 2.0).abs() < 1e-12);
        assert!((difference(&[-1.0, 1.0, 1.0, -1.0], &halves, 0.25)).abs() < 1e-12);
        assert!(difference(&[1.0; 4], &[true; 4], 0.25).is_nan());
    }
}
