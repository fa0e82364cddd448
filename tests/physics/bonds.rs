//! Insertion about atoms of the slab: whatever the mixture of proposals, N of an ideal gas is Poisson over hosts that move, and two
//! atoms about a fixed host have the averages of quadrature.

use crate::backends::on_every_backend;
use crate::common::run::Run;
use crate::common::scene::Spec;
use crate::common::stats::{Estimate, assert_resolved, assert_z};
use crate::say::say;
use adlayer::testing::base::rng::{Rng, Stream};
use glam::DVec3;

/// Mixtures: half-shells, caps, both, caps that are whole shells, and a region that holds a part of them only.
const MIXTURES: [&str; 4] = [
    "shell: (0.8, 1.4), cap: 30.0, shares: (0.1, 0.9, 0.0)",
    "shell: (0.8, 1.4), cap: 30.0, shares: (0.1, 0.0, 0.9)",
    "shell: (0.5, 1.9), cap: 50.0, neighbours: 1.3",
    "shell: (1.0, 1.7), cap: 180.0, shares: (0.3, 0.2, 0.5)",
];

/// B that interact with nothing over a slab of A, whose upper layer moves.
fn ideal(mixture: &str, region: &str, dynamics: &str) -> String {
    format!(
        r#"Scene(
    units: Lj,
    species: [ (name: "A", symbol: "Cu", mass: 1.0), (name: "B", symbol: "Ar", mass: 1.0) ],
    potential: LennardJones(cutoff: 2.5, truncation: Shifted, pairs: [
        (between: ("A","A"), epsilon: 1.0, sigma: 1.0), (between: ("A","B"), epsilon: 0.0, sigma: 1.0),
        (between: ("B","B"), epsilon: 0.0, sigma: 1.0) ]),
    cell: Slab(height: 4.0),
    substrate: Fcc111(species: "A", nearest_neighbour: 1.10, repeat: (5, 3), layers: 2, mobile_layers: 1),
    reservoir: [ (species: "B", max_atoms: 40{region}) ],
    grid: (temperature: List([0.8]), reservoir: [ (species: "B", convention: Activity, values: List([-2.4])) ], walkers: 64),
    dynamics: {dynamics},
    moves: (insert_delete: 60, insertion: Bonds(hosts: "A", {mixture})),
    schedule: (equilibration: 10, production: 150),
    seed: 3,
)"#
    )
}

#[test]
fn n_of_an_ideal_gas_is_poisson_whatever_the_mixture() {
    on_every_backend(|device| {
        for (k, mixture) in MIXTURES.into_iter().enumerate() {
            // Atoms leave a region by dynamics, and are inserted and deleted only inside.
            let (region, dynamics) = match k % 2 {
                0 => ("", "Hmc(dt: 0.02, steps: 6)"),
                _ => (", region: (z: (0.3, 1.5))", "MonteCarlo(displacement: 0.6, attempts: 150)"),
            };
            let run = Run::whole(device, &ideal(mixture, region, dynamics));
            let state = run.state(0).clone();
            let system = run.sampler.system();
            let volume = system.cell.volume();
            let mean = state.ln_z[0].exp() * volume;
            let label = format!("{device} {mixture}{region}");
            let n = run.estimate(0, |t| t.atoms());
            assert_z(&format!("{label} N"), n, mean, 0.0);
            assert_z(&format!("{label} Var N"), run.estimate(0, |t| t.var_atoms()), mean, 0.0);
            assert_resolved(&label, n, 0.02);
            let mut p = vec![(-mean).exp()];
            (1..=40).for_each(|n| p.push(p[n - 1] * mean / n as f64));
            for (n, p) in p.into_iter().enumerate().filter(|(_, p)| *p > 0.01) {
                assert_z(&format!("{label} P({n})"), run.estimate(0, |t| t.probability(n)), p, 0.0);
            }
        }
    });
}

/// Two B that attract each other and a host of A at (2.5, 3, 0) in a cell of 6 × 6.5 × 3.
const EDGES: DVec3 = DVec3::new(6.0, 6.5, 3.0);
const HOST: DVec3 = DVec3::new(2.5, 3.0, 0.0);
const TEMPERATURE: f64 = 0.9;
/// ε of A with B and of B with B; σ = 1, cut and shifted at 2.5.
const DEPTHS: [f64; 2] = [2.5, 0.6];

fn pair(depth: f64, d: DVec3) -> f64 {
    let d = DVec3::new(d.x - EDGES.x * (d.x / EDGES.x).round(), d.y - EDGES.y * (d.y / EDGES.y).round(), d.z);
    let s6 = |r2: f64| r2.powi(3).recip();
    let u = |r2: f64| 4.0 * depth * (s6(r2).powi(2) - s6(r2));
    let r2 = d.length_squared();
    if r2 >= 6.25 { 0.0 } else { u(r2.max(0.09)) - u(6.25) }
}

