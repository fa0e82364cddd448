//! `adlayer gas`: μ of a gas, and the pressure that gives a μ.

use super::args::GasArguments;
use crate::base::units::{ATM_PA, BAR_PA};
use crate::base::{Error, Result};
use crate::cli::diagnostics::warn;
use crate::cli::stdout::{say_where, write_stdout};
use crate::figures::gases;
use crate::input::gas::named;
use crate::run::directory::default_directory;
use crate::thermochemistry::Gas;
use serde::Serialize;

/// Rows printed in a table.
const MOST_ROWS: usize = 400;

/// A row of `--json`.
#[derive(Debug, Serialize)]
struct Row {
    /// [K]
    temperature: f64,
    /// [Pa]
    pressure: f64,
    /// [eV]
    mu: f64,
    /// μ − E − E_zp [eV]
    delta_mu: f64,
    /// [eV]
    h: f64,
    /// [eV/K]
    s: f64,
    /// [eV]
    g: f64,
}

pub(crate) fn gas(arguments: &GasArguments) -> Result<()> {
    let mut gas = named(&arguments.gas)?;
    if arguments.closed_form {
        gas = gas.closed_form();
    }
    let (temperatures, pressures) = (&arguments.temperature.0, &arguments.pressure.0);
    let mut rows = Vec::new();
    for &temperature in temperatures {
        match &arguments.mu {
            None => {
                for &pressure in pressures {
                    rows.push(row(&gas, arguments.energy, temperature, pressure)?);
                }
            }
            Some(mus) => {
                for &mu in &mus.0 {
                    let delta_mu = mu - arguments.energy - gas.zero_point_energy();
                    let pressure = gas.pressure(temperature, delta_mu)?;
                    if pressure <= 0.0 || !pressure.is_finite() {
                        let at_one_bar = row(&gas, arguments.energy, temperature, BAR_PA)?.mu;
                        return Err(Error::argument(
                            format!("μ = {mu} eV at {temperature} K is a pressure of {pressure} Pa"),
                            format!("give μ nearer to {at_one_bar:.3} eV (1 bar)"),
                        ));
                    }
                    rows.push(row(&gas, arguments.energy, temperature, pressure)?);
                }
            }
        }
    }
    let mut doubts = rows.iter().filter_map(|r| gas.doubt(r.temperature, r.pressure));
    if let Some(first) = doubts.next() {
        let more = doubts.count();
        warn(&if more > 0 { format!("{first} (and {more} further rows)") } else { first });
    }
    if arguments.json {
        let text = serde_json::to_string_pretty(&rows).map_err(|source| Error::Json { what: "the result", source })?;
        write_stdout(&format!("{text}\n"))?;
    } else {
        write_stdout(&table(&gas, arguments.energy, &rows))?;
    }
    // With --json nothing is written unless asked for.
    let directory = match (&arguments.output, arguments.json) {
        (Some(directory), _) => directory.clone(),
        (None, true) => return Ok(()),
        (None, false) => default_directory(&format!("gas-{}", gas.name)),
    };
    let figures = if temperatures.len() == 1 && rows.len() > 1 {
        let points: Vec<(f64, f64)> = rows.iter().map(|r| (r.pressure, r.delta_mu)).collect();
        gases::draw_isotherm(&gas, temperatures[0], &points, &directory)?
    } else if temperatures.len() > 1 {
        let mut shown: Vec<f64> = rows.iter().map(|r| r.pressure).collect();
        if arguments.mu.is_none() {
            shown.clone_from(pressures);
        } else {
            // Decades around the pressures found.
            let ends = shown.iter().fold((f64::INFINITY, 0.0_f64), |e, &p| (e.0.min(p), e.1.max(p)));
            let (lo, hi) = (ends.0.log10().floor(), ends.1.log10().ceil());
            shown = (0..=(hi - lo) as i32).map(|k| 10_f64.powf(lo + f64::from(k))).collect();
        }
        gases::draw(&gas, temperatures, &shown, ("Pa", 1.0), &directory)?
    } else {
        return Ok(());
    };
    if arguments.json { Ok(()) } else { say_where(&figures, &directory) }
}

/// The rows for people.
fn table(gas: &Gas, energy: f64, rows: &[Row]) -> String {
    let zero = match gas.is_table() && gas.zero_point_energy() == 0.0 {
        true => "a table, which does not know the zero-point energy: E_zp = 0".to_owned(),
        false => format!("zero-point energy {:.6} eV", gas.zero_point_energy()),
    };
    let mut out = format!(
        "{}, {zero}; μ = E + E_zp + Δμ with E = {energy} eV\n{:>10} {:>13} {:>13} {:>13} {:>12} {:>12} {:>12} {:>13}\n",
        gas.name, "T [K]", "p [Pa]", "p [bar]", "p [atm]", "μ [eV]", "Δμ [eV]", "h [eV]", "s [meV/K]"
    );
    for r in rows.iter().take(MOST_ROWS) {
        out += &format!(
            "{:>10} {:>13.6e} {:>13.6e} {:>13.6e} {:>12.6} {:>12.6} {:>12.6} {:>13.6}\n",
            r.temperature,
            r.pressure,
            r.pressure / BAR_PA,
            r.pressure / ATM_PA,
            r.mu,
            r.delta_mu,
            r.h,
            1e3 * r.s
        );
    }
    if rows.len() > MOST_ROWS {
        out += &format!("… {} more rows; all with --json\n", rows.len() - MOST_ROWS);
    }
    out
}

fn row(gas: &Gas, energy: f64, temperature: f64, pressure: f64) -> Result<Row> {
    let thermal = gas.thermal(temperature, pressure)?;
    let zero = energy + gas.zero_point_energy();
    let mu = zero + thermal.delta_mu;
    Ok(Row { temperature, pressure, mu, delta_mu: thermal.delta_mu, h: zero + thermal.h, s: thermal.s, g: mu })
}
