//! Scenes: what the user writes, checked as a whole.
//!
//! [`load`] reads a scene file, fills in every default, builds the slab, places the initial atoms that have fixed
//! places, and refuses what cannot be. What comes back can be run as it stands.

pub mod grammar;
pub mod reference;

mod bonds;
pub(crate) mod check;
pub(crate) mod compile;
pub(crate) mod difference;
mod first_layer;
mod lookup;
mod many_body;
pub(crate) mod place;
mod resolve;
mod slab_file;

pub use crate::base::diagnostic::SceneError;
pub use grammar::Scene;
pub use resolve::resolved;

use crate::base::{Error, Result};
use crate::forces::external::spec::{ReferenceEnergies, ReferenceSpec, SlabReference};
use crate::input::source::Source;
use crate::io::structure;
use crate::io::text::read_text;
use crate::potential::PairTable;
use crate::system::cell::Cell;
use crate::system::slab::Slab;
use crate::thermo::states::{ReservoirAxis, StateGrid, StatePoint};
use crate::thermo::{Convention, Window};
use crate::thermochemistry::Gas;
use crate::thermochemistry::reservoir::Parameters;
use glam::DVec3;
use grammar::{ConventionSpec, Potential};
use std::path::{Path, PathBuf};

/// A scene that can be run: parsed, filled in, checked as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckedScene {
    /// The scene with every default filled in; `reservoir` is in the order of `grid.reservoir`.
    pub scene: Scene,
    /// The text as read.
    pub text: String,
    /// The file it came from.
    pub path: PathBuf,
    /// The pairs of all species; those that never meet may have no interaction.
    pub pairs: PairTable,
    /// The slab, built or read; empty without a substrate.
    pub slab: Slab,
    /// Per entry of `scene.initial`: fixed positions \[length\] of `Layers` and `File`, empty for `Random`.
    pub placed: Vec<Vec<DVec3>>,
    /// Per axis of `grid.reservoir`: the gas of the convention `Gas`.
    pub gases: Vec<Option<Gas>>,
    /// What is allowed but doubtful.
    pub warnings: Vec<String>,
}

/// Reads, fills in and checks a scene file.
///
/// # Errors
/// [`crate::base::Error::InputMissing`] if the scene or a file it names does not exist, [`crate::base::Error::Scene`] with line,
/// column, value and remedy if the scene is not acceptable, [`crate::base::Error::BadInput`] if a file it names is not,
/// [`crate::base::Error::Io`].
pub fn load(path: impl AsRef<Path>) -> Result<CheckedScene> {
    let path = path.as_ref();
    if path.join("resolved.ron").is_file() {
        let shown = path.display();
        let problem = format!(
            "it is the directory of a run, not a scene; go on with it: adlayer resume {shown}, analyse it: adlayer analyze \
             {shown}, or begin anew from {shown}/scene.ron"
        );
        return Err(Error::BadInput { path: path.to_owned(), problem });
    }
    let text = read_text("scene", path)?;
    parse(&text, path)
}

