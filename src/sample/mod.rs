//! Samples of each replica and cycle, thinned, stored in Parquet parts.
//!
//! A part is written whole to a temporary file, synced and renamed, so a reader never meets half a part.

mod reader;
mod schema;
pub mod tally_snapshots;
mod thinning;
pub mod trajectory;
mod writer;

use crate::observables::record::{Column, Field, Histogram, Observed, Shape};
pub use reader::read_samples;
pub use thinning::Thinning;
pub use writer::{SampleWriter, rows_per_part};

/// Stored samples as columns; all vectors have one entry per sample.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Samples {
    /// Production cycle, from 0.
    pub cycle: Vec<u32>,
    /// Independent copy of the grid.
    pub walker: Vec<u16>,
    /// Configuration, global over walkers.
    pub replica: Vec<u32>,
    /// State it held when sampled.
    pub state: Vec<u32>,
    /// Potential energy \[energy\].
    pub energy: Vec<f64>,
    /// `[n_reservoirs][n_samples]`, atoms of each reservoir species.
    pub counts: Vec<Vec<u16>>,
    /// Order parameters that the scene's observables store with each sample.
    pub columns: Vec<Column>,
    /// Histograms that they store.
    pub histograms: Vec<Histogram>,
}

/// One stored sample.
#[derive(Debug, Clone, Copy)]
pub struct SampleRow<'a> {
    /// Production cycle, from 0.
    pub cycle: u32,
    /// Independent copy of the grid.
    pub walker: u16,
    /// Configuration, global over walkers.
    pub replica: u32,
    /// State it held when sampled.
    pub state: u32,
    /// Potential energy \[energy\].
    pub energy: f64,
    /// `[n_reservoirs]`, atoms of each reservoir species.
    pub counts: &'a [u16],
}

impl Samples {
    /// No samples yet, of `n_reservoirs` reservoir species.
    pub fn new(n_reservoirs: usize) -> Samples {
        Samples { counts: vec![Vec::new(); n_reservoirs], ..Samples::default() }
    }

    /// The same with columns for the fields of observables; there must be no sample yet.
    pub fn observing(mut self, fields: &[Field]) -> Samples {
        assert!(self.is_empty(), "samples that are there were observed as they are");
        for field in fields {
            let Field { name, label, role, shape } = field.clone();
            match shape {
                Shape::Number => self.columns.push(Column { name, label, role, values: Vec::new() }),
                Shape::Histogram { lo, hi, bins } => {
                    self.histograms.push(Histogram { name, label, role, lo, hi, bins, values: Vec::new() });
                }
            }
        }
        self
    }

    /// Number of samples.
    pub fn len(&self) -> usize {
        self.energy.len()
    }

    /// E (`column` 0) or the atoms of a reservoir species (1, …) of a sample.
    pub fn value(&self, column: usize, sample: usize) -> f64 {
        match column.checked_sub(1) {
            None => self.energy[sample],
            Some(s) => f64::from(self.counts[s][sample]),
        }
    }

    /// Whether there is no sample at all.
    pub fn is_empty(&self) -> bool {
        self.energy.is_empty()
    }

    /// Appends one sample of a run without observables.
    pub fn push(&mut self, row: SampleRow<'_>) {
        self.push_observed(row, &Observed::default());
    }

    /// Appends one sample with the values of the observables.
    pub fn push_observed(&mut self, row: SampleRow<'_>, observed: &Observed) {
        let bins: usize = self.histograms.iter().map(|h| h.bins).sum();
        assert_eq!(
            (observed.columns.len(), observed.bins.len()),
            (self.columns.len(), bins),
            "a sample must hold every observable"
        );
        for (column, &value) in self.columns.iter_mut().zip(&observed.columns) {
            column.values.push(value);
        }
        let mut rest = &observed.bins[..];
        for histogram in &mut self.histograms {
            let (these, others) = rest.split_at(histogram.bins);
            histogram.values.extend_from_slice(these);
            rest = others;
        }
        assert_eq!(row.counts.len(), self.counts.len(), "a sample must count every reservoir species");
        self.cycle.push(row.cycle);
        self.walker.push(row.walker);
        self.replica.push(row.replica);
        self.state.push(row.state);
        self.energy.push(row.energy);
        for (column, &n) in self.counts.iter_mut().zip(row.counts) {
            column.push(n);
        }
    }

