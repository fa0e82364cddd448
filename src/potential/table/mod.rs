//! Tabulated pairs, interpolated as LAMMPS' `pair_style table spline N` does.   Twin: `shaders/potential/table.wgsl`

mod section;

pub use section::Section;

use super::lanes::Lanes;
use super::{Forms, OVERLAP_ENERGY, PairForm, Pairs, Truncated};
use pulp::Simd;
use std::sync::Arc;

/// Rows of [`PairForm::lay_out`] for one interval: energy, then force.
const ROWS: usize = 2;

/// Second derivatives at the knots of the cubic spline through (x, y) with given slopes at its ends.
///
/// # Source
/// Press et al., Numerical Recipes (1992), Sec. 3.3.
fn second_derivatives(x: &[f64], y: &[f64], first: f64, last: f64) -> Vec<f64> {
    let n = x.len();
    let width = |k: usize| x[k + 1] - x[k];
    let slope = |k: usize| (y[k + 1] - y[k]) / width(k);
    let (mut diagonal, mut m) = (vec![0.0; n], vec![0.0; n]);
    for k in 0..n {
        let (left, right) = (k.checked_sub(1), (k + 1 < n).then_some(k));
        diagonal[k] = 2.0 * (left.map_or(0.0, width) + right.map_or(0.0, width));
        m[k] = 6.0 * (right.map_or(last, slope) - left.map_or(first, slope));
    }
    for k in 1..n {
        let w = width(k - 1) / diagonal[k - 1];
        diagonal[k] -= w * width(k - 1);
        m[k] -= w * m[k - 1];
    }
    m[n - 1] /= diagonal[n - 1];
    for k in (0..n - 1).rev() {
        m[k] = (m[k] - width(k) * m[k + 1]) / diagonal[k];
    }
    m
}

/// A column of a file as a cubic spline in r.
struct Column<'a> {
    r: &'a [f64],
    y: &'a [f64],
    m: Vec<f64>,
}

impl<'a> Column<'a> {
    fn new(r: &'a [f64], y: &'a [f64], first: f64, last: f64) -> Column<'a> {
        Column { r, y, m: second_derivatives(r, y, first, last) }
    }

    fn at(&self, r: f64) -> f64 {
        let k = self.r.partition_point(|&x| x <= r).saturating_sub(1).min(self.r.len() - 2);
        let h = self.r[k + 1] - self.r[k];
        let (a, b) = ((self.r[k + 1] - r) / h, (r - self.r[k]) / h);
        let curvature = (a * a * a - a) * self.m[k] + (b * b * b - b) * self.m[k + 1];
        a * self.y[k] + b * self.y[k + 1] + curvature * h * h / 6.0
    }
}

/// Values at one r², and second derivatives with respect to r², times Δ²/6.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Knot {
    energy: f64,
    energy_bend: f64,
    /// −u'(r)/r
    force: f64,
    force_bend: f64,
}

/// u and −u'(r)/r as cubic splines in r² on an even grid.
///
/// Each is interpolated for itself, as LAMMPS does: the force is the derivative of the energy only as well as the table is
/// fine.
#[derive(Debug, PartialEq)]
struct Spline {
    /// (first distance)² [length²]
    inner_squared: f64,
    /// Δ [length²]
    step: f64,
    knots: Vec<Knot>,
    /// What the file said, for [`PairForm::tabulated`].
    file: Vec<f64>,
    depth: f64,
    length: f64,
}

