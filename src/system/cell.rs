//! The simulation cell: periodic directions, hard walls, images.

use glam::DVec3;
use serde::{Deserialize, Serialize};

/// An orthogonal cell: periodic in x and y; in z either periodic (bulk) or closed by two hard walls (slab).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// Periods in x and y; z holds the period (bulk) or the distance between the walls (slab). \[length\]
    pub lengths: DVec3,
    /// Lowest z of a mobile atom: the floor of a slab cell, 0 in bulk. \[length\]
    pub floor: f64,
    /// Whether z is periodic.
    pub periodic_z: bool,
}

impl Cell {
    /// A cell periodic in x and y with walls at `floor` and `floor + lengths.z`.
    pub fn slab(lengths: DVec3, floor: f64) -> Cell {
        Cell { lengths, floor, periodic_z: false }
    }

    /// A cell periodic in all three directions.
    pub fn bulk(lengths: DVec3) -> Cell {
        Cell { lengths, floor: 0.0, periodic_z: true }
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
    pub fn wrap(&self, position: DVec3) -> DVec3 {
        let z = if self.periodic_z { wrap_one(position.z, self.lengths.z) } else { position.z };
        DVec3::new(wrap_one(position.x, self.lengths.x), wrap_one(position.y, self.lengths.y), z)
    }

    /// Minimum-image vector of a difference of two *wrapped* positions.
    #[inline]
    pub fn minimum_image(&self, d: DVec3) -> DVec3 {
        let z = if self.periodic_z { nearest(d.z, self.lengths.z) } else { d.z };
        DVec3::new(nearest(d.x, self.lengths.x), nearest(d.y, self.lengths.y), z)
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

    /// The shortest periodic length. [length]
    pub fn shortest_period(&self) -> f64 {
        let xy = self.lengths.x.min(self.lengths.y);
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

    #[test]
    fn images_reach_the_cutoff() {
        let cell = Cell::slab(DVec3::new(2.0, 3.0, 9.0), 0.0);
        assert_eq!(cell.image_shifts(2.5).len(), 5 * 3);
    }
}
