//! Φ, the order of the first layer in one of the superstructures of the slab.
//!
//! Φ = |ρ_K|²/(N₁ N_ord), mean over the star of K, with ρ_K = Σ_j e^{iK·r_j} over the N₁ atoms of the first layer and N_ord
//! atoms in the perfect one. Dividing by N₁² instead would call one lone atom ordered. 1 for the perfect layer, about
//! 1/N_ord for a gas, 0 without an atom.

use super::{Adsorbed, Geometry, Observable};
use crate::observables::record::{Field, Observed, Role};
use crate::system::slab::{Face, Lattice};
use glam::{DVec2, DVec3};
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// Named stars of wave vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum WaveVector {
    /// (√3×√3)R30°.
    Sqrt3,
    /// (1×1).
    OneByOne,
}

impl WaveVector {
    /// The column that holds Φ, and the name of the structure.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            WaveVector::Sqrt3 => ("order_sqrt3", "√3×√3"),
            WaveVector::OneByOne => ("order_1x1", "1×1"),
        }
    }

    /// N_ord, of a layer with so many sites.
    fn n_ordered(self, sites: u64) -> u64 {
        match self {
            WaveVector::Sqrt3 => sites / 3,
            WaveVector::OneByOne => sites,
        }
    }
}

/// N_ord of the order parameter in a column, of a layer with so many sites: |ρ_K| ≤ N₁, so that Φ of N atoms is N/N_ord at most.
///
/// - returns: `None` if the column holds no such order parameter
pub fn n_ordered(column: &str, sites: u64) -> Option<u64> {
    let of = [WaveVector::Sqrt3, WaveVector::OneByOne].into_iter().find(|own| own.names().0 == column)?;
    Some(of.n_ordered(sites)).filter(|n| *n > 0)
}

/// The star of a superstructure and the atoms of its perfect layer; `None` where the lattice has no such superstructure.
///
/// Of K and −K, which give the same Φ, one is listed.
///
/// - returns: wave vectors [1/length], N_ord
pub fn star(lattice: &Lattice, wave_vector: WaveVector) -> Option<(Vec<DVec2>, u64)> {
    let (d, sites) = (lattice.nearest_neighbour, lattice.sites_per_layer());
    let at = |length: f64, degrees: &[f64]| -> Vec<DVec2> {
        degrees.iter().map(|a| length * DVec2::from_angle(a.to_radians())).collect()
    };
    let waves = match (lattice.face, wave_vector) {
        (Face::Fcc111, WaveVector::Sqrt3) => at(4.0 * PI / (3.0 * d), &[0.0, 60.0, 120.0]),
        (Face::Fcc111, WaveVector::OneByOne) => at(4.0 * PI / (3.0_f64.sqrt() * d), &[30.0, 90.0, 150.0]),
        (Face::Fcc100, WaveVector::OneByOne) => at(2.0 * PI / d, &[0.0, 90.0]),
        (Face::Fcc100, WaveVector::Sqrt3) => return None,
    };
    Some((waves, wave_vector.n_ordered(sites)))
}

/// Whether the periods of the cell are periods of all these waves.
pub fn fits(lattice: &Lattice, star: &[DVec2]) -> bool {
    let (x, y) = lattice.lengths();
    let whole = |turns: f64| (turns - turns.round()).abs() < 1e-9 * (1.0 + turns.abs());
    star.iter().all(|k| whole(k.x * x / (2.0 * PI)) && whole(k.y * y / (2.0 * PI)))
}

/// Φ of a layer.
///
/// - `positions`: `[N₁]` \[length\]
/// - `star`: wave vectors [1/length]
/// - `n_ordered`: N_ord
pub fn phi(positions: impl Iterator<Item = DVec3> + Clone, star: &[DVec2], n_ordered: u64) -> f64 {
    let n = positions.clone().count();
    if n == 0 {
        return 0.0;
    }
    let of_wave = |k: &DVec2| {
        let rho: DVec2 = positions.clone().map(|r| DVec2::from_angle(k.dot(r.truncate()))).sum();
        rho.length_squared()
    };
    star.iter().map(of_wave).sum::<f64>() / (star.len() * n) as f64 / n_ordered as f64
}

/// `order_sqrt3` or `order_1x1`.
#[derive(Debug)]
pub(super) struct Order {
    wave_vector: WaveVector,
    star: Vec<DVec2>,
    n_ordered: u64,
}

impl Order {
    pub(super) fn new(geometry: &Geometry, wave_vector: WaveVector) -> Order {
        let Some((star, n_ordered)) = geometry.lattice.as_ref().and_then(|l| star(l, wave_vector)) else {
            unreachable!("the checks of a scene refuse superstructures that its slab does not have")
        };
        Order { wave_vector, star, n_ordered }
    }
}

impl Observable for Order {
    fn fields(&self) -> Vec<Field> {
        let (name, structure) = self.wave_vector.names();
        vec![Field::column(name).labelled(format!("Φ of {structure}")).with_role(Role::Order(structure.into()))]
    }

