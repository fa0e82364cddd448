//! How many steps a cycle makes, chosen in equilibration: as many as cost what its particle moves cost.
//!
//! Dynamics moves atoms and particle moves change their number; answers need both, one after the other. Whichever takes
//! the smaller part of the time holds the other up, and with a half each at most a factor of two is lost against any
//! other division. Costs are counted in energies of one atom with all others, not in seconds: a choice by a clock would
//! be another on every machine. A step moves all atoms at once, whose pairs fill vector registers and share their lists: an atom of it
//! costs a quarter of such an energy or less, on processors as on cards (docs/benchmarks.md).

use crate::base::error::Result;
use crate::ranks::{Ranks, Talk};
use crate::system::Dynamics;
use crate::system::configuration::{Batch, Measurement};
use serde::{Deserialize, Serialize};

/// What an atom of a step of dynamics costs, in energies of one atom at a trial position.
const ATOM_OF_A_STEP: f64 = 0.25;

/// The choice of the steps of a cycle.
///
/// Counts are halved whenever the number of cycles is a power of two, so that the way from the start is forgotten; the
/// choice changes then and at the end of equilibration, with the number of cycles alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Balance {
    /// Steps of a cycle now.
    steps: u32,
    /// Steps made in all cycles so far.
    made: u64,
    /// Cycles counted, of the replicas that are here.
    visits: f64,
    /// Atoms in them.
    atoms: f64,
    /// Mobile atoms of a replica that have no reservoir.
    fixed: u64,
    /// Whether equilibration is over.
    frozen: bool,
}

/// What a cycle costs by itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Costs {
    /// Steps (or displacement attempts) that a cycle may make at most.
    pub(super) most: u32,
    /// Energies of one atom that the particle moves of a cycle take.
    pub(super) moves: f64,
    /// Whether a step moves one atom, and takes two energies, or all atoms at once.
    pub(super) one_atom: bool,
}

impl Costs {
    /// - `trials`: positions of an attempt at insertion
    pub(super) fn new(dynamics: &Dynamics, most: u32, attempts: u32, trials: usize, identity: u32) -> Costs {
        Costs {
            most,
            moves: f64::from(attempts) * trials as f64 + 2.0 * f64::from(identity),
            one_atom: matches!(dynamics, Dynamics::MonteCarlo { .. }),
        }
    }

    /// Steps that cost what the particle moves cost, at least one.
    ///
    /// - `atoms`: mobile atoms of a replica, on average
    fn steps(&self, atoms: f64) -> u32 {
        let step = if self.one_atom { 2.0 } else { ATOM_OF_A_STEP * atoms };
        // without atoms a step costs nothing, and there may be as many as are allowed
        (self.moves / step).round().clamp(1.0, f64::from(self.most)) as u32
    }
}

impl Balance {
    /// Nothing counted yet: as many steps as a cycle may make.
    ///
    /// - `batch`: the start
    /// - `reservoirs`: species index of each
    pub(super) fn new(most: u32, batch: &Batch, reservoirs: &[u8]) -> Balance {
        let fixed = batch
            .configurations
            .first()
            .map_or(0, |x| x.species.iter().filter(|s| !reservoirs.contains(s)).count() as u64);
        Balance { steps: most, made: 0, visits: 0.0, atoms: 0.0, fixed, frozen: false }
    }

    /// Takes the atoms without a reservoir from the first replica of all, which the first rank has.
    ///
    /// # Errors
    /// Those of [`Ranks::all_gather`].
    pub(super) fn begin_together(&mut self, ranks: &Ranks) -> Result<()> {
        self.fixed = ranks.all_gather_words(Talk::Start, &[self.fixed])?[0][0];
        Ok(())
    }

    /// The same with what other ranks have counted. Counts are integers, halved now and then: f64 holds their sum.
    pub(super) fn join(&mut self, other: &Balance) {
        self.visits += other.visits;
        self.atoms += other.atoms;
    }

    /// The same with nothing counted here.
    pub(super) fn uncounted(&self) -> Balance {
        Balance { visits: 0.0, atoms: 0.0, ..self.clone() }
    }

    /// The counts of all ranks together.
    pub(super) fn over(&self, ranks: &Ranks) -> Result<Balance> {
        let mut total = self.uncounted();
        for counts in ranks.all_gather_words(Talk::Equilibration, &[self.visits, self.atoms].map(f64::to_bits))? {
            let [visits, atoms] = [0, 1].map(|k| f64::from_bits(counts[k]));
            total.join(&Balance { visits, atoms, ..self.clone() });
        }
        Ok(total)
    }

