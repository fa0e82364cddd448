//! Diagnostics of a run: exchange, flow of replicas, overlap, correlation, hysteresis, convergence, and a verdict in words.

mod by_result;
mod by_samples;
pub(crate) mod checks;
mod components;
mod convergence;
mod drift;
mod equilibration;
mod flow;
mod gaps;
pub(crate) mod split_half;
mod verdict;
mod windows;
mod words;

pub use super::input::WalkerSplit;
pub use crate::analysis::hysteresis::DIFFER;
pub use crate::analysis::hysteresis::ExcludedState;
pub(super) use crate::analysis::hysteresis::{mask, mask_cells};
pub use checks::{Checks, Diagnostics, Drift, EdgeCheck, Mood, SHARES, Sentence, StateCheck, Trend, Verdict};
pub use components::components;
pub use equilibration::start;
pub use flow::Flow;
pub(crate) use flow::flows;
pub(crate) use gaps::dead_edges;
pub use verdict::{INDEPENDENT, verdict};
pub use windows::{acceptance, windows};

use super::Analysis;
use super::limit::AtLimit;
use super::transition_matrix::{TallyBlock, compare, tally_blocks};
use crate::analysis::prepared::PreparedSamples;
use crate::analysis::statistics::inefficiency::{Memory, places};
use crate::base::Result;
use crate::sample::tally_snapshots::{EdgeCount, TallySnapshot};
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
    pub exchanges: Vec<Vec<EdgeCount>>,
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
    let compared = compare(work, &books.blocks);
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

/// How the states exchange, overlap and are settled; how boundaries converge is left out.
///
/// # Errors
/// [`crate::base::Error::Analysis`] if the overlap of the states cannot be computed.
pub(super) fn diagnose(work: &PreparedSamples<'_>, analysis: &Analysis, books: &RunTallies) -> Result<Diagnostics> {
    let (input, solved, excluded) = (work.input, &work.basis.solved, work.is_excluded());
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
            let tried = |c: &[EdgeCount]| c.iter().map(|c| c.attempts).sum::<u64>();
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
    let component = components(grid, &usable);
    let z = &work.hysteresis;
    // The memory of excluded states too.
    let memory = match work.retained {
        Cow::Borrowed(_) => Cow::Borrowed(&work.basis.memory),
        Cow::Owned(_) => Cow::Owned(Memory::new(samples, grid, None, &cohorts, input.seed)),
    };
    let chains = places(samples, grid.len(), |n| samples.state[n] as usize);
    let states = (0..grid.len())
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
        flows: flows(grid, samples, &cohorts),
        spectral_gap: overlap.spectral_gap,
        n_components: component.iter().max().map_or(0, |c| c + 1),
        n_parts: analysis.free_energies.n_parts(),
        drifts: drift::drifts(&memory, input),
        trends: Vec::new(),
        halves: (z.iter().any(|z| z.is_finite()), input.halves.start_differently),
        stride: cycles.windows(2).map(|w| w[1] - w[0]).min().unwrap_or(1),
        production: input.production,
    })
}
