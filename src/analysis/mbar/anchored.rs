//! Samples weighted at one temperature, the anchor, from which sums at others follow without another exponential each.
//!
//! A sample of a resample has the weight w e^{−βE}/D. Only e^{−βE} depends on the temperature and only w/D on the
//! resample; so w e^{−β₀E}/D times 1, E and every column A is kept, and the sums at β are
//! Σ_n (w e^{−β₀E}/D A)_n e^{−(β−β₀)(E_n−E₀)}, the second factor being the same in all resamples.

use super::Collapsed;
use super::vector::{POINTS, TEMPERATURES, averages_over, dots, exp_of_difference};
use pulp::Arch;

/// Largest exponent |β − β₀| |E − E₀| within what has weight: far from the ends of f64.
const REACH: f64 = 100.0;
/// A sample with less than e^−this of the largest weight does not shorten the reach.
const WEIGHTLESS: f64 = 300.0;
/// No factor is larger than e^this: those belong to samples without weight.
const LARGEST: f64 = 400.0;

/// A temperature with the energies about which exponents are taken.
#[derive(Debug)]
pub(crate) struct Anchor {
    beta: f64,
    /// Largest |β − β₀| at which it serves.
    reach: f64,
    /// `[n_compositions]`, E₀ [energy]
    origin: Vec<f64>,
}

impl Anchor {
    /// - `ln_d`: `[n_samples]`, of any resample: it tells where the weight is
    pub(crate) fn new(samples: &Collapsed, ln_d: &[f64], beta: f64) -> Anchor {
        let mut widest = 0.0_f64;
        let origin = (0..samples.compositions.len())
            .map(|c| {
                let members = samples.first[c]..samples.first[c + 1];
                let x = |n: usize| -beta * samples.energy[n] - ln_d[n];
                let heaviest = members.clone().max_by(|&a, &b| x(a).total_cmp(&x(b))).unwrap_or(members.start);
                let origin = samples.energy[heaviest];
                for n in members.filter(|&n| x(n) > x(heaviest) - WEIGHTLESS) {
                    widest = widest.max((samples.energy[n] - origin).abs());
                }
                origin
            })
            .collect();
        Anchor { beta, reach: REACH / widest, origin }
    }

    /// Whether sums at `beta` follow from this anchor.
    pub(crate) fn reaches(&self, beta: f64) -> bool {
        beta == self.beta || (beta - self.beta).abs() <= self.reach
    }

    /// e^{−(β−β₀)(E−E₀)}: `[n_samples]`
    pub(crate) fn factors(&self, samples: &Collapsed, beta: f64) -> Vec<f64> {
        let mut exponents = Vec::with_capacity(samples.n_samples());
        for (c, origin) in self.origin.iter().enumerate() {
            let energies = &samples.energy[samples.first[c]..samples.first[c + 1]];
            exponents.extend(energies.iter().map(|e| ((beta - self.beta) * (e - origin)).max(-LARGEST)));
        }
        let mut factors = vec![0.0; exponents.len()];
        exp_of_difference(Arch::new(), 0.0, &exponents, &vec![0.0; exponents.len()], &mut factors);
        factors
    }
}

/// One resample at an anchor.
#[derive(Debug)]
pub(crate) struct Anchored {
    /// `[n_compositions]`, ln of the largest e^{−β₀E}/D; −∞ without weight
    ln_max: Vec<f64>,
    /// `[2 + n_columns][n_samples]`, w e^{−β₀E}/D in units of that, times 1, E − E₀ and every column
    weighted: Vec<Vec<f64>>,
}

/// A resample at one temperature.
#[derive(Debug)]
pub(crate) struct Reweighted {
    /// `[n_compositions]`, ln Σ_n w_n e^{−βE_n}/D_n; −∞ without weight
    pub(crate) ln_b: Vec<f64>,
    /// `[1 + n_columns][n_compositions]`, means of E and of the columns; 0 without weight
    pub(crate) means: Vec<Vec<f64>>,
}

impl Anchored {
    /// - `weights`: `[n_samples]`, multiplicities
    /// - `ln_d`: `[n_samples]`, of this resample
    /// - `columns`: `[n_columns][n_samples]`
    pub(crate) fn new(
        anchor: &Anchor,
        samples: &Collapsed,
        weights: &[f64],
        ln_d: &[f64],
        columns: &[Vec<f32>],
    ) -> Anchored {
        let n_c = samples.compositions.len();
        let (mut ln_max, mut share) = (vec![f64::NEG_INFINITY; n_c], vec![0.0; samples.n_samples()]);
        let mut energy = share.clone();
        for c in 0..n_c {
            let drawn = (samples.first[c]..samples.first[c + 1]).filter(|&n| weights[n] > 0.0);
            let x = |n: usize| -anchor.beta * samples.energy[n] - ln_d[n];
            ln_max[c] = drawn.clone().map(x).fold(f64::NEG_INFINITY, f64::max);
            for n in drawn {
                share[n] = weights[n] * (x(n) - ln_max[c]).exp();
                energy[n] = share[n] * (samples.energy[n] - anchor.origin[c]);
            }
        }
        let product = |column: &Vec<f32>| share.iter().zip(column).map(|(w, &a)| w * f64::from(a)).collect();
        let products: Vec<Vec<f64>> = columns.iter().map(product).collect();
        Anchored { ln_max, weighted: [vec![share, energy], products].concat() }
    }

