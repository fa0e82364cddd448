//! Exchange acceptance of neighbouring states, where it can be known before sampling.
//!
//! In a dilute state (the Henry regime) atoms are strangers: N_s is Poisson with mean λ = z Q₁, Q₁ the partition sum of
//! one atom over the cell, cut at N_max, and E is a sum of independent one-atom energies. The expected acceptance of an
//! exchange is then an average over such draws. Where atoms meet, only sampling can tell.

use crate::input::scene::CheckedScene;
use crate::system::System;
use crate::thermo::acceptance::{ConfigurationRef, exchange_ln_acc};
use crate::thermo::states::{Direction, Edge, StateGrid, StatePoint};
use glam::DVec3;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use std::collections::HashMap;

/// One-atom energies are taken at up to this many points of the cell.
const MAX_POINTS: usize = 8192;
/// Pair energies spent on them.
const MAX_PAIRS: usize = 20_000_000;
/// Edges looked at on each axis.
const MAX_EDGES: usize = 200;
/// Draws for each edge.
const DRAWS: u32 = 500;
/// Expected acceptance below which neighbours are too far apart.
const LEAST: f64 = 0.01;
/// Atoms count as strangers while Σ ⟨N⟩ ⟨|e^{−βu} − 1|⟩ over the others stays below this.
pub(super) const STRANGERS: f64 = 0.1;

/// Estimated exchange acceptance in one direction of the grid.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AxisExchange {
    /// `temperature`, `mu_<species>`, or both of a diagonal.
    pub axis: String,
    /// Edges in this direction.
    pub edges: usize,
    /// Edges that were looked at: all, or evenly spaced ones of a large grid.
    pub examined: usize,
    /// Those of them whose acceptance could be estimated.
    pub estimated: usize,
    /// Lowest acceptance among them.
    pub lowest: Option<f64>,
    /// Mean acceptance among them.
    pub mean: Option<f64>,
}

/// Estimates the exchange acceptance in every direction in which states are neighbours.
pub(super) fn exchange(model: &mut Model, grid: &StateGrid) -> Vec<AxisExchange> {
    let of = |direction| {
        let edges: Vec<&Edge> = grid.edges.iter().filter(|e| e.direction == direction).collect();
        let stride = edges.len().div_ceil(MAX_EDGES);
        let examined: Vec<&Edge> = edges.iter().copied().step_by(stride).collect();
        let known: Vec<f64> = examined.iter().filter_map(|edge| model.acceptance(grid, edge)).collect();
        AxisExchange {
            axis: grid.direction_name(direction),
            edges: edges.len(),
            examined: examined.len(),
            estimated: known.len(),
            lowest: known.iter().copied().reduce(f64::min),
            mean: (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64),
        }
    };
    // Windows have no weights yet.
    grid.directions().into_iter().filter(|&d| d != Direction::Window).map(of).collect()
}

/// Warnings, one for each axis along which neighbours hardly exchange, though an exchange there is what the grid is for.
pub(super) fn far_apart(grid: &StateGrid, exchange: &[AxisExchange]) -> Vec<String> {
    let axes =
        grid.directions().into_iter().filter(|d| matches!(d, Direction::Along(_))).map(|d| grid.direction_name(d));
    let of = |axis: String| {
        let found = exchange.iter().find(|e| e.axis == axis)?;
        let lowest = found.lowest.filter(|&l| l < LEAST)?;
        Some(format!(
            "neighbouring states along {axis} will hardly exchange (acceptance about {lowest:.4} at worst, {:.4} on average): \
             put values between them until it is 0.1 or more",
            found.mean.unwrap_or(lowest)
        ))
    };
    axes.filter_map(of).collect()
}

/// One-atom energies of every species that can move.
pub(super) struct Model {
    pub(super) system: System,
    /// Species indices: reservoirs in order, then species of fixed number.
    pub(super) species: Vec<usize>,
    /// `[n_reservoirs]`, N_max
    pub(super) most: Vec<u16>,
    /// Atoms of each species of fixed number.
    fixed: Vec<u16>,
    /// Points of the cell [length].
    points: Vec<DVec3>,
    /// Per entry of `species`: energy of one atom at every point [energy].
    energies: Vec<Vec<f64>>,
    /// Whether mobile slab atoms make strangers impossible.
    pub(super) slab_moves: bool,
    at_temperature: HashMap<u64, Thermal>,
}

