//! ψ6, sixfold bond-orientational order of the first layer.
//!
//! ψ6_j = (1/6) Σ_k e^{6iθ_jk}, θ_jk the angle of the bond from atom j to its neighbour k in the plane of the surface. The
//! neighbours of j are the at most six nearest atoms of the first layer that are nearer than 1.3 · 2^{1/6} σ_jk, farther
//! away than a neighbour and nearer than a diagonal of a square. The sum is always divided by six: a missing neighbour
//! counts as disorder, where dividing by the number of neighbours would call every lone pair ordered.
//!
//! # Source
//! Nelson & Halperin, Phys. Rev. B 19, 2457 (1979).

use super::geometry::Images;
use super::{Adsorbed, Geometry, Observable};
use crate::observables::record::{Field, Observed};
use glam::{DVec2, DVec3};

/// Neighbours are nearer than this many minima of the pair potential, 2^{1/6} σ.
pub const REACH: f64 = 1.3;
/// Neighbours of an atom in a hexagonal layer.
const NEIGHBOURS: usize = 6;

/// ψ6 of every atom, as complex numbers.
///
/// - `positions`: `[n]`, wrapped \[length\]; z does not count
/// - `reach`: distance below which the atoms at two indices are neighbours \[length\]
/// - `images`: of the cell within the largest `reach`
/// - returns: `[n]`
pub fn psi6(positions: &[DVec3], reach: impl Fn(usize, usize) -> f64, images: &Images) -> Vec<DVec2> {
    let n = positions.len();
    let mut bonds = Vec::with_capacity(NEIGHBOURS * n);
    for i in 0..n {
        let own = reach(i, i);
        images.of_itself(|d| bonds.extend(Bond::new([i, i], d, own)));
        for j in i + 1..n {
            let d = positions[j] - positions[i];
            images.of_pair(DVec3::new(d.x, d.y, 0.0), |d| bonds.extend(Bond::new([i, j], d, reach(i, j))));
        }
    }
    let (mut sums, mut neighbours) = (vec![DVec2::ZERO; n], vec![0; n]);
    for bond in &bonds {
        for i in bond.ends() {
            sums[i] += bond.sixfold;
            neighbours[i] += 1;
        }
    }
    for i in (0..n).filter(|&i| neighbours[i] > NEIGHBOURS) {
        let mut own: Vec<&Bond> = bonds.iter().filter(|b| b.ends().any(|end| end == i)).collect();
        own.sort_by(|a, b| a.r2.total_cmp(&b.r2));
        sums[i] = own.iter().take(NEIGHBOURS).map(|b| b.sixfold).sum();
    }
    sums.iter().map(|&sum| sum / NEIGHBOURS as f64).collect()
}

/// A bond between neighbours; between an atom and its own image it is met twice, once from either side.
struct Bond {
    atoms: [usize; 2],
    /// Squared length [length²].
    r2: f64,
    /// e^{6iθ}, the same for both ends because e^{6i(θ + π)} = e^{6iθ}.
    sixfold: DVec2,
}

impl Bond {
    /// The bond along `d`, if it is shorter than `reach`.
    fn new(atoms: [usize; 2], d: DVec3, reach: f64) -> Option<Bond> {
        let flat = d.truncate();
        let r2 = flat.length_squared();
        (r2 < reach * reach && r2 > 0.0).then(|| {
            let unit = flat / r2.sqrt();
            let cube = unit.rotate(unit).rotate(unit);
            Bond { atoms, r2, sixfold: cube.rotate(cube) }
        })
    }

    /// The atoms whose neighbour it makes the other.
    fn ends(&self) -> impl Iterator<Item = usize> + '_ {
        let [a, b] = self.atoms;
        self.atoms.into_iter().take(if a == b { 1 } else { 2 })
    }
}

/// `psi6` = |mean of ψ6_j| and `psi6_local` = mean of |ψ6_j|, both 0 without an atom.
#[derive(Debug)]
pub(super) struct Psi6 {
    geometry: Geometry,
    images: Images,
}

impl Psi6 {
    pub(super) fn new(geometry: &Geometry) -> Psi6 {
        let of = |a: u8, b: u8| neighbour_distance(geometry.sigma_of(a, b));
        let pairs = || geometry.adsorbates.iter().flat_map(|a| geometry.adsorbates.iter().map(move |b| (a, b)));
        let longest = pairs().map(|(a, b)| of(a.species, b.species)).fold(0.0, f64::max);
        Psi6 { images: Images::within(&geometry.cell, longest), geometry: geometry.clone() }
    }
}

/// Distance below which two atoms of a layer are neighbours \[length\].
pub fn neighbour_distance(sigma: f64) -> f64 {
    REACH * 2.0_f64.powf(1.0 / 6.0) * sigma
}

impl Observable for Psi6 {
    fn fields(&self) -> Vec<Field> {
        vec![Field::column("psi6"), Field::column("psi6_local")]
    }

