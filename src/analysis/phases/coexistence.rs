//! First-order boundaries: points where two basins are equally probable.

use crate::analysis::maps::map::N_EFF_MIN;
use crate::analysis::mbar::{Bins, Collapsed, log_sum_exp};
use crate::analysis::phases::basins::{Marginal, Thresholds};
use crate::analysis::phases::classify::{Class, Classifier, class_of};

/// Depth of the valley [kT] below which two basins are one.
pub(crate) const SEPARATE: f64 = 1.0;

/// A crossing of two combinations along the axis of one species at one temperature.
#[derive(Debug, Clone)]
pub(crate) struct Crossing {
    /// k_B T [energy]
    pub(crate) kt: f64,
    /// `[n_reservoirs]`, at equal probability
    pub(crate) ln_z: Vec<f64>,
    /// The species whose axis crosses
    pub(crate) species: usize,
    /// Combinations of [`Thresholds`] on the two sides
    pub(crate) sides: (usize, usize),
    /// Classes of the two sides
    pub(crate) classes: (Class, Class),
    /// Depth of the valley between them [kT]
    pub(crate) depth: f64,
    /// ⟨E⟩ of the second side less that of the first [energy]
    pub(crate) delta_energy: f64,
    /// `[n_reservoirs]`, ⟨N⟩ of the second side less that of the first
    pub(crate) delta_n: Vec<f64>,
    /// Where a replica is well inside either side
    pub(crate) cores: Cores,
}

/// The parts of two basins beyond their medians, seen from each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cores {
    /// The species whose N tells the basins apart
    pub(crate) species: usize,
    /// Median of N in the first and in the second basin
    pub(crate) median: (u16, u16),
}

impl Cores {
    /// Whether N of the species lies in the core of the first (0) or the second (1) basin.
    pub(crate) fn holds(&self, side: usize, n: u16) -> bool {
        let (own, other) = if side == 0 { self.median } else { (self.median.1, self.median.0) };
        if own < other { n <= own } else { n >= own }
    }
}

/// Samples at one temperature, with the thresholds that tell phases apart.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    pub(crate) samples: &'a Collapsed,
    pub(crate) bins: &'a Bins,
    /// `[n_columns][n_compositions]`
    pub(crate) means: &'a [Vec<f64>],
    pub(crate) thresholds: &'a Thresholds,
}

/// Two cells next to each other along the axis of one species.
#[derive(Debug, Clone)]
pub(crate) struct Neighbours {
    /// The species
    pub(crate) species: usize,
    /// `[n_reservoirs]`, ln z of one cell
    pub(crate) from: Vec<f64>,
    /// `[n_reservoirs]`, ln z of the other
    pub(crate) to: Vec<f64>,
    /// Their dominant combinations
    pub(crate) sides: (usize, usize),
}

/// ln z of `species` at which both combinations are equally probable, the other activities as in `ln_z`.
///
/// - returns: `None` if one side has no weight or there is no crossing within 60 of `ln_z`
pub(crate) fn equal_probability(
    samples: &Collapsed,
    bins: &Bins,
    thresholds: &Thresholds,
    sides: (usize, usize),
    species: usize,
    ln_z: &[f64],
) -> Option<f64> {
    // ln of the bins of each side with the other activities in place, and N of the species.
    let mut terms = [Vec::new(), Vec::new()];
    let ln_p = bins.ln_p(samples, ln_z);
    for (composition, ln_p) in samples.compositions().iter().zip(ln_p) {
        let side = match thresholds.combination(composition) {
            x if x == sides.0 => 0,
            x if x == sides.1 => 1,
            _ => continue,
        };
        if ln_p.is_finite() {
            terms[side].push((ln_p, f64::from(composition[species])));
        }
    }
    if terms.iter().any(Vec::is_empty) {
        return None;
    }
    let difference = |shift: f64| {
        let side = |t: &[(f64, f64)]| log_sum_exp(t.iter().map(|(l, n)| l + n * shift));
        side(&terms[1]) - side(&terms[0])
    };
    // Outwards until the sign changes, then halves.
    let at_zero = difference(0.0);
    if at_zero == 0.0 {
        return Some(ln_z[species]);
    }
    let mut bracket = None;
    let mut step = 0.05;
    while step < 60.0 {
        let (below, above) = (-step, step);
        if difference(below) * at_zero <= 0.0 {
            bracket = Some((below, 0.0));
            break;
        }
        if difference(above) * at_zero <= 0.0 {
            bracket = Some((0.0, above));
            break;
        }
        step *= 2.0;
    }
    let (mut lo, mut hi): (f64, f64) = bracket?;
    let at_lo = difference(lo);
    for _ in 0..60 {
        let middle = 0.5 * (lo + hi);
        if difference(middle) * at_lo > 0.0 { lo = middle } else { hi = middle }
    }
    Some(ln_z[species] + 0.5 * (lo + hi))
}

