//! From run directories to tables, figures and a report: everything `analyze` does and `run` ends with.

use crate::analysis::diagnostics::WalkerSplit;
use crate::analysis::{self, Analysis, AnalysisInput, CellContext, MapGrid};
use crate::base::error::{Error, Result};
use crate::figures::snapshots::Chooser;
use crate::figures::{self, Figure, Labels};
use crate::input::scene::compile::force_field;
use crate::input::scene::grammar::Walkers;
use crate::input::scene::{self, CheckedScene};
use crate::report::{self, CellSummary, RunSummary, Seconds};
use crate::run::RunStatus;
use crate::run::combined::{Combined, names};
use crate::run::family::families;
use crate::run::tables::{StateResults, read_segments, set_results};
use crate::sample::trajectory::{StoredFrame, visit_trajectory};
use crate::system::slab::close_packed;
use crate::system::{Reservoir, System};
use crate::thermo::gas_phase::GasPhase;
use crate::thermo::states::StateGrid;
use crate::thermo::union::Member;
use crate::workflow::stopping::StoppingRule;
use crate::workflow::time_step::time_step_advice;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// What an evaluation leaves behind, besides its files.
#[derive(Debug)]
pub struct Evaluation {
    /// The analysis.
    pub analysis: Analysis,
    /// Settings and rates, as the report shows them.
    pub summary: RunSummary,
    /// The figures as written.
    pub figures: Vec<Figure>,
    /// Path of `report.html`.
    pub report: PathBuf,
}

/// Where averages are wanted; what is left empty stays as the default grid has it.
#[derive(Debug, Clone, Default)]
pub struct GridRequest {
    /// Temperatures, scene unit.
    pub temperatures: Option<Vec<f64>>,
    /// Values of `mu_<s>`, one list per reservoir species or none at all.
    pub mu: Vec<Vec<f64>>,
    /// Pressures, one list per reservoir species or none at all.
    pub pressures: Vec<Vec<f64>>,
}

/// Most cells of a grid that a user asks for.
const MOST_CELLS: usize = 2_000_000;

impl GridRequest {
    /// The grid, as the analysis takes it; `None` if nothing is asked for.
    ///
    /// - `states`: those that were simulated
    fn grid(&self, states: &StateGrid) -> Result<Option<MapGrid>> {
        let species: Vec<&str> = states.reservoirs.iter().map(|r| r.species.as_str()).collect();
        let (in_pressure, given) = if self.pressures.is_empty() { (false, &self.mu) } else { (true, &self.pressures) };
        if self.temperatures.is_none() && given.is_empty() {
            return Ok(None);
        }
        if !given.is_empty() && given.len() != species.len() {
            let option = if in_pressure { "--pressure" } else { "--mu" };
            return Err(Error::argument(
                format!(
                    "{option} was given {} times and the run has {} reservoir species ({})",
                    given.len(),
                    species.len(),
                    species.join(", ")
                ),
                "give it once for each, in this order",
            ));
        }
        let mut grid = MapGrid::default_of(states);
        grid.in_pressure = in_pressure;
        if let Some(temperatures) = &self.temperatures {
            grid.temperatures = ascending(temperatures);
        }
        if !given.is_empty() {
            grid.axes = given.iter().map(|axis| ascending(axis)).collect();
        }
        let cells = grid.axes.iter().fold(grid.temperatures.len(), |n, axis| n.saturating_mul(axis.len()));
        if cells > MOST_CELLS {
            return Err(Error::argument(
                format!("the grid asked for has {cells} cells, above {MOST_CELLS}"),
                "take wider steps",
            ));
        }
        Ok(Some(grid))
    }
}

/// A warning of temperatures that lie outside those simulated.
pub fn outside_samples(grid: &StateGrid, temperatures: &[f64]) -> Option<String> {
    let simulated = grid.temperatures();
    let (lo, hi) = (simulated.iter().copied().reduce(f64::min)?, simulated.iter().copied().reduce(f64::max)?);
    let beyond: Vec<String> = temperatures.iter().filter(|t| **t < lo || **t > hi).map(f64::to_string).collect();
    (!beyond.is_empty()).then(|| {
        let named = if beyond.len() > 4 { format!("{}, …", beyond[..4].join(", ")) } else { beyond.join(", ") };
        format!(
            "T = {named} {} outside the simulated temperatures, {lo} to {hi}: what is said there rests on samples that hardly \
             belong there; sample it, or stay inside",
            if beyond.len() == 1 { "lies" } else { "lie" }
        )
    })
}

/// Sorted, without repetition.
fn ascending(values: &[f64]) -> Vec<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.dedup();
    values
}

