//! The moments of many states, which all have as many samples: added state beside state.

use super::{Blocking, Level, Moments, n_levels};
use crate::sampler::SHARED;
use crate::system::System;
use crate::system::configuration::{MAX_SPECIES, Measurement};
use rayon::prelude::*;

/// Cycles whose samples are added at once: thousands of moments do not stay in the caches from one cycle to the next, and fetching
/// them takes longer than adding.
const WAITING: usize = 8;

/// States side by side.
const LANES: usize = 32;

/// One number of every state of a tile.
type Row = [f64; LANES];

/// The moments of many states. Samples of a few cycles wait.
#[derive(Debug)]
pub(in crate::sampler) struct MomentsOfStates {
    n_states: usize,
    /// `[n_reservoirs]`
    max_atoms: Vec<u16>,
    /// Samples of every state that are added.
    samples: u64,
    tiles: Vec<Tile>,
    /// `[cycles that wait][n_states]`
    energies: Vec<f64>,
    /// `[cycles that wait][n_states][n_reservoirs]`
    counts: Vec<u16>,
}

/// The moments of [`LANES`] states; the last tile may have more lanes than states.
#[derive(Debug, Clone)]
struct Tile {
    /// `[1 + n_reservoirs]`
    mean: Vec<Row>,
    /// `[(1 + n_reservoirs)²]`
    products: Vec<Row>,
    /// `[n_reservoirs]`
    at_max: Vec<[u64; LANES]>,
    /// `[levels][1 + n_reservoirs]`
    levels: Vec<LevelRows>,
}

/// Blocks of one length. Those of single samples have the mean and the squares of these.
#[derive(Debug, Clone, Copy, Default)]
struct LevelRows {
    /// Where the number of blocks is odd, the last one.
    waiting: Row,
    mean: Row,
    square: Row,
}

impl MomentsOfStates {
    /// Goes on with moments of a system, which all have as many samples.
    pub(in crate::sampler) fn new(all: &[Moments], system: &System) -> MomentsOfStates {
        MomentsOfStates::of_species(all, system.reservoirs.iter().map(|r| r.max_atoms).collect())
    }

    fn of_species(all: &[Moments], max_atoms: Vec<u16>) -> MomentsOfStates {
        let samples = all.first().map_or(0, |moments| moments.samples);
        assert!(all.iter().all(|m| m.is_of(samples, max_atoms.len())), "every cycle has a sample of every state");
        let tile = |states: &[Moments]| Tile::new(states, samples, max_atoms.len());
        let tiles = all.chunks(LANES).map(tile).collect();
        MomentsOfStates { n_states: all.len(), max_atoms, samples, tiles, energies: Vec::new(), counts: Vec::new() }
    }

    /// Adds one cycle.
    ///
    /// - `samples`: `[n_states]`
    pub(in crate::sampler) fn add<'a>(&mut self, samples: impl Iterator<Item = &'a Measurement>) {
        for m in samples {
            self.energies.push(m.energy);
            self.counts.extend_from_slice(&m.counts);
        }
        if self.energies.len() >= WAITING * self.n_states {
            let (energies, counts) = (&self.energies, &self.counts);
            let (samples, n_states, max_atoms) = (self.samples, self.n_states, &self.max_atoms);
            let settle = |(index, tile): (usize, &mut Tile)| {
                let cycles = energies.chunks(n_states).zip(of_cycles(counts, n_states, max_atoms.len()));
                for (cycle, (energies, counts)) in cycles.enumerate() {
                    tile.add(index * LANES, samples + cycle as u64 + 1, energies, counts, max_atoms);
                }
            };
            self.tiles.par_iter_mut().enumerate().with_min_len(SHARED / LANES).for_each(settle);
            self.samples += (energies.len() / n_states.max(1)) as u64;
            self.energies.clear();
            self.counts.clear();
        }
    }

    /// Those of one state.
    pub(in crate::sampler) fn of(&self, state: usize) -> Moments {
        let (tile, n_reservoirs) = (&self.tiles[state / LANES], self.max_atoms.len());
        let mut moments = tile.of(state % LANES, self.samples);
        let cycles = self.energies.chunks(self.n_states).zip(of_cycles(&self.counts, self.n_states, n_reservoirs));
        for (energies, counts) in cycles {
            moments.add(energies[state], &counts[state * n_reservoirs..][..n_reservoirs], &self.max_atoms);
        }
        moments
    }

    /// All of them. `[n_states]`
    pub(in crate::sampler) fn all(&self) -> Vec<Moments> {
        (0..self.n_states).map(|state| self.of(state)).collect()
    }
}

