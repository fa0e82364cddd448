//! Lattices of the plane: from any two periods to the reduced ones that a cell is made of.

use glam::{DMat2, DVec2};

/// Smallest area of two vectors, as a part of that of a rectangle with their lengths.
const LEAST_AREA: f64 = 1e-6;
/// Angles [rad], and tilts as a part of L_x, that are rounding of a file.
const ROUNDING: f64 = 1e-6;

/// A reduced lattice with a₁ along x: |a₁·a₂| ≤ ½ min(|a₁|², |a₂|²).
///
/// # Source
/// Lagrange's reduction; Cohen, A Course in Computational Algebraic Number Theory, algorithm 1.3.14.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlaneLattice {
    /// L_x and L_y, edges of a rectangle of the area of a period \[length\].
    pub lengths: (f64, f64),
    /// How far a₂ leads along x; 0 where the lattice is rectangular. \[length\]
    pub tilt: f64,
    /// Angle by which positions are turned with the lattice \[rad\]; 0 where a period lies along x.
    pub angle: f64,
}

impl PlaneLattice {
    /// The lattice of two periods; of all ways to write it the one that turns it least. `None` where they enclose no area.
    pub fn new(a: DVec2, b: DVec2) -> Option<PlaneLattice> {
        let area = a.perp_dot(b).abs();
        if !(area.is_finite() && area > LEAST_AREA * a.length() * b.length()) {
            return None;
        }
        let (u, v) = reduced(a, b);
        // Where three periods are equally short, as in a hexagonal lattice, any two of them will do.
        let firsts = [(u, v), (v, u), (u + v, u), (u - v, u)].into_iter().flat_map(|(a, b)| [(a, b), (-a, b)]);
        firsts.filter_map(|(a, b)| PlaneLattice::along(a, b)).min_by(|p, q| p.angle.abs().total_cmp(&q.angle.abs()))
    }

    /// The lattice turned so that `a` lies along x; `None` if `a` belongs to no reduced pair.
    fn along(a: DVec2, b: DVec2) -> Option<PlaneLattice> {
        let turn = -a.to_angle();
        // Numbers of a file stay as they are where it needs no turning.
        let (angle, length, mut b) =
            if turn.abs() < ROUNDING { (0.0, a.x, b) } else { (turn, a.length(), DMat2::from_angle(turn) * b) };
        b *= b.y.signum();
        b.x -= length * (b.x / length).round();
        if b.x < -(0.5 - ROUNDING) * length {
            b.x += length;
        }
        let tilt = if b.x.abs() <= ROUNDING * length { 0.0 } else { b.x };
        let is_reduced = 2.0 * tilt.abs() * length <= (1.0 + ROUNDING) * b.length_squared();
        is_reduced.then_some(PlaneLattice { lengths: (length, b.y), tilt, angle })
    }

    /// A position of the plane turned with the lattice.
    pub fn turned(&self, position: DVec2) -> DVec2 {
        if self.angle == 0.0 { position } else { DMat2::from_angle(self.angle) * position }
    }
}

/// Two shortest vectors that span the same lattice.
fn reduced(a: DVec2, b: DVec2) -> (DVec2, DVec2) {
    let (mut u, mut v) = if a.length_squared() <= b.length_squared() { (a, b) } else { (b, a) };
    loop {
        v -= (u.dot(v) / u.length_squared()).round() * u;
        if v.length_squared() >= u.length_squared() * (1.0 - ROUNDING) {
            return (u, v);
        }
        (u, v) = (v, u);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lattice(a: (f64, f64), b: (f64, f64)) -> PlaneLattice {
        PlaneLattice::new(a.into(), b.into()).expect("an area")
    }

    #[test]
    fn what_is_reduced_stays_as_it_is() {
        for (x, y, tilt) in
            [(6.6, 5.715_767_664_977_296, 0.0), (5.0, 7.0, 0.0), (3.0, 2.598_076_211_353_316, 1.5), (7.0, 2.0, -0.25)]
        {
            let expected = PlaneLattice { lengths: (x, y), tilt, angle: 0.0 };
            assert_eq!(lattice((x, 0.0), (tilt, y)), expected);
        }
    }

    #[test]
    fn other_periods_of_a_lattice_lead_to_the_same_cell() {
        let rectangle = PlaneLattice { lengths: (6.5, 5.25), tilt: 0.0, angle: 0.0 };
        for (a, b) in [
            ((6.5, 0.0), (6.5, 5.25)),
            ((6.5, 5.25), (0.0, 5.25)),
            ((0.0, -5.25), (6.5, 10.5)),
            ((6.5, 0.0), (-19.5, 5.25)),
        ] {
            assert_eq!(lattice(a, b), rectangle);
        }
        let h = 0.5 * 3.0_f64.sqrt();
        for (a, b) in [((1.0, 0.0), (-0.5, h)), ((0.5, h), (0.5, -h)), ((2.5, h), (1.5, h))] {
            let ours = lattice(a, b);
            assert!((ours.lengths.0 - 1.0).abs() < 1e-12 && (ours.lengths.1 - h).abs() < 1e-12, "{ours:?}");
            assert!((ours.tilt - 0.5).abs() < 1e-12 && ours.angle == 0.0, "{ours:?}");
        }
    }

    #[test]
    fn a_turned_lattice_is_turned_back_with_its_positions() {
        let (a, b) = (DVec2::new(4.0, 0.0), DVec2::new(1.0, 5.0));
        let turn = DMat2::from_angle(0.3);
        let ours = PlaneLattice::new(turn * a, turn * b).expect("an area");
        assert!((ours.angle + 0.3).abs() < 1e-12 && (ours.tilt - 1.0).abs() < 1e-12, "{ours:?}");
        assert!((ours.turned(turn * DVec2::new(0.7, 0.2)) - DVec2::new(0.7, 0.2)).length() < 1e-12);
        assert!(PlaneLattice::new(a, 2.0 * a).is_none() && PlaneLattice::new(a, DVec2::NAN).is_none());
    }

    #[test]
    fn every_lattice_comes_out_reduced_with_its_area() {
        for k in 0..200 {
            let unit = |m: f64| (f64::from(k) * m).fract() - 0.5;
            let (a, b) = (
                9.0 * DVec2::new(unit(0.618_034), unit(0.414_214)),
                9.0 * DVec2::new(unit(0.732_051), unit(0.236_068)),
            );
            let Some(PlaneLattice { lengths: (x, y), tilt, .. }) = PlaneLattice::new(a, b) else { continue };
            let second = tilt.hypot(y);
            assert!(
                2.0 * tilt.abs() <= x * (1.0 + 1e-5) && 2.0 * tilt.abs() * x <= second * second * (1.0 + 1e-5),
                "{k}"
            );
            assert!((x * y - a.perp_dot(b).abs()).abs() < 1e-9 * (1.0 + x * y), "{k}");
            assert!(x.min(y).min(x * y / second) >= (0.75_f64.sqrt() - 1e-5) * x.min(second), "{k}");
        }
    }
}