impl Spline {
    /// From the first distance of a section to `cut`, on `points` values of r².
    fn new(section: &Section, points: usize, cut: f64) -> Spline {
        let Section { ends: (lo, _), slopes, r, energy, force } = section;
        let (lo, last) = (*lo, r.len() - 1);
        let secant = |a: usize, b: usize| (force[b] - force[a]) / (r[b] - r[a]);
        let (first_slope, last_slope) = slopes.unwrap_or_else(|| (secant(0, 1), secant(last - 1, last)));
        let energies = Column::new(r, energy, -force[0], -force[last]);
        let forces = Column::new(r, force, first_slope, last_slope);
        let inner_squared = lo * lo;
        let step = (cut * cut - inner_squared) / (points - 1) as f64;
        let s: Vec<f64> = (0..points).map(|k| inner_squared + k as f64 * step).collect();
        let e: Vec<f64> = s.iter().map(|s| energies.at(s.sqrt())).collect();
        let f: Vec<f64> = s.iter().map(|s| forces.at(s.sqrt())).collect();
        let g: Vec<f64> = f.iter().zip(&s).map(|(f, s)| f / s.sqrt()).collect();
        let (f_first, f_last) = (f[0], f[points - 1]);
        let e2 = second_derivatives(&s, &e, -f_first / (2.0 * lo), -f_last / (2.0 * cut));
        // Slopes of g at the ends: from the file, else the secant over a tenth of an interval.
        let tenth = 0.1 * step;
        let g_first = match slopes {
            Some((slope, _)) => (slope / lo - f_first / inner_squared) / (2.0 * lo),
            None => {
                let x = (inner_squared + tenth).sqrt();
                (forces.at(x) / x - f_first / lo) / tenth
            }
        };
        let g_last = match slopes {
            Some((_, slope)) if cut == r[last] => (slope / cut - f_last / (cut * cut)) / (2.0 * cut),
            _ => {
                let x = (cut * cut - tenth).sqrt();
                (f_last / cut - forces.at(x) / x) / tenth
            }
        };
        let g2 = second_derivatives(&s, &g, g_first, g_last);
        let bend = |m: f64| m * step * step / 6.0;
        let knots: Vec<Knot> = (0..points)
            .map(|k| Knot { energy: e[k], energy_bend: bend(e2[k]), force: g[k], force_bend: bend(g2[k]) })
            .collect();
        let slopes = slopes.iter().flat_map(|&(a, b)| [a, b]);
        let file = r.iter().chain(energy).chain(force).copied().chain(slopes).collect();
        let (depth, length) = scales(&s, &e);
        Spline { inner_squared, step, knots, file, depth, length }
    }

    /// The interval that holds `r2`, and how far into it `r2` lies, from 0 to 1.
    #[inline]
    fn interval(&self, r2: f64) -> (usize, f64) {
        let x = (r2 - self.inner_squared) / self.step;
        // a position is never below the first distance, which is the core
        let k = (x as usize).min(self.knots.len() - 2);
        (k, (r2 - (self.inner_squared + k as f64 * self.step)) / self.step)
    }

    #[inline]
    fn energy(&self, r2: f64) -> f64 {
        let (k, b) = self.interval(r2);
        let (p, q) = (&self.knots[k], &self.knots[k + 1]);
        cubic(b, (p.energy, q.energy), (p.energy_bend, q.energy_bend))
    }

    #[inline]
    fn force(&self, r2: f64) -> f64 {
        let (k, b) = self.interval(r2);
        let (p, q) = (&self.knots[k], &self.knots[k + 1]);
        cubic(b, (p.force, q.force), (p.force_bend, q.force_bend))
    }

    /// ∫ u ds over the table from s = `from` on.
    fn integral(&self, from: f64) -> f64 {
        let (first, b) = self.interval(from);
        let whole = |k: usize, b: f64| {
            let [c0, c1, c2, c3] = polynomial(
                (self.knots[k].energy, self.knots[k + 1].energy),
                (self.knots[k].energy_bend, self.knots[k + 1].energy_bend),
            );
            b * (c0 + b * (c1 / 2.0 + b * (c2 / 3.0 + b * c3 / 4.0)))
        };
        let sum: f64 = (first..self.knots.len() - 1).map(|k| whole(k, 1.0)).sum();
        (sum - whole(first, b)) * self.step
    }

    /// Coefficients of every interval in f32, energy and force in turn; a last one repeats the end, for rounding.
    fn rows(&self) -> impl Iterator<Item = [f32; 4]> {
        let last = self.knots[self.knots.len() - 1];
        let intervals = self.knots.windows(2).flat_map(|w| {
            let (p, q) = (&w[0], &w[1]);
            let energy = polynomial((p.energy, q.energy), (p.energy_bend, q.energy_bend));
            let force = polynomial((p.force, q.force), (p.force_bend, q.force_bend));
            [energy, force]
        });
        let end = [[last.energy, 0.0, 0.0, 0.0], [last.force, 0.0, 0.0, 0.0]];
        intervals.chain(end).map(|c| c.map(|x| x as f32))
    }
}

/// The spline between two values, at `b` from 0 to 1.
#[inline]
fn cubic(b: f64, (y0, y1): (f64, f64), (bend0, bend1): (f64, f64)) -> f64 {
    let a = 1.0 - b;
    a * y0 + b * y1 + (a * a * a - a) * bend0 + (b * b * b - b) * bend1
}

/// The same as coefficients of 1, b, b², b³.
fn polynomial((y0, y1): (f64, f64), (bend0, bend1): (f64, f64)) -> [f64; 4] {
    [y0, y1 - y0 - 2.0 * bend0 - bend1, 3.0 * bend0, bend1 - bend0]
}

