//! Energies and forces of given configurations.

use crate::backends::on_every_backend;
use crate::common::reference::{case, data, number, rows};
use crate::common::rounding;
use crate::common::run::{Run, load};
use crate::common::stats::assert_relative;
use adlayer::testing::io::structure;
use adlayer::testing::system::System;
use adlayer::testing::system::configuration::{Batch, Configuration};
use glam::DVec3;

/// Configuration 4 of the NIST reference data.
fn nist_configuration() -> Configuration {
    let file = structure::read("configuration", &data("nist_lj_config4.xyz")).expect("the file is there");
    let mut x = Configuration::default();
    for position in file.frame.positions {
        x.insert(0, position.rem_euclid(DVec3::splat(8.0)), DVec3::ZERO);
    }
    x
}

/// 30 atoms in a periodic cube.
fn nist_scene(cutoff: f64, truncation: &str, tail: bool) -> String {
    format!(
        r#"Scene(
    units: Lj,
    species: [ (name: "B", symbol: "Ar", mass: 1.0) ],
    potential: LennardJones(
        cutoff: {cutoff:?}, truncation: {truncation}, tail_correction: {tail},
        pairs: [ (between: ("B","B"), epsilon: 1.0, sigma: 1.0) ],
    ),
    cell: Bulk(lengths: (8.0, 8.0, 8.0)),
    initial: [ (species: "B", atoms: 30, placement: Random) ],
    grid: (temperature: List([1.0])),
    dynamics: MonteCarlo(displacement: 0.1, attempts: 1),
    schedule: (equilibration: 0, production: 1),
)"#
    )
}

/// Σ r·F over pairs, from the pair function itself.
fn virial(system: &System, x: &Configuration) -> f64 {
    let mut sum = 0.0;
    for i in 0..x.len() {
        for j in i + 1..x.len() {
            let r2 = system.cell.minimum_image(x.positions[i] - x.positions[j]).length_squared();
            sum += system.pairs.pair(x.species[i], x.species[j]).energy_force(r2).1 * r2;
        }
    }
    sum
}

#[test]
fn d_nist_configuration_4() {
    on_every_backend(|device| {
        let x = nist_configuration();
        let batch = Batch { configurations: vec![x.clone()] };
        let energy_of = |cutoff, truncation, tail| {
            let text = nist_scene(cutoff, truncation, tail);
            let mut run = Run::from_batch(device, load(&text), &batch);
            let backend = run.sampler.backend_mut();
            let energy = backend.measure().expect("measured")[0].energy;
            (energy, virial(backend.system(), &x))
        };
        for row in rows(&case("d_nist")["config4_high_precision"]) {
            let (cutoff, mode) = (number(row, "rc"), row["truncation"].as_str().expect("a truncation"));
            let truncation = match mode {
                "plain" => "Plain",
                "shifted" => "Shifted",
                _ => "ForceShifted",
            };
            let label = format!("{device} r_c {cutoff} {mode}");
            let (energy, w) = energy_of(cutoff, truncation, false);
            assert_relative(&format!("{label} U"), energy, number(row, "U"), rounding(device, 1e-10));
            assert_relative(&format!("{label} W"), w, number(row, "W_NIST=sum_pairs r.F"), rounding(device, 1e-10));
            if truncation == "Plain" {
                let (with_tail, _) = energy_of(cutoff, truncation, true);
                assert_relative(
                    &format!("{label} U_LRC"),
                    with_tail - energy,
                    number(row, "U_LRC"),
                    rounding(device, 1e-8),
                );
            }
        }
        for (key, cutoff, truncation) in
            [("rc3", 3.0, "Plain"), ("rc4", 4.0, "Plain"), ("LFS_rc3", 3.0, "ForceShifted")]
        {
            let published = &case("d_nist")["published_5_digits[U,W,U_LRC]"]["4"][key];
            let (energy, w) = energy_of(cutoff, truncation, false);
            assert_relative(&format!("{device} published {key} U"), energy, published[0].as_f64().expect("U"), 5e-5);
            assert_relative(&format!("{device} published {key} W"), w, published[1].as_f64().expect("W"), 5e-5);
        }
    });
}
