//! Questions that several checks and the engine ask of a scene.

use super::grammar::{AxisValues, CellSpec, Initial, Scene, Walkers, WindowSpec};
use crate::system::cell::Cell;
use glam::DVec3;

impl Scene {
    /// Index of the species with this name.
    pub fn species_index(&self, name: &str) -> Option<usize> {
        self.species.iter().position(|s| s.name == name)
    }

    /// Whether the pair of species `a` and `b` is listed, or follows from those that are.
    ///
    /// - `a`, `b`: indices into `species`, in either order
    pub fn names_pair(&self, a: usize, b: usize) -> bool {
        let pairs = self.potential.pairs();
        let listed = |a: usize, b: usize| {
            let (a, b) = (&self.species[a].name, &self.species[b].name);
            pairs.iter().any(|p| p.is_of(a, b))
        };
        self.potential.has_every_pair()
            || listed(a, b)
            || (self.potential.mixing().is_some() && listed(a, a) && listed(b, b))
    }

    /// Whether the cell is periodic in z as well.
    pub fn is_bulk(&self) -> bool {
        matches!(self.cell, CellSpec::Bulk { .. })
    }

    /// Index into `reservoir` of the species with this name.
    pub fn reservoir_index(&self, name: &str) -> Option<usize> {
        self.reservoir.iter().position(|r| r.species == name)
    }

    /// Temperatures of a window.
    pub fn temperatures_of<'a>(&'a self, window: &'a WindowSpec) -> &'a AxisValues {
        window.temperature.as_ref().unwrap_or(&self.grid.temperature)
    }

    /// Number of states with a window.
    pub fn n_windows(&self) -> usize {
        self.windows.list().iter().map(|w| self.temperatures_of(w).len() * w.replicas as usize).sum()
    }

    /// Entries of `initial` that a walker starts with, each with its index.
    pub fn initial_of(&self, walker: u32) -> impl Iterator<Item = (usize, &Initial)> {
        self.initial.iter().enumerate().filter(move |(_, i)| match i.walkers {
            Walkers::All => true,
            Walkers::Even => walker.is_multiple_of(2),
            Walkers::Odd => !walker.is_multiple_of(2),
        })
    }

    /// One walker of each kind: 0, and 1 if there is more than one.
    pub(crate) fn walker_kinds(&self) -> std::ops::Range<u32> {
        0..self.grid.walkers.min(2)
    }

    /// Periods of the cell, each with its name in a message [length]; of an oblique one its widths in the plane, between
    /// which images lie.
    ///
    /// For slabs only if `lengths` is filled in.
    pub(crate) fn periods(&self) -> Vec<(&'static str, f64)> {
        let cell = self.cell();
        let [x, y] = cell.widths();
        let mut periods = match cell.is_oblique() {
            true => vec![("across the second period", x), ("across the first period", y)],
            false => vec![("in x", x), ("in y", y)],
        };
        if cell.periodic_z {
            periods.push(("in z", cell.lengths.z));
        }
        periods
    }

    /// The cell; lengths and floor must be filled in.
    pub(crate) fn cell(&self) -> Cell {
        match self.cell {
            CellSpec::Slab { height, lengths, tilt, floor, .. } => {
                let (x, y) = lengths.unwrap_or((0.0, 0.0));
                Cell::slab(DVec3::new(x, y, height), floor.unwrap_or(0.0)).tilted(tilt)
            }
            CellSpec::Bulk { lengths: (x, y, z), tilt } => Cell::bulk(DVec3::new(x, y, z)).tilted(tilt),
        }
    }
}

impl AxisValues {
    /// How many values.
    pub fn len(&self) -> usize {
        match self {
            AxisValues::List(values) => values.len(),
            AxisValues::Linear { n, .. } | AxisValues::Geometric { n, .. } => *n as usize,
        }
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values in scene order; both ends of a range are exact.
    pub fn values(&self) -> Vec<f64> {
        let range = |n: u32, from: f64, to: f64, at: &dyn Fn(f64) -> f64| {
            let last = n.saturating_sub(1);
            (0..n)
                .map(|i| match i {
                    0 => from,
                    i if i == last => to,
                    i => at(f64::from(i) / f64::from(last)),
                })
                .collect()
        };
        match *self {
            AxisValues::List(ref values) => values.clone(),
            AxisValues::Linear { from, to, n } => range(n, from, to, &|x| from + (to - from) * x),
            AxisValues::Geometric { from, to, n } => range(n, from, to, &|x| from * (to / from).powf(x)),
        }
    }
}
