//! Diagnostics of a run: exchange, flow of replicas, overlap, correlation, hysteresis, convergence, and a verdict in words.

mod by_exchange;
mod by_result;
mod by_samples;
pub(crate) mod checks;
mod components;
mod convergence;
mod equilibration;
mod flow;
mod gaps;
pub(crate) mod split_half;
mod sums;
mod verdict;
mod windows;
mod words;

pub use super::input::WalkerSplit;
pub use crate::analysis::hysteresis::DIFFER;
pub use crate::analysis::hysteresis::ExcludedState;
pub(super) use crate::analysis::hysteresis::{mask, mask_cells};
pub(crate) use by_result::few_renewals;
pub use checks::{Checks, Diagnostics, EdgeCheck, Mood, SHARES, Sentence, StateCheck, SumCheck, Trend, Verdict};
pub use components::components;
pub use equilibration::start;
pub use flow::Flow;
pub(crate) use flow::flows;
pub(crate) use gaps::dead_edges;
pub use verdict::{INDEPENDENT, verdict};
pub use windows::{acceptance, windows};

use super::Analysis;
use super::limit::AtLimit;
use super::phases::jumps::Unbridged;
use super::transition_matrix::{TallyBlock, compare, tally_blocks};
use crate::analysis::prepared::PreparedSamples;
use crate::analysis::statistics::inefficiency::{Memory, places};
use crate::base::Result;
use crate::moves::exchange::EdgeTally;
use crate::sample::tally_snapshots::TallySnapshot;
use crate::thermo::states::{Edge, StateGrid};
use rayon::prelude::*;
use std::borrow::Cow;

/// Acceptance below which an edge does not join its states.
pub const DEAD: f64 = 0.01;
/// Fewest attempts from which the acceptance of an edge is judged.
const ATTEMPTS: u64 = 50;
/// Overlap below which states do not join where no acceptance is known.
///
/// # Source
/// Klimovich, Shirts & Mobley, J. Comput.-Aided Mol. Des. 29, 397 (2015).
pub const OVERLAP: f64 = 0.03;
/// Width of the difference of reduced potentials between neighbouring states that overlap well [kT].
const STEP: f64 = 2.0;

/// Counts that the run has kept beside its samples.
#[derive(Debug, Clone, Default)]
pub struct RunTallies {
    /// Particle moves by blocks of time.
    pub blocks: Vec<TallyBlock>,
    /// `[n_edges][n_windows]`, exchanges by windows of production; empty if they are not known.
    pub exchanges: Vec<Vec<EdgeTally>>,
}

impl RunTallies {
    /// Tallies of runs that are analysed together, in their order.
    ///
    /// - `runs`: (snapshots of the tallies, walkers) of each
    pub fn of_runs(runs: &[(Vec<TallySnapshot>, usize)]) -> RunTallies {
        let mut all = Vec::new();
        let mut first = 0;
        for (marks, walkers) in runs {
            all.extend(tally_blocks(marks, *walkers, first));
            first += *walkers as u16;
        }
        let marks: Vec<&[TallySnapshot]> = runs.iter().map(|(marks, _)| marks.as_slice()).collect();
        RunTallies { blocks: all, exchanges: windows(&marks) }
    }
}

/// Runs all checks of an analysis and keeps them in it.
///
/// # Errors
/// [`crate::base::Error::Analysis`] if the overlap of the states cannot be computed.
pub(super) fn check(work: &PreparedSamples<'_>, analysis: &mut Analysis, books: &RunTallies) -> Result<()> {
    let grid = &work.input.grid;
    let compared = compare(work, &work.blocks_of(&books.blocks));
    let trends = convergence::trends(work, analysis);
    let diagnostics = Diagnostics { trends, ..diagnose(work, analysis, books)? };
    let split = (analysis.split_half.agree, analysis.split_half.compared);
    // Stretches of a short run may be too short for MBAR where the whole is not: that is said, and the rest stands.
    let (estimators, failed) = match compared {
        Ok(estimators) => (estimators, None),
        Err(problem) => (None, Some(format!("The estimators could not be compared: {problem}."))),
    };
    let boundaries = &analysis.boundaries;
    let mut words = verdict(
        grid,
        &diagnostics,
        (boundaries, &analysis.jumps),
        &analysis.checks.excluded,
        estimators.as_ref(),
        split,
    );
    words.sentences.extend(failed.map(|words| Sentence { mood: Mood::Remark, words }));
    analysis.checks.verdict = words;
    analysis.checks.estimators = estimators;
    analysis.checks.diagnostics = Some(diagnostics);
    Ok(())
}

