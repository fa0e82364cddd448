//! The CSV files of `DIR/analysis`.

mod checks;

use super::{Analysis, Map};
use crate::base::ids::StateId;
use crate::base::{Error, Result};
use crate::io::csv::{Table, as_given, number, numbers};
use crate::thermo::states::StateGrid;
use std::path::Path;

/// Writes every table of an analysis into `dir`, which is created; each file whole and then renamed.
///
/// `maps.csv`, `maps_pressure.csv`, `phases.csv`, `boundaries.csv`, `phase_averages.csv` (inside each phase alone),
/// `boundary_sides.csv` (the simulated states next to a boundary), `free_energy.csv` (F = −kT ln P(N) at the points of
/// `distributions.csv`, for N and for the observables), `free_energy_2d.csv` (joint with N), `ridges.csv`, `layers.csv`,
/// `free_energies.csv` (MBAR's f_k), `distributions.csv`, `direct.csv`, `split_half.csv`; and those of the checks: `diagnostics.csv`,
/// `overlap.csv`, `flow.csv`, `boundary_convergence.csv`, `transition_matrix.csv`, `estimators.csv`, `windows.csv`.
///
/// # Errors
/// [`Error::Io`] if a file cannot be written.
pub fn write(analysis: &Analysis, boltzmann: f64, dir: &Path) -> Result<()> {
    std::fs::create_dir_all(dir).map_err(Error::io("cannot create", dir))?;
    let species: Vec<&str> = analysis.grid.reservoirs.iter().map(|r| r.species.as_str()).collect();
    map(analysis, &analysis.map, &species).write(&dir.join("maps.csv"))?;
    map(analysis, &analysis.pressure_map, &species).write(&dir.join("maps_pressure.csv"))?;
    henry(analysis, &species).write(&dir.join("henry.csv"))?;
    phases(analysis, &species).write(&dir.join("phases.csv"))?;
    boundaries(analysis, &species).write(&dir.join("boundaries.csv"))?;
    phase_averages(analysis, &species).write(&dir.join("phase_averages.csv"))?;
    boundary_sides(analysis, &species).write(&dir.join("boundary_sides.csv"))?;
    free_energy(analysis, &species, boltzmann).write(&dir.join("free_energy.csv"))?;
    free_energy_2d(analysis, &species, boltzmann).write(&dir.join("free_energy_2d.csv"))?;
    ridges(analysis, &species).write(&dir.join("ridges.csv"))?;
    layers(analysis).write(&dir.join("layers.csv"))?;
    free_energies(analysis).write(&dir.join("free_energies.csv"))?;
    distributions(analysis, &species).write(&dir.join("distributions.csv"))?;
    direct(analysis, &species).write(&dir.join("direct.csv"))?;
    split_half(analysis, &species).write(&dir.join("split_half.csv"))?;
    checks::write(&analysis.checks, &analysis.grid, dir)
}

/// Two columns for each observable.
fn with_errors(observables: &[String]) -> Vec<String> {
    observables.iter().flat_map(|a| [a.clone(), format!("{a}_err")]).collect()
}

/// Columns of adsorption at the end of a map, with those of its observables before them.
const ADSORPTION: [&str; 8] = [
    "q_st_<s>",
    "q_st_err_<s>",
    "excess_<s>",
    "gas_density_<s>",
    "gas_pressure",
    "gas_pressure_err",
    "henry_<s>",
    "henry_err_<s>",
];

