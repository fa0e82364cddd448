//! Scores of answers over seeds: bias, RMSE, figure of merit, and z of the errors that were quoted.

use super::outcome::{Outcome, Place, Value};
use super::reference::{Reference, nearest};
use serde::Serialize;

/// Score of one quantity over the seeds; an absent number could not be had.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Score {
    /// Runs that report a value.
    pub found: usize,
    /// Mean of value − right value.
    pub bias: Option<f64>,
    /// Root of the mean squared difference.
    pub rmse: Option<f64>,
    /// Root of the mean squared error that was quoted.
    pub quoted: Option<f64>,
    /// Runs that quote an error.
    pub with_error: usize,
    /// Root of the mean z², z = (value − right value)/√(error² + error of the right value²).
    pub z_rms: Option<f64>,
    /// Largest |z|.
    pub z_largest: Option<f64>,
    /// 1/(RMSE² × seconds for a run that reports a value).
    pub fom_per_s: Option<f64>,
    /// 1/(RMSE² × evaluations for a run that reports a value).
    pub fom_per_evaluation: Option<f64>,
}

/// Score of a point of a boundary.
#[derive(Debug, Clone, Serialize)]
pub struct BoundaryScore {
    /// Index of the reservoir species that crosses it.
    pub species: usize,
    /// Scene unit.
    pub temperature: f64,
    /// `[n_reservoirs]`, column `mu_<s>`, that of the crossing species left at 0 \[energy\]
    pub others: Vec<f64>,
    /// ⟨N⟩ of the crossing species on either side.
    pub n: (f64, f64),
    /// The right μ of the crossing species \[energy\].
    pub right: Value,
    /// The score.
    #[serde(flatten)]
    pub score: Score,
}

/// Score of all values of one kind, and of each.
#[derive(Debug, Clone, Serialize)]
pub struct Group {
    /// All together: RMSE, z and figure of merit over all places and seeds.
    pub all: Score,
    /// Largest z_rms of a single value.
    pub z_worst: Option<f64>,
    /// (T, μ) and the score of every value there.
    pub places: Vec<(f64, Vec<f64>, Vec<Score>)>,
}

/// z of a value; `None` where one of the two has no value or no error.
pub(super) fn z(value: Value, right: Value) -> Option<f64> {
    let error = value.error.hypot(right.error);
    let z = (value.value - right.value) / error;
    (value.error.is_finite() && z.is_finite()).then_some(z)
}

/// The place at the point of another.
///
/// - `hint`: where it is looked for first: runs of one grid have their places in one order
pub(super) fn at<'a>(places: &'a [Place], hint: usize, point: &Place) -> Option<&'a Place> {
    let is_there = |p: &&Place| p.is_at(point.temperature, &point.mu);
    places.get(hint).filter(is_there).or_else(|| places.iter().find(is_there))
}

/// Score of values beside their right ones.
///
/// A run without a value has cost as much as one with it: the figures of merit are the information that all runs bring for what all of
/// them cost.
///
/// - `runs`: values that could be there
/// - `cost`: (seconds, evaluations) of a run
fn score(pairs: &[(Value, Value)], runs: usize, cost: (f64, f64)) -> Score {
    let differences: Vec<f64> =
        pairs.iter().map(|(v, r)| v.value - r.value).filter(|difference| difference.is_finite()).collect();
    let zs: Vec<f64> = pairs.iter().filter_map(|&(v, r)| z(v, r)).collect();
    let errors: Vec<f64> = pairs.iter().map(|(v, _)| v.error).filter(|e| e.is_finite()).collect();
    let mean = |x: &[f64]| (!x.is_empty()).then(|| x.iter().sum::<f64>() / x.len() as f64);
    let rms = |x: &[f64]| mean(&x.iter().map(|x| x * x).collect::<Vec<_>>()).map(f64::sqrt);
    let rmse = rms(&differences);
    let share = differences.len() as f64 / runs as f64;
    let merit = |cost: f64| rmse.map(|e| share / (e * e * cost)).filter(|m| m.is_finite());
    Score {
        found: differences.len(),
        bias: mean(&differences),
        rmse,
        quoted: rms(&errors),
        with_error: errors.len(),
        z_rms: rms(&zs),
        z_largest: zs.iter().map(|z| z.abs()).reduce(f64::max),
        fom_per_s: merit(cost.0),
        fom_per_evaluation: merit(cost.1),
    }
}

/// Score of every boundary point of the reference.
pub(super) fn boundaries(outcomes: &[Outcome], reference: &Reference, cost: (f64, f64)) -> Vec<BoundaryScore> {
    let scored = reference.boundaries.iter().map(|line| {
        let found = outcomes.iter().filter_map(|o| nearest(line, &o.crossings));
        let pairs: Vec<(Value, Value)> = found.map(|c| (c.mu, line.mu)).collect();
        BoundaryScore {
            species: line.species,
            temperature: line.temperature,
            others: line.others.clone(),
            n: (line.below, line.above),
            right: line.mu,
            score: score(&pairs, outcomes.len(), cost),
        }
    });
    scored.collect()
}

/// Score of values at places.
pub(super) fn group(
    outcomes: &[Outcome],
    right: &[Place],
    cost: (f64, f64),
    of: impl Fn(&Outcome) -> &[Place],
) -> Group {
    let (mut all, mut places, mut z_worst) = (Vec::new(), Vec::new(), None::<f64>);
    for (i, place) in right.iter().enumerate() {
        let found: Vec<&Place> = outcomes.iter().filter_map(|o| at(of(o), i, place)).collect();
        let mut scores = Vec::new();
        for (s, &right) in place.values.iter().enumerate() {
            let pairs: Vec<(Value, Value)> = found.iter().map(|p| (p.values[s], right)).collect();
            let one = score(&pairs, outcomes.len(), cost);
            z_worst = match (z_worst, one.z_rms) {
                (Some(worst), Some(z)) => Some(worst.max(z)),
                (worst, z) => worst.or(z),
            };
            scores.push(one);
            all.extend(pairs);
        }
        places.push((place.temperature, place.mu.clone(), scores));
    }
    let runs = outcomes.len() * right.iter().map(|place| place.values.len()).sum::<usize>();
    Group { all: score(&all, runs, cost), z_worst, places }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_tells_bias_scatter_and_errors_that_are_too_small() {
        let right = Value { value: 2.0, error: 0.0 };
        let pairs: Vec<(Value, Value)> =
            [2.3, 2.1, f64::NAN].map(|value| (Value { value, error: 0.1 }, right)).to_vec();
        let score = score(&pairs, 3, (4.0, 100.0));
        assert_eq!((score.found, score.with_error), (2, 3));
        let near = |x: Option<f64>, y: f64| x.is_some_and(|x| (x - y).abs() < 1e-12 * y.abs());
        assert!(near(score.bias, 0.2) && near(score.rmse, 0.05_f64.sqrt()), "{score:?}");
        assert!(near(score.z_rms, 5.0_f64.sqrt()) && near(score.z_largest, 3.0), "{score:?}");
        // Two runs of three found it.
        assert!(near(score.fom_per_s, 5.0 / 1.5) && near(score.fom_per_evaluation, 0.2 / 1.5), "{score:?}");
    }

    #[test]
    fn a_value_without_an_error_has_no_z() {
        let right = Value { value: 1.0, error: 0.1 };
        assert_eq!(z(Value { value: 2.0, error: f64::NAN }, right), None);
        assert_eq!(z(Value { value: 1.0, error: 0.0 }, Value { value: 1.0, error: 0.0 }), None);
    }
}
