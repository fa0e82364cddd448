//! slab: frozen atoms in reach of every place, sixteen at a time.   Twin: `src/backend/gpu/slab.rs`
//!
//! The slab does not move, so what an atom can meet of it depends on where the atom is. Bins over one surface cell name
//! those atoms once for all replicas. A bin is an interval of the integer grid along each axis; differences on the grid
//! wrap to the nearest image by themselves, so a bin names an atom once, whichever of its images is near.

use super::clusters::Boxes;
use super::frozen::Frozen;
use super::pair::{Geometry, Spot, Strengths};
use crate::potential::{LANES, Lanes, PairForm};
use crate::system::System;
use glam::DVec3;
use std::collections::HashMap;
use std::iter::successors;
use std::ops::Range;

/// Narrowest bins, as a fraction of r_c: narrower ones hold hardly fewer atoms.
const NARROWEST: f64 = 0.08;
/// Widest bins that still leave most of the slab out, as a fraction of r_c.
const WIDEST: f64 = 1.0;
/// By how much the next bins are wider that are tried.
const WIDER: f64 = 1.25;
/// Most chunks of all bins: 400 kB stay near a core.
const MOST_CHUNKS: usize = 2_048;
/// Most bins, and most intervals of the grid along an axis: a cutoff far below the size of the cell would ask for more.
const MOST_BINS: usize = 32_768;
/// Bins over the surface pay where they hold at most this part of the chunks that layers alone would hold.
const PAYS: f64 = 0.75;
/// Sites of two surface cells are the same within this \[fraction of a period\].
const SAME_SITE: f64 = 1e-9;
/// Most frozen atoms among which surface cells are looked for: the time grows with the square.
const MOST_SITES: usize = 4_096;
/// What rounding can be off by, as a fraction of r_c.
const MARGIN: f32 = 1e-5;
/// Layer of bins out of reach of the slab.
const NOTHING: u32 = 0;
/// Layer of bins below the cell, where no atom should be: they hold the whole slab.
const EVERYTHING: u32 = 1;
/// Layers above are made for a height.
const HEIGHTS: u32 = 2;
/// No atom in a lane.
const VACANT: u8 = u8::MAX;

/// Bins of frozen atoms.
#[derive(Debug)]
pub(super) struct Slab {
    division: Division,
    /// Along a₁ and a₂, by interval of the grid.
    columns: [Vec<Column>; 2],
    /// By interval of the grid along z, from its lowest point: the layer of bins.
    layers: Vec<u32>,
    /// `[bins]`, where the chunks of a bin begin and end. Bins with the same atoms share them.
    bins: Vec<[u32; 2]>,
    /// `[chunks]`, positions on the grid as seen from the first surface cell.
    row: Vec<Spot>,
    /// `[chunks]`, which of `strengths` a chunk has.
    kinds: Vec<u16>,
    /// `[n_species][kinds]`, a mobile species with the species that stand in the lanes of a chunk.
    strengths: Vec<Strengths>,
}

/// An interval of the grid along an edge of the cell.
#[derive(Debug, Clone, Copy)]
struct Column {
    /// Place of the first of its bins.
    bin: u32,
    /// Where its surface cell begins.
    corner: i32,
}

/// How the grid is divided.
#[derive(Debug, Clone, Copy)]
struct Division {
    /// Surface cells along a₁ and a₂.
    repeats: [u32; 2],
    /// Intervals of a surface cell along a₁ and a₂.
    columns: [u32; 2],
    /// Intervals of the whole grid along z.
    layers: u32,
}

/// Where interval `k` of `n` begins, from the first point of the grid.
fn beginning(k: u32, n: u32) -> u64 {
    (u64::from(k) << 32) / u64::from(n)
}

/// Which of `n` intervals holds a point, counted from the first point of the grid.
#[inline(always)]
fn interval(point: u32, n: usize) -> usize {
    ((u64::from(point) * n as u64) >> 32) as usize
}