    /// Whether it can be one of a cycle of at most so many steps: it may come from a file.
    pub(super) fn is_of(&self, most: u32) -> bool {
        (1..=most).contains(&self.steps)
    }

    /// Steps of a cycle now.
    pub fn steps(&self) -> u32 {
        self.steps
    }

    /// Steps made in all cycles that were begun.
    pub fn made(&self) -> u64 {
        self.made
    }

    /// Mean number of mobile atoms of a replica that the choice rests on.
    pub fn atoms(&self) -> f64 {
        self.fixed as f64 + if self.visits > 0.0 { self.atoms / self.visits } else { 0.0 }
    }

    /// Steps of a cycle that begins.
    ///
    /// - `production`: whether the choice is final
    ///
    /// # Errors
    /// Those of [`Ranks::all_gather`].
    pub(super) fn begin(&mut self, production: bool, costs: &Costs, ranks: &Ranks) -> Result<u32> {
        if production && !self.frozen {
            (self.steps, self.frozen) = (costs.steps(self.over(ranks)?.atoms()), true);
        }
        self.made += u64::from(self.steps);
        Ok(self.steps)
    }

    /// Counts the atoms after a cycle of equilibration, and chooses anew when its number is a power of two.
    ///
    /// - `cycle`: its number, from 0
    ///
    /// # Errors
    /// Those of [`Ranks::all_gather`].
    pub(super) fn count(&mut self, cycle: u64, measured: &[Measurement], costs: &Costs, ranks: &Ranks) -> Result<()> {
        let now: u64 = measured.iter().flat_map(|m| m.counts.iter()).map(|&n| u64::from(n)).sum();
        self.atoms += now as f64;
        self.visits += measured.len() as f64;
        if (cycle + 1).is_power_of_two() {
            self.steps = costs.steps(self.over(ranks)?.atoms());
            (self.atoms, self.visits) = (0.5 * self.atoms, 0.5 * self.visits);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::configuration::Configuration;
    use glam::DVec3;

    const MD: Dynamics = Dynamics::Baoab { dt: 0.004, friction: 1.0, steps: 50 };
    const MC: Dynamics = Dynamics::MonteCarlo { displacement: 0.2, attempts: 500 };

    fn measured(n: u16) -> Vec<Measurement> {
        vec![Measurement { energy: 0.0, counts: [n, 2].into_iter().collect() }; 3]
    }

    #[test]
    fn a_half_goes_to_each() {
        let costs =
            |dynamics: &Dynamics, trials, identity| Costs::new(dynamics, dynamics.steps(), 100, trials, identity);
        assert_eq!(costs(&MD, 1, 0).steps(20.0), 20);
        assert_eq!(costs(&MD, 2, 10).steps(20.0), 44);
        // never more than the scene says, never none
        assert_eq!((costs(&MD, 1, 0).steps(0.0), costs(&MD, 1, 0).steps(1000.0)), (50, 1));
        assert_eq!((costs(&MC, 1, 0).steps(20.0), costs(&MC, 1, 50).steps(20.0)), (50, 100));
    }

    #[test]
    fn the_choice_follows_equilibration_and_then_stays() {
        let costs = Costs::new(&MD, 50, 100, 1, 0);
        let mut batch = Batch::default();
        let mut x = Configuration::default();
        [7, 7, 1].iter().for_each(|&s| x.insert(s, DVec3::ZERO, DVec3::ZERO));
        batch.configurations.push(x);
        let alone = Ranks::alone();
        let mut balance = Balance::new(50, &batch, &[0, 1]);
        // two atoms have no reservoir; the start is forgotten
        let mut made = 0;
        for cycle in 0..512 {
            let steps = balance.begin(false, &costs, &alone).expect("alone");
            made += u64::from(steps);
            assert!(cycle > 0 || steps == 50, "nothing is known before the first cycle");
            balance.count(cycle, &measured(if cycle < 8 { 0 } else { 21 }), &costs, &alone).expect("alone");
        }
        assert!((balance.atoms() - 25.0).abs() < 0.5, "{}", balance.atoms());
        assert_eq!((balance.begin(true, &costs, &alone).expect("alone"), balance.made()), (16, made + 16));
        assert_eq!(balance.begin(true, &costs, &alone).expect("alone"), 16);
        assert!(balance.is_of(50) && !balance.is_of(15));
    }
}
