//! Learning of the weights of windows, in equilibration only.
//!
//! After every cycle a window gets η = −ln Π − w. ln Π comes from the transition matrix: acceptances are tallied without η,
//! so everything tried counts, whatever η was then. w is a penalty in the manner of Wang and Landau on N that are visited,
//! in steps that shrink as 1/t: it drives N to where nothing is known yet, and soon fades. Before the first cycle of
//! production w is dropped, but for steps of N that are still unknown; η stays so.
//!
//! # Source
//! Shell, Debenedetti & Panagiotopoulos, J. Chem. Phys. 119, 9406 (2003); Belardinelli & Pereyra, Phys. Rev. E 75, 046701
//! (2007).

use crate::moves::tally::{TransitionTally, Transitions};
use crate::moves::transition_matrix::{Sums, links};
use crate::thermo::Window;
use crate::thermo::states::StateGrid;
use serde::{Deserialize, Serialize};

/// Largest step of the penalty in one cycle \[kT\].
const STEP: f64 = 1.0;
/// Cycles after which the transition matrix first forgets what came before; from then on at every doubling of the time,
/// so that it always speaks of the last half at least and the last three quarters at most.
const FIRST_MARK: u64 = 32;
/// Accepted moves in either direction from which a step of ln Π is believed. Attempts say nothing: where one insertion in
/// 10⁵ finds a place, thousands of them have a mean of zero.
const ACCEPTED: f64 = 3.0;

/// State of the learning of all windows of a grid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Learner {
    /// Cycles it has learned from.
    cycles: u64,
    /// Whether the weights are final.
    frozen: bool,
    /// `[n_windows]`
    windows: Vec<Learning>,
}

/// State of the learning of one window; all vectors are `[hi − lo + 1]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Learning {
    /// Attempts so far.
    now: Vec<Sums>,
    /// Those before the last mark, and before the one before.
    marks: [Vec<Sums>; 2],
    /// w \[kT\]
    penalty: Vec<f64>,
}

impl Learner {
    /// Nothing learned yet; `None` for a grid without windows.
    pub fn new(grid: &StateGrid) -> Option<Learner> {
        let learning = |window: &Window| {
            let n = window.weights().len();
            let none = || vec![Sums::default(); n];
            Learning { now: none(), marks: [none(), none()], penalty: vec![0.0; n] }
        };
        let windows: Vec<Learning> = grid.windows().map(|(_, _, window)| learning(window)).collect();
        (!windows.is_empty()).then_some(Learner { cycles: 0, frozen: false, windows })
    }

    /// Whether the weights are final.
    pub fn is_frozen(&self) -> bool {
        self.frozen
    }

    /// Whether it is of the windows of a grid.
    pub(super) fn is_of(&self, grid: &StateGrid) -> bool {
        let fits = |(own, (_, _, window)): (&Learning, (usize, _, &Window))| {
            let n = window.weights().len();
            own.penalty.len() == n && own.now.len() == n && own.marks.iter().all(|m| m.len() == n)
        };
        self.windows.len() == grid.windows().count() && self.windows.iter().zip(grid.windows()).all(fits)
    }

    /// Takes in a cycle of equilibration and sets the weights anew.
    ///
    /// - `tried`: `[n_windows]`, everything tried so far by N, of all walkers ([`tried_in_windows`])
    pub fn learn(&mut self, grid: &mut StateGrid, tried: &[Vec<TransitionTally>]) {
        assert!(!self.frozen, "weights that are final are not learned");
        self.cycles += 1;
        let n_points = grid.n_points();
        for ((own, state), tried) in self.windows.iter_mut().zip(&mut grid.states[n_points..]).zip(tried) {
            let Some(window) = &mut state.window else { continue };
            own.take_in(window, tried, self.cycles);
            window.set_weights(&centred(own.driving()));
        }
    }

    /// Sets the final weights.
    pub fn freeze(&mut self, grid: &mut StateGrid) {
        self.frozen = true;
        let n_points = grid.n_points();
        for (own, state) in self.windows.iter().zip(&mut grid.states[n_points..]) {
            if let Some(window) = &mut state.window {
                window.set_weights(&centred(own.finished()));
            }
        }
    }
}

/// What was tried in every window by the walkers of some tallies: `[n_windows][max_atoms + 1]`.
pub fn tried_in_windows(grid: &StateGrid, transitions: &Transitions) -> Vec<Vec<TransitionTally>> {
    grid.windows().map(|(state, _, window)| transitions.total(state, window.reservoir)).collect()
}

/// The same around zero: differences alone count, and a window holds only so much.
fn centred(mut eta: Vec<f64>) -> Vec<f64> {
    let (lo, hi) = eta.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), &x| (lo.min(x), hi.max(x)));
    eta.iter_mut().for_each(|x| *x -= 0.5 * (lo + hi));
    eta
}

impl Learning {
    /// Takes in what was tried since the last time.
    fn take_in(&mut self, window: &Window, tried: &[TransitionTally], cycles: u64) {
        let inside = &tried[usize::from(window.lo)..=usize::from(window.hi())];
        let before = std::mem::replace(&mut self.now, inside.iter().map(Sums::of).collect());
        let visits: Vec<f64> =
            self.now.iter().zip(&before).map(|(now, before)| now.attempts() - before.attempts()).collect();
        let all: f64 = visits.iter().sum();
        let step = STEP.min(visits.len() as f64 / cycles as f64);
        for (w, visits) in self.penalty.iter_mut().zip(visits).filter(|_| all > 0.0) {
            *w += step * visits / all;
        }
        if cycles >= FIRST_MARK && cycles.is_power_of_two() {
            self.marks.swap(0, 1);
            self.marks[0].clone_from(&self.now);
        }
    }

