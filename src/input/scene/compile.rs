//! From a checked scene to the system that backends simulate.

use crate::base::error::{Error, Result};
use crate::forces::external::spec::ExternalSpec;
use crate::forces::{External, ForceField, Pairwise};
use crate::input::beside;
use crate::input::scene::CheckedScene;
use crate::input::scene::bonds::{HostAtoms, bonds};
use crate::input::scene::check::external::contact;
use crate::input::scene::grammar::{External as Field, Images, ListedPair, Mixing, Potential, Scene};
use crate::input::scene::many_body;
use crate::input::source::{Source, ensure};
use crate::io::text::read_text;
use crate::observables::geometry::Adsorbate;
use crate::observables::hosts::Hosts;
use crate::observables::{Geometry, Observable, Observables};
use crate::potential::{ExternalField, LennardJones, Morse, PairTable, Section, Table};
use crate::system::bonds::SlabSite;
use crate::system::cell::Cell;
use crate::system::configuration::Configuration;
use crate::system::{FrozenAtoms, Reservoir, Species, System};
use glam::DVec3;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::Path;
use std::sync::Arc;

impl System {
    /// The system of a scene that has passed its checks.
    pub fn from_scene(loaded: &CheckedScene) -> System {
        let scene = &loaded.scene;
        let cell = loaded.cell();
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
                let volume = cell.lengths.x * cell.lengths.y * (z_hi - z_lo);
                Reservoir { species: species_index(scene, &r.species), max_atoms: r.max_atoms, z_lo, z_hi, volume }
            })
            .collect();
        let volumes = reservoirs.iter().map(|r| r.volume).collect();
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
            pairs: loaded.pairs.clone(),
            external: external_fields(scene, &cell),
            cell,
            images: scene.potential.images().unwrap_or(Images::Sum),
            frozen,
            reservoirs,
            insertion: None,
            bonds: bonds(loaded, volumes).map(Arc::new),
            capacity: loaded.capacity(),
            dynamics: scene.dynamics,
        }
    }
}

/// The force field of a scene.
///
/// # Errors
/// Where it cannot be set up; pairs and fields always can.
pub(crate) fn force_field(loaded: &CheckedScene, system: &Arc<System>) -> Result<Arc<dyn ForceField>> {
    let system = Arc::clone(system);
    Ok(match loaded.scene.potential.external() {
        Some(spec) => Arc::new(external(loaded, spec, system)),
        None => Arc::new(Pairwise::new(system)),
    })
}

/// The force field of programs outside; they are not started yet.
fn external(loaded: &CheckedScene, spec: &ExternalSpec, system: Arc<System>) -> External {
    let mut spec = spec.clone();
    for template in spec.clients.iter_mut().filter_map(|c| c.template.as_mut()) {
        let path = beside(&loaded.path, &template.folder);
        template.folder = std::path::absolute(&path).unwrap_or(path).to_string_lossy().into_owned();
    }
    let mut slab = Configuration::default();
    for atom in loaded.slab.mobile() {
        slab.insert(atom.species as u8, system.cell.wrap(atom.position), DVec3::ZERO);
    }
    let coldest = loaded.scene.grid.temperature.values().into_iter().fold(f64::INFINITY, f64::min);
    External::new(spec, loaded.scene.units, system, slab, coldest * loaded.scene.units.boltzmann())
}

/// The index of a species by name; the scene's checks have made sure that it exists.
pub(crate) fn species_index(scene: &Scene, name: &str) -> u8 {
    let Some(index) = scene.species_index(name) else {
        unreachable!("the checks of a scene know every species, but not `{name}`")
    };
    index as u8
}

