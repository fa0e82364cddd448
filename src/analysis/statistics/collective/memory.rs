//! g Var S: what is known of C(t), and what lies beyond.

/// C(t) has come to its end when it falls below this many of its own standard errors.
const NOISE: f64 = 1.0;
/// Largest κ: beyond it the paths are noise.
const LARGEST: f64 = 6.0;

/// A sum along the paths of replicas.
pub(super) struct Path {
    /// At the lags.
    pub(super) covariance: Vec<f64>,
    /// Over whole paths: the sum of the covariances at all lags.
    pub(super) whole: f64,
}

/// g Var S from C at the lags, and from the paths beyond.
///
/// - `path`: with whether it counts where C has ended
/// - `cycles`: stored ones over all walkers, and of the longest
pub(super) fn memory(
    lags: &[usize],
    collective: &[f64],
    path: (&Path, bool),
    n_replicas: f64,
    cycles: (f64, f64),
) -> f64 {
    let ((path, counts_at_end), (total, length)) = (path, cycles);
    let variance = collective[0];
    let (mut known, mut of_path) = (0.0, 0.0);
    let mut ended = lags.len() < 2;
    for i in 1..lags.len() {
        let step = (lags[i] - lags[i - 1]) as f64;
        let noise = variance * (f64::max(known / variance, 1.0) / total).sqrt();
        // Twice the trapezium: both signs of the lag.
        known += step * (collective[i].max(0.0) + collective[i - 1]);
        of_path += step * (path.covariance[i].max(0.0) + path.covariance[i - 1].max(0.0));
        ended = collective[i] <= NOISE * noise;
        if ended {
            // A path may remember longer than the sum, in which replicas make room for each other: that is no memory of it.
            for j in i + 1..lags.len() {
                if path.covariance[j - 1] <= 0.0 {
                    break;
                }
                let step = (lags[j] - lags[j - 1]) as f64;
                of_path += step * (path.covariance[j].max(0.0) + path.covariance[j - 1]);
            }
            break;
        }
    }
    let (known, of_path) = (known.max(variance), of_path.max(path.covariance[0]));
    if ended && !counts_at_end {
        return known;
    }
    if ended {
        // No slow part shows: what paths say beyond their own noise remains.
        let noise = (2.0 / n_replicas).sqrt();
        return known + (path.whole - of_path * (1.0 + noise)).max(0.0);
    }
    let last = lags[lags.len() - 1];
    let from = lags.iter().position(|&lag| 2 * lag >= last).unwrap_or(0);
    let late = |c: &[f64]| c[from..].iter().sum::<f64>() / (lags.len() - from) as f64;
    let noise = variance * (of_path / variance / total / n_replicas).sqrt();
    let kappa = (late(collective) / late(&path.covariance).max(0.5 * noise)).clamp(1.0, LARGEST);
    let rest = (path.whole - of_path).max(0.0);
    known + decay(lags, collective, from, length).clamp(rest, kappa * rest)
}

/// 2 Σ_{t > t*} C(t) of a run, if C goes on to fall as it did since the lag of index `from`.
fn decay(lags: &[usize], collective: &[f64], from: usize, length: f64) -> f64 {
    let (first, last) = (collective[from], collective[collective.len() - 1]);
    let (since, until) = (lags[from] as f64, lags[lags.len() - 1] as f64);
    let tau = (until - since) / (first / last).ln();
    // A C that rises, or falls too slowly to show, lasts for as long as the run.
    let tau = if tau > 0.0 { tau.min(length) } else { length };
    2.0 * last.max(0.0) * tau * (1.0 - (-(length - until) / tau).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_paths_remember_after_the_sum_has_forgotten_counts_where_it_is_asked_for() {
        let lags = [0, 1, 2, 3, 4, 10, 100];
        let c = [8.0, 4.0, 2.0, 1.0, 0.0, 0.0, 0.0];
        // Twice the trapezia of C: 12 + 6 + 3 + 1.
        let seen = 22.0;
        let path = Path { covariance: vec![8.0, 4.0, 3.0, 3.0, 3.0, 3.0, 3.0], whole: 1000.0 };
        let of = |counts: bool| memory(&lags, &c, (&path, counts), 50.0, (2000.0, 2000.0));
        assert!((of(false) - seen).abs() < 1e-12, "{}", of(false));
        // Beyond what paths show up to the last lag, 12 + 7 + 6 + 6 + 36 + 540, and a fifth of that, their noise.
        assert!((of(true) - seen - (1000.0 - 1.2 * 607.0)).abs() < 1e-9, "{}", of(true));
    }

    #[test]
    fn what_is_left_of_a_decay_is_its_integral() {
        let lags = [0, 10, 20, 50, 70, 100];
        for tau in [30.0, 300.0, 3e5] {
            let c: Vec<f64> = lags.iter().map(|&t| 4.0 * (-f64::from(t as u16) / tau).exp()).collect();
            let exact = 8.0 * tau * ((-100.0 / tau).exp() - (-2000.0 / tau).exp());
            let found = decay(&lags, &c, 3, 2000.0);
            // The longest is taken to last for as long as the run, and no longer.
            let range = if tau < 1e4 { 0.999..1.001 } else { 0.6..1.0 };
            assert!(range.contains(&(found / exact)), "τ = {tau}: {found} instead of {exact}");
        }
        assert_eq!(decay(&lags, &[1.0, 0.5, 0.2, 0.1, 0.0, -0.1], 3, 2000.0), 0.0);
    }
}
