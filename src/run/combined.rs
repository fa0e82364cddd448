//! Runs of one system that are analysed together: whether they can be, and the union of their states.
//!
//! MBAR asks of a sample only its energy and its numbers of atoms, so that runs may differ in all that says where and how they
//! sampled: temperatures, chemical potentials and their conventions, windows, dynamics, moves, lengths, seeds, walkers. What the
//! energy and the ensemble are must be the same.

use crate::base::error::{Error, Result};
use crate::input::scene::CheckedScene;
use crate::input::scene::difference::Difference;
use crate::input::scene::grammar::{ConventionSpec, Potential, Scene, Substrate};
use crate::observables::{Need, ObservableSpec, Observables};
use crate::run::archive::{Run, grid_of, read_run, scene_of};
use crate::run::record::RunRecord;
use crate::sample::Samples;
use crate::sample::trajectory::StoredFrame;
use crate::thermo::states::StateGrid;
use crate::thermo::union::Member;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Samples that two runs must not have in common to the bit.
const TWINS: usize = 200;

/// Runs with the union of their states.
#[derive(Debug)]
pub(crate) struct Combined {
    /// The runs; their samples are in [`Combined::samples`].
    pub(crate) runs: Vec<Run>,
    /// All states.
    pub(crate) grid: StateGrid,
    /// `[n_runs]`, where the states and edges of each are among all.
    pub(crate) members: Vec<Member>,
    /// `[n_runs]`, production cycles: those of the record, or those of the samples of a run that goes on and stores them before
    /// it says so.
    pub(crate) production: Vec<u32>,
    /// The samples of all, states, walkers and replicas numbered over all runs.
    pub(crate) samples: Samples,
    /// What is doubtful about putting these runs together.
    pub(crate) warnings: Vec<String>,
}

impl Combined {
    /// Reads runs and joins them.
    ///
    /// # Errors
    /// Those of [`scenes_of_one_system`] and [`read_run`], and [`Error::BadInput`] if two hold the same samples.
    pub(crate) fn read(directories: &[PathBuf]) -> Result<Combined> {
        let scenes = scenes_of_one_system(directories)?;
        let runs = directories.iter().zip(scenes).map(|(d, loaded)| read_run(d, loaded));
        let mut runs = runs.collect::<Result<Vec<_>>>()?;
        refuse_twins(directories, &runs)?;
        let (odd, lost) = odd_columns(&runs);
        let warnings = lost.into_iter().chain(shared_seeds(&runs)).collect();
        let (grid, members) = StateGrid::union(&runs.iter().map(|run| run.grid.clone()).collect::<Vec<_>>());
        let mut samples: Option<Samples> = None;
        let mut production = Vec::new();
        for (run, member) in runs.iter_mut().zip(&members) {
            let mut own = std::mem::take(&mut run.samples);
            let stored = own.cycle.iter().max().map_or(0, |&cycle| cycle + 1);
            production.push(run.record.production_done.max(stored));
            own.columns.retain(|c| !odd.contains(&c.name));
            own.histograms.retain(|h| !odd.contains(&h.name));
            own.state.iter_mut().for_each(|state| *state = member.states[*state as usize]);
            match &mut samples {
                None => samples = Some(own),
                Some(all) => all.append_run(&own),
            }
        }
        Ok(Combined { runs, grid, members, production, samples: samples.unwrap_or_default(), warnings })
    }
}

/// The states of runs without their samples, and where those of each are among all.
///
/// # Errors
/// Those of [`RunRecord::read`] and [`grid_of`].
pub(crate) fn union_of(directories: &[PathBuf], scenes: &[CheckedScene]) -> Result<(StateGrid, Vec<Member>)> {
    let grid = |(directory, loaded): (&PathBuf, &CheckedScene)| match loaded.scene.windows.list().is_empty() {
        true => Ok(loaded.grid()),
        false => grid_of(directory, loaded, &RunRecord::read(directory)?),
    };
    let grids = directories.iter().zip(scenes).map(grid).collect::<Result<Vec<_>>>()?;
    Ok(StateGrid::union(&grids))
}

