//! Figures of gases: μ against temperature at several pressures.

use super::curves::{Chart, Series, chart};
use super::table::{Table, number};
use super::{Figure, Labels, palette, text, write_all};
use crate::Result;
use crate::thermochemistry::Gas;
use crate::units::Units;
use std::path::Path;

/// Curves in one figure.
const MOST_PRESSURES: usize = 12;

/// Draws Δμ(T) of a gas at each pressure into `dir/figures`.
///
/// - `temperatures`: [K]; `pressures`: [Pa]
/// - `unit`: symbol of the pressure in the legend, and one of it in Pa
///
/// # Errors
/// [`crate::Error::Refused`] where a table does not reach, [`crate::Error::Io`].
pub fn draw(gas: &Gas, temperatures: &[f64], pressures: &[f64], unit: (&str, f64), dir: &Path) -> Result<Vec<Figure>> {
    // Equal steps down from the highest, which is shown.
    let step = pressures.len().div_ceil(MOST_PRESSURES).max(1);
    let mut shown: Vec<f64> = pressures.iter().rev().step_by(step).copied().collect();
    shown.reverse();
    let mut table = Table::new(["temperature", "pressure_Pa", "delta_mu"]);
    let mut series = Vec::new();
    for (i, &p) in shown.iter().enumerate() {
        let mut run = Vec::new();
        for &t in temperatures {
            let delta_mu = gas.thermal(t, p)?.delta_mu;
            table.push(vec![number(t), number(p), number(delta_mu)]);
            run.push((t, delta_mu, f64::NAN));
        }
        let label = text::power_of_ten((p / unit.1).log10());
        series.push(Series { label, colour: palette::ordered(i, shown.len()), runs: vec![run], points: Vec::new() });
    }
    let labels = Labels { units: Units::Metal, title: String::new() };
    let outline = Chart {
        name: format!("gas_{}", gas.name),
        title: format!("Chemical potential of {}", gas.name),
        caption: format!(
            "Δμ of {} per molecule against temperature at several pressures; zero is the molecule at 0 K.",
            gas.name
        ),
        x_label: "T [K]".into(),
        y_label: format!("Δμ of {} [eV]", gas.name),
        heading: format!("p [{}]", unit.0),
        notes: Vec::new(),
        log_floor: None,
        from_zero: false,
    };
    write_all(chart(&labels, outline, &series, table).into_iter().collect(), dir)
}
