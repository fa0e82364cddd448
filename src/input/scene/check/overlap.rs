//! Atoms that start on top of each other.

use crate::input::scene::grammar::Scene;
use crate::potential::PairTable;
use crate::system::cell::Cell;
use glam::DVec3;

/// Atoms closer than this part of their σ overlap: the run starts with a relaxation, but not from there.
const OVERLAP: f64 = 0.5;
/// Frozen atoms without a pair of their own are one atom given twice when closer than this part of the smallest σ.
const COINCIDENT: f64 = 0.05;

/// An atom whose place is known before the run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct PlacedAtom {
    pub(crate) position: DVec3,
    pub(crate) species: usize,
    /// Where it comes from: `None` for the slab, else the index into `initial`.
    pub(crate) entry: Option<usize>,
    /// Index within the slab or the entry.
    pub(crate) index: usize,
}

impl PlacedAtom {
    /// How a message calls it.
    pub(crate) fn name(&self, scene: &Scene) -> String {
        let species = &scene.species[self.species].name;
        match self.entry {
            None => format!("slab atom {} ({species})", self.index),
            Some(_) => format!("initial atom {} ({species})", self.index),
        }
    }
}

/// Two atoms that are too close.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Overlap {
    pub(crate) a: PlacedAtom,
    pub(crate) b: PlacedAtom,
    /// [length]
    pub(crate) distance: f64,
    /// [length]
    pub(crate) least: f64,
}

/// The first overlapping pair, an atom and its own periodic image included.
///
/// - `atoms`: wrapped in x and y
pub(crate) fn find(scene: &Scene, pairs: &PairTable, atoms: &[PlacedAtom], cell: &Cell) -> Option<Overlap> {
    let n = scene.species.len();
    let pair = |k: usize| pairs.pair((k / n) as u8, (k % n) as u8);
    let sizes = (0..n * n).map(pair).filter(|p| p.interacts()).map(|p| p.length());
    let coincident = COINCIDENT * sizes.reduce(f64::min).unwrap_or(0.0);
    let least: Vec<f64> = (0..n * n)
        .map(|k| match (pair(k).interacts(), scene.names_pair(k / n, k % n)) {
            (true, _) => OVERLAP * pair(k).length(),
            (false, true) => 0.0,
            (false, false) => coincident,
        })
        .collect();
    let widest = least.iter().copied().fold(0.0, f64::max);
    let [a_1, a_2, a_3] = cell.vectors().map(|a| a.length());
    let period = a_1.min(a_2).min(if cell.periodic_z { a_3 } else { f64::INFINITY });
    for &a in atoms {
        let least = least[a.species * n + a.species];
        if period < least {
            return Some(Overlap { a, b: a, distance: period, least });
        }
    }
    // A sweep along z: with no period there, only atoms at most `widest` higher can be too close.
    let mut order: Vec<&PlacedAtom> = atoms.iter().collect();
    order.sort_by(|a, b| a.position.z.total_cmp(&b.position.z));
    for (i, a) in order.iter().enumerate() {
        for b in &order[i + 1..] {
            let d = b.position - a.position;
            if d.z >= widest && !cell.periodic_z {
                break;
            }
            let d = cell.minimum_image(d);
            let least = least[a.species * n + b.species];
            if d.length_squared() < least * least {
                let (a, b) = if (a.entry, a.index) <= (b.entry, b.index) { (**a, **b) } else { (**b, **a) };
                return Some(Overlap { a, b, distance: d.length(), least });
            }
        }
    }
    None
}
