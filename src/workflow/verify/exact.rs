//! Checks without statistics: integers, an enumerated model, f64 forces, bits, conserved energy.

use super::Worst;
use crate::backend::Backend;
use crate::base::error::Result;
use crate::base::ids::StateId;
use crate::base::rng::{KNOWN_ANSWERS, philox4x32_10};
use crate::forces::ForceField;
use crate::system::configuration::{Batch, Configuration};
use crate::system::{Dynamics, System};
use crate::thermo::acceptance::{ConfigurationRef, StateRef, exchange_ln_acc};
use crate::workflow::verify::fixture::{Fixture, SLAB, setup};
use glam::DVec3;

/// Fast atoms in a fluid large enough for neighbour lists: every step moves some of them by more than the skin.
const FAST: &str = r#"Scene(
    units: Lj,
    species: [ (name: "B", symbol: "Ar", mass: 1.0) ],
    potential: LennardJones(cutoff: 2.5, truncation: Shifted,
        pairs: [ (between: ("B","B"), epsilon: 0.1, sigma: 1.0) ]),
    cell: Bulk(lengths: (10.0, 10.0, 10.0)),
    initial: [ (species: "B", atoms: 420, placement: Random) ],
    grid: ( temperature: List([150.0]) ),
    dynamics: Verlet(dt: 0.01, steps: 1, redraw: false),
    schedule: (equilibration: 1, production: 1),
)"#;

/// Atoms in an oblique cell whose tilt is not half an edge, so that its sign matters.
const OBLIQUE: &str = r#"Scene(
    units: Lj,
    species: [ (name: "B", symbol: "Ar", mass: 1.7) ],
    potential: LennardJones(cutoff: 2.5, truncation: Shifted,
        pairs: [ (between: ("B","B"), epsilon: 0.6, sigma: 1.1) ]),
    cell: Slab(height: 6.0, lengths: (5.5, 5.8), tilt: -2.1, floor: 0.0),
    initial: [ (species: "B", atoms: 40, placement: Random) ],
    grid: ( temperature: List([0.6, 0.8]) ),
    dynamics: Verlet(dt: 0.001, steps: 1, redraw: false),
    schedule: (equilibration: 1, production: 1),
)"#;

/// Known answers of Philox on the host; a GPU is asked the same ones when it is opened, and refused if it errs.
pub(crate) fn philox(_: &Fixture) -> Result<Worst> {
    let mut worst = Worst::default();
    for (counter, key, answer) in KNOWN_ANSWERS {
        let unequal = philox4x32_10(counter, key) != answer;
        worst.add(f64::from(u8::from(unequal)), || format!("counter {counter:x?}"));
    }
    Ok(worst)
}

/// Deviation from stationarity that rounding explains.
const TOY_TOL: f64 = 1e-13;

/// A lattice gas on a ring of four sites in two states: one exchange must leave the joint distribution as it is.
///
/// The distribution is written here from β, μ, m and h, and shares nothing with the rule under test.
pub(crate) fn exchange_toy(_: &Fixture) -> Result<Worst> {
    const SITES: [f64; 4] = [-1.0, -0.6, -0.8, -0.3];
    let (coupling, mass, planck) = (-0.5, 1.3, 1.1);
    let occupied = |c: usize, k: usize| f64::from(u8::from(c >> (k % 4) & 1 == 1));
    let energy = |c: usize| (0..4).map(|k| occupied(c, k) * (SITES[k] + coupling * occupied(c, k + 1))).sum::<f64>();
    let atoms = |c: usize| c.count_ones() as u16;
    let lambda = |beta: f64| planck * (beta / (2.0 * std::f64::consts::PI * mass)).sqrt();
    let distribution = |beta: f64, mu: f64| -> Vec<f64> {
        let weight = |c: usize| {
            (-beta * (energy(c) - mu * f64::from(atoms(c)))).exp() / lambda(beta).powi(3 * i32::from(atoms(c)))
        };
        let sum: f64 = (0..16).map(weight).sum();
        (0..16).map(|c| weight(c) / sum).collect()
    };
    let mut worst = Worst::default();
    for ((beta_a, mu_a), (beta_b, mu_b)) in
        [((1.0, -0.9), (0.6, -0.9)), ((0.8, -1.4), (0.8, -0.2)), ((1.4, -0.5), (0.7, -1.9))]
    {
        let ln_z = |beta: f64, mu: f64| [beta * mu - 3.0 * lambda(beta).ln()];
        let (z_a, z_b) = (ln_z(beta_a, mu_a), ln_z(beta_b, mu_b));
        let (a, b) =
            (StateRef { beta: beta_a, ln_z: &z_a, window: None }, StateRef { beta: beta_b, ln_z: &z_b, window: None });
        let (of_a, of_b) = (distribution(beta_a, mu_a), distribution(beta_b, mu_b));
        let mut after = vec![0.0; 256];
        for (i, j) in (0..256).map(|n| (n / 16, n % 16)) {
            let (counts_i, counts_j) = ([atoms(i)], [atoms(j)]);
            let x = ConfigurationRef { energy: energy(i), counts: &counts_i };
            let y = ConfigurationRef { energy: energy(j), counts: &counts_j };
            let p = exchange_ln_acc(a, b, x, y).exp().min(1.0);
            after[16 * i + j] += of_a[i] * of_b[j] * (1.0 - p);
            after[16 * j + i] += of_a[i] * of_b[j] * p;
        }
        let residual = (0..256).map(|n| (after[n] - of_a[n / 16] * of_b[n % 16]).abs()).fold(0.0, f64::max);
        worst.add(residual / TOY_TOL, || {
            format!("β {beta_a}, μ {mu_a} with β {beta_b}, μ {mu_b}: residual {residual:.1e}")
        });
    }
    Ok(worst)
}

