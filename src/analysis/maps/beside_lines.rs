//! Errors of cells beside first-order lines, beyond the first order in the error of the line.
//!
//! Beside a line the phase of the other side weighs e^{x} of the own one, x = ΔN (μ − μ_line)/kT. If the line is known to σ, x is
//! known to s = ΔN σ/kT, and what draws of blocks make of a cell is the slope of its average times s. Where s is about one and more, that says too
//! little: two cells away from the line nothing of the other phase is seen, although a line that is off by two of its errors would
//! bring half of it. So what the average moves by for a line that is off by k of its errors, k = 1 … 3 to either side, over k, is an error
//! too; its square takes the place of that of the slope. Of ln Ξ the phase of lower N is held: it grows by ln(1 + e^x).

use crate::analysis::{BoundaryPoint, Clapeyron, MapCell};

/// Errors of the line that are looked at.
const MOST: i32 = 3;
/// Points belong to one another whose temperatures, and μ of the other species, are the same within this.
const SAME: f64 = 1e-9;

/// A first-order line at one temperature, and at given μ of all species but the one that crosses it.
struct Line<'a> {
    point: &'a BoundaryPoint,
    slopes: &'a Clapeyron,
    kt: f64,
}

/// What a line that is off by its error does to what is beside it, beyond the first order.
struct Beyond {
    /// To the share of the phase of higher N.
    share: f64,
    ln_xi: f64,
}

/// The same of the averages of a cell.
struct Errors {
    n: f64,
    energy: f64,
    ln_xi: f64,
}

impl Beyond {
    /// - `x`: ln of the ratio of the weights, of higher N over lower
    /// - `s`: its standard error
    fn new(x: f64, s: f64) -> Beyond {
        let share = |x: f64| 1.0 / (1.0 + (-x).exp());
        // ln(1 + e^x) without overflow.
        let growth = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
        let steps = || (1..=MOST).flat_map(|k| [f64::from(k), -f64::from(k)]);
        let beyond = |f: &dyn Fn(f64) -> f64, slope: f64| {
            let most = steps().map(|k| (f(x + k * s) - f(x)).abs() / k.abs()).fold(0.0, f64::max);
            (most * most - (slope * s).powi(2)).max(0.0).sqrt()
        };
        let own = share(x);
        Beyond { share: beyond(&share, own * (1.0 - own)), ln_xi: beyond(&growth, own) }
    }
}

impl Line<'_> {
    /// Whether a cell differs from the line by no more than μ of the species that crosses it.
    fn meets(&self, cell: &MapCell) -> bool {
        let same = |a: f64, b: f64| (a - b).abs() <= SAME * (a.abs() + b.abs());
        let others = self.point.mu.iter().zip(&cell.mu).enumerate().filter(|(s, _)| *s != self.point.species);
        same(cell.temperature, self.point.temperature) && others.into_iter().all(|(_, (a, b))| same(*a, *b))
    }

    fn beyond(&self, cell: &MapCell) -> Errors {
        let species = self.point.species;
        let change = self.slopes.delta_n.abs();
        let x = change * (cell.mu[species] - self.point.mu[species]) / self.kt;
        let Beyond { share, ln_xi } = Beyond::new(x, change * self.point.mu_err / self.kt);
        Errors { n: change * share, energy: self.slopes.delta_energy.abs() * share, ln_xi }
    }
}

/// The first-order lines of which an error is known.
pub(crate) struct Lines<'a>(Vec<Line<'a>>);

impl<'a> Lines<'a> {
    pub(crate) fn new(boundaries: &'a [BoundaryPoint], boltzmann: f64) -> Lines<'a> {
        let line = |point: &'a BoundaryPoint| {
            let slopes = point.clapeyron.as_ref()?;
            let known = point.is_converged() && point.mu_err > 0.0 && slopes.delta_n.is_finite();
            known.then_some(Line { point, slopes, kt: point.temperature * boltzmann })
        };
        Lines(boundaries.iter().filter_map(line).collect())
    }