/// Fills in and checks the text of a scene.
///
/// - `path`: names the scene in messages; paths inside the scene are relative to its folder
///
/// # Errors
/// Those of [`load`].
pub fn parse(text: &str, path: &Path) -> Result<CheckedScene> {
    let source = Source::new(text, path);
    let name = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    if let Some(what) = structure::recognized(text, &name) {
        let problem = format!(
            "it is {what}, a file of atoms and no scene; name it in one, `substrate: File(path: \"{name}\")`: `adlayer new \
             NAME` writes a scene to start from"
        );
        return Err(Error::BadInput { path: path.to_owned(), problem });
    }
    let mut scene: Scene = crate::input::parse::parse(&source)?;
    let mut warnings = Vec::new();

    check::species::species(&source, &scene)?;
    check::external::templates(&source, &mut scene, path)?;
    check::species::interactions(&source, &scene)?;
    let pairs = compile::pair_table(&source, &mut scene, path, &mut warnings)?;
    check::particles::particles(&source, &scene, &mut warnings)?;
    let gases = check::gas::gases(&source, &scene, path, &mut warnings)?;
    check::run::run(&source, &scene, &mut warnings)?;
    check::run::fill(&source, &mut scene);
    check::windows::windows(&source, &scene)?;
    check::cell::vectors(&source, &mut scene)?;
    check::cell::sizes(&source, &scene)?;

    let slab = place::slab(&source, &mut scene, path, &mut warnings)?;
    check::cell::fill(&source, &mut scene, &slab)?;
    check::cell::cutoff(&source, &mut scene)?;
    let cell = scene.cell();
    let (floor, ceiling) = (cell.floor, cell.ceiling());
    slab_file::doubts(&source, &scene, &slab, (floor, ceiling), &mut warnings)?;
    check::cell::inside(&source, &mut scene, &slab, floor, ceiling)?;
    let placed = place::place(&source, &mut scene, path, (&cell, &slab), &mut warnings)?;

    let mut loaded =
        CheckedScene { scene, text: text.to_owned(), path: path.to_owned(), pairs, slab, placed, gases, warnings };
    check::particles::numbers(&source, &loaded.scene, &loaded.mobile_slab_atoms())?;
    check::external::slab(&source, &loaded.scene, loaded.slab.mobile().count())?;
    check::external::core(&source, &loaded.scene, &mut loaded.warnings)?;
    check::external::doubts(&loaded.scene, &mut loaded.warnings);
    let (mobile, frozen) = loaded.occurring();
    check::species::pairs_present(&source, &loaded.scene, &mobile, &frozen)?;
    place::overlaps(&source, &loaded.scene, &loaded.pairs, &loaded.slab, &loaded.placed, &cell)?;
    check::particles::unused(&loaded.scene, &mobile, &frozen, &mut loaded.warnings);
    check::plausible::plausible(&loaded.scene, &loaded.pairs, (&mobile, &frozen), &mut loaded.warnings);
    let room = check::room::doubts(&loaded, (&mobile, &frozen));
    loaded.warnings.extend(room);

    let Scene { reservoir, grid, .. } = &mut loaded.scene;
    reservoir.sort_by_key(|r| grid.reservoir.iter().position(|g| g.species == r.species));
    check::observables::observables(&source, &loaded)?;
    check::run::hosts(&source, &loaded)?;
    Ok(loaded)
}

/// The text of a scene as a tree of names and values, with its defaults; `None` if it does not parse.
pub(crate) fn tree(text: &str) -> Option<serde_json::Value> {
    let scene: Scene = crate::input::parse::options().from_str(text).ok()?;
    serde_json::to_value(scene).ok()
}

impl CheckedScene {
    /// The cell.
    pub fn cell(&self) -> Cell {
        self.scene.cell()
    }

    /// z of the floor \[length\]; 0 for `Bulk`.
    pub fn floor(&self) -> f64 {
        self.cell().floor
    }

    /// z of the ceiling \[length\]; the period in z for `Bulk`.
    pub fn ceiling(&self) -> f64 {
        self.cell().ceiling()
    }

    /// Edges of the cell in x, y and z \[length\]; in z from floor to ceiling, in y of an oblique cell its width.
    pub fn lengths(&self) -> (f64, f64, f64) {
        self.cell().lengths.into()
    }

    /// Lower and upper z of the region in which atoms of a reservoir are inserted and deleted \[length\].
    ///
    /// - `reservoir`: index into `scene.reservoir`
    pub fn region_of(&self, reservoir: usize) -> (f64, f64) {
        self.scene.reservoir[reservoir].region.map_or_else(|| (self.floor(), self.ceiling()), |r| r.z)
    }

