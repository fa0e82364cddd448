//! Where atoms are inserted: uniform over the region, denser where the slab and the fields want them, or about atoms of the slab
//! ([`super::bonds`]).
//!
//! Twin: `shaders/shared/insertion.wgsl`. The density of an insertion is p(r) = [(1 − a) + a n c(r)/2²⁴]/V_in: a share
//! a of the positions is drawn from a table of n voxels, each with a whole number c of 2²⁴ shares, the rest is uniform.
//! A number of 24 bits chooses the voxel, so that a voxel is drawn with exactly the probability that [`Places`]
//! says of it, on every backend. Tables are fixed functions of the position: they stay right whatever moves.

use super::Reservoir;
use super::bonds::Hosts;
use super::cell::Cell;
use crate::base::rng::uniform;
use glam::DVec3;

/// Shares of a table, and of the weight of a table beside the uniform density: 2²⁴.
pub const SHARES: u32 = 1 << 24;
/// Most trial positions of one attempt.
pub const MAX_TRIALS: usize = 8;
/// Shares of a guide.
const GUIDE: u32 = SHARES / 2048;
/// Largest weight of a table: a tenth at least of all insertions is uniform, so that every place is reached.
pub const MOST_WEIGHT: f64 = 0.9;

/// Voxels over the insertion region of one species, periodic in x and y with the surface cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Voxels {
    /// Voxels of one surface cell along x, y, z.
    pub counts: [u32; 3],
    /// Surface cells along x and y.
    pub repeats: [u32; 2],
    /// Voxels of a unit of length along x, y, z [1/length].
    pub per_length: DVec3,
    /// Lower end of the region \[length\].
    pub z_lo: f64,
    /// Upper end of the region \[length\].
    pub z_hi: f64,
    /// Voxels along x by which a row of surface cells is ahead of the one below: 0 in an orthogonal cell.
    pub shear: f64,
}

impl Voxels {
    /// `counts` voxels over each of `repeats` surface cells of a region.
    pub fn new(cell: &Cell, region: &Reservoir, repeats: [u32; 2], counts: [u32; 3]) -> Voxels {
        let along = |d: usize| f64::from(counts[d]) * f64::from(repeats[d]) / cell.lengths[d];
        let per_length = DVec3::new(along(0), along(1), f64::from(counts[2]) / (region.z_hi - region.z_lo));
        let shear = cell.tilt / f64::from(repeats[1]) * per_length.x;
        Voxels { counts, repeats, per_length, z_lo: region.z_lo, z_hi: region.z_hi, shear }
    }

    /// Voxels of one surface cell.
    pub fn len(&self) -> usize {
        self.counts.iter().map(|&n| n as usize).product()
    }

    /// Always false; a region has one voxel at least.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The voxel that holds a position of the region, whichever surface cell it lies in.
    #[inline]
    pub fn of(&self, position: DVec3) -> usize {
        let [nx, ny, nz] = self.counts;
        let at = (position - DVec3::new(0.0, 0.0, self.z_lo)) * self.per_length;
        // A position at the upper end of a period or of the region belongs to the last voxel.
        let along = |x: f64, n: u32| (x.max(0.0) as u32).min(n - 1);
        let row = along(at.y, ny * self.repeats[1]);
        let x = if self.shear == 0.0 {
            along(at.x, nx * self.repeats[0]) % nx
        } else {
            along((at.x - self.shear * f64::from(row / ny)).rem_euclid(f64::from(nx)), nx)
        };
        let y = row % ny;
        ((x * ny + y) * nz + along(at.z, nz)) as usize
    }

    /// The position within a voxel: the first two numbers choose the surface cell too.
    ///
    /// - `place`: uniform numbers
    #[inline]
    pub fn position(&self, voxel: usize, place: DVec3) -> DVec3 {
        let [nx, ny, nz] = self.counts.map(f64::from);
        let (column, z) = (voxel as u32 / self.counts[2], voxel as u32 % self.counts[2]);
        let (x, y) = (f64::from(column / self.counts[1]), f64::from(column % self.counts[1]));
        let (u, v) = (place.x * f64::from(self.repeats[0]), place.y * f64::from(self.repeats[1]));
        let mut at = DVec3::new(u.floor() * nx + x + u.fract(), v.floor() * ny + y + v.fract(), f64::from(z) + place.z);
        if self.shear != 0.0 {
            at.x = (at.x + self.shear * v.floor()).rem_euclid(nx * f64::from(self.repeats[0]));
        }
        debug_assert!(at.z <= nz, "a voxel lies inside the region");
        let position = at / self.per_length + DVec3::new(0.0, 0.0, self.z_lo);
        DVec3::new(position.x, position.y, position.z.min(self.z_hi))
    }
}