    /// Steps of ln Π between neighbouring N that the transition matrix knows: from what was tried of late, else from
    /// everything, where enough moves were accepted in both directions.
    fn known_steps(&self) -> Vec<Option<f64>> {
        let late: Vec<Sums> = self.now.iter().zip(&self.marks[1]).map(|(now, mark)| now.since(mark)).collect();
        let known = |sums: &[Sums]| -> Vec<Option<f64>> {
            let enough = |n: usize| sums[n].inserted >= ACCEPTED && sums[n + 1].deleted >= ACCEPTED;
            links(sums).into_iter().enumerate().map(|(n, l)| (l.is_finite() && enough(n)).then_some(l)).collect()
        };
        known(&late).into_iter().zip(known(&self.now)).map(|(late, ever)| late.or(ever)).collect()
    }

    /// Weights while they are learned: −ln Π − w, and level where Π is not known.
    fn driving(&self) -> Vec<f64> {
        let steps = self.known_steps().into_iter().map(|step| -step.unwrap_or(0.0));
        summed(steps).iter().zip(&self.penalty).map(|(eta, w)| eta - w).collect()
    }

    /// Final weights: −ln Π, and what w came to where Π is not known.
    fn finished(&self) -> Vec<f64> {
        let by_penalty = |n: usize| self.penalty[n] - self.penalty[n + 1];
        summed(self.known_steps().into_iter().enumerate().map(|(n, step)| step.map_or_else(|| by_penalty(n), |l| -l)))
    }
}

/// 0 and the running sums of steps.
fn summed(steps: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut sums = vec![0.0];
    let mut sum = 0.0;
    sums.extend(steps.map(|step| {
        sum += step;
        sum
    }));
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moves::MoveKind;
    use crate::moves::tally::AttemptTally;
    use crate::thermo::Convention;
    use crate::thermo::states::{ReservoirAxis, StatePoint};

    /// A ladder of one window over an ideal gas of zV = 2.5.
    fn grid() -> StateGrid {
        let axis = ReservoirAxis { species: "B".into(), convention: Convention::Activity, values: vec![-1.0] };
        let grid = StateGrid::product(&[1.0], 1.0, &[axis]);
        let point = StatePoint { window: Some(Window::new(0, 0, 2, 9)), ..grid.states[0].clone() };
        grid.with_windows(vec![point])
    }

    /// Adds tallies of 1000 attempts at every N of a range.
    fn try_all(transitions: &mut Transitions, range: std::ops::RangeInclusive<usize>, mean: f64) {
        let mut rows = transitions.rows_of(crate::base::ids::ReplicaId(0), &[0, 1].map(crate::base::ids::StateId));
        for n in range {
            for kind in MoveKind::TALLIED {
                let p = if kind == MoveKind::INSERT {
                    (mean / (n + 1) as f64).min(1.0)
                } else {
                    (n as f64 / mean).min(1.0)
                };
                if let Some(tally) = rows[1][n].of_mut(kind) {
                    tally.add(&AttemptTally { attempts: 1000, accepted: 5, probability: (1000.0 * p).into() });
                }
            }
        }
    }

    #[test]
    fn weights_become_minus_ln_pi_and_stay() {
        let mut grid = grid();
        let mut learner = Learner::new(&grid).expect("a window");
        let mut transitions = Transitions::new(2, 1, [12]);
        for _ in 0..40 {
            try_all(&mut transitions, 2..=9, 2.5);
            let tried = tried_in_windows(&grid, &transitions);
            learner.learn(&mut grid, &tried);
        }
        learner.freeze(&mut grid);
        assert!(learner.is_frozen() && learner.is_of(&grid));
        let window = grid.states[1].window.as_ref().expect("a window");
        for n in 2..9_u16 {
            let exact = -(2.5 / f64::from(n + 1)).ln();
            let step = window.eta(n + 1) - window.eta(n);
            assert!((step - exact).abs() < 2e-3, "N = {n}: {step} for {exact}");
        }
    }

    #[test]
    fn what_was_tried_long_ago_is_forgotten_and_the_unknown_is_driven_to() {
        let mut grid = grid();
        let mut learner = Learner::new(&grid).expect("a window");
        let mut transitions = Transitions::new(2, 1, [12]);
        for cycle in 0..200 {
            // wrong acceptances at first, and nothing is known above 6
            try_all(&mut transitions, 2..=6, if cycle < 30 { 9.0 } else { 2.5 });
            let tried = tried_in_windows(&grid, &transitions);
            learner.learn(&mut grid, &tried);
        }
        learner.freeze(&mut grid);
        let window = grid.states[1].window.as_ref().expect("a window");
        let step = |n: u16| window.eta(n + 1) - window.eta(n);
        assert!((step(5) + (2.5_f64 / 6.0).ln()).abs() < 2e-3, "{window:?}");
        // Nothing is known of the step from 6 to 7: the penalty on what was visited drives N up there, and no further.
        assert!(step(6) > 1.0 && step(7) == 0.0 && step(8) == 0.0, "{window:?}");
    }
}
