//! Changes of identity: their rule on an enumerated model, and exact numbers and temperatures of two gases.

use crate::backends::on_every_backend;
use crate::common::run::Run;
use crate::common::stats::{Estimate, assert_resolved, assert_z};
use crate::say::say;
use adlayer::testing::moves::MoveKind;
use adlayer::testing::moves::identity::velocity_scale;
use adlayer::testing::potential::OVERLAP_ENERGY;
use adlayer::testing::system::configuration::Configuration;
use adlayer::testing::thermo::Window;
use adlayer::testing::thermo::acceptance::{StateRef, identity_ln_acc, probability};
use std::f64::consts::PI;

const SITES: usize = 5;
const BETA: f64 = 1.3;

/// Two species on five sites, each with its region and its largest number.
struct Toy {
    activities: [f64; 2],
    /// `[species][site]`, whether it comes and goes there
    region: [[bool; SITES]; 2],
    max_atoms: [usize; 2],
    /// Weights η of N of one of them.
    window: Option<Window>,
}

/// `[site]`, the species of its atom.
type Sites = [Option<usize>; SITES];

impl Toy {
    fn may_change(&self, site: usize) -> bool {
        self.region[0][site] && self.region[1][site]
    }

    /// Atoms of a species on sites that a condition picks.
    fn count(x: &Sites, species: usize, mut on: impl FnMut(usize) -> bool) -> usize {
        (0..SITES).filter(|&i| x[i] == Some(species) && on(i)).count()
    }

    /// All configurations within the limits.
    fn configurations(&self) -> Vec<Sites> {
        let of = |code: usize| {
            std::array::from_fn(|i| match code / 3_usize.pow(i as u32) % 3 {
                0 => None,
                s => Some(s - 1),
            })
        };
        let number = |x: &Sites, s: usize| Toy::count(x, s, |_| true);
        let in_window = |x: &Sites| self.window.as_ref().is_none_or(|w| w.contains(number(x, w.reservoir) as u16));
        let allowed = |x: &Sites| (0..2).all(|s| number(x, s) <= self.max_atoms[s]) && in_window(x);
        (0..3_usize.pow(SITES as u32)).map(of).filter(allowed).collect()
    }

    /// Site energies of either species, and pairs between neighbours on a ring.
    fn energy(x: &Sites) -> f64 {
        const SITE: [[f64; SITES]; 2] = [[-1.2, 0.4, -0.9, -2.0, 0.3], [-0.5, -1.1, 0.2, -0.8, -1.6]];
        const PAIR: [[f64; 2]; 2] = [[-0.4, 0.7], [0.7, -0.9]];
        let site = |i: usize| x[i].map_or(0.0, |s| SITE[s][i]);
        let pair = |i: usize| x[i].zip(x[(i + 1) % SITES]).map_or(0.0, |(s, t)| PAIR[s][t]);
        (0..SITES).map(|i| site(i) + pair(i)).sum()
    }

    fn weight(&self, x: &Sites) -> f64 {
        let activities: f64 = x.iter().flatten().map(|&s| self.activities[s]).product();
        let eta = self.window.as_ref().map_or(0.0, |w| w.eta(Toy::count(x, w.reservoir, |_| true) as u16));
        activities * (-BETA * Toy::energy(x) + eta).exp()
    }

