//! What one run answers: boundaries, ⟨N⟩ of states and cells, ln Ξ, each with the error that is quoted.

use crate::analysis::{Analysis, BoundaryKind, BoundaryPoint};
use crate::base::error::{Error, Result};
use crate::io::csv::Table;
use crate::io::text::read_text;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A value with its standard error; NaN where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Value {
    /// The value.
    #[serde(with = "nan_as_null")]
    pub value: f64,
    /// Its standard error.
    #[serde(with = "nan_as_null")]
    pub error: f64,
}

/// JSON has no NaN: `null` stands for it.
mod nan_as_null {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(x: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        x.is_finite().then_some(*x).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
    }
}

/// Values at one point (T, μ).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// Scene unit.
    pub temperature: f64,
    /// `[n_reservoirs]`, column `mu_<s>` \[energy\]
    pub mu: Vec<f64>,
    /// Values there, NaN where masked.
    pub values: Vec<Value>,
}

impl Place {
    /// Whether two places are one: their coordinates differ by rounding alone.
    pub(super) fn is_at(&self, temperature: f64, mu: &[f64]) -> bool {
        same(self.temperature, temperature)
            && self.mu.len() == mu.len()
            && self.mu.iter().zip(mu).all(|(a, b)| same(*a, *b))
    }
}

/// Whether two coordinates differ by rounding alone.
fn same(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-7 * a.abs().max(b.abs()).max(1e-3)
}

/// A point of a first-order boundary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Crossing {
    /// Index of the reservoir species that crosses it.
    pub species: usize,
    /// Scene unit.
    pub temperature: f64,
    /// `[n_reservoirs]`, column `mu_<s>`, that of the crossing species left at 0 \[energy\]
    pub others: Vec<f64>,
    /// ⟨N⟩ of the crossing species on the side of lower μ.
    pub below: f64,
    /// ⟨N⟩ of the crossing species on the side of higher μ.
    pub above: f64,
    /// μ of the crossing species \[energy\]
    pub mu: Value,
}

impl Crossing {
    fn new(analysis: &Analysis, point: &BoundaryPoint) -> Crossing {
        let n = |phase: usize| {
            let here = analysis.phase_averages.iter().find(|a| {
                a.state.is_none() && a.phase == phase && same(a.temperature, point.temperature) && a.mu == point.mu
            });
            let over_area = || analysis.phases.iter().find(|p| p.id == phase).map(|p| &p.n);
            here.map(|a| &a.n).or_else(over_area).map_or(f64::NAN, |n| n[point.species])
        };
        let (a, b) = (n(point.phase_a), n(point.phase_b));
        let mut others = point.mu.clone();
        others[point.species] = 0.0;
        Crossing {
            species: point.species,
            temperature: point.temperature,
            others,
            below: a.min(b),
            above: a.max(b),
            mu: Value { value: point.mu[point.species], error: point.mu_err },
        }
    }

    /// How unlike the sides of two crossings of one line would be; `None` where they cannot be of one.
    pub(super) fn distance(&self, other: &Crossing) -> Option<f64> {
        let line = self.species == other.species
            && same(self.temperature, other.temperature)
            && self.others.iter().zip(&other.others).all(|(a, b)| same(*a, *b));
        let distance = (self.below - other.below).abs() + (self.above - other.above).abs();
        (line && distance <= ALIKE * (self.above - self.below).abs().max(2.0)).then_some(distance)
    }
}

/// Sides of two crossings of one line differ by no more than this share of the step in N between them.
const ALIKE: f64 = 0.5;

/// What a run answers, and what it took.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Seed of the run.
    pub seed: u64,
    /// Seconds of sampling.
    pub seconds: f64,
    /// Evaluations of energies.
    pub evaluations: f64,
    /// Whether the verdict is that the run can be trusted.
    pub trusted: bool,
    /// Points of first-order boundaries.
    pub crossings: Vec<Crossing>,
    /// ⟨N_s⟩ of every state as `states.csv` has it.
    pub states: Vec<Place>,
    /// ⟨N_s⟩ of every cell of the map.
    pub cells: Vec<Place>,
    /// ln Ξ of every cell of the map.
    pub ln_xi: Vec<Place>,
}

