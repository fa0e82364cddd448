//! Samples prepared for analysis, once for all estimates: excluded states removed, inefficiencies and MBAR solved.

use super::beginning::{Beginning, after, beginnings, cuts};
use super::connected;
use super::input::AnalysisInput;
use super::mbar::{Bins, Collapsed, CollapsedSolution, Tolerance};
use super::transition_matrix::TallyBlock;
use crate::analysis::FreeEnergies;
use crate::analysis::hysteresis::{self, ExcludedState};
use crate::analysis::statistics::blocks::{Blocks, Draws};
use crate::analysis::statistics::bootstrap::{Draw, Drawn};
use crate::analysis::statistics::cohorts::Cohorts;
use crate::analysis::statistics::collective::StateMoments;
use crate::analysis::statistics::inefficiency::Memory;
use crate::analysis::windows::{self, WindowCheck};
use crate::base::{AnalysisError, Result};
use crate::sample::Samples;
use crate::thermo::states::{StateGrid, StatePoint};
use rayon::prelude::*;
use std::borrow::Cow;
use std::sync::Arc;

/// Samples sorted by composition, and the solution of MBAR for them.
#[derive(Debug, Clone)]
pub(crate) struct MbarSolution {
    pub(crate) collapsed: Collapsed,
    /// `[n_states]`
    pub(crate) n_k: Vec<f64>,
    pub(crate) solution: CollapsedSolution,
}

impl MbarSolution {
    /// Finds the parts of the grid and solves MBAR in each.
    ///
    /// # Errors
    /// [`AnalysisError`] if there are no samples, or MBAR does not converge.
    pub(crate) fn new(grid: &StateGrid, samples: &Samples) -> Result<MbarSolution> {
        let parts = Arc::new(connected::parts(grid, samples));
        let of_sample: Vec<u32> = parts.of_samples(&samples.state);
        let (energy, counts) = (&samples.energy, &samples.counts);
        let collapsed = Collapsed::in_parts(&grid.states, parts, |n| of_sample[n], energy, counts)?;
        let mut n_k = vec![0.0; grid.len()];
        for &k in &samples.state {
            n_k[k as usize] += 1.0;
        }
        let state_of: Vec<u32> = collapsed.origin().iter().map(|&n| samples.state[n as usize]).collect();
        let start = collapsed.guess(&state_of, &n_k);
        let solution = collapsed.solve(None, &n_k, &start, false, Tolerance::default())?;
        Ok(MbarSolution { collapsed, n_k, solution })
    }
}

/// MBAR's free energies of some samples, in the parts that these join, without errors (NaN).
///
/// # Errors
/// [`AnalysisError`] if there are no samples, or MBAR does not converge.
pub(crate) fn free_energies(grid: &StateGrid, samples: &Samples) -> Result<FreeEnergies> {
    let MbarSolution { collapsed, n_k, solution } = MbarSolution::new(grid, samples)?;
    Ok(FreeEnergies {
        f_k_err: vec![f64::NAN; solution.f_k.len()],
        part: collapsed.parts.of_state.clone(),
        n_k: n_k.iter().map(|&n| n as u64).collect(),
        residual: solution.residual,
        iterations: solution.iterations,
        f_k: solution.f_k,
    })
}

/// Samples ready to be reweighted: MBAR, statistical inefficiencies, simulated temperatures.
#[derive(Debug, Clone)]
pub(crate) struct Reweighting {
    pub(crate) solved: MbarSolution,
    pub(crate) memory: Memory,
    /// `[n_states]`, g with what replicas remember along their paths
    pub(crate) g_of_state: Vec<f64>,
    /// `[n_samples]`, sorted by composition: g of the state of each
    pub(crate) g_of_sample: Vec<f64>,
    /// kT of the simulated temperatures, ascending [energy]
    pub(crate) kts: Vec<f64>,
}

impl Reweighting {
    /// # Errors
    /// [`AnalysisError`] if MBAR does not converge.
    pub(crate) fn new(grid: &StateGrid, samples: &Samples, cohorts: &Cohorts, seed: u64) -> Result<Reweighting> {
        let solved = MbarSolution::new(grid, samples)?;
        let mut kts: Vec<f64> = grid.states.iter().map(|s| s.kt).collect();
        kts.sort_by(f64::total_cmp);
        kts.dedup();
        let memory = Memory::new(samples, grid, Some(&expected(grid, &solved, &kts)), cohorts, seed);
        let g_of_state: Vec<f64> = (0..grid.len()).map(|k| memory.of_state(k)).collect();
        let g_of_sample =
            solved.collapsed.origin().iter().map(|&n| g_of_state[samples.state[n as usize] as usize]).collect();
        Ok(Reweighting { solved, memory, g_of_state, g_of_sample, kts })
    }

