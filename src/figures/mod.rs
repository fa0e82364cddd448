//! Pictures of an [`Analysis`]: SVG and PNG of each, and a CSV with exactly what it shows.
//!
//! | figure | shows |
//! | --- | --- |
//! | `mean_n_<s>` | ⟨N⟩ over (μ, T), or against T where there is one μ |
//! | `energy_fluctuation` | Var E/(k_B T²) over (μ, T) |
//! | `phase_diagram_<s>`, `phase_diagram_pressure_<s>` | regions and boundaries over (μ, T) and (p, T) |
//! | `ln_xi` | ln Ξ = −Ω/kT over (μ, T) |
//! | `isotherms_<s>`, `isobars_<s>` | ⟨N⟩(μ) at each simulated T, ⟨N⟩(T) at pressures |
//! | `isotherms_pressure_<s>`, `excess_<s>` | atoms per area against p, all and beyond those of the gas |
//! | `isosteric_heat_<s>`, `henry_<s>` | heat of adsorption against atoms per area, Henry constants against 1/T |
//! | `p_n_<s>` | P(N) at chosen points |
//! | `free_energy_n_<s>`, `free_energy_<order>` | F = −kT ln P of N and of an order parameter at chosen points |
//! | `free_energy_2d_<order>_<i>` | F over N and an order parameter at one point |
//! | `observable_<a>` | averages of an observable against μ, or T ([`observed`]) |
//! | `density_<s>`, `layers_<s>`, `rdf`, … | stored histograms in chosen states: profiles, pair distributions |
//! | `snapshot_<k>` | a configuration of a phase, or of a state of a canonical run, from above and from the side ([`snapshots`]) |
//! | `flow_*`, `exchange_<s>`, `estimators_<s>` | whether the run can be trusted |
//! | `energy`, `heat_capacity` | canonical runs: ⟨E⟩(T) and c(T) |
//! | `gas_*` | μ of a gas against T ([`gases`]) |
//! | `aiat_*` | structures over Δμ, (T, p), and against a run ([`adsorption`], [`aiat_comparison`]) |
//! | `che_*` | staircases, sweeps and (U, pH) diagram of a reaction ([`electrode`]) |
//!
//! Where a grid has too few values for a map (a single temperature, say), a curve is drawn or the figure left out.

pub mod adsorption;
pub mod aiat_comparison;
mod boundaries;
mod distributions;
pub mod electrode;
mod free_energy;
pub mod gases;
mod isolines;
mod maps;
mod observed;
mod phases;
pub(crate) mod plot;
mod regions_of_phases;
pub mod snapshots;
pub mod so_far;
mod sorption;
pub(crate) mod trust;

use crate::analysis::Analysis;
use crate::base::error::{AnalysisError, Error, Result};
use crate::base::units::Units;
use crate::io::atomic::write_whole;
use crate::thermo::Convention;
use crate::thermo::states::Reservoir;
use rayon::prelude::*;
use std::path::Path;

pub use crate::io::csv::Table;

/// Units and names, which an analysis does not contain.
#[derive(Debug, Clone)]
pub struct Labels {
    /// Unit system of every number in the analysis.
    pub units: Units,
    /// Title of the scene; stands small under each figure's own title. May be empty.
    pub title: String,
}

/// A figure as it was written.
#[derive(Debug, Clone, Default)]
pub struct Figure {
    /// Stem of its files: `figures/<name>.svg`, `.png`, `.csv`.
    pub name: String,
    /// Title, as it stands in the picture.
    pub title: String,
    /// What it shows and how to read it, in a few sentences.
    pub caption: String,
    /// The picture, a whole `<svg>` element.
    pub svg: String,
    /// Place of the map in the picture, if it shows one.
    pub plane: Option<Plane>,
}

/// A map in a picture, so that a page can tell what lies under the pointer.
#[derive(Debug, Clone, PartialEq)]
pub struct Plane {
    /// Whether the x axis is the decimal logarithm of a pressure; else it is μ.
    pub pressure: bool,
    /// The reservoir species of the x axis.
    pub species: usize,
    /// Left, top, right and bottom of the drawing area \[px\].
    pub area: [f64; 4],
    /// Ends of the x axis: μ or log₁₀ p.
    pub x: [f64; 2],
    /// Ends of the y axis: temperatures.
    pub y: [f64; 2],
}

/// A figure before it is written.
pub(crate) struct Drawing {
    name: String,
    title: String,
    caption: String,
    canvas: plot::canvas::Canvas,
    table: Table,
}

/// Draws every figure that the analysis supports into `dir/figures` and returns them in the order of the report.
///
/// - `dir`: the run directory; `figures` is made if it is absent
///
/// # Errors
/// [`Error::Analysis`] if a map does not have the shape of its axes, [`Error::Io`] if a file cannot be written.
pub fn draw(analysis: &Analysis, labels: &Labels, dir: &Path) -> Result<Vec<Figure>> {
    check_shape("map", &analysis.map)?;
    check_shape("map in pressure", &analysis.pressure_map)?;
    let mut drawings = trust::all(analysis, labels);
    let n_reservoirs = analysis.grid.n_reservoirs();
    if n_reservoirs == 0 {
        drawings.extend(plot::curves::energy(analysis, labels));
        drawings.extend(plot::curves::heat_capacity(analysis, labels));
    }
    for s in 0..n_reservoirs {
        drawings.extend(phases::diagram(analysis, labels, s));
        drawings.extend(phases::diagram_pressure(analysis, labels, s));
        drawings.extend(maps::mean_n(analysis, labels, s));
        drawings.extend(maps::energy_fluctuation(analysis, labels, s));
        drawings.extend(maps::ln_xi(analysis, labels, s));
        drawings.extend(isolines::isotherms(analysis, labels, s));
        drawings.extend(isolines::isobars(analysis, labels, s));
        drawings.extend(sorption::isotherms(analysis, labels, s));
        drawings.extend(sorption::excess(analysis, labels, s));
        drawings.extend(sorption::isosteric_heat(analysis, labels, s));
        drawings.extend(sorption::henry(analysis, labels, s));
        drawings.extend(distributions::p_n(analysis, labels, s));
        drawings.extend(free_energy::of_n(analysis, labels, s));
    }
    for observable in 0..analysis.observables.len() {
        let axes = 0..n_reservoirs.max(1);
        drawings.extend(axes.filter_map(|s| observed::average(analysis, labels, observable, s)));
        drawings.extend(free_energy::of_order(analysis, labels, observable));
        drawings.extend(free_energy::planes(analysis, labels, observable));
    }
    drawings.extend(analysis.histograms.iter().filter_map(|h| observed::histogram(analysis, labels, h)));
    write_all(drawings, dir)
}