/// Tables of every temperature and reservoir species.
#[derive(Debug, Clone, PartialEq)]
pub struct InsertionTables {
    /// Trial positions of an attempt, from 1 to [`MAX_TRIALS`].
    pub trials: usize,
    /// Weight of the tables that a run starts with, in [`SHARES`].
    pub weight: u32,
    /// Whether the weights are chosen for every state and species in equilibration.
    pub adapts: bool,
    /// `[n_temperatures]` kT \[energy\]
    pub kts: Vec<f64>,
    /// `[n_reservoirs]`
    pub voxels: Vec<Voxels>,
    /// Shares before every voxel and at the end: `[n_temperatures][n_reservoirs][voxels + 1]`, the last of each is
    /// [`SHARES`].
    pub cumulative: Vec<u32>,
    /// Voxels that every [`GUIDE`]th share falls into, so that few are left to search: `[n_temperatures][n_reservoirs][guides]`
    guides: Vec<u32>,
}

impl InsertionTables {
    /// Tables of densities.
    ///
    /// - `trials`, `weight`, `adapts`, `kts`, `voxels`: as the fields
    /// - `densities`: `[n_temperatures][n_reservoirs][voxels]`, as [`InsertionTables::cumulative`] takes them
    pub fn new<'a>(
        trials: usize,
        weight: u32,
        adapts: bool,
        kts: Vec<f64>,
        voxels: Vec<Voxels>,
        densities: impl IntoIterator<Item = &'a [f64]>,
    ) -> InsertionTables {
        let (mut cumulative, mut guides) = (Vec::new(), Vec::new());
        for density in densities {
            let own = InsertionTables::cumulative(density);
            let firsts = (0..SHARES).step_by(GUIDE as usize).chain([SHARES - 1]);
            guides.extend(firsts.map(|share| voxel_of(share, &own) as u32));
            cumulative.extend(own);
        }
        InsertionTables { trials, weight, adapts, kts, voxels, cumulative, guides }
    }

    /// Shares of voxels, rounded so that they are whole and sum to [`SHARES`].
    ///
    /// - `weights`: `[voxels]`, not negative, in any unit; all voxels alike where none is above 0
    /// - returns: `[voxels + 1]`, shares before every voxel and at the end
    pub fn cumulative(weights: &[f64]) -> Vec<u32> {
        let sum: f64 = weights.iter().sum();
        let (alike, sum) = if sum > 0.0 { (false, sum) } else { (true, weights.len() as f64) };
        let mut before = 0.0;
        let mut cumulative = vec![0];
        for &weight in weights {
            before += if alike { 1.0 } else { weight };
            cumulative.push((f64::from(SHARES) * (before / sum).min(1.0)).round() as u32);
        }
        // Rounding of the sum must not leave a share to nobody.
        let last = cumulative.len() - 1;
        cumulative[last] = SHARES;
        cumulative
    }

    /// Where the table of a temperature and species begins in [`InsertionTables::cumulative`].
    pub fn start(&self, temperature: usize, reservoir: usize) -> usize {
        let length = |voxels: &Voxels| voxels.len() + 1;
        let row: usize = self.voxels.iter().map(length).sum();
        temperature * row + self.voxels[..reservoir].iter().map(length).sum::<usize>()
    }

    /// The temperature whose tables serve a state: the nearest of those that there are.
    pub fn temperature(&self, kt: f64) -> usize {
        let distance = |k: &usize| (self.kts[*k] - kt).abs();
        (0..self.kts.len()).min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or(0)
    }
}

/// Guides of one table: the last is the voxel of the last share.
const GUIDES: usize = (SHARES / GUIDE) as usize + 1;

/// The last voxel that begins at or before a share; those without shares are passed over.
#[inline]
fn voxel_of(share: u32, cumulative: &[u32]) -> usize {
    cumulative.partition_point(|&before| before <= share) - 1
}

/// Where the atoms of one replica are inserted, in the state that it holds.
#[derive(Debug, Clone, Copy)]
pub struct Places<'a> {
    tables: Option<(&'a InsertionTables, usize, &'a [u32])>,
    hosts: Option<&'a Hosts<'a>>,
}

impl<'a> Places<'a> {
    /// Uniform over the region, one trial position.
    pub const UNIFORM: Places<'static> = Places { tables: None, hosts: None };