/// States to add between two whose samples do not overlap, evenly spaced, so that neighbours would overlap well.
///
/// If the difference of reduced potentials w = u_b − u_a is Gaussian, its means in the two states are apart by its variance;
/// n steps divide its width by n, and at a width of [`STEP`] about a third of the samples overlap.
fn lacking(grid: &StateGrid, analysis: &Analysis, edge: Edge) -> usize {
    let (a, b) = (edge.a.index(), edge.b.index());
    let (state_a, state_b, of_a, of_b) = (&grid.states[a], &grid.states[b], &analysis.direct[a], &analysis.direct[b]);
    let chemical = |s: usize| (state_b.ln_z[s] - state_a.ln_z[s]) * (of_b.n[s] - of_a.n[s]);
    let thermal = (state_b.beta() - state_a.beta()) * (of_b.energy - of_a.energy);
    let apart = (0..grid.n_reservoirs()).map(chemical).sum::<f64>() - thermal;
    let steps = (apart.max(0.0).sqrt() / STEP).ceil();
    if steps.is_finite() { (steps as usize).saturating_sub(1) } else { 0 }
}

/// How the states exchange, overlap and are settled; how boundaries converge is left out. Withdraws `quotable` from what hangs
/// together with nothing that may be quoted, in the maps too.
///
/// # Errors
/// [`crate::base::Error::Analysis`] if the overlap of the states cannot be computed.
pub(super) fn diagnose(work: &PreparedSamples<'_>, analysis: &mut Analysis, books: &RunTallies) -> Result<Diagnostics> {
    let mut diagnostics = examine(work, analysis, books)?;
    let islands = withdraw_islands(&mut diagnostics.states, &diagnostics.edges, &analysis.beside_unconverged);
    islands.iter().for_each(|&k| analysis.at_states[k].quotable = false);
    let about = Unbridged::about(&work.input.grid, &islands);
    [&mut analysis.map, &mut analysis.pressure_map].into_iter().for_each(|map| about.mark(map));
    Ok(diagnostics)
}

fn examine(work: &PreparedSamples<'_>, analysis: &Analysis, books: &RunTallies) -> Result<Diagnostics> {
    let (input, solved, excluded) = (&*work.input, &work.basis.solved, work.is_excluded());
    let (grid, samples, cohorts) = (&input.grid, &input.samples, input.cohorts());
    let overlap = solved.collapsed.overlap(&solved.n_k, &solved.solution.f_k)?;
    let part = &analysis.free_energies.part;
    let edges: Vec<EdgeCheck> = grid
        .edges
        .iter()
        .enumerate()
        .map(|(e, &edge)| {
            let counts = books.exchanges.get(e).map_or(&[][..], Vec::as_slice);
            let overlap = overlap.of(edge.a.index(), edge.b.index());
            let late = &counts[counts.len() / 2..];
            let tried = |c: &[EdgeTally]| c.iter().map(|c| c.attempts).sum::<u64>();
            let recent = acceptance(late);
            EdgeCheck {
                edge,
                attempts: tried(counts),
                acceptance: acceptance(counts),
                windows: counts.iter().map(|c| acceptance(&[*c])).collect(),
                recent,
                overlap,
                usable: if tried(late) >= ATTEMPTS { recent >= DEAD } else { overlap >= OVERLAP },
                lacking: if part[edge.a.index()] == part[edge.b.index()] { 0 } else { lacking(grid, analysis, edge) },
            }
        })
        .collect();
    let usable: Vec<bool> = edges.iter().map(|e| e.usable).collect();
    let component = components(grid, &usable, &cohorts);
    let z = &work.hysteresis;
    // The memory of excluded states too.
    let memory = if work.retained.samples.len() == samples.len() {
        Cow::Borrowed(&work.basis.memory)
    } else {
        Cow::Owned(Memory::new(samples, grid, None, &cohorts, input.seed))
    };
    let chains = places(samples, grid.len(), |n| samples.state[n] as usize);
    let states: Vec<StateCheck> = (0..grid.len())
        .into_par_iter()
        .map(|k| {
            let series = |value: &dyn Fn(usize) -> f64| -> Vec<Vec<f64>> {
                chains[k].iter().map(|chain| chain.iter().map(|&n| value(n)).collect()).collect()
            };
            let mut begin = start(&series(&|n| samples.energy[n]));
            for column in &samples.counts {
                let other = start(&series(&|n| f64::from(column[n])));
                if other.1 > begin.1 {
                    begin = other;
                }
            }
            let n = chains[k].iter().map(Vec::len).sum::<usize>();
            StateCheck {
                samples: n as u64,
                g_series: memory.series(k),
                g_path: memory.of_state(k),
                independent: n as f64 / memory.of_state(k),
                start: begin.0,
                start_gain: begin.1,
                hysteresis: z[k],
                excluded: excluded[k],
                component: component[k],
                part: part[k],
                at_limit: analysis.direct[k].at_limit.clone(),
                quotable: !excluded[k]
                    && !analysis.direct[k].at_limit.iter().any(AtLimit::is_reached)
                    && !analysis.beside_unconverged[k]
                    && n as f64 >= INDEPENDENT * memory.of_state(k),
            }
        })
        .collect();
    let mut cycles = samples.cycle.clone();
    cycles.sort_unstable();
    cycles.dedup();
    Ok(Diagnostics {
        states,
        edges,
        windows: work.windows.clone(),
        beginnings: work.beginnings.clone(),
        flows: flows(grid, samples, &cohorts),
        spectral_gap: overlap.spectral_gap,
        n_components: component.iter().max().map_or(0, |c| c + 1),
        n_parts: analysis.free_energies.n_parts(),
        sums: sums::sums(&memory, input),
        trends: Vec::new(),
        halves: (z.iter().any(|z| z.is_finite()), input.halves.start_differently),
        n_runs: input.runs.len(),
        stride: cycles.windows(2).map(|w| w[1] - w[0]).min().unwrap_or(1),
        production: input.production,
    })
}

