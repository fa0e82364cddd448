//! aiAT from a run: quench what was sampled, and set two harmonic pictures beside REGC + MBAR.
//!
//! Both pictures take the lowest free energy over the minima at each point: with minimum energies alone,
//! G = E − Σ N_s μ_s (μ as the column `mu` has it), and with the classical harmonic integral, G = −kT ln Z − kT Σ N_s ln z_s.

pub use crate::landscape::comparison::{Boundary, Comparison, Difference, compare};
pub use crate::landscape::picture::boundary_of;

use crate::analysis::Analysis;
use crate::base::error::{Error, Result};
use crate::figures::{Figure, Labels, aiat_comparison};
use crate::input::scene::CheckedScene;
use crate::input::scene::grammar::ConventionSpec;
use crate::landscape::{Search, search};
use crate::report::comparison as report;
use crate::sample::trajectory::read_trajectory;
use crate::sampler::Setup;
use crate::system::System;
use crate::workflow::analyze::analyse_run;
use std::path::{Path, PathBuf};

/// Configurations of each composition that are quenched by default.
pub const QUENCHES: usize = 12;

/// What the user decides.
#[derive(Debug, Clone)]
pub struct Options {
    /// Configurations of each composition that are quenched.
    pub quenches: usize,
    /// Temperatures at which boundaries are wanted beside those of the run, scene unit.
    pub temperatures: Vec<f64>,
}

/// What it leaves behind, besides its files.
#[derive(Debug)]
pub struct Outcome {
    /// The pictures and their boundaries.
    pub comparison: Comparison,
    /// The minima.
    pub search: Search,
    /// The figures as written.
    pub figures: Vec<Figure>,
    /// Path of `aiat.html`.
    pub report: PathBuf,
    /// Units and title.
    pub labels: Labels,
}

/// Quenches the stored configurations of a run, compares, and writes `analysis/aiat_*.csv`, `figures/aiat_*` and
/// `aiat.html` into `output`.
///
/// # Errors
/// [`Error::InputMissing`] if the directory holds no run or no configurations, [`Error::Analysis`], [`Error::Io`].
pub fn from_run(directory: &Path, output: &Path, options: &Options) -> Result<Outcome> {
    let (loaded, analysis) = analyse_run(directory)?;
    let Setup { system, force_field, .. } = Setup::from_scene(&loaded)?;
    if system.reservoirs.is_empty() {
        return Err(Error::argument(
            format!("{} is a canonical run: without a reservoir there is nothing to compare", directory.display()),
            "take a run with `reservoir`",
        ));
    }
    let frames = read_trajectory(directory)?;
    let starts = crate::landscape::select::starts(&system, &frames, options.quenches);
    let found = search(&system, &*force_field, &starts)?;
    write(&loaded, analysis, found, options, output)
}

/// Compares and writes.
fn write(
    loaded: &CheckedScene,
    analysis: Analysis,
    found: Search,
    options: &Options,
    output: &Path,
) -> Result<Outcome> {
    let boltzmann = loaded.scene.units.boltzmann();
    let quantum = quantum(loaded, &found);
    let comparison = compare(analysis, &found.minima, boltzmann, &options.temperatures, quantum);
    std::fs::create_dir_all(output).map_err(Error::io("cannot create", output))?;
    crate::landscape::tables::write(&comparison, &found, &output.join("analysis"))?;
    let labels = Labels { units: loaded.scene.units, title: loaded.scene.title.clone() };
    let figures = aiat_comparison::draw(&comparison, &labels, output)?;
    let report = report::write(output, &comparison, &found, &figures, &labels)?;
    Ok(Outcome { comparison, search: found, figures, report, labels })
}

/// ħ/√m of the mobile atoms where quantum vibrations mean something: h is known, every reservoir has an absolute μ, and all
/// mobile atoms have one mass, so that the plain Hessian gives the frequencies. [energy^½·length]
fn quantum(loaded: &CheckedScene, found: &Search) -> Option<f64> {
    let scene = &loaded.scene;
    let absolute = |c: &ConventionSpec| matches!(c, ConventionSpec::Absolute | ConventionSpec::Gas(_));
    let planck = scene.units.planck().or(scene.planck)?;
    let system = System::from_scene(loaded);
    let mut masses =
        found.minima.iter().flat_map(|m| &m.configuration.species).map(|&s| system.species[usize::from(s)].mass);
    let mass = masses.next()?;
    let alike =
        masses.all(|m| (m - mass).abs() <= 1e-9 * mass) && scene.grid.reservoir.iter().all(|r| absolute(&r.convention));
    alike.then(|| planck / (2.0 * std::f64::consts::PI * mass.sqrt()))
}
