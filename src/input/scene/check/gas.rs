//! The gases of the convention `Gas`.

use crate::base::Result;
use crate::base::units::BAR_PA;
use crate::input::gas::find;
use crate::input::scene::grammar::{ConventionSpec, Scene};
use crate::input::source::{Source, ensure};
use crate::thermochemistry::gas::{Gas, Motion, Rotor, Source as Thermal};
use std::path::Path;

/// Relative difference between the mass of a species and that of an atom of its gas.
const MASS_TOL: f64 = 0.01;

/// The gas of every axis of `grid.reservoir` that names one.
pub(crate) fn gases(
    source: &Source,
    scene: &Scene,
    scene_path: &Path,
    warnings: &mut Vec<String>,
) -> Result<Vec<Option<Gas>>> {
    let mut gases = Vec::new();
    for (i, axis) in scene.grid.reservoir.iter().enumerate() {
        let ConventionSpec::Gas(name) = &axis.convention else {
            gases.push(None);
            continue;
        };
        let path = format!("grid.reservoir[{i}].convention");
        let gas = find(source, &path, name, scene_path)?;
        gases.push(Some(fitting(source, scene, &path, &axis.species, gas, warnings)?));
    }
    Ok(gases)
}

/// Checks that a gas can be the reservoir of a species.
fn fitting(
    source: &Source,
    scene: &Scene,
    path: &str,
    species: &str,
    mut gas: Gas,
    warnings: &mut Vec<String>,
) -> Result<Gas> {
    let Some(spec) = scene.species.iter().find(|s| s.name == species) else {
        unreachable!("the species of an axis was checked")
    };
    let name = gas.name.clone();
    let Some((element, atoms)) = gas.single_element().map(|(e, n)| (e.to_owned(), n)) else {
        return Err(source.error(
            path,
            format!("`{name}` is made of several elements, so its pressure alone does not fix μ of `{species}`"),
            "take a gas of one element, or `Absolute`",
        ));
    };
    // Deuterium is often written H with its own mass.
    let hydrogen = |e: &str| e == "H" || e == "D";
    ensure!(
        source,
        spec.symbol == element || hydrogen(&spec.symbol) && hydrogen(&element),
        path,
        format!("species `{species}` ({}) is no atom of `{name}`", spec.symbol),
        format!("take a gas of {}, or `Pressure` for a molecule that moves as one particle", spec.symbol),
    );
    gas = super::external::gas(source, scene, path, species, gas, atoms)?;
    let atom = gas.mass / f64::from(atoms);
    ensure!(
        source,
        (spec.mass - atom).abs() <= MASS_TOL * atom,
        path,
        format!("species `{species}` has mass {} u, but an atom of `{name}` has {atom:.5} u", spec.mass),
        "give the species the mass of its gas: a D surface needs the D2 reservoir",
    );
    ensure!(
        source,
        gas.dissociation.is_some_and(f64::is_finite),
        path,
        format!("the dissociation energy of `{name}` is not known, and energies count from isolated atoms"),
        "give `dissociation: …` (D0 in eV) in a file of gases",
    );
    let range = match &gas.source {
        Thermal::Janaf(table) => Some(table.range()),
        Thermal::Shomate(shomate) => Some(shomate.range()),
        Thermal::Molecule { .. } => None,
    };
    if let Some((lo, hi)) = range {
        for t in scene.grid.temperature.values() {
            ensure!(
                source,
                (lo..=hi).contains(&t),
                "grid.temperature",
                format!("temperature {t} K is outside the table of `{name}`, which goes from {lo} to {hi} K"),
                "stay inside it, or take a gas with spectroscopic constants",
            );
        }
    }
    if atoms == 1 {
        // The same mass on both sides: then z = βp exactly.
        gas.mass = spec.mass;
    }
    let pressures = scene.grid.reservoir.iter().filter(|a| a.species == species).flat_map(|a| a.values.values());
    let most = pressures.fold(0.0, f64::max);
    let doubts = scene.grid.temperature.values().into_iter().filter_map(|t| gas.doubt(t, most * BAR_PA));
    warnings.extend(doubts.take(1));
    let single = matches!(gas.source, Thermal::Molecule { motion: Motion::RigidRotor { rotor: Rotor::None, .. }, .. });
    if !single {
        let zero_point = match gas.is_table() && gas.zero_point_energy() == 0.0 {
            true => "zero-point energy not known to its table".to_owned(),
            false => format!("zero-point energy {:.3} eV", gas.zero_point_energy()),
        };
        warnings.push(format!(
            "μ of `Gas(\"{name}\")` is that of a quantum molecule ({zero_point}), but the atoms of \
             `{species}` move classically and have none: μ of a boundary is off by the difference of the two zero-point \
             energies per atom"
        ));
    }
    Ok(gas)
}
