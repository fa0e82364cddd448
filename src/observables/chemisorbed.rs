//! Chemisorbed atoms: adsorbed atoms bound to the slab, and those that have bound each other.

use super::geometry::Images;
use super::{Adsorbed, Geometry, Observable};
use crate::observables::record::{Field, Observed};

/// What an adsorbed atom is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// An atom of the slab.
    Slab,
    /// Another adsorbed atom, whatever the slab does.
    Molecule,
    /// Nothing.
    Free,
}

/// `chemisorbed` and `molecular`: adsorbed atoms with an atom of the slab's kind within r and none of their own within `bond`,
/// and those with one of their own within `bond`.
#[derive(Debug)]
pub(super) struct Chemisorbed {
    to_slab: Images,
    to_each_other: Option<Images>,
}

impl Chemisorbed {
    pub(super) fn new(geometry: &Geometry, r: f64, bond: Option<f64>) -> Chemisorbed {
        let within = |r| Images::within(&geometry.cell, r);
        Chemisorbed { to_slab: within(r), to_each_other: bond.map(within) }
    }

    /// What every adsorbed atom is bound to. `[n]`
    fn bound(&self, atoms: &Adsorbed<'_>) -> Vec<Bound> {
        let of = |i: usize| {
            let here = atoms.positions[i];
            let meets = |images: &Images, j: usize| j != i && images.meet(atoms.positions[j] - here);
            let molecular =
                self.to_each_other.as_ref().is_some_and(|images| (0..atoms.positions.len()).any(|j| meets(images, j)));
            match molecular {
                true => Bound::Molecule,
                false if atoms.hosts_and_their_kind().any(|host| self.to_slab.meet(host - here)) => Bound::Slab,
                false => Bound::Free,
            }
        };
        (0..atoms.positions.len()).map(of).collect()
    }
}

impl Observable for Chemisorbed {
    fn fields(&self) -> Vec<Field> {
        vec![Field::column("chemisorbed").labelled("chemisorbed atoms"), Field::column("molecular")]
    }

    fn evaluate(&self, atoms: &Adsorbed<'_>, observed: &mut Observed) {
        let bound = self.bound(atoms);
        for kind in [Bound::Slab, Bound::Molecule] {
            observed.number(bound.iter().filter(|&&b| b == kind).count() as f64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::hosts::tests::{dimers, with_adsorbed};
    use super::*;
    use glam::DVec3;

    fn of(bond: Option<f64>, adsorbed: &[DVec3]) -> Vec<f32> {
        let (geometry, slab) = dimers([0.0; 4]);
        let x = with_adsorbed(&slab, adsorbed);
        let mut observed = Observed::default();
        Chemisorbed::new(&geometry, 2.1, bond).evaluate(&Adsorbed::of(&geometry, &x), &mut observed);
        observed.columns
    }

    #[test]
    fn atoms_on_the_slab_near_each_other_and_far_from_all_are_told_apart() {
        let on = |k: usize, z: f64| dimers([0.0; 4]).1[k] + DVec3::new(0.0, 0.0, z);
        // on two atoms, on the third but beyond 2.1, and in the gas
        assert_eq!(of(Some(1.1), &[on(0, 1.5), on(1, 1.5), on(2, 2.2), on(0, 6.0)]), [2.0, 0.0]);
        // two in the gas at 0.75, and two above one atom of the slab at 1.0
        let pair = [on(0, 6.0), on(0, 6.75), on(3, 1.5), on(3, 1.5) + DVec3::new(0.0, 1.0, 0.0)];
        assert_eq!(of(Some(1.1), &pair), [0.0, 4.0]);
        assert_eq!(of(Some(0.9), &pair), [2.0, 2.0]);
        assert_eq!(of(None, &pair), [2.0, 0.0]);
        assert_eq!(of(Some(1.1), &[]), [0.0, 0.0]);
    }

    #[test]
    fn atoms_below_the_top_layer_count_as_the_slab_if_they_are_of_its_kind() {
        let (geometry, slab) = dimers([0.0; 4]);
        assert_eq!(geometry.hosts.buried.len(), 1, "one frozen atom of the same kind, and another kind that is none");
        let below = geometry.hosts.buried[0] + DVec3::new(0.0, 0.0, -1.5);
        let (x, mut observed) = (with_adsorbed(&slab, &[below]), Observed::default());
        Chemisorbed::new(&geometry, 2.1, None).evaluate(&Adsorbed::of(&geometry, &x), &mut observed);
        assert_eq!(observed.columns[0], 1.0);
    }
}
