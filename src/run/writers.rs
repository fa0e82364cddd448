//! What a run writes while it samples: samples, configurations, snapshots of the tallies.
//!
//! One process writes one series of parts; ranks that share a run write one series for each walker, whoever has it. Of a
//! walker that is on several ranks the first of them writes, and the others tell it what they have seen.

use crate::base::error::Result;
use crate::input::scene::CheckedScene;
use crate::observables::Observables;
use crate::observables::record::{Field, Observed, Shape};
use crate::ranks::{Part, Talk};
use crate::run::checkpoint::Parts;
use crate::sample::tally_snapshots::MarkWriter;
use crate::sample::trajectory::{StoredFrame, TrajectoryWriter};
use crate::sample::{SampleRow, SampleWriter, rows_per_part};
use crate::sampler::Sampler;
use crate::system::configuration::Batch;
use half::f16;
use std::path::Path;

/// What a run writes while it samples.
pub(crate) struct Writers {
    /// One of all walkers, or one of each.
    series: Vec<Series>,
    observables: Observables,
    fields: Vec<Field>,
    pub(crate) marks: MarkWriter,
}

/// Writers of one series.
struct Series {
    walker: Option<u16>,
    samples: SampleWriter,
    frames: TrajectoryWriter,
}

impl Writers {
    /// Writers into a run directory.
    pub(crate) fn new(loaded: &CheckedScene, directory: &Path, part: &Part) -> Result<Writers> {
        let names: Vec<String> = loaded.scene.reservoir.iter().map(|r| r.species.clone()).collect();
        let observables = Observables::from_scene(loaded);
        let fields = observables.fields();
        let of_walker = |walker: Option<u16>| -> Result<Series> {
            let samples = SampleWriter::new(directory, &names, rows_per_part(&fields))?;
            let (samples, frames) = match walker {
                None => (samples, TrajectoryWriter::new(directory)?),
                Some(w) => (samples.of_walker(directory, w)?, TrajectoryWriter::of_walker(directory, w)?),
            };
            Ok(Series { walker, samples: samples.observing(&fields), frames })
        };
        let series = if part.all.is_alone() {
            vec![of_walker(None)?]
        } else if part.share.is_first() {
            part.share.walkers.clone().map(|w| of_walker(Some(w as u16))).collect::<Result<_>>()?
        } else {
            Vec::new()
        };
        Ok(Writers {
            series,
            observables,
            fields,
            marks: MarkWriter::new(directory, loaded.scene.schedule.production)?,
        })
    }

    /// Whether observables look at configurations.
    pub(crate) fn observes(&self) -> bool {
        !self.observables.is_empty()
    }

    /// Writes what is buffered, and says which parts there are.
    pub(crate) fn flush(&mut self) -> Result<Vec<Parts>> {
        let flush = |series: &mut Series| -> Result<Parts> {
            series.samples.flush()?;
            series.frames.flush()?;
            let (samples, frames) = (series.samples.next_part() as u32, series.frames.next_part() as u32);
            Ok(Parts { walker: series.walker, samples, frames })
        };
        self.series.iter_mut().map(flush).collect()
    }

    /// Removes the rows that a longer schedule does not store from all parts on disk.
    pub(crate) fn thin(&self, thinning: &crate::sample::Thinning) -> Result<()> {
        self.series.first().map_or(Ok(()), |series| series.samples.thin(thinning))
    }

    /// Adds a sample of every replica. All ranks of a walker must call this.
    pub(crate) fn sample(&mut self, sampler: &Sampler, cycle: u32, batch: &Batch) -> Result<()> {
        let observed = self.observables.evaluate_all(batch);
        let observed = self.observed_of_walkers(sampler, observed)?;
        let walker_of = |series: &mut Vec<Series>, walker: usize| -> Option<usize> {
            let place = walker.min(series.len().saturating_sub(1));
            (!series.is_empty()).then_some(place)
        };
        for_each_row(sampler, cycle, &observed, |walker, row, observed| {
            let Some(place) = walker_of(&mut self.series, walker) else { return Ok(()) };
            self.series[place].samples.push_observed(row, observed)
        })
    }

