//! P(N) at chosen points.

use crate::analysis::Distribution;
use crate::analysis::mbar::{Bins, marginal};
use crate::analysis::prepared::MbarSolution;
use crate::thermo::states::StateGrid;

/// A point at which P(N) is reported.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) temperature: f64,
    pub(crate) kt: f64,
    /// `[n_reservoirs]`, column `mu_<s>` [energy]
    pub(crate) mu: Vec<f64>,
    /// `[n_reservoirs]`
    pub(crate) ln_z: Vec<f64>,
}

/// Most points at one temperature.
const PLACES: usize = 6;

/// Points of the lowest, middle and highest simulated temperature, each at its boundaries and a simulated step to either side;
/// where there is no boundary at both ends and the middle of the axes.
///
/// - `boundaries`: kT and `mu` of the boundary points
pub(crate) fn places(grid: &StateGrid, boundaries: &[(f64, Vec<f64>)]) -> Vec<Place> {
    if grid.n_reservoirs() == 0 {
        return Vec::new();
    }
    let mut order: Vec<&crate::thermo::states::StatePoint> = grid.points().iter().collect();
    order.sort_by(|a, b| a.kt.total_cmp(&b.kt));
    order.dedup_by(|a, b| a.kt.to_bits() == b.kt.to_bits());
    let mut chosen = vec![0, order.len() / 2, order.len() - 1];
    chosen.dedup();
    let mut places = Vec::new();
    for &t in &chosen {
        let (kt, temperature) = (order[t].kt, order[t].temperature);
        // The axes in their column `mu` at this temperature.
        let axes: Vec<Vec<f64>> = grid
            .reservoirs
            .iter()
            .enumerate()
            .map(|(s, r)| {
                let here = grid.values_around(s, kt).into_iter();
                let mut mu: Vec<f64> = here.map(|x| r.convention.mu(r.convention.ln_z(x, kt), kt)).collect();
                mu.sort_by(f64::total_cmp);
                mu
            })
            .collect();
        let mut at: Vec<Vec<f64>> = Vec::new();
        for (_, mu) in boundaries.iter().filter(|(k, _)| (k / kt - 1.0).abs() < 1e-9) {
            for side in [-1.0, 0.0, 1.0] {
                at.push(
                    mu.iter()
                        .zip(&axes)
                        .map(|(&mu, axis)| {
                            let step = (axis[axis.len() - 1] - axis[0]) / (axis.len().max(2) - 1) as f64;
                            (mu + side * step).clamp(axis[0], axis[axis.len() - 1])
                        })
                        .collect(),
                );
            }
        }
        if at.is_empty() {
            let fraction = |f: usize| axes.iter().map(|axis| axis[(axis.len() - 1) * f / 2]).collect::<Vec<f64>>();
            at.extend([fraction(0), fraction(1), fraction(2)]);
        }
        at.dedup();
        at.truncate(PLACES);
        for mu in at {
            let ln_z = grid.reservoirs.iter().zip(&mu).map(|(r, &mu)| r.convention.ln_z_of_mu(mu, kt)).collect();
            places.push(Place { temperature, kt, mu, ln_z });
        }
    }
    places
}

/// P(N_s) of every species at each place, without errors.
pub(crate) fn at(places: &[Place], solved: &MbarSolution, n_max: &[u16]) -> Vec<Distribution> {
    let mut distributions = Vec::new();
    for place in places {
        let bins = Bins::new(&solved.collapsed, None, None, &solved.solution.ln_d, 1.0 / place.kt);
        let (_, p) = bins.probabilities(&solved.collapsed, &place.ln_z);
        for (reservoir, &n_max) in n_max.iter().enumerate() {
            distributions.push(Distribution {
                reservoir,
                temperature: place.temperature,
                mu: place.mu.clone(),
                p_n: marginal(&solved.collapsed, &p, reservoir, usize::from(n_max)),
                p_n_err: Vec::new(),
            });
        }
    }
    distributions
}