/// Relative error of a pair force in f32, with room for its argument's rounding.
const FORCE_TOL: f64 = 1e-4;

/// Single steps of a slab and of an oblique cell: forces from the change of velocities, energies from the measurement.
pub(crate) fn forces(bench: &Fixture) -> Result<Worst> {
    let mut worst = follow(bench, SLAB, bench.size(10, 100), true)?;
    worst.join(follow(bench, OBLIQUE, bench.size(10, 100), true)?);
    Ok(worst)
}

/// The same for fast atoms in a replica large enough for neighbour lists, in a cube and in a cell that leans.
pub(crate) fn lists(bench: &Fixture) -> Result<Worst> {
    let mut worst = follow(bench, FAST, bench.size(8, 40), false)?;
    let leaning = FAST.replace("10.0)),", "10.0), tilt: 3.3),");
    worst.join(follow(bench, &leaning, bench.size(8, 40), false)?);
    Ok(worst)
}

/// Makes single Verlet steps and compares m(v₁ − v₀)/dt with (F₀ + F₁)/2 in f64 at the device's own positions, and E.
///
/// - `energies`: whether energies are compared: not where atoms collide so hard that f32 positions decide them
fn follow(bench: &Fixture, text: &str, steps: u32, energies: bool) -> Result<Worst> {
    let setup = setup(text)?;
    let Dynamics::Verlet { dt, .. } = setup.system.dynamics else { unreachable!("the scenes above take Verlet") };
    let (system, force_field) = (&*setup.system, &*setup.force_field);
    let mut backend = bench.open(&setup)?;
    let assignment: Vec<StateId> = (0..setup.grid.len() as u32).map(StateId).collect();
    backend.load(&setup.start()?, &setup.grid.states, &assignment)?;
    let info = backend.info();
    let single = info.identity.open.starts_with("gpu");
    let (mut before, mut after) = (Batch::default(), Batch::default());
    let mut worst = Worst::default();
    backend.store(&mut before)?;
    for step in 0..steps {
        let measured = backend.propagate(u64::from(step), 1)?.measurements;
        backend.store(&mut after)?;
        for (r, (old, new)) in before.configurations.iter().zip(&after.configurations).enumerate() {
            let (first, scale_first) = forces_and_scale(system, force_field, old)?;
            let (last, scale_last) = forces_and_scale(system, force_field, new)?;
            // Inside a core, where no sampled atom ever is, backends need not agree.
            let apart = |slot: &usize| scale_first[*slot].is_finite() && scale_last[*slot].is_finite();
            for slot in (0..new.len()).filter(apart) {
                let mass = system.species[usize::from(new.species[slot])].mass;
                let (v0, v1) = (old.velocities[slot], new.velocities[slot]);
                // a wall turns v_z around within the step
                let turned = v0.z * v1.z < 0.0 && !system.cell.periodic_z;
                let ours = mass * (v1 - v0) / dt;
                let off = (ours - 0.5 * (first[slot] + last[slot])).abs();
                let off = if turned { DVec3::new(off.x, off.y, 0.0) } else { off };
                let ulp = if single { f64::from(f32::EPSILON) } else { f64::EPSILON };
                let rounding = 4.0 * ulp * mass * (v0.length() + v1.length()) / dt;
                let allowed = FORCE_TOL * (scale_first[slot] + scale_last[slot]) + rounding;
                worst
                    .add(off.max_element() / allowed, || format!("force on atom {slot} of replica {r} in step {step}"));
            }
            if !energies {
                continue;
            }
            let audit = force_field.audit(new)?;
            let allowed = info.energy_tolerance * audit.magnitude.max(1.0);
            worst
                .add((measured[r].energy - audit.energy) / allowed, || format!("energy of replica {r} in step {step}"));
        }
        std::mem::swap(&mut before, &mut after);
    }
    Ok(worst)
}

