//! Atoms as the kernels read them: rounded to f32 without leaving their cell, frozen ones in groups.

use super::layout::{FrozenGroup, MAX_GROUPS};
use crate::system::System;

/// Thickness of a group of frozen atoms, as a fraction of r_c: layers of a crystal fall apart into groups.
const GROUP_THICKNESS: f64 = 0.2;

/// The smallest f32 that is not below `x`.
pub(super) fn not_below(x: f64) -> f32 {
    let nearest = x as f32;
    if f64::from(nearest) < x { nearest.next_up() } else { nearest }
}

/// The largest f32 that is not above `x`.
pub(super) fn not_above(x: f64) -> f32 {
    let nearest = x as f32;
    if f64::from(nearest) > x { nearest.next_down() } else { nearest }
}

/// Frozen atoms sorted by species and height, with the groups they form.
///
/// - returns: `[n_frozen]` positions \[length\], w = species; the groups
pub(super) fn frozen_atoms(system: &System) -> (Vec<[f32; 4]>, Vec<FrozenGroup>) {
    let mut atoms: Vec<[f32; 4]> = system
        .frozen
        .positions
        .iter()
        .zip(&system.frozen.species)
        .map(|(&position, &species)| atom_record(system, position, species))
        .collect();
    atoms.sort_by(|a, b| a[3].total_cmp(&b[3]).then(b[2].total_cmp(&a[2])));
    let mut thickness = GROUP_THICKNESS * system.pairs.r_cut;
    let mut groups = grouped(&atoms, thickness);
    while groups.len() > MAX_GROUPS {
        thickness *= 2.0;
        groups = grouped(&atoms, thickness);
    }
    if system.cell.periodic_z {
        for group in &mut groups {
            (group.z_low, group.z_high) = (f32::MIN, f32::MAX);
        }
    }
    (atoms, groups)
}

fn grouped(atoms: &[[f32; 4]], thickness: f64) -> Vec<FrozenGroup> {
    let mut groups: Vec<FrozenGroup> = Vec::new();
    for (k, atom) in atoms.iter().enumerate() {
        let (species, z, last) = (atom[3] as u32, atom[2], k as u32 + 1);
        match groups.last_mut() {
            Some(group) if group.species == species && f64::from(group.z_high - z) <= thickness => {
                (group.last, group.z_low) = (last, z);
            }
            _ => groups.push(FrozenGroup {
                first: k as u32,
                last,
                species,
                z_low: z,
                z_high: z,
                ..FrozenGroup::default()
            }),
        }
    }
    groups
}

/// A position in f32, still inside the first period; w = species.
pub(super) fn atom_record(system: &System, position: glam::DVec3, species: u8) -> [f32; 4] {
    let (mut p, lengths) = (position.to_array(), system.cell.lengths.to_array());
    if system.cell.is_oblique() && p[1] as f32 >= lengths[1] as f32 {
        // rounded into the next row
        p = system.cell.wrap(position.with_y(lengths[1])).to_array();
    }
    let periodic = [true, true, system.cell.periodic_z];
    let mut record = [0.0, 0.0, 0.0, f32::from(species)];
    for d in 0..3 {
        let x = p[d] as f32;
        record[d] = if periodic[d] && x >= lengths[d] as f32 { 0.0 } else { x };
    }
    record
}

/// Keeps the z of a mobile atom between the walls after it was rounded to f32.
pub(super) fn inside_walls(system: &System, mut atom: [f32; 4]) -> [f32; 4] {
    if !system.cell.periodic_z {
        let (floor, ceiling) = (system.cell.floor, system.cell.ceiling());
        let z = f64::from(atom[2]);
        if z < floor && (floor - z) < 1e-6 * (1.0 + floor.abs()) {
            atom[2] = not_below(floor);
        } else if z > ceiling && (z - ceiling) < 1e-6 * (1.0 + ceiling.abs()) {
            atom[2] = not_above(ceiling);
        }
    }
    atom
}
