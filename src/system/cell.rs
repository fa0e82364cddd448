//! The simulation cell: periodic directions, hard walls, images.
//!
//! The periods in the plane are a₁ = (L_x, 0) and a₂ = (t, L_y), with the tilt t = 0 in an orthogonal cell. Positions are kept
//! in the rectangle 0 ≤ x < L_x, 0 ≤ y < L_y in either case: rows of such rectangles, each t further along x than the one
//! below, fill the plane as bricks fill a wall. So area, uniform positions and everything that looks at one atom are those
//! of an orthogonal cell; only what crosses L_y is moved by t along x.
//!
//! **Which image.** Take n = round(d_y/L_y) rows off a difference d, then whole L_x off its x. If any image of d is
//! shorter than r ≤ ½ min(L_x, L_y), this finds it, whatever the tilt: its |y| < ½ L_y leaves one choice of n, and then
//! its |x| < ½ L_x one choice of columns. Rounding both fractional coordinates at once, as integers that wrap do, finds
//! it for r ≤ ½ min(w₁, w₂), with w₁ = L_x L_y/|a₂| and w₂ = L_y the widths between opposite edges: a fractional coordinate is
//! d·n_i/w_i with a unit vector n_i, so that |d| < ½ w_i leaves one choice of each. The second bound is the sharper one
//! (w₁ ≤ L_x), and [`Cell::shortest_period`] is what it is about. [`super::plane`] reduces the lattice at the start, so that
//! |a₁·a₂| ≤ ½ min(|a₁|², |a₂|²) and the widths are at least √¾ of the shortest period: as wide as this lattice allows.
//!
//! Beyond that radius the *shortest* image need not be the one that rounding finds. [`Cell::minimum_image`] still gives the
//! shortest: the circumcentre of a triangle of a reduced lattice lies inside it, so a place is nearest to a point of the
//! lattice at most L_y above or below it, and the rows n − 1, n and n + 1 hold the nearest one.

use glam::DVec3;
use serde::{Deserialize, Serialize};

/// A cell periodic in x and y, orthogonal or oblique in that plane; in z, which stands upright on it, either periodic
/// (bulk) or closed by two hard walls (slab).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// L_x and L_y, the edges of a rectangle of the area of a period; z holds the period (bulk) or the distance between the
    /// walls (slab). \[length\]
    pub lengths: DVec3,
    /// t, how far a₂ leads along x; at most ½ L_x either way, 0 in an orthogonal cell. \[length\]
    pub tilt: f64,
    /// Lowest z of a mobile atom: the floor of a slab cell, 0 in bulk. \[length\]
    pub floor: f64,
    /// Whether z is periodic.
    pub periodic_z: bool,
}

impl Cell {
    /// A cell periodic in x and y with walls at `floor` and `floor + lengths.z`.
    pub fn slab(lengths: DVec3, floor: f64) -> Cell {
        Cell { lengths, tilt: 0.0, floor, periodic_z: false }
    }

    /// A cell periodic in all three directions.
    pub fn bulk(lengths: DVec3) -> Cell {
        Cell { lengths, tilt: 0.0, floor: 0.0, periodic_z: true }
    }

    /// The same cell with a tilt \[length\]; lengths and tilt are those of a reduced lattice.
    pub fn tilted(self, tilt: f64) -> Cell {
        Cell { tilt, ..self }
    }

    /// Whether a₁ and a₂ are not at right angles.
    pub fn is_oblique(&self) -> bool {
        self.tilt != 0.0
    }

    /// a₁, a₂ and a₃, of which the last is upright; without a period in z as long as the walls are apart. \[length\]
    pub fn vectors(&self) -> [DVec3; 3] {
        let DVec3 { x, y, z } = self.lengths;
        [DVec3::new(x, 0.0, 0.0), DVec3::new(self.tilt, y, 0.0), DVec3::new(0.0, 0.0, z)]
    }

    /// z of the upper wall, or the upper end of the period. [length]
    pub fn ceiling(&self) -> f64 {
        self.floor + self.lengths.z
    }

    /// Volume open to mobile atoms. [length³]
    pub fn volume(&self) -> f64 {
        self.lengths.x * self.lengths.y * self.lengths.z
    }

