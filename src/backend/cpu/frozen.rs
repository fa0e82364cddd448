//! Frozen atoms, stored once for all replicas.

use super::pair::{Geometry, Spot, Strengths, chunks};
use crate::potential::LANES;
use crate::system::System;

/// The frozen slab, sorted from its top downwards.
#[derive(Debug, Clone, Default)]
pub(super) struct Frozen {
    /// `[chunks]`, positions on the grid.
    pub(super) row: Vec<Spot>,
    /// `[n_species][chunks]`, a mobile species with every frozen atom.
    pub(super) strengths: Vec<Strengths>,
    /// `[n_frozen]`, species in that order.
    pub(super) species: Vec<u8>,
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
            strengths: mobile.iter().map(|&m| Strengths::new(&system.pairs, if m { room } else { 0 })).collect(),
            species: order.iter().map(|&atom| species[atom]).collect(),
        };
        for (slot, &atom) in order.iter().enumerate() {
            frozen.row[slot / LANES].set(slot % LANES, g.grid(positions[atom]));
            for (own, strengths) in frozen.strengths.iter_mut().enumerate().filter(|&(s, _)| mobile[s]) {
                strengths.set(slot / LANES, slot % LANES, &system.pairs, own as u8, species[atom]);
            }
        }
        frozen
    }
}
