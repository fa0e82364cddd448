//! Density profile along z: atoms of every species over equal bins from floor to ceiling.
//!
//! Raw numbers; ρ(z) = n / (L_x L_y Δz) for bins of width Δz. In `Bulk` cells z runs over the period.

use super::geometry::Adsorbate;
use super::{Adsorbed, Geometry, Observable};
use crate::observables::record::{Field, Observed};
use crate::system::cell::Cell;
use glam::DVec3;

/// Atoms in every bin. An atom at the ceiling is in the last one.
///
/// - returns: `[bins]`
pub fn profile(cell: &Cell, positions: impl Iterator<Item = DVec3>, bins: usize) -> Vec<f64> {
    let (mut counts, scale) = (vec![0.0; bins], bins as f64 / cell.lengths.z);
    for r in positions {
        let k = ((r.z - cell.floor) * scale).max(0.0) as usize;
        counts[k.min(bins - 1)] += 1.0;
    }
    counts
}

/// `density_<s>` of every adsorbed species.
#[derive(Debug)]
pub(super) struct Density {
    cell: Cell,
    adsorbates: Vec<Adsorbate>,
    bins: usize,
}

impl Density {
    pub(super) fn new(geometry: &Geometry, bins: u32) -> Density {
        Density { cell: geometry.cell, adsorbates: geometry.adsorbates.clone(), bins: bins as usize }
    }
}

impl Observable for Density {
    fn fields(&self) -> Vec<Field> {
        let (lo, hi) = (self.cell.floor, self.cell.ceiling());
        self.adsorbates.iter().map(|a| Field::histogram(format!("density_{}", a.name), lo, hi, self.bins)).collect()
    }

    fn evaluate(&self, atoms: &Adsorbed<'_>, observed: &mut Observed) {
        for a in &self.adsorbates {
            observed.histogram(&profile(&self.cell, atoms.of_species(a.species), self.bins));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_atom_is_in_its_bin() {
        let cell = Cell::slab(DVec3::new(3.0, 3.0, 4.0), -1.0);
        let z = [-1.0, -0.01, 0.0, 2.99, 3.0];
        let counts = profile(&cell, z.into_iter().map(|z| DVec3::new(1.0, 1.0, z)), 4);
        assert_eq!(counts, [2.0, 1.0, 0.0, 2.0]);
    }
}
