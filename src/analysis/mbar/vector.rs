//! The vector loops of MBAR: blocks of terms, one row per state or temperature, one column per sample.
//!
//! Exponentials are multiplications and additions only, and lanes are summed in a fixed order, so the bits do not
//! depend on the instruction set that `pulp` finds.

use pulp::{Arch, Simd, WithSimd};

/// Buffers of one block of samples.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// `[n_rows * width]`: ln of unnormalised terms, then their shares p, each column summing to 1.
    pub(super) p: Vec<f64>,
    /// `[width]`, the largest term of each column
    max: Vec<f64>,
    /// `[width]`, Σ e^{term − max} of each column
    sum: Vec<f64>,
}

impl Block {
    /// Makes room for a block.
    pub(super) fn resize(&mut self, n_rows: usize, width: usize) {
        self.p.resize(n_rows * width, 0.0);
        self.max.resize(width, 0.0);
        self.sum.resize(width, 0.0);
    }

    /// Turns the terms into shares and adds Σ_n w_n p of every row to `totals`, `[n_rows]`.
    pub(super) fn share(&mut self, arch: Arch, weights: Option<&[f64]>, totals: &mut [f64]) {
        arch.dispatch(Share { block: self, weights, totals });
    }

    /// p ← √w p, so that sums over pairs carry w.
    pub(super) fn scale(&mut self, weights: &[f64]) {
        self.sum.clear();
        self.sum.extend(weights.iter().map(|w| w.sqrt()));
        for row in self.p.chunks_exact_mut(weights.len()) {
            row.iter_mut().zip(&self.sum).for_each(|(x, root)| *x *= root);
        }
    }

    /// After [`Self::share`]: ln Σ e^{term} of every column.
    pub(super) fn ln_sums(&self) -> impl Iterator<Item = f64> + '_ {
        self.max.iter().zip(&self.sum).map(|(max, sum)| max + sum.ln())
    }
}

/// The entry to the vector code of a block.
struct Share<'a> {
    block: &'a mut Block,
    weights: Option<&'a [f64]>,
    totals: &'a mut [f64],
}

impl WithSimd for Share<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let Block { p, max, sum } = self.block;
        let width = max.len();
        max.fill(f64::NEG_INFINITY);
        sum.fill(0.0);
        for row in p.chunks_exact(width) {
            for (m, x) in max.iter_mut().zip(row) {
                *m = if *x > *m { *x } else { *m };
            }
        }
        for row in p.chunks_exact_mut(width) {
            for ((x, m), s) in row.iter_mut().zip(max.iter()).zip(sum.iter_mut()) {
                *x = exp(*x - m);
                *s += *x;
            }
        }
        for row in p.chunks_exact_mut(width) {
            for (x, s) in row.iter_mut().zip(sum.iter()) {
                *x /= s;
            }
        }
        for (row, total) in p.chunks_exact(width).zip(self.totals) {
            *total += match self.weights {
                Some(weights) => lane_sum([row, weights], |[x, w]| x * w),
                None => lane_sum([row], |[x]| x),
            };
        }
    }
}

/// out_n ← e^{a − u_n − d_n}.
pub(super) fn exp_of_difference(arch: Arch, a: f64, u: &[f64], d: &[f64], out: &mut [f64]) {
    arch.dispatch(ExpOfDifference { a, u, d, out });
}

struct ExpOfDifference<'a> {
    a: f64,
    u: &'a [f64],
    d: &'a [f64],
    out: &'a mut [f64],
}

impl WithSimd for ExpOfDifference<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        for ((out, u), d) in self.out.iter_mut().zip(self.u).zip(self.d) {
            *out = exp(self.a - u - d);
        }
    }
}

/// Samples of one composition at one temperature.
pub(super) struct Members<'a> {
    /// β [1/energy]
    pub(super) beta: f64,
    /// `[n]` [energy]
    pub(super) energy: &'a [f64],
    /// `[n]`
    pub(super) ln_d: &'a [f64],
    /// `[n]`, multiplicities
    pub(super) weights: Option<&'a [f64]>,
    /// `[n]`, statistical inefficiencies
    pub(super) inefficiency: Option<&'a [f64]>,
    /// Energies are summed as differences from this one. [energy]
    pub(super) origin: f64,
}

/// Sums over the members of a composition with W = w e^{−βE}/D, in units of the largest e^{−βE}/D.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sums {
    /// ln of that largest; −∞ if no member has weight
    pub(super) max: f64,
    /// Σ W
    pub(super) weight: f64,
    /// Σ W (E − origin)
    pub(super) energy: f64,
    /// Σ W (E − origin)²
    pub(super) square: f64,
    /// Σ W e^{−βE}/D g
    pub(super) spread: f64,
}

impl Members<'_> {
    /// Sums; leaves W of every member in `shares`.
    pub(super) fn sum(&self, arch: Arch, shares: &mut Vec<f64>) -> Sums {
        shares.resize(self.energy.len(), 0.0);
        arch.dispatch(SumMembers { members: self, shares })
    }
}