/// The pairs of a scene.
///
/// - `scene`: its cutoff is filled in where a file says it
/// - `scene_path`: paths inside the scene are relative to its folder
///
/// # Errors
/// [`Error::Scene`] if a pair names no file or its table does not reach the cutoff, [`Error::BadInput`] with line, value
/// and remedy if a file is no table, and those of reading it.
pub(crate) fn pair_table(
    source: &Source,
    scene: &mut Scene,
    scene_path: &Path,
    warnings: &mut Vec<String>,
) -> Result<PairTable> {
    if matches!(scene.potential, Potential::StillingerWeber { .. }) {
        return many_body::stillinger_weber(source, scene, scene_path);
    }
    let scene = &*scene;
    let n = scene.species.len();
    let (cutoff, truncation, tail) =
        (scene.potential.cutoff(), scene.potential.truncation(), scene.potential.tail_correction());
    Ok(match &scene.potential {
        Potential::LennardJones { pairs, mixing, .. } => {
            let listed = |a, b| of_pair(scene, pairs, a, b).map(|p| (p.epsilon, p.sigma));
            let mixed = |a, b| match mixing {
                Some(Mixing::LorentzBerthelot) => {
                    let (aa, bb) = (listed(a, a)?, listed(b, b)?);
                    Some(((aa.0 * bb.0).sqrt(), 0.5 * (aa.1 + bb.1)))
                }
                None => None,
            };
            PairTable::new(n, cutoff, truncation, tail, |a, b| {
                // Only pairs that never meet (frozen–frozen) may be missing after the checks.
                let (epsilon, sigma) = listed(a, b).or_else(|| mixed(a, b)).unwrap_or((0.0, 0.0));
                LennardJones::new(epsilon, sigma)
            })
        }
        Potential::Morse { pairs, .. } => PairTable::new(n, cutoff, truncation, tail, |a, b| {
            let (depth, alpha, r_0) =
                of_pair(scene, pairs, a, b).map_or((0.0, 1.0, 0.0), |p| (p.depth, p.alpha, p.r_0));
            Morse::new(depth, alpha, r_0)
        }),
        Potential::StillingerWeber { .. } => unreachable!("it has every pair"),
        Potential::Table { .. } => {
            let tables = tables(source, scene, scene_path, warnings)?;
            PairTable::new(n, cutoff, truncation, tail, |a, b| tables[a * n + b].clone())
        }
        // Atoms with a size and nothing else.
        Potential::External(_) => {
            PairTable::new(n, cutoff, truncation, tail, |a, b| LennardJones::new(0.0, contact(scene, a, b)))
        }
    })
}

/// Values of r² that a table may be interpolated on.
const POINTS: std::ops::RangeInclusive<u32> = 2..=20_000;
/// Size of a pair that does not interact, as a fraction of the cutoff.
const INERT_LENGTH: f64 = 0.4;

/// Tables of all pairs of species. `[n_species * n_species]`
fn tables(source: &Source, scene: &Scene, scene_path: &Path, warnings: &mut Vec<String>) -> Result<Vec<Table>> {
    let Potential::Table { path: shared, cutoff, points, pairs, .. } = &scene.potential else { return Ok(Vec::new()) };
    ensure!(
        source,
        POINTS.contains(points),
        "potential.points",
        format!("`points` is {points}"),
        format!("give a whole number from {} to {}", POINTS.start(), POINTS.end()),
    );
    let n = scene.species.len();
    let mut tables = vec![Table::none(0.0); n * n];
    let mut texts: BTreeMap<&str, String> = BTreeMap::new();
    for (i, pair) in pairs.iter().enumerate() {
        let (a, b) = (species_index(scene, &pair.between.0), species_index(scene, &pair.between.1));
        let table = match &pair.keyword {
            None => Table::none(INERT_LENGTH * cutoff),
            Some(keyword) => {
                let Some(path) = pair.path.as_ref().or(shared.as_ref()) else {
                    let (a, b) = &pair.between;
                    return Err(source.error(
                        &format!("potential.pairs[{i}]"),
                        format!("the pair (\"{a}\", \"{b}\") names no file"),
                        "add `path: \"pair.table\"` to it, or to `Table` for all pairs",
                    ));
                };
                let file = beside(scene_path, path);
                let text = match texts.entry(path) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(new) => new.insert(read_text("table of pairs", &file)?),
                };
                let bad = |problem: String| Error::BadInput { path: file.clone(), problem };
                let section = Section::find(text, keyword).map_err(bad)?;
                if let Some(words) = section.at_odds() {
                    return Err(bad(format!("section `{keyword}`, {words}")));
                }
                let (first, last) = section.ends();
                ensure!(
                    source,
                    first < *cutoff && *cutoff <= last,
                    "potential.cutoff",
                    format!("`cutoff` is {cutoff}, but section `{keyword}` of `{path}` reaches from {first} to {last}"),
                    "give a cutoff inside the table, or write the table further",
                );
                if *cutoff == last && section.ends_in_a_jump() {
                    warnings.push(format!(
                        "section `{keyword}` of `{path}` ends in zeros that `pair_write` puts at the cutoff, behind forces \
                         that do not vanish: write it with a larger cutoff, or lower `cutoff` by a row"
                    ));
                }
                Table::new(&section, *points as usize, *cutoff)
            }
        };
        tables[usize::from(a) * n + usize::from(b)] = table.clone();
        tables[usize::from(b) * n + usize::from(a)] = table;
    }
    Ok(tables)
}