    /// Index into `kts` of the temperature of a state.
    pub(crate) fn place(&self, state: &StatePoint) -> usize {
        self.kts.partition_point(|&kt| kt < state.kt)
    }

    /// Bins of all samples at each simulated temperature.
    pub(crate) fn bins(&self) -> Vec<Bins> {
        let MbarSolution { collapsed, solution, .. } = &self.solved;
        self.kts
            .par_iter()
            .map(|kt| Bins::new(collapsed, None, Some(&self.g_of_sample), &solution.ln_d, 1.0 / kt))
            .collect()
    }

    /// Bins of a resample at each simulated temperature, without effective samples.
    pub(crate) fn bins_of(&self, draw: &Draw<'_>) -> Vec<Bins> {
        let bins = |kt: &f64| Bins::new(draw.samples, Some(draw.weights), None, &draw.solution.ln_d, 1.0 / kt);
        self.kts.iter().map(bins).collect()
    }

    /// Input of the bootstrap of these samples.
    ///
    /// - `samples`: those that were prepared, in the caller's order
    /// - `columns`: `[n_columns][n_samples]`, sorted by composition
    pub(crate) fn resampled<'a>(
        &'a self,
        grid: &'a StateGrid,
        samples: &'a Samples,
        columns: &'a [Vec<f32>],
    ) -> Drawn<'a> {
        let Memory { blocks, draws, .. } = &self.memory;
        self.drawn(grid, samples, blocks, draws, columns)
    }

    /// Input of a bootstrap of these samples in other blocks.
    ///
    /// - `samples`: those that were prepared, in the caller's order
    /// - `columns`: `[n_columns][n_samples]`, sorted by composition
    pub(crate) fn drawn<'a>(
        &'a self,
        grid: &'a StateGrid,
        samples: &'a Samples,
        blocks: &'a Blocks,
        draws: &'a Draws,
        columns: &'a [Vec<f32>],
    ) -> Drawn<'a> {
        Drawn {
            states: &grid.states,
            full: &self.solved.collapsed,
            state: &samples.state,
            blocks,
            draws,
            f_k: &self.solved.solution.f_k,
            columns,
        }
    }
}

/// Means and variances of E, N₁, … in every state by MBAR.
///
/// - `kts`: the simulated temperatures, ascending [energy]
fn expected(grid: &StateGrid, solved: &MbarSolution, kts: &[f64]) -> StateMoments {
    let MbarSolution { collapsed, solution, .. } = solved;
    let bins: Vec<Bins> = kts.par_iter().map(|kt| Bins::new(collapsed, None, None, &solution.ln_d, 1.0 / kt)).collect();
    let n_s = grid.n_reservoirs();
    let of_state = |state: &StatePoint| -> (Vec<f64>, Vec<f64>) {
        // What a window holds has another distribution than its activities say.
        if state.window.is_some() {
            return (vec![f64::NAN; 1 + n_s], vec![f64::NAN; 1 + n_s]);
        }
        let moments = bins[kts.partition_point(|&kt| kt < state.kt)].moments(collapsed, &state.ln_z);
        let variance = std::iter::once(moments.var_energy).chain((0..n_s).map(|s| moments.cov_n[s * n_s + s]));
        let variance = variance.collect();
        (std::iter::once(moments.energy).chain(moments.n).collect(), variance)
    };
    let (mean, variance) = grid.states.par_iter().map(of_state).unzip();
    StateMoments { mean, variance }
}

/// Samples prepared for analysis: beginnings that drift and those of excluded states removed, the others ready to be reweighted.
#[derive(Debug)]
pub struct PreparedSamples<'a> {
    /// Input with all samples.
    pub(crate) whole: &'a AnalysisInput,
    /// What was left out at the beginning of runs.
    pub(crate) beginnings: Vec<Beginning>,
    /// Input without the beginnings.
    pub(crate) input: Cow<'a, AnalysisInput>,
    /// Input with the samples of retained states only.
    pub(crate) retained: Cow<'a, AnalysisInput>,
    /// `[n_states]`, z between even and odd walkers; NaN where they cannot be compared
    pub(crate) hysteresis: Vec<f64>,
    /// States whose even and odd walkers differ too much.
    pub(crate) excluded: Vec<ExcludedState>,
    /// Windows; samples of those that are crossed too rarely are removed as well.
    pub(crate) windows: Vec<WindowCheck>,
    /// Reweighting of the retained samples.
    pub(crate) basis: Reweighting,
}

