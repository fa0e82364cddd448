//! Pairs of adsorbed atoms over their distance, and what they are divided by to give g(r).
//!
//! Stored are raw counts: `rdf` of all pairs in space, `rdf_layer` of the pairs of the first layer in the plane. A pair of
//! different atoms is counted with all its periodic images, so that r_max may exceed half a period; the images of one atom
//! are not pairs. [`normalised`] divides a mean histogram by that of an ideal gas: by N(N−1)/2 pairs times the share of the
//! volume that a shell around an atom has on average, [`shell_in_slab`], [`shell_in_bulk`] or [`ring`].

use super::geometry::Images;
use super::{Adsorbed, Geometry, Observable};
use crate::observables::record::{Field, Observed};
use crate::system::cell::Cell;
use glam::DVec3;
use std::f64::consts::PI;

/// Pairs in every bin of their distance.
///
/// - `positions`: `[n]`, wrapped \[length\]
/// - `images`: of the cell within `r_max`
/// - returns: `[bins]`
pub fn pair_counts(positions: &[DVec3], images: &Images, r_max: f64, bins: usize) -> Vec<f64> {
    let (mut counts, scale) = (vec![0.0; bins], bins as f64 / r_max);
    for (i, a) in positions.iter().enumerate() {
        for b in &positions[i + 1..] {
            images.of_pair(*b - *a, |d| counts[((d.length() * scale) as usize).min(bins - 1)] += 1.0);
        }
    }
    counts
}

/// Volume within r of an atom that lies anywhere between two walls, on average over where it lies \[length³\].
///
/// (1/H) ∫_{−m}^{m} π (r² − t²)(H − |t|) dt, m = min(r, H): of a sphere, only what is between the walls.
///
/// - `height`: distance of the walls H \[length\]
pub fn shell_in_slab(r: f64, height: f64) -> f64 {
    let m = r.min(height);
    let (near, far) = (height * m - m * m / 2.0, height * m.powi(3) / 3.0 - m.powi(4) / 4.0);
    2.0 * PI / height * (r * r * near - far)
}

/// Volume within r of an atom, 4πr³/3 \[length³\].
pub fn shell_in_bulk(r: f64) -> f64 {
    4.0 / 3.0 * PI * r.powi(3)
}

/// Area within r of an atom in the plane, πr² \[length²\].
pub fn ring(r: f64) -> f64 {
    PI * r * r
}

/// Pairs of an ideal gas in every bin, which fills its space evenly.
///
/// - `pairs`: mean of N(N−1)/2
/// - `r_max`: upper edge of the last bin \[length\]
/// - `within`: mean volume (or area) within r of an atom
/// - `space`: whole volume (or area) of the cell
/// - returns: `[bins]`
pub fn ideal_counts(pairs: f64, r_max: f64, bins: usize, within: impl Fn(f64) -> f64, space: f64) -> Vec<f64> {
    let edge = |k: usize| within(r_max * k as f64 / bins as f64);
    (0..bins).map(|k| pairs * (edge(k + 1) - edge(k)) / space).collect()
}

/// g(r): mean counts divided by those of an ideal gas of as many pairs, see [`ideal_counts`].
///
/// - `counts`: `[bins]`, mean over samples
/// - returns: `[bins]`; 0 where the ideal gas has no pairs
pub fn normalised(counts: &[f64], pairs: f64, r_max: f64, within: impl Fn(f64) -> f64, space: f64) -> Vec<f64> {
    let ideal = ideal_counts(pairs, r_max, counts.len(), within, space);
    counts.iter().zip(ideal).map(|(n, ideal)| if ideal > 0.0 { n / ideal } else { 0.0 }).collect()
}

/// `rdf`, and `rdf_layer` where there is a first layer.
#[derive(Debug)]
pub(super) struct Rdf {
    r_max: f64,
    bins: usize,
    images: Images,
    has_layer: bool,
}

impl Rdf {
    pub(super) fn new(geometry: &Geometry, r_max: f64, bins: u32) -> Rdf {
        let has_layer = geometry.adsorbates.iter().any(|a| a.layer_top.is_some());
        Rdf { r_max, bins: bins as usize, images: Images::within(&geometry.cell, r_max), has_layer }
    }
}