/// A coordinate along z counted from the lowest point of the grid, and the other way round.
#[inline(always)]
fn from_lowest(z: u32) -> u32 {
    z ^ 1 << 31
}

impl Slab {
    /// Bins for the frozen atoms of a system.
    pub(super) fn new(system: &System, g: &Geometry, frozen: &Frozen) -> Slab {
        let sites: Vec<(DVec3, u8)> =
            system.frozen.positions.iter().copied().zip(system.frozen.species.iter().copied()).collect();
        if sites.is_empty() || system.pairs.r_cut <= 0.0 {
            let one = Division { repeats: [1; 2], columns: [1; 2], layers: 1 };
            return Filling::new(system, g, frozen, one).slab;
        }
        let r_cut = system.pairs.r_cut;
        let intervals = |length: f64, width: f64| (length / width).ceil().clamp(1.0, MOST_BINS as f64) as u32;
        let widths =
            |widest: f64| successors(Some(NARROWEST * r_cut), |w| Some(WIDER * w)).take_while(move |&w| w < widest);
        let layered = |width| Division { repeats: [1; 2], columns: [1; 2], layers: intervals(g.extent(2), width) };
        let repeats = match sites.len() {
            0..=MOST_SITES => [0, 1].map(|axis| system.repeats(axis, &sites, SAME_SITE)),
            _ => [1; 2],
        };
        let edge = |axis: usize| g.extent(axis) / f64::from(repeats[axis]);
        let binned = |width| Division { repeats, columns: [0, 1].map(|d| intervals(edge(d), width)), ..layered(width) };
        let within_bounds = |division| Filling::new(system, g, frozen, division).fill(MOST_CHUNKS);
        let layers = widths(g.extent(2)).map(layered).find_map(within_bounds);
        let layers = layers.or_else(|| Filling::new(system, g, frozen, layered(f64::INFINITY)).fill(usize::MAX));
        let layers = layers.expect("as many chunks as there are were allowed");
        let bins = widths(WIDEST * r_cut).map(binned).find_map(within_bounds);
        bins.filter(|bins| bins.mean_chunks() <= PAYS * layers.mean_chunks()).unwrap_or(layers)
    }

    /// Chunks in reach of a point of the grid, and the point as seen from where they are seen from.
    #[inline(always)]
    pub(super) fn near(&self, p: [i32; 3]) -> (Range<usize>, [i32; 3]) {
        if self.row.is_empty() {
            return (0..0, p);
        }
        let column = |d: usize| self.columns[d][interval(p[d] as u32, self.columns[d].len())];
        let (a, b) = (column(0), column(1));
        let layer = self.layers[interval(from_lowest(p[2] as u32), self.layers.len())];
        let [first, end] = self.bins[(a.bin + b.bin + layer) as usize];
        (first as usize..end as usize, [p[0].wrapping_sub(a.corner), p[1].wrapping_sub(b.corner), p[2]])
    }

    /// Positions in a chunk, and the coefficients of a species with its atoms, for pairs of the form `F`.
    #[inline(always)]
    pub(super) fn chunk<F: PairForm>(&self, species: usize, chunk: usize) -> (&Spot, &[Lanes]) {
        (&self.row[chunk], self.strengths[species].of::<F>(usize::from(self.kinds[chunk])))
    }

    /// Mean number of chunks of the bins in reach.
    fn mean_chunks(&self) -> f64 {
        let chunks = |[first, end]: &[u32; 2]| f64::from(end - first);
        let Division { columns: [nx, ny], .. } = self.division;
        let in_a_column = self.bins.len() / (nx * ny) as usize;
        let in_reach = self.bins.chunks(in_a_column).flat_map(|column| &column[HEIGHTS as usize..]);
        in_reach.clone().map(chunks).sum::<f64>() / in_reach.count().max(1) as f64
    }

