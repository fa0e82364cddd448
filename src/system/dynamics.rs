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
    /// Hybrid Monte Carlo: named, but refused by the checks of a scene.
    Hmc {
        /// Time step \[time\].
        dt: f64,
        /// Steps of a segment.
        steps: u32,
    },
    /// Generalised hybrid Monte Carlo: named, but refused by the checks of a scene.
    Ghmc {
        /// Time step \[time\].
        dt: f64,
        /// Steps of a segment.
        steps: u32,
        /// γ [1/time]
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
}

/// What a backend says where it meets dynamics that the checks of a scene refuse.
pub(crate) const REFUSED: &str = "the checks of a scene refuse dynamics that do not exist yet";