fn map(analysis: &Analysis, map: &Map, species: &[&str]) -> Table {
    let observables = &analysis.observables;
    let with_errors = with_errors(observables);
    let mut columns = vec![
        "temperature",
        "mu_<s>",
        "ln_z_<s>",
        "pressure_<s>",
        "n_<s>",
        "n_<s>_err",
        "energy",
        "energy_err",
        "energy_fluctuation",
        "c_mu",
        "c_p",
        "c_vn",
        "susceptibility_<s>",
        "ln_xi",
        "ln_xi_err",
        "n_eff",
        "phase",
        "quoted",
    ];
    columns.extend(with_errors.iter().map(String::as_str));
    columns.extend(ADSORPTION);
    let mut table = Table::of_species(&columns, species);
    let n_s = species.len();
    let of_map = |s: usize| map.axes.get(s).cloned().unwrap_or_default();
    let given: Vec<Vec<f64>> = (0..n_s).map(|s| [analysis.grid.values(s), of_map(s)].concat()).collect();
    for cell in &map.cells {
        let mut row = vec![number(as_given(cell.temperature, &map.temperatures))];
        let key =
            |values: &[f64]| -> Vec<f64> { values.iter().zip(&given).map(|(v, given)| as_given(*v, given)).collect() };
        row.extend(numbers(&key(&cell.mu)));
        row.extend(numbers(&cell.ln_z));
        row.extend(numbers(&key(&cell.pressure)));
        if cell.masked {
            row.extend(vec![String::new(); 2 * n_s + 6 + n_s + 2]);
        } else {
            row.extend(numbers(&cell.n));
            row.extend(numbers(&cell.n_err));
            row.extend(numbers(&[
                cell.energy,
                cell.energy_err,
                cell.energy_fluctuation,
                cell.c_mu,
                cell.c_p,
                cell.c_vn,
            ]));
            row.extend(numbers(&cell.susceptibility));
            row.extend(numbers(&[cell.ln_xi, cell.ln_xi_err]));
        }
        row.push(number(cell.n_eff));
        row.push(cell.phase.map_or_else(String::new, |p| p.to_string()));
        row.push(u8::from(cell.quotable).to_string());
        for i in 0..observables.len() {
            let of = |values: &[f64]| values.get(i).copied().filter(|_| !cell.masked).unwrap_or(f64::NAN);
            row.extend(numbers(&[of(&cell.observables), of(&cell.observables_err)]));
        }
        let known = |value: f64| if cell.masked { f64::NAN } else { value };
        let each = |values: &[f64]| -> Vec<f64> {
            (0..n_s).map(|s| known(values.get(s).copied().unwrap_or(f64::NAN))).collect()
        };
        let a = &cell.adsorption;
        for values in [&a.q_st, &a.q_st_err, &a.excess, &a.gas_density] {
            row.extend(numbers(&each(values)));
        }
        row.extend(numbers(&[a.gas_pressure, a.gas_pressure_err].map(|p| known(p.unwrap_or(f64::NAN)))));
        let henry: Vec<(f64, f64)> = (0..n_s)
            .map(|s| {
                analysis.henry_at(s, cell.temperature).map_or((f64::NAN, f64::NAN), |h| (h.constant, h.constant_err))
            })
            .collect();
        row.extend(henry.iter().map(|h| number(h.0)).chain(henry.iter().map(|h| number(h.1))));
        table.push(row);
    }
    table
}

/// Henry's law at every temperature.
fn henry(analysis: &Analysis, species: &[&str]) -> Table {
    let columns = [
        "temperature",
        "species",
        "henry",
        "henry_err",
        "henry_absolute",
        "q_st",
        "q_st_err",
        "q_st_absolute",
        "q_st_absolute_err",
        "second_virial",
    ];
    let mut table = Table::new(columns);
    for h in &analysis.henry {
        let mut row = vec![number(h.temperature), species[h.reservoir].to_owned()];
        row.extend(numbers(&[h.constant, h.constant_err, h.absolute, h.q_st, h.q_st_err]));
        row.extend(numbers(&[h.q_st_absolute, h.q_st_absolute_err, h.second_virial]));
        table.push(row);
    }
    table
}

fn phases(analysis: &Analysis, species: &[&str]) -> Table {
    let mut table = Table::of_species(&["phase", "name", "n_<s>", "energy", "area_fraction"], species);
    for phase in &analysis.phases {
        let mut row = vec![phase.id.to_string(), phase.name.clone()];
        row.extend(numbers(&phase.n));
        row.extend(numbers(&[phase.energy, phase.area_fraction]));
        table.push(row);
    }
    table
}

/// `[n_reservoirs]`, column `mu_<s>` of a state, as the scene gives it where it does.
fn mu_of_state(grid: &StateGrid, state: usize) -> Vec<f64> {
    (0..grid.n_reservoirs()).map(|s| as_given(grid.mu(StateId(state as u32), s), &grid.values(s))).collect()
}

fn boundaries(analysis: &Analysis, species: &[&str]) -> Table {
    let mut table = Table::of_species(
        &[
            "phase_a",
            "phase_b",
            "kind",
            "temperature",
            "mu_<s>",
            "mu_err",
            "pressure_<s>",
            "pressure_low",
            "pressure_high",
            "temperature_err",
            "delta_energy",
            "delta_n",
            "clapeyron",
            "clapeyron_observed",
            "depth",
            "depth_err",
            "crossings",
            "quoted",
            "status",
            "gas_pressure",
        ],
        species,
    );
    for point in &analysis.boundaries {
        let mut row = vec![point.phase_a.to_string(), point.phase_b.to_string(), point.kind.to_string()];
        row.push(number(point.temperature));
        row.extend(numbers(&point.mu));
        row.push(number(point.mu_err));
        row.extend(numbers(&point.pressure));
        row.extend(numbers(&[point.pressure_low, point.pressure_high, point.temperature_err]));
        let c = point.clapeyron.as_ref();
        row.extend(c.map_or_else(
            || vec![String::new(); 6],
            |c| numbers(&[c.delta_energy, c.delta_n, c.predicted, c.observed, c.depth, c.depth_err]).collect(),
        ));
        row.push(point.crossings.map_or_else(String::new, |n| n.to_string()));
        row.push(u8::from(point.is_converged()).to_string());
        row.push(point.status().to_owned());
        row.push(number(point.gas_pressure.unwrap_or(f64::NAN)));
        table.push(row);
    }
    table
}

