//! Windows of N.

use super::particles::{axis, temperatures};
use super::species::known;
use crate::base::Result;
use crate::input::scene::grammar::{ConventionSpec, Scene, WindowSpec, Windows};
use crate::input::source::{Source, did_you_mean, ensure};

/// Cycles of equilibration from which weights have a chance to be learned.
pub(super) const LEARNING: u32 = 100;
/// Replicas of one window at one temperature at most.
const MOST_REPLICAS: u32 = 1000;

/// Checks the windows, after grid and schedule.
pub(crate) fn windows(source: &Source, scene: &Scene) -> Result<()> {
    if scene.windows == Windows::Auto {
        return auto(source, scene);
    }
    for (i, window) in scene.windows.list().iter().enumerate() {
        let path = format!("windows[{i}]");
        atoms(source, scene, &path, window)?;
        if let Some(temperature) = &window.temperature {
            let path = format!("{path}.temperature");
            axis(source, &path, "temperature", temperature, &mut Vec::new())?;
            temperatures(source, scene, &path, temperature)?;
        }
        reference(source, scene, &format!("{path}.at"), window)?;
        ensure!(
            source,
            (1..=MOST_REPLICAS).contains(&window.replicas),
            format!("{path}.replicas"),
            format!("a window cannot have {} replicas at each temperature", window.replicas),
            format!("give 1 to {MOST_REPLICAS}; more walkers multiply the whole grid"),
        );
    }
    if scene.windows.list().is_empty() {
        return Ok(());
    }
    let cycles = scene.schedule.equilibration;
    ensure!(
        source,
        cycles > 0,
        "schedule.equilibration",
        "`equilibration` is 0, and `windows` learn their weights in it",
        format!("give {LEARNING} cycles or more, or leave out `windows`"),
    );
    Ok(())
}

/// Windows that further runs have.
fn auto(source: &Source, scene: &Scene) -> Result<()> {
    let word = source.spelled("windows");
    ensure!(
        source,
        word == "Auto",
        "windows",
        format!("`{word}` is no list of windows"),
        "give them, `[(species: \"B\", atoms: (0, 16))]`, or `Auto`: further runs along first-order lines",
    );
    ensure!(
        source,
        !scene.reservoir.is_empty(),
        "windows",
        "`windows` is Auto, but no species has a reservoir: there are no lines in μ",
        "leave it out",
    );
    Ok(())
}

/// Species and bounds.
fn atoms(source: &Source, scene: &Scene, path: &str, window: &WindowSpec) -> Result<()> {
    let name = &window.species;
    known(source, scene, &format!("{path}.species"), name)?;
    let Some(reservoir) = scene.reservoir_index(name) else {
        let help = did_you_mean(name, scene.reservoir.iter().map(|r| r.species.as_str()).collect::<Vec<_>>());
        let message = format!("a window of `{name}`, which has no reservoir: its number never changes");
        return Err(source.error(&format!("{path}.species"), message, help));
    };
    let ((lo, hi), most) = (window.atoms, scene.reservoir[reservoir].max_atoms);
    ensure!(
        source,
        lo < hi,
        format!("{path}.atoms"),
        format!("the window from {lo} to {hi} atoms leaves N no choice"),
        "give the lower number first, and a higher one",
    );
    ensure!(
        source,
        hi <= most,
        format!("{path}.atoms"),
        format!("the window reaches {hi} atoms of `{name}`, but `max_atoms` is {most}"),
        "end the window lower, or raise `max_atoms`",
    );
    Ok(())
}

/// Where the weights start from.
fn reference(source: &Source, scene: &Scene, path: &str, window: &WindowSpec) -> Result<()> {
    let Some(at) = &window.at else { return Ok(()) };
    let axes = &scene.grid.reservoir;
    ensure!(
        source,
        at.len() == axes.len(),
        path,
        format!("`at` has {} values, and `grid.reservoir` has {} axes", at.len(), axes.len()),
        "give one for each axis, in their order, or leave `at` out",
    );
    for (k, (&value, axis)) in at.iter().zip(axes).enumerate() {
        let is_pressure = matches!(axis.convention, ConventionSpec::Pressure | ConventionSpec::Gas(_));
        ensure!(
            source,
            value > 0.0 || !is_pressure,
            format!("{path}[{k}]"),
            format!("the pressure of `{}` is {value}, not above 0", axis.species),
            "give a pressure above 0",
        );
    }
    Ok(())
}
