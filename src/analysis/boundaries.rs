//! First-order boundaries: points where two basins are equally probable.

use super::BoundaryPoint;
use super::map::{N_EFF_MIN, Surroundings};
use super::mbar::{Bins, Collapsed, log_sum_exp};
use super::phases::{Marginal, Thresholds};

/// A crossing of two combinations along the axis of one species at one temperature.
#[derive(Debug, Clone)]
pub(super) struct Crossing {
    /// k_B T [energy]
    pub(super) kt: f64,
    /// `[n_reservoirs]`, at equal probability
    pub(super) ln_z: Vec<f64>,
    /// The species whose axis crosses
    pub(super) species: usize,
    /// Combinations of [`Thresholds`] on the two sides
    pub(super) sides: (usize, usize),
}

/// Two cells next to each other along the axis of one species.
#[derive(Debug, Clone)]
pub(super) struct Neighbours {
    /// The species
    pub(super) species: usize,
    /// `[n_reservoirs]`, ln z of one cell
    pub(super) from: Vec<f64>,
    /// `[n_reservoirs]`, ln z of the other
    pub(super) to: Vec<f64>,
    /// Their dominant combinations
    pub(super) sides: (usize, usize),
}

/// ln z of `species` at which both combinations are equally probable, the other activities as in `ln_z`.
///
/// - returns: `None` if one side has no weight or there is no crossing within 60 of `ln_z`
pub(super) fn equal_probability(
    samples: &Collapsed,
    bins: &Bins,
    thresholds: &Thresholds,
    sides: (usize, usize),
    species: usize,
    ln_z: &[f64],
) -> Option<f64> {
    // ln of the bins of each side with the other activities in place, and N of the species.
    let mut terms = [Vec::new(), Vec::new()];
    for (c, composition) in samples.compositions().iter().enumerate() {
        let side = match thresholds.combination(composition) {
            x if x == sides.0 => 0,
            x if x == sides.1 => 1,
            _ => continue,
        };
        if bins.ln_b[c].is_finite() {
            terms[side].push((bins.ln_b[c] + samples.chemical(c, ln_z), f64::from(composition[species])));
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

/// The crossings at one temperature.
///
/// Looks between cells next to each other along an axis whose dominant basins differ, and keeps a crossing where the
/// valley between the two basins is deeper than 1 kT (its error taken off), both together hold most of the
/// probability, and the effective samples suffice.
///
/// - `pairs`: neighbouring cells of this temperature with different dominant combinations
pub(super) fn crossings(
    samples: &Collapsed,
    bins: &Bins,
    thresholds: &Thresholds,
    pairs: &[Neighbours],
) -> Vec<Crossing> {
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
        let mass = |side: usize| -> f64 {
            let members = samples.compositions().iter().zip(&p).filter(|(c, _)| thresholds.combination(c) == side);
            members.map(|(_, p)| p).sum()
        };
        if mass(sides.0) + mass(sides.1) < 0.5 {
            continue;
        }
        // A valley in any species in which the two sides differ.
        let separated = (0..thresholds.of.len()).any(|s| {
            let (a, b) = (thresholds.interval(sides.0, s), thresholds.interval(sides.1, s));
            let marginal = Marginal::new(samples, bins, &p, s);
            match (a != b, marginal.peak(a), marginal.peak(b)) {
                (true, Some(a), Some(b)) => marginal.depth(a, b).0 > 1.0,
                _ => false,
            }
        });
        if separated {
            found.push(Crossing { kt: 1.0 / bins.beta, ln_z, species: *species, sides: *sides });
        }
    }
    found
}

/// The row of `boundaries.csv` of a crossing.
///
/// - `ln_z_err`: standard error of ln z of the crossing species
pub(super) fn boundary_point(
    around: &Surroundings<'_>,
    crossing: &Crossing,
    ln_z_err: f64,
    phase_of: &[Option<usize>],
) -> Option<BoundaryPoint> {
    let cell = around.cell_at(crossing.kt, &crossing.ln_z);
    let atoms = around.grid.reservoirs[crossing.species].convention.atoms_per_molecule();
    let pressure = |shift: f64| cell.pressure[crossing.species] * (atoms * shift).exp();
    let (a, b) = (phase_of[crossing.sides.0]?, phase_of[crossing.sides.1]?);
    Some(BoundaryPoint {
        phase_a: a.min(b),
        phase_b: a.max(b),
        kind: "first_order",
        temperature: cell.temperature,
        mu_err: crossing.kt * ln_z_err,
        pressure_low: pressure(-ln_z_err),
        pressure_high: pressure(ln_z_err),
        mu: cell.mu,
        pressure: cell.pressure,
    })
}