    fn evaluate(&self, atoms: &Adsorbed<'_>, observed: &mut Observed) {
        let positions: Vec<DVec3> = atoms.of_first_layer().collect();
        let species = |k: usize| atoms.species[atoms.first_layer[k]];
        let reach = |i: usize, j: usize| neighbour_distance(self.geometry.sigma_of(species(i), species(j)));
        let psi = psi6(&positions, reach, &self.images);
        let n = psi.len().max(1) as f64;
        observed.number(psi.iter().sum::<DVec2>().length() / n);
        observed.number(psi.iter().map(|p| p.length()).sum::<f64>() / n);
    }
}

#[cfg(test)]
mod tests {
    use super::super::geometry::tests::{atoms, default_slab, sqrt3_layer};
    use super::*;
    use crate::system::cell::Cell;

    fn of(geometry: &Geometry, positions: &[DVec3]) -> (f32, f32) {
        let x = atoms(positions);
        let mut observed = Observed::default();
        Psi6::new(geometry).evaluate(&Adsorbed::of(geometry, &x), &mut observed);
        (observed.columns[0], observed.columns[1])
    }

    #[test]
    fn a_hexagonal_layer_has_one_and_a_square_one_none() {
        let geometry = default_slab();
        let (global, local) = of(&geometry, &sqrt3_layer(0.9));
        assert!((global - 1.0).abs() < 1e-6 && (local - 1.0).abs() < 1e-6, "{global} {local}");
        let square = Geometry { cell: Cell::slab(DVec3::new(7.2, 7.2, 6.0), 0.0), ..default_slab() };
        let sites: Vec<DVec3> =
            (0..16).map(|k| DVec3::new(1.8 * f64::from(k % 4), 1.8 * f64::from(k / 4), 0.9)).collect();
        let (global, local) = of(&square, &sites);
        assert!(global < 1e-6 && local < 1e-6, "{global} {local}");
    }

    #[test]
    fn a_cell_of_one_row_sees_its_own_images_and_no_more_than_six() {
        // one atom of a row with period 1.9: its two own images along x, four images of the other atom
        let h = 1.9 * 0.75_f64.sqrt();
        let geometry = Geometry { cell: Cell::slab(DVec3::new(1.9, 2.0 * h, 6.0), 0.0), ..default_slab() };
        let (global, local) = of(&geometry, &[DVec3::new(0.1, 0.1, 0.9), DVec3::new(1.05, 0.1 + h, 0.9)]);
        assert!((global - 1.0).abs() < 1e-6 && (local - 1.0).abs() < 1e-6, "{global} {local}");
        // an eighth neighbour, farther away than six others, changes nothing
        let geometry = Geometry { cell: Cell::slab(DVec3::new(40.0, 40.0, 6.0), 0.0), ..default_slab() };
        let ring = |n: u32, r: f64| {
            (0..n).map(move |k| {
                (r * DVec2::from_angle(f64::from(k) * 1.047_197_551_196_597_6)).extend(0.9)
                    + DVec3::splat(20.0) * DVec3::new(1.0, 1.0, 0.0)
            })
        };
        let centre = std::iter::once(DVec3::new(20.0, 20.0, 0.9));
        let crowded: Vec<DVec3> =
            centre.chain(ring(6, 1.85)).chain(std::iter::once(DVec3::new(20.2, 22.39, 0.9))).collect();
        let reach = |_: usize, _: usize| neighbour_distance(1.65);
        let of_centre = psi6(&crowded, reach, &Images::within(&geometry.cell, neighbour_distance(1.65)))[0];
        assert!((of_centre - DVec2::X).length() < 1e-9, "{of_centre}");
    }

    #[test]
    fn lone_atoms_have_none_and_pairs_a_sixth() {
        let geometry = default_slab();
        assert_eq!(of(&geometry, &[]), (0.0, 0.0));
        assert_eq!(of(&geometry, &[DVec3::new(1.0, 1.0, 0.9)]), (0.0, 0.0));
        let pair = [DVec3::new(0.2, 1.0, 0.9), DVec3::new(6.6 - 1.5, 1.3, 0.95)];
        let (global, local) = of(&geometry, &pair);
        assert!((global - 1.0 / 6.0).abs() < 1e-6 && (local - 1.0 / 6.0).abs() < 1e-6, "{global} {local}");
    }

    #[test]
    fn two_grains_are_ordered_locally_only() {
        // The same hexagon twice, turned by 30°: ψ6 of its centres is 1 and −1.
        let geometry = Geometry { cell: Cell::slab(DVec3::new(40.0, 40.0, 6.0), 0.0), ..default_slab() };
        let hexagon = |x: f64, turn: f64| {
            let corner = move |k: i32| {
                let at = 1.85 * DVec2::from_angle((60.0 * f64::from(k) + turn).to_radians());
                DVec3::new(x + at.x, 20.0 + at.y, 0.9)
            };
            std::iter::once(DVec3::new(x, 20.0, 0.9)).chain((0..6).map(corner))
        };
        let (global, local) = of(&geometry, &hexagon(10.0, 0.0).chain(hexagon(30.0, 30.0)).collect::<Vec<_>>());
        // corners have three neighbours: ψ6 = ±1/2
        assert!(global < 1e-6 && (local - (1.0 + 6.0 * 0.5) / 7.0).abs() < 1e-6, "{global} {local}");
    }
}