impl Outcome {
    /// Collects what an analysis says.
    ///
    /// - `cost`: (seconds, evaluations)
    ///
    /// # Errors
    /// [`Error::TableDamaged`] if `states.csv` cannot be read back.
    pub(super) fn new(
        analysis: &Analysis,
        directory: &Path,
        seed: u64,
        (seconds, evaluations): (f64, f64),
    ) -> Result<Outcome> {
        let masked = Value { value: f64::NAN, error: f64::NAN };
        let cells = &analysis.map.cells;
        // A masked cell may have no values at all.
        let place = |i: usize, mut values: Vec<Value>, n: usize| {
            let cell = &cells[i];
            if cell.masked {
                values.clear();
            }
            values.resize(n, masked);
            Place { temperature: cell.temperature, mu: cell.mu.clone(), values }
        };
        let pairs = |value: &[f64], error: &[f64]| -> Vec<Value> {
            value.iter().zip(error).map(|(&value, &error)| Value { value, error }).collect()
        };
        // What the run itself does not let quote has no error here.
        let quoted =
            |i: usize, errors: &[f64]| if cells[i].quotable { errors.to_vec() } else { vec![f64::NAN; errors.len()] };
        let n = analysis.grid.n_reservoirs();
        let lines = analysis.boundaries.iter().filter(|b| b.kind == BoundaryKind::FirstOrder);
        Ok(Outcome {
            seed,
            seconds,
            evaluations,
            trusted: analysis.checks.verdict.trusted,
            crossings: lines.map(|b| Crossing::new(analysis, b)).collect(),
            states: read_states(analysis, &directory.join("states.csv"))?,
            cells: (0..cells.len()).map(|i| place(i, pairs(&cells[i].n, &quoted(i, &cells[i].n_err)), n)).collect(),
            ln_xi: (0..cells.len())
                .map(|i| place(i, pairs(&[cells[i].ln_xi], &quoted(i, &[cells[i].ln_xi_err])), 1))
                .collect(),
        })
    }
}

/// ⟨N⟩ of every state from `states.csv` with the errors that its evaluation gives: what a user would quote.
fn read_states(analysis: &Analysis, path: &Path) -> Result<Vec<Place>> {
    let text = read_text("table of states", path)?;
    let table = Table::parse(&text).map_err(|source| Error::TableDamaged { path: path.to_owned(), source })?;
    let column = |name: &str| table.columns().iter().position(|c| c == name);
    let cell =
        |row: &[String], name: String| -> f64 { column(&name).and_then(|i| row[i].parse().ok()).unwrap_or(f64::NAN) };
    let names: Vec<&str> = analysis.grid.reservoirs.iter().map(|r| r.species.as_str()).collect();
    let place = |row: &Vec<String>| Place {
        temperature: cell(row, "temperature".into()),
        mu: names.iter().map(|s| cell(row, format!("mu_{s}"))).collect(),
        values: names.iter().map(|s| Value { value: cell(row, format!("n_{s}_mean")), error: f64::NAN }).collect(),
    };
    let mut places: Vec<Place> = table.rows().iter().map(place).collect();
    // The table of a run that is not evaluated yet has the errors that states alone know.
    let checked = analysis.checks.diagnostics.as_ref().map(|d| &d.states);
    let quotable = |k: usize| checked.and_then(|states| states.get(k)).is_none_or(|s| s.quotable);
    for (_, (place, direct)) in places.iter_mut().zip(&analysis.direct).enumerate().filter(|(k, _)| quotable(*k)) {
        place.values.iter_mut().zip(&direct.n_err).for_each(|(value, &error)| value.error = error);
    }
    Ok(places)
}