    /// The centre of the cell.
    pub fn centre(&self) -> DVec3 {
        DVec3::new(0.5 * self.lengths.x, 0.5 * self.lengths.y, self.floor + 0.5 * self.lengths.z)
    }

    /// The image of `position` inside the first period (periodic directions only).
    pub fn wrap(&self, mut position: DVec3) -> DVec3 {
        if self.is_oblique() {
            // The row that y is taken back from, also where −tiny becomes 0.
            let y = self.lengths.y;
            position.x -= self.tilt * ((position.y - wrap_one(position.y, y)) / y).round();
        }
        let z = if self.periodic_z { wrap_one(position.z, self.lengths.z) } else { position.z };
        DVec3::new(wrap_one(position.x, self.lengths.x), wrap_one(position.y, self.lengths.y), z)
    }

    /// The image of a wrapped position inside the parallelogram of a₁ and a₂ instead of the rectangle.
    pub fn in_parallelogram(&self, position: DVec3) -> DVec3 {
        if !self.is_oblique() {
            return position;
        }
        let edge = self.tilt * position.y / self.lengths.y;
        DVec3::new(edge + wrap_one(position.x - edge, self.lengths.x), position.y, position.z)
    }

    /// Minimum-image vector of a difference of two *wrapped* positions.
    #[inline]
    pub fn minimum_image(&self, d: DVec3) -> DVec3 {
        if self.is_oblique() {
            return self.shortest_image(d);
        }
        let z = if self.periodic_z { nearest(d.z, self.lengths.z) } else { d.z };
        DVec3::new(nearest(d.x, self.lengths.x), nearest(d.y, self.lengths.y), z)
    }

    /// The shortest image of a difference in an oblique cell.
    fn shortest_image(&self, d: DVec3) -> DVec3 {
        let z = if self.periodic_z { nearest(d.z, self.lengths.z) } else { d.z };
        let row = (d.y / self.lengths.y).round();
        let image = |row: f64| {
            let x = d.x - row * self.tilt;
            DVec3::new(x - self.lengths.x * (x / self.lengths.x).round(), d.y - row * self.lengths.y, z)
        };
        let mut shortest = image(row);
        for other in [image(row - 1.0), image(row + 1.0)] {
            if other.length_squared() < shortest.length_squared() {
                shortest = other;
            }
        }
        shortest
    }

    /// Whether a position lies between the walls (slab) or is at least finite (bulk).
    pub fn contains(&self, position: DVec3) -> bool {
        position.is_finite() && (self.periodic_z || (position.z >= self.floor && position.z <= self.ceiling()))
    }

    /// Specular reflection at the walls: z mirrored, v_z flipped, as often as needed.
    #[inline]
    pub fn reflect(&self, position: &mut DVec3, velocity: &mut DVec3) {
        if self.periodic_z {
            return;
        }
        let ceiling = self.ceiling();
        // An atom that is not a number or absurdly fast leaves the loop and is caught by `contains`.
        for _ in 0..8 {
            if position.z < self.floor {
                position.z = 2.0 * self.floor - position.z;
                velocity.z = -velocity.z;
            } else if position.z > ceiling {
                position.z = 2.0 * ceiling - position.z;
                velocity.z = -velocity.z;
            } else {
                return;
            }
        }
    }

    /// Translations of all periodic images that a sphere of radius `r_cut` around any atom can reach,
    /// the identity first. Used where the cutoff exceeds half a period.
    pub fn image_shifts(&self, r_cut: f64) -> Vec<DVec3> {
        if self.is_oblique() {
            return self.oblique_shifts(r_cut);
        }
        let reach = |length: f64| (r_cut / length).ceil() as i32;
        let (nx, ny) = (reach(self.lengths.x), reach(self.lengths.y));
        let nz = if self.periodic_z { reach(self.lengths.z) } else { 0 };
        let mut shifts = vec![DVec3::ZERO];
        for i in -nx..=nx {
            for j in -ny..=ny {
                for k in -nz..=nz {
                    if (i, j, k) != (0, 0, 0) {
                        shifts.push(DVec3::new(f64::from(i), f64::from(j), f64::from(k)) * self.lengths);
                    }
                }
            }
        }
        shifts
    }

