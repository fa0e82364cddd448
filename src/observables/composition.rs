//! Composition of the first layer: its atoms of every species, which shows what a mixture covers the surface with.

use super::{Adsorbed, Geometry, Observable};
use crate::observables::record::{Field, Observed};

/// Atoms of one species in the first layer.
pub fn of_species(atoms: &Adsorbed<'_>, species: u8) -> usize {
    atoms.first_layer.iter().filter(|&&i| atoms.species[i] == species).count()
}

/// `first_layer_<s>` of every adsorbed species.
#[derive(Debug)]
pub(super) struct Composition {
    /// Index and name
    species: Vec<(u8, String)>,
}

impl Composition {
    pub(super) fn new(geometry: &Geometry) -> Composition {
        Composition { species: geometry.adsorbates.iter().map(|a| (a.species, a.name.clone())).collect() }
    }
}

impl Observable for Composition {
    fn fields(&self) -> Vec<Field> {
        let field = |(_, name): &(u8, String)| {
            Field::column(format!("first_layer_{name}")).labelled(format!("{name} in the first layer"))
        };
        self.species.iter().map(field).collect()
    }

    fn evaluate(&self, atoms: &Adsorbed<'_>, observed: &mut Observed) {
        self.species.iter().for_each(|(species, _)| observed.number(of_species(atoms, *species) as f64));
    }
}

#[cfg(test)]
mod tests {
    use super::super::geometry::Adsorbate;
    use super::super::geometry::tests::default_slab;
    use super::*;
    use crate::system::configuration::Configuration;
    use glam::DVec3;

    #[test]
    fn each_species_counts_below_its_own_top() {
        let mut geometry = Geometry { n_slab: 1, ..default_slab() };
        geometry.adsorbates.push(Adsorbate { species: 2, name: "C".into(), sigma: 1.2, layer_top: Some(1.2) });
        let mut x = Configuration::default();
        // A slab atom, three B of which one is above its layer, two C of which one is above the lower top of its layer.
        for (species, z) in [(0, 0.1), (1, 0.9), (1, 1.5), (1, 1.7), (2, 1.1), (2, 1.5)] {
            x.insert(species, DVec3::new(0.0, 0.0, z), DVec3::ZERO);
        }
        let (composition, mut observed) = (Composition::new(&geometry), Observed::default());
        composition.evaluate(&Adsorbed::of(&geometry, &x), &mut observed);
        assert_eq!(observed.columns, [2.0, 1.0]);
        let names: Vec<String> = composition.fields().into_iter().map(|f| f.name).collect();
        assert_eq!(names, ["first_layer_B", "first_layer_C"]);
        // The bare surface has none of either.
        let (bare, mut observed) = (Configuration::default(), Observed::default());
        let geometry = Geometry { n_slab: 0, ..geometry };
        composition.evaluate(&Adsorbed::of(&geometry, &bare), &mut observed);
        assert_eq!(observed.columns, [0.0, 0.0]);
    }
}
