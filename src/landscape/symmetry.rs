//! Symmetry operations of the frozen slab and the cell, and images of configurations under them.

use crate::system::System;
use crate::system::cell::Cell;
use crate::system::configuration::Configuration;
use glam::{DMat2, DVec2, DVec3};

/// A map of the plane: x → linear · x + shift; z stays.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Operation {
    /// Rotation or mirror.
    pub linear: DMat2,
    /// \[length\]
    pub shift: DVec2,
}

impl Operation {
    /// The identity.
    pub const IDENTITY: Operation = Operation { linear: DMat2::IDENTITY, shift: DVec2::ZERO };

    /// The image of a position, wrapped.
    pub fn apply(&self, system: &System, position: DVec3) -> DVec3 {
        let plane = self.linear * position.truncate() + self.shift;
        system.cell.wrap(plane.extend(position.z))
    }
}

/// All operations that map the frozen atoms onto frozen atoms of the same species: lattice translations, and the mirrors
/// and rotations that the periodic cell allows (multiples of 90° in a square cell, of 180° in a rectangular one; in an
/// oblique one those that map its lattice onto itself, such as multiples of 60° in a hexagonal one). Only
/// the identity without frozen atoms: what is then equivalent is not a countable set.
///
/// - `tolerance`: \[length\]
pub fn operations(system: &System, tolerance: f64) -> Vec<Operation> {
    let frozen = &system.frozen;
    if frozen.positions.is_empty() {
        return vec![Operation::IDENTITY];
    }
    let mut linear = if system.cell.is_oblique() { of_lattice(&system.cell, tolerance) } else { Vec::new() };
    let rectangular = [(1.0, 1.0), (-1.0, 1.0), (1.0, -1.0), (-1.0, -1.0)];
    if linear.is_empty() {
        linear = rectangular.iter().map(|&(a, b)| DMat2::from_cols(DVec2::new(a, 0.0), DVec2::new(0.0, b))).collect();
    }
    if !system.cell.is_oblique() && (system.cell.lengths.x - system.cell.lengths.y).abs() <= tolerance {
        linear.extend(rectangular.map(|(a, b)| DMat2::from_cols(DVec2::new(0.0, a), DVec2::new(b, 0.0))));
    }
    // Atoms of one plane and species map among each other; the smallest such set gives the fewest candidates.
    let alike = |i: usize| {
        let (p, s) = (frozen.positions[i], frozen.species[i]);
        (0..frozen.positions.len())
            .filter(|&j| frozen.species[j] == s && (frozen.positions[j].z - p.z).abs() <= tolerance)
            .collect::<Vec<usize>>()
    };
    let class = (0..frozen.positions.len()).map(alike).min_by_key(Vec::len).unwrap_or_default();
    let mut found: Vec<Operation> = Vec::new();
    for &linear in &linear {
        for &target in &class {
            let shift =
                (frozen.positions[target] - (linear * frozen.positions[class[0]].truncate()).extend(0.0)).truncate();
            let operation = Operation { linear, shift };
            let images: Vec<DVec3> = frozen.positions.iter().map(|&p| operation.apply(system, p)).collect();
            if same_places(system, &images, &frozen.species, &frozen.positions, &frozen.species, tolerance) {
                found.push(operation);
            }
        }
    }
    found
}

/// Mirrors and rotations that map an oblique lattice onto itself: those that keep the lengths of a₁ and a₂ and the angle
/// between them. Their images are among the shortest vectors of the lattice, because it is reduced.
fn of_lattice(cell: &Cell, tolerance: f64) -> Vec<DMat2> {
    let [a, b, _] = cell.vectors().map(DVec3::truncate);
    let from = DMat2::from_cols(a, b);
    let short = (-2..=2).flat_map(|i| (-2..=2).map(move |j| f64::from(i) * a + f64::from(j) * b));
    let like = |of: DVec2| short.clone().filter(move |v| (v.length() - of.length()).abs() <= tolerance);
    let keeps_angle = |&(v, w): &(DVec2, DVec2)| (v.dot(w) - a.dot(b)).abs() <= tolerance * (a.length() + b.length());
    like(a)
        .flat_map(|v| like(b).map(move |w| (v, w)))
        .filter(keeps_angle)
        .map(|(v, w)| DMat2::from_cols(v, w) * from.inverse())
        .collect()
}

/// Whether two sets of atoms are the same, in any order.
fn same_places(system: &System, a: &[DVec3], species_a: &[u8], b: &[DVec3], species_b: &[u8], tolerance: f64) -> bool {
    let near = |p: DVec3, q: DVec3| system.cell.minimum_image(p - q).length() <= tolerance;
    a.len() == b.len()
        && a.iter().zip(species_a).all(|(&p, s)| b.iter().zip(species_b).any(|(&q, t)| s == t && near(p, q)))
}

/// Whether an operation maps one configuration onto another.
///
/// - `tolerance`: \[length\], well below the distance of atoms
pub fn maps(system: &System, operation: &Operation, a: &Configuration, b: &Configuration, tolerance: f64) -> bool {
    let images: Vec<DVec3> = a.positions.iter().map(|&p| operation.apply(system, p)).collect();
    same_places(system, &images, &a.species, &b.positions, &b.species, tolerance)
}

/// Number of distinct images of a configuration: operations over those that leave it as it is.
pub fn images(system: &System, operations: &[Operation], x: &Configuration, tolerance: f64) -> usize {
    let keep = operations.iter().filter(|o| maps(system, o, x, x, tolerance)).count();
    operations.len() / keep.max(1)
}
