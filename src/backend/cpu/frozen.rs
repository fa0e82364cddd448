//! Frozen atoms, stored once for all replicas.

use super::pair::{Geometry, Spot, Strengths, chunks};
use crate::potential::LANES;
use crate::system::System;

/// The frozen slab, sorted from its top downwards so that a kernel can stop where the cutoff ends.
#[derive(Debug, Clone, Default)]
pub(super) struct Frozen {
    /// `[chunks]`, positions on the grid.
    pub(super) row: Vec<Spot>,
    /// `[chunks]`, the highest z in a chunk and all below it.
    top: Vec<f32>,
    /// `[n_species][chunks]`, a mobile species with every frozen atom.
    pub(super) strengths: Vec<Strengths>,
    /// `[n_frozen]`, species in that order.
    pub(super) species: Vec<u8>,
    /// Distance in z beyond which a chunk does not matter: the cutoff, and a little for rounding.
    reach: f32,
}

impl Frozen {
    /// The frozen atoms of a system.
    pub(super) fn new(system: &System, g: &Geometry, mobile: &[bool]) -> Frozen {
        let (positions, species) = (&system.frozen.positions, &system.frozen.species);
        let mut order: Vec<usize> = (0..positions.len()).collect();
        order.sort_by(|&a, &b| positions[b].z.total_cmp(&positions[a].z).then(a.cmp(&b)));
        let room = chunks(order.len());
        let mut frozen = Frozen {
            row: vec![Spot::default(); room],
            top: order.chunks(LANES).map(|c| positions[c[0]].z as f32).collect(),
            strengths: mobile.iter().map(|&m| Strengths::new(&system.pairs, if m { room } else { 0 })).collect(),
            species: order.iter().map(|&atom| species[atom]).collect(),
            reach: 1.000_01 * g.r_cut,
        };
        for (slot, &atom) in order.iter().enumerate() {
            frozen.row[slot / LANES].set(slot % LANES, g.grid(positions[atom]));
            for (own, strengths) in frozen.strengths.iter_mut().enumerate().filter(|&(s, _)| mobile[s]) {
                strengths.set(slot / LANES, slot % LANES, &system.pairs, own as u8, species[atom]);
            }
        }
        frozen
    }

    /// Chunks within reach of an atom at height `z`.
    #[inline(always)]
    pub(super) fn chunks_within(&self, z: f64) -> usize {
        let mut within = 0;
        for &top in &self.top {
            if z as f32 - top > self.reach {
                break;
            }
            within += 1;
        }
        within
    }
}