struct SumMembers<'a, 'b> {
    members: &'a Members<'b>,
    shares: &'a mut [f64],
}

impl WithSimd for SumMembers<'_, '_> {
    type Output = Sums;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> Sums {
        let (m, v) = (self.members, self.shares);
        let n = v.len();
        let (energy, ln_d) = (&m.energy[..n], &m.ln_d[..n]);
        for k in 0..n {
            v[k] = -m.beta * energy[k] - ln_d[k];
        }
        if let Some(weights) = m.weights {
            v.iter_mut().zip(weights).for_each(|(x, &w)| *x = if w > 0.0 { *x } else { f64::NEG_INFINITY });
        }
        let max = v.iter().fold(f64::NEG_INFINITY, |max, &x| if x > max { x } else { max });
        if max == f64::NEG_INFINITY {
            return Sums { max, weight: 0.0, energy: 0.0, square: 0.0, spread: 0.0 };
        }
        v.iter_mut().for_each(|x| *x = exp(*x - max));
        let spread = match (m.weights, m.inefficiency) {
            (None, None) => lane_sum([v], |[v]| v * v),
            (None, Some(g)) => lane_sum([v, g], |[v, g]| v * v * g),
            (Some(w), None) => lane_sum([v, w], |[v, w]| w * v * v),
            (Some(w), Some(g)) => lane_sum([v, w, g], |[v, w, g]| w * v * v * g),
        };
        if let Some(weights) = m.weights {
            v.iter_mut().zip(weights).for_each(|(x, w)| *x *= w);
        }
        Sums {
            max,
            weight: lane_sum([v], |[v]| v),
            energy: lane_sum([v, energy], |[v, e]| v * (e - m.origin)),
            square: lane_sum([v, energy], |[v, e]| v * (e - m.origin) * (e - m.origin)),
            spread,
        }
    }
}

/// Σ a b.
pub(super) fn dot(arch: Arch, a: &[f64], b: &[f32]) -> f64 {
    arch.dispatch(Dot { a, b })
}

struct Dot<'a> {
    a: &'a [f64],
    b: &'a [f32],
}

impl WithSimd for Dot<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> f64 {
        let n = self.a.len();
        let (a, b) = (&self.a[..n], &self.b[..n]);
        let mut lanes = [0.0; 8];
        let whole = n - n % 8;
        for first in (0..whole).step_by(8) {
            let (a, b) = (eight(a, first), eight(b, first));
            for (lane, sum) in lanes.iter_mut().enumerate() {
                *sum += a[lane] * f64::from(b[lane]);
            }
        }
        across(lanes) + (whole..n).map(|k| a[k] * f64::from(b[k])).sum::<f64>()
    }
}

/// Temperatures whose sums are taken in one pass over what is summed.
pub(crate) const TEMPERATURES: usize = 4;

/// Σ_n a_n e_n with the factors e of every temperature.
pub(super) fn dots(arch: Arch, a: &[f64], e: [&[f64]; TEMPERATURES]) -> [f64; TEMPERATURES] {
    arch.dispatch(Dots { a, e })
}

struct Dots<'a> {
    a: &'a [f64],
    e: [&'a [f64]; TEMPERATURES],
}

impl WithSimd for Dots<'_> {
    type Output = [f64; TEMPERATURES];

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> [f64; TEMPERATURES] {
        let n = self.a.len();
        let (a, e) = (&self.a[..n], self.e.map(|e| &e[..n]));
        let mut lanes = [[0.0; 8]; TEMPERATURES];
        let whole = n - n % 8;
        for first in (0..whole).step_by(8) {
            let a = eight(a, first);
            for (lanes, e) in lanes.iter_mut().zip(e) {
                let e = eight(e, first);
                for l in 0..8 {
                    lanes[l] += a[l] * e[l];
                }
            }
        }
        let mut sums = [0.0; TEMPERATURES];
        for ((sum, lanes), e) in sums.iter_mut().zip(lanes).zip(e) {
            *sum = across(lanes) + (whole..n).map(|k| a[k] * e[k]).sum::<f64>();
        }
        sums
    }
}

/// Points whose averages are taken side by side.
pub(crate) const POINTS: usize = 16;

/// At [`POINTS`] points ln Σ_c e^{b_c + x_c}, and the averages of the quantities with these weights.
///
/// - `b`: `[n]`; `x`: `[n]`; `quantities`: `[n_quantities][n]`
/// - `out`: `[1 + n_quantities]`
pub(super) fn averages_over(
    arch: Arch,
    b: &[f64],
    x: &[[f64; POINTS]],
    quantities: &[&[f64]],
    out: &mut [[f64; POINTS]],
) {
    arch.dispatch(AveragesOver { b, x, quantities, out });
}

struct AveragesOver<'a> {
    b: &'a [f64],
    x: &'a [[f64; POINTS]],
    quantities: &'a [&'a [f64]],
    out: &'a mut [[f64; POINTS]],
}