    /// Forgets all samples and keeps the memory.
    pub fn clear(&mut self) {
        self.cycle.clear();
        self.walker.clear();
        self.replica.clear();
        self.state.clear();
        self.energy.clear();
        self.counts.iter_mut().for_each(Vec::clear);
        self.columns.iter_mut().for_each(|c| c.values.clear());
        self.histograms.iter_mut().for_each(|h| h.values.clear());
    }

    /// Appends the samples of another run of the same system.
    ///
    /// Its walkers and replicas are numbered on from those already here, so the runs count as more walkers.
    pub fn append_run(&mut self, other: &Samples) {
        assert_eq!(other.counts.len(), self.counts.len(), "combined runs must have the same reservoir species");
        let walkers = self.walker.iter().max().map_or(0, |&w| w + 1);
        let replicas = self.replica.iter().max().map_or(0, |&r| r + 1);
        self.cycle.extend_from_slice(&other.cycle);
        self.walker.extend(other.walker.iter().map(|w| w + walkers));
        self.replica.extend(other.replica.iter().map(|r| r + replicas));
        self.state.extend_from_slice(&other.state);
        self.energy.extend_from_slice(&other.energy);
        for (column, more) in self.counts.iter_mut().zip(&other.counts) {
            column.extend_from_slice(more);
        }
        // What only one of the runs observed has no value in the other's samples.
        self.columns.retain(|c| other.columns.iter().any(|o| o.name == c.name));
        for column in &mut self.columns {
            let more = other.columns.iter().filter(|o| o.name == column.name);
            more.for_each(|o| column.values.extend_from_slice(&o.values));
        }
        self.histograms.retain(|h| other.histograms.iter().any(|o| o.is_like(h)));
        for histogram in &mut self.histograms {
            let more = other.histograms.iter().filter(|o| o.is_like(histogram));
            let more: Vec<_> = more.flat_map(|o| &o.values).copied().collect();
            histogram.values.extend(more);
        }
    }

    /// Where, when, E and N of the samples for which `keep` holds of their index, in order; nothing that was observed.
    pub fn numbers(&self, keep: impl Fn(usize) -> bool) -> Samples {
        self.numbers_of(&(0..self.len()).filter(|&i| keep(i)).collect::<Vec<_>>())
    }

    /// The samples for which `keep` holds of their index, in order.
    pub fn filtered(&self, keep: impl Fn(usize) -> bool) -> Samples {
        self.chosen(&(0..self.len()).filter(|&i| keep(i)).collect::<Vec<_>>())
    }

    /// The same in the order of cycles and replicas.
    pub(crate) fn in_order(&self) -> Samples {
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_by_key(|&i| (self.cycle[i], self.replica[i]));
        self.chosen(&order)
    }

    fn numbers_of(&self, kept: &[usize]) -> Samples {
        Samples {
            cycle: kept.iter().map(|&i| self.cycle[i]).collect(),
            walker: kept.iter().map(|&i| self.walker[i]).collect(),
            replica: kept.iter().map(|&i| self.replica[i]).collect(),
            state: kept.iter().map(|&i| self.state[i]).collect(),
            energy: kept.iter().map(|&i| self.energy[i]).collect(),
            counts: self.counts.iter().map(|column| kept.iter().map(|&i| column[i]).collect()).collect(),
            ..Samples::default()
        }
    }

    /// Some samples, in the order given.
    fn chosen(&self, kept: &[usize]) -> Samples {
        Samples {
            columns: self.columns.iter().map(|c| c.filtered(kept)).collect(),
            histograms: self.histograms.iter().map(|h| h.filtered(kept)).collect(),
            ..self.numbers_of(kept)
        }
    }
}