impl Observable for Rdf {
    fn fields(&self) -> Vec<Field> {
        let field = |name: &str| Field::histogram(name, 0.0, self.r_max, self.bins);
        if self.has_layer { vec![field("rdf"), field("rdf_layer")] } else { vec![field("rdf")] }
    }

    fn evaluate(&self, atoms: &Adsorbed<'_>, observed: &mut Observed) {
        observed.histogram(&pair_counts(atoms.positions, &self.images, self.r_max, self.bins));
        if self.has_layer {
            let flat: Vec<DVec3> = atoms.of_first_layer().map(|r| DVec3::new(r.x, r.y, 0.0)).collect();
            observed.histogram(&pair_counts(&flat, &self.images, self.r_max, self.bins));
        }
    }
}

/// The mean volume within r of an atom, for the cell at hand: between walls or periodic.
pub fn shell(cell: &Cell, r: f64) -> f64 {
    if cell.periodic_z { shell_in_bulk(r) } else { shell_in_slab(r, cell.lengths.z) }
}

#[cfg(test)]
mod tests {
    use super::super::geometry::tests::{atoms, default_slab, sqrt3_layer};
    use super::*;

    #[test]
    fn a_hexagonal_layer_has_its_shells() {
        let (geometry, x) = (default_slab(), atoms(&sqrt3_layer(0.9)));
        let mut observed = Observed::default();
        Rdf::new(&geometry, 4.0, 40).evaluate(&Adsorbed::of(&geometry, &x), &mut observed);
        for histogram in observed.bins.chunks(40) {
            let counts: Vec<f32> = histogram.iter().map(|n| n.to_f32()).collect();
            // six neighbours at 1.905, six at 3.3, six at 3.81: 36 pairs each
            let expected = |k: usize| if [19, 38].contains(&k) { 36.0 } else { 0.0 };
            let second = counts[32] + counts[33];
            assert!((0..40).filter(|k| ![32, 33].contains(k)).all(|k| counts[k] == expected(k)), "{counts:?}");
            assert_eq!(second, 36.0);
        }
    }

    #[test]
    fn the_plane_does_not_see_heights() {
        let geometry = default_slab();
        let x = atoms(&[DVec3::new(1.0, 1.0, 0.6), DVec3::new(2.0, 1.0, 1.4), DVec3::new(1.0, 1.0, 3.0)]);
        let mut observed = Observed::default();
        Rdf::new(&geometry, 2.5, 25).evaluate(&Adsorbed::of(&geometry, &x), &mut observed);
        let (space, plane) = observed.bins.split_at(25);
        let at = |bins: &[half::f16]| -> Vec<usize> { (0..25).filter(|&k| bins[k].to_f32() == 1.0).collect() };
        // √1.64 = 1.28, 2.4, √3.56 = 1.887
        assert_eq!((at(space), at(plane)), (vec![12, 18, 24], vec![10]));
    }

    #[test]
    fn a_shell_between_walls_is_cut_by_them() {
        // low spheres are whole but for the walls: 4πr³/3 (1 − 3r/(8H)); wide ones are discs of the whole height
        let h = 6.0;
        for r in [0.5, 2.0, 6.0] {
            let exact = shell_in_bulk(r) * (1.0 - 3.0 * r / (8.0 * h));
            assert!((shell_in_slab(r, h) - exact).abs() < 1e-9 * exact, "{r}");
        }
        let wide = 600.0;
        assert!((shell_in_slab(wide, h) / (ring(wide) * h) - 1.0).abs() < 1e-4);
        // by quadrature over where the atom lies and the height of the slices of its sphere
        let (r, n) = (8.0, 1000);
        let mut sum = 0.0;
        for i in 0..n {
            for j in 0..n {
                let (z, t) = ((f64::from(i) + 0.5) * h / f64::from(n), (f64::from(j) + 0.5) * h / f64::from(n));
                sum += PI * (r * r - (z - t) * (z - t)).max(0.0);
            }
        }
        let quadrature = sum * h / f64::from(n * n);
        assert!((shell_in_slab(r, h) / quadrature - 1.0).abs() < 1e-5, "{quadrature}");
    }
}