/// Depth and σ-like size: of the minimum if there is one, else the first distance and the energy half way out.
fn scales(s: &[f64], e: &[f64]) -> (f64, f64) {
    let lowest = (0..e.len()).min_by(|&a, &b| e[a].total_cmp(&e[b])).unwrap_or(0);
    let inside = lowest > 0 && lowest + 1 < e.len() && e[lowest] < 0.0;
    match inside {
        true => (-e[lowest], s[lowest].sqrt() / 2.0_f64.powf(1.0 / 6.0)),
        false => (e[e.len() / 2].abs().max(f64::MIN_POSITIVE), s[0].sqrt()),
    }
}

/// u from a table; closer than its first distance is an overlap.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    spline: Option<Arc<Spline>>,
    /// First of its rows among those of all tables.
    first: usize,
    /// Size of a pair without a table [length]
    length: f64,
}

impl Table {
    /// A section, interpolated on `points` values of r² up to `r_cut`, which is not beyond its end.
    pub fn new(section: &Section, points: usize, r_cut: f64) -> Table {
        Table { spline: Some(Arc::new(Spline::new(section, points, r_cut))), first: 0, length: 0.0 }
    }

    /// A pair that does not interact, of the size `length`.
    pub fn none(length: f64) -> Table {
        Table { spline: None, first: 0, length }
    }
}

/// Value of lane `l` in its interval: row `which` of it, energy or force.
#[inline(always)]
fn lane_value(c: &[Lanes], lookup: &[[f32; 4]], l: usize, r2: f32, which: usize) -> f32 {
    let x = ((r2 - c[3].0[l]) * c[1].0[l]).max(0.0).min(c[2].0[l]);
    let k = x as u32;
    let b = x - k as f32;
    let [c0, c1, c2, c3] = lookup[c[0].0[l] as usize + ROWS * k as usize + which];
    c0 + b * (c1 + b * (c2 + b * c3))
}

impl PairForm for Table {
    const STEM: &'static str = "table";
    const SHADER: &'static str = include_str!("../../../shaders/potential/table.wgsl");
    const WIDTH: usize = 4;
    const FORCE_UNIT: f32 = 1.0;

    fn forms(pairs: Pairs<Self>) -> Forms {
        Forms::Table(pairs)
    }

    #[inline]
    fn energy(&self, r2: f64) -> f64 {
        self.spline.as_ref().map_or(0.0, |spline| spline.energy(r2))
    }

    #[inline]
    fn energy_force(&self, r2: f64) -> (f64, f64) {
        self.spline.as_ref().map_or((0.0, 0.0), |spline| (spline.energy(r2), spline.force(r2)))
    }

    fn interacts(&self) -> bool {
        self.spline.is_some()
    }

    fn core(&self) -> f64 {
        self.spline.as_ref().map_or(0.0, |spline| spline.inner_squared.sqrt())
    }

    fn depth(&self) -> f64 {
        self.spline.as_ref().map_or(0.0, |spline| spline.depth)
    }

    fn length(&self) -> f64 {
        self.spline.as_ref().map_or(self.length, |spline| spline.length)
    }

    fn plane_integral(&self, h: f64, _: f64) -> f64 {
        self.spline.as_ref().map_or(0.0, |spline| {
            let core = (spline.inner_squared - h * h).max(0.0);
            OVERLAP_ENERGY * core + spline.integral((h * h).max(spline.inner_squared))
        })
    }

    /// 0: a table says nothing of what lies beyond it, and a scene cannot ask for a tail correction.
    fn tail_integral(&self, _: f64) -> f64 {
        0.0
    }

    fn lay_out(pairs: &mut [Truncated<Self>]) -> Vec<[f32; 4]> {
        // rows for pairs that do not interact come first
        let mut rows = vec![[0.0; 4]; ROWS];
        let mut laid_out: Vec<(Arc<Spline>, usize)> = Vec::new();
        for table in pairs.iter_mut().map(|pair| &mut pair.form) {
            let Some(spline) = &table.spline else { continue };
            let known = laid_out.iter().find(|(other, _)| Arc::ptr_eq(other, spline)).map(|(_, first)| *first);
            table.first = known.unwrap_or_else(|| {
                let first = rows.len();
                rows.extend(spline.rows());
                laid_out.push((Arc::clone(spline), first));
                first
            });
        }
        rows
    }

    fn tabulated(&self) -> &[f64] {
        self.spline.as_ref().map_or(&[], |spline| &spline.file)
    }

    /// Its first row, 1/Δ and the number of intervals.
    fn record(&self) -> [f32; 3] {
        let intervals = |spline: &Spline| [(1.0 / spline.step) as f32, (spline.knots.len() - 1) as f32];
        let [inverse_step, n] = self.spline.as_deref().map_or([0.0; 2], intervals);
        [self.first as f32, inverse_step, n]
    }