    /// Index into `scene.species` of a reservoir species.
    ///
    /// - `reservoir`: index into `scene.reservoir`, which is also the index into the grid's reservoir axes
    pub fn species_of(&self, reservoir: usize) -> usize {
        let name = &self.scene.reservoir[reservoir].species;
        self.scene.species_index(name).unwrap_or_else(|| unreachable!("the species of a reservoir was checked"))
    }

    /// The states: temperature slowest, then each reservoir axis in the order of `grid.reservoir`; then those of `windows`,
    /// whose weights are still to be learned.
    pub fn grid(&self) -> StateGrid {
        let scene = &self.scene;
        let reservoirs: Vec<ReservoirAxis> = scene
            .grid
            .reservoir
            .iter()
            .enumerate()
            .map(|(i, axis)| ReservoirAxis {
                species: axis.species.clone(),
                convention: self.convention(i),
                values: axis.values.values(),
            })
            .collect();
        let grid = StateGrid::product(&scene.grid.temperature.values(), scene.units.boltzmann(), &reservoirs);
        let grid = if scene.exchange.has_diagonals() { grid.with_diagonals() } else { grid };
        if scene.windows.list().is_empty() { grid } else { grid.with_windows(self.windows(&reservoirs)) }
    }

    /// The states with windows, those of one entry of `windows` after the other, and of one replica of it after the other.
    fn windows(&self, axes: &[ReservoirAxis]) -> Vec<StatePoint> {
        let scene = &self.scene;
        let of_one = |(ladder, spec): (usize, &grammar::WindowSpec)| {
            let reservoir = axes.iter().position(|a| a.species == spec.species);
            let reservoir = reservoir.unwrap_or_else(|| unreachable!("the species of a window was checked"));
            let middle = |a: &ReservoirAxis| a.values[a.values.len() / 2];
            let at = spec.at.clone().unwrap_or_else(|| axes.iter().map(middle).collect());
            let window = Window::new(reservoir, ladder, spec.atoms.0, spec.atoms.1);
            let state = move |temperature: f64| {
                let kt = scene.units.boltzmann() * temperature;
                let ln_z = axes.iter().zip(&at).map(|(axis, &value)| axis.convention.ln_z(value, kt)).collect();
                StatePoint { temperature, kt, ln_z, window: Some(window.clone()) }
            };
            scene.temperatures_of(spec).values().into_iter().map(state).collect::<Vec<_>>()
        };
        let ladders = scene.windows.list().iter().flat_map(|spec| std::iter::repeat_n(spec, spec.replicas as usize));
        ladders.enumerate().flat_map(of_one).collect()
    }

    /// What the values of a reservoir axis mean, with the constants of the scene's units.
    fn convention(&self, axis: usize) -> Convention {
        let (scene, units) = (&self.scene, self.scene.units);
        match &scene.grid.reservoir[axis].convention {
            ConventionSpec::Activity => Convention::Activity,
            ConventionSpec::Absolute => {
                let planck = units.planck().or(scene.planck);
                Convention::Absolute {
                    mass: scene.species[self.species_of(axis)].mass * units.mass_unit(),
                    planck: planck.unwrap_or_else(|| unreachable!("`Absolute` without `planck` was refused")),
                }
            }
            ConventionSpec::Pressure => Convention::Pressure { unit: units.pressure_unit() },
            ConventionSpec::Gas(name) => {
                let Some(gas) = self.gases[axis].clone() else { unreachable!("the gas `{name}` was found") };
                let (Some((_, atoms)), Some(planck)) = (gas.single_element(), units.planck()) else {
                    unreachable!("`Gas(\"{name}\")` was checked")
                };
                let mass = scene.species[self.species_of(axis)].mass * units.mass_unit();
                Convention::Gas(Parameters { gas, atoms, mass, planck, boltzmann: units.boltzmann() }.into())
            }
        }
    }

    /// `[n_species]`, mobile slab atoms of each species.
    pub fn mobile_slab_atoms(&self) -> Vec<usize> {
        let mut counts = vec![0; self.scene.species.len()];
        for atom in self.slab.mobile() {
            counts[atom.species] += 1;
        }
        counts
    }