/// Configuration integrals of one and of two atoms, and Σ of energies with them; the first by a grid, the second by pairs of
/// places drawn from its Boltzmann distribution.
fn integrals() -> ([f64; 2], [f64; 2], f64) {
    let (points, volume) = (DVec3::new(90.0, 98.0, 60.0), EDGES.x * EDGES.y * EDGES.z);
    let counts = [90_u32, 98, 60];
    let (mut cumulative, mut places, mut z1, mut e1) = (Vec::new(), Vec::new(), 0.0, 0.0);
    for k in 0..counts.iter().product() {
        let at = [k % counts[0], k / counts[0] % counts[1], k / counts[0] / counts[1]].map(|i| f64::from(i) + 0.5);
        let place = DVec3::from(at) / points * EDGES;
        let u = pair(DEPTHS[0], place - HOST);
        z1 += (-u / TEMPERATURE).exp();
        e1 += u * (-u / TEMPERATURE).exp();
        cumulative.push(z1);
        places.push(place);
    }
    let (cell, n) = (volume / cumulative.len() as f64, 2_000_000);
    let rng = Rng::new(8);
    let step = EDGES / points;
    let draw = |k: u64, atom: u32| {
        let [a, b, c, d] = rng.uniforms(Stream::InitialPosition, k, 0, atom);
        let voxel = cumulative.partition_point(|&before| before < a * z1);
        let place = places[voxel.min(places.len() - 1)] + (DVec3::new(b, c, d) - 0.5) * step;
        let middle = places[voxel.min(places.len() - 1)];
        // within a voxel the weight is that of its middle
        let (u, u_middle) = (pair(DEPTHS[0], place - HOST), pair(DEPTHS[0], middle - HOST));
        (place, u, ((u_middle - u) / TEMPERATURE).exp())
    };
    let (mut w, mut we, mut ww) = (0.0, 0.0, 0.0);
    for k in 0..n {
        let ((p, u, a), (q, v, b)) = (draw(k, 0), draw(k, 1));
        let between = pair(DEPTHS[1], p - q);
        let weight = a * b * (-between / TEMPERATURE).exp();
        w += weight;
        ww += weight * weight;
        we += weight * (u + v + between);
    }
    let (z1, e1, n) = (cell * z1, cell * e1, n as f64);
    let error = ((ww / n - (w / n).powi(2)) / n).sqrt() / (w / n);
    ([z1, z1 * z1 * w / n], [e1, z1 * z1 * we / n], error)
}

#[test]
fn two_atoms_about_a_fixed_host() {
    let ([z1, z2], [e1, e2], error) = integrals();
    let z = 0.4 / z1;
    let weights = [1.0, z * z1, 0.5 * z * z * z2];
    let total: f64 = weights.iter().sum();
    let energy = (z * e1 + 0.5 * z * z * e2) / total;
    say(&format!("quadrature: P {:?}, E {energy:.4}, error of Z₂ {error:.1e}", weights.map(|w| w / total)));
    assert!(error < 2e-3);
    on_every_backend(|device| {
        for mixture in
            ["", "Uniform", "shell: (0.9, 1.5), cap: 60.0", "shell: (0.8, 1.9), cap: 100.0, shares: (0.1, 0.8, 0.1)"]
        {
            let insertion = match mixture {
                "" => "Bonds(hosts: \"A\", shell: (0.95, 1.3), cap: 30.0, shares: (0.2, 0.0, 0.8))".to_owned(),
                "Uniform" => mixture.to_owned(),
                _ => format!("Bonds(hosts: \"A\", {mixture})"),
            };
            let spec = Spec {
                cell: "Slab(height: 3.0)".into(),
                substrate: "File(path: \"one_host.xyz\")".into(),
                max_atoms: 2,
                dynamics: "Ghmc(dt: 0.02, steps: 8, friction: 1.0)".into(),
                walkers: 128,
                attempts: 40,
                equilibration: 30,
                production: 250,
                ..Spec::default()
            };
            let text = spec.at(TEMPERATURE, z).text();
            let pairs = format!(
                r#"pairs: [ (between: ("A","B"), epsilon: {}, sigma: 1.0), (between: ("A","A"), epsilon: 1.0, sigma: 1.0), (between: ("B","B"), epsilon: {}, sigma: 1.0) ],"#,
                DEPTHS[0], DEPTHS[1]
            );
            let (head, rest) = text.split_once("pairs: [").expect("pairs");
            let (_, tail) = rest.split_once("],").expect("their end");
            let text = format!("{head}{pairs}{tail}")
                .replace("insert_delete: 40", &format!("insert_delete: 40, insertion: {insertion}"));
            let run = Run::whole(device, &text);
            let label = format!("{device} {insertion}");
            for (n, w) in weights.into_iter().enumerate() {
                let p = w / total;
                assert_z(&format!("{label} P({n})"), run.estimate(0, |t| t.probability(n)), p, p * error);
            }
            let e: Estimate = run.estimate(0, |t| t.energy());
            assert_z(&format!("{label} E"), e, energy, energy.abs() * 2.0 * error);
            assert_resolved(&label, e, 0.03);
        }
    });
}
