//! The right values that answers are compared with: means over long runs, with errors from the scatter among these.

use super::Farthest;
use super::outcome::{Crossing, Outcome, Place, Value};
use super::score::{at, z};
use crate::base::error::{Error, Result};
use crate::io::atomic::write_whole;
use crate::io::text::read_text;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Right values of one system.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reference {
    /// Runs behind it.
    pub runs: usize,
    /// Production cycles of each.
    pub production: u32,
    /// Points of first-order boundaries that more than half of the runs found.
    pub boundaries: Vec<Crossing>,
    /// ⟨N_s⟩ of every state.
    pub states: Vec<Place>,
    /// ⟨N_s⟩ of every cell of the map.
    pub cells: Vec<Place>,
    /// ln Ξ of every cell of the map.
    pub ln_xi: Vec<Place>,
}

impl Reference {
    /// Means over runs; their errors are those of the mean by the scatter among the runs.
    pub(super) fn of(outcomes: &[&Outcome], production: u32) -> Reference {
        let places = |of: fn(&Outcome) -> &[Place]| -> Vec<Place> {
            let mut found: Vec<Place> = Vec::new();
            for (i, place) in outcomes.iter().flat_map(|o| of(o).iter().enumerate()) {
                if at(&found, i, place).is_none() {
                    found.push(place.clone());
                }
            }
            for (i, place) in found.iter_mut().enumerate() {
                let all: Vec<&Place> = outcomes.iter().filter_map(|o| at(of(o), i, place)).collect();
                for s in 0..place.values.len() {
                    place.values[s] = mean(&all.iter().map(|p| p.values[s].value).collect::<Vec<_>>());
                }
            }
            found
        };
        Reference {
            runs: outcomes.len(),
            production,
            boundaries: lines(outcomes),
            states: places(|o| &o.states),
            cells: places(|o| &o.cells),
            ln_xi: places(|o| &o.ln_xi),
        }
    }

    /// What a run reports with an error and is farthest off by it; `None` where it reports none.
    pub(super) fn farthest(&self, outcome: &Outcome) -> Option<Farthest> {
        let mut farthest: Option<Farthest> = None;
        let mut see = |(value, right): (Value, Value), (what, temperature, mu): (&'static str, f64, &[f64])| {
            if let Some(z) = z(value, right).filter(|z| farthest.as_ref().is_none_or(|f| z.abs() > f.z.abs())) {
                farthest = Some(Farthest { what, temperature, mu: mu.to_vec(), value, right, z });
            }
        };
        for line in &self.boundaries {
            if let Some(found) = nearest(line, &outcome.crossings) {
                let mut mu = line.others.clone();
                mu[line.species] = line.mu.value;
                see((found.mu, line.mu), ("boundary", line.temperature, &mu));
            }
        }
        let groups = [
            ("N of a state", &self.states, &outcome.states),
            ("N of a cell", &self.cells, &outcome.cells),
            ("ln Xi of a cell", &self.ln_xi, &outcome.ln_xi),
        ];
        for (what, right, found) in groups {
            for (i, right) in right.iter().enumerate() {
                if let Some(found) = at(found, i, right) {
                    let pairs = found.values.iter().zip(&right.values);
                    pairs.for_each(|(v, r)| see((*v, *r), (what, right.temperature, &right.mu)));
                }
            }
        }
        farthest
    }

    /// Reads a stored reference.
    ///
    /// # Errors
    /// Those of [`read_text`], and [`Error::BadInput`] where it is none.
    pub fn read(path: &Path) -> Result<Reference> {
        let text = read_text("reference", path)?;
        serde_json::from_str(&text).map_err(|e| Error::BadInput {
            path: path.to_owned(),
            problem: format!(
                "it is no reference ({e}); make one with `adlayer bench --answer SCENE --make-reference FILE`"
            ),
        })
    }

    /// Stores it.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_string(self).map_err(|source| Error::Json { what: "the reference", source })?;
        write_whole(path, text.as_bytes())
    }
}

/// Mean of values and its standard error; NaN without two of them.
fn mean(values: &[f64]) -> Value {
    let known: Vec<f64> = values.iter().copied().filter(|x| x.is_finite()).collect();
    let n = known.len() as f64;
    if n < 2.0 {
        return Value { value: f64::NAN, error: f64::NAN };
    }
    let mean = known.iter().sum::<f64>() / n;
    let variance = known.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
    Value { value: mean, error: (variance / n).sqrt() }
}

/// The crossing most like that of a line, if there is one.
pub(super) fn nearest<'a>(line: &Crossing, crossings: &'a [Crossing]) -> Option<&'a Crossing> {
    let alike = crossings.iter().filter_map(|c| Some((line.distance(c)?, c)));
    alike.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, c)| c)
}

/// Crossings that more than half of the runs found, with the means over those.
fn lines(outcomes: &[&Outcome]) -> Vec<Crossing> {
    let mut found: Vec<Crossing> = Vec::new();
    for crossing in outcomes.iter().flat_map(|o| &o.crossings) {
        if nearest(crossing, &found).is_none() {
            found.push(crossing.clone());
        }
    }
    let averaged = found.iter().filter_map(|line| {
        let all: Vec<&Crossing> = outcomes.iter().filter_map(|o| nearest(line, &o.crossings)).collect();
        let of = |value: fn(&Crossing) -> f64| mean(&all.iter().map(|c| value(c)).collect::<Vec<_>>());
        let mu = of(|c| c.mu.value);
        let (below, above) = (of(|c| c.below).value, of(|c| c.above).value);
        (2 * all.len() > outcomes.len()).then(|| Crossing { mu, below, above, ..line.clone() })
    });
    averaged.collect()
}