    /// Mobile atoms that a replica may hold: slab atoms, `max_atoms` of every reservoir, atoms of fixed number.
    pub fn capacity(&self) -> usize {
        check::particles::capacity(&self.scene, &self.mobile_slab_atoms())
    }

    /// Replicas of the run: states times walkers.
    pub fn n_replicas(&self) -> usize {
        let grid = &self.scene.grid;
        let points: usize = grid.reservoir.iter().map(|r| r.values.len()).product::<usize>() * grid.temperature.len();
        (points + self.scene.n_windows()) * grid.walkers as usize
    }

    /// `[n_species]` twice: whether a species occurs mobile, and whether it occurs frozen.
    pub fn occurring(&self) -> (Vec<bool>, Vec<bool>) {
        let mut mobile: Vec<bool> = self.mobile_slab_atoms().iter().map(|&n| n > 0).collect();
        let mut frozen = vec![false; self.scene.species.len()];
        for atom in self.slab.frozen() {
            frozen[atom.species] = true;
        }
        let reservoirs = self.scene.reservoir.iter().map(|r| &r.species);
        for name in reservoirs.chain(self.scene.initial.iter().map(|i| &i.species)) {
            if let Some(s) = self.scene.species_index(name) {
                mobile[s] = true;
            }
        }
        (mobile, frozen)
    }

    /// An error about the value at a field path such as `grid.walkers`.
    pub(crate) fn error_at(&self, path: &str, message: String, help: &str) -> SceneError {
        Source::new(&self.text, &self.path).scene_error(path, message, help)
    }

    /// The same scene with the zero of energy that its clients have said, if it asks them.
    pub(crate) fn with_reference(mut self, energies: ReferenceEnergies) -> CheckedScene {
        if let Potential::External(spec) = &mut self.scene.potential {
            let unset = ReferenceSpec { slab: SlabReference::default(), species: Vec::new(), computed: None };
            spec.reference.get_or_insert(unset).computed = Some(energies);
        }
        self
    }

    /// The same scene with more production cycles.
    ///
    /// # Errors
    /// [`crate::base::Error::Scene`] if the new length does not fit the schedule.
    pub fn extended(mut self, cycles: u32) -> Result<CheckedScene> {
        let production = &mut self.scene.schedule.production;
        *production = production.saturating_add(cycles);
        check::run::schedule(&Source::new(&self.text, &self.path), &self.scene)?;
        Ok(self)
    }

    /// The same scene at its full length: with `until`, as long as it may become.
    pub fn longest(&self) -> CheckedScene {
        let mut longest = self.clone();
        let schedule = &mut longest.scene.schedule;
        schedule.production = schedule.production.max(schedule.max_cycles.unwrap_or(0));
        longest
    }

    /// The same scene with another length or seed.
    ///
    /// - `cycles`: production cycles N; equilibration becomes ⌈N/3⌉
    ///
    /// # Errors
    /// [`crate::base::Error::Scene`] if the new length does not fit the schedule.
    pub fn with_overrides(mut self, cycles: Option<u32>, seed: Option<u64>) -> Result<CheckedScene> {
        if let Some(seed) = seed {
            self.scene.seed = seed;
        }
        if let Some(cycles) = cycles {
            let before = check::run::equilibration_doubts(&self.scene);
            self.scene.schedule.production = cycles;
            self.scene.schedule.equilibration = cycles.div_ceil(3);
            // So many and no more, whatever the run is to go on for.
            self.scene.schedule.max_cycles = self.scene.schedule.max_cycles.map(|_| cycles);
            check::run::schedule(&Source::new(&self.text, &self.path), &self.scene)?;
            self.warnings.retain(|warning| !before.contains(warning));
            self.warnings.extend(check::run::equilibration_doubts(&self.scene));
        }
        Ok(self)
    }
}
