//! What several runs have booked beside their samples, put together by the states and edges of their union.

use crate::analysis::SampledRun;
use crate::analysis::diagnostics::RunTallies;
use crate::base::error::Result;
use crate::moves::exchange::EdgeTally;
use crate::moves::tally::TallyRow;
use crate::report::RunLine;
use crate::run::archive::Run;
use crate::run::combined::Combined;
use crate::run::tables::{ExchangeRow, MoveRow, read_exchange, read_moves};
use crate::sample::tally_snapshots::{TallySnapshot, read_marks};
use crate::thermo::union::Member;
use std::path::PathBuf;

impl Combined {
    /// The runs as the analysis takes them.
    pub(crate) fn sampled(&self) -> Vec<SampledRun> {
        let of = |((run, member), &production): ((&Run, &Member), &u32)| SampledRun {
            walkers: run.record.walkers as usize,
            production,
            states: member.states.clone(),
        };
        self.runs.iter().zip(&self.members).zip(&self.production).map(of).collect()
    }

    /// Tallies of particle moves and exchanges.
    ///
    /// # Errors
    /// Those of [`read_marks`].
    pub(crate) fn tallies(&self, directories: &[PathBuf]) -> Result<RunTallies> {
        let n_edges = self.grid.edges.len();
        let read = |((directory, run), member): ((&PathBuf, &Run), &Member)| {
            let (states, edges) = (member.states.len(), member.edges.len());
            let marks = read_marks(directory, run.record.production_done, states, edges)?;
            let marks = marks.into_iter().map(|mark| placed(mark, member, n_edges)).collect();
            Ok((marks, run.record.walkers as usize))
        };
        let all = directories.iter().zip(&self.runs).zip(&self.members).map(read);
        Ok(RunTallies::of_runs(&all.collect::<Result<Vec<_>>>()?))
    }

    /// Exchange statistics of every edge, over all runs that have it.
    ///
    /// # Errors
    /// Those of [`read_exchange`].
    pub(crate) fn exchange(&self, directories: &[PathBuf]) -> Result<Vec<ExchangeRow>> {
        let mut rows: Vec<Option<ExchangeRow>> = vec![None; self.grid.edges.len()];
        for (directory, member) in directories.iter().zip(&self.members) {
            for (own, &e) in read_exchange(directory)?.into_iter().zip(&member.edges) {
                let edge = &self.grid.edges[e as usize];
                let own = ExchangeRow { a: edge.a.0, b: edge.b.0, ..own };
                let row = &mut rows[e as usize];
                *row = Some(row.take().map_or(own.clone(), |known| joined(&known, &own)));
            }
        }
        Ok(rows.into_iter().flatten().collect())
    }

    /// Acceptance of particle moves, over all runs: every state of a run makes as many attempts in a cycle.
    ///
    /// # Errors
    /// Those of [`read_moves`].
    pub(crate) fn moves(&self, directories: &[PathBuf]) -> Result<Vec<MoveRow>> {
        let species: Vec<String> = self.grid.reservoirs.iter().map(|r| r.species.clone()).collect();
        let of_runs = directories.iter().map(|d| read_moves(d, &species)).collect::<Result<Vec<_>>>()?;
        let attempts = |run: &Run| {
            let scene = &run.loaded.scene;
            run.record.n_replicas as f64 * f64::from(run.record.production_done) * f64::from(scene.moves.insert_delete)
        };
        let weights: Vec<f64> = self.runs.iter().map(attempts).collect();
        let of_species = |(s, species): (usize, &String)| {
            let mean = |rate: &dyn Fn(&MoveRow) -> Option<f64>| {
                let known = of_runs.iter().zip(&weights).filter_map(|(rows, w)| Some((rate(&rows[s])?, *w)));
                let (sum, weight) = known.fold((0.0, 0.0), |(sum, total), (rate, w)| (sum + w * rate, total + w));
                (weight > 0.0).then_some(sum / weight)
            };
            MoveRow {
                species: species.clone(),
                insert: mean(&|row| Some(row.insert)).unwrap_or(f64::NAN),
                delete: mean(&|row| Some(row.delete)).unwrap_or(f64::NAN),
                identity: mean(&|row| row.identity),
            }
        };
        Ok(match &of_runs[..] {
            [one] => one.clone(),
            _ => species.iter().enumerate().map(of_species).collect(),
        })
    }