impl WithSimd for AveragesOver<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let AveragesOver { b, x, quantities, out } = self;
        let mut p = x.to_vec();
        let (mut max, mut sum) = ([f64::NEG_INFINITY; POINTS], [0.0; POINTS]);
        for (p, b) in p.iter_mut().zip(b) {
            for l in 0..POINTS {
                p[l] += b;
                max[l] = if p[l] > max[l] { p[l] } else { max[l] };
            }
        }
        for p in &mut p {
            for l in 0..POINTS {
                p[l] = exp(p[l] - max[l]);
                sum[l] += p[l];
            }
        }
        for l in 0..POINTS {
            out[0][l] = max[l] + sum[l].ln();
        }
        for (out, quantity) in out[1..].iter_mut().zip(quantities) {
            let mut total = [0.0; POINTS];
            for (p, a) in p.iter().zip(*quantity) {
                for l in 0..POINTS {
                    total[l] += p[l] * a;
                }
            }
            for l in 0..POINTS {
                out[l] = total[l] / sum[l];
            }
        }
    }
}

/// Sum of a term of the rows over lanes of eight, then over the lanes.
#[inline(always)]
fn lane_sum<const ROWS: usize>(rows: [&[f64]; ROWS], term: impl Fn([f64; ROWS]) -> f64) -> f64 {
    let n = rows[0].len();
    let rows = rows.map(|row| &row[..n]);
    let mut lanes = [0.0; 8];
    let whole = n - n % 8;
    for first in (0..whole).step_by(8) {
        let eight = rows.map(|row| eight(row, first));
        for (lane, sum) in lanes.iter_mut().enumerate() {
            *sum += term(eight.map(|row| row[lane]));
        }
    }
    across(lanes) + (whole..n).map(|k| term(rows.map(|row| row[k]))).sum::<f64>()
}

/// Eight numbers of a row: their number is known where it is compiled, so that they become a vector.
#[inline(always)]
fn eight<T>(row: &[T], first: usize) -> &[T; 8] {
    row[first..first + 8].try_into().expect("eight")
}

/// Sum over the lanes.
#[inline(always)]
fn across([a, b, c, d, e, f, g, h]: [f64; 8]) -> f64 {
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

/// e^x to two units in the last place for x ≤ 700; what would be below e^−708 is e^−708. NaN stays NaN.
///
/// x = k ln 2 + r with |r| ≤ ln 2/2, and the Taylor series of e^r to r¹³.
#[inline(always)]
fn exp(x: f64) -> f64 {
    /// 1.5 × 2⁵²: adding it leaves the nearest whole number in the low bits.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    /// The upper bits of ln 2; its product with k is exact.
    const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
    const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    const SERIES: [f64; 13] = [
        1.0 / 479_001_600.0,
        1.0 / 39_916_800.0,
        1.0 / 3_628_800.0,
        1.0 / 362_880.0,
        1.0 / 40_320.0,
        1.0 / 5_040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ];
    let x = if x < -708.0 { -708.0 } else { x };
    let shifted = x * std::f64::consts::LOG2_E + ROUND;
    let k = shifted - ROUND;
    let r = (x - k * LN_2_HIGH) - k * LN_2_LOW;
    let mut series = 1.0 / 6_227_020_800.0;
    for c in SERIES {
        series = series * r + c;
    }
    // 2^k, with the bias of the exponent added to the whole number in the low bits.
    series * f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponentials_are_those_of_the_standard_library() {
        for i in -708_000..=1000_i32 {
            let x = f64::from(i) * 1e-3;
            let error = (exp(x) / x.exp() - 1.0).abs();
            assert!(error < 5e-16, "x = {x}: {error:e}");
        }
        assert!(exp(f64::NAN).is_nan());
        assert!(exp(f64::NEG_INFINITY) < 1e-300);
    }

    #[test]
    fn shares_sum_to_one_and_totals_carry_weights() {
        let mut block = Block::default();
        block.resize(3, 11);
        let term = |i: usize| (i as f64 * 0.7).sin() * 300.0;
        (0..33).for_each(|i| block.p[i] = term(i));
        let weights: Vec<f64> = (0..11).map(|n| f64::from(n % 3)).collect();
        let mut totals = [0.0; 3];
        block.share(Arch::new(), Some(&weights), &mut totals);
        for n in 0..11 {
            let sum: f64 = (0..3).map(|k| block.p[k * 11 + n]).sum();
            assert!((sum - 1.0).abs() < 1e-15);
        }
        for k in 0..3 {
            let expected: f64 = (0..11).map(|n| weights[n] * block.p[k * 11 + n]).sum();
            assert!((totals[k] - expected).abs() < 1e-14);
        }
        for (n, ln_sum) in block.ln_sums().enumerate() {
            let expected = crate::analysis::mbar::log_sum_exp((0..3).map(|k| term(k * 11 + n)));
            assert!((ln_sum - expected).abs() < 1e-12);
        }
    }
}