/// What an evaluation is at, for people who wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Reading samples.
    Reading,
    /// MBAR, boundaries, errors, checks.
    Analysis,
    /// Figures, snapshots and the report.
    Figures,
}

/// Analyses the samples of one or several runs of one system on the grid that is `wanted`, and writes `analysis/`, `figures/` and `report.html`
/// into `output`.
///
/// # Errors
/// [`Error::InputMissing`] if a directory holds no run, [`Error::BadInput`] if the runs are not of one system,
/// [`Error::Argument`], [`Error::Analysis`], [`Error::Io`].
pub fn evaluate(directories: &[PathBuf], output: &Path, wanted: &GridRequest) -> Result<Evaluation> {
    evaluate_and_tell(directories, output, wanted, &mut |_| ())
}

/// The same; `tell` hears of every stage before it begins.
///
/// # Errors
/// Those of [`evaluate`].
pub fn evaluate_and_tell(
    directories: &[PathBuf],
    output: &Path,
    wanted: &GridRequest,
    tell: &mut dyn FnMut(Stage),
) -> Result<Evaluation> {
    let start = Instant::now();
    tell(Stage::Reading);
    let one = matches!(directories, [directory] if directory == output);
    let directories = &families(directories)[..];
    let mut combined = Combined::read(directories)?;
    let wanted_grid = wanted.grid(&combined.grid)?;
    tell(Stage::Analysis);
    let input = AnalysisInput { wanted: wanted_grid, ..input(&mut combined) };
    let analysis = analysis::analyze_and_check(&input, &combined.tallies(directories)?)?;
    let Combined { runs, members, .. } = &combined;
    let (loaded, record) = (&runs[0].loaded, &runs[0].record);
    let scene = &loaded.scene;
    std::fs::create_dir_all(output).map_err(Error::io("cannot create", output))?;
    analysis::tables::write(&analysis, input.boltzmann, &output.join("analysis"))?;
    if one {
        let species: Vec<String> = scene.reservoir.iter().map(|r| r.species.clone()).collect();
        let all = state_results(&analysis);
        for ((directory, member), run) in directories.iter().zip(members).zip(runs) {
            let own = member.states.iter().take(run.grid.n_points()).map(|&k| all[k as usize].clone());
            set_results(directory, &species, &own.collect::<Vec<_>>())?;
        }
    }
    tell(Stage::Figures);
    let labels = Labels { units: scene.units, title: scene.title.clone() };
    let mut figures = figures::draw(&analysis, &labels, output)?;
    let mut warnings: Vec<String> = Vec::new();
    for warning in runs.iter().flat_map(|run| &run.record.warnings) {
        if !warnings.contains(warning) {
            warnings.push(warning.clone());
        }
    }
    match snapshots(directories, members, loaded, (&analysis, &labels), output) {
        Ok(pictures) => figures.extend(pictures),
        Err(error @ (Error::BadInput { .. } | Error::ParquetDamaged { .. } | Error::InputMissing { .. })) => {
            warnings.push(format!("no snapshots are drawn: {error}"));
        }
        Err(error) => return Err(error),
    }
    warnings.extend(wanted.temperatures.as_ref().and_then(|t| outside_samples(&analysis.grid, t)));
    if runs.len() > 1 {
        warnings.push(format!("samples of {} runs are combined: {}", runs.len(), names(directories)));
        warnings.extend(combined.warnings.iter().cloned());
    }
    warnings.extend(directories.iter().zip(runs).filter_map(|(directory, run)| {
        let record = &run.record;
        let how = match record.status {
            RunStatus::Interrupted => "was interrupted",
            RunStatus::Running => "goes on, or was killed;",
            RunStatus::Finished | RunStatus::Failed => return None,
        };
        let which = if runs.len() > 1 { format!("the run {}", directory.display()) } else { "the run".to_owned() };
        Some(format!("{which} {how} after {} of {} production cycles", record.production_done, record.production))
    }));
    if let Some(known) = StoppingRule::of(loaded).map(|goal| goal.judge(&analysis)).filter(|known| !known.enough) {
        warnings.push(format!("the boundaries are not known as well as the scene wants: {}", known.words));
    }
    let segments = read_segments(&directories[0])?;
    let made = u64::from(record.production_done) * u64::from(record.walkers);
    warnings.extend(segments.and_then(|row| time_step_advice(&scene.dynamics, &row, made)));
    let summary = RunSummary {
        title: scene.title.clone(),
        scene_name: Path::new(&record.scene).file_stem().map_or_else(String::new, |s| s.to_string_lossy().into_owned()),
        version: record.version.clone(),
        units: scene.units,
        device: record.device.clone(),
        kernel: record.kernel.clone(),
        seed: record.seed,
        equilibration: u64::from(record.equilibration),
        production: u64::from(record.production_done),
        walkers: runs.iter().map(|r| r.record.walkers as usize).sum(),
        n_states: analysis.grid.len(),
        runs: combined.lines(directories),
        n_replicas: runs.iter().map(|r| r.record.n_replicas).sum(),
        seconds: Seconds {
            sampling: runs.iter().map(|r| r.record.seconds_sampling).sum(),
            analysis: start.elapsed().as_secs_f64(),
        },
        replica_steps_per_s: record.replica_steps_per_s,
        attempts_per_s: record.attempts_per_s,
        acceptance: combined.moves(directories)?,
        segments,
        exchange: combined.exchange(directories)?,
        cell: CellSummary {
            lengths: loaded.lengths().into(),
            tilt: loaded.cell().tilt,
            shortest_period: loaded.cell().shortest_period(),
            periodic_z: scene.is_bulk(),
            max_atoms: scene.reservoir.iter().map(|r| (r.species.clone(), r.max_atoms)).collect(),
        },
        warnings,
        resolved_scene: scene::resolved(loaded),
    };
    let report = report::write(output, &analysis, &summary, &figures)?;
    Ok(Evaluation { analysis, summary, figures, report })
}

