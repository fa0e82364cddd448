//! BAOAB in a harmonic well.

use crate::backends::on_every_backend;
use crate::common::reference::{case, number, rows};
use crate::common::rounding;
use crate::common::run::{Run, load};
use crate::common::stats::{Estimate, assert_relative, assert_resolved, assert_z};
use adlayer::testing::base::rng::Stream;
use adlayer::testing::system::configuration::{Batch, Configuration};
use glam::DVec3;

/// Atoms of mass 1 that do not interact, each in a well with ω = 1 about the centre of a wide cell; kT = 0.7.
fn well(dt: f64, friction: f64, atoms: u32, walkers: u32) -> String {
    format!(
        r#"Scene(
    units: Lj,
    species: [ (name: "B", symbol: "Ar", mass: 1.0) ],
    potential: LennardJones(cutoff: 2.5, truncation: Shifted, pairs: [ (between: ("B","B"), epsilon: 0.0, sigma: 1.0) ]),
    external: [ Harmonic(species: "B", spring: 1.0) ],
    cell: Bulk(lengths: (40.0, 40.0, 40.0)),
    initial: [ (species: "B", atoms: {atoms}, placement: Random) ],
    grid: (temperature: List([0.7]), walkers: {walkers}),
    dynamics: Baoab(dt: {dt:?}, friction: {friction:?}, steps: 20),
    schedule: (equilibration: 60, production: 200),
    seed: 5,
)"#
    )
}

/// One step of the real integrator from given coordinates, along x.
fn step(device: &str, text: &str, x: f64, v: f64) -> (f64, f64, f64) {
    let loaded = load(text);
    let centre = DVec3::splat(20.0);
    let mut start = Configuration::default();
    start.insert(0, centre + DVec3::new(x, 0.0, 0.0), DVec3::new(v, 0.0, 0.0));
    let mut run = Run::from_batch(device, loaded, &Batch { configurations: vec![start] });
    let noise = run.sampler.backend().rng().gaussians(Stream::Thermostat, 0, 0, 0).x;
    run.sampler.backend_mut().propagate(0, 1).expect("one step");
    let end = &run.batch().configurations[0];
    (end.positions[0].x - centre.x, end.velocities[0].x, noise)
}

/// A step is linear in (x, v, noise): from its matrix M and its noise vector b follow the stationary covariances
/// exactly, as the solution of S = M S Mᵀ + b bᵀ.
#[test]
fn l_stationary_covariances_of_baoab() {
    on_every_backend(|device| {
        let kt = 0.7;
        for row in rows(&case("l_langevin_bias_harmonic")) {
            let (dt, friction) = (number(row, "omega*dt"), number(row, "gamma/omega"));
            let text = well(dt, friction, 1, 1);
            let (x0, v0, noise) = step(device, &text, 0.0, 0.0);
            let ((x1, v1, _), (x2, v2, _)) = (step(device, &text, 1.0, 0.0), step(device, &text, 0.0, 1.0));
            let m = [[x1 - x0, x2 - x0], [v1 - v0, v2 - v0]];
            let b = [x0 / noise, v0 / noise];
            let mut s = [[0.0; 2]; 2];
            for _ in 0..20_000 {
                let mut next = [[0.0; 2]; 2];
                for (i, j, k, l) in indices() {
                    next[i][j] += m[i][k] * s[k][l] * m[j][l];
                }
                for i in 0..2 {
                    for j in 0..2 {
                        s[i][j] = next[i][j] + b[i] * b[j];
                    }
                }
            }
            let label = format!("{device} ω dt {dt} γ/ω {friction}");
            let exact = &row["BAOAB"];
            // Positions near 20 are f32 on a GPU: M is known to an ulp there, and S to that over 1 − |λ|² ≈ 1 − e^{−2γ dt}.
            let tolerance = match device {
                "gpu" => 4e-6 / -(-2.0 * friction * dt).exp_m1(),
                _ => rounding(device, 1e-9),
            };
            assert_relative(&format!("{label} ⟨x²⟩"), s[0][0] / kt, number(exact, "<x2>w2/kT"), tolerance);
            assert_relative(&format!("{label} ⟨v²⟩"), s[1][1] / kt, number(exact, "<v2>/kT"), tolerance);
            assert_relative(&format!("{label} 1 − ω²dt²/4"), s[1][1] / kt, 1.0 - 0.25 * dt * dt, tolerance);
        }
    });
}

fn indices() -> impl Iterator<Item = (usize, usize, usize, usize)> {
    (0..16).map(|n| (n & 1, (n >> 1) & 1, (n >> 2) & 1, (n >> 3) & 1))
}

/// The same by sampling, at the largest step of the table.
#[test]
fn l_sampled_variances_of_baoab() {
    on_every_backend(|device| {
        let (dt, kt) = (0.5, 0.7);
        let mut run = Run::start(device, &well(dt, 1.0, 8, 64));
        run.equilibrate(60);
        let (mut x2, mut v2) = (vec![0.0; 64], vec![0.0; 64]);
        for _ in 0..200 {
            run.equilibrate(1);
            for (w, x) in run.batch().configurations.iter().enumerate() {
                x2[w] += x.positions.iter().map(|p| (*p - 20.0).length_squared()).sum::<f64>() / (200.0 * 24.0);
                v2[w] += x.velocities.iter().map(|v| v.length_squared()).sum::<f64>() / (200.0 * 24.0);
            }
        }
        let (x2, v2) = (Estimate::of_samples(&x2), Estimate::of_samples(&v2));
        assert_z(&format!("{device} ⟨x²⟩"), x2, kt, 0.0);
        assert_z(&format!("{device} ⟨v²⟩"), v2, kt * (1.0 - 0.25 * dt * dt), 0.0);
        assert_resolved(device, x2, 0.01);
        assert_resolved(device, v2, 0.01);
    });
}
