//! Which samples are at one time, of one replica and of one temperature.

use crate::analysis::statistics::inefficiency::places;
use crate::sample::Samples;
use crate::thermo::states::StateGrid;

/// Share of a run over which C(t) is followed.
const FOLLOWED: f64 = 1.0 / 20.0;
/// Stored cycles that are followed at least, where the run is four times as long.
const SHORTEST: usize = 20;
/// Lags at which C(t) is evaluated, evenly spaced in ln t.
const LAGS: usize = 14;
/// Groups of states by their means, and fewest states of one: sums over fewer tell little that those of a temperature do not, and
/// with every sum errors grow by chance.
const FILLINGS: usize = 3;
const FEWEST_OF_A_FILLING: usize = 12;

/// States of the same temperature, among those of a cohort.
pub(super) struct Rows {
    /// `[n_states]`; `None` of other states
    pub(super) of_state: Vec<Option<usize>>,
    /// kT, ascending [energy]
    pub(super) kts: Vec<f64>,
    /// Temperatures that have a sum of their own: none if there is only one, or no more states than temperatures.
    pub(super) n: usize,
    /// Whether paths of replicas say what is left of a memory that no longer shows in the sum.
    pub(super) by_paths: bool,
}

impl Rows {
    /// - `is_own`: `[n_states]`
    pub(super) fn new(grid: &StateGrid, is_own: &[bool]) -> Rows {
        let own = || grid.states.iter().enumerate().filter(|(k, _)| is_own[*k]);
        let mut kts: Vec<f64> = own().map(|(_, s)| s.kt).collect();
        kts.sort_by(f64::total_cmp);
        kts.dedup();
        let mut of_state = vec![None; grid.len()];
        own().for_each(|(k, s)| of_state[k] = Some(kts.partition_point(|&kt| kt < s.kt)));
        let n = if kts.len() < 2 || kts.len() == own().count() { 0 } else { kts.len() };
        Rows { of_state, kts, n, by_paths: true }
    }

    /// Thirds of the states by rising mean, of equal numbers, in place of those of one temperature; `None` with too few states. What paths
    /// remember for longer than such a sum is in those over all states.
    pub(super) fn by_filling(is_own: &[bool], mean: impl Fn(usize) -> f64) -> Option<Rows> {
        let n_states = is_own.len();
        let mut order: Vec<usize> = (0..n_states).filter(|&k| is_own[k] && mean(k).is_finite()).collect();
        if order.len() < FILLINGS * FEWEST_OF_A_FILLING {
            return None;
        }
        order.sort_by(|&a, &b| mean(a).total_cmp(&mean(b)));
        let mut of_state = vec![None; n_states];
        order.iter().enumerate().for_each(|(i, &k)| of_state[k] = Some(i * FILLINGS / order.len()));
        Some(Rows { of_state, kts: vec![f64::NAN; FILLINGS], n: FILLINGS, by_paths: false })
    }

    /// Sum over all states, then over those of each temperature; what is not finite has no samples.
    pub(super) fn sums(&self, of_state: impl Fn(usize) -> f64) -> Vec<f64> {
        let mut sums = vec![0.0; 1 + self.kts.len()];
        for (k, row) in self.of_state.iter().enumerate() {
            let value = of_state(k);
            if let Some(row) = row.filter(|_| value.is_finite()) {
                sums[0] += value;
                sums[1 + row] += value;
            }
        }
        sums
    }
}

/// Samples by walker and stored cycle, and along the paths of replicas.
pub(super) struct Times {
    /// `[n_walkers]`, first index into time of each, then their sum: walkers follow each other
    pub(super) first: Vec<usize>,
    /// `[n_samples]`
    pub(super) of_sample: Vec<usize>,
    /// `[n_replicas][length]`, samples in order of time
    pub(super) paths: Vec<Vec<usize>>,
}

impl Times {
    pub(super) fn new(samples: &Samples) -> Times {
        let n_walkers = samples.walker.iter().max().map_or(0, |&w| usize::from(w) + 1);
        let mut cycles: Vec<Vec<u32>> = vec![Vec::new(); n_walkers];
        let mut order: Vec<usize> = (0..samples.len()).collect();
        order.sort_by_key(|&n| (samples.walker[n], samples.cycle[n]));
        for n in order {
            let of_walker = &mut cycles[usize::from(samples.walker[n])];
            if of_walker.last() != Some(&samples.cycle[n]) {
                of_walker.push(samples.cycle[n]);
            }
        }
        let mut first = vec![0];
        for of_walker in &cycles {
            first.push(first[first.len() - 1] + of_walker.len());
        }
        let time = |n: usize| {
            let walker = usize::from(samples.walker[n]);
            first[walker] + cycles[walker].partition_point(|&c| c < samples.cycle[n])
        };
        let of_sample = (0..samples.len()).map(time).collect();
        let n_replicas = samples.replica.iter().max().map_or(0, |&r| r as usize + 1);
        let paths = places(samples, n_replicas, |n| samples.replica[n] as usize).into_iter().flatten().collect();
        Times { first, of_sample, paths }
    }

    /// Stored cycles over all walkers.
    pub(super) fn total(&self) -> usize {
        self.first[self.first.len() - 1]
    }

    /// Longest walker.
    pub(super) fn longest(&self) -> usize {
        self.first.windows(2).map(|w| w[1] - w[0]).max().unwrap_or(0)
    }

    /// Ascending, from 0, up to a twentieth of the longest walker.
    pub(super) fn lags(&self) -> Vec<usize> {
        let longest = self.longest();
        let last = ((longest as f64 * FOLLOWED) as usize).max(SHORTEST.min(longest / 4));
        let at = |i: usize| (last as f64).powf(i as f64 / (LAGS - 1) as f64).round() as usize;
        let mut lags: Vec<usize> = std::iter::once(0).chain((0..LAGS).map(at)).filter(|&l| l <= last).collect();
        lags.dedup();
        lags
    }
}