impl Member {
    /// A stored configuration with the index that its state has among all.
    pub(crate) fn frame(&self, frame: StoredFrame) -> StoredFrame {
        StoredFrame { state: self.states.get(frame.state as usize).copied().unwrap_or(u32::MAX), ..frame }
    }
}

/// The scenes of runs that can be combined: of one system.
///
/// # Errors
/// Those of [`scene_of`], and [`Error::BadInput`] with the field in which two systems differ, and both values.
pub(crate) fn scenes_of_one_system(directories: &[PathBuf]) -> Result<Vec<CheckedScene>> {
    let scenes = directories.iter().map(|d| scene_of(d)).collect::<Result<Vec<_>>>()?;
    let places: Vec<PathBuf> = directories.iter().map(|d| d.canonicalize().unwrap_or_else(|_| d.clone())).collect();
    if let Some(i) = (1..places.len()).find(|&i| places[..i].contains(&places[i])) {
        return Err(Error::argument(
            format!("{} is given twice, and its samples would count as new ones", directories[i].display()),
            "name every run once",
        ));
    }
    for (directory, loaded) in directories.iter().zip(&scenes).skip(1) {
        if let Some(Difference { field, values: (first, own) }) = difference(&scenes[0], loaded) {
            return Err(Error::BadInput {
                path: directory.clone(),
                problem: format!(
                    "its `{field}` is not that of {}: {own} here, {first} there; runs may differ in temperatures, chemical \
                     potentials, windows, moves and lengths, and only those of one system can be combined",
                    directories[0].display()
                ),
            });
        }
    }
    Ok(scenes)
}

/// The first field in which two scenes describe different systems.
fn difference(a: &CheckedScene, b: &CheckedScene) -> Option<Difference> {
    let files = |what: &str| {
        let values = ("other numbers in its file".to_owned(), "numbers of its own".to_owned());
        Difference { field: what.to_owned(), values }
    };
    Difference::first(&system(a), &system(b))
        .or_else(|| (a.slab != b.slab).then(|| files("substrate")))
        .or_else(|| (a.pairs != b.pairs).then(|| files("potential")))
        .or_else(|| Difference::first(&conventions(a, b), &conventions(b, a)))
}

/// What a scene says of energy and ensemble; of files what they hold is compared, not where they lie.
fn system(loaded: &CheckedScene) -> Value {
    let Scene { units, species, external, cell, reservoir, .. } = &loaded.scene;
    let mut potential = loaded.scene.potential.clone();
    if let Potential::External(spec) = &mut potential {
        // How many answer, where, and how long they are waited for.
        spec.clients.iter_mut().for_each(|client| client.count = 1);
        (spec.socket, spec.connect_timeout, spec.timeout, spec.retries) = (None, 0.0, 0.0, 0);
    } else {
        potential.paths_mut().into_iter().for_each(String::clear);
    }
    let mut substrate = loaded.scene.substrate.clone();
    if let Some(Substrate::File { path, .. }) = &mut substrate {
        path.clear();
    }
    let fixed: serde_json::Map<String, Value> = fixed_atoms(loaded).into_iter().map(|(s, n)| (s, n.into())).collect();
    json!({
        "units": units, "species": species, "potential": potential, "external": external, "cell": cell,
        "substrate": substrate, "reservoir": reservoir, "initial": fixed,
    })
}

/// Atoms at the start of every species whose number never changes.
fn fixed_atoms(loaded: &CheckedScene) -> Vec<(String, usize)> {
    let scene = &loaded.scene;
    let is_fixed = |name: &str| !scene.reservoir.iter().any(|r| r.species == name);
    let mut counts: Vec<(String, usize)> = Vec::new();
    for (initial, placed) in scene.initial.iter().zip(&loaded.placed).filter(|(i, _)| is_fixed(&i.species)) {
        let atoms = initial.atoms.map_or(placed.len(), usize::from);
        match counts.iter_mut().find(|(species, _)| *species == initial.species) {
            Some((_, sum)) => *sum += atoms,
            None => counts.push((initial.species.clone(), atoms)),
        }
    }
    counts
}

