//! Hydrides: atoms of the top layer of the slab by how many adsorbed atoms each has bound.

use super::geometry::Images;
use super::{Adsorbed, Geometry, Observable};
use crate::observables::record::{Field, Observed};

/// Bound atoms up to which hosts are told apart: none, mono-, di- and trihydrides and beyond.
pub const MOST: usize = 3;

/// `hydride_0` … `hydride_3`: atoms of the top layer with 0, 1, 2, and 3 or more adsorbed atoms within r. An adsorbed atom belongs
/// to the nearest of them alone.
#[derive(Debug)]
pub(super) struct Hydrides {
    images: Images,
}

impl Hydrides {
    pub(super) fn new(geometry: &Geometry, r: f64) -> Hydrides {
        Hydrides { images: Images::within(&geometry.cell, r) }
    }

    /// Adsorbed atoms of every host. `[n_hosts]`
    fn counts(&self, atoms: &Adsorbed<'_>) -> Vec<usize> {
        let hosts: Vec<_> = atoms.hosts().collect();
        let mut counts = vec![0; hosts.len()];
        for &here in atoms.positions {
            let mut nearest: Option<(f64, usize)> = None;
            for (k, &host) in hosts.iter().enumerate() {
                self.images.of_pair(host - here, |d| {
                    let r2 = d.length_squared();
                    if nearest.is_none_or(|(best, _)| r2 < best) {
                        nearest = Some((r2, k));
                    }
                });
            }
            if let Some((_, k)) = nearest {
                counts[k] += 1;
            }
        }
        counts
    }
}

impl Observable for Hydrides {
    fn fields(&self) -> Vec<Field> {
        let names = ["bare surface atoms", "monohydrides", "dihydrides", "trihydrides"];
        (0..=MOST).map(|n| Field::column(format!("hydride_{n}")).labelled(names[n])).collect()
    }

    fn evaluate(&self, atoms: &Adsorbed<'_>, observed: &mut Observed) {
        let mut classes = [0.0; MOST + 1];
        for n in self.counts(atoms) {
            classes[n.min(MOST)] += 1.0;
        }
        classes.into_iter().for_each(|n| observed.number(n));
    }
}

#[cfg(test)]
mod tests {
    use super::super::hosts::tests::{dimers, with_adsorbed};
    use super::*;
    use glam::DVec3;

    fn of(adsorbed: &[DVec3]) -> Vec<f32> {
        let (geometry, slab) = dimers([0.0; 4]);
        let (x, mut observed) = (with_adsorbed(&slab, adsorbed), Observed::default());
        Hydrides::new(&geometry, 2.1).evaluate(&Adsorbed::of(&geometry, &x), &mut observed);
        observed.columns
    }

    #[test]
    fn every_adsorbed_atom_belongs_to_its_nearest_host() {
        let on = |k: usize, d: [f64; 3]| dimers([0.0; 4]).1[k] + DVec3::from(d);
        assert_eq!(of(&[]), [4.0, 0.0, 0.0, 0.0]);
        assert_eq!(of(&[on(0, [0.0, 0.0, 1.5]), on(3, [0.0, 0.0, 1.5]), on(2, [0.0, 0.0, 2.2])]), [2.0, 2.0, 0.0, 0.0]);
        // between the two of a dimer, a little nearer to the first: a monohydride of that one alone
        assert_eq!(of(&[on(0, [0.0, 1.1, 1.2]), on(1, [0.0, 0.3, 1.4])]), [2.0, 2.0, 0.0, 0.0]);
        // the phase of 12 D on nine atoms has six mono- and three dihydrides; here two and one
        let mixed = [on(0, [0.0, 1.0, 1.0]), on(0, [0.0, -1.0, 1.0]), on(1, [0.0, 0.1, 1.5]), on(2, [0.0, 0.1, 1.5])];
        assert_eq!(of(&mixed), [1.0, 2.0, 1.0, 0.0]);
        let four: Vec<DVec3> = (0..4).map(|k| on(1, [0.5, 0.0, 0.7 + 0.3 * f64::from(k)])).collect();
        assert_eq!(of(&four), [3.0, 0.0, 0.0, 1.0]);
    }
}
