//! Dynamics: how atoms move between particle moves.

use serde::{Deserialize, Serialize};

/// How atoms move between particle moves: as a scene names it, and as backends take it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Dynamics {
    /// Langevin dynamics, BAOAB splitting.
    Baoab {
        /// Time step \[time\].
        dt: f64,
        /// γ [1/time]
        friction: f64,
        /// Steps of a cycle.
        steps: u32,
    },
    /// Velocity Verlet; canonical only with velocities redrawn.
    Verlet {
        /// Time step \[time\].
        dt: f64,
        /// Steps of a cycle.
        steps: u32,
        /// Draw all velocities anew at the start of every cycle.
        redraw: bool,
    },
    /// Metropolis displacements of single atoms.
    MonteCarlo {
        /// Half-width of the step along each axis \[length\].
        displacement: f64,
        /// Attempts per replica and cycle.
        attempts: u32,
    },
    /// Hybrid Monte Carlo: segments of velocity Verlet from fresh velocities, each accepted or rejected as a whole.
    Hmc {
        /// Time step \[time\].
        dt: f64,
        /// Steps of a segment, one a cycle.
        steps: u32,
    },
    /// Generalised hybrid Monte Carlo: the same from velocities of which a part is kept.
    Ghmc {
        /// Time step \[time\].
        dt: f64,
        /// Steps of a segment, one a cycle.
        steps: u32,
        /// γ [1/time]: a velocity keeps e^{−γt} of itself from one segment of duration t to the next.
        friction: f64,
    },
}

impl Dynamics {
    /// Steps (or displacement attempts) of a cycle.
    pub fn steps(&self) -> u32 {
        match *self {
            Dynamics::Baoab { steps, .. }
            | Dynamics::Verlet { steps, .. }
            | Dynamics::Hmc { steps, .. }
            | Dynamics::Ghmc { steps, .. } => steps,
            Dynamics::MonteCarlo { attempts, .. } => attempts,
        }
    }

    /// Whether a segment of dynamics that begins with step number `first` draws all velocities anew.
    pub fn redraws_at(&self, first: u64) -> bool {
        matches!(*self, Dynamics::Verlet { steps, redraw: true, .. } if first.is_multiple_of(u64::from(steps)))
    }

    /// The segments of dynamics that accept or reject them; `None` for others.
    pub fn segment(&self) -> Option<Segment> {
        match *self {
            Dynamics::Hmc { dt, steps } => Some(Segment { dt, steps, keep: 0.0, noise: 1.0 }),
            Dynamics::Ghmc { dt, steps, friction } => {
                let decay = friction * dt * f64::from(steps);
                let noise = (-(-2.0 * decay).exp_m1()).sqrt();
                Some(Segment { dt, steps, keep: (-decay).exp(), noise })
            }
            Dynamics::Baoab { .. } | Dynamics::Verlet { .. } | Dynamics::MonteCarlo { .. } => None,
        }
    }
}

/// A segment of velocity Verlet that is accepted or rejected as a whole. It begins with v = keep v + noise √(kT/m) ξ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Segment {
    /// Time step \[time\].
    pub dt: f64,
    /// Steps of a segment.
    pub steps: u32,
    /// Share of a velocity that is kept.
    pub keep: f64,
    /// Share of the fresh velocity: keep² + noise² = 1.
    pub noise: f64,
}

impl Segment {
    /// Numbers of the first steps of the segments in `count` steps from number `first` on, which are whole segments.
    pub fn starts(&self, first: u64, count: u32) -> impl Iterator<Item = u64> {
        let steps = self.steps.max(1);
        assert!(count.is_multiple_of(steps), "{count} steps are no whole segments of {steps} steps");
        (first..first + u64::from(count)).step_by(steps as usize)
    }
}