/// What the analysis says of every state, in cycles where it counts samples.
fn state_results(analysis: &Analysis) -> Vec<StateResults> {
    let stride = analysis.checks.diagnostics.as_ref().map_or(1.0, |d| f64::from(d.stride));
    let volume = analysis.cell.gas_volume.unwrap_or(f64::NAN);
    let of_state = |((average, g), cell): ((&analysis::DirectAverage, &f64), &analysis::MapCell)| {
        let a = &cell.adsorption;
        let cut = average.at_limit.iter().any(analysis::AtLimit::is_reached);
        let pressures = [("gas_pressure", a.gas_pressure), ("gas_pressure_err", a.gas_pressure_err)];
        let mut further: Vec<(String, f64)> =
            pressures.map(|(name, p)| (name.to_owned(), p.unwrap_or(f64::NAN))).into();
        for (s, axis) in analysis.grid.reservoirs.iter().enumerate() {
            let henry = analysis.henry_at(s, cell.temperature);
            further.extend([
                (
                    format!("q_st_err_{}", axis.species),
                    average.q_st_err.get(s).copied().filter(|_| !cut).unwrap_or(f64::NAN),
                ),
                (format!("gas_density_{}", axis.species), a.gas_density.get(s).copied().unwrap_or(f64::NAN)),
                (format!("henry_{}", axis.species), henry.map_or(f64::NAN, |h| h.constant)),
                (format!("henry_err_{}", axis.species), henry.map_or(f64::NAN, |h| h.constant_err)),
            ]);
        }
        // In a cell that holds the gas alone nothing is in excess of it.
        let gas = |density: &f64| if analysis.cell.holds_gas_alone { f64::NAN } else { density * volume };
        StateResults {
            n: average.n_err.clone(),
            energy: average.energy_err,
            inefficiency: stride * g,
            gas: a.gas_density.iter().map(gas).collect(),
            further,
        }
    };
    analysis.direct.iter().zip(&analysis.inefficiency).zip(&analysis.at_states).map(of_state).collect()
}

/// Draws a stored configuration of every phase; none where a run has kept none.
///
/// - `members`: where the states of each run are among all
fn snapshots(
    directories: &[PathBuf],
    members: &[Member],
    loaded: &CheckedScene,
    (analysis, labels): (&Analysis, &Labels),
    output: &Path,
) -> Result<Vec<Figure>> {
    let mut chooser = Chooser::new(analysis);
    if chooser.is_empty() {
        return Ok(Vec::new());
    }
    let system = System::from_scene(loaded);
    let kept = directories.iter().zip(members).filter(|(d, _)| d.join("trajectory").is_dir());
    for (directory, member) in kept {
        let see = |frame: StoredFrame| chooser.see(&member.frame(frame.clone()), &system.counts(&frame.species));
        visit_trajectory(directory, see)?;
    }
    figures::snapshots::draw(&chooser, analysis, &system, labels, output)
}

/// The scene of a run and the analysis of its samples; nothing is written.
///
/// # Errors
/// [`Error::InputMissing`], [`Error::BadInput`], [`Error::Analysis`].
pub fn analyse_run(directory: &Path) -> Result<(CheckedScene, Analysis)> {
    let mut combined = Combined::read(&families(&[directory.to_owned()]))?;
    let analysis = analysis::analyze(&input(&mut combined))?;
    Ok((combined.runs.swap_remove(0).loaded, analysis))
}

