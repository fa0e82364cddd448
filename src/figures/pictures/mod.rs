//! The pictures themselves, drawn with kuva: the part of the room that a build without the feature `pictures` leaves out.

pub mod adsorption;
pub mod aiat_comparison;
mod boundaries;
mod distributions;
pub mod electrode;
mod free_energy;
pub mod gases;
pub(crate) mod hover;
mod isolines;
mod labels;
mod layers;
mod maps;
mod observed;
mod phases;
pub(crate) mod plot;
mod regions_of_phases;
pub mod snapshots;
pub mod so_far;
mod sorption;
mod trust;

use super::{Figure, Labels};
use crate::analysis::Analysis;
use crate::base::error::{AnalysisError, Error, Result};
use crate::io::atomic::write_whole;
use crate::io::csv::Table;
use rayon::prelude::*;
use std::path::Path;

/// Why a page has no figures, where it has none.
pub(crate) const NOTHING_DRAWN: &str = "This grid has nothing to draw.";

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
        drawings.extend(plot::of_temperature::energy(analysis, labels));
        drawings.extend(plot::of_temperature::heat_capacity(analysis, labels));
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