    /// The resample at several temperatures.
    ///
    /// - `betas`, `factors`: of each, from [`Anchor::factors`]
    pub(crate) fn at(
        &self,
        anchor: &Anchor,
        samples: &Collapsed,
        betas: [f64; TEMPERATURES],
        factors: [&[f64]; TEMPERATURES],
    ) -> [Reweighted; TEMPERATURES] {
        let (arch, n_c) = (Arch::new(), samples.compositions.len());
        let mut out = betas.map(|_| Reweighted {
            ln_b: vec![f64::NEG_INFINITY; n_c],
            means: vec![vec![0.0; n_c]; self.weighted.len() - 1],
        });
        for c in (0..n_c).filter(|&c| self.ln_max[c] > f64::NEG_INFINITY) {
            let members = samples.first[c]..samples.first[c + 1];
            let factors = factors.map(|factors| &factors[members.clone()]);
            let sums = |row: &Vec<f64>| dots(arch, &row[members.clone()], factors);
            let weight = sums(&self.weighted[0]);
            for (t, out) in out.iter_mut().enumerate().filter(|&(t, _)| weight[t] > 0.0) {
                out.ln_b[c] = self.ln_max[c] + weight[t].ln() - (betas[t] - anchor.beta) * anchor.origin[c];
            }
            for (k, row) in self.weighted[1..].iter().enumerate() {
                let sum = sums(row);
                for (t, out) in out.iter_mut().enumerate().filter(|&(t, _)| weight[t] > 0.0) {
                    let origin = if k == 0 { anchor.origin[c] } else { 0.0 };
                    out.means[k][c] = origin + sum[t] / weight[t];
                }
            }
        }
        out
    }
}

impl Reweighted {
    /// ln Ξ relative to a composition, and averages of quantities, at [`POINTS`] points.
    ///
    /// - `empty`: that composition at every point
    /// - `chemical`: `[n_compositions]`, N⃗·ln z⃗ at every point
    /// - `quantities`: `[n_quantities]` of `[n_compositions]`
    /// - returns: `[1 + n_quantities]` at every point
    pub(crate) fn averages(
        &self,
        empty: &[usize; POINTS],
        chemical: &[[f64; POINTS]],
        quantities: &[&[f64]],
    ) -> Vec<[f64; POINTS]> {
        let mut out = vec![[0.0; POINTS]; 1 + quantities.len()];
        averages_over(Arch::new(), &self.ln_b, chemical, quantities, &mut out);
        let ln_b = |&c: &usize| self.ln_b.get(c).copied().unwrap_or(f64::NEG_INFINITY);
        out[0].iter_mut().zip(empty).for_each(|(ln_sum, empty)| *ln_sum -= ln_b(empty));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::mbar::Bins;
    use crate::base::rng::{Rng, Stream};
    use crate::thermo::states::StatePoint;

    /// Sums from an anchor are those of every temperature by itself, also with a repulsive tail among the energies.
    #[test]
    fn sums_from_an_anchor_are_those_of_the_temperature_itself() {
        let state = |kt: f64| StatePoint { temperature: kt, kt, ln_z: vec![-1.0], window: None };
        let states = [state(0.3), state(0.5), state(0.8)];
        let rng = Rng::new(5);
        let uniform = |n: usize, k: u64| rng.uniforms(Stream::InsertPosition, k, 0, n as u32)[0];
        let counts: Vec<u16> = (0..3_000).map(|n| (n % 7) as u16).collect();
        let energy = |n: usize| -4.0 * f64::from(counts[n]) + 9.0 * uniform(n, 0) * f64::from(counts[n].min(1));
        let mut energies: Vec<f64> = (0..3_000).map(energy).collect();
        (energies[8], energies[13]) = (3e4, 1e15);
        let samples = Collapsed::new(&states, &energies, &[counts]).expect("samples");
        let weights: Vec<f64> = (0..3_000).map(|n| (4.0 * uniform(n, 1)).floor()).collect();
        let column: Vec<f32> = (0..3_000).map(|n| uniform(n, 2) as f32).collect();
        let ln_d: Vec<f64> =
            samples.energy.iter().map(|e| (-e / 0.8).max(-700.0) + 0.1 * e.abs().sqrt().min(9.0)).collect();
        let anchor = Anchor::new(&samples, &ln_d, 1.0 / 0.4);
        assert!(anchor.reaches(1.0 / 0.3) && anchor.reaches(1.0 / 0.8) && !anchor.reaches(1.0 / 0.01));
        let columns = [column];
        let anchored = Anchored::new(&anchor, &samples, &weights, &ln_d, &columns);
        let betas = [0.3, 0.4, 0.61, 0.8].map(|kt: f64| 1.0 / kt);
        let factors = betas.map(|beta| anchor.factors(&samples, beta));
        let found = anchored.at(&anchor, &samples, betas, factors.each_ref().map(|f| &f[..]));
        for (beta, found) in betas.into_iter().zip(found) {
            let (bins, means) = Bins::with_columns(&samples, Some(&weights), None, &ln_d, beta, &columns);
            let ln_z = [-1.0 - beta];
            let (ln_sum, p) = bins.probabilities(&samples, &ln_z);
            let chemical: Vec<[f64; POINTS]> = (0..7).map(|c| [samples.chemical(c, &ln_z); POINTS]).collect();
            let n: Vec<f64> = samples.compositions.iter().map(|c| f64::from(c[0])).collect();
            let out = found.averages(&[0; POINTS], &chemical, &[&n, &found.means[0], &found.means[1]]);
            let (mean_n, energy) = bins.means(&samples, &p);
            let mean: f64 = p.iter().zip(&means[0]).map(|(p, a)| p * a).sum();
            let expected = [bins.ln_xi(&samples, &ln_z, ln_sum).expect("N = 0 is there"), mean_n[0], energy, mean];
            for (found, expected) in out.iter().zip(expected) {
                for x in found {
                    assert!((x - expected).abs() < 1e-10 * expected.abs().max(1.0), "β {beta}: {x} for {expected}");
                }
            }
        }
    }
}
