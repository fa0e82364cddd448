//! Axes and temperatures of a list of structures.

use super::{Aiat, AxisInput, positive};
use crate::base::Result;
use crate::input::source::{Source, did_you_mean, ensure};
use crate::thermochemistry::aiat::Surface;
use crate::thermochemistry::gas::Source as Thermal;

/// What is drawn of each gas, in the order of the gases.
pub(super) fn axes(source: &Source, spec: &Aiat, surface: &Surface) -> Result<Vec<AxisInput>> {
    let gases: Vec<&str> = surface.gases().iter().map(|&s| surface.species[s].name.as_str()).collect();
    ensure!(
        source,
        (1..=2).contains(&gases.len()),
        "reservoirs",
        format!("{} gases", gases.len()),
        "give one or two gases: they are the axes",
    );
    let unit = spec.pressure_unit.pascals();
    let mut axes = Vec::new();
    for (k, a) in spec.axes.iter().enumerate() {
        let at = format!("axes[{k}]");
        ensure!(
            source,
            !spec.axes[..k].iter().any(|b| b.species == a.species),
            format!("{at}.species"),
            format!("`{}` has two axes", a.species),
            "keep one of them",
        );
        ensure!(
            source,
            gases.contains(&a.species.as_str()),
            format!("{at}.species"),
            format!("`{}` is no species with a gas", a.species),
            did_you_mean(&a.species, gases.clone()),
        );
        ensure!(
            source,
            a.delta_mu.0 < a.delta_mu.1,
            format!("{at}.delta_mu"),
            format!("the range of Δμ from {} to {} is empty", a.delta_mu.0, a.delta_mu.1),
            "give the lower end first",
        );
        ensure!(
            source,
            a.pressure.0 > 0.0 && a.pressure.0 < a.pressure.1,
            format!("{at}.pressure"),
            format!("the range of pressures from {} to {}", a.pressure.0, a.pressure.1),
            "give two numbers above 0, the lower first",
        );
        let fixed = a.fixed_pressure.unwrap_or(a.pressure.1);
        positive(source, &format!("{at}.fixed_pressure"), fixed)?;
        axes.push(AxisInput {
            species: a.species.clone(),
            delta_mu: a.delta_mu,
            pressure: (a.pressure.0 * unit, a.pressure.1 * unit),
            fixed_pressure: fixed * unit,
        });
    }
    let mut ordered = Vec::new();
    for name in &gases {
        let Some(axis) = axes.iter().find(|a| a.species == *name) else {
            return Err(source.error(
                "axes",
                format!("gas species `{name}` has no axis"),
                format!("add `(species: \"{name}\", delta_mu: (…, …), pressure: (…, …))` to `axes`"),
            ));
        };
        ordered.push(axis.clone());
    }
    Ok(ordered)
}

/// Temperatures above 0 and inside every table.
pub(super) fn temperatures(source: &Source, spec: &Aiat, surface: &Surface) -> Result<()> {
    ensure!(source, !spec.temperature.is_empty(), "temperature", "there is no temperature", "give at least one");
    ensure!(
        source,
        !spec.named_temperatures.is_empty(),
        "named_temperatures",
        "there is no temperature for the pressure axes",
        "give at least one",
    );
    let named = spec.named_temperatures.iter().enumerate().map(|(i, &t)| (format!("named_temperatures[{i}]"), t));
    let all = spec.temperature.values().into_iter().map(|t| ("temperature".to_owned(), t)).chain(named);
    for (path, t) in all {
        ensure!(source, t > 0.0, path, format!("temperature {t} K is not above 0"), "give a temperature above 0");
        for g in 0..surface.gases().len() {
            let (gas, _) = surface.gas(g);
            let range = match &gas.source {
                Thermal::Janaf(table) => table.range(),
                Thermal::Shomate(shomate) => shomate.range(),
                Thermal::Molecule { .. } => continue,
            };
            ensure!(
                source,
                (range.0..=range.1).contains(&t),
                path,
                format!("{t} K is outside the table of `{}`, which goes from {} to {} K", gas.name, range.0, range.1),
                "stay inside it, or take a gas with spectroscopic constants",
            );
        }
    }
    Ok(())
}
