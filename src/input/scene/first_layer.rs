//! What is adsorbed, and where its first layer ends.

use super::CheckedScene;
use super::check::cell::lattice;
use super::compile::external_field;
use super::grammar::External;
use crate::potential::{ExternalField, Pair};
use crate::system::slab::Lattice;
use glam::DVec3;

/// Points of a profile on which the minimum is looked for, before it is refined.
const POINTS: u32 = 2048;
/// Atoms of a slab this close in z make up one plane [length].
const SAME_PLANE: f64 = 1e-9;

/// Least gap between two layers of a slab from a file, as a share of the cutoff.
const GAP: f64 = 0.05;

impl CheckedScene {
    /// The lattice of an fcc substrate, `None` for files and bare cells.
    pub fn lattice(&self) -> Option<Lattice> {
        lattice(&self.scene.substrate).map(|l| l.0)
    }

    /// Sites of the top layer of the slab: of a lattice those of a layer, of a file the atoms above its first gap in z.
    /// `None` without a slab.
    pub fn sites_of_top_layer(&self) -> Option<u64> {
        if let Some(lattice) = self.lattice() {
            return Some(lattice.sites_per_layer());
        }
        let mut z: Vec<f64> = self.slab.atoms.iter().map(|a| a.position.z).collect();
        z.sort_by(|a, b| b.total_cmp(a));
        Some(above_first_gap(&z, GAP * self.pairs.r_cut)).filter(|&n| n > 0)
    }

    /// Species of mobile atoms that are no slab atoms: those of the reservoirs in the order of `grid.reservoir`, then
    /// those of fixed number.
    ///
    /// - returns: indices into `scene.species`
    pub fn adsorbates(&self) -> Vec<usize> {
        let names =
            self.scene.reservoir.iter().map(|r| &r.species).chain(self.scene.initial.iter().map(|i| &i.species));
        let mut species = Vec::new();
        for s in names.filter_map(|name| self.scene.species_index(name)) {
            if !species.contains(&s) {
                species.push(s);
            }
        }
        species
    }

    /// z below which an adsorbed atom belongs to the first layer \[length\].
    ///
    /// `first_layer.z_max` of the scene; else z₀ + ½ √(2/3) 2^{1/6} σ, half way to the next close-packed layer of its own
    /// kind, z₀ the minimum of the potential of the whole slab and of the walls at the floor, averaged over x and y.
    /// `None` where that has no minimum below the ceiling, and in `Bulk` cells.
    ///
    /// - `species`: index into `scene.species`
    pub fn first_layer(&self, species: usize) -> Option<f64> {
        if self.scene.is_bulk() {
            return None;
        }
        if let Some(layer) = self.scene.first_layer {
            return Some(layer.z_max);
        }
        let sigma = self.pairs.pair(species as u8, species as u8).length();
        let lowest = self.adsorption_height(species)?;
        Some(lowest + 0.5 * (2.0_f64 / 3.0).sqrt() * 2.0_f64.powf(1.0 / 6.0) * sigma)
    }

    /// z₀ of [`CheckedScene::first_layer`].
    fn adsorption_height(&self, species: usize) -> Option<f64> {
        let (scene, (x, y, _)) = (&self.scene, self.lengths());
        // A plane of the slab: z, the species of its atoms, and how many there are.
        let mut atoms: Vec<(f64, usize)> = self.slab.atoms.iter().map(|a| (a.position.z, a.species)).collect();
        atoms.sort_by(|a, b| a.1.cmp(&b.1).then(a.0.total_cmp(&b.0)));
        let planes: Vec<(f64, f64, &dyn Pair)> = atoms
            .chunk_by(|a, b| a.1 == b.1 && b.0 - a.0 < SAME_PLANE)
            .map(|plane| (plane[0].0, plane.len() as f64, self.pairs.pair(species as u8, plane[0].1 as u8)))
            .collect();
        let on_it = |f: &&External| scene.species_index(f.species()) == Some(species);
        let walls: Vec<ExternalField> = scene
            .external
            .iter()
            .filter(on_it)
            .filter(|f| !matches!(f, External::Harmonic { .. }))
            .map(|f| external_field(f, self.floor(), DVec3::ZERO))
            .collect();
        let mean = |z: f64| {
            let slab: f64 = planes.iter().map(|(at, n, pair)| n * pair.plane_mean(z - at)).sum();
            slab / (x * y) + walls.iter().map(|w| w.energy_force(DVec3::new(0.0, 0.0, z)).0).sum::<f64>()
        };
        let top = self.slab.atoms.iter().map(|a| a.position.z).fold(self.floor(), f64::max);
        let step = (self.ceiling() - top) / f64::from(POINTS);
        if step <= 0.0 {
            return None;
        }
        let at = |k: u32| top + f64::from(k) * step;
        let (lowest, depth) = (1..POINTS).map(|k| (k, mean(at(k)))).min_by(|a, b| a.1.total_cmp(&b.1))?;
        let is_minimum = depth < 0.0 && lowest > 1 && lowest + 1 < POINTS;
        is_minimum.then(|| golden(mean, at(lowest - 1), at(lowest + 1)))
    }
}