/// The counts of every cycle in turn, `[n_states][n_reservoirs]`; empty ones for ever where no species has a reservoir.
fn of_cycles(counts: &[u16], n_states: usize, n_reservoirs: usize) -> impl Iterator<Item = &[u16]> {
    (0..).map(move |cycle: usize| counts.get(cycle * n_states * n_reservoirs..).unwrap_or(&[]))
}

impl Tile {
    fn new(states: &[Moments], samples: u64, n_reservoirs: usize) -> Tile {
        let (d, n_levels) = (1 + n_reservoirs, n_levels(samples));
        let row =
            |of: &dyn Fn(&Moments) -> f64| -> Row { std::array::from_fn(|lane| states.get(lane).map_or(0.0, of)) };
        let level = |depth: usize, k: usize| LevelRows {
            waiting: row(&|m| m.blocks[k].levels[depth].waiting.unwrap_or(0.0)),
            mean: row(&|m| m.blocks[k].levels[depth].mean),
            square: row(&|m| m.blocks[k].levels[depth].square),
        };
        Tile {
            mean: (0..d).map(|k| row(&|m| m.mean[k])).collect(),
            products: (0..d * d).map(|k| row(&|m| m.products[k])).collect(),
            at_max: (0..n_reservoirs)
                .map(|s| std::array::from_fn(|lane| states.get(lane).map_or(0, |m| m.at_max[s])))
                .collect(),
            levels: (0..n_levels * d).map(|place| level(place / d, place % d)).collect(),
        }
    }

    /// Adds one cycle: [`Moments::add`] of every state, to the bit.
    ///
    /// - `first`: the state of the first lane
    /// - `samples`: of every state, with this one
    /// - `energies`, `counts`: `[n_states]`, `[n_states][n_reservoirs]`
    fn add(&mut self, first: usize, samples: u64, energies: &[f64], counts: &[u16], max_atoms: &[u16]) {
        let (d, lanes) = (self.mean.len(), LANES.min(energies.len() - first));
        let (mut values, mut before) = ([[0.0; LANES]; 1 + MAX_SPECIES], [[0.0; LANES]; 1 + MAX_SPECIES]);
        values[0][..lanes].copy_from_slice(&energies[first..first + lanes]);
        for (s, (max, at_max)) in max_atoms.iter().zip(&mut self.at_max).enumerate() {
            for lane in 0..lanes {
                let n = counts[(first + lane) * max_atoms.len() + s];
                values[1 + s][lane] = f64::from(n);
                at_max[lane] += u64::from(n == *max);
            }
        }
        for k in 0..d {
            for lane in 0..LANES {
                before[k][lane] = values[k][lane] - self.mean[k][lane];
                self.mean[k][lane] += before[k][lane] / samples as f64;
            }
        }
        for k in 0..d {
            for l in 0..d {
                let products = &mut self.products[k * d + l];
                for lane in 0..LANES {
                    products[lane] += before[k][lane] * (values[l][lane] - self.mean[l][lane]);
                }
            }
        }
        self.levels.resize_with(n_levels(samples) * d, LevelRows::default);
        for depth in 0..n_levels(samples) {
            let blocks = samples >> depth;
            let levels = &mut self.levels[depth * d..(depth + 1) * d];
            for (level, value) in levels.iter_mut().zip(&mut values) {
                level.add(value, blocks, depth > 0);
            }
            if !blocks.is_multiple_of(2) {
                break;
            }
        }
    }