    /// What it is in run.json; `None` without frozen atoms.
    pub(super) fn name(&self) -> Option<String> {
        let Division { repeats: [x, y], columns: [nx, ny], .. } = self.division;
        let heights = self.bins.len() / (nx * ny) as usize - HEIGHTS as usize;
        let bins = match (nx * ny, x * y) {
            (1, 1) => format!("{heights} layers"),
            _ => format!("{nx} × {ny} × {heights} bins of {x} × {y} surface cells"),
        };
        (!self.row.is_empty()).then(|| format!("slab in {bins}"))
    }
}

/// Bins that are being filled.
struct Filling<'a> {
    system: &'a System,
    g: &'a Geometry,
    frozen: &'a Frozen,
    slab: Slab,
    /// Chunks of the bins so far, by their atoms.
    of_atoms: HashMap<Vec<u32>, [u32; 2]>,
    /// Species in the lanes of a chunk.
    kinds: HashMap<[u8; LANES], u16>,
}

impl<'a> Filling<'a> {
    fn new(system: &'a System, g: &'a Geometry, frozen: &'a Frozen, division: Division) -> Filling<'a> {
        let slab = Slab {
            division,
            columns: [vec![Column { bin: 0, corner: 0 }], vec![Column { bin: 0, corner: 0 }]],
            layers: vec![NOTHING],
            bins: vec![[0, 0]; HEIGHTS as usize],
            row: Vec::new(),
            kinds: Vec::new(),
            strengths: system.species.iter().map(|_| Strengths::new(&system.pairs, 0)).collect(),
        };
        Filling { system, g, frozen, slab, of_atoms: HashMap::new(), kinds: HashMap::new() }
    }

    /// The bins; `None` if they hold more than `most` chunks.
    fn fill(mut self, most: usize) -> Option<Slab> {
        let Division { columns: [nx, ny], layers, .. } = self.slab.division;
        let special = |k| if self.is_below(k) { EVERYTHING } else { NOTHING };
        let mut layer_of: Vec<u32> = (0..layers).map(special).collect();
        let is_made = |&k: &u32| layer_of[k as usize] == NOTHING && self.is_in_reach(k);
        let heights: Vec<u32> = (0..layers).filter(is_made).collect();
        if (u64::from(nx) * u64::from(ny)) as usize * heights.len() > MOST_BINS {
            return None;
        }
        let per_column = HEIGHTS + heights.len() as u32;
        for (layer, &k) in (HEIGHTS..).zip(&heights) {
            layer_of[k as usize] = layer;
        }
        self.slab.layers = layer_of;
        self.slab.columns = [self.columns(0, ny * per_column), self.columns(1, per_column)];
        self.slab.bins.clear();
        let everything = self.chunks_of((0..self.frozen.species.len() as u32).collect())?;
        for (i, j) in (0..nx).flat_map(|i| (0..ny).map(move |j| (i, j))) {
            self.slab.bins.extend([[0, 0], everything]);
            for &k in &heights {
                let atoms = self.atoms_near([i, j, k]);
                let chunks = self.chunks_of(atoms)?;
                self.slab.bins.push(chunks);
                if self.slab.row.len() > most {
                    return None;
                }
            }
        }
        Some(self.slab)
    }

    /// Intervals of the whole grid along a₁ or a₂.
    ///
    /// - `stride`: from the bins of one to those of the next
    fn columns(&self, axis: usize, stride: u32) -> Vec<Column> {
        let Division { repeats, columns, .. } = self.slab.division;
        let corner = |cell: u32| beginning(cell, repeats[axis]) as u32 as i32;
        (0..repeats[axis] * columns[axis])
            .map(|k| Column { bin: k % columns[axis] * stride, corner: corner(k / columns[axis]) })
            .collect()
    }

    /// Whether a layer lies below the cell altogether.
    fn is_below(&self, k: u32) -> bool {
        let cell = &self.system.cell;
        let floor = from_lowest(self.g.coordinate(2, cell.floor) as u32);
        !cell.periodic_z && beginning(k + 1, self.slab.division.layers) < u64::from(floor)
    }

    /// Distance along an axis beyond which pairs do not matter. [length]
    fn reach(&self) -> f32 {
        (1.0 + MARGIN) * self.g.r_cut
    }

    /// Middle and half the width of an interval of the grid. A little wider than it is: corners of surface cells are
    /// rounded, and so are lengths.
    fn extent(&self, axis: usize, k: u32, n: u32) -> (i32, f32) {
        let middle = beginning(k, n).midpoint(beginning(k + 1, n)) as u32;
        let half = 1.000_001 * 0.5 * self.g.extent(axis) / f64::from(n);
        (if axis == 2 { from_lowest(middle) } else { middle } as i32, half as f32 + self.g.length(axis, 8))
    }

    /// Whether frozen atoms are in reach of a layer.
    fn is_in_reach(&self, k: u32) -> bool {
        let (z, half) = self.extent(2, k, self.slab.division.layers);
        let in_reach = |atom: usize| {
            let other = self.frozen.row[atom / LANES].get(atom % LANES)[2];
            self.g.length(2, z.wrapping_sub(other)).abs() - half < self.reach()
        };
        (0..self.frozen.species.len()).any(in_reach)
    }

    /// Frozen atoms in reach of a bin of the first surface cell, from the top downwards.
    fn atoms_near(&self, [i, j, k]: [u32; 3]) -> Vec<u32> {
        let Division { repeats, columns, layers } = self.slab.division;
        let [(x, a), (y, b), (z, c)] = [
            self.extent(0, i, repeats[0] * columns[0]),
            self.extent(1, j, repeats[1] * columns[1]),
            self.extent(2, k, layers),
        ];
        let (p, half, reach) = ([x, y, z], [a, b, c], self.reach());
        let mut near = Vec::new();
        for (chunk, spot) in self.frozen.row.iter().enumerate() {
            let points = Boxes::of_points(spot);
            let r2 = match self.system.cell.is_oblique() {
                true => points.distances_squared::<pulp::Scalar, true>(self.g, p, half),
                false => points.distances_squared::<pulp::Scalar, false>(self.g, p, half),
            };
            let atoms = (chunk * LANES..self.frozen.species.len()).zip(r2);
            near.extend(atoms.filter(|&(_, r2)| r2 < reach * reach).map(|(atom, _)| atom as u32));
        }
        near
    }

    /// Chunks of some frozen atoms; `None` if kinds of chunks are too many to be numbered.
    fn chunks_of(&mut self, atoms: Vec<u32>) -> Option<[u32; 2]> {
        if let Some(&chunks) = self.of_atoms.get(&atoms) {
            return Some(chunks);
        }
        let first = self.slab.row.len();
        for sixteen in atoms.chunks(LANES) {
            let (mut spot, mut kind) = (Spot::default(), [VACANT; LANES]);
            for (lane, &atom) in sixteen.iter().enumerate() {
                let atom = atom as usize;
                spot.set(lane, self.frozen.row[atom / LANES].get(atom % LANES));
                kind[lane] = self.frozen.species[atom];
            }
            let kind = self.kind(kind)?;
            self.slab.row.push(spot);
            self.slab.kinds.push(kind);
        }
        let chunks = [first as u32, self.slab.row.len() as u32];
        self.of_atoms.insert(atoms, chunks);
        Some(chunks)
    }

    /// The coefficients of chunks with these species in their lanes.
    fn kind(&mut self, species: [u8; LANES]) -> Option<u16> {
        if let Some(&kind) = self.kinds.get(&species) {
            return Some(kind);
        }
        let kind = u16::try_from(self.kinds.len()).ok()?;
        self.kinds.insert(species, kind);
        for (own, strengths) in self.slab.strengths.iter_mut().enumerate() {
            strengths.push();
            for (lane, &other) in species.iter().enumerate().filter(|&(_, &other)| other != VACANT) {
                strengths.set(usize::from(kind), lane, &self.system.pairs, own as u8, other);
            }
        }
        Some(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::{Rng, Stream};
    use crate::input::scene;
    use crate::potential::{Forms, LennardJones};
    use std::path::Path;

    /// A scene of the project, with some of its text replaced.
    fn system(file: &str, replacements: &[(&str, &str)]) -> System {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let mut text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        for (from, to) in replacements {
            assert!(text.contains(from), "{from} is gone from {file}");
            text = text.replace(from, to);
        }
        System::from_scene(&scene::parse(&text, &path).unwrap_or_else(|e| panic!("{e}")))
    }

    fn slab(system: &System) -> (Geometry, Frozen, Slab) {
        let g = Geometry::new(system);
        let frozen = Frozen::new(system, &g, &vec![true; system.species.len()]);
        let slab = Slab::new(system, &g, &frozen);
        (g, frozen, slab)
    }

    /// Points of the grid in the cell: at random, about the borders of bins, at the floor and at the ceiling.
    fn points(system: &System, g: &Geometry, slab: &Slab) -> Vec<[i32; 3]> {
        let (rng, cell) = (Rng::new(11), &system.cell);
        let counts = [slab.columns[0].len(), slab.columns[1].len(), slab.layers.len()];
        let ends = if cell.periodic_z {
            [i32::MIN, i32::MAX]
        } else {
            [cell.floor, cell.ceiling()].map(|z| g.coordinate(2, z))
        };
        let point = |k: u64| {
            let random = |slot| rng.uniforms(Stream::InsertPosition, k, 0, slot);
            let (anywhere, border, choice) = (random(0), random(1), random(2));
            [0, 1, 2].map(|axis| {
                let n = counts[axis] as u32;
                let at_border = beginning((border[axis] * f64::from(n)) as u32, n) as u32;
                let point = match (8.0 * choice[axis]) as u32 {
                    beside @ 0..3 => at_border.wrapping_add(beside).wrapping_sub(1),
                    _ => (4_294_967_296.0 * anywhere[axis]) as u32,
                };
                let inside = |t: f64| ends[0] + (t * (f64::from(ends[1]) - f64::from(ends[0]))) as i32;
                match (axis, from_lowest(point) as i32, (16.0 * choice[3]) as usize) {
                    (0 | 1, ..) => point as i32,
                    (_, _, end @ 0..2) => ends[end],
                    (_, z, _) if z < ends[0] || z > ends[1] => inside(anywhere[3]),
                    (_, z, _) => z,
                }
            })
        };
        (0..20_000).map(point).collect()
    }

    /// Vectors to a point within the cutoff, with the strength of the pair. \[length\]
    fn vectors<'a, const OBLIQUE: bool>(
        g: &Geometry,
        p: [i32; 3],
        chunks: impl Iterator<Item = (&'a Spot, &'a [Lanes])>,
    ) -> Vec<([f32; 3], f32)> {
        let mut vectors = Vec::new();
        for (spot, c) in chunks {
            for l in 0..LANES {
                let d = g.difference::<pulp::Scalar, OBLIQUE>(p, spot, l);
                let strength = c.last().expect("coefficients").0[l];
                if d.iter().map(|x| x * x).sum::<f32>() < g.r_cut_squared && strength != 0.0 {
                    vectors.push((d, strength));
                }
            }
        }
        vectors
    }

    fn bins_hold_what_the_whole_slab_holds<const OBLIQUE: bool>(system: &System, name: &str) {
        let (g, frozen, slab) = slab(system);
        assert_eq!(slab.name().as_deref(), Some(name));
        let lanes_of_a_pair = hold_what_the_whole_slab_holds::<OBLIQUE>(system, &g, &frozen, &slab);
        assert!(lanes_of_a_pair < 4.0, "{lanes_of_a_pair}");
    }

    /// Compares a slab with all frozen atoms; returns how many lanes are looked at for a pair within the cutoff.
    fn hold_what_the_whole_slab_holds<const OBLIQUE: bool>(
        system: &System,
        g: &Geometry,
        frozen: &Frozen,
        slab: &Slab,
    ) -> f64 {
        assert_eq!(system.cell.is_oblique(), OBLIQUE);
        assert!(matches!(system.pairs.forms(), Forms::LennardJones(_)));
        let (mut met, mut looked_at) = (0, 0);
        for p in points(system, g, slab) {
            for species in 0..system.species.len() {
                let all = frozen.row.iter().zip(frozen.strengths[species].all::<LennardJones>());
                let all = vectors::<OBLIQUE>(g, p, all);
                let (near, q) = slab.near(p);
                looked_at += near.len();
                let ours = vectors::<OBLIQUE>(g, q, near.map(|k| slab.chunk::<LennardJones>(species, k)));
                met += all.len();
                // A corner of a surface cell is on the grid to a unit: a pair may be at the cutoff in one of them only.
                let far =
                    |v: &&([f32; 3], f32)| v.0.iter().map(|x| x * x).sum::<f32>() < g.r_cut_squared * (1.0 - 1e-6);
                let (all, ours): (Vec<_>, Vec<_>) =
                    (all.iter().filter(far).collect(), ours.iter().filter(far).collect());
                assert_eq!(all.len(), ours.len(), "at {p:?}");
                for (v, strength) in all {
                    let is_same =
                        |(w, other): &&([f32; 3], f32)| strength == other && (0..3).all(|d| (v[d] - w[d]).abs() < 2e-6);
                    assert_eq!(ours.iter().copied().filter(is_same).count(), 1, "{v:?} at {p:?}");
                }
            }
        }
        assert!(met > 20_000, "{met}");
        (LANES * looked_at) as f64 / met as f64
    }

    #[test]
    fn bins_over_surface_cells() {
        let text = "scenes/lj_surface.ron";
        bins_hold_what_the_whole_slab_holds::<false>(
            &system(text, &[]),
            "slab in 6 × 10 × 14 bins of 6 × 3 surface cells",
        );
    }

    #[test]
    fn bins_over_a_cell_that_nothing_repeats() {
        let mut broken = system("scenes/lj_surface.ron", &[]);
        broken.frozen.positions[5].x += 0.01;
        broken.frozen.species[7] = 1;
        bins_hold_what_the_whole_slab_holds::<false>(&broken, "slab in 11 × 10 × 5 bins of 1 × 1 surface cells");
    }

    #[test]
    fn bins_over_an_oblique_cell() {
        let hexagonal = [
            (
                "Fcc111(species: \"A\", nearest_neighbour: 1.10, repeat: (6, 3), layers: 3, mobile_layers: 0)",
                "File(path: \"../tests/data/oblique/lj111_hexagonal.xyz\")",
            ),
            ("[Layers, Order(wave_vector: Sqrt3), Psi6, Sites]", "[]"),
        ];
        bins_hold_what_the_whole_slab_holds::<true>(
            &system("scenes/lj_surface.ron", &hexagonal),
            "slab in 6 × 6 × 14 bins of 6 × 6 surface cells",
        );
    }

    #[test]
    fn bins_under_a_period_in_z() {
        let mut periodic = system("scenes/lj_surface.ron", &[]);
        periodic.cell.periodic_z = true;
        bins_hold_what_the_whole_slab_holds::<false>(&periodic, "slab in 4 × 7 × 20 bins of 6 × 3 surface cells");
    }

    #[test]
    fn layers_over_the_whole_cell() {
        let low = system("scenes/lj_surface.ron", &[]);
        let (g, frozen, _) = slab(&low);
        let layers = Division { repeats: [1; 2], columns: [1; 2], layers: 60 };
        let layers = Filling::new(&low, &g, &frozen, layers).fill(MOST_CHUNKS).expect("three or four distinct lists");
        assert!(layers.row.len() < 40, "layers with the same atoms do not share them");
        hold_what_the_whole_slab_holds::<false>(&low, &g, &frozen, &layers);
    }

    #[test]
    fn without_a_slab_nothing_is_near() {
        let fluid = system("scenes/bench_fluid.ron", &[]);
        let (_, _, slab) = slab(&fluid);
        assert_eq!((slab.name(), slab.near([1, 2, 3])), (None, (0..0, [1, 2, 3])));
    }
}