    /// Keeps the configuration of every replica. All ranks of a walker must call this.
    pub(crate) fn keep(&mut self, sampler: &Sampler, cycle: u32, batch: &Batch) -> Result<()> {
        let (assignment, share) = (sampler.assignment(), &sampler.part().share);
        let frame = |(here, (x, m)): (usize, (&crate::system::configuration::Configuration, _))| {
            let m: &crate::system::configuration::Measurement = m;
            let place = crate::base::ids::ReplicaId((share.before() + here) as u32);
            StoredFrame {
                cycle,
                walker: (share.walkers.start + assignment.walker_of(place)) as u16,
                replica: (share.replicas.start + here) as u32,
                state: assignment.state_of(place).0,
                energy: m.energy,
                positions: x.positions.iter().map(|p| p.as_vec3()).collect(),
                species: x.species.clone(),
            }
        };
        let own = batch.configurations.iter().zip(sampler.measurements()).enumerate().map(frame);
        let frames: Vec<StoredFrame> = if share.is_split() {
            let own = postcard::to_stdvec(&own.collect::<Vec<_>>());
            let own = own.unwrap_or_else(|e| unreachable!("frames are plain data: {e}"));
            let all = sampler.part().walker.gather(Talk::Saving, own)?.unwrap_or_default();
            let unpack = |bytes: &Vec<u8>| {
                let frames: postcard::Result<Vec<StoredFrame>> = postcard::from_bytes(bytes);
                frames.unwrap_or_else(|e| unreachable!("ranks of one build understand each other: {e}"))
            };
            all.iter().flat_map(unpack).collect()
        } else {
            own.collect()
        };
        let first = share.walkers.start as u16;
        for frame in frames {
            let walker = usize::from(frame.walker - first).min(self.series.len().saturating_sub(1));
            if let Some(series) = self.series.get_mut(walker) {
                series.frames.push(frame)?;
            }
        }
        Ok(())
    }

    /// Writes a snapshot of the tallies. All ranks must call this.
    pub(crate) fn mark(&self, sampler: &mut Sampler, cycle: u32) -> Result<()> {
        if sampler.part().all.is_alone() {
            let transitions = sampler.transitions()?;
            return self.marks.write(cycle, &transitions, sampler.edge_tallies());
        }
        if let Some(transitions) = sampler.transitions_of_walkers()? {
            self.marks.write_walkers(cycle, &transitions, sampler.part().share.walkers.start)?;
        }
        // When the sums are here every rank has written its walkers.
        let edges = sampler.edges_of_all()?;
        if sampler.part().all.is_first() { self.marks.write_edges(cycle, &edges) } else { Ok(()) }
    }

    /// What was observed of all replicas of the walkers; only the first rank of a walker needs it.
    fn observed_of_walkers(&self, sampler: &Sampler, own: Vec<Observed>) -> Result<Vec<Observed>> {
        let share = &sampler.part().share;
        if !share.is_split() || self.observables.is_empty() {
            return Ok(own);
        }
        let count = |field: &Field| match field.shape {
            Shape::Number => (1, 0),
            Shape::Histogram { bins, .. } => (0, bins),
        };
        let (columns, bins) = self.fields.iter().map(count).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
        let mut bytes = Vec::new();
        for observed in &own {
            observed.columns.iter().for_each(|x| bytes.extend(x.to_le_bytes()));
            observed.bins.iter().for_each(|x| bytes.extend(x.to_le_bytes()));
        }
        let record = 4 * columns + 2 * bins;
        let of_replica = |record: &[u8]| {
            let (numbers, counts) = record.split_at(4 * columns);
            Observed {
                columns: numbers.as_chunks().0.iter().map(|x| f32::from_le_bytes(*x)).collect(),
                bins: counts.as_chunks().0.iter().map(|x| f16::from_le_bytes(*x)).collect(),
            }
        };
        let all = sampler.part().walker.gather(Talk::Saving, bytes)?.unwrap_or_default().concat();
        Ok(all.chunks_exact(record.max(1)).map(of_replica).collect())
    }
}

/// Shows the sample of every replica of the walkers that have replicas here, in the order of replicas.
///
/// - `observed`: of every one of these, or empty without observables
/// - `show`: gets the walker, counted from the first here
fn for_each_row(
    sampler: &Sampler,
    cycle: u32,
    observed: &[Observed],
    mut show: impl FnMut(usize, SampleRow<'_>, &Observed) -> Result<()>,
) -> Result<()> {
    let (assignment, share, nothing) = (sampler.assignment(), &sampler.part().share, Observed::default());
    let first = share.walkers.start * share.n_states;
    for (place, m) in sampler.measurements_of_walkers().iter().enumerate() {
        let id = crate::base::ids::ReplicaId(place as u32);
        let walker = assignment.walker_of(id);
        let row = SampleRow {
            cycle,
            walker: (share.walkers.start + walker) as u16,
            replica: (first + place) as u32,
            state: assignment.state_of(id).0,
            energy: m.energy,
            counts: &m.counts,
        };
        show(walker, row, observed.get(place).unwrap_or(&nothing))?;
    }
    Ok(())
}

/// Adds a sample of every replica to the parts of a run.
///
/// - `observed`: `[n_replicas]`, or empty without observables
///
/// # Errors
/// [`Error::Io`](crate::base::Error::Io) if a part cannot be written.
pub fn push_samples(sampler: &Sampler, cycle: u32, observed: &[Observed], writer: &mut SampleWriter) -> Result<()> {
    for_each_row(sampler, cycle, observed, |_, row, observed| writer.push_observed(row, observed))
}
