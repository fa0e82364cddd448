//! Slabs: fcc(111) and fcc(100) lattices, and atoms from a file.
//!
//! The top layer lies at z = 0 and the others below it. Each layer is shifted against the one above it by one hollow
//! vector, always the same one, which makes the stacking ABC: under an hcp hollow there is an atom of the second layer,
//! under an fcc hollow one of the third.

use super::plane::PlaneLattice;
use glam::DVec3;

/// An atom of a slab.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SlabAtom {
    /// \[length\], x and y inside the cell
    pub position: DVec3,
    /// Index into the scene's species.
    pub species: usize,
    /// Whether it moves.
    pub mobile: bool,
}

/// A slab, as built or read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Slab {
    /// Lattices: layer by layer, top layer first; files: in file order.
    pub atoms: Vec<SlabAtom>,
    /// Edges of the rectangle of a period in x and y \[length\]; `None` without a slab.
    pub lengths: Option<(f64, f64)>,
    /// How far the second period leads along x \[length\]; 0 where the periods are at right angles.
    pub tilt: f64,
    /// The lattice as its file writes it, where the slab was turned.
    pub turned: Option<Turned>,
}

/// A slab whose file has no period along x, and which was turned until it had.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Turned {
    /// Rows of `Lattice` in the file \[length\].
    pub rows: [[f64; 3]; 3],
    /// The lattice it became.
    pub lattice: PlaneLattice,
}

impl Slab {
    /// Atoms that do not move.
    pub fn frozen(&self) -> impl Iterator<Item = &SlabAtom> {
        self.atoms.iter().filter(|a| !a.mobile)
    }

    /// Atoms that move.
    pub fn mobile(&self) -> impl Iterator<Item = &SlabAtom> {
        self.atoms.iter().filter(|a| a.mobile)
    }

    /// z of the uppermost frozen atom [length], if there is one: the default floor of the cell.
    pub fn frozen_top(&self) -> Option<f64> {
        self.frozen().map(|a| a.position.z).reduce(f64::max)
    }
}

/// Which face of the fcc crystal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    /// Hexagonal layers in rectangular d × √3 d cells of two sites.
    Fcc111,
    /// Square layers in d × d cells of one site.
    Fcc100,
}

/// A stack of lattice planes that fills the periodic cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lattice {
    /// Which face.
    pub face: Face,
    /// d, distance of nearest neighbours \[length\].
    pub nearest_neighbour: f64,
    /// Repeats of the unit cell in x and y.
    pub repeat: (u32, u32),
}

/// Atoms of a close-packed layer whose neighbours stand at the minimum of their pair, 2^{1/6} σ apart.
pub fn close_packed(area: f64, sigma: f64) -> f64 {
    2.0 / (3.0_f64.sqrt() * 2.0_f64.cbrt()) * area / (sigma * sigma)
}

impl Lattice {
    /// Periods in x and y [length].
    pub fn lengths(&self) -> (f64, f64) {
        let (a, b) = self.unit_cell();
        (f64::from(self.repeat.0) * a, f64::from(self.repeat.1) * b)
    }

    /// Sites of one layer.
    pub fn sites_per_layer(&self) -> u64 {
        let basis = match self.face {
            Face::Fcc111 => 2,
            Face::Fcc100 => 1,
        };
        basis * u64::from(self.repeat.0) * u64::from(self.repeat.1)
    }

    /// Distance of neighbouring layers [length].
    pub fn layer_spacing(&self) -> f64 {
        match self.face {
            Face::Fcc111 => self.nearest_neighbour * (2.0_f64 / 3.0).sqrt(),
            Face::Fcc100 => self.nearest_neighbour / std::f64::consts::SQRT_2,
        }
    }

    /// Edges of the unit cell in x and y [length].
    fn unit_cell(&self) -> (f64, f64) {
        let d = self.nearest_neighbour;
        match self.face {
            Face::Fcc111 => (d, 3.0_f64.sqrt() * d),
            Face::Fcc100 => (d, d),
        }
    }

    /// Shift of a layer against the one above it, in unit-cell edges.
    fn hollow(&self) -> (f64, f64) {
        match self.face {
            Face::Fcc111 => (0.5, 1.0 / 6.0),
            Face::Fcc100 => (0.5, 0.5),
        }
    }

    /// Sites of one layer, row by row along x.
    ///
    /// - `depth`: 0 for the top layer of the slab, 1 for the one below it, −1 for the next one above it
    /// - returns: `[sites_per_layer]` [length], x and y inside the cell
    pub fn layer(&self, depth: i32) -> Vec<DVec3> {
        let (a, b) = self.unit_cell();
        let (nx, ny) = (f64::from(self.repeat.0), f64::from(self.repeat.1));
        let (hx, hy) = self.hollow();
        let rows_per_cell: u32 = match self.face {
            Face::Fcc111 => 2,
            Face::Fcc100 => 1,
        };
        // + 0.0: the top layer lies at 0, not at −0.
        let z = -f64::from(depth) * self.layer_spacing() + 0.0;
        let mut sites = Vec::with_capacity(self.sites_per_layer() as usize);
        for row in 0..rows_per_cell * self.repeat.1 {
            let v = f64::from(row) / f64::from(rows_per_cell);
            let indent = if row % rows_per_cell == 1 { 0.5 } else { 0.0 };
            for column in 0..self.repeat.0 {
                let x = wrap(f64::from(column) + indent + f64::from(depth) * hx, nx);
                let y = wrap(v + f64::from(depth) * hy, ny);
                sites.push(DVec3::new(x * a, y * b, z));
            }
        }
        sites
    }