    /// The largest asymmetry of probability fluxes under changes of identity, of a normalised distribution.
    ///
    /// - `ln_acc`: of ln z of the old and the new species, N of the old inside both regions and in all, of the new, βΔE
    /// - `weighted`: whether acceptances know the window
    fn asymmetry(&self, weighted: bool, ln_acc: impl Fn([f64; 2], [usize; 2], [usize; 2], f64) -> f64) -> f64 {
        let all = self.configurations();
        let weights: Vec<f64> = all.iter().map(|x| self.weight(x)).collect();
        let sum: f64 = weights.iter().sum();
        let flux = |a: usize, site: usize, from: usize| -> (f64, usize) {
            let (x, to) = (&all[a], 1 - from);
            let mut y = *x;
            y[site] = Some(to);
            let Some(b) = all.iter().position(|z| *z == y) else { return (0.0, a) };
            let inside = |s: usize| Toy::count(x, s, |i| self.may_change(i));
            let total = |s: usize| Toy::count(x, s, |_| true);
            let ln_z = self.activities.map(f64::ln);
            let beta_delta_u = BETA * (Toy::energy(&y) - Toy::energy(x));
            let ln_acc =
                ln_acc([ln_z[from], ln_z[to]], [inside(from), total(from)], [inside(to), total(to)], beta_delta_u);
            let state = StateRef { beta: BETA, ln_z: &ln_z, window: self.window.as_ref().filter(|_| weighted) };
            let (falls, rises) = (total(from) as u16, total(to) as u16);
            let weights_change =
                state.weight_change(from, falls, falls - 1) + state.weight_change(to, rises, rises + 1);
            // either direction with equal probability, one of the atoms that may change
            (weights[a] / sum * 0.5 / inside(from) as f64 * probability(ln_acc + weights_change), b)
        };
        let mut worst = 0.0_f64;
        for (a, x) in all.iter().enumerate() {
            for site in (0..SITES).filter(|&site| self.may_change(site)) {
                let Some(from) = x[site] else { continue };
                let (there, b) = flux(a, site, from);
                if b != a {
                    worst = worst.max((there - flux(b, site, 1 - from).0).abs());
                }
            }
        }
        worst
    }
}

#[test]
fn the_rule_is_in_detailed_balance_and_every_wrong_one_is_not() {
    let everywhere = [[true; SITES]; 2];
    let apart = [[true, true, true, true, false], [false, true, true, true, true]];
    for (region, max_atoms) in [(everywhere, [SITES; 2]), (everywhere, [2, 3]), (apart, [SITES; 2]), (apart, [3, 2])] {
        let toy = Toy { activities: [0.6, 0.4], region, max_atoms, window: None };
        let right = toy.asymmetry(true, |[a, b], n, m, u| identity_ln_acc(a, b, n[0], m[0], u));
        say(&format!("regions {region:?}, limits {max_atoms:?}: {right:.1e}"));
        assert!(right <= 1e-15, "{region:?} {max_atoms:?}: {right:e}");
        let no_counts = toy.asymmetry(true, |[a, b], _, _, u| b - a - u);
        assert!(no_counts > 1e-4, "without N_A/(N_B + 1): {no_counts:e}");
        let not_after = toy.asymmetry(true, |[a, b], n, m, u| identity_ln_acc(a, b, n[0], m[0].max(1) - 1, u));
        assert!(not_after > 1e-4, "N_B for N_B + 1: {not_after:e}");
        let turned = toy.asymmetry(true, |[a, b], n, m, u| identity_ln_acc(b, a, n[0], m[0], u));
        assert!(turned > 1e-4, "z_A/z_B: {turned:e}");
        let in_all = toy.asymmetry(true, |[a, b], n, m, u| identity_ln_acc(a, b, n[1], m[1], u));
        assert!((in_all > 1e-4) == (region == apart), "N of the whole cell: {in_all:e}");
    }
}

/// With a window over either species the rule carries η of the N that falls and of the N that rises.
#[test]
fn the_weights_of_a_window_enter_the_rule() {
    for reservoir in 0..2 {
        let mut window = Window::new(reservoir, 0, 1, 4);
        window.set_weights(&[0.3, -0.9, 0.6, 1.2]);
        let toy =
            Toy { activities: [0.6, 0.4], region: [[true; SITES]; 2], max_atoms: [SITES; 2], window: Some(window) };
        let right = toy.asymmetry(true, |[a, b], n, m, u| identity_ln_acc(a, b, n[0], m[0], u));
        assert!(right <= 1e-15, "{reservoir}: {right:e}");
        let without = toy.asymmetry(false, |[a, b], n, m, u| identity_ln_acc(a, b, n[0], m[0], u));
        assert!(without > 1e-4, "without η: {without:e}");
    }
}