    /// Those of a state.
    ///
    /// - `kt`: of the state \[energy\]
    /// - `weights`: `[n_reservoirs]` weights of the tables in that state, in [`SHARES`]
    pub fn new(tables: Option<&'a InsertionTables>, kt: f64, weights: &'a [u32]) -> Places<'a> {
        Places { tables: tables.map(|t| (t, t.temperature(kt), weights)), hosts: None }
    }

    /// The same about hosts where they are now, if there are any.
    pub fn about<'b>(&self, hosts: Option<&'b Hosts<'b>>) -> Places<'b>
    where
        'a: 'b,
    {
        Places { tables: self.tables, hosts }
    }

    /// Trial positions of an attempt.
    #[inline]
    pub fn trials(&self) -> usize {
        self.tables.map_or(1, |(tables, ..)| tables.trials)
    }

    /// The density of a reservoir species; `None` where it is uniform.
    #[inline]
    pub fn density(&self, reservoir: usize) -> Option<Density<'a>> {
        if let Some(hosts) = self.hosts {
            return Some(Density::AboutHosts(hosts, reservoir));
        }
        let (tables, temperature, weights) = self.tables?;
        let (voxels, start) = (&tables.voxels[reservoir], tables.start(temperature, reservoir));
        let cumulative = &tables.cumulative[start..=start + voxels.len()];
        let first_guide = (temperature * tables.voxels.len() + reservoir) * GUIDES;
        let guides = &tables.guides[first_guide..first_guide + GUIDES];
        Some(Density::Tabled(Tabled { voxels, cumulative, guides, weight: weights[reservoir] }))
    }
}

/// p(r) of one species in one state.
#[derive(Debug, Clone, Copy)]
pub enum Density<'a> {
    /// From a table.
    Tabled(Tabled<'a>),
    /// About hosts, with the index of the reservoir species.
    AboutHosts(&'a Hosts<'a>, usize),
}

impl Density<'_> {
    /// Draws a position; `None` where it is to be uniform over the region.
    ///
    /// - `words`: random words, of which every kind of density takes the upper 24 bits for places, the lower ones to choose
    #[inline]
    pub fn draw(&self, words: [u32; 4]) -> Option<DVec3> {
        match self {
            Density::Tabled(table) => table.draw(words),
            Density::AboutHosts(hosts, _) => hosts.draw(words),
        }
    }

    /// p(r) V_in at a position of the region.
    #[inline]
    pub fn relative(&self, position: DVec3) -> f64 {
        match self {
            Density::Tabled(table) => table.relative(position),
            Density::AboutHosts(hosts, reservoir) => hosts.relative(*reservoir, position),
        }
    }
}

/// p(r) from the table of one species and temperature.
#[derive(Debug, Clone, Copy)]
pub struct Tabled<'a> {
    voxels: &'a Voxels,
    /// `[voxels + 1]`
    cumulative: &'a [u32],
    guides: &'a [u32],
    weight: u32,
}

impl Tabled<'_> {
    /// Draws a position; `None` where it is to be uniform over the region.
    ///
    /// - `words`: random words. Their upper 24 bits are the place in the voxel and the voxel, the lower 8 bits of three
    ///   choose between table and uniform.
    #[inline]
    fn draw(&self, words: [u32; 4]) -> Option<DVec3> {
        let [a, b, c, d] = words;
        let choice = (a & 0xff) | (b & 0xff) << 8 | (c & 0xff) << 16;
        if choice >= self.weight {
            return None;
        }
        Some(self.voxels.position(self.voxel_of(d >> 8), DVec3::new(uniform(a), uniform(b), uniform(c))))
    }

    /// As [`voxel_of`], between two guides.
    #[inline]
    fn voxel_of(&self, share: u32) -> usize {
        let guide = (share / GUIDE) as usize;
        let (first, last) = (self.guides[guide] as usize, self.guides[guide + 1] as usize);
        first + voxel_of(share, &self.cumulative[first..=last])
    }

    #[inline]
    fn relative(&self, position: DVec3) -> f64 {
        let voxel = self.voxels.of(position);
        let shares = f64::from(self.cumulative[voxel + 1] - self.cumulative[voxel]);
        let weight = f64::from(self.weight) / f64::from(SHARES);
        (1.0 - weight) + weight * self.voxels.len() as f64 * (shares / f64::from(SHARES))
    }
}

