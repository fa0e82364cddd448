//! Geometry of the system, and adsorbed atoms of one configuration, as observables need them.

use super::hosts::Hosts;
use crate::system::cell::Cell;
use crate::system::configuration::Configuration;
use crate::system::slab::Lattice;
use glam::DVec3;

/// A species whose atoms are adsorbed.
#[derive(Debug, Clone, PartialEq)]
pub struct Adsorbate {
    /// Index of the species.
    pub species: u8,
    /// Name as in the scene.
    pub name: String,
    /// σ between two of its atoms \[length\].
    pub sigma: f64,
    /// z below which an atom belongs to the first layer \[length\]; `None` without a first layer.
    pub layer_top: Option<f64>,
}

/// Geometry that is the same for all samples.
#[derive(Debug, Clone, PartialEq)]
pub struct Geometry {
    /// The cell.
    pub cell: Cell,
    /// The lattice of an fcc substrate.
    pub lattice: Option<Lattice>,
    /// Mobile slab atoms: they stand in the first slots and do not count.
    pub n_slab: usize,
    /// Adsorbed species, those of the reservoirs first.
    pub adsorbates: Vec<Adsorbate>,
    /// `[n_species * n_species]`, σ of every pair \[length\]; 0 where the scene names none.
    pub sigma: Vec<f64>,
    /// `[n_species]`, names as in the scene.
    pub names: Vec<String>,
    /// Frozen atoms of the slab: species and position \[length\].
    pub frozen: Vec<(u8, DVec3)>,
    /// The top layer of the slab.
    pub hosts: Hosts,
}

impl Default for Geometry {
    /// A cell of unit lengths, no slab, no species.
    fn default() -> Geometry {
        let cell = Cell::bulk(DVec3::ONE);
        Geometry {
            cell,
            lattice: None,
            n_slab: 0,
            adsorbates: Vec::new(),
            sigma: Vec::new(),
            names: Vec::new(),
            frozen: Vec::new(),
            hosts: Hosts::default(),
        }
    }
}

impl Geometry {
    /// σ of a pair of species [length].
    pub fn sigma_of(&self, a: u8, b: u8) -> f64 {
        let n = self.sigma.len().isqrt();
        self.sigma[usize::from(a) * n + usize::from(b)]
    }

    /// z below which an atom of a species belongs to the first layer [length].
    fn layer_top(&self, species: u8) -> Option<f64> {
        self.adsorbates.iter().find(|a| a.species == species)?.layer_top
    }
}

/// The adsorbed atoms of one configuration.
#[derive(Debug, Clone)]
pub struct Adsorbed<'a> {
    /// `[n]`, wrapped \[length\].
    pub positions: &'a [DVec3],
    /// `[n]`, species index.
    pub species: &'a [u8],
    /// Indices of those of the first layer, ascending.
    pub first_layer: Vec<usize>,
    /// Mobile slab atoms: `[n_slab]`, wrapped \[length\].
    pub slab: &'a [DVec3],
    /// `[n_slab]`, their species.
    pub slab_species: &'a [u8],
    pub(super) all_hosts: &'a Hosts,
}

impl<'a> Adsorbed<'a> {
    /// Those of a configuration.
    pub fn of(geometry: &'a Geometry, configuration: &'a Configuration) -> Adsorbed<'a> {
        let (slab, positions) = configuration.positions.split_at(geometry.n_slab);
        let (slab_species, species) = configuration.species.split_at(geometry.n_slab);
        let is_first = |&i: &usize| geometry.layer_top(species[i]).is_some_and(|top| positions[i].z < top);
        let first_layer = (0..positions.len()).filter(is_first).collect();
        Adsorbed { positions, species, first_layer, slab, slab_species, all_hosts: &geometry.hosts }
    }

    /// Positions of the first layer \[length\].
    pub fn of_first_layer(&self) -> impl Iterator<Item = DVec3> + Clone {
        self.first_layer.iter().map(|&i| self.positions[i])
    }

    /// Positions of one species \[length\].
    pub fn of_species(&self, species: u8) -> impl Iterator<Item = DVec3> {
        self.positions.iter().zip(self.species).filter(move |&(_, &s)| s == species).map(|(&r, _)| r)
    }
}

/// Images of a pair within a distance: the nearest only where no other can be as near, else all.
#[derive(Debug, Clone)]
pub struct Images {
    cell: Cell,
    shifts: Vec<DVec3>,
    r2: f64,
}

impl Images {
    /// Images nearer than `r`.
    pub fn within(cell: &Cell, r: f64) -> Images {
        let nearest = r <= 0.5 * cell.shortest_period();
        let shifts = if nearest { vec![DVec3::ZERO] } else { cell.image_shifts(r) };
        Images { cell: *cell, shifts, r2: r * r }
    }

