//! Tables of insertion of a scene: where one atom alone would be, at every temperature.

use crate::base::error::Result;
use crate::forces::{ForceField, Pairwise};
use crate::input::scene::CheckedScene;
use crate::input::scene::grammar::Insertion;
use crate::potential::ExternalField;
use crate::system::System;
use crate::system::configuration::Configuration;
use crate::system::insertion::{InsertionTables, Voxels, shares_of};
use glam::DVec3;
use rayon::prelude::*;
use std::sync::Arc;

/// Most voxels of a table where the slab repeats itself within the cell: a table is at most 58 kB then.
const VOXELS_OF_A_SURFACE_CELL: usize = 14_400;
/// Most voxels of a table over the whole cell.
const VOXELS_OF_A_CELL: usize = 65_536;
/// Most voxels along z where nothing else matters.
const VOXELS_OF_A_COLUMN: usize = 1024;
/// Most voxels of all tables together: 32 MiB.
const VOXELS: usize = 1 << 23;
/// Points of a voxel along each axis over which e^{−βu} is averaged.
const POINTS: u32 = 2;
/// Sites of two surface cells are the same within this \[fraction of a period\].
const SAME_SITE: f64 = 1e-6;

/// The tables that a scene asks for; `None` where it inserts uniformly.
///
/// Slab atoms stand at their reference sites, mobile ones too; other atoms do not enter. Without a slab and fields a
/// table is uniform.
///
/// # Errors
/// None: pairs and fields always have an energy.
pub(super) fn tables(loaded: &CheckedScene, system: &System) -> Result<Option<InsertionTables>> {
    let Insertion::Biased { henry, trials } = loaded.scene.moves.insertion else { return Ok(None) };
    if system.reservoirs.is_empty() {
        return Ok(None);
    }
    let mut kts: Vec<f64> = Vec::new();
    for state in &loaded.grid().states {
        if !kts.contains(&state.kt) {
            kts.push(state.kt);
        }
    }
    let mut slab = Configuration::default();
    for atom in loaded.slab.mobile() {
        slab.insert(atom.species as u8, system.cell.wrap(atom.position), DVec3::ZERO);
    }
    let force_field = Pairwise::new(Arc::new(system.clone()));
    let most = VOXELS / (kts.len() * system.reservoirs.len());
    let mut voxels = Vec::new();
    // `[n_reservoirs][n_temperatures]`
    let mut weights = Vec::new();
    for (r, region) in system.reservoirs.iter().enumerate() {
        let own = voxels_of(system, &slab, r, most);
        let energies = energies(&force_field, &slab, region.species, &own)?;
        weights.push(kts.iter().map(|&kt| boltzmann_means(&energies, kt)).collect::<Vec<_>>());
        voxels.push(own);
    }
    let densities = (0..kts.len()).flat_map(|t| weights.iter().map(move |of| &of[t][..]));
    let weight = shares_of(henry.unwrap_or(0.0));
    Ok(Some(InsertionTables::new(trials as usize, weight, henry.is_none(), kts, voxels, densities)))
}

/// Voxels as fine as there is room for, over as little of the cell as the slab repeats itself in.
fn voxels_of(system: &System, slab: &Configuration, reservoir: usize, most: usize) -> Voxels {
    let (region, cell) = (&system.reservoirs[reservoir], &system.cell);
    let fields = &system.external[usize::from(region.species)];
    let is_trap = |f: &ExternalField| matches!(f, ExternalField::Harmonic { .. });
    let sites: Vec<(DVec3, u8)> = system
        .frozen
        .positions
        .iter()
        .zip(&system.frozen.species)
        .chain(slab.positions.iter().zip(&slab.species))
        .map(|(&r, &s)| (r, s))
        .filter(|&(_, s)| system.pairs.pair(region.species, s).interacts())
        .collect();
    if sites.is_empty() && !fields.iter().any(is_trap) {
        let nz = if fields.is_empty() { 1 } else { VOXELS_OF_A_COLUMN.min(most) };
        return Voxels::new(cell, region, [1, 1], [1, 1, nz as u32]);
    }
    let repeats =
        if fields.iter().any(is_trap) { [1, 1] } else { [0, 1].map(|axis| system.repeats(axis, &sites, SAME_SITE)) };
    let most = most.min(if repeats == [1, 1] { VOXELS_OF_A_CELL } else { VOXELS_OF_A_SURFACE_CELL });
    let edges =
        [cell.lengths.x / f64::from(repeats[0]), cell.lengths.y / f64::from(repeats[1]), region.z_hi - region.z_lo];
    let mut width = (edges.iter().product::<f64>() / most as f64).cbrt();
    let counts = |width: f64| edges.map(|edge| ((edge / width) as u32).max(1));
    while counts(width).iter().map(|&n| n as usize).product::<usize>() > most {
        width *= 1.1;
    }
    Voxels::new(cell, region, repeats, counts(width))
}

/// Energies of one atom with the slab and the fields at the points of every voxel: `[voxels][points]` \[energy\]
fn energies(force_field: &Pairwise, slab: &Configuration, species: u8, voxels: &Voxels) -> Result<Vec<Vec<f64>>> {
    let along = |k: u32| (f64::from(k) + 0.5) / f64::from(POINTS);
    let of_voxel = |voxel: usize| -> Result<Vec<f64>> {
        (0..POINTS.pow(3))
            .map(|k| {
                let place = DVec3::new(along(k % POINTS), along(k / POINTS % POINTS), along(k / POINTS / POINTS));
                // the first surface cell is as good as any
                let first = DVec3::new(f64::from(voxels.repeats[0]), f64::from(voxels.repeats[1]), 1.0);
                force_field.contact_energy(slab, species, voxels.position(voxel, place / first))
            })
            .collect()
    };
    (0..voxels.len()).into_par_iter().map(of_voxel).collect()
}

/// Mean of e^{−u/kT} of every voxel, in units of its largest term.
fn boltzmann_means(energies: &[Vec<f64>], kt: f64) -> Vec<f64> {
    let lowest = energies.iter().flatten().copied().fold(f64::INFINITY, f64::min);
    let mean = |of: &Vec<f64>| of.iter().map(|u| ((lowest - u) / kt).exp()).sum::<f64>() / of.len() as f64;
    energies.iter().map(mean).collect()
}
