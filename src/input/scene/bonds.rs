//! Hosts of a scene about which atoms are inserted: the top layer of the slab at the start.

use super::CheckedScene;
use super::compile::species_index;
use super::grammar::{Insertion, Substrate};
use crate::system::bonds::{Bonds, SlabSite};
use crate::system::cell::Cell;
use crate::system::insertion::{SHARES, shares_of};
use glam::DVec3;

/// A host is bonded to atoms closer than this share of the shortest distance in the slab.
const BONDED: f64 = 1.17;
/// A gap in z of this share of the shortest distance ends the top layer, unless the scene says where it ends.
const LAYER_GAP: f64 = 0.35;

/// Atoms of the hosts' species in the slab of a scene, and which of them are hosts.
pub(crate) struct HostAtoms {
    /// Where each stands: `[n_atoms]`.
    atoms: Vec<(SlabSite, DVec3)>,
    /// Lowest z of the top layer \[length\]
    top: f64,
    /// Distance below which they are bonded, unless the scene gives one \[length\]
    pub(crate) reach: f64,
}

impl HostAtoms {
    /// Those of a species; `None` where the slab has none. An atom alone is bonded to none.
    pub(crate) fn new(loaded: &CheckedScene, species: usize) -> Option<HostAtoms> {
        let cell = loaded.cell();
        let mut atoms = Vec::new();
        let mut slot = 0;
        for atom in &loaded.slab.atoms {
            let position = cell.wrap(atom.position);
            if atom.species == species {
                let site = if atom.mobile { SlabSite::Mobile(slot) } else { SlabSite::Frozen(position) };
                atoms.push((site, position));
            }
            slot += usize::from(atom.mobile);
        }
        if atoms.is_empty() {
            return None;
        }
        let shortest = shortest_distance(&cell, &atoms).unwrap_or(0.0);
        let mut heights: Vec<f64> = atoms.iter().map(|(_, p)| p.z).collect();
        heights.sort_by(|a, b| b.total_cmp(a));
        let gap = heights.windows(2).find(|z| z[0] - z[1] > LAYER_GAP * shortest);
        let top = match loaded.scene.substrate {
            Some(Substrate::File { top: Some(top), .. }) => top,
            _ => gap.map_or(f64::NEG_INFINITY, |z| z[0]),
        };
        Some(HostAtoms { atoms, top, reach: BONDED * shortest })
    }

    /// Hosts: those of the top layer.
    pub(crate) fn hosts(&self) -> impl Iterator<Item = SlabSite> {
        self.atoms.iter().filter(|(_, p)| p.z >= self.top).map(|(site, _)| *site)
    }

    /// Those below it.
    pub(crate) fn buried(&self) -> impl Iterator<Item = SlabSite> {
        self.atoms.iter().filter(|(_, p)| p.z < self.top).map(|(site, _)| *site)
    }
}

fn shortest_distance(cell: &Cell, atoms: &[(SlabSite, DVec3)]) -> Option<f64> {
    let others = |i: usize| atoms[i + 1..].iter().map(move |(_, q)| cell.minimum_image(*q - atoms[i].1).length());
    (0..atoms.len()).flat_map(others).reduce(f64::min).filter(|&d| d > 0.0)
}

/// How a scene inserts about hosts; `None` where it does not.
///
/// - `volumes`: `[n_reservoirs]`, V_in \[length³\]
pub(super) fn bonds(loaded: &CheckedScene, volumes: Vec<f64>) -> Option<Bonds> {
    let Insertion::Bonds { hosts, shell, cap, shares, neighbours } = &loaded.scene.moves.insertion else { return None };
    let atoms = HostAtoms::new(loaded, usize::from(species_index(&loaded.scene, hosts)))?;
    let (half_shells, caps) = (shares_of(shares.1), shares_of(shares.2));
    Some(Bonds {
        cell: loaded.cell(),
        hosts: atoms.hosts().collect(),
        partners: atoms.atoms.iter().map(|(site, _)| *site).collect(),
        shell: [shell.0, shell.1],
        cap: cap.to_radians().cos(),
        reach: neighbours.unwrap_or(atoms.reach),
        // Rounding of the two must not take what is uniform.
        shares: [half_shells, caps.min(SHARES - half_shells)],
        volumes,
    })
}
