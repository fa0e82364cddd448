//! Layers: a histogram of atoms over z in fine bins; layers are found in the analysis, at the minima of the profile.
//!
//! Nothing is assumed about where layers lie: [`edges`] reads it from a mean profile, [`occupation`] counts the atoms of
//! every sample between the edges, [`coverage`] and [`excess`] turn them into adsorption.

use super::density::profile;
use super::geometry::Adsorbate;
use super::{Adsorbed, Geometry, Observable};
use crate::observables::record::{Field, Observed, Role};
use crate::system::cell::Cell;
use half::f16;

/// Widest bin, in σ between two atoms of the species.
pub const WIDEST_BIN: f64 = 0.05;
/// A maximum of the profile below this fraction of the highest is no layer.
const SMALLEST_PEAK: f64 = 0.02;
/// A minimum parts two layers where the profile falls below this fraction of the lower of them.
const VALLEY: f64 = 0.7;
/// The uppermost layer ends where the profile falls below this fraction of its maximum.
const END: f64 = 0.05;

/// Bins from floor to ceiling for atoms of diameter `sigma` \[length\].
pub fn bins(cell: &Cell, sigma: f64) -> usize {
    (cell.lengths.z / (WIDEST_BIN * sigma)).ceil() as usize
}

/// Upper edges of layers, from a mean profile.
///
/// The profile is smoothed over three bins; its maxima are layers, unless they are tiny or no valley parts them from a
/// higher one. Between two layers the edge is the minimum (the middle of an empty range). The uppermost layer ends where
/// the profile has fallen to that of the gas: below a twentieth of the maximum, else at its minimum, else at the end.
///
/// - `profile`: `[bins]`, mean number of atoms in every bin
/// - returns: `[n_layers]`, ascending: layer k holds the bins from edge k − 1 (0 for the first) up to, not including, edge
///   k; what lies above the last edge is gas. Empty for an empty profile.
pub fn edges(profile: &[f64]) -> Vec<usize> {
    let p = smooth(&smooth(profile));
    let highest = p.iter().copied().fold(0.0, f64::max);
    if highest <= 0.0 {
        return Vec::new();
    }
    let peaks = peaks(&p, SMALLEST_PEAK * highest);
    let mut edges: Vec<usize> = peaks.windows(2).map(|pair| minimum(&p, pair[0], pair[1])).collect();
    let last = peaks[peaks.len() - 1];
    let fallen = (last..p.len()).find(|&k| p[k] < END * p[last]);
    edges.push(fallen.unwrap_or_else(|| match minimum(&p, last, p.len()) {
        k if p[k] < VALLEY * p[last] => k,
        _ => p.len(),
    }));
    edges
}

/// Running mean with weights 1/4, 1/2, 1/4; the ends count twice.
fn smooth(p: &[f64]) -> Vec<f64> {
    let at = |k: usize| p[k.min(p.len() - 1)];
    (0..p.len()).map(|k| 0.25 * at(k.saturating_sub(1)) + 0.5 * p[k] + 0.25 * at(k + 1)).collect()
}

/// Maxima of at least `smallest`, parted by valleys.
fn peaks(p: &[f64], smallest: f64) -> Vec<usize> {
    let mut peaks: Vec<usize> = Vec::new();
    let rises = |k: usize| k == 0 || p[k] > p[k - 1];
    let falls = |k: usize| k + 1 == p.len() || p[k] >= p[k + 1];
    for k in (0..p.len()).filter(|&k| p[k] >= smallest && rises(k) && falls(k)) {
        match peaks.last().copied() {
            // No valley between: the higher one stands for both.
            Some(last) if p[minimum(p, last, k)] >= VALLEY * p[last].min(p[k]) => {
                if p[k] > p[last] {
                    peaks.pop();
                    // The higher one may not be parted from the one before either.
                    while let Some(&before) = peaks.last() {
                        if p[minimum(p, before, k)] < VALLEY * p[before].min(p[k]) {
                            break;
                        }
                        peaks.pop();
                    }
                    peaks.push(k);
                }
            }
            _ => peaks.push(k),
        }
    }
    peaks
}

/// The lowest bin of `from..to`; of several equal ones the middle one.
fn minimum(p: &[f64], from: usize, to: usize) -> usize {
    let lowest = p[from..to].iter().copied().fold(f64::INFINITY, f64::min);
    let equal: Vec<usize> = (from..to).filter(|&k| p[k] <= lowest).collect();
    equal.get(equal.len() / 2).copied().unwrap_or(from)
}

/// Atoms of one sample in every layer, and above the last.
///
/// - `histogram`: `[bins]`, as stored
/// - `edges`: `[n_layers]`, from [`edges`]
/// - returns: `[n_layers + 1]`
pub fn occupation(histogram: &[f16], edges: &[usize]) -> Vec<f64> {
    let starts = std::iter::once(0).chain(edges.iter().copied());
    let ends = edges.iter().copied().chain(std::iter::once(histogram.len()));
    starts.zip(ends).map(|(a, b)| histogram[a..b].iter().map(|n| n.to_f64()).sum()).collect()
}