/// Depth of the valley of P(N) between two combinations in any species in which they differ [kT]; −∞ if there is none.
pub(crate) fn depth(
    samples: &Collapsed,
    bins: &Bins,
    thresholds: &Thresholds,
    sides: (usize, usize),
    p: &[f64],
) -> f64 {
    (0..thresholds.of.len())
        .filter_map(|s| {
            let (a, b) = (thresholds.interval(sides.0, s), thresholds.interval(sides.1, s));
            let marginal = Marginal::new(samples, bins, p, s);
            match (a != b, marginal.peak(a), marginal.peak(b)) {
                (true, Some(a), Some(b)) => Some(marginal.depth(a, b).depth),
                _ => None,
            }
        })
        .fold(f64::NEG_INFINITY, f64::max)
}

/// Median of N of a species over some of the compositions.
fn median_of(samples: &Collapsed, p: &[f64], species: usize, within: impl Fn(usize) -> bool) -> u16 {
    let mut weights: Vec<(u16, f64)> =
        (0..p.len()).filter(|&c| within(c)).map(|c| (samples.compositions()[c][species], p[c])).collect();
    weights.sort_unstable_by_key(|w| w.0);
    let half = 0.5 * weights.iter().map(|w| w.1).sum::<f64>();
    let mut sum = 0.0;
    let at = weights.iter().find(|w| {
        sum += w.1;
        sum >= half
    });
    at.map_or(0, |w| w.0)
}

/// Candidates for crossings at one temperature.
///
/// Searches between cells next to each other along an axis whose dominant basins differ, and keeps a crossing where there
/// is a valley between the two basins, both together hold most of the probability, and the effective samples suffice.
/// Whether the valley is deep enough is decided with its error.
///
/// - `pairs`: neighbouring cells of this temperature with different dominant combinations
pub(crate) fn crossings(row: Row<'_>, classifier: &Classifier, pairs: &[Neighbours]) -> Vec<Crossing> {
    let Row { samples, bins, means, thresholds } = row;
    let mut found: Vec<Crossing> = Vec::new();
    for Neighbours { species, from, to, sides } in pairs {
        let middle: Vec<f64> = from.iter().zip(to).map(|(a, b)| 0.5 * (a + b)).collect();
        let Some(root) = equal_probability(samples, bins, thresholds, *sides, *species, &middle) else { continue };
        let (lo, hi) = (from[*species].min(to[*species]), from[*species].max(to[*species]));
        if root < lo - (hi - lo) || root > hi + (hi - lo) {
            continue;
        }
        let mut ln_z = middle;
        ln_z[*species] = root;
        let (ln_sum, p) = bins.probabilities(samples, &ln_z);
        if bins.moments_of(samples, ln_sum, &p).n_eff < N_EFF_MIN {
            continue;
        }
        let of_side = |side: usize| -> (f64, f64, Vec<f64>) {
            let member = |c: usize| thresholds.combination(&samples.compositions()[c]) == side;
            let members: Vec<usize> = (0..p.len()).filter(|&c| p[c] > 0.0 && member(c)).collect();
            let mass: f64 = members.iter().map(|&c| p[c]).sum();
            let mean = |f: &dyn Fn(usize) -> f64| members.iter().map(|&c| p[c] * f(c)).sum::<f64>() / mass;
            let n = (0..thresholds.of.len()).map(|s| mean(&|c| f64::from(samples.compositions()[c][s]))).collect();
            (mass, mean(&|c| bins.mean_energy[c]), n)
        };
        let ((mass_a, energy_a, n_a), (mass_b, energy_b, n_b)) = (of_side(sides.0), of_side(sides.1));
        if mass_a + mass_b < 0.5 {
            continue;
        }
        let depth = depth(samples, bins, thresholds, *sides, &p);
        let apart = |s: &usize| thresholds.interval(sides.0, *s) != thresholds.interval(sides.1, *s);
        let told = std::iter::once(*species).chain(0..thresholds.of.len()).find(apart).unwrap_or(*species);
        let median = |side: usize| {
            let of = |c: usize| thresholds.combination(&samples.compositions()[c]) == side;
            median_of(samples, &p, told, of)
        };
        if depth > 0.0 {
            let class = |side: usize| class_of(classifier, thresholds, samples, means, &p, side);
            found.push(Crossing {
                kt: 1.0 / bins.beta,
                species: *species,
                sides: *sides,
                classes: (class(sides.0), class(sides.1)),
                depth,
                delta_energy: energy_b - energy_a,
                delta_n: n_b.iter().zip(&n_a).map(|(b, a)| b - a).collect(),
                cores: Cores { species: told, median: (median(sides.0), median(sides.1)) },
                ln_z,
            });
        }
    }
    found
}
