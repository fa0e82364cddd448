//! Can a run be trusted? Exchange, flow, overlap, memory, hysteresis, convergence; and a verdict in words.

mod components;
mod convergence;
mod equilibration;
mod flow;
mod gaps;
pub(crate) mod split_half;
pub(super) mod tables;
mod verdict;
mod windows;
mod words;

pub use super::input::WalkerSplit;
pub(super) use crate::analysis::hysteresis::mask;
pub use crate::analysis::hysteresis::{DIFFER, Frozen};
pub use components::components;
pub use convergence::{SHARES, Trend};
pub use equilibration::start;
pub use flow::Flow;
pub use verdict::{INDEPENDENT, Mood, Sentence, Verdict, verdict};
pub use windows::{acceptance, windows};

use super::Analysis;
use super::transition_matrix::{Estimators, TallyBlock, compare, tally_blocks};
use crate::analysis::prepared::PreparedSamples;
use crate::analysis::statistics::inefficiency::{Inefficiencies, places};
use crate::base::Result;
use crate::sample::tally_snapshots::{EdgeCount, TallySnapshot};
use crate::thermo::states::Edge;
use rayon::prelude::*;
use std::borrow::Cow;

/// An edge that exchanges less often than this does not join its states.
pub const DEAD: f64 = 0.01;
/// Attempts below which the acceptance of an edge is not judged.
const ATTEMPTS: u64 = 50;
/// Overlap below which states do not join where no acceptance is known.
///
/// # Source
/// Klimovich, Shirts & Mobley, J. Comput.-Aided Mol. Des. 29, 397 (2015).
const OVERLAP: f64 = 0.03;

/// All checks of one analysis.
#[derive(Debug, Clone, Default)]
pub struct Checks {
    /// States whose even and odd walkers do not agree: masked, and their samples set aside.
    pub frozen: Vec<Frozen>,
    /// Transition matrix against MBAR; absent where the run kept no tallies.
    pub estimators: Option<Estimators>,
    /// Absent unless the run was checked.
    pub diagnostics: Option<Diagnostics>,
    /// What they come to.
    pub verdict: Verdict,
}

/// What the run itself has booked, beside its samples.
#[derive(Debug, Clone, Default)]
pub struct RunTallies {
    /// Particle moves by blocks of time.
    pub blocks: Vec<TallyBlock>,
    /// `[n_edges][n_windows]`, exchanges by windows of production; empty if they are not known.
    pub exchanges: Vec<Vec<EdgeCount>>,
}

impl RunTallies {
    /// The books of runs that are analysed together, in their order.
    ///
    /// - `runs`: (marks, walkers) of each
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

/// Diagnostics of one state.
#[derive(Debug, Clone, PartialEq)]
pub struct StateCheck {
    /// Stored samples.
    pub samples: u64,
    /// Statistical inefficiency of the state's series, in stored samples.
    pub g_series: f64,
    /// The same along the paths of its replicas.
    pub g_path: f64,
    /// Independent samples: stored ones over the larger inefficiency.
    pub independent: f64,
    /// Share of production after which the state is in equilibrium.
    pub start: f64,
    /// By which factor independent samples grow by leaving out what is before.
    pub start_gain: f64,
    /// z between even and odd walkers; NaN where there is nothing to compare.
    pub hysteresis: f64,
    /// Whether it is set aside.
    pub frozen: bool,
    /// The part of the grid to which it belongs.
    pub component: usize,
}

/// Diagnostics of one edge.
#[derive(Debug, Clone, PartialEq)]
pub struct EdgeCheck {
    /// The edge.
    pub edge: Edge,
    /// Exchanges tried in production.
    pub attempts: u64,
    /// Acceptance over all of production; NaN where it is not known.
    pub acceptance: f64,
    /// Acceptance in each window of production.
    pub windows: Vec<f64>,
    /// Acceptance over the later half of the windows.
    pub recent: f64,
    /// Overlap O_ab of the samples of its states.
    pub overlap: f64,
    /// Whether it joins its states: an acceptance of 1 % of late, or where that is not known an overlap of 3 %.
    pub usable: bool,
}

/// What the samples and books of a run say of its quality.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Diagnostics {
    /// `[n_states]`
    pub states: Vec<StateCheck>,
    /// `[n_edges]`
    pub edges: Vec<EdgeCheck>,
    /// Along every axis with more than one value.
    pub flows: Vec<Flow>,
    /// 1 − λ₂ of the overlap matrix.
    pub spectral_gap: f64,
    /// Parts of the grid that hang together through usable edges.
    pub n_components: usize,
    /// First-order boundaries by length of the run.
    pub trends: Vec<Trend>,
    /// Whether even and odd walkers could be compared, and whether they were started differently.
    pub halves: (bool, bool),
    /// Cycles between two stored samples.
    pub stride: u32,
    /// Cycles of production.
    pub production: u32,
}

/// Runs all checks of an analysis and keeps them in it.
///
/// # Errors
/// [`crate::base::Error::Analysis`] if the overlap of the states cannot be had.
pub(super) fn check(work: &PreparedSamples<'_>, analysis: &mut Analysis, books: &RunTallies) -> Result<()> {
    let grid = &work.input.grid;
    let compared = compare(work, &books.blocks);
    let diagnostics = diagnose(work, analysis, books)?;
    let split = (analysis.split_half.agree, analysis.split_half.compared);
    // Stretches of a short run may be too short for MBAR where the whole is not: that is said, and the rest stands.
    let (estimators, failed) = match compared {
        Ok(estimators) => (estimators, None),
        Err(problem) => (None, Some(format!("The estimators could not be compared: {problem}."))),
    };
    let mut words = verdict(grid, &diagnostics, &analysis.checks.frozen, estimators.as_ref(), split);
    words.sentences.extend(failed.map(|words| Sentence { mood: Mood::Remark, words }));
    analysis.checks.verdict = words;
    analysis.checks.estimators = estimators;
    analysis.checks.diagnostics = Some(diagnostics);
    Ok(())
}

fn diagnose(work: &PreparedSamples<'_>, analysis: &Analysis, books: &RunTallies) -> Result<Diagnostics> {
    let (input, solved, frozen) = (work.input, &work.basis.solved, work.is_frozen());
    let (grid, samples) = (&input.grid, &input.samples);
    let overlap = solved.collapsed.overlap(&solved.n_k, &solved.solution.f_k)?;
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
            }
        })
        .collect();
    let usable: Vec<bool> = edges.iter().map(|e| e.usable).collect();
    let component = components(grid, &usable);
    let z = &work.hysteresis;
    // The memory of frozen states too.
    let g = match work.thawed {
        Cow::Borrowed(_) => Cow::Borrowed(&work.basis.g),
        Cow::Owned(_) => Cow::Owned(Inefficiencies::new(samples, grid.len())),
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
                g_series: g.series(k),
                g_path: g.path[k],
                independent: n as f64 / g.of_state(k),
                start: begin.0,
                start_gain: begin.1,
                hysteresis: z[k],
                frozen: frozen[k],
                component: component[k],
            }
        })
        .collect();
    let mut cycles = samples.cycle.clone();
    cycles.sort_unstable();
    cycles.dedup();
    Ok(Diagnostics {
        states,
        edges,
        flows: flow::flows(grid, samples),
        spectral_gap: overlap.spectral_gap,
        n_components: component.iter().max().map_or(0, |c| c + 1),
        trends: convergence::trends(work, analysis),
        halves: (z.iter().any(|z| z.is_finite()), input.halves.start_differently),
        stride: cycles.windows(2).map(|w| w[1] - w[0]).min().unwrap_or(1),
        production: input.production,
    })
}