/// Averages inside each phase; `state` is empty at a point of a first-order boundary.
fn phase_averages(analysis: &Analysis, species: &[&str]) -> Table {
    let mut table = Table::of_species(
        &[
            "phase",
            "temperature",
            "mu_<s>",
            "state",
            "weight",
            "weight_err",
            "n_<s>",
            "n_<s>_err",
            "energy",
            "energy_err",
            "n_eff",
        ],
        species,
    );
    table.widen(&with_errors(&analysis.observables));
    for average in &analysis.phase_averages {
        let mut row = vec![average.phase.to_string(), number(average.temperature)];
        row.extend(numbers(&average.mu));
        row.push(average.state.map_or_else(String::new, |k| k.to_string()));
        row.extend(numbers(&[average.weight, average.weight_err]));
        row.extend(numbers(&average.n));
        row.extend(numbers(&average.n_err));
        row.extend(numbers(&[average.energy, average.energy_err, average.n_eff]));
        for (value, err) in average.observables.iter().zip(&average.observables_err) {
            row.extend(numbers(&[*value, *err]));
        }
        table.push(row);
    }
    table
}

/// The simulated states next to the boundary points of simulated temperatures: their own samples beside MBAR.
fn boundary_sides(analysis: &Analysis, species: &[&str]) -> Table {
    let mut table = Table::of_species(
        &[
            "phase_a",
            "phase_b",
            "kind",
            "temperature",
            "mu_<s>",
            "side",
            "phase",
            "state",
            "state_mu_<s>",
            "direct_n_<s>",
            "direct_n_<s>_err",
            "direct_energy",
            "direct_energy_err",
            "samples",
            "mbar_n_<s>",
            "mbar_n_<s>_err",
            "mbar_energy",
            "mbar_energy_err",
        ],
        species,
    );
    for side in &analysis.boundary_sides {
        let (point, direct) = (&analysis.boundaries[side.boundary], &analysis.direct[side.state]);
        let mut row = vec![point.phase_a.to_string(), point.phase_b.to_string(), point.kind.to_string()];
        row.push(number(point.temperature));
        row.extend(numbers(&point.mu));
        row.push(side.side.to_string());
        row.push(side.phase.map_or_else(String::new, |p| p.to_string()));
        row.push(side.state.to_string());
        row.extend(numbers(&mu_of_state(&analysis.grid, side.state)));
        row.extend(numbers(&direct.n));
        row.extend(numbers(&direct.n_err));
        row.extend(numbers(&[direct.energy, direct.energy_err]));
        row.push(direct.samples.to_string());
        row.extend(numbers(&side.n));
        row.extend(numbers(&side.n_err));
        row.extend(numbers(&[side.energy, side.energy_err]));
        table.push(row);
    }
    table
}

fn free_energy(analysis: &Analysis, species: &[&str], boltzmann: f64) -> Table {
    let mut table =
        Table::of_species(&["temperature", "mu_<s>", "order_parameter", "value", "free_energy", "error"], species);
    for distribution in &analysis.distributions {
        let kt = boltzmann * distribution.temperature;
        for (n, (&p, &err)) in distribution.p_n.iter().zip(&distribution.p_n_err).enumerate() {
            // Nothing was seen there: F is above what can be told.
            if p == 0.0 {
                continue;
            }
            let mut row = vec![number(distribution.temperature)];
            row.extend(numbers(&distribution.mu));
            row.push(format!("n_{}", species[distribution.reservoir]));
            row.extend([n.to_string(), number(-kt * p.ln()), number(kt * err / p)]);
            table.push(row);
        }
    }
    for profile in &analysis.profiles {
        let kt = boltzmann * profile.temperature;
        for ((&value, &p), &err) in profile.value.iter().zip(&profile.p).zip(&profile.p_err).filter(|x| *x.0.1 > 0.0) {
            let mut row = vec![number(profile.temperature)];
            row.extend(numbers(&profile.mu));
            row.push(analysis.observables[profile.observable].clone());
            row.extend(numbers(&[value, -kt * p.ln(), kt * err / p]));
            table.push(row);
        }
    }
    table
}

