//! Dimers: pairs of atoms of the top layer of the slab, and how they are buckled.
//!
//! Two atoms are a dimer where each is the nearest of the other and they are closer than r. A dimer is *buckled* where one end
//! stands higher than the other by the threshold or more; how the buckling of one goes with that of its neighbour along the
//! row says whether the surface is (2×1) or (2×2).

use super::geometry::Images;
use super::{Adsorbed, Geometry, Observable};
use crate::observables::record::{Field, Observed};
use crate::system::cell::Cell;
use glam::DVec3;

/// Bins of |Δz|, up to [`HIGHEST`] thresholds; what is beyond is in the last one.
pub const BINS: usize = 24;
/// Upper edge of the last bin, in thresholds.
pub const HIGHEST: f64 = 4.0;
/// Neighbours along a row lie across the dimers: at most this part of their distance is along them.
const ALONG: f64 = 0.5;

/// A dimer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dimer {
    /// Its middle, not wrapped. \[length\]
    pub middle: DVec3,
    /// From one end to the other, so that x (or y where it runs along y) grows. \[length\]
    pub along: DVec3,
}

/// `dimers_symmetric`, `dimers_buckled`, `dimers_broken` (atoms without a partner), `dimer_order` and the histogram
/// `dimer_buckling`.
#[derive(Debug)]
pub(super) struct Dimers {
    cell: Cell,
    images: Images,
    buckled: f64,
}

impl Dimers {
    pub(super) fn new(geometry: &Geometry, r: f64, buckled: f64) -> Dimers {
        Dimers { cell: geometry.cell, images: Images::within(&geometry.cell, r), buckled }
    }

    /// The dimers of some atoms.
    fn find(&self, hosts: &[DVec3]) -> Vec<Dimer> {
        // the nearest partner of every atom, with the vector to it
        let partner = |i: usize| {
            let mut nearest: Option<(f64, usize, DVec3)> = None;
            for j in (0..hosts.len()).filter(|&j| j != i) {
                self.images.of_pair(hosts[j] - hosts[i], |d| {
                    let r2 = d.length_squared();
                    if nearest.is_none_or(|(best, ..)| r2 < best) {
                        nearest = Some((r2, j, d));
                    }
                });
            }
            nearest
        };
        let partners: Vec<_> = (0..hosts.len()).map(partner).collect();
        let mutual = |i: usize, j: usize| i < j && partners[j].is_some_and(|(_, back, _)| back == i);
        let dimer = |i: usize| {
            let (_, j, d) = partners[i]?;
            let upwards = if d.x.abs() > d.y.abs() { d.x } else { d.y };
            mutual(i, j).then(|| Dimer { middle: hosts[i] + 0.5 * d, along: if upwards < 0.0 { -d } else { d } })
        };
        (0..hosts.len()).filter_map(dimer).collect()
    }

    /// 1 or −1 by the end that stands higher, 0 for a dimer that is not buckled.
    fn sense(&self, dimer: &Dimer) -> f64 {
        if dimer.along.z.abs() < self.buckled { 0.0 } else { dimer.along.z.signum() }
    }

    /// Mean of s_i s_j over dimers i and their next one j along the row, 0 without a row: 1 where all lean the same way, −1 where
    /// they alternate.
    fn order(&self, dimers: &[Dimer]) -> f64 {
        let (mut sum, mut n) = (0.0, 0);
        for (i, a) in dimers.iter().enumerate() {
            let direction = a.along.with_z(0.0).normalize_or_zero();
            let next = dimers.iter().enumerate().filter(|&(j, _)| j != i).filter_map(|(_, b)| {
                let d = self.cell.minimum_image(self.cell.wrap(b.middle) - self.cell.wrap(a.middle)).with_z(0.0);
                let distance = d.length();
                (d.dot(direction).abs() <= ALONG * distance).then_some((distance, b))
            });
            if let Some((_, b)) = next.min_by(|x, y| x.0.total_cmp(&y.0)) {
                sum += self.sense(a) * self.sense(b);
                n += 1;
            }
        }
        if n > 0 { sum / f64::from(n) } else { 0.0 }
    }
}