/// What follows from the one-atom energies at one temperature.
struct Thermal {
    /// Per species: ln Q₁ [ln length³].
    ln_q: Vec<f64>,
    /// Per species: running sum of Boltzmann weights over the points.
    cumulative: Vec<Vec<f64>>,
    /// Per pair of species: how much two strangers in the cell would notice each other, ⟨|e^{−βu} − 1|⟩.
    reach: Vec<Vec<f64>>,
}

impl Model {
    pub(super) fn new(loaded: &CheckedScene) -> Model {
        let scene = &loaded.scene;
        let system = System::from_scene(loaded);
        let mut species: Vec<usize> = (0..scene.reservoir.len()).map(|r| loaded.species_of(r)).collect();
        let mut fixed = Vec::new();
        for s in 0..scene.species.len() {
            let of_it = scene.initial_of(0).filter(|(_, e)| e.species == scene.species[s].name);
            let atoms: u16 = of_it.map(|(_, e)| e.atoms.unwrap_or(0)).sum();
            if atoms > 0 && !species.contains(&s) {
                species.push(s);
                fixed.push(atoms);
            }
        }
        let shifts = system.image_shifts();
        let of_one_point = (system.frozen.positions.len() * shifts.len()).max(1);
        let n_points = (MAX_PAIRS / of_one_point).clamp(512, MAX_POINTS);
        let points = points(&system, n_points);
        let energies = species.iter().map(|&s| one_atom_energies(&system, &shifts, s, &points)).collect();
        Model {
            species,
            most: scene.reservoir.iter().map(|r| r.max_atoms).collect(),
            fixed,
            points,
            energies,
            slab_moves: loaded.slab.mobile().next().is_some(),
            at_temperature: HashMap::new(),
            system,
        }
    }

    /// Expected acceptance of an edge, or `None` if atoms meet in one of its states.
    fn acceptance(&mut self, grid: &StateGrid, edge: &Edge) -> Option<f64> {
        if self.slab_moves {
            return None;
        }
        let (a, b) = (grid.state(edge.a), grid.state(edge.b));
        for state in [a, b] {
            self.prepare(state);
        }
        let (thermal_a, thermal_b) = (&self.at_temperature[&a.kt.to_bits()], &self.at_temperature[&b.kt.to_bits()]);
        let (numbers_a, numbers_b) = (self.numbers(a, thermal_a)?, self.numbers(b, thermal_b)?);
        let mut random = ChaCha8Rng::seed_from_u64(u64::from(edge.a.0) << 32 | u64::from(edge.b.0));
        let mut sum = 0.0;
        for _ in 0..DRAWS {
            let (energy_i, counts_i) = self.configuration(thermal_a, &numbers_a, &mut random);
            let (energy_j, counts_j) = self.configuration(thermal_b, &numbers_b, &mut random);
            let i = ConfigurationRef { energy: energy_i, counts: &counts_i };
            let j = ConfigurationRef { energy: energy_j, counts: &counts_j };
            sum += exchange_ln_acc(a.as_ref(), b.as_ref(), i, j).min(0.0).exp();
        }
        Some(sum / f64::from(DRAWS))
    }

    /// Whether a reservoir species feels anything beside its own kind.
    pub(super) fn has_surface(&self, reservoir: usize) -> bool {
        self.energies[reservoir].iter().any(|&u| u != 0.0)
    }

    /// Makes what follows from the one-atom energies at the temperature of a state, once.
    fn prepare(&mut self, state: &StatePoint) {
        if !self.at_temperature.contains_key(&state.kt.to_bits()) {
            let thermal = self.thermal(state.beta());
            self.at_temperature.insert(state.kt.to_bits(), thermal);
        }
    }

    /// ⟨N⟩ of a reservoir species if its atoms did not meet, z Q₁, and how much one of them notices each other one.
    pub(super) fn unhindered(&mut self, state: &StatePoint, reservoir: usize) -> (f64, f64) {
        self.prepare(state);
        let thermal = &self.at_temperature[&state.kt.to_bits()];
        ((state.ln_z[reservoir] + thermal.ln_q[reservoir]).exp(), thermal.reach[reservoir][reservoir])
    }