/// Two reservoir species in a cube of length 6, of masses 1 and 2.5.
///
/// - `epsilon`: between the two; none among their own
/// - `region`: of B
fn binary(epsilon: f64, max_atoms: u16, region: &str, walkers: u32, production: u32, dynamics: &str) -> String {
    format!(
        r#"Scene(
    units: Lj,
    species: [ (name: "B", symbol: "Ar", mass: 1.0), (name: "C", symbol: "Kr", mass: 2.5) ],
    potential: LennardJones(
        cutoff: 3.0, truncation: Shifted,
        pairs: [ (between: ("B","B"), epsilon: 0.0, sigma: 1.0),
                 (between: ("B","C"), epsilon: {epsilon:?}, sigma: 1.2),
                 (between: ("C","C"), epsilon: 0.0, sigma: 1.0) ],
    ),
    cell: Slab(height: 6.0, lengths: (6.0, 6.0), floor: 0.0),
    reservoir: [ (species: "B", max_atoms: {max_atoms}{region}), (species: "C", max_atoms: {max_atoms}) ],
    grid: (
        temperature: List([0.8, 1.1]),
        reservoir: [ (species: "C", convention: Pressure, values: List([0.008, 0.03])),
                     (species: "B", convention: Activity, values: List([-3.0])) ],
        walkers: {walkers},
    ),
    dynamics: {dynamics},
    moves: (insert_delete: 6, identity: 30),
    schedule: (equilibration: 60, production: {production}),
)"#
    )
}

const MONTE_CARLO: &str = "MonteCarlo(displacement: 2.0, attempts: 12)";

/// ⟨N⟩ of an ideal gas in a cube of length 6 with at most `n_max` atoms.
fn poisson_mean(z: f64, n_max: u16) -> f64 {
    let (mut term, mut sum, mut mean) = (1.0, 1.0, 0.0);
    for n in 1..=n_max {
        term *= 216.0 * z / f64::from(n);
        sum += term;
        mean += f64::from(n) * term;
    }
    mean / sum
}

/// The regions and limits of either gas are its own; the numbers of an ideal gas know nothing of the other one.
#[test]
fn two_ideal_gases_that_change_into_each_other_keep_their_numbers() {
    on_every_backend(|device| {
        for (region, max_atoms) in [("", 40), ("", 4), (", region: (z: (1.0, 3.5))", 40)] {
            let mut run = Run::whole(device, &binary(0.0, max_atoms, region, 32, 600, MONTE_CARLO));
            for k in 0..run.grid.len() {
                for s in 0..2 {
                    let exact = poisson_mean(run.state(k).ln_z[s].exp(), max_atoms);
                    let n = run.estimate(k, |t| t.atoms_of(s));
                    let label = format!("{device}{region}, at most {max_atoms}, state {k}");
                    assert_z(&format!("{label} {}", run.grid.reservoirs[s].species), n, exact, 0.0);
                    assert_resolved(&label, n, 0.04);
                }
            }
            let moves = run.sampler.transitions().expect("tallies").moves();
            let changed: u64 = moves.iter().map(|t| t.of(MoveKind::Identity).accepted).sum();
            let inserted: u64 = moves.iter().map(|t| t.of(MoveKind::INSERT).accepted).sum();
            assert!(changed > inserted, "{device}: {changed} changed, {inserted} inserted");
        }
    });
}

/// At most one atom of each: Ξ = 1 + z_B V + z_C V + z_B z_C ∬ e^{−βu_BC}, the walls known to the double integral.
#[test]
fn two_atoms_that_attract_each_other_change_into_each_other() {
    on_every_backend(|device| {
        let text = binary(1.5, 1, "", 128, 600, MONTE_CARLO)
            .replace("Slab(height: 6.0, lengths: (6.0, 6.0), floor: 0.0)", "Bulk(lengths: (6.0, 6.0, 6.0))");
        let run = Run::whole(device, &text);
        let pair = run.sampler.backend().system().pairs.pair(0, 1);
        let volume = 216.0;
        for k in 0..run.grid.len() {
            let beta = run.state(k).beta();
            // midpoint rule in r up to the cutoff, which is half the cell
            let (mut integral, points) = (volume, 200_000);
            for i in 0..points {
                let step = 3.0 / f64::from(points);
                let r = (f64::from(i) + 0.5) * step;
                let u = pair.energy(r * r);
                let boltzmann = if u < 0.5 * OVERLAP_ENERGY { (-beta * u).exp() } else { 0.0 };
                integral += 4.0 * PI * r * r * step * (boltzmann - 1.0);
            }
            let z: Vec<f64> = run.state(k).ln_z.iter().map(|l| l.exp()).collect();
            let both = z[0] * z[1] * volume * integral;
            let xi = 1.0 + (z[0] + z[1]) * volume + both;
            for s in 0..2 {
                let n = run.estimate(k, |t| t.atoms_of(s));
                let label = format!("{device} state {k} {}", run.grid.reservoirs[s].species);
                assert_z(&label, n, (z[s] * volume + both) / xi, 0.0);
                assert_resolved(&label, n, 0.02);
            }
        }
    });
}