    /// A slab of `layers` layers of one species, the upper `mobile_layers` of them mobile.
    pub fn slab(&self, species: usize, layers: u32, mobile_layers: u32) -> Slab {
        let atoms = (0..layers)
            .flat_map(|depth| {
                let mobile = depth < mobile_layers;
                self.layer(depth as i32).into_iter().map(move |position| SlabAtom { position, species, mobile })
            })
            .collect();
        Slab { atoms, lengths: Some(self.lengths()), ..Slab::default() }
    }

    /// The next sites above the slab in the same stacking, lower layers first.
    ///
    /// - `skip`: sites already taken
    /// - `count`: sites wanted
    /// - returns: `[count]` [length]
    pub fn next_sites(&self, skip: usize, count: usize) -> Vec<DVec3> {
        let per_layer = self.sites_per_layer() as usize;
        let (first, last) = (skip / per_layer, (skip + count).div_ceil(per_layer));
        (first..last)
            .flat_map(|above| self.layer(-(above as i32) - 1))
            .skip(skip - first * per_layer)
            .take(count)
            .collect()
    }
}

/// A coordinate in unit cells, wrapped into [0, n), with rounding at the border taken as 0.
fn wrap(x: f64, n: f64) -> f64 {
    let wrapped = x.rem_euclid(n);
    if n - wrapped < 1e-9 { 0.0 } else { wrapped }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATTICE: Lattice = Lattice { face: Face::Fcc111, nearest_neighbour: 1.1, repeat: (6, 3) };

    /// Distances of an atom to all others with periods in x and y, sorted.
    fn distances(atoms: &[DVec3], lengths: (f64, f64), from: DVec3) -> Vec<f64> {
        let mut all: Vec<f64> = atoms
            .iter()
            .map(|&r| {
                let mut d = r - from;
                d.x -= lengths.0 * (d.x / lengths.0).round();
                d.y -= lengths.1 * (d.y / lengths.1).round();
                d.length()
            })
            .filter(|&d| d > 1e-9)
            .collect();
        all.sort_by(f64::total_cmp);
        all
    }

    #[test]
    fn the_reference_slab_has_36_sites_a_layer() {
        let slab = LATTICE.slab(0, 3, 1);
        assert_eq!(slab.atoms.len(), 108);
        assert_eq!(slab.mobile().count(), 36);
        let (x, y) = slab.lengths.expect("a lattice has lengths");
        assert!((x - 6.6).abs() < 1e-12 && (y - 5.715_767_664_977_296).abs() < 1e-12);
        assert!((LATTICE.layer_spacing() - 0.898_146_239_020_498_7).abs() < 1e-12);
        assert!((slab.frozen_top().expect("frozen layers") + LATTICE.layer_spacing()).abs() < 1e-12);
        for a in &slab.atoms {
            assert!((0.0..x).contains(&a.position.x) && (0.0..y).contains(&a.position.y));
        }
    }

    #[test]
    fn every_atom_has_the_neighbours_of_its_lattice() {
        for (face, in_layer, above) in [(Face::Fcc111, 6, 3), (Face::Fcc100, 4, 4)] {
            let lattice = Lattice { face, nearest_neighbour: 1.1, repeat: (4, 4) };
            let atoms: Vec<DVec3> = lattice.slab(0, 3, 0).atoms.iter().map(|a| a.position).collect();
            let per_layer = lattice.sites_per_layer() as usize;
            for (i, &r) in atoms.iter().enumerate() {
                let d = distances(&atoms, lattice.lengths(), r);
                let neighbours = in_layer + if i / per_layer == 1 { 2 * above } else { above };
                assert!((d[0] - 1.1).abs() < 1e-9 && (d[neighbours - 1] - 1.1).abs() < 1e-9, "{face:?} {i}");
                assert!(d[neighbours] > 1.1 * 1.3);
            }
        }
    }

    #[test]
    fn the_stacking_is_fcc() {
        // The hollow at +s has an atom of layer 2 below it (hcp), the one at 2s an atom of layer 3 (fcc),
        // and the next layer above the slab continues over the fcc hollow.
        let d = LATTICE.nearest_neighbour;
        let s = DVec3::new(d / 2.0, d / (2.0 * 3.0_f64.sqrt()), 0.0);
        let under = |depth: i32, at: DVec3| {
            let z = LATTICE.layer(depth)[0].z;
            distances(&LATTICE.layer(depth), LATTICE.lengths(), DVec3::new(at.x, at.y, z + 1e-6))[0] < 1e-5
        };
        assert!(under(0, DVec3::ZERO));
        assert!(under(1, s) && !under(2, s) && !under(-1, s));
        assert!(under(2, 2.0 * s) && !under(1, 2.0 * s) && under(-1, 2.0 * s));
        assert!(under(3, DVec3::ZERO) && under(-3, DVec3::ZERO));
    }

    #[test]
    fn next_sites_fill_lower_layers_first_and_go_on_where_they_stopped() {
        let all = LATTICE.next_sites(0, 72);
        assert!(all[..36].iter().all(|r| (r.z - LATTICE.layer_spacing()).abs() < 1e-12));
        assert!(all[36..].iter().all(|r| (r.z - 2.0 * LATTICE.layer_spacing()).abs() < 1e-12));
        assert_eq!(LATTICE.next_sites(30, 10), all[30..40]);
        assert!(LATTICE.next_sites(5, 0).is_empty());
        let top = LATTICE.layer(0);
        assert!((distances(&top, LATTICE.lengths(), all[0])[0] - 1.1).abs() < 1e-9);
    }
}