    /// Calls `found` with the vector of every image of a pair of different atoms that is nearer than r.
    ///
    /// - `d`: difference of two wrapped positions [length]
    pub fn of_pair(&self, d: DVec3, mut found: impl FnMut(DVec3)) {
        if self.shifts.len() == 1 {
            let d = self.cell.minimum_image(d);
            if d.length_squared() < self.r2 {
                found(d);
            }
            return;
        }
        // Translations of an oblique cell are about the nearest image.
        let d = if self.cell.is_oblique() { self.cell.minimum_image(d) } else { d };
        for shift in &self.shifts {
            let d = d + *shift;
            if d.length_squared() < self.r2 {
                found(d);
            }
        }
    }

    /// Calls `found` with the vector from an atom to each of its own images that is nearer than r.
    pub fn of_itself(&self, mut found: impl FnMut(DVec3)) {
        // The first shift is none.
        self.shifts[1..].iter().filter(|s| s.length_squared() < self.r2).for_each(|&s| found(s));
    }

    /// Whether an image of a pair is nearer than r.
    pub fn meet(&self, d: DVec3) -> bool {
        self.cell.minimum_image(d).length_squared() < self.r2
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::system::slab::Face;

    /// The slab of the default scene, one species B (index 1) of which the first layer ends at z = 1.6.
    pub(crate) fn default_slab() -> Geometry {
        let lattice = Lattice { face: Face::Fcc111, nearest_neighbour: 1.1, repeat: (6, 3) };
        let (x, y) = lattice.lengths();
        Geometry {
            cell: Cell::slab(DVec3::new(x, y, 6.0), 0.0),
            lattice: Some(lattice),
            n_slab: 0,
            adsorbates: vec![Adsorbate { species: 1, name: "B".into(), sigma: 1.65, layer_top: Some(1.6) }],
            sigma: vec![1.0, 1.0, 1.0, 1.65],
            names: vec!["A".into(), "B".into()],
            ..Geometry::default()
        }
    }

    /// Atoms of species 1.
    pub(crate) fn atoms(positions: &[DVec3]) -> Configuration {
        let mut x = Configuration::default();
        positions.iter().for_each(|&r| x.insert(1, r, DVec3::ZERO));
        x
    }

    /// Every third site of the layer at height z: the (√3×√3)R30° layer of 12 atoms.
    pub(crate) fn sqrt3_layer(z: f64) -> Vec<DVec3> {
        let d = 1.1;
        let sites = default_slab().lattice.expect("a lattice").layer(0);
        // site = m (1, 0) + n (1/2, √3/2) in units of d; one of the three sublattices has (m − n) mod 3 = 0
        let on_it = |r: &DVec3| {
            let n = (r.y / (0.5 * 3f64.sqrt() * d)).round();
            let m = (r.x / d - 0.5 * n).round();
            (m - n).rem_euclid(3.0) == 0.0
        };
        sites.into_iter().filter(on_it).map(|r| DVec3::new(r.x, r.y, z)).collect()
    }

    #[test]
    fn only_adsorbed_atoms_below_the_cut_are_of_the_first_layer() {
        let geometry = Geometry { n_slab: 1, ..default_slab() };
        let mut x = Configuration::default();
        for (species, z) in [(0, 0.1), (1, 0.9), (1, 1.7), (1, 1.59)] {
            x.insert(species, DVec3::new(0.0, 0.0, z), DVec3::ZERO);
        }
        let atoms = Adsorbed::of(&geometry, &x);
        assert_eq!((atoms.positions.len(), &atoms.first_layer[..]), (3, &[0, 2][..]));
        assert_eq!(atoms.of_first_layer().map(|r| r.z).collect::<Vec<_>>(), [0.9, 1.59]);
    }

    #[test]
    fn every_image_within_the_distance_is_found_once() {
        let cell = Cell::slab(DVec3::new(3.0, 4.0, 10.0), 0.0);
        let d = DVec3::new(-2.9, 3.9, 0.0);
        for (r, expected) in [(0.2, 1), (2.0, 1), (3.5, 3), (4.05, 4)] {
            let (mut n, mut own) = (0, 0);
            Images::within(&cell, r).of_pair(d, |_| n += 1);
            Images::within(&cell, r).of_itself(|_| own += 1);
            // brute force
            let near = |d: DVec3| {
                let shifts = (-3..=3)
                    .flat_map(|i| (-3..=3).map(move |j| DVec3::new(3.0 * f64::from(i), 4.0 * f64::from(j), 0.0)));
                shifts.filter(|s| (d + *s).length() < r).count()
            };
            assert_eq!((n, own + 1), (near(d), near(DVec3::ZERO)), "r = {r}");
            assert_eq!(n, expected, "r = {r}");
        }
    }
}
