//! Figures of gases: μ against temperature at several pressures.

use super::{Figure, Labels, write_all};
use crate::base::Result;
use crate::base::units::Units;
use crate::figures::pictures::plot::curves::{Chart, Series, chart};
use crate::figures::pictures::plot::{palette, text};
use crate::io::csv::{Table, number};
use crate::thermochemistry::Gas;
use std::path::Path;

/// Curves in one figure.
const MOST_PRESSURES: usize = 12;

/// Some of the pressures, the first and the last among them: in equal steps if that is possible.
fn chosen(pressures: &[f64]) -> Vec<f64> {
    let last = pressures.len().saturating_sub(1);
    let equal = (4..MOST_PRESSURES).rev().find(|n| last.is_multiple_of(*n));
    let steps = if last < MOST_PRESSURES { last } else { equal.unwrap_or(MOST_PRESSURES - 1) };
    match steps {
        0 => pressures.to_vec(),
        _ => (0..=steps).map(|k| pressures[(2 * k * last + steps) / (2 * steps)]).collect(),
    }
}

/// Draws Δμ(p) of a gas at one temperature into `dir/figures`.
///
/// - `temperature`: \[K\]; `points`: pressures with Δμ (\[Pa\], \[eV\])
///
/// # Errors
/// [`crate::base::Error::Io`] if a file cannot be written.
pub fn draw_isotherm(gas: &Gas, temperature: f64, points: &[(f64, f64)], dir: &Path) -> Result<Vec<Figure>> {
    let mut table = Table::new(["temperature", "pressure_Pa", "delta_mu"]);
    points.iter().for_each(|&(p, mu)| table.push(vec![number(temperature), number(p), number(mu)]));
    let run: Vec<_> = points.iter().map(|&(p, mu)| (p.log10(), mu, f64::NAN)).collect();
    let series = Series { label: String::new(), colour: palette::line(0), runs: vec![run.clone()], points: run };
    let outline = Chart {
        name: format!("gas_{}", gas.name),
        title: format!("Chemical potential of {} at {} K", gas.name, text::short(temperature, 2)),
        caption: format!(
            "Δμ of {} per molecule against the pressure at {} K; zero is the molecule at 0 K.",
            gas.name,
            text::short(temperature, 2)
        ),
        x_label: "log₁₀(p / Pa)".into(),
        y_label: format!("Δμ of {} [eV]", gas.name),
        heading: String::new(),
        notes: Vec::new(),
        log_floor: None,
        from_zero: false,
    };
    let labels = Labels { units: Units::Metal, title: String::new() };
    write_all(chart(&labels, outline, &[series], table).into_iter().collect(), dir)
}

/// Draws Δμ(T) of a gas at each pressure into `dir/figures`.
///
/// - `temperatures`: \[K\]; `pressures`: \[Pa\]
/// - `unit`: symbol of the pressure in the legend, and one of it in Pa
///
/// # Errors
/// [`crate::base::Error::OutsideTable`] where a table does not reach, [`crate::base::Error::Io`].
pub fn draw(gas: &Gas, temperatures: &[f64], pressures: &[f64], unit: (&str, f64), dir: &Path) -> Result<Vec<Figure>> {
    let shown = chosen(pressures);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_the_pressures_are_drawn() {
        let decades: Vec<f64> = (-10..=5).map(|k| 10_f64.powi(k)).collect();
        assert_eq!(chosen(&decades), [1e-10, 1e-7, 1e-4, 1e-1, 1e2, 1e5]);
        assert_eq!(chosen(&decades[..12]), decades[..12]);
        let odd: Vec<f64> = (0..24).map(f64::from).collect();
        let shown = chosen(&odd);
        assert!(shown.len() == MOST_PRESSURES && shown[0] == 0.0 && shown[MOST_PRESSURES - 1] == 23.0, "{shown:?}");
        assert!(chosen(&[]).is_empty() && chosen(&[2.0]) == [2.0]);
    }
}