/// The listed pair of species `a` and `b`.
fn of_pair<'a, P: ListedPair>(scene: &Scene, pairs: &'a [P], a: usize, b: usize) -> Option<&'a P> {
    let (a, b) = (&scene.species[a].name, &scene.species[b].name);
    pairs.iter().find(|p| p.is_of(a, b))
}

/// A field of a scene.
///
/// - `floor`: z from which walls measure [length]
/// - `centre`: of the cell [length]
pub(crate) fn external_field(field: &Field, floor: f64, centre: DVec3) -> ExternalField {
    match *field {
        Field::Harmonic { spring, .. } => ExternalField::Harmonic { spring, centre },
        Field::Steele { epsilon, sigma, density, spacing, .. } => {
            ExternalField::Steele { epsilon, sigma, density, spacing, floor }
        }
        Field::Wall93 { epsilon, sigma, .. } => ExternalField::Wall93 { epsilon, sigma, floor },
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
    let scene = &loaded.scene;
    let n = scene.species.len();
    let sigma = |a: usize, b: usize| loaded.pairs.pair(a as u8, b as u8).length();
    let adsorbate = |s: usize| Adsorbate {
        species: s as u8,
        name: scene.species[s].name.clone(),
        sigma: sigma(s, s),
        layer_top: loaded.first_layer(s),
    };
    let cell = loaded.cell();
    Geometry {
        names: scene.species.iter().map(|s| s.name.clone()).collect(),
        frozen: loaded.slab.frozen().map(|a| (a.species as u8, cell.wrap(a.position))).collect(),
        hosts: hosts(loaded),
        cell,
        lattice: loaded.lattice(),
        n_slab: loaded.slab.mobile().count(),
        adsorbates: loaded.adsorbates().into_iter().map(adsorbate).collect(),
        sigma: (0..n * n).map(|k| sigma(k / n, k % n)).collect(),
    }
}

/// The top layer of the slab of a scene, of the species of its highest atom.
fn hosts(loaded: &CheckedScene) -> Hosts {
    let highest = loaded.slab.atoms.iter().max_by(|a, b| a.position.z.total_cmp(&b.position.z));
    let Some(atoms) = highest.and_then(|atom| HostAtoms::new(loaded, atom.species)) else { return Hosts::default() };
    let mut hosts = Hosts::default();
    for site in atoms.hosts() {
        match site {
            SlabSite::Mobile(slot) => hosts.slots.push(slot),
            SlabSite::Frozen(position) => hosts.fixed.push(position),
        }
    }
    for site in atoms.buried() {
        match site {
            SlabSite::Mobile(slot) => hosts.buried_slots.push(slot),
            SlabSite::Frozen(position) => hosts.buried.push(position),
        }
    }
    hosts
}