    /// The same, and (first distance)².
    fn lanes(&self) -> [f32; 4] {
        let [first, inverse_step, n] = self.record();
        [first, inverse_step, n, self.core().powi(2) as f32]
    }

    #[inline(always)]
    fn lane_energy<S: Simd>(c: &[Lanes], lookup: &[[f32; 4]], l: usize, r2: f32, shift: f32) -> f32 {
        lane_value(c, lookup, l, r2, 0) - shift
    }

    #[inline(always)]
    fn lane_force<S: Simd>(c: &[Lanes], lookup: &[[f32; 4]], l: usize, r2: f32) -> f32 {
        lane_value(c, lookup, l, r2, 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::potential::{Pair, PairTable, Truncation, with_form};
    use std::f64::consts::PI;

    /// (r − 2)², which a cubic spline repeats, as a table from 1 to 2.5.
    fn parabola() -> String {
        let row = |k: i32| {
            let r = 1.0 + 0.05 * f64::from(k);
            format!("{} {r} {} {}\n", k + 1, (r - 2.0).powi(2) - 1.0, -2.0 * (r - 2.0))
        };
        format!("P\nN 31 R 1.0 2.5\n\n{}", (0..31).map(row).collect::<String>())
    }

    fn pair(truncation: Truncation) -> Truncated<Table> {
        let section = Section::find(&parabola(), "P").expect("a section");
        Truncated::new(Table::new(&section, 400, 2.4), 2.4, truncation)
    }

    #[test]
    fn what_a_spline_can_repeat_it_repeats() {
        let pair = pair(Truncation::Plain);
        for r in [1.0_f64, 1.3, 1.77, 2.0, 2.39] {
            let (energy, force) = pair.energy_force(r * r);
            assert!((energy - (r - 2.0).powi(2) + 1.0).abs() < 1e-8, "{r}: {energy}");
            assert!((force * r + 2.0 * (r - 2.0)).abs() < 1e-7, "{r}: {force}");
        }
        assert_eq!(pair.energy(0.98), OVERLAP_ENERGY);
        assert_eq!(pair.energy(2.4 * 2.4), 0.0);
        assert!((pair.depth() - 1.0).abs() < 1e-4 && (pair.length() * 2.0_f64.powf(1.0 / 6.0) - 2.0).abs() < 0.01);
    }

    #[test]
    fn the_mean_over_a_plane_is_its_integral() {
        for truncation in [Truncation::Plain, Truncation::Shifted, Truncation::ForceShifted] {
            let pair = pair(truncation);
            for h in [1.2_f64, 1.9, 2.3] {
                let (n, end) = (100_000, 2.4_f64 * 2.4);
                let step = (end - h * h) / f64::from(n);
                let sum: f64 = (0..n).map(|k| pair.energy(h * h + (f64::from(k) + 0.5) * step)).sum();
                let (integral, exact) = (PI * sum * step, pair.plane_mean(h));
                assert!((integral - exact).abs() < 1e-8, "{truncation:?} {h}: {integral} {exact}");
            }
        }
    }

    #[test]
    fn lanes_look_up_the_same_values() {
        let section = Section::find(&parabola(), "P").expect("a section");
        let of = |a: usize, b: usize| if a == b { Table::new(&section, 300, 2.4) } else { Table::none(1.0) };
        let table = PairTable::new(2, 2.4, Truncation::Plain, false, of);
        fn check<F: PairForm>(pairs: &Pairs<F>, table: &PairTable) {
            for (a, b) in [(0, 0), (1, 1), (0, 1)] {
                let pair = table.pair(a, b);
                let c: Vec<Lanes> = pair.lanes().iter().map(|&x| Lanes::splat(x)).collect();
                for k in 0..=300 {
                    let r2 = 1.0 + (2.4_f64 * 2.4 - 1.0) * f64::from(k) / 300.0;
                    let (energy, force) = (pairs.pair(a, b).form.energy(r2), pairs.pair(a, b).form.energy_force(r2).1);
                    let ours = F::lane_energy::<pulp::Scalar>(&c, pairs.lookup(), 3, r2 as f32, 0.25);
                    assert!((f64::from(ours) + 0.25 - energy).abs() < 1e-6, "{a}{b} {r2}: {ours} {energy}");
                    let ours = F::lane_force::<pulp::Scalar>(&c, pairs.lookup(), 3, r2 as f32);
                    assert!((f64::from(ours) - force).abs() < 2e-6, "{a}{b} {r2}: {ours} {force}");
                }
            }
        }
        with_form!(table, pairs => check(pairs, &table));
    }
}
