//! S(t) of one column and its covariances, over states and along the paths of replicas.

use super::Collective;
use super::memory::{Path, memory};
use super::times::{Rows, Times};
use crate::analysis::statistics::blocks::Blocks;
use crate::sample::Samples;
use rayon::prelude::*;

/// One column of deviations, summed over all states and over those of each temperature.
pub(super) struct Sums<'a> {
    pub(super) samples: &'a Samples,
    pub(super) rows: &'a Rows,
    pub(super) times: &'a Times,
    pub(super) cohort: usize,
    pub(super) column: usize,
    /// `[n_samples]`
    pub(super) deviation: &'a [f64],
    /// `[1 + n_temperatures]`, variances of the sums at one time
    pub(super) variance: Vec<f64>,
    /// Temperatures that have a sum of their own.
    pub(super) n_rows: usize,
}

impl Sums<'_> {
    /// The sum over all states first, then of each temperature; those that do not fluctuate are left out.
    pub(super) fn collectives(&self, blocks: &Blocks) -> Vec<Collective> {
        let lags = self.times.lags();
        let series = self.series();
        let paths = self.along_paths(&lags);
        let n_replicas = self.times.paths.len() as f64;
        series
            .iter()
            .zip(&paths)
            .enumerate()
            .filter_map(|(i, (series, path))| {
                let variance = self.variance[i];
                if variance <= 0.0 || path.covariance[0] <= 0.0 {
                    return None;
                }
                let collective = self.covariances(series, variance, &lags);
                let total = self.times.total() as f64;
                let length = self.times.longest() as f64;
                let g = memory(&lags, &collective, (path, self.rows.by_paths), n_replicas, (total, length));
                let (of_blocks, smooth, n_blocks) = self.in_blocks(series, blocks);
                let kt = i.checked_sub(1).map(|row| self.rows.kts[row]);
                Some(Collective {
                    cohort: self.cohort,
                    n_blocks,
                    column: self.column,
                    kt,
                    blocks: of_blocks,
                    smooth,
                    variance: g / total,
                    independent: variance * total / g,
                })
            })
            .collect()
    }

    /// S(t): `[1 + n_rows][n_times]`.
    fn series(&self) -> Vec<Vec<f64>> {
        let mut series = vec![vec![0.0; self.times.total()]; 1 + self.n_rows];
        for (n, &t) in self.times.of_sample.iter().enumerate() {
            series[0][t] += self.deviation[n];
            if let Some(row) = self.row(n).filter(|_| self.n_rows > 0) {
                series[1 + row][t] += self.deviation[n];
            }
        }
        series
    }

    /// Temperature of a sample.
    fn row(&self, n: usize) -> Option<usize> {
        self.rows.of_state[self.samples.state[n] as usize]
    }

    /// C(t) = Var S − ½⟨(S(t) − S(0))²⟩ at the lags, averaged over the walkers.
    fn covariances(&self, series: &[f64], variance: f64, lags: &[usize]) -> Vec<f64> {
        let at = |&lag: &usize| {
            let (mut sum, mut pairs) = (0.0, 0);
            for w in self.times.first.windows(2).filter(|w| w[1] - w[0] > lag) {
                let s = &series[w[0]..w[1]];
                sum += s.iter().zip(&s[lag..]).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
                pairs += s.len() - lag;
            }
            variance - 0.5 * sum / pairs.max(1) as f64
        };
        lags.iter().map(at).collect()
    }

    /// The same sums along the paths of replicas: `[1 + n_rows]`, for one walker.
    fn along_paths(&self, lags: &[usize]) -> Vec<Path> {
        let n_sums = 1 + self.n_rows;
        let row = |n: usize| self.row(n).unwrap_or_default();
        let of_path = |path: &Vec<usize>| {
            let mut covariance = vec![vec![0.0; lags.len()]; n_sums];
            let mut totals = vec![0.0; n_sums];
            let steps: Vec<(f64, usize)> = path.iter().map(|&n| (self.deviation[n], row(n))).collect();
            for &(x, row) in &steps {
                totals[0] += x;
                if self.n_rows > 0 {
                    totals[1 + row] += x;
                }
            }
            for (l, &lag) in lags.iter().enumerate().filter(|(_, lag)| **lag < steps.len()) {
                for (&(x, a), &(y, b)) in steps.iter().zip(&steps[lag..]) {
                    covariance[0][l] += x * y;
                    if self.n_rows > 0 && a == b {
                        covariance[1 + a][l] += x * y;
                    }
                }
                // As many pairs as there are without a lag.
                let scale = steps.len() as f64 / (steps.len() - lag) as f64;
                covariance.iter_mut().for_each(|c| c[l] *= scale);
            }
            (covariance, totals)
        };
        let of_paths: Vec<(Vec<Vec<f64>>, Vec<f64>)> = self.times.paths.par_iter().map(of_path).collect();
        let total = self.times.total() as f64;
        (0..n_sums)
            .map(|i| Path {
                covariance: (0..lags.len())
                    .map(|l| of_paths.iter().map(|(c, _)| c[i][l]).sum::<f64>() / total)
                    .collect(),
                whole: of_paths.iter().map(|(_, t)| t[i] * t[i]).sum::<f64>() / total,
            })
            .collect()
    }

    /// Means of a series over blocks of samples, their sums with those before and after, and how many blocks there are.
    fn in_blocks(&self, series: &[f64], blocks: &Blocks) -> (Vec<f64>, Vec<f64>, usize) {
        let mut block_of_time = vec![None; series.len()];
        for (&t, &block) in self.times.of_sample.iter().zip(&blocks.block_of) {
            block_of_time[t] = Some(block as usize);
        }
        let mut sums = vec![None; blocks.n_blocks];
        for (x, block) in series.iter().zip(&block_of_time) {
            if let Some(block) = *block {
                *sums[block].get_or_insert(0.0) += x;
            }
        }
        let n_blocks = sums.iter().flatten().count();
        let n = n_blocks as f64;
        let mean = sums.iter().flatten().sum::<f64>() / n;
        let about_mean = |s: &Option<f64>| s.map_or(0.0, |s| (s - mean) * n / series.len() as f64);
        let of_blocks: Vec<f64> = sums.iter().map(about_mean).collect();
        let together = |i: usize, j: usize| blocks.walker_of.get(i) == blocks.walker_of.get(j);
        let smooth = (0..of_blocks.len()).map(|i| {
            let near = [i.checked_sub(1), Some(i + 1)].into_iter().flatten();
            let beside = near.filter(|&j| j < of_blocks.len() && together(i, j));
            of_blocks[i] + beside.map(|j| of_blocks[j]).sum::<f64>()
        });
        (of_blocks.clone(), smooth.collect(), n_blocks)
    }
}