impl Observable for Dimers {
    fn fields(&self) -> Vec<Field> {
        vec![
            Field::column("dimers_symmetric").labelled("symmetric dimers"),
            Field::column("dimers_buckled").labelled("buckled dimers"),
            Field::column("dimers_broken").labelled("surface atoms without a dimer"),
            Field::column("dimer_order").labelled("order of buckling"),
            Field::histogram("dimer_buckling", 0.0, HIGHEST * self.buckled, BINS),
        ]
    }

    fn evaluate(&self, atoms: &Adsorbed<'_>, observed: &mut Observed) {
        let hosts: Vec<DVec3> = atoms.hosts().collect();
        let (dimers, mut bins) = (self.find(&hosts), [0.0; BINS]);
        let buckled = dimers.iter().filter(|d| self.sense(d) != 0.0).count();
        for dimer in &dimers {
            let bin = dimer.along.z.abs() / (HIGHEST * self.buckled) * BINS as f64;
            bins[(bin as usize).min(BINS - 1)] += 1.0;
        }
        observed.number((dimers.len() - buckled) as f64);
        observed.number(buckled as f64);
        observed.number((hosts.len() - 2 * dimers.len()) as f64);
        observed.number(self.order(&dimers));
        observed.histogram(&bins);
    }
}

#[cfg(test)]
mod tests {
    use super::super::hosts::tests::{dimers, with_adsorbed};
    use super::*;

    fn of(r: f64, heights: [f64; 4]) -> (Vec<f32>, Vec<f32>) {
        let (geometry, slab) = dimers(heights);
        let (x, mut observed) = (with_adsorbed(&slab, &[]), Observed::default());
        Dimers::new(&geometry, r, 0.35).evaluate(&Adsorbed::of(&geometry, &x), &mut observed);
        (observed.columns, observed.bins.iter().map(|n| n.to_f32()).collect())
    }

    #[test]
    fn symmetric_buckled_and_broken_dimers_are_told_apart() {
        let (columns, bins) = of(3.1, [0.0; 4]);
        assert_eq!((&columns[..], bins[0]), (&[2.0, 0.0, 0.0, 0.0][..], 2.0));
        // one is buckled by 0.7, twice the threshold
        let (columns, bins) = of(3.1, [0.35, -0.35, 0.0, 0.0]);
        assert_eq!((&columns[..], bins[0], bins[12]), (&[1.0, 1.0, 0.0, 0.0][..], 1.0, 1.0));
        assert_eq!(of(3.1, [0.17, -0.17, 0.0, 0.0]).0[..2], [2.0, 0.0], "below the threshold");
        // 2.4 apart: none is a dimer below 2.3
        assert_eq!(of(2.3, [0.0; 4]).0, [0.0, 0.0, 4.0, 0.0]);
        // far beyond the last bin
        assert_eq!(of(3.1, [0.9, -0.9, 0.0, 0.0]).1[BINS - 1], 1.0);
    }

    #[test]
    fn the_order_is_that_of_neighbours_along_the_row() {
        let (up, down) = ([0.35, -0.35], [-0.35, 0.35]);
        let order = |a: [f64; 2], b: [f64; 2]| of(3.1, [a[0], a[1], b[0], b[1]]).0[3];
        assert_eq!((order(up, up), order(down, down), order(up, down), order(down, up)), (1.0, 1.0, -1.0, -1.0));
        assert_eq!(order(up, [0.0, 0.0]), 0.0);
    }

    #[test]
    fn an_atom_between_two_is_nobodys_partner_twice() {
        // three in a row: the nearer two are the dimer
        let (geometry, _) = dimers([0.0; 4]);
        let finder = Dimers::new(&geometry, 3.1, 0.35);
        let at = |y: f64| DVec3::new(1.0, y, 0.0);
        let found = finder.find(&[at(1.0), at(3.4), at(5.7)]);
        assert_eq!(found.len(), 1);
        assert!((found[0].middle.y - 4.55).abs() < 1e-12 && (found[0].along.y - 2.3).abs() < 1e-12);
        // and over the border of the period
        let found = finder.find(&[at(0.4), at(7.68 - 0.7)]);
        assert!((found[0].along.y - 1.1).abs() < 1e-9, "{found:?}");
    }
}