    /// A line of the report for each of several runs; none for a single one.
    pub(crate) fn lines(&self, directories: &[PathBuf]) -> Vec<RunLine> {
        if self.runs.len() < 2 {
            return Vec::new();
        }
        let line = |(directory, run): (&PathBuf, &Run)| RunLine {
            directory: directory.display().to_string(),
            title: run.loaded.scene.title.clone(),
            temperatures: run.grid.temperatures(),
            values: (0..run.grid.n_reservoirs()).map(|s| run.grid.values(s)).collect(),
            n_states: run.record.n_states,
            walkers: run.record.walkers as usize,
            equilibration: run.record.equilibration,
            production: run.record.production_done,
            seed: run.record.seed,
            device: run.record.device.clone(),
        };
        directories.iter().zip(&self.runs).map(line).collect()
    }
}

/// A snapshot of the tallies of one run, by the states and edges of all.
fn placed(mark: TallySnapshot, member: &Member, n_edges: usize) -> TallySnapshot {
    let mut edges = vec![EdgeTally::default(); n_edges];
    mark.edges.iter().zip(&member.edges).for_each(|(count, &e)| edges[e as usize] = *count);
    let place = |row: TallyRow| TallyRow { state: member.states[row.state as usize], ..row };
    let mut rows: Vec<TallyRow> = mark.rows.into_iter().map(place).collect();
    rows.sort_by_key(TallyRow::key);
    TallySnapshot { rows, edges, ..mark }
}

/// Exchanges of one edge in two runs.
fn joined(a: &ExchangeRow, b: &ExchangeRow) -> ExchangeRow {
    let (attempts, accepted) = (a.attempts + b.attempts, a.accepted + b.accepted);
    let late = [a, b].into_iter().filter(|row| row.acceptance_second_half.is_finite());
    let late = late.map(|row| (row.acceptance_second_half * row.attempts as f64, row.attempts as f64));
    let (sum, tried) = late.fold((0.0, 0.0), |(sum, tried), (own, n)| (sum + own, tried + n));
    let (acceptance, acceptance_second_half) = (accepted as f64 / attempts as f64, sum / tried);
    ExchangeRow { attempts, accepted, acceptance, acceptance_second_half, ..a.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tallies_stand_at_the_states_and_edges_of_all() {
        let row = |state, n| TallyRow { walker: 0, state, reservoir: 0, n, tally: Default::default() };
        let count = |attempts| EdgeTally { attempts, accepted: 1 };
        let mark = TallySnapshot { done: 7, rows: vec![row(0, 1), row(1, 0)], edges: vec![count(3), count(4)] };
        let member = Member { states: vec![5, 2], edges: vec![2, 0] };
        let found = placed(mark, &member, 3);
        assert_eq!((found.done, found.rows), (7, vec![row(2, 0), row(5, 1)]));
        assert_eq!(found.edges.iter().map(|e| e.attempts).collect::<Vec<_>>(), [4, 0, 3]);
    }

    #[test]
    fn an_edge_of_two_runs_has_the_exchanges_of_both() {
        let row = |attempts, accepted, late| ExchangeRow {
            axis: "temperature".into(),
            a: 0,
            b: 1,
            attempts,
            accepted,
            acceptance: accepted as f64 / attempts as f64,
            acceptance_second_half: late,
        };
        let both = joined(&row(100, 10, 0.2), &row(300, 90, 0.4));
        assert_eq!((both.attempts, both.accepted, both.acceptance), (400, 100, 0.25));
        assert!((both.acceptance_second_half - 0.35).abs() < 1e-12);
        assert!((joined(&row(100, 10, f64::NAN), &row(300, 90, 0.4)).acceptance_second_half - 0.4).abs() < 1e-12);
    }
}