    /// Widens the errors of ⟨N⟩ of the species that crosses, of ⟨E⟩ and of ln Ξ in cells at the temperature of a line and at its μ of all
    /// other species.
    pub(crate) fn widen(&self, cells: &mut [MapCell]) {
        for cell in cells.iter_mut().filter(|cell| !cell.masked) {
            let here =
                self.0.iter().filter(|line| line.meets(cell)).map(|line| (line.point.species, line.beyond(cell)));
            for (species, beyond) in here.collect::<Vec<_>>() {
                let add = |error: &mut f64, more: f64| *error = error.hypot(more);
                add(&mut cell.n_err[species], beyond.n);
                add(&mut cell.energy_err, beyond.energy);
                add(&mut cell.ln_xi_err, beyond.ln_xi);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::BoundaryKind;

    /// A line at μ = −2 between N = 0 and 11 at kT = 0.25.
    fn line(mu_err: f64, crossings: u64) -> BoundaryPoint {
        BoundaryPoint {
            phase_a: 0,
            phase_b: 1,
            kind: BoundaryKind::FirstOrder,
            species: 0,
            temperature: 0.5,
            temperature_err: 0.0,
            mu: vec![-2.0],
            mu_err,
            pressure: vec![1.0],
            pressure_low: 1.0,
            pressure_high: 1.0,
            gas_pressure: None,
            clapeyron: Some(Clapeyron {
                delta_energy: -55.0,
                delta_n: 11.0,
                predicted: -5.0,
                observed: f64::NAN,
                depth: 3.0,
                depth_err: 0.1,
            }),
            crossings: Some(crossings),
        }
    }

    /// A cell whose errors are 0.01.
    fn cell(mu: f64) -> MapCell {
        MapCell {
            temperature: 0.5,
            mu: vec![mu],
            n_err: vec![0.01],
            energy_err: 0.01,
            ln_xi_err: 0.01,
            ..MapCell::default()
        }
    }

    fn widened(mu_err: f64, crossings: u64, mu: &[f64]) -> Vec<MapCell> {
        let mut cells: Vec<MapCell> = mu.iter().map(|&mu| cell(mu)).collect();
        Lines::new(&[line(mu_err, crossings)], 0.5).widen(&mut cells);
        cells
    }

    #[test]
    fn cells_three_errors_from_a_poor_line_have_errors_that_reach_what_a_shift_of_the_line_makes_of_them() {
        // s = 11 · 0.0125/0.25 = 0.55: a line that is off by three of its errors makes of the cell an even mixture.
        let mut cells = [cell(-2.0 - 3.0 * 0.0125), cell(-2.0 + 3.0 * 0.0125)];
        let share = 1.0 / (1.0 + f64::exp(1.65));
        let slope = share * (1.0 - share) * 0.55;
        for cell in &mut cells {
            (cell.n_err, cell.energy_err, cell.ln_xi_err) = (vec![11.0 * slope], 55.0 * slope, share * 0.55);
        }
        Lines::new(&[line(0.0125, 40)], 0.5).widen(&mut cells);
        let off = (0.5 - share) * 11.0;
        assert!(off / (11.0 * slope) > 4.5);
        assert!((2.0..3.01).contains(&(off / cells[0].n_err[0])), "{off} {:?}", cells[0].n_err);
        assert!((off / cells[1].n_err[0] - off / cells[0].n_err[0]).abs() < 1e-6);
        assert!((cells[0].energy_err / cells[0].n_err[0] - 5.0).abs() < 1e-9);
        let off = 2.0_f64.ln() - (-1.65_f64).exp().ln_1p();
        assert!(off / (share * 0.55) > 5.5);
        assert!((2.0..3.01).contains(&(off / cells[0].ln_xi_err)), "{off} {}", cells[0].ln_xi_err);
    }

    #[test]
    fn what_is_linear_or_far_away_or_without_an_error_keeps_its_errors() {
        for x in [-1.0_f64, 0.0, 1.5] {
            let (share, s) = (1.0 / (1.0 + (-x).exp()), 11.0 * 0.0005 / 0.25);
            let linear = 11.0 * share * (1.0 - share) * s;
            let mut cell = [MapCell { n_err: vec![linear], ..cell(-2.0 + x * 0.25 / 11.0) }];
            Lines::new(&[line(0.0005, 40)], 0.5).widen(&mut cell);
            assert!((1.0..1.04).contains(&(cell[0].n_err[0] / linear)), "{x}: {:?} and {linear}", cell[0].n_err);
        }
        let far = widened(0.0125, 40, &[-2.6, -1.4]);
        assert!(far.iter().all(|cell| (cell.n_err[0] - 0.01).abs() < 1e-4 && (cell.ln_xi_err - 0.01).abs() < 1e-4));
        let unconverged = widened(0.0125, 19, &[-2.03]);
        assert!((unconverged[0].n_err[0] - 0.01).abs() < f64::EPSILON);
    }

    #[test]
    fn a_line_of_another_temperature_or_another_mu_of_the_rest_is_not_beside_a_cell() {
        let mut point = line(0.0125, 40);
        point.mu.push(-1.0);
        let cell = |temperature: f64, other: f64| {
            let mut cell = cell(-2.03);
            (cell.temperature, cell.n_err) = (temperature, vec![0.01; 2]);
            cell.mu.push(other);
            cell
        };
        let mut cells = [cell(0.5, -1.0), cell(0.51, -1.0), cell(0.5, -1.1)];
        Lines::new(&[point], 0.5).widen(&mut cells);
        assert!(cells[0].n_err[0] > 0.1 && (cells[0].n_err[1] - 0.01).abs() < f64::EPSILON);
        assert!(cells[1..].iter().all(|cell| (cell.n_err[0] - 0.01).abs() < f64::EPSILON));
    }
}
