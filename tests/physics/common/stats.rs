//! Statistics with honest errors: walkers are the samples, and every assertion states what it compared.

use crate::say::say;

/// A value with its standard error.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Estimate {
    pub(crate) value: f64,
    pub(crate) error: f64,
}

impl Estimate {
    /// Mean of independent samples; the error from their spread.
    pub(crate) fn of_samples(samples: &[f64]) -> Estimate {
        let n = samples.len() as f64;
        assert!(samples.len() >= 16, "{} samples say too little about their spread", samples.len());
        let value = samples.iter().sum::<f64>() / n;
        let square: f64 = samples.iter().map(|x| (x - value).powi(2)).sum();
        Estimate { value, error: (square / (n * (n - 1.0))).sqrt() }
    }
}

/// |z| < 4 against a value with an error of its own (0 if exact).
#[track_caller]
pub(crate) fn assert_z(label: &str, ours: Estimate, reference: f64, reference_error: f64) -> f64 {
    let error = ours.error.hypot(reference_error);
    let z = (ours.value - reference) / error;
    say(&format!(
        "{label}: {:.6} ± {:.6}, reference {reference:.6} ± {reference_error:.6}, z = {z:+.2}",
        ours.value, ours.error
    ));
    assert!(
        z.abs() < 4.0,
        "{label}: {} ± {} against {reference} ± {reference_error}: z = {z:.2}",
        ours.value,
        ours.error
    );
    z
}

/// |z| < 4 between two runs.
#[track_caller]
pub(crate) fn assert_agree(label: &str, one: Estimate, other: Estimate) -> f64 {
    assert_z(label, one, other.value, other.error)
}

/// The standard error is at most `fraction` of the value: small enough to tell right from wrong.
#[track_caller]
pub(crate) fn assert_resolved(label: &str, ours: Estimate, fraction: f64) {
    let relative = (ours.error / ours.value).abs();
    assert!(relative <= fraction, "{label}: {} ± {}: error {relative:.4} of the value", ours.value, ours.error);
}

/// |a − b| ≤ tolerance · max(|a|, |b|).
#[track_caller]
pub(crate) fn assert_relative(label: &str, ours: f64, reference: f64, tolerance: f64) {
    let deviation = (ours - reference).abs() / ours.abs().max(reference.abs()).max(f64::MIN_POSITIVE);
    say(&format!("{label}: {ours:.12}, reference {reference:.12}, relative deviation {deviation:.1e}"));
    assert!(deviation <= tolerance, "{label}: {ours} against {reference}: relative deviation {deviation:e}");
}

/// Expected counts below this are pooled with their neighbours.
const POOL_BELOW: f64 = 10.0;

/// χ² of independent samples against a distribution, as a normal deviate (Wilson & Hilferty, PNAS 17, 684 (1931)).
pub(crate) fn chi_squared_z(counts: &[u64], probabilities: &[f64]) -> f64 {
    let total: u64 = counts.iter().sum();
    let (mut chi2, mut bins) = (0.0, 0_u32);
    let (mut observed, mut expected) = (0.0, 0.0);
    let mut left: f64 = probabilities.iter().sum::<f64>() * total as f64;
    for k in 0..counts.len().max(probabilities.len()) {
        observed += counts.get(k).copied().unwrap_or(0) as f64;
        let here = probabilities.get(k).copied().unwrap_or(0.0) * total as f64;
        expected += here;
        left -= here;
        // the last bin takes the rest of the tail
        if expected >= POOL_BELOW && left >= POOL_BELOW {
            chi2 += (observed - expected) * (observed - expected) / expected;
            bins += 1;
            (observed, expected) = (0.0, 0.0);
        }
    }
    chi2 += (observed - expected) * (observed - expected) / expected;
    let freedom = f64::from(bins);
    assert!(bins > 1, "χ² needs more than two bins");
    let z = ((chi2 / freedom).cbrt() - (1.0 - 2.0 / (9.0 * freedom))) / (2.0 / (9.0 * freedom)).sqrt();
    say(&format!("χ² = {chi2:.2} with {bins} degrees of freedom, {total} samples, z = {z:+.2}"));
    z
}

/// The whole distribution of independent samples is the expected one: |z| < 4 of its χ² (too good is wrong as well).
#[track_caller]
pub(crate) fn assert_distribution(label: &str, counts: &[u64], probabilities: &[f64]) {
    let z = chi_squared_z(counts, probabilities);
    assert!(z.abs() < 4.0, "{label}: χ² deviates by z = {z:.2}; counts {counts:?}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(n: u32, centre: f64) -> Vec<f64> {
        (0..n).map(|k| centre + f64::from(k) - 0.5 * f64::from(n - 1)).collect()
    }

    #[test]
    fn the_error_is_that_of_the_mean() {
        // Var of 0..n is (n² − 1)/12; unbiased n/(n − 1) times that.
        let e = Estimate::of_samples(&ramp(25, 3.0));
        assert!((e.value - 3.0).abs() < 1e-12);
        assert!((e.error - (52.0_f64 * 25.0 / 24.0 / 25.0).sqrt()).abs() < 1e-12);
        assert_z("centre", e, 3.0, 0.0);
    }

    #[test]
    #[should_panic(expected = "z = ")]
    fn a_value_five_errors_away_is_noticed() {
        let e = Estimate::of_samples(&ramp(25, 3.0));
        assert_z("shifted", e, 3.0 + 5.0 * e.error, 0.0);
    }

    #[test]
    #[should_panic(expected = "z = NaN")]
    fn a_nan_is_noticed() {
        assert_z("nan", Estimate { value: f64::NAN, error: 1.0 }, 3.0, 0.0);
    }

    #[test]
    #[should_panic(expected = "z = ")]
    fn two_runs_that_differ_are_noticed() {
        assert_agree("runs", Estimate { value: 1.0, error: 0.01 }, Estimate { value: 1.1, error: 0.01 });
    }

    #[test]
    #[should_panic(expected = "of the value")]
    fn a_blunt_error_is_noticed() {
        assert_resolved("blunt", Estimate { value: 10.0, error: 0.2 }, 0.01);
    }

    #[test]
    #[should_panic(expected = "too little")]
    fn few_walkers_are_refused() {
        let _ = Estimate::of_samples(&[1.0, 2.0, 3.0]);
    }

    #[test]
    #[should_panic(expected = "relative deviation")]
    fn a_wrong_digit_is_noticed() {
        assert_relative("digit", 1.0001, 1.0, 1e-5);
    }

    #[test]
    fn the_right_distribution_passes() {
        assert_distribution("fair", &[248, 507, 245], &[0.25, 0.5, 0.25]);
    }

    #[test]
    #[should_panic(expected = "χ² deviates")]
    fn a_wrong_distribution_is_noticed() {
        assert_distribution("loaded", &[330, 340, 330], &[0.25, 0.5, 0.25]);
    }

    #[test]
    #[should_panic(expected = "χ² deviates")]
    fn what_cannot_happen_is_noticed() {
        assert_distribution("beyond", &[250, 500, 250, 90], &[0.25, 0.5, 0.25]);
    }
}
