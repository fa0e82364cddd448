//! From a checked scene to the system that backends simulate.

use crate::base::error::Result;
use crate::forces::{ForceField, Pairwise};
use crate::input::scene::CheckedScene;
use crate::input::scene::grammar::{CellSpec, External, Images, Potential, Scene};
use crate::observables::geometry::Adsorbate;
use crate::observables::{Geometry, Observable, Observables};
use crate::potential::{ExternalField, PairTable};
use crate::system::cell::Cell;
use crate::system::{FrozenAtoms, Reservoir, Species, System};
use glam::DVec3;
use std::sync::Arc;

impl System {
    /// The system of a scene that has passed its checks.
    pub fn from_scene(loaded: &CheckedScene) -> System {
        let scene = &loaded.scene;
        let (lx, ly, lz) = loaded.lengths();
        let lengths = DVec3::new(lx, ly, lz);
        let cell = match scene.cell {
            CellSpec::Slab { .. } => Cell::slab(lengths, loaded.floor()),
            CellSpec::Bulk { .. } => Cell::bulk(lengths),
        };
        let Potential::LennardJones { images, .. } = &scene.potential;
        let mut frozen = FrozenAtoms::default();
        for atom in loaded.slab.atoms.iter().filter(|a| !a.mobile) {
            frozen.positions.push(cell.wrap(atom.position));
            frozen.species.push(atom.species as u8);
        }
        let reservoirs: Vec<Reservoir> = scene
            .reservoir
            .iter()
            .enumerate()
            .map(|(index, r)| {
                let (z_lo, z_hi) = loaded.region_of(index);
                let volume = lx * ly * (z_hi - z_lo);
                Reservoir { species: species_index(scene, &r.species), max_atoms: r.max_atoms, z_lo, z_hi, volume }
            })
            .collect();
        System {
            species: scene
                .species
                .iter()
                .map(|s| Species {
                    name: s.name.clone(),
                    symbol: s.symbol.clone(),
                    mass: s.mass * scene.units.mass_unit(),
                })
                .collect(),
            pairs: pair_table(scene),
            external: external_fields(scene, &cell),
            cell,
            images: images.unwrap_or(Images::Sum),
            frozen,
            reservoirs,
            capacity: loaded.capacity(),
            dynamics: scene.dynamics,
        }
    }
}

/// The force field of a scene.
///
/// # Errors
/// Where it cannot be set up; pairs and fields always can.
pub(crate) fn force_field(_: &CheckedScene, system: &Arc<System>) -> Result<Arc<dyn ForceField>> {
    Ok(Arc::new(Pairwise::new(Arc::clone(system))))
}

/// The index of a species by name; the scene's checks have made sure that it exists.
pub(crate) fn species_index(scene: &Scene, name: &str) -> u8 {
    let Some(index) = scene.species_index(name) else {
        unreachable!("the checks of a scene know every species, but not `{name}`")
    };
    index as u8
}

fn pair_table(scene: &Scene) -> PairTable {
    let Potential::LennardJones { cutoff, truncation, tail_correction, .. } = scene.potential;
    PairTable::new(scene.species.len(), cutoff, truncation, tail_correction, |a, b| {
        // Only pairs that never meet (frozen–frozen) may be missing after the checks.
        scene.pair(a, b).map_or((0.0, 1.0), |p| (p.epsilon, p.sigma))
    })
}

/// A field of a scene.
///
/// - `floor`: z from which walls measure [length]
/// - `centre`: of the cell [length]
pub(crate) fn external_field(field: &External, floor: f64, centre: DVec3) -> ExternalField {
    match *field {
        External::Harmonic { spring, .. } => ExternalField::Harmonic { spring, centre },
        External::Steele { epsilon, sigma, density, spacing, .. } => {
            ExternalField::Steele { epsilon, sigma, density, spacing, floor }
        }
        External::Wall93 { epsilon, sigma, .. } => ExternalField::Wall93 { epsilon, sigma, floor },
    }
}

fn external_fields(scene: &Scene, cell: &Cell) -> Vec<Vec<ExternalField>> {
    let mut fields = vec![Vec::new(); scene.species.len()];
    for field in &scene.external {
        let species = usize::from(species_index(scene, field.species()));
        fields[species].push(external_field(field, cell.floor, cell.centre()));
    }
    fields
}

impl Observables {
    /// Those of a scene that has passed its checks.
    pub fn from_scene(loaded: &CheckedScene) -> Observables {
        let entries = &loaded.scene.observables;
        if entries.is_empty() {
            return Observables::default();
        }
        Observables::new(geometry(loaded), entries)
    }

    /// Observables of the caller's own, for the geometry of a scene; those that the scene names are left out.
    pub fn own(loaded: &CheckedScene, own: Vec<Box<dyn Observable>>) -> Observables {
        Observables::of_geometry(geometry(loaded), own)
    }
}

/// What the observables of a scene know of its system.
fn geometry(loaded: &CheckedScene) -> Geometry {
    let (scene, (x, y, z)) = (&loaded.scene, loaded.lengths());
    let (lengths, n) = (DVec3::new(x, y, z), scene.species.len());
    let sigma = |a: usize, b: usize| scene.pair(a, b).map_or(0.0, |p| p.sigma);
    let adsorbate = |s: usize| Adsorbate {
        species: s as u8,
        name: scene.species[s].name.clone(),
        sigma: sigma(s, s),
        layer_top: loaded.first_layer(s),
    };
    Geometry {
        cell: if scene.is_bulk() { Cell::bulk(lengths) } else { Cell::slab(lengths, loaded.floor()) },
        lattice: loaded.lattice(),
        n_slab: loaded.slab.mobile().count(),
        adsorbates: loaded.adsorbates().into_iter().map(adsorbate).collect(),
        sigma: (0..n * n).map(|k| sigma(k / n, k % n)).collect(),
    }
}
