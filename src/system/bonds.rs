//! Insertion where bonds form: about atoms of the slab, the hosts, in half-shells above them and in caps about their dangling bonds.
//!
//! Twin: `shaders/shared/bonds.wgsl`. The density of an insertion is p(r) = a_u/V_in + a_h n_h(r)/(M V_h) + a_c n_c(r)/(M V_c)
//! with M hosts, n_h and n_c half-shells and caps that hold r, V_h and V_c their volumes, and shares a of 2²⁴. It depends on where
//! the atoms of the slab are now; no insertion or deletion moves these, so that it is the same in both directions of a move. A
//! position outside the region is a move that is not made.

use super::cell::Cell;
use super::insertion::SHARES;
use crate::base::rng::{index_below, uniform};
use glam::DVec3;
use std::f64::consts::PI;

/// An atom of the slab.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SlabSite {
    /// In a slot, of every replica.
    Mobile(usize),
    /// At a place for good. \[length\]
    Frozen(DVec3),
}

/// Hosts of a slab, and how atoms are placed about them.
#[derive(Debug, Clone, PartialEq)]
pub struct Bonds {
    /// The cell.
    pub cell: Cell,
    /// Atoms about which others are inserted.
    pub hosts: Vec<SlabSite>,
    /// Atoms that hosts may be bonded to, hosts among them.
    pub partners: Vec<SlabSite>,
    /// Least and greatest length of the new bond. \[length\]
    pub shell: [f64; 2],
    /// Cosine of the half-angle of a cap.
    pub cap: f64,
    /// Hosts are bonded to partners closer than this. \[length\]
    pub reach: f64,
    /// Shares of half-shells and of caps in [`SHARES`]; the rest is uniform.
    pub shares: [u32; 2],
    /// `[n_reservoirs]`, V_in. \[length³\]
    pub volumes: Vec<f64>,
}

/// Squared sum of unit vectors below which bonds cancel and the dangling one points up.
pub const CANCELLED: f64 = 1e-6;
/// z of an axis from which on the x axis, not the z axis, says where turns about it begin.
pub const STEEP: f64 = 0.9;

impl Bonds {
    /// Where hosts and their dangling bonds are now.
    ///
    /// - `position_of`: position of the atom in a slot \[length\]
    pub fn hosts(&self, position_of: impl Fn(usize) -> DVec3) -> Hosts<'_> {
        let now = |site: &SlabSite| match *site {
            SlabSite::Mobile(slot) => position_of(slot),
            SlabSite::Frozen(position) => position,
        };
        let partners: Vec<DVec3> = self.partners.iter().map(now).collect();
        let at: Vec<DVec3> = self.hosts.iter().map(now).collect();
        let axes = at.iter().map(|&host| self.dangling(host, &partners)).collect();
        Hosts { bonds: self, at, axes }
    }

    /// Direction away from the bonds of a host: minus the sum of their unit vectors.
    fn dangling(&self, host: DVec3, partners: &[DVec3]) -> DVec3 {
        let bonds = partners.iter().map(|&p| self.cell.minimum_image(p - host));
        let sum: DVec3 = bonds.filter(|d| self.is_bond(*d)).map(DVec3::normalize).sum();
        if sum.length_squared() < CANCELLED { DVec3::Z } else { -sum.normalize() }
    }

    fn is_bond(&self, d: DVec3) -> bool {
        let r2 = d.length_squared();
        r2 > CANCELLED * self.reach * self.reach && r2 < self.reach * self.reach
    }

    /// a/(M V) of half-shells and of caps. [1/length³]
    pub fn densities(&self) -> [f64; 2] {
        let [from, to] = self.shell;
        let half = 2.0 * PI / 3.0 * (to.powi(3) - from.powi(3));
        let share = |kind: usize| f64::from(self.shares[kind]) / (f64::from(SHARES) * self.hosts.len() as f64);
        [share(0) / half, share(1) / (half * (1.0 - self.cap))]
    }
}