impl PreparedSamples<'_> {
    /// Removes beginnings and the samples of excluded states and solves MBAR for the others.
    ///
    /// # Errors
    /// [`AnalysisError`] if there are no samples, a sample does not fit the grid, or MBAR does not converge.
    pub fn new(input: &AnalysisInput) -> Result<PreparedSamples<'_>> {
        check(input)?;
        let work = PreparedSamples::from(input, Cow::Borrowed(input))?;
        let beginnings = beginnings(&work.retained, &work.basis.memory);
        if beginnings.is_empty() {
            return Ok(work);
        }
        let rest = PreparedSamples::from(input, Cow::Owned(after(input, &beginnings)))?;
        // Too few samples to join what all of them join say less than a beginning that drifts.
        let parts = |work: &PreparedSamples<'_>| work.basis.solved.collapsed.parts.number;
        Ok(if parts(&rest) > parts(&work) { work } else { PreparedSamples { beginnings, ..rest } })
    }

    fn from<'a>(whole: &'a AnalysisInput, input: Cow<'a, AnalysisInput>) -> Result<PreparedSamples<'a>> {
        let (hysteresis, excluded) = hysteresis::compare(&input);
        let windows = windows::check(&input);
        let is_excluded = flags(&input, &excluded, &windows);
        let retained = match &input {
            Cow::Borrowed(input) => hysteresis::set_aside(input, &is_excluded),
            Cow::Owned(input) => Cow::Owned(hysteresis::set_aside(input, &is_excluded).into_owned()),
        };
        let basis = Reweighting::new(&input.grid, &retained.samples, &input.cohorts(), input.seed)?;
        Ok(PreparedSamples { whole, beginnings: Vec::new(), input, retained, hysteresis, excluded, windows, basis })
    }

    /// `[n_states]`, whether the samples of each are removed.
    pub(crate) fn is_excluded(&self) -> Vec<bool> {
        flags(&self.input, &self.excluded, &self.windows)
    }

    /// What is left out, in words; `None` where every sample counts.
    ///
    /// - `runs`: what each run is called
    pub fn left_out(&self, runs: &[String]) -> Option<String> {
        let several = runs.len() > 1;
        let of_run = |b: &Beginning| {
            let of = runs.get(b.run).filter(|_| several).map_or_else(String::new, |run| format!(" of {run}"));
            format!("the first {} cycles of production{of}, which drift", b.cycles)
        };
        let mut words: Vec<String> = self.beginnings.iter().map(of_run).collect();
        let set_aside = self.windows.iter().filter(|w| w.set_aside).count();
        let counted = [
            (self.excluded.len(), "states whose even and odd walkers differ"),
            (set_aside, "states with windows that are crossed too rarely"),
        ];
        words.extend(counted.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{what}: {n}")));
        (!words.is_empty()).then(|| words.join("; "))
    }

    /// Blocks of tallies that lie in what is analysed, in its cycles.
    pub(crate) fn blocks_of(&self, blocks: &[TallyBlock]) -> Vec<TallyBlock> {
        let cuts = cuts(self.whole, &self.beginnings);
        let within = |block: &TallyBlock| {
            let cut = cuts.get(usize::from(block.walker)).copied().unwrap_or(0);
            let (from, to) = (block.from.checked_sub(cut)?, block.to.checked_sub(cut)?);
            Some(TallyBlock { from, to, ..block.clone() })
        };
        blocks.iter().filter_map(within).collect()
    }

    /// `[n_states]`, whether walkers that started differently agree in each.
    pub(crate) fn settled(&self) -> Vec<bool> {
        let excluded = self.is_excluded();
        let agree = |(z, excluded): (&f64, bool)| self.input.halves.start_differently && z.is_finite() && !excluded;
        self.hysteresis.iter().zip(excluded).map(agree).collect()
    }
}

/// `[n_states]`, whether the samples of each are removed.
fn flags(input: &AnalysisInput, excluded: &[ExcludedState], windows: &[WindowCheck]) -> Vec<bool> {
    let mut flags = vec![false; input.grid.len()];
    excluded.iter().for_each(|f| flags[f.state] = true);
    windows.iter().for_each(|w| flags[w.state] |= w.set_aside);
    flags
}

fn check(input: &AnalysisInput) -> Result<()> {
    let samples = &input.samples;
    if input.grid.is_empty() {
        return Err(AnalysisError::NoStates.into());
    }
    if samples.is_empty() {
        return Err(AnalysisError::NoSamples.into());
    }
    if samples.counts.len() != input.grid.n_reservoirs() || input.n_max.len() != input.grid.n_reservoirs() {
        let (counted, reservoirs) = (samples.counts.len(), input.grid.n_reservoirs());
        return Err(AnalysisError::OtherSpecies { counted, reservoirs }.into());
    }
    if let Some(&state) = samples.state.iter().find(|&&k| k as usize >= input.grid.len()) {
        return Err(AnalysisError::OtherGrid { state, states: input.grid.len() }.into());
    }
    Ok(())
}
