//! Pairs of adsorbed atoms over their distance, and what they are divided by to give g(r).
//!
//! Stored are raw counts: `rdf` of all pairs in space, `rdf_layer` of the pairs of the first layer in the plane. A pair of
//! different atoms is counted with all its periodic images, so that r_max may exceed half a period; the images of one atom
//! are not pairs. `between` names pairs of species that are counted in space by themselves, `rdf_<s>_<t>`, with the atoms of the
//! slab, of which at least one moves. [`normalised`] divides a mean histogram by that of an ideal gas: by N(N−1)/2 pairs times the share of the
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

/// Two species, and the frozen atoms of each.
#[derive(Debug)]
struct Between {
    name: String,
    species: (u8, u8),
    /// \[length\]
    frozen: [Vec<DVec3>; 2],
}

/// `rdf`, `rdf_layer` where there is a first layer, and one histogram for each entry of `between`.
#[derive(Debug)]
pub(super) struct Rdf {
    r_max: f64,
    bins: usize,
    images: Images,
    has_layer: bool,
    between: Vec<Between>,
}

impl Rdf {
    pub(super) fn new(geometry: &Geometry, r_max: f64, bins: u32, between: &[(String, String)]) -> Rdf {
        let has_layer = geometry.adsorbates.iter().any(|a| a.layer_top.is_some());
        let species = |name: &String| {
            let index = geometry.names.iter().position(|n| n == name);
            index.unwrap_or_else(|| unreachable!("the checks of a scene know every species, but not `{name}`")) as u8
        };
        let frozen = |s: u8| geometry.frozen.iter().filter(|f| f.0 == s).map(|f| f.1).collect();
        let of_pair = |(a, b): &(String, String)| {
            let (s, t) = (species(a), species(b));
            Between { name: format!("rdf_{a}_{b}"), species: (s, t), frozen: [frozen(s), frozen(t)] }
        };
        Rdf {
            r_max,
            bins: bins as usize,
            images: Images::within(&geometry.cell, r_max),
            has_layer,
            between: between.iter().map(of_pair).collect(),
        }
    }

    /// Pairs of two species, of which at least one atom moves.
    fn counts_between(&self, pair: &Between, atoms: &Adsorbed<'_>) -> Vec<f64> {
        let mobile = |s: u8| -> Vec<DVec3> {
            let slab = atoms.slab.iter().zip(atoms.slab_species).filter(move |&(_, &of)| of == s).map(|(&r, _)| r);
            slab.chain(atoms.of_species(s)).collect()
        };
        let (s, t) = pair.species;
        let own = mobile(s);
        if s == t {
            let mut counts = pair_counts(&own, &self.images, self.r_max, self.bins);
            self.add_cross(&own, &pair.frozen[0], &mut counts);
            return counts;
        }
        let (other, mut counts) = (mobile(t), vec![0.0; self.bins]);
        self.add_cross(&own, &other, &mut counts);
        self.add_cross(&own, &pair.frozen[1], &mut counts);
        self.add_cross(&pair.frozen[0], &other, &mut counts);
        counts
    }

    /// Adds the pairs of the one with the other.
    fn add_cross(&self, own: &[DVec3], other: &[DVec3], counts: &mut [f64]) {
        let scale = self.bins as f64 / self.r_max;
        for a in own {
            for b in other {
                self.images.of_pair(*b - *a, |d| counts[((d.length() * scale) as usize).min(self.bins - 1)] += 1.0);
            }
        }
    }
}

impl Observable for Rdf {
    fn fields(&self) -> Vec<Field> {
        let field = |name: &str| Field::histogram(name, 0.0, self.r_max, self.bins);
        let layer = self.has_layer.then(|| field("rdf_layer"));
        let between = self.between.iter().map(|pair| field(&pair.name));
        std::iter::once(field("rdf")).chain(layer).chain(between).collect()
    }

    fn evaluate(&self, atoms: &Adsorbed<'_>, observed: &mut Observed) {
        observed.histogram(&pair_counts(atoms.positions, &self.images, self.r_max, self.bins));
        if self.has_layer {
            let flat: Vec<DVec3> = atoms.of_first_layer().map(|r| DVec3::new(r.x, r.y, 0.0)).collect();
            observed.histogram(&pair_counts(&flat, &self.images, self.r_max, self.bins));
        }
        self.between.iter().for_each(|pair| observed.histogram(&self.counts_between(pair, atoms)));
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
        Rdf::new(&geometry, 4.0, 40, &[]).evaluate(&Adsorbed::of(&geometry, &x), &mut observed);
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
        Rdf::new(&geometry, 2.5, 25, &[]).evaluate(&Adsorbed::of(&geometry, &x), &mut observed);
        let (space, plane) = observed.bins.split_at(25);
        let at = |bins: &[half::f16]| -> Vec<usize> { (0..25).filter(|&k| bins[k].to_f32() == 1.0).collect() };
        // √1.64 = 1.28, 2.4, √3.56 = 1.887
        assert_eq!((at(space), at(plane)), (vec![12, 18, 24], vec![10]));
    }

    #[test]
    fn pairs_of_species_are_counted_with_the_slab() {
        use super::super::hosts::tests::{dimers, with_adsorbed};
        // two dimers of 2.4, two adsorbed atoms 1.5 above two of them, a frozen atom of each kind
        let (geometry, slab) = dimers([0.0; 4]);
        let x = with_adsorbed(&slab, &[slab[0] + 1.5 * DVec3::Z, slab[1] + 1.5 * DVec3::Z]);
        let between = [("Si", "D"), ("Si", "Si"), ("D", "D")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        let rdf = Rdf::new(&geometry, 4.0, 40, &between);
        let names: Vec<String> = rdf.fields().into_iter().map(|f| f.name).collect();
        assert_eq!(names, ["rdf", "rdf_Si_D", "rdf_Si_Si", "rdf_D_D"]);
        let mut observed = Observed::default();
        rdf.evaluate(&Adsorbed::of(&geometry, &x), &mut observed);
        let (slab_kind, own_kind) = (geometry.frozen[0].1, geometry.frozen[1].1);
        // brute force over all pairs and their images
        let atoms: Vec<(u8, DVec3, bool)> = x
            .positions
            .iter()
            .zip(&x.species)
            .map(|(&r, &s)| (s, r, true))
            .chain([(0, slab_kind, false), (1, own_kind, false)])
            .collect();
        for (k, (s, t)) in [(0, 1), (0, 0), (1, 1)].into_iter().enumerate() {
            let mut wanted = [0.0_f32; 40];
            for (i, a) in atoms.iter().enumerate() {
                for b in &atoms[i + 1..] {
                    if !((a.0, b.0) == (s, t) || (b.0, a.0) == (s, t)) || !(a.2 || b.2) {
                        continue;
                    }
                    for shift in (0..9).map(|k| DVec3::new(f64::from(k % 3 - 1), f64::from(k / 3 - 1), 0.0) * 7.68) {
                        let d = (a.1 - b.1 + shift).length();
                        if d < 4.0 {
                            wanted[(d * 10.0) as usize] += 1.0;
                        }
                    }
                }
            }
            let ours: Vec<f32> = observed.bins[40 * (k + 1)..40 * (k + 2)].iter().map(|n| n.to_f32()).collect();
            assert_eq!(ours, wanted, "{}", names[k + 1]);
            assert!(wanted.iter().sum::<f32>() >= 1.0);
        }
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
