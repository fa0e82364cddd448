//! Hosts: the atoms of the top layer of the slab, by identity, and what else of the slab is of their kind.
//!
//! They are those that stand in the top layer when a run starts; they keep their slots, so they are known whatever happens to
//! the surface.

use super::Adsorbed;
use glam::DVec3;

/// The top layer of a slab as it stands at the start, of the species of its highest atom.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Hosts {
    /// Slots of its mobile atoms.
    pub slots: Vec<usize>,
    /// Positions of its frozen atoms. \[length\]
    pub fixed: Vec<DVec3>,
    /// Slots of mobile atoms below it that are of its species.
    pub buried_slots: Vec<usize>,
    /// Positions of frozen atoms below it that are of its species. \[length\]
    pub buried: Vec<DVec3>,
}

impl Hosts {
    /// How many.
    pub fn len(&self) -> usize {
        self.slots.len() + self.fixed.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<'a> Adsorbed<'a> {
    /// Positions of the top layer of the slab, mobile atoms first. `[n_hosts]` \[length\]
    pub fn hosts(&self) -> impl Iterator<Item = DVec3> + use<'a> {
        let (slab, hosts) = (self.slab, self.all_hosts);
        hosts.slots.iter().map(|&slot| slab[slot]).chain(hosts.fixed.iter().copied())
    }

    /// The same, and all other atoms of the slab that are of its species. \[length\]
    pub fn hosts_and_their_kind(&self) -> impl Iterator<Item = DVec3> + use<'a> {
        let (slab, hosts) = (self.slab, self.all_hosts);
        let buried = hosts.buried_slots.iter().map(|&slot| slab[slot]).chain(hosts.buried.iter().copied());
        self.hosts().chain(buried)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::geometry::Adsorbate;
    use super::super::{Adsorbed, Geometry};
    use super::*;
    use crate::system::cell::Cell;
    use crate::system::configuration::Configuration;

    /// Two dimers of species 0 along y, a row of two along x in a cell of 7.68, mobile; a frozen atom of their kind and one of
    /// another below them; species 1 is adsorbed. With the positions of the four.
    ///
    /// - `heights`: of the four atoms
    pub(crate) fn dimers(heights: [f64; 4]) -> (Geometry, Vec<DVec3>) {
        let at = |k: usize| DVec3::new([0.0, 3.84][k / 2], [0.72, 3.12][k % 2], heights[k]);
        let geometry = Geometry {
            cell: Cell::slab(DVec3::new(7.68, 7.68, 12.0), -4.0),
            lattice: None,
            n_slab: 4,
            adsorbates: vec![Adsorbate { species: 1, name: "D".into(), sigma: 1.0, layer_top: None }],
            sigma: vec![1.0; 4],
            names: vec!["Si".into(), "D".into()],
            frozen: vec![(0, DVec3::new(1.92, 1.92, -2.7)), (1, DVec3::new(0.0, 0.0, -3.9))],
            hosts: Hosts { slots: vec![0, 1, 2, 3], buried: vec![DVec3::new(1.92, 1.92, -2.7)], ..Hosts::default() },
        };
        (geometry, (0..4).map(at).collect())
    }

    /// A configuration of these slab atoms and of adsorbed ones.
    pub(crate) fn with_adsorbed(slab: &[DVec3], adsorbed: &[DVec3]) -> Configuration {
        let mut x = Configuration::default();
        slab.iter().for_each(|&r| x.insert(0, r, DVec3::ZERO));
        adsorbed.iter().for_each(|&r| x.insert(1, r, DVec3::ZERO));
        x
    }

    #[test]
    fn hosts_follow_their_slots_and_fixed_ones_stay() {
        let (mut geometry, mut slab) = dimers([0.0; 4]);
        geometry.hosts = Hosts { slots: vec![1, 3], fixed: vec![DVec3::X], ..geometry.hosts };
        slab[3].z = 1.0;
        let x = with_adsorbed(&slab, &[]);
        let atoms = Adsorbed::of(&geometry, &x);
        assert_eq!(atoms.hosts().collect::<Vec<_>>(), [slab[1], slab[3], DVec3::X]);
        assert_eq!(atoms.hosts_and_their_kind().count(), 4);
        assert_eq!((geometry.hosts.len(), geometry.hosts.is_empty(), Hosts::default().is_empty()), (3, false, true));
    }
}