/// The analysis of a run with its checks and verdict; nothing is written.
///
/// # Errors
/// [`Error::InputMissing`], [`Error::BadInput`], [`Error::Analysis`].
pub(crate) fn analyse_and_judge(directory: &Path) -> Result<Analysis> {
    let directories = families(&[directory.to_owned()]);
    let mut combined = Combined::read(&directories)?;
    let input = input(&mut combined);
    analysis::analyze_and_check(&input, &combined.tallies(&directories)?)
}

/// The phases and boundaries of a run with its further runs, as [`analysis::analyze_boundaries`] finds them; nothing is written.
///
/// # Errors
/// [`Error::InputMissing`], [`Error::BadInput`], [`Error::Analysis`].
pub(crate) fn analyse_boundaries(directory: &Path) -> Result<Analysis> {
    let directories = families(&[directory.to_owned()]);
    let mut combined = Combined::read(&directories)?;
    let input = input(&mut combined);
    analysis::analyze_boundaries(&input, &combined.tallies(&directories)?)
}

/// What the analysis of runs starts from: their samples are taken out of them.
pub(crate) fn input(combined: &mut Combined) -> AnalysisInput {
    let samples = std::mem::take(&mut combined.samples);
    let (loaded, runs) = (&combined.runs[0].loaded, combined.sampled());
    let scene = &loaded.scene;
    let n_max: Vec<u16> = scene.reservoir.iter().map(|r| r.max_atoms).collect();
    let other_mobile_atoms = loaded.capacity() - n_max.iter().map(|&n| usize::from(n)).sum::<usize>();
    let walkers = runs.iter().map(|run| run.walkers);
    let initial = combined.runs.iter().flat_map(|run| &run.loaded.scene.initial);
    AnalysisInput {
        grid: combined.grid.clone(),
        n_max,
        boltzmann: scene.units.boltzmann(),
        pressure_unit: scene.units.pressure_unit(),
        other_mobile_atoms,
        frozen_slab: other_mobile_atoms == 0,
        production: runs.iter().map(|run| run.production).max().unwrap_or(0),
        seed: scene.seed,
        wanted: None,
        halves: WalkerSplit {
            odd: walkers.flat_map(|n| (0..n).map(|w| !w.is_multiple_of(2))).collect(),
            start_differently: initial.into_iter().any(|i| i.walkers != Walkers::All),
        },
        cell: cell_context(loaded),
        samples,
        runs,
    }
}

/// Area, volume and monolayers of a scene, and the gas that its reservoirs are.
fn cell_context(loaded: &CheckedScene) -> CellContext {
    let system = Arc::new(System::from_scene(loaded));
    let cell = &system.cell;
    let area = (!cell.periodic_z).then(|| cell.volume() / cell.lengths.z);
    // Mobile layers stand above the floor, which atoms may pass where there are vacancies.
    let mobile_top = loaded.slab.mobile().map(|atom| atom.position.z).fold(cell.floor, f64::max);
    let sites = loaded.sites_of_top_layer();
    let close_packed = |species: u8| {
        let pair = system.pairs.pair(species, species);
        match area {
            Some(area) if pair.interacts() && pair.length() > 0.0 => close_packed(area, pair.length()),
            _ => f64::NAN,
        }
    };
    let monolayer = |r: &Reservoir| sites.map_or_else(|| close_packed(r.species), |n| n as f64);
    let whole = |r: &Reservoir| (r.volume / cell.volume() - 1.0).abs() < 1e-9;
    let in_reservoirs: usize = system.reservoirs.iter().map(|r| usize::from(r.max_atoms)).sum();
    let alone = area.is_none()
        && system.frozen.positions.is_empty()
        && system.external.iter().all(Vec::is_empty)
        && system.capacity == in_reservoirs
        && system.reservoirs.iter().all(whole);
    let packed = system.reservoirs.iter().map(|r| close_packed(r.species)).filter(|n| n.is_finite());
    let room = packed.chain(sites.map(|n| n as f64)).fold(f64::INFINITY, f64::min);
    let by_pairs = force_field(loaded, &system).is_ok_and(|field| field.is_pairwise());
    let species = system.reservoirs.iter().map(|r| r.species).collect();
    CellContext {
        volume: Some(cell.volume()),
        gas_volume: Some(area.map_or(cell.volume(), |area| area * (cell.ceiling() - mobile_top))),
        area,
        monolayer: system.reservoirs.iter().map(monolayer).collect(),
        room: area.map(|_| room).filter(|room| room.is_finite()),
        fixed_adsorbates: system.capacity.saturating_sub(in_reservoirs + loaded.slab.mobile().count()),
        by_sites: sites.is_some(),
        holds_gas_alone: alone,
        gas: by_pairs.then(|| GasPhase::new(system.pairs.clone(), species)),
    }
}