/// What a convention rests on, of species for which both scenes have the same one: Planck's constant, or the gas. States are
/// told apart by T and ln z, which other conventions give as well.
fn conventions(loaded: &CheckedScene, other: &CheckedScene) -> Value {
    let scene = &loaded.scene;
    let same = |i: &usize| {
        let (own, its) = (&scene.grid.reservoir[*i].convention, &other.scene.grid.reservoir[*i].convention);
        std::mem::discriminant(own) == std::mem::discriminant(its)
    };
    let absolute = |i: usize| scene.grid.reservoir[i].convention == ConventionSpec::Absolute;
    let shared: Vec<usize> = (0..scene.grid.reservoir.len()).filter(same).collect();
    let gases: Vec<Value> =
        shared.iter().map(|&i| loaded.gases[i].as_ref().map_or(Value::Null, |gas| json!(format!("{gas:?}")))).collect();
    let planck = scene.planck.filter(|_| shared.iter().any(|&i| absolute(i)));
    json!({ "planck": planck, "grid": { "reservoir": gases } })
}

/// Refuses two runs that hold the same samples: they are one, and would count as two.
fn refuse_twins(directories: &[PathBuf], runs: &[Run]) -> Result<()> {
    let start = |run: &Run| -> Vec<(u32, u32, u64)> {
        let s = &run.samples;
        (0..s.len().min(TWINS)).map(|n| (s.cycle[n], s.state[n], s.energy[n].to_bits())).collect()
    };
    let starts: Vec<_> = runs.iter().map(start).collect();
    let fluctuates = |s: &[(u32, u32, u64)]| s.len() == TWINS && s.iter().any(|x| x.2 != s[0].2);
    for i in 1..runs.len() {
        if let Some(j) = (0..i).find(|&j| starts[i] == starts[j] && fluctuates(&starts[i])) {
            return Err(Error::BadInput {
                path: directories[i].clone(),
                problem: format!(
                    "it holds the samples of {} again (same scene, same seed {}), which would count as new ones; run it with \
                     another --seed",
                    directories[j].display(),
                    runs[i].record.seed
                ),
            });
        }
    }
    Ok(())
}

/// A warning of runs that draw the same random numbers.
fn shared_seeds(runs: &[Run]) -> Option<String> {
    let is_shared = |&i: &usize| runs[..i].iter().any(|run| run.record.seed == runs[i].record.seed);
    let i = (1..runs.len()).find(is_shared)?;
    Some(format!(
        "several runs have the seed {}: their replicas began with the same random numbers and are not as independent as errors \
         take them to be; give every run a --seed of its own",
        runs[i].record.seed
    ))
}

/// Names of what is not observed in the same way in all runs, and a warning of it.
fn odd_columns(runs: &[Run]) -> (Vec<String>, Option<String>) {
    let scenes = || runs.iter().map(|run| &run.loaded.scene);
    let one_layer = scenes().all(|scene| scene.first_layer == runs[0].loaded.scene.first_layer);
    let is_common = |spec: &ObservableSpec| {
        scenes().all(|scene| scene.observables.contains(spec))
            && (one_layer || !spec.needs().contains(&Need::FirstLayer))
    };
    let fields = |run: &Run| {
        let mut loaded = run.loaded.clone();
        loaded.scene.observables.retain(|spec| !is_common(spec));
        Observables::from_scene(&loaded).fields().into_iter().map(|field| field.name).collect::<Vec<_>>()
    };
    let mut odd: Vec<String> = runs.iter().flat_map(fields).collect();
    odd.sort_unstable();
    odd.dedup();
    let warning = (!odd.is_empty())
        .then(|| format!("not observed in the same way in all runs, and left out of the analysis: {}", odd.join(", ")));
    (odd, warning)
}

/// Directories as they are named in messages.
pub(crate) fn names(directories: &[PathBuf]) -> String {
    directories.iter().map(|d| d.display().to_string()).collect::<Vec<_>>().join(", ")
}
