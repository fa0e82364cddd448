//! What is simulated: species, interactions, cell, slab and reservoirs, ready for a backend.

pub mod bonds;
pub mod cell;
pub mod configuration;
pub mod dynamics;
pub mod insertion;
pub mod plane;
pub mod slab;

pub use dynamics::Dynamics;

use crate::potential::{ExternalField, Images, PairTable};
use crate::system::bonds::Bonds;
use crate::system::cell::Cell;
use crate::system::configuration::Configuration;
use crate::system::insertion::InsertionTables;
use glam::DVec3;
use std::sync::Arc;

/// Most surface cells along an axis that are looked for.
const MOST_REPEATS: u32 = 64;

/// A species, with its mass in energy·time²/length².
#[derive(Debug, Clone, PartialEq)]
pub struct Species {
    /// Name as in the scene.
    pub name: String,
    /// Chemical symbol.
    pub symbol: String,
    /// [energy·time²/length²]
    pub mass: f64,
}

/// A species whose number fluctuates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reservoir {
    /// Index of the species.
    pub species: u8,
    /// N_max, the same in every state.
    pub max_atoms: u16,
    /// Insertion region: lower z. \[length\]
    pub z_lo: f64,
    /// Insertion region: upper z. \[length\]
    pub z_hi: f64,
    /// V_in of that region. \[length³\]
    pub volume: f64,
}

impl Reservoir {
    /// Whether a position lies in the insertion region.
    #[inline]
    pub fn contains(&self, position: DVec3) -> bool {
        position.z >= self.z_lo && position.z <= self.z_hi
    }
}

/// Atoms that never move, stored once for all replicas.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FrozenAtoms {
    /// Wrapped positions. \[length\]
    pub positions: Vec<DVec3>,
    /// `[n_frozen]`, species index.
    pub species: Vec<u8>,
}

/// The physical system, the same for every replica.
#[derive(Debug, Clone, PartialEq)]
pub struct System {
    /// All species.
    pub species: Vec<Species>,
    /// Pair interactions.
    pub pairs: PairTable,
    /// `[n_species]`, fields on single atoms.
    pub external: Vec<Vec<ExternalField>>,
    /// The cell.
    pub cell: Cell,
    /// How periodic images enter a pair.
    pub images: Images,
    /// The frozen part of the slab.
    pub frozen: FrozenAtoms,
    /// Species that exchange atoms with a reservoir, in scene order.
    pub reservoirs: Vec<Reservoir>,
    /// Tables of insertion; `None` where atoms are inserted uniformly.
    pub insertion: Option<Arc<InsertionTables>>,
    /// How atoms are inserted about atoms of the slab; `None` where they are not.
    pub bonds: Option<Arc<Bonds>>,
    /// Slots per replica: mobile slab atoms, fixed numbers and every N_max.
    pub capacity: usize,
    /// How atoms move.
    pub dynamics: Dynamics,
}

impl System {
    /// Whether the minimum image is all there is: the cutoff fits, or the scene says so.
    pub fn minimum_image_suffices(&self) -> bool {
        self.images == Images::Minimum || self.pairs.r_cut <= 0.5 * self.cell.shortest_period()
    }

    /// Translations over which pair energies are summed when the minimum image does not suffice.
    pub fn image_shifts(&self) -> Vec<DVec3> {
        if self.minimum_image_suffices() { vec![DVec3::ZERO] } else { self.cell.image_shifts(self.pairs.r_cut) }
    }

    /// The largest number of equal parts of the period a₁ or a₂ (`axis` 0 or 1), each of which some sites are repeated in.
    ///
    /// - `same`: sites differ by no more than this \[fraction of a period\]
    pub fn repeats(&self, axis: usize, sites: &[(DVec3, u8)], same: f64) -> u32 {
        let is_same =
            |a: DVec3, b: DVec3| (self.cell.minimum_image(a - b) / self.cell.lengths).abs().max_element() < same;
        let is_repeated = |n: u32| {
            let shift = self.cell.vectors()[axis] / f64::from(n);
            sites.iter().all(|&(r, s)| {
                let moved = self.cell.wrap(r + shift);
                sites.iter().any(|&(other, t)| s == t && is_same(moved, other))
            })
        };
        (2..=MOST_REPEATS).rev().find(|&n| is_repeated(n)).unwrap_or(1)
    }

    /// Whether a position lies in the insertion regions of two reservoir species.
    #[inline]
    pub fn both_contain(&self, reservoir: usize, other: usize, position: DVec3) -> bool {
        self.reservoirs[reservoir].contains(position) && self.reservoirs[other].contains(position)
    }

    /// Change of the tail correction when the number of one species changes by `sign`. \[energy\]
    ///
    /// - `counts`: `[n_species]`, before the change
    pub fn tail_change(&self, counts: &[usize], species: u8, sign: isize) -> f64 {
        if !self.pairs.tail_correction {
            return 0.0;
        }
        let (mut after, volume) = (counts.to_vec(), self.cell.volume());
        after[usize::from(species)] = after[usize::from(species)].saturating_add_signed(sign);
        self.pairs.tail(&after, volume) - self.pairs.tail(counts, volume)
    }

    /// Change of the tail correction when one atom changes its species. \[energy\]
    ///
    /// - `counts`: `[n_species]`, before the change
    pub fn tail_change_of_identity(&self, counts: &[usize], old: u8, new: u8) -> f64 {
        if !self.pairs.tail_correction {
            return 0.0;
        }
        let (mut after, volume) = (counts.to_vec(), self.cell.volume());
        after[usize::from(old)] -= 1;
        after[usize::from(new)] += 1;
        self.pairs.tail(&after, volume) - self.pairs.tail(counts, volume)
    }

    /// The reservoir index of a species, if it has one.
    pub fn reservoir_of(&self, species: u8) -> Option<usize> {
        self.reservoirs.iter().position(|r| r.species == species)
    }

    /// N_s of every reservoir species among `species`. `[n_reservoirs]`
    pub fn counts(&self, species: &[u8]) -> Vec<u16> {
        self.reservoirs.iter().map(|r| species.iter().filter(|&&s| s == r.species).count() as u16).collect()
    }

    /// Asserts that a configuration fits into its slots; only a bug breaks it.
    pub fn assert_fits(&self, configuration: &Configuration) {
        assert!(configuration.len() <= self.capacity, "a replica holds more atoms than it has slots");
        let within = |(&n, max): (&u16, u16)| n <= max;
        let counts = self.counts(&configuration.species);
        assert!(
            counts.iter().zip(self.reservoirs.iter().map(|r| r.max_atoms)).all(within),
            "a replica holds more atoms of a species than its max_atoms"
        );
    }
}
