//! Case i: one atom on a slab. Its configuration integral over the cell, and the energies at the sites.

use crate::backends::on_every_backend;
use crate::common::henry::{compare, energies, scene};
use crate::common::reference::{case, number};
use crate::common::rounding;
use crate::common::run::load;
use crate::common::stats::assert_relative;
use adlayer::testing::system::System;
use glam::DVec3;

#[test]
fn i_henry_constants_on_a_coarse_grid() {
    // The finer grid of the long suite changes nothing in the fifth digit.
    compare((16, 28, 120), 3e-5);
}

#[test]
fn i_minima_above_the_sites() {
    on_every_backend(|device| {
        let case = case("i_henry");
        for (name, of) in case.as_object().expect("tables") {
            let d = 1.1;
            let hollow = d / (2.0 * 3f64.sqrt());
            for (site, x, y) in
                [("top", 0.0, 0.0), ("bridge", 0.5 * d, 0.0), ("hcp", 0.5 * d, hollow), ("fcc", d, 2.0 * hollow)]
            {
                let expected = &of["sites_min"][site];
                let z = number(expected, "z");
                let near: Vec<DVec3> = (-3..=3).map(|k| DVec3::new(x, y, z + 5e-5 * f64::from(k))).collect();
                let u = energies(device, &scene(of), &near);
                let lowest = u.iter().copied().fold(f64::INFINITY, f64::min);
                assert_relative(
                    &format!("{device} {name} {site}"),
                    lowest,
                    number(expected, "u"),
                    rounding(device, 1e-7),
                );
                assert!(u[0] > u[3] && u[6] > u[3], "{device} {site}: the minimum is not at z = {z}: {u:?}");
            }
        }
    });
}

/// The species table of the scene: A is the slab, B the gas.
#[test]
fn the_slab_is_the_one_of_the_reference() {
    let case = case("i_henry");
    let system = System::from_scene(&load(&scene(&case["A_epsAB1.0_sigAB1.0"])));
    let slab = &case["A_epsAB1.0_sigAB1.0"]["slab"];
    assert_eq!(system.frozen.positions.len(), 108);
    assert_relative("L_x", system.cell.lengths.x, number(slab, "Lx"), 1e-12);
    assert_relative("L_y", system.cell.lengths.y, number(slab, "Ly"), 1e-12);
    let layer = system.frozen.positions.iter().map(|p| p.z).fold(0.0, f64::min) / -2.0;
    assert_relative("spacing", layer, number(slab, "layer_spacing"), 1e-12);
}
