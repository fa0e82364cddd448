//! Questions that several checks and the engine ask of a scene.

use super::grammar::{AxisValues, CellSpec, Initial, Mixing, Pair, Potential, Scene, Walkers};

/// Parameters of one pair of species.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairParameters {
    /// Well depth [energy]; 0 = no interaction.
    pub epsilon: f64,
    /// Zero crossing [length].
    pub sigma: f64,
}

impl Scene {
    /// Index of the species with this name.
    pub fn species_index(&self, name: &str) -> Option<usize> {
        self.species.iter().position(|s| s.name == name)
    }

    /// The pairs as listed.
    pub fn pairs(&self) -> &[Pair] {
        let Potential::LennardJones { pairs, .. } = &self.potential;
        pairs
    }

    /// The cutoff [length].
    pub fn cutoff(&self) -> f64 {
        let Potential::LennardJones { cutoff, .. } = self.potential;
        cutoff
    }

    /// Parameters of the pair of species `a` and `b`: as listed, else by the mixing rule, else `None`.
    ///
    /// - `a`, `b`: indices into `species`, in either order
    pub fn pair(&self, a: usize, b: usize) -> Option<PairParameters> {
        let Potential::LennardJones { mixing, .. } = &self.potential;
        let listed = |a: &str, b: &str| {
            let is_it = |p: &&Pair| (p.between.0 == a && p.between.1 == b) || (p.between.0 == b && p.between.1 == a);
            self.pairs().iter().find(is_it).map(|p| PairParameters { epsilon: p.epsilon, sigma: p.sigma })
        };
        let (a, b) = (&self.species.get(a)?.name, &self.species.get(b)?.name);
        listed(a, b).or_else(|| match mixing {
            Some(Mixing::LorentzBerthelot) => {
                let (aa, bb) = (listed(a, a)?, listed(b, b)?);
                let epsilon = (aa.epsilon * bb.epsilon).sqrt();
                Some(PairParameters { epsilon, sigma: 0.5 * (aa.sigma + bb.sigma) })
            }
            None => None,
        })
    }

    /// Whether the cell is periodic in z as well.
    pub fn is_bulk(&self) -> bool {
        matches!(self.cell, CellSpec::Bulk { .. })
    }

    /// Index into `reservoir` of the species with this name.
    pub fn reservoir_index(&self, name: &str) -> Option<usize> {
        self.reservoir.iter().position(|r| r.species == name)
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

    /// Periods of the cell that are periodic, each with the name of its direction [length].
    ///
    /// For slabs only if `lengths` is filled in.
    pub(crate) fn periods(&self) -> Vec<(&'static str, f64)> {
        match self.cell {
            CellSpec::Slab { lengths: Some((x, y)), .. } => vec![("x", x), ("y", y)],
            CellSpec::Slab { lengths: None, .. } => Vec::new(),
            CellSpec::Bulk { lengths: (x, y, z) } => vec![("x", x), ("y", y), ("z", z)],
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