/// Coverage in monolayers: atoms per site of one layer of the slab.
pub fn coverage(atoms: f64, sites_per_layer: u64) -> f64 {
    atoms / sites_per_layer as f64
}

/// Excess adsorption N − z V: atoms beyond those that an ideal gas would have in the accessible volume.
///
/// - `ln_z`: activity, as its logarithm [1/length³]
/// - `volume`: accessible volume, that of the insertion region \[length³\]
pub fn excess(atoms: f64, ln_z: f64, volume: f64) -> f64 {
    atoms - ln_z.exp() * volume
}

/// `layers_<s>` of every adsorbed species.
#[derive(Debug)]
pub(super) struct Layers {
    cell: Cell,
    adsorbates: Vec<Adsorbate>,
}

impl Layers {
    pub(super) fn new(geometry: &Geometry) -> Layers {
        Layers { cell: geometry.cell, adsorbates: geometry.adsorbates.clone() }
    }
}

impl Observable for Layers {
    fn fields(&self) -> Vec<Field> {
        let field = |a: &Adsorbate| {
            let bins = bins(&self.cell, a.sigma);
            Field::histogram(format!("layers_{}", a.name), self.cell.floor, self.cell.ceiling(), bins)
                .with_role(Role::LayerProfile)
        };
        self.adsorbates.iter().map(field).collect()
    }

    fn evaluate(&self, atoms: &Adsorbed<'_>, observed: &mut Observed) {
        for a in &self.adsorbates {
            observed.histogram(&profile(&self.cell, atoms.of_species(a.species), bins(&self.cell, a.sigma)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gaussian layers (centre, width, atoms) on a gas, in 120 bins from 0 to 6.
    fn layered(layers: &[(f64, f64, f64)], gas: f64) -> Vec<f64> {
        let of = |z: f64, &(centre, width, atoms): &(f64, f64, f64)| {
            atoms * 0.05 / width * (-0.5 * ((z - centre) / width).powi(2)).exp() / (2.0 * std::f64::consts::PI).sqrt()
        };
        let z = |k: usize| 0.05 * (k as f64 + 0.5);
        (0..120).map(|k| gas + layers.iter().map(|l| of(z(k), l)).sum::<f64>()).collect()
    }

    #[test]
    fn edges_lie_at_the_minima() {
        let profile = layered(&[(0.95, 0.1, 12.0), (2.45, 0.15, 12.0), (3.95, 0.25, 9.0)], 0.001);
        let e = edges(&profile);
        assert_eq!(e.len(), 3);
        let z: Vec<f64> = e.iter().map(|&k| 0.05 * k as f64).collect();
        assert!((z[0] - 1.6).abs() < 0.2 && (z[1] - 3.1).abs() < 0.15 && (4.4..4.8).contains(&z[2]), "{z:?}");
        let halves: Vec<f16> = profile.iter().map(|&n| f16::from_f64(n)).collect();
        let n = occupation(&halves, &e);
        assert!((n[0] - 12.0).abs() < 0.1 && (n[1] - 12.0).abs() < 0.1 && (n[2] - 9.0).abs() < 0.3, "{n:?}");
        assert!((n.iter().sum::<f64>() - profile.iter().sum::<f64>()).abs() < 0.02);
    }

    #[test]
    fn shoulders_noise_and_gas_are_no_layers() {
        // a layer with a ripple on its top, and a gas of single atoms above
        let mut profile = layered(&[(0.95, 0.1, 12.0)], 0.0);
        for (k, n) in profile.iter_mut().enumerate() {
            *n *= if k % 2 == 0 { 1.05 } else { 0.95 };
            *n += if k % 7 == 0 { 0.002 } else { 0.0 };
        }
        let e = edges(&profile);
        assert!(e.len() == 1 && (1.1..1.5).contains(&(0.05 * e[0] as f64)), "{e:?}");
        assert!(edges(&[0.0; 20]).is_empty() && edges(&[]).is_empty());
        assert_eq!(edges(&[1.0, 1.1, 0.95, 1.0, 1.05, 0.9]), [6]);
    }

    #[test]
    fn two_equal_maxima_close_together_are_one_layer() {
        let profile = layered(&[(0.85, 0.1, 6.0), (1.05, 0.1, 6.0), (2.5, 0.2, 3.0)], 0.0);
        assert_eq!(edges(&profile).len(), 2);
    }

    #[test]
    fn coverage_and_excess() {
        assert_eq!(coverage(12.0, 36), 1.0 / 3.0);
        assert!((excess(5.0, 0.01_f64.ln(), 200.0) - 3.0).abs() < 1e-12);
        assert_eq!(bins(&Cell::slab(glam::DVec3::new(6.6, 5.7, 6.0), 0.0), 1.65), 73);
    }
}