/// Number of heights above the first gap that is at least half as wide as the widest, and as `least`.
///
/// - `z`: descending
fn above_first_gap(z: &[f64], least: f64) -> u64 {
    let gaps = || z.windows(2).map(|w| w[0] - w[1]);
    let wide = least.max(0.5 * gaps().fold(0.0, f64::max));
    gaps().position(|gap| gap >= wide).map_or(z.len(), |i| i + 1) as u64
}

/// The minimum of a function between two points, by golden sections.
fn golden(f: impl Fn(f64) -> f64, mut lo: f64, mut hi: f64) -> f64 {
    let section = 0.5 * (5.0_f64.sqrt() - 1.0);
    for _ in 0..60 {
        let (a, b) = (hi - section * (hi - lo), lo + section * (hi - lo));
        if f(a) < f(b) {
            hi = b;
        } else {
            lo = a;
        }
    }
    0.5 * (lo + hi)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn parsed(text: &str) -> CheckedScene {
        crate::input::scene::parse(text, Path::new("x.ron")).unwrap_or_else(|e| panic!("{e}"))
    }

    #[test]
    fn the_top_layer_of_a_file_ends_at_a_gap() {
        assert_eq!(above_first_gap(&[0.1, 0.05, 0.0, -2.0, -2.1, -4.3], 0.5), 3);
        // a single layer that is not quite flat
        assert_eq!(above_first_gap(&[0.1, 0.0, -0.05], 0.5), 3);
        assert_eq!(above_first_gap(&[], 0.5), 0);
    }

    #[test]
    fn the_first_layer_of_the_default_scene_ends_between_the_layers() {
        let text = include_str!("../../../scenes/lj_surface.ron");
        let z = parsed(text).first_layer(1).expect("the slab attracts");
        // the minimum of the mean potential lies at 0.9955, by direct summation
        assert!((z - 1.7516).abs() < 2e-4, "{z}");
        let text = text.replace("initial: [],", "initial: [], first_layer: (z_max: 1.6),");
        assert_eq!(parsed(&text).first_layer(1), Some(1.6));
    }

    #[test]
    fn without_attraction_there_is_no_first_layer() {
        assert_eq!(parsed(include_str!("../../../scenes/ideal_gas.ron")).first_layer(0), None);
        let text = include_str!("../../../scenes/lj_surface.ron");
        let text = text.replace("epsilon: 1.5, sigma: 1.0", "epsilon: 0.0, sigma: 1.0");
        // what looks at the first layer would be refused
        let text: String = text.lines().filter(|l| !l.contains("observables:")).collect::<Vec<_>>().join("\n");
        assert_eq!(parsed(&text).first_layer(1), None);
    }

    #[test]
    fn a_wall_has_a_first_layer() {
        // 9-3 wall: minimum at (2/5)^{1/6} σ
        let text = r#"Scene(units: Lj, species: [(name: "B", symbol: "Ar", mass: 1.0)],
            potential: LennardJones(cutoff: 2.5, truncation: Shifted, pairs: [(between: ("B", "B"), epsilon: 1.0, sigma: 1.0)]),
            external: [Wall93(species: "B", epsilon: 2.0, sigma: 0.9)], cell: Slab(height: 8.0, lengths: (6.0, 6.0), floor: -0.5),
            reservoir: [(species: "B", max_atoms: 9)], moves: (insert_delete: 9),
            grid: (temperature: List([1.0]), reservoir: [(species: "B", convention: Activity, values: List([-3.0]))]),
            dynamics: MonteCarlo(displacement: 0.3, attempts: 9), schedule: (equilibration: 1, production: 1))"#;
        let expected = -0.5 + 0.4_f64.powf(1.0 / 6.0) * 0.9 + 0.5 * (2.0_f64 / 3.0).sqrt() * 2.0_f64.powf(1.0 / 6.0);
        let z = parsed(text).first_layer(0).expect("the wall attracts");
        assert!((z - expected).abs() < 1e-6, "{z} {expected}");
    }
}