    fn thermal(&self, beta: f64) -> Thermal {
        let volume = self.system.cell.volume();
        let (mut ln_q, mut cumulative) = (Vec::new(), Vec::new());
        for energies in &self.energies {
            let lowest = energies.iter().copied().fold(f64::INFINITY, f64::min);
            let weights = energies.iter().map(|u| (-beta * (u - lowest)).exp());
            let mut sum = 0.0;
            let running: Vec<f64> = weights
                .map(|w| {
                    sum += w;
                    sum
                })
                .collect();
            ln_q.push((volume * sum / energies.len() as f64).ln() - beta * lowest);
            cumulative.push(running);
        }
        let species = 0..self.species.len();
        let reach = species
            .clone()
            .map(|k| species.clone().map(|l| self.mayer_average(&cumulative, k, l, beta)).collect())
            .collect();
        Thermal { ln_q, cumulative, reach }
    }

    /// ⟨|e^{−βu} − 1|⟩ of two atoms that are strangers, species `k` and `l` of the list: how much they would notice.
    fn mayer_average(&self, cumulative: &[Vec<f64>], k: usize, l: usize, beta: f64) -> f64 {
        let pair = self.system.pairs.pair(self.species[k] as u8, self.species[l] as u8);
        let mut random = ChaCha8Rng::seed_from_u64(beta.to_bits());
        let mut position = |k: usize| self.points[draw(&cumulative[k], &mut random)];
        let sum: f64 = (0..DRAWS)
            .map(|_| {
                let distance = self.system.cell.minimum_image(position(k) - position(l)).length_squared();
                (-beta * pair.energy(distance)).exp_m1().abs()
            })
            .sum();
        sum / f64::from(DRAWS)
    }

    /// Running sums of P(N) of every reservoir species in a state, or `None` if its atoms are no strangers.
    fn numbers(&self, state: &StatePoint, thermal: &Thermal) -> Option<Vec<Vec<f64>>> {
        let mut mean: Vec<f64> = Vec::with_capacity(self.species.len());
        let mut numbers = Vec::with_capacity(self.most.len());
        for (r, &most) in self.most.iter().enumerate() {
            let ln_lambda = state.ln_z[r] + thermal.ln_q[r];
            let mut ln_weights = vec![0.0; usize::from(most) + 1];
            for n in 1..ln_weights.len() {
                ln_weights[n] = ln_weights[n - 1] + ln_lambda - (n as f64).ln();
            }
            let highest = ln_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let (mut sum, mut first) = (0.0, 0.0);
            let running: Vec<f64> = ln_weights
                .iter()
                .enumerate()
                .map(|(n, l)| {
                    let weight = (l - highest).exp();
                    sum += weight;
                    first += n as f64 * weight;
                    sum
                })
                .collect();
            mean.push(first / sum);
            numbers.push(running);
        }
        mean.extend(self.fixed.iter().map(|&n| f64::from(n)));
        for (k, reach) in thermal.reach.iter().enumerate() {
            let met: f64 = reach
                .iter()
                .zip(&mean)
                .enumerate()
                .map(|(l, (&r, &n))| match self.fixed.get(l.wrapping_sub(self.most.len())) {
                    // A lone atom of fixed number meets no other of its kind.
                    Some(&fixed) if l == k => r * f64::from(fixed - 1),
                    _ => r * n,
                })
                .sum();
            if met > STRANGERS {
                return None;
            }
        }
        Some(numbers)
    }

    /// Draws a configuration: its energy and its atoms of every reservoir species.
    fn configuration(&self, thermal: &Thermal, numbers: &[Vec<f64>], random: &mut ChaCha8Rng) -> (f64, Vec<u16>) {
        let counts: Vec<u16> = numbers.iter().map(|running| draw(running, random) as u16).collect();
        let mut energy = 0.0;
        for (k, &n) in counts.iter().chain(&self.fixed).enumerate() {
            for _ in 0..n {
                energy += self.energies[k][draw(&thermal.cumulative[k], random)];
            }
        }
        (energy, counts)
    }
}

/// Draws an index from running sums of weights.
fn draw(running: &[f64], random: &mut ChaCha8Rng) -> usize {
    let at = random.random::<f64>() * running.last().copied().unwrap_or(0.0);
    running.partition_point(|&w| w <= at).min(running.len().saturating_sub(1))
}