/// Atoms closer than this many σ (here 1 to 1.3) are too close to be compared.
const CLOSEST: f64 = 0.5;

/// Forces in f64, and Σ|f_ij| of every atom, the scale of their rounding; infinite for atoms that nearly coincide.
fn forces_and_scale(
    system: &System,
    force_field: &dyn ForceField,
    x: &Configuration,
) -> Result<(Vec<DVec3>, Vec<f64>)> {
    let mut forces = Vec::new();
    force_field.energy_and_forces(x, &mut forces)?;
    let scale = |slot: usize| -> f64 {
        let (position, own) = (x.positions[slot], x.species[slot]);
        let pair = |other: DVec3, species: u8| {
            let d = system.cell.minimum_image(position - other);
            let force = system.pairs.pair(own, species).energy_force(d.length_squared()).1.abs() * d.length();
            if d.length() < CLOSEST { f64::INFINITY } else { force }
        };
        let mobile = (0..x.len()).filter(|&j| j != slot).map(|j| pair(x.positions[j], x.species[j]));
        let frozen = system.frozen.positions.iter().zip(&system.frozen.species).map(|(&p, &s)| pair(p, s));
        mobile.chain(frozen).sum()
    };
    let scales = (0..x.len()).map(scale).collect();
    Ok((forces, scales))
}

/// One segment of eight steps against eight segments of one step: lists, if any, are old in the one and may be new in
/// the others, and the bits are the same.
pub(crate) fn split(bench: &Fixture) -> Result<Worst> {
    let mut worst = Worst::default();
    for text in [SLAB, FAST] {
        let setup = setup(text)?;
        let assignment: Vec<StateId> = (0..setup.grid.len() as u32).map(StateId).collect();
        let mut ends = [Batch::default(), Batch::default()];
        for (end, lengths) in ends.iter_mut().zip([&[8_u32][..], &[1; 8]]) {
            let mut backend = bench.open(&setup)?;
            backend.load(&setup.start()?, &setup.grid.states, &assignment)?;
            let mut first = 0;
            for &length in lengths {
                backend.propagate(first, length)?;
                first += u64::from(length);
            }
            backend.store(end)?;
        }
        for (r, (one, many)) in ends[0].configurations.iter().zip(&ends[1].configurations).enumerate() {
            worst.add(f64::from(u8::from(one != many)), || format!("replica {r} of {} atoms", one.len()));
        }
    }
    Ok(worst)
}

/// Change of the total energy that the integrator's error and rounding explain, per kT and atom.
const DRIFT_TOL: f64 = 2e-3;

/// Total energy of the slab over a segment without friction: neither a drift nor a jump.
pub(crate) fn drift(bench: &Fixture) -> Result<Worst> {
    let setup = setup(SLAB)?;
    let assignment: Vec<StateId> = (0..setup.grid.len() as u32).map(StateId).collect();
    let mut backend = bench.open(&setup)?;
    backend.load(&setup.start()?, &setup.grid.states, &assignment)?;
    let steps = bench.size(500, 5000);
    let before = total_energies(&mut *backend)?;
    backend.propagate(0, steps)?;
    let after = total_energies(&mut *backend)?;
    let atoms: Vec<f64> = setup.start()?.configurations.iter().map(|x| x.len() as f64).collect();
    let mut worst = Worst::default();
    for (r, (before, after)) in before.iter().zip(&after).enumerate() {
        let allowed = DRIFT_TOL * atoms[r] * setup.grid.states[r].kt;
        worst.add((after - before) / allowed, || format!("replica {r}: {before:.6} to {after:.6} in {steps} steps"));
    }
    Ok(worst)
}

/// Potential and kinetic energy of every replica. [energy]
fn total_energies(backend: &mut dyn Backend) -> Result<Vec<f64>> {
    let (measured, mut batch) = (backend.measure()?, Batch::default());
    backend.store(&mut batch)?;
    let system = backend.system();
    let kinetic = |x: &Configuration| -> f64 {
        let mass = |slot: usize| system.species[usize::from(x.species[slot])].mass;
        (0..x.len()).map(|slot| 0.5 * mass(slot) * x.velocities[slot].length_squared()).sum()
    };
    Ok(batch.configurations.iter().zip(&measured).map(|(x, m)| m.energy + kinetic(x)).collect())
}