/// Without a bath to speak of, velocities are what the moves leave: those of the temperature, for both masses.
#[test]
fn a_change_of_mass_keeps_the_kinetic_temperature() {
    on_every_backend(|device| {
        let text = binary(0.0, 40, "", 64, 1, "Baoab(dt: 0.01, friction: 0.001, steps: 2)");
        let mut run = Run::start(device, &text);
        run.equilibrate(60);
        // m v²/3kT of every walker, by species, over atoms that have changed many times
        let mut sums = vec![[[0.0, 0.0]; 2]; 64];
        for _ in 0..30 {
            run.equilibrate(10);
            for (r, x) in run.batch().configurations.iter().enumerate() {
                let replica = adlayer::ReplicaId(r as u32);
                let assignment = run.sampler.assignment();
                let kt = run.state(assignment.state_of(replica).index()).kt;
                add_kinetic(&mut sums[assignment.walker_of(replica)], x, kt);
            }
        }
        for (species, name) in ["B", "C"].into_iter().enumerate() {
            let ratios: Vec<f64> = sums.iter().map(|s| s[species][0] / s[species][1]).collect();
            let ratio = Estimate::of_samples(&ratios);
            assert_z(&format!("{device} m⟨v²⟩/3kT of {name}"), ratio, 1.0, 0.0);
            assert_resolved(device, ratio, 0.02);
        }
    });
}

/// Adds Σ m v²/3kT and the number of atoms of either species.
fn add_kinetic(sums: &mut [[f64; 2]; 2], x: &Configuration, kt: f64) {
    for (v, &s) in x.velocities.iter().zip(&x.species) {
        let sum = &mut sums[usize::from(s)];
        sum[0] += [1.0, 2.5][usize::from(s)] * v.length_squared() / (3.0 * kt);
        sum[1] += 1.0;
    }
}

#[test]
fn the_kinetic_energy_is_kept_and_equal_masses_leave_the_velocity_alone() {
    let run = Run::start("reference", &binary(0.0, 4, "", 16, 1, MONTE_CARLO));
    let system = run.sampler.backend().system().clone();
    let there = velocity_scale(&system, 0, 1);
    assert!((2.5 * there * there - 1.0).abs() < 1e-15, "{there}");
    assert!((there * velocity_scale(&system, 1, 0) - 1.0).abs() < 1e-15);
    assert_eq!(velocity_scale(&system, 1, 1), 1.0);
}

#[test]
fn changes_may_be_split_and_do_not_depend_on_threads() {
    on_every_backend(|device| {
        let text = binary(1.5, 20, ", region: (z: (1.0, 3.5))", 4, 1, "Baoab(dt: 0.004, friction: 1.0, steps: 5)");
        let split = |segments: &[u32]| {
            let mut run = Run::start(device, &text);
            run.equilibrate(10);
            let mut first = 1 << 40;
            for &attempts in segments {
                run.sampler.backend_mut().identity_changes(first, attempts, true).expect("changes");
                first += u64::from(attempts);
            }
            (run.batch(), run.sampler.transitions().expect("tallies"))
        };
        let whole = split(&[300]);
        assert!(whole.1.moves().iter().any(|t| t.of(MoveKind::Identity).accepted > 20), "{device}: nothing changed");
        assert!(whole == split(&[111, 189]), "{device}: 111 + 189 attempts are not 300");
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
            pool.install(|| {
                let mut run = Run::start(device, &text);
                run.equilibrate(30);
                (run.batch(), run.sampler.measurements().to_vec())
            })
        };
        let one = on(1);
        assert!(one == on(2) && one == on(5), "{device}: threads change the result");
    });
}