    /// The same in an oblique cell: rounding leaves a vector of at most half a diagonal of the rectangle, and an image is
    /// within reach if it is no further than that from a translation.
    fn oblique_shifts(&self, r_cut: f64) -> Vec<DVec3> {
        let [a, b, c] = self.vectors();
        let most = r_cut + 0.5 * a.x.hypot(b.y);
        let rows = (most / b.y).floor() as i32;
        let layers = if self.periodic_z { (r_cut / c.z).ceil() as i32 } else { 0 };
        let mut shifts = vec![DVec3::ZERO];
        for j in -rows..=rows {
            let row = f64::from(j) * b;
            let columns = ((most + row.x.abs()) / a.x).floor() as i32;
            for i in -columns..=columns {
                let shift = row + f64::from(i) * a;
                if shift.length() > most {
                    continue;
                }
                let upright = (-layers..=layers).filter(|&k| (i, j, k) != (0, 0, 0));
                shifts.extend(upright.map(|k| shift + f64::from(k) * c));
            }
        }
        shifts
    }

    /// Widths of the cell across a₁ and across a₂: the distances between its opposite edges in the plane. [length]
    pub fn widths(&self) -> [f64; 2] {
        let DVec3 { x, y, .. } = self.lengths;
        [if self.is_oblique() { x * y / self.tilt.hypot(y) } else { x }, y]
    }

    /// The shortest period, or width of an oblique cell: no two images are both nearer than half of it. [length]
    pub fn shortest_period(&self) -> f64 {
        let [x, y] = self.widths();
        let xy = x.min(y);
        if self.periodic_z { xy.min(self.lengths.z) } else { xy }
    }
}

fn wrap_one(x: f64, length: f64) -> f64 {
    let wrapped = x - length * (x / length).floor();
    // x = −tiny rounds up to exactly `length`
    if wrapped >= length { 0.0 } else { wrapped }
}