/// F over an order parameter and N of the first reservoir species.
fn free_energy_2d(analysis: &Analysis, species: &[&str], boltzmann: f64) -> Table {
    let n = species.first().map_or_else(|| "n".to_owned(), |s| format!("n_{s}"));
    let mut table =
        Table::of_species(&["temperature", "mu_<s>", "order_parameter", "value", &n, "free_energy", "error"], species);
    for profile in &analysis.profiles {
        let kt = boltzmann * profile.temperature;
        for (i, value) in profile.value.iter().enumerate().filter(|(i, _)| *i < profile.joint.len()) {
            for (n, &p) in profile.joint[i].iter().enumerate().filter(|(_, p)| **p > 0.0) {
                let mut row = vec![number(profile.temperature)];
                row.extend(numbers(&profile.mu));
                row.extend([analysis.observables[profile.observable].clone(), number(*value), n.to_string()]);
                row.extend(numbers(&[-kt * p.ln(), kt * profile.joint_err[i][n] / p]));
                table.push(row);
            }
        }
    }
    table
}

/// Where the layers of the observables `n_layer<k>` lie.
fn layers(analysis: &Analysis) -> Table {
    let mut table = Table::of_species(&["layer", "z_from", "z_to"], &[]);
    for (k, layer) in analysis.layers.iter().enumerate() {
        table.push(vec![(k + 1).to_string(), number(layer.from), number(layer.to)]);
    }
    table
}

/// Maxima of Var E/kT² and β Var N along μ.
fn ridges(analysis: &Analysis, species: &[&str]) -> Table {
    let mut table = Table::of_species(&["of", "species", "temperature", "mu_<s>", "height"], species);
    for ridge in &analysis.ridges {
        let mut row = vec![ridge.of.to_string(), species[ridge.reservoir].to_owned(), number(ridge.temperature)];
        row.extend(numbers(&ridge.mu));
        row.push(number(ridge.height));
        table.push(row);
    }
    table
}

fn free_energies(analysis: &Analysis) -> Table {
    let mut table = Table::of_species(&["state", "f_k", "err", "n_k", "part", "f_part", "f_part_err"], &[]);
    let f = &analysis.free_energies;
    for k in 0..f.f_k.len() {
        let mut row = vec![k.to_string()];
        row.extend(f.of(k).map_or_else(|| vec![String::new(); 2], |(f_k, err)| numbers(&[f_k, err]).collect()));
        row.push(f.n_k[k].to_string());
        row.push(f.part[k].map_or_else(String::new, |part| part.to_string()));
        row.extend(numbers(&[f.f_k[k], f.f_k_err[k]]));
        table.push(row);
    }
    table
}

fn distributions(analysis: &Analysis, species: &[&str]) -> Table {
    // The species named in `reservoir` is the one that n counts.
    let mut table = Table::of_species(&["temperature", "mu_<s>", "reservoir", "n", "p", "p_err"], species);
    for distribution in &analysis.distributions {
        for (n, (&p, &err)) in distribution.p_n.iter().zip(&distribution.p_n_err).enumerate() {
            let mut row = vec![number(distribution.temperature)];
            row.extend(numbers(&distribution.mu));
            row.push(species[distribution.reservoir].to_owned());
            row.extend([n.to_string(), number(p), number(err)]);
            table.push(row);
        }
    }
    table
}

fn direct(analysis: &Analysis, species: &[&str]) -> Table {
    let mut table = Table::of_species(
        &["state", "n_<s>", "err_n_<s>", "energy", "energy_err", "samples", "inefficiency", "inefficiency_path"],
        species,
    );
    for (k, state) in analysis.direct.iter().enumerate().take(analysis.grid.n_points()) {
        let mut row = vec![k.to_string()];
        row.extend(numbers(&state.n));
        row.extend(numbers(&state.n_err));
        row.extend(numbers(&[state.energy, state.energy_err]));
        row.push(state.samples.to_string());
        row.extend(numbers(&[state.inefficiency, analysis.inefficiency[k]]));
        table.push(row);
    }
    table
}

fn split_half(analysis: &Analysis, species: &[&str]) -> Table {
    let mut table = Table::of_species(
        &["state", "temperature", "mu_<s>", "first_n_<s>", "first_err_<s>", "second_n_<s>", "second_err_<s>", "z"],
        species,
    );
    let split = &analysis.split_half;
    for (k, state) in analysis.grid.points().iter().enumerate() {
        let mut row = vec![k.to_string(), number(state.temperature)];
        row.extend(
            (0..species.len()).map(|s| number(analysis.grid.reservoirs[s].convention.mu(state.ln_z[s], state.kt))),
        );
        for column in [&split.first, &split.first_err, &split.second, &split.second_err] {
            row.extend(numbers(&column[k]));
        }
        row.push(number(split.z[k]));
        table.push(row);
    }
    table
}
