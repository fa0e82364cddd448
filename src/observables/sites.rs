//! Sites of the fcc(111) surface that atoms of the first layer occupy.
//!
//! Top: above an atom of the uppermost layer. Bridge: between two. Hcp: in a hollow with an atom of the second layer below
//! it. Fcc: in the other hollow, where the next layer of the crystal would go on. An atom belongs to the site nearest in
//! the plane.

use super::{Adsorbed, Geometry, Observable};
use crate::observables::record::{Field, Observed};
use glam::DVec2;

/// A kind of site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Site {
    /// Above an atom.
    Top,
    /// Between two atoms.
    Bridge,
    /// Hollow without an atom in the second layer.
    Fcc,
    /// Hollow above an atom of the second layer.
    Hcp,
}

/// The kind of the site nearest to a point of the surface.
///
/// - `at`: x and y \[length\]; an atom of the uppermost layer is at the origin, rows run along x
/// - `d`: nearest-neighbour distance \[length\]
pub fn nearest_site(at: DVec2, d: f64) -> Site {
    // In lattice coordinates, in the unit cell: two triangles, in each of which its own sites are the nearest.
    let v = at.y / (0.75_f64.sqrt() * d);
    let u = at.x / d - 0.5 * v;
    let (u, v) = (u - u.floor(), v - v.floor());
    // |x a + y b|² = d² (x² + xy + y²)
    let squared = |site: (f64, f64)| {
        let (x, y) = (u - site.0, v - site.1);
        x * x + x * y + y * y
    };
    let mut best = (f64::INFINITY, Site::Top);
    for (kind, site) in SITES {
        let r2 = squared(site);
        if r2 < best.0 {
            best = (r2, kind);
        }
    }
    best.1
}

/// The sites of a unit cell and of its borders, in lattice coordinates.
const SITES: [(Site, (f64, f64)); 11] = [
    (Site::Top, (0.0, 0.0)),
    (Site::Top, (1.0, 0.0)),
    (Site::Top, (0.0, 1.0)),
    (Site::Top, (1.0, 1.0)),
    (Site::Bridge, (0.5, 0.0)),
    (Site::Bridge, (0.0, 0.5)),
    (Site::Bridge, (0.5, 0.5)),
    (Site::Bridge, (1.0, 0.5)),
    (Site::Bridge, (0.5, 1.0)),
    (Site::Hcp, (1.0 / 3.0, 1.0 / 3.0)),
    (Site::Fcc, (2.0 / 3.0, 2.0 / 3.0)),
];

/// `site_top`, `site_bridge`, `site_fcc`, `site_hcp`: atoms of the first layer nearest to each kind.
#[derive(Debug)]
pub(super) struct Sites {
    nearest_neighbour: f64,
}

impl Sites {
    pub(super) fn new(geometry: &Geometry) -> Sites {
        let Some(lattice) = geometry.lattice else {
            unreachable!("the checks of a scene refuse `Sites` without a lattice")
        };
        Sites { nearest_neighbour: lattice.nearest_neighbour }
    }
}

impl Observable for Sites {
    fn fields(&self) -> Vec<Field> {
        ["site_top", "site_bridge", "site_fcc", "site_hcp"].map(Field::column).to_vec()
    }

    fn evaluate(&self, atoms: &Adsorbed<'_>, observed: &mut Observed) {
        let mut counts = [0.0; 4];
        for r in atoms.of_first_layer() {
            counts[nearest_site(r.truncate(), self.nearest_neighbour) as usize] += 1.0;
        }
        counts.into_iter().for_each(|n| observed.number(n));
    }
}

#[cfg(test)]
mod tests {
    use super::super::geometry::tests::{atoms, default_slab};
    use super::*;
    use glam::DVec3;

    fn of(positions: &[DVec3]) -> Vec<f32> {
        let (geometry, x) = (default_slab(), atoms(positions));
        let mut observed = Observed::default();
        Sites::new(&geometry).evaluate(&Adsorbed::of(&geometry, &x), &mut observed);
        observed.columns
    }

    #[test]
    fn every_kind_of_site_is_known_all_over_the_cell() {
        let lattice = default_slab().lattice.expect("a lattice");
        let (x, y) = lattice.lengths();
        let raised = |layer: i32, shift: DVec3| -> Vec<DVec3> {
            let moved = |r: &DVec3| DVec3::new((r.x + shift.x).rem_euclid(x), (r.y + shift.y).rem_euclid(y), 0.9);
            lattice.layer(layer).iter().map(moved).collect()
        };
        let none = DVec3::ZERO;
        assert_eq!(of(&raised(0, none)), [36.0, 0.0, 0.0, 0.0]);
        assert_eq!(of(&raised(0, DVec3::new(0.55, 0.0, 0.0))), [0.0, 36.0, 0.0, 0.0]);
        assert_eq!(of(&raised(0, DVec3::new(0.275, 0.55 * 0.75_f64.sqrt(), 0.0))), [0.0, 36.0, 0.0, 0.0]);
        // the layer above continues over the fcc hollows, the second one lies below the hcp hollows
        assert_eq!(of(&raised(-1, none)), [0.0, 0.0, 36.0, 0.0]);
        assert_eq!(of(&raised(1, none)), [0.0, 0.0, 0.0, 36.0]);
        // what is farther up belongs to no site
        assert_eq!(of(&lattice.layer(-3)), [0.0; 4]);
    }

    #[test]
    fn the_nearest_of_all_sites_is_found() {
        // against all sites around the point
        let (d, mut state) = (1.1, 1_u32);
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(state >> 8) / f64::from(1 << 24)
        };
        let (a, b) = (DVec2::new(d, 0.0), DVec2::new(0.5 * d, 0.75_f64.sqrt() * d));
        for _ in 0..500 {
            let at = DVec2::new(6.6 * random(), 5.7 * random());
            let mut best = (f64::INFINITY, Site::Top);
            for i in -10..12 {
                for j in -10..12 {
                    let origin = f64::from(i) * a + f64::from(j) * b;
                    for (site, kind) in [
                        (origin, Site::Top),
                        (origin + 0.5 * a, Site::Bridge),
                        (origin + 0.5 * b, Site::Bridge),
                        (origin + 0.5 * (a - b), Site::Bridge),
                        (origin + (a + b) / 3.0, Site::Hcp),
                        (origin - (a + b) / 3.0, Site::Fcc),
                    ] {
                        if at.distance(site) < best.0 {
                            best = (at.distance(site), kind);
                        }
                    }
                }
            }
            assert_eq!(nearest_site(at, d), best.1, "{at}");
        }
    }
}