    /// The moments of one lane.
    fn of(&self, lane: usize, samples: u64) -> Moments {
        let d = self.mean.len();
        let level = |k: usize, depth: usize| {
            let (rows, blocks) = (&self.levels[depth * d + k], samples >> depth);
            let (mean, square) =
                if depth == 0 { (&self.mean[k], &self.products[k * d + k]) } else { (&rows.mean, &rows.square) };
            let waiting = (!blocks.is_multiple_of(2)).then_some(rows.waiting[lane]);
            Level { waiting, blocks, mean: mean[lane], square: square[lane] }
        };
        Moments {
            samples,
            mean: self.mean.iter().map(|row| row[lane]).collect(),
            products: self.products.iter().map(|row| row[lane]).collect(),
            at_max: self.at_max.iter().map(|row| row[lane]).collect(),
            blocks: (0..d)
                .map(|k| Blocking { levels: (0..n_levels(samples)).map(|depth| level(k, depth)).collect() })
                .collect(),
        }
    }
}

impl LevelRows {
    /// Adds a block, and replaces it by the mean of the pair that it completes, if it does.
    ///
    /// - `blocks`: with this one
    /// - `sums`: whether mean and squares are kept here
    fn add(&mut self, value: &mut Row, blocks: u64, sums: bool) {
        if sums {
            for lane in 0..LANES {
                let before = value[lane] - self.mean[lane];
                self.mean[lane] += before / blocks as f64;
                self.square[lane] += before * (value[lane] - self.mean[lane]);
            }
        }
        if blocks.is_multiple_of(2) {
            for lane in 0..LANES {
                value[lane] = 0.5 * (self.waiting[lane] + value[lane]);
            }
        } else {
            self.waiting = *value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::{Rng, Stream};

    #[test]
    fn states_side_by_side_have_the_moments_that_each_has_alone() {
        let rng = Rng::new(5);
        for (n_states, max_atoms) in [(3, vec![4]), (LANES + 5, vec![4, 2]), (2, vec![])] {
            let sample = |cycle: u64, state: usize| {
                let [a, b, c, d] = rng.uniforms(Stream::Thermostat, cycle, state as u32, 0);
                let counts = [5.0 * b, 3.0 * c].map(|x| x as u16);
                Measurement { energy: a - 3.0 * d, counts: counts.into_iter().take(max_atoms.len()).collect() }
            };
            let mut alone = vec![Moments::new(max_atoms.len()); n_states];
            let mut together = MomentsOfStates::of_species(&alone, max_atoms.clone());
            for cycle in 0..85 {
                let samples: Vec<Measurement> = (0..n_states).map(|state| sample(cycle, state)).collect();
                together.add(samples.iter());
                alone.iter_mut().zip(&samples).for_each(|(moments, m)| moments.add(m.energy, &m.counts, &max_atoms));
                assert_eq!(together.all(), alone, "cycle {cycle}");
                if cycle % 29 == 28 {
                    // saved and resumed, whether samples wait or not
                    together = MomentsOfStates::of_species(&together.all(), max_atoms.clone());
                }
            }
        }
    }

    #[test]
    fn moments_of_another_number_of_samples_are_noticed() {
        let (mut one, two) = (Moments::new(1), Moments::new(1));
        assert!(one.is_of(0, 1) && !one.is_of(0, 2) && !one.is_of(1, 1));
        (0..5).for_each(|k| one.add(f64::from(k), &[1], &[2]));
        assert!(one.is_of(5, 1) && !two.is_of(5, 1));
        let mut short = one.clone();
        short.blocks[1].levels.pop();
        assert!(!short.is_of(5, 1));
        let mut lost = one.clone();
        lost.blocks[0].levels[0].waiting = None;
        assert!(!lost.is_of(5, 1));
    }
}