#[inline]
fn nearest(d: f64, length: f64) -> f64 {
    let half = 0.5 * length;
    if d > half {
        d - length
    } else if d < -half {
        d + length
    } else {
        d
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrap_keeps_atoms_in_the_first_period() {
        let cell = Cell::bulk(DVec3::new(3.0, 4.0, 5.0));
        for x in [-1e-18, -7.2, 0.0, 3.0, 8.999_999] {
            let p = cell.wrap(DVec3::splat(x));
            assert!(p.cmpge(DVec3::ZERO).all() && p.cmplt(cell.lengths).all(), "{x} -> {p}");
        }
    }

    #[test]
    fn reflection_mirrors_position_and_flips_velocity() {
        let cell = Cell::slab(DVec3::new(3.0, 3.0, 2.0), -1.0);
        let (mut p, mut v) = (DVec3::new(0.0, 0.0, -1.25), DVec3::new(1.0, 2.0, -3.0));
        cell.reflect(&mut p, &mut v);
        assert_eq!((p.z, v), (-0.75, DVec3::new(1.0, 2.0, 3.0)));
        // twice through both walls
        let (mut p, mut v) = (DVec3::new(0.0, 0.0, 3.25), DVec3::new(0.0, 0.0, 1.0));
        cell.reflect(&mut p, &mut v);
        assert_eq!((p.z, v.z), (-0.75, 1.0));
    }

    /// Hexagonal, close to square, of unequal edges with the longer along x, and with a tilt of half an edge.
    fn oblique_cells() -> Vec<Cell> {
        [(3.0, 2.598_076_211_353_316, 1.5), (3.0, 3.1, 0.2), (7.0, 2.0, -0.25), (2.5, 4.0, -1.25)]
            .map(|(x, y, tilt)| Cell::slab(DVec3::new(x, y, 9.0), 0.0).tilted(tilt))
            .to_vec()
    }

    /// A hundred differences of wrapped positions.
    fn differences(cell: &Cell) -> impl Iterator<Item = DVec3> {
        let lengths = cell.lengths;
        let unit = |k: i32| (f64::from(k) * 0.618_033_988_749_895).fract();
        (0..100).map(move |k| (2.0 * DVec3::new(unit(k), unit(17 * k + 3), 0.5) - 1.0) * lengths)
    }

    /// The shortest image in the plane, of all that could be.
    fn by_search(cell: &Cell, d: DVec3) -> DVec3 {
        let [a, b, _] = cell.vectors();
        let images = (-6..=6).flat_map(|i| (-6..=6).map(move |j| d + f64::from(i) * a + f64::from(j) * b));
        images.min_by(|p, q| p.length().total_cmp(&q.length())).expect("an image")
    }

    #[test]
    fn the_image_in_an_oblique_cell_is_the_shortest() {
        for cell in oblique_cells() {
            for d in differences(&cell) {
                let (ours, shortest) = (cell.minimum_image(d), by_search(&cell, d));
                assert!((ours.length() - shortest.length()).abs() < 1e-12, "{cell:?}, {d}: {ours}, not {shortest}");
            }
        }
    }

    #[test]
    fn within_half_a_width_rounding_finds_the_image_whatever_the_tilt() {
        for cell in oblique_cells() {
            let (lengths, t, half) = (cell.lengths, cell.tilt, 0.5 * cell.shortest_period());
            let nearest = |x: f64, length: f64| x - length * (x / length).round();
            for d in differences(&cell).filter(|&d| by_search(&cell, d).truncate().length() < half) {
                // row by row, then along the row: reference and gpu
                let rows = (d.y / lengths.y).round();
                let one = DVec3::new(nearest(d.x - rows * t, lengths.x), d.y - rows * lengths.y, d.z);
                // both fractional coordinates at once: the integers of cpu
                let (v, u) = (d.y / lengths.y, (d.x - t * d.y / lengths.y) / lengths.x);
                let (v, u) = (v - v.round(), u - u.round());
                let other = DVec3::new(u * lengths.x + v * t, v * lengths.y, d.z);
                assert!(
                    (one - by_search(&cell, d)).length() < 1e-12 && (other - one).length() < 1e-12,
                    "{cell:?}, {d}"
                );
            }
        }
    }

    #[test]
    fn wrapping_an_oblique_cell_takes_whole_periods() {
        for cell in oblique_cells() {
            let [a, b, _] = cell.vectors();
            for d in differences(&cell) {
                let p = cell.wrap(3.0 * d);
                assert!(p.x >= 0.0 && p.x < cell.lengths.x && p.y >= 0.0 && p.y < cell.lengths.y, "{p}");
                assert!(cell.minimum_image(p - 3.0 * d).truncate().length() < 1e-12);
                let below = cell.wrap(p.with_y(-1e-18));
                assert!((below.x - p.x).abs() < 1e-12 && below.y == 0.0, "{below}");
                for (i, j) in [(1.0, 0.0), (0.0, 1.0), (-2.0, 1.0)] {
                    assert!(cell.minimum_image(cell.wrap(p + i * a + j * b) - p).length() < 1e-12);
                }
                let q = cell.in_parallelogram(p);
                let u = (q.x - cell.tilt * q.y / b.y) / a.x;
                assert!((0.0..1.0).contains(&u) && cell.minimum_image(q - p).length() < 1e-12, "{q}");
            }
        }
    }

    #[test]
    fn shifts_of_an_oblique_cell_hold_every_image_within_reach() {
        for cell in oblique_cells() {
            let ([a, b, _], r_cut) = (cell.vectors(), 4.0);
            let shifts = cell.image_shifts(r_cut);
            assert_eq!(shifts[0], DVec3::ZERO);
            for d in differences(&cell) {
                let nearest = cell.minimum_image(d.with_z(0.0));
                let ours = shifts.iter().filter(|&&s| (nearest + s).length() < r_cut).count();
                let all = (-9..=9).flat_map(|i| (-9..=9).map(move |j| f64::from(i) * a + f64::from(j) * b));
                assert_eq!(ours, all.filter(|&s| (nearest + s).length() < r_cut).count(), "{cell:?}, {d}");
            }
        }
    }

    #[test]
    fn images_reach_the_cutoff() {
        let cell = Cell::slab(DVec3::new(2.0, 3.0, 9.0), 0.0);
        assert_eq!(cell.image_shifts(2.5).len(), 5 * 3);
    }
}