/// A weight between 0 and [`MOST_WEIGHT`] in [`SHARES`].
pub fn shares_of(weight: f64) -> u32 {
    (weight * f64::from(SHARES)).round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::{Rng, Stream};

    fn region() -> (Cell, Reservoir) {
        let cell = Cell::slab(DVec3::new(3.0, 4.0, 5.0), -0.5);
        (cell, Reservoir { species: 0, max_atoms: 9, z_lo: 0.25, z_hi: 3.0, volume: 3.0 * 4.0 * 2.75 })
    }

    #[test]
    fn every_voxel_is_drawn_as_often_as_its_density_says() {
        let (cell, region) = region();
        for tilt in [0.0, 0.7, -1.5] {
            drawn_as_often_as_its_density_says(&cell.tilted(tilt), &region);
        }
    }

    #[test]
    fn voxels_of_an_oblique_cell_repeat_with_its_surface_cells() {
        let (cell, region) = region();
        let cell = cell.tilted(1.1);
        let voxels = Voxels::new(&cell, &region, [3, 2], [5, 3, 4]);
        let [a, b, _] = cell.vectors();
        for k in 0..200 {
            let unit = |m: f64| (f64::from(k) * m).fract();
            let p = DVec3::new(3.0 * unit(0.618_034), 4.0 * unit(0.414_214), 0.3 + 2.0 * unit(0.732_051));
            for moved in [p + a / 3.0, p + b / 2.0, p - a / 3.0 + b / 2.0] {
                assert_eq!(voxels.of(p), voxels.of(cell.wrap(moved)), "{p}");
            }
        }
    }

    fn drawn_as_often_as_its_density_says(cell: &Cell, region: &Reservoir) {
        let voxels = Voxels::new(cell, region, [3, 2], [2, 3, 4]);
        let weights: Vec<f64> = (0..24).map(|v| if v % 5 == 0 { 0.0 } else { f64::from(v) }).collect();
        let tables = InsertionTables::new(1, shares_of(0.7), false, vec![1.0], vec![voxels], [&weights[..]]);
        let own = [tables.weight];
        let density = Places::new(Some(&tables), 1.0, &own).density(0).expect("a table");
        let (rng, n) = (Rng::new(5), 200_000);
        let (mut hits, mut biased) = (vec![0.0; 24], 0.0);
        for step in 0..n {
            let words = rng.block(Stream::InsertPosition, step, 0, 0);
            if let Some(r) = density.draw(words) {
                assert!(
                    r.z >= region.z_lo && r.z <= region.z_hi && r.x < 3.0 && r.y < 4.0 && r.cmpge(DVec3::ZERO).all()
                );
                hits[voxels.of(r)] += 1.0;
                biased += 1.0;
            }
        }
        let n = n as f64;
        assert!((biased / n - 0.7).abs() < 4.0 * (0.21 / n).sqrt());
        let sum: f64 = weights.iter().sum();
        for (v, w) in weights.iter().enumerate() {
            let p = w / sum;
            let seen = hits[v] / biased;
            assert!((seen - p).abs() <= 5.0 * (p / biased).sqrt(), "voxel {v}: {seen} and {p}");
            let middle = voxels.position(v, DVec3::splat(0.5));
            assert_eq!(voxels.of(middle), v);
            assert!((density.relative(middle) - (0.3 + 0.7 * 24.0 * p)).abs() < 1e-5);
        }
        // ∫p = 1
        let mean: f64 = (0..24).map(|v| density.relative(voxels.position(v, DVec3::splat(0.5)))).sum::<f64>() / 24.0;
        assert!((mean - 1.0).abs() < 1e-14);
    }

    #[test]
    fn guides_lead_to_the_voxel_of_every_share() {
        let (cell, region) = region();
        let voxels = Voxels::new(&cell, &region, [1, 1], [10, 10, 50]);
        let peaked: Vec<f64> =
            (0..5000).map(|v| if v % 3 == 0 { 0.0 } else { (f64::from(v % 50) * -0.7).exp() }).collect();
        let single: Vec<f64> = (0..5000).map(|v| f64::from(u8::from(v == 4321))).collect();
        let tables = InsertionTables::new(1, SHARES, false, vec![1.0, 2.0], vec![voxels], [&peaked[..], &single[..]]);
        let own = [SHARES];
        for (kt, weights) in [(1.0, &peaked), (2.0, &single)] {
            let Some(Density::Tabled(table)) = Places::new(Some(&tables), kt, &own).density(0) else {
                panic!("a table")
            };
            let cumulative = InsertionTables::cumulative(weights);
            for share in (0..SHARES).step_by(77).chain([SHARES - 1]) {
                assert_eq!(table.voxel_of(share), voxel_of(share, &cumulative), "share {share} at {kt}");
            }
        }
    }

    #[test]
    fn shares_are_whole_whatever_the_weights() {
        for weights in [vec![0.0; 7], vec![1e-300, 1.0, 0.0], vec![1.0 / 3.0; 3]] {
            let cumulative = InsertionTables::cumulative(&weights);
            assert!(cumulative.is_sorted() && cumulative[0] == 0 && cumulative[weights.len()] == SHARES);
        }
        assert_eq!(InsertionTables::cumulative(&[0.0; 4])[1], SHARES / 4);
    }
}
