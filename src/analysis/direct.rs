//! Averages of each state's own samples.

use super::DirectAverage;
use crate::analysis::statistics::inefficiency::Inefficiencies;
use crate::sample::Samples;

/// Mean over each state's own samples with standard errors √(Var g/n), g of the state's own series.
///
/// - returns: `[n_states]`; a state without samples has NaN averages
pub(super) fn direct_averages(samples: &Samples, g: &Inefficiencies, n_states: usize) -> Vec<DirectAverage> {
    let n_columns = 1 + samples.counts.len();
    let mut count = vec![0_u64; n_states];
    let mut sum = vec![vec![0.0; n_columns]; n_states];
    let mut squares = vec![vec![0.0; n_columns]; n_states];
    let column = |c: usize, n: usize| if c == 0 { samples.energy[n] } else { f64::from(samples.counts[c - 1][n]) };
    for n in 0..samples.len() {
        let k = samples.state[n] as usize;
        count[k] += 1;
        for c in 0..n_columns {
            sum[k][c] += column(c, n);
        }
    }
    let mean: Vec<Vec<f64>> =
        sum.iter().zip(&count).map(|(sum, &n)| sum.iter().map(|s| s / n as f64).collect()).collect();
    for n in 0..samples.len() {
        let k = samples.state[n] as usize;
        for c in 0..n_columns {
            squares[k][c] += (column(c, n) - mean[k][c]).powi(2);
        }
    }
    (0..n_states)
        .map(|k| {
            let n = count[k] as f64;
            let error = |c: usize, g: f64| (squares[k][c] / n * g / n).sqrt();
            DirectAverage {
                n: mean[k][1..].to_vec(),
                n_err: (1..n_columns).map(|c| error(c, g.counts[k][c - 1])).collect(),
                energy: mean[k][0],
                energy_err: error(0, g.energy[k]),
                samples: count[k],
                inefficiency: g.series(k),
            }
        })
        .collect()
}