/// Writes figures into `dir/figures`, which is made if it is absent.
fn write_all(drawings: Vec<Drawing>, dir: &Path) -> Result<Vec<Figure>> {
    let folder = dir.join("figures");
    std::fs::create_dir_all(&folder).map_err(Error::io("cannot create", &folder))?;
    drawings.into_par_iter().map(|drawing| write(drawing, &folder)).collect()
}

/// Writes the three files of one figure.
fn write(drawing: Drawing, folder: &Path) -> Result<Figure> {
    let Drawing { name, title, caption, canvas, table } = drawing;
    let plane = canvas.plane.clone();
    write_files(folder, Figure { name, title, caption, svg: String::new(), plane }, &canvas.scene, &table)
}

/// Writes the three files of a figure whose picture is still to be made.
fn write_files(folder: &Path, figure: Figure, scene: &kuva::render::render::Scene, table: &Table) -> Result<Figure> {
    let (svg, png) = plot::canvas::finish(scene)?;
    let file = |extension: &str| folder.join(format!("{}.{extension}", figure.name));
    write_whole(&file("svg"), svg.as_bytes())?;
    write_whole(&file("png"), &png)?;
    table.write(&file("csv"))?;
    Ok(Figure { svg, ..figure })
}

fn check_shape(what: &'static str, map: &crate::analysis::Map) -> Result<()> {
    let expected = map.temperatures.len() * map.axes.iter().map(Vec::len).product::<usize>();
    if map.cells.len() == expected || map.temperatures.is_empty() {
        return Ok(());
    }
    Err(AnalysisError::ShapeOfMap { what, cells: map.cells.len(), expected }.into())
}

/// Names of axes and quantities with their units.
impl Labels {
    /// `T [K]`
    pub(crate) fn temperature(&self) -> String {
        format!("T [{}]", self.units.temperature_label())
    }

    /// The chemical potential of a reservoir species, named for its convention.
    pub(crate) fn mu(&self, analysis: &Analysis, s: usize) -> String {
        let axis = &analysis.grid.reservoirs[s];
        format!("{} of {} [{}]", self.mu_symbol(&axis.convention), axis.species, self.units.energy_label())
    }

    /// `μ'`, `μ` or `kT ln(βpσ³)`.
    pub(crate) fn mu_symbol(&self, convention: &Convention) -> &'static str {
        match (convention, self.units) {
            (Convention::Activity, _) => "μ'",
            (Convention::Absolute { .. } | Convention::Gas(_), _) => "μ",
            (Convention::Pressure { .. }, Units::Lj) => "kT ln(βpσ³)",
            (Convention::Pressure { .. }, Units::Metal) => "kT ln(βp Å³)",
        }
    }

    /// Symbols of all chemical potentials, with the species where there are several.
    pub(crate) fn mu_symbols(&self, analysis: &Analysis) -> Vec<String> {
        let reservoirs = &analysis.grid.reservoirs;
        let of = |r: &Reservoir| match reservoirs.len() {
            1 => self.mu_symbol(&r.convention).to_owned(),
            _ => format!("{} of {}", self.mu_symbol(&r.convention), r.species),
        };
        reservoirs.iter().map(of).collect()
    }

    /// Over the legend of curves at states: `T [K], μ [eV]`, or every μ by its species.
    pub(crate) fn states(&self, analysis: &Analysis) -> String {
        let symbols = self.mu_symbols(analysis);
        let with_unit = symbols.into_iter().map(|symbol| format!("{symbol} [{}]", self.units.energy_label()));
        std::iter::once(self.temperature()).chain(with_unit).collect::<Vec<_>>().join(", ")
    }

    /// `fugacity` where a simulated state is more than 1 % off the pressure of its gas, else `p`.
    pub(crate) fn pressure_symbol(&self, analysis: &Analysis, s: usize) -> &'static str {
        if analysis.is_fugacity.get(s).copied().unwrap_or(false) { "fugacity" } else { "p" }
    }

    /// What the pressure axis of a species shows, z kT or the pressure of a molecule, with its unit.
    pub(crate) fn pressure(&self, analysis: &Analysis, s: usize) -> String {
        let axis = &analysis.grid.reservoirs[s];
        let gas = match &axis.convention {
            Convention::Gas(gas) => gas.name(),
            _ => &axis.species,
        };
        format!("{} of {gas} [{}]", self.pressure_symbol(analysis, s), self.units.pressure_label())
    }

    /// Energy per temperature.
    pub(crate) fn heat_unit(&self) -> &'static str {
        match self.units {
            Units::Lj => "k_B",
            Units::Metal => "eV/K",
        }
    }
}