    fn evaluate(&self, atoms: &Adsorbed<'_>, observed: &mut Observed) {
        observed.number(phi(atoms.of_first_layer(), &self.star, self.n_ordered));
    }
}

#[cfg(test)]
mod tests {
    use super::super::geometry::tests::{atoms, default_slab, sqrt3_layer};
    use super::*;
    use crate::base::rng::{Rng, Stream};

    fn of(positions: &[DVec3], wave_vector: WaveVector) -> f64 {
        let geometry = default_slab();
        let x = atoms(positions);
        let mut observed = Observed::default();
        Order::new(&geometry, wave_vector).evaluate(&Adsorbed::of(&geometry, &x), &mut observed);
        f64::from(observed.columns[0])
    }

    #[test]
    fn perfect_layers_have_order_one_wherever_they_lie() {
        let layer = sqrt3_layer(0.9);
        assert_eq!(layer.len(), 12);
        let cell = default_slab().cell;
        for shift in [DVec3::ZERO, DVec3::new(0.37, -1.2, 0.1)] {
            let moved: Vec<DVec3> = layer.iter().map(|&r| cell.wrap(r + shift)).collect();
            assert!((of(&moved, WaveVector::Sqrt3) - 1.0).abs() < 1e-6);
            // every third site: ρ at the stars of the lattice itself is 12, and 36 make up its perfect layer
            assert!((of(&moved, WaveVector::OneByOne) - 12.0 / 36.0).abs() < 1e-6);
        }
        let full: Vec<DVec3> = default_slab().lattice.expect("a lattice").next_sites(0, 36);
        assert!((of(&full, WaveVector::OneByOne) - 1.0).abs() < 1e-6);
        assert!(of(&full, WaveVector::Sqrt3) < 1e-6);
    }

    #[test]
    fn no_layer_has_more_order_than_its_atoms_allow() {
        let layer = sqrt3_layer(0.9);
        for n in 1..=12 {
            // atoms of a perfect layer have all the order that so many can have
            let most = n as f64 / n_ordered("order_sqrt3", 36).expect("an order parameter") as f64;
            assert!((of(&layer[..n], WaveVector::Sqrt3) - most).abs() < 1e-6);
        }
        assert_eq!(
            (n_ordered("order_1x1", 36), n_ordered("psi6", 36), n_ordered("order_sqrt3", 2)),
            (Some(36), None, None)
        );
    }

    #[test]
    fn few_atoms_and_disorder_are_not_order() {
        assert_eq!(of(&[], WaveVector::Sqrt3), 0.0);
        let lone = [DVec3::new(1.0, 2.0, 0.9)];
        assert!((of(&lone, WaveVector::Sqrt3) - 1.0 / 12.0).abs() < 1e-7);
        let above: Vec<DVec3> = sqrt3_layer(2.4);
        assert_eq!(of(&above, WaveVector::Sqrt3), 0.0);
        // 12 independent atoms: ⟨|ρ|²⟩ = 12, so ⟨Φ⟩ = 1/12, of variance 1/12² (1 − 1/12)/3 and less for the mean of 400
        let (rng, cell, n) = (Rng::new(7), default_slab().cell, 400);
        let place = |layer: u32, atom: u32| {
            let [a, b, ..] = rng.uniforms(Stream::InitialPosition, 0, layer, atom);
            DVec3::new(a, b, 0.15) * cell.lengths
        };
        let random = |k: u32| (0..12).map(|i| place(k, i)).collect::<Vec<_>>();
        let mean = (0..n).map(|k| of(&random(k), WaveVector::Sqrt3)).sum::<f64>() / f64::from(n);
        let error = (11.0_f64 / 12.0 / 3.0).sqrt() / 12.0 / f64::from(n).sqrt();
        assert!((mean - 1.0 / 12.0).abs() < 4.0 * error, "{mean} ± {error}");
    }

    #[test]
    fn the_square_face_has_its_own_star() {
        let lattice = Lattice { face: Face::Fcc100, nearest_neighbour: 1.1, repeat: (4, 5) };
        let (waves, n) = star(&lattice, WaveVector::OneByOne).expect("a star");
        assert_eq!(n, 20);
        assert!((phi(lattice.layer(-1).into_iter(), &waves, n) - 1.0).abs() < 1e-12);
        assert!(star(&lattice, WaveVector::Sqrt3).is_none());
    }

    #[test]
    fn a_cell_that_the_superstructure_does_not_fit_is_noticed() {
        for (repeat, expected) in [((6, 3), true), ((6, 2), true), ((5, 3), false), ((4, 3), false)] {
            let lattice = Lattice { face: Face::Fcc111, nearest_neighbour: 1.1, repeat };
            let (waves, _) = star(&lattice, WaveVector::Sqrt3).expect("a star");
            assert_eq!(fits(&lattice, &waves), expected, "{repeat:?}");
            let (waves, _) = star(&lattice, WaveVector::OneByOne).expect("a star");
            assert!(fits(&lattice, &waves));
        }
    }
}