/// Hosts of one replica where they are now.
#[derive(Debug, Clone, PartialEq)]
pub struct Hosts<'a> {
    bonds: &'a Bonds,
    /// `[n_hosts]` \[length\]
    at: Vec<DVec3>,
    /// `[n_hosts]`, unit vectors along their dangling bonds.
    axes: Vec<DVec3>,
}

impl Hosts<'_> {
    /// Draws a position, which may lie outside the region; `None` where it is to be uniform over that.
    ///
    /// - `words`: random words. Their upper 24 bits are radius, polar and azimuthal angle, and the host; the lower 8 bits of
    ///   three choose between half-shell, cap and uniform.
    pub fn draw(&self, words: [u32; 4]) -> Option<DVec3> {
        let [a, b, c, d] = words;
        let choice = (a & 0xff) | (b & 0xff) << 8 | (c & 0xff) << 16;
        let Bonds { shell: [from, to], shares, .. } = *self.bonds;
        if choice >= shares[0] + shares[1] {
            return None;
        }
        let host = index_below(uniform(d), self.at.len());
        let (axis, lowest) = match choice < shares[0] {
            true => (DVec3::Z, 0.0),
            false => (self.axes[host], self.bonds.cap),
        };
        let radius = (from.powi(3) + uniform(a) * (to.powi(3) - from.powi(3))).cbrt();
        // 1 − cos θ, from which the sine of a small angle follows without loss
        let versine = uniform(b) * (1.0 - lowest);
        let (cosine, sine) = (1.0 - versine, (versine * (2.0 - versine)).sqrt());
        let other = if axis.z.abs() < STEEP { DVec3::Z } else { DVec3::X };
        let e1 = other.cross(axis).normalize();
        let e2 = axis.cross(e1);
        let (sin, cos) = (2.0 * PI * uniform(c)).sin_cos();
        let direction = cosine * axis + sine * (cos * e1 + sin * e2);
        Some(self.bonds.cell.wrap(self.at[host] + radius * direction))
    }

    /// p(r) V_in at a position of the region of a reservoir species.
    pub fn relative(&self, reservoir: usize, position: DVec3) -> f64 {
        let Bonds { shell: [from, to], shares, cap, ref cell, ref volumes, .. } = *self.bonds;
        let [mut half_shells, mut caps] = [0.0; 2];
        for (&host, axis) in self.at.iter().zip(&self.axes) {
            let d = cell.minimum_image(position - host);
            let r2 = d.length_squared();
            if r2 >= from * from && r2 <= to * to {
                half_shells += f64::from(u8::from(d.z >= 0.0));
                caps += f64::from(u8::from(d.dot(*axis) >= cap * r2.sqrt()));
            }
        }
        let uniform = 1.0 - f64::from(shares[0] + shares[1]) / f64::from(SHARES);
        let [of_half_shell, of_cap] = self.bonds.densities();
        uniform + volumes[reservoir] * (of_half_shell * half_shells + of_cap * caps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::{Rng, Stream};

    /// Two hosts whose shells overlap, one of them across a period, a third atom below them.
    fn bonds(shares: [f64; 2]) -> Bonds {
        let cell = Cell::slab(DVec3::new(5.0, 6.0, 7.0), 0.0).tilted(0.8);
        let frozen = SlabSite::Frozen(cell.wrap(DVec3::new(0.3, 0.4, 0.9)));
        Bonds {
            cell,
            hosts: vec![SlabSite::Mobile(1), frozen],
            partners: vec![SlabSite::Mobile(1), frozen, SlabSite::Mobile(0)],
            shell: [0.9, 1.3],
            cap: 40.0_f64.to_radians().cos(),
            reach: 1.6,
            shares: shares.map(super::super::insertion::shares_of),
            volumes: vec![5.0 * 6.0 * 6.5],
        }
    }

    const SLOTS: [DVec3; 2] = [DVec3::new(0.2, 1.1, 0.3), DVec3::new(4.9, 1.2, 1.4)];

    #[test]
    fn positions_are_drawn_as_often_as_the_density_says() {
        let region = 0.5..=7.0;
        for shares in [[0.4, 0.3], [0.0, 0.9], [0.9, 0.0]] {
            let bonds = bonds(shares);
            let hosts = bonds.hosts(|slot| bonds.cell.wrap(SLOTS[slot]));
            let (rng, n) = (Rng::new(9), 400_000_u64);
            // E[f/p] over draws is ∫ f over what can be drawn about hosts
            let (mut drawn, mut weights, mut squares) = (0_u32, [0.0; 2], [0.0; 2]);
            for k in 0..n {
                let Some(r) = hosts.draw(rng.block(Stream::InsertPosition, k, 0, 0)) else { continue };
                assert!(bonds.cell.wrap(r) == r);
                drawn += 1;
                if !region.contains(&r.z) {
                    continue;
                }
                let p = hosts.relative(0, r) / bonds.volumes[0];
                for (d, f) in [1.0, r.z].into_iter().enumerate() {
                    weights[d] += f / p;
                    squares[d] += (f / p).powi(2);
                }
            }
            let wanted = shares[0] + shares[1];
            assert!((f64::from(drawn) / n as f64 - wanted).abs() < 4.0 * (wanted / n as f64).sqrt());
            // The same integrals of (p − a_u/V)/p by uniform positions.
            let (mut sums, mut uniform_squares) = ([0.0; 2], [0.0; 2]);
            let share_uniform = 1.0 - wanted;
            for k in 0..n {
                let [a, b, c, _] = rng.uniforms(Stream::InitialPosition, k, 0, 0);
                let r = bonds.cell.wrap(DVec3::new(5.0 * a, 6.0 * b, 0.5 + 6.5 * c));
                let p = hosts.relative(0, r);
                for (d, f) in [1.0, r.z].into_iter().enumerate() {
                    let term = bonds.volumes[0] * f * (p - share_uniform) / p;
                    sums[d] += term;
                    uniform_squares[d] += term * term;
                }
            }
            for d in 0..2 {
                let n = n as f64;
                let (ours, exact) = (weights[d] / n, sums[d] / n);
                let error = |square: f64, mean: f64| ((square / n - mean * mean) / n).sqrt();
                let allowed = 4.0 * error(squares[d], ours).hypot(error(uniform_squares[d], exact));
                assert!((ours - exact).abs() < allowed, "{shares:?}, {d}: {ours} and {exact} ± {allowed}");
                assert!(allowed < 0.1 * exact, "{shares:?}: {exact} ± {allowed} says little");
            }
        }
    }

    #[test]
    fn a_dangling_bond_points_away_from_the_others_and_up_without_any() {
        let bonds = bonds([0.1, 0.1]);
        let hosts = bonds.hosts(|slot| SLOTS[slot]);
        let bond = bonds.cell.minimum_image(SLOTS[0] - SLOTS[1]);
        let (a, b) = (bond.normalize(), bonds.cell.minimum_image(DVec3::new(0.3, 0.4, 0.9) - SLOTS[1]));
        let near: DVec3 = [bond, b].iter().filter(|d| d.length() < 1.6).map(|d| d.normalize()).sum();
        assert!(hosts.axes[0].dot(near) < -0.9 * near.length() && a.length() > 0.99);
        let alone = Bonds { partners: Vec::new(), ..bonds.clone() };
        assert_eq!(alone.hosts(|slot| SLOTS[slot]).axes[0], DVec3::Z);
        // two bonds that cancel
        let opposite = Bonds {
            partners: vec![SlabSite::Frozen(SLOTS[1] + DVec3::X), SlabSite::Frozen(SLOTS[1] - DVec3::X)],
            ..bonds.clone()
        };
        assert_eq!(opposite.hosts(|slot| SLOTS[slot]).axes[0], DVec3::Z);
    }
}
