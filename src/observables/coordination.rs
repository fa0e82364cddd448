//! Coordination numbers: adsorbed atoms nearer than r to an adsorbed atom, of any species, periodic images each counted.

use super::geometry::Images;
use super::{Adsorbed, Geometry, Observable};
use crate::observables::record::{Field, Observed};
use glam::DVec3;

/// Bins of the histogram: 0 to 11 neighbours, and 12 or more.
pub const BINS: usize = 13;

/// Neighbours of every atom within the distance of `images`.
///
/// - `positions`: `[n]`, wrapped \[length\]
/// - returns: `[n]`
pub fn coordination(positions: &[DVec3], images: &Images) -> Vec<u32> {
    let mut neighbours = vec![0; positions.len()];
    for i in 0..positions.len() {
        images.of_itself(|_| neighbours[i] += 1);
        for j in i + 1..positions.len() {
            images.of_pair(positions[j] - positions[i], |_| {
                neighbours[i] += 1;
                neighbours[j] += 1;
            });
        }
    }
    neighbours
}

/// `coordination`, the mean (0 without an atom), and `coordination_histogram`, atoms with 0, 1, …, 12 or more neighbours.
#[derive(Debug)]
pub(super) struct Coordination {
    images: Images,
}

impl Coordination {
    pub(super) fn new(geometry: &Geometry, r: f64) -> Coordination {
        Coordination { images: Images::within(&geometry.cell, r) }
    }
}

impl Observable for Coordination {
    fn fields(&self) -> Vec<Field> {
        let centred = Field::histogram("coordination_histogram", -0.5, BINS as f64 - 0.5, BINS);
        vec![Field::column("coordination").labelled("neighbours of an atom"), centred]
    }

    fn evaluate(&self, atoms: &Adsorbed<'_>, observed: &mut Observed) {
        let (neighbours, mut bins) = (coordination(atoms.positions, &self.images), [0.0; BINS]);
        for &n in &neighbours {
            bins[(n as usize).min(BINS - 1)] += 1.0;
        }
        observed.number(f64::from(neighbours.iter().sum::<u32>()) / neighbours.len().max(1) as f64);
        observed.histogram(&bins);
    }
}

#[cfg(test)]
mod tests {
    use super::super::geometry::tests::{atoms, default_slab, sqrt3_layer};
    use super::*;
    use crate::system::cell::Cell;

    fn of(r: f64, positions: &[DVec3]) -> (f32, Vec<f32>) {
        let (geometry, x) = (default_slab(), atoms(positions));
        let mut observed = Observed::default();
        Coordination::new(&geometry, r).evaluate(&Adsorbed::of(&geometry, &x), &mut observed);
        (observed.columns[0], observed.bins.iter().map(|n| n.to_f32()).collect())
    }

    #[test]
    fn a_hexagonal_layer_has_six_neighbours() {
        let (mean, bins) = of(2.2, &sqrt3_layer(0.9));
        assert_eq!((mean, bins[6], bins.iter().sum::<f32>()), (6.0, 12.0, 12.0));
        // the second shell lies at √3 · 1.905 = 3.3, beyond half the shorter period: images are counted
        assert_eq!(of(3.5, &sqrt3_layer(0.9)).0, 12.0);
    }

    #[test]
    fn no_atom_and_a_lone_one() {
        assert_eq!(of(2.2, &[]), (0.0, vec![0.0; BINS]));
        let (mean, bins) = of(2.2, &[DVec3::new(0.1, 0.1, 3.0)]);
        assert_eq!((mean, bins[0]), (0.0, 1.0));
    }

    #[test]
    fn a_small_cell_has_the_neighbours_of_the_crystal() {
        // simple cubic, one atom a cell: its six neighbours are its own images
        let cell = Cell::bulk(DVec3::ONE);
        assert_eq!(coordination(&[DVec3::splat(0.3)], &Images::within(&cell, 1.1)), [6]);
        assert_eq!(coordination(&[DVec3::splat(0.3)], &Images::within(&cell, 1.5)), [18]);
    }
}