/// Withdraws `quotable` from states beside an unbridged jump, or next to a state beside one, which exchange with no state that may be
/// quoted: the replicas that hold them have come from nowhere else, and may be of a phase that does not belong there.
///
/// - `beside`: `[n_states]`, whether an unconverged boundary or an unbridged jump runs beside each
/// - returns: the states
fn withdraw_islands(states: &mut [StateCheck], edges: &[EdgeCheck], beside: &[bool]) -> Vec<usize> {
    let mut withdrawn = Vec::new();
    loop {
        let is_island = |k: usize| {
            let ends = edges.iter().filter_map(|e| {
                let (a, b) = (e.edge.a.index(), e.edge.b.index());
                [(a, b), (b, a)].into_iter().find(|(own, _)| *own == k).map(|(_, other)| (other, e.usable))
            });
            let (mut joined, mut near) = (false, false);
            for (other, usable) in ends {
                joined |= usable && states[other].quotable;
                near |= beside[other];
            }
            near && !joined
        };
        let islands: Vec<usize> = (0..states.len()).filter(|&k| states[k].quotable && is_island(k)).collect();
        if islands.is_empty() {
            return withdrawn;
        }
        islands.iter().for_each(|&k| states[k].quotable = false);
        withdrawn.extend(islands);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::StateId;
    use crate::thermo::states::{Axis, Direction};

    /// States in a row, of which some edges are usable.
    fn quotable(usable: &[bool], quotable: &[bool], beside: &[bool]) -> Vec<bool> {
        let edge = |(a, &usable): (usize, &bool)| EdgeCheck {
            edge: Edge {
                a: StateId(a as u32),
                b: StateId(a as u32 + 1),
                direction: Direction::Along(Axis::Temperature),
                colour: 0,
            },
            attempts: 100,
            acceptance: 0.0,
            windows: Vec::new(),
            recent: 0.0,
            overlap: 0.0,
            usable,
            lacking: 0,
        };
        let edges: Vec<EdgeCheck> = usable.iter().enumerate().map(edge).collect();
        let mut states: Vec<StateCheck> =
            quotable.iter().map(|&quotable| StateCheck { quotable, ..StateCheck::default() }).collect();
        withdraw_islands(&mut states, &edges, beside);
        states.iter().map(|s| s.quotable).collect()
    }

    #[test]
    fn an_island_behind_a_jump_may_not_be_quoted_and_a_sparse_grid_may() {
        let (t, f) = (true, false);
        // 2 is beside the jump, 3 and 4 are reached through it alone.
        assert_eq!(quotable(&[t, t, f], &[t, t, f, t], &[f, f, t, f]), [t, t, f, f]);
        // 3 hangs together with 4, which no jump is beside: a phase of its own.
        assert_eq!(quotable(&[t, t, f, t], &[t, t, f, t, t], &[f, f, t, f, f]), [t, t, f, t, t]);
        // Nothing exchanges, and nothing jumps.
        assert_eq!(quotable(&[f, f], &[t, t, t], &[f, f, f]), [t, t, t]);
        // Only the last exchanges with the one beside the jump, which may not be quoted.
        assert_eq!(quotable(&[t, t], &[t, f, t], &[f, t, f]), [f, f, f]);
    }
}