/// Well-spread points of the cell.
///
/// Source: the additive recurrence of M. Roberts (2018), which fills the unit cube evenly.
fn points(system: &System, n: usize) -> Vec<DVec3> {
    // The real root of g⁴ = g + 1.
    const G: f64 = 1.220_744_084_605_759_5;
    let step = DVec3::new(1.0 / G, 1.0 / (G * G), 1.0 / (G * G * G));
    let unit = |k: usize| (DVec3::splat(0.5) + step * k as f64).fract();
    (0..n).map(|k| DVec3::new(0.0, 0.0, system.cell.floor) + unit(k) * system.cell.lengths).collect()
}

/// Energies of one atom in the frozen slab and the external fields at the given points.
fn one_atom_energies(system: &System, shifts: &[DVec3], species: usize, points: &[DVec3]) -> Vec<f64> {
    points
        .iter()
        .map(|&r| {
            let mut energy: f64 = system.external[species].iter().map(|f| f.energy_force(r).0).sum();
            for (&atom, &kind) in system.frozen.positions.iter().zip(&system.frozen.species) {
                let nearest = system.cell.minimum_image(r - atom);
                let images = shifts
                    .iter()
                    .map(|&s| system.pairs.pair(species as u8, kind).energy((nearest + s).length_squared()));
                energy += images.sum::<f64>();
            }
            energy
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn of(text: &str) -> Vec<AxisExchange> {
        let loaded = crate::input::scene::parse(text, Path::new("x.ron")).unwrap_or_else(|e| panic!("{e}"));
        exchange(&mut Model::new(&loaded), &loaded.grid())
    }

    /// P(N) of a Poisson distribution.
    fn poisson(lambda: f64, n: u32) -> f64 {
        (1..=n).fold((-lambda).exp(), |p, k| p * lambda / f64::from(k))
    }

    #[test]
    fn an_ideal_gas_exchanges_as_two_poisson_distributions_do() {
        let text = include_str!("../../../scenes/ideal_gas.ron")
            .replace("List([0.90, 1.00, 1.10])", "List([1.0])")
            .replace("Linear(from: -5.0, to: -4.0, n: 5)", "List([-5.0, -4.5])");
        let axes = of(&text);
        assert_eq!((axes.len(), axes[0].axis.as_str(), axes[0].estimated), (1, "mu_B", 1));
        let (a, b) = (1000.0 * (-5.0_f64).exp(), 1000.0 * (-4.5_f64).exp());
        let mut expected = 0.0;
        for i in 0..60 {
            for j in 0..60 {
                let ln_acc = -0.5 * (f64::from(j) - f64::from(i));
                expected += poisson(a, i) * poisson(b, j) * ln_acc.min(0.0).exp();
            }
        }
        let ours = axes[0].mean.unwrap_or(f64::NAN);
        assert!((ours - expected).abs() < 0.05, "{ours} {expected}");
    }

    #[test]
    fn only_dilute_states_of_the_default_scene_can_be_estimated() {
        let axes = of(include_str!("../../../scenes/lj_surface.ron"));
        assert_eq!(axes.iter().map(|a| a.edges).collect::<Vec<_>>(), [6 * 14, 7 * 13, 6 * 13, 6 * 13]);
        for axis in axes {
            assert!(axis.estimated > 0 && axis.estimated < axis.edges, "{axis:?}");
            assert!(axis.lowest.is_some_and(|l| l > 0.0 && l <= 1.0));
        }
    }

    #[test]
    fn the_one_atom_partition_sum_of_the_reference_slab_is_right() {
        // Henry constant of the wide reference slab: Q1 at T = 1, epsilon_AB = 1, height 6.
        let text = include_str!("../../../scenes/lj_surface.ron")
            .replace("epsilon: 1.5, sigma: 1.0", "epsilon: 1.0, sigma: 1.0")
            .replace("List([0.24, 0.30, 0.36, 0.43, 0.51, 0.62, 0.76])", "List([1.0])");
        let loaded = crate::input::scene::parse(&text, Path::new("x.ron")).unwrap_or_else(|e| panic!("{e}"));
        let q = Model::new(&loaded).thermal(1.0).ln_q[0].exp();
        assert!((q / 532.358_6 - 1.0).abs() < 0.02, "{q}");
    }
}
