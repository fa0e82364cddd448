//! A joint test in the manner of Geweke: states and configurations drawn exactly must still be exact draws after every
//! kind of move was made.
//!
//! Atoms without interaction in a harmonic trap can be drawn exactly. Each replica draws a state, then N, positions and
//! velocities; then segments, insertions, deletions and new states given the configuration follow one another. Every
//! replica is one independent sample, so no correlation time enters.
//!
//! Source: Geweke, J. Am. Stat. Assoc. 99, 799 (2004); as a test of exact invariance: Gandy & Scott, arXiv:2001.06465.

use super::Worst;
use super::statistics::z_of_mean;
use crate::backend::{CycleWork, Span};
use crate::base::error::Result;
use crate::base::ids::StateId;
use crate::base::rng::{Rng, Stream, index_below, uniform};
use crate::sampler::Setup;
use crate::system::configuration::{Batch, Configuration};
use crate::thermo::reduced_potential;
use crate::thermo::states::StatePoint;
use crate::workflow::verify::fixture::{Fixture, setup};

const SPRING: f64 = 2.0;
const MASS: f64 = 1.5;

const TRAP: &str = r#"Scene(
    units: Lj,
    species: [ (name: "B", symbol: "Ar", mass: 1.5) ],
    potential: LennardJones(cutoff: 2.5, truncation: Shifted, pairs: [ (between: ("B","B"), epsilon: 0.0, sigma: 1.0) ]),
    external: [ Harmonic(species: "B", spring: 2.0) ],
    cell: Bulk(lengths: (8.0, 8.0, 8.0)),
    reservoir: [ (species: "B", max_atoms: 40) ],
    grid: ( temperature: List([0.8, 1.0, 1.25]), reservoir: [ (species: "B", convention: Activity, values: List([0.0])) ] ),
    dynamics: Baoab(dt: 0.02, friction: 0.2, steps: 6),
    moves: (insert_delete: 100),
    schedule: (equilibration: 1, production: 1),
    seed: 77,
)"#;

/// Uses of the random numbers that this test draws for itself, under a seed of its own.
#[derive(Clone, Copy)]
#[repr(u32)]
enum Use {
    State = 0,
    Number = 1,
    NewState = 2,
}

/// Volume of the trap: ∫ e^{−βκr²/2} d³r.
fn trap_volume(kt: f64) -> f64 {
    (2.0 * std::f64::consts::PI * kt / SPRING).powf(1.5)
}

/// Dynamics of [`TRAP`].
const LANGEVIN: &str = "Baoab(dt: 0.02, friction: 0.2, steps: 6)";
/// Those that accept or reject segments, at a step at which plain Verlet is far off: ω dt is 1.15. Steps that are themselves wrong
/// are nearly all rejected there, and show at a shorter one.
const SEGMENTS: [&str; 3] =
    ["Hmc(dt: 1.0, steps: 2)", "Ghmc(dt: 1.0, steps: 2, friction: 0.05)", "Hmc(dt: 0.3, steps: 2)"];

/// Draws exactly, moves, and compares moments with exact ones.
pub(crate) fn joint(bench: &Fixture) -> Result<Worst> {
    moved_by(bench, LANGEVIN, 1536)
}

/// The same with segments that are accepted or rejected.
pub(crate) fn segments(bench: &Fixture) -> Result<Worst> {
    let mut worst = Worst::default();
    for dynamics in SEGMENTS {
        worst.join(moved_by(bench, dynamics, 4096)?);
    }
    Ok(worst)
}

/// - `quick`: replicas of the short form
fn moved_by(bench: &Fixture, dynamics: &str, quick: u32) -> Result<Worst> {
    let setup = setup(&TRAP.replace(LANGEVIN, dynamics))?;
    let (n_replicas, rounds) = (bench.size(quick, 4 * quick), 6);
    let (states, own) = (&setup.grid.states, Rng::new(0x6765_7765));
    // The step is free where a stream has no step of its own; each use takes one.
    let draw = |what: Use, round: u32, replica: u32| {
        uniform(own.block(Stream::ParticleMove, u64::from(what as u32), replica, round)[0])
    };
    let mut assignment: Vec<StateId> =
        (0..n_replicas).map(|r| StateId(index_below(draw(Use::State, 0, r), states.len()) as u32)).collect();
    let configurations = (0..n_replicas)
        .map(|r| {
            let state = &states[assignment[r as usize].index()];
            exact_draw(&setup, &own, r, state, draw(Use::Number, 0, r))
        })
        .collect();
    let mut backend = bench.open(&setup)?;
    backend.load(&Batch { configurations }, states, &assignment)?;
    let (steps, attempts) = (setup.plan.steps, setup.plan.attempts);
    for round in 0..rounds {
        let measured = backend.cycle(&CycleWork {
            dynamics: Some(Span { first: u64::from(round * steps), count: steps }),
            particle_moves: Some(Span { first: u64::from(round * attempts), count: attempts }),
            ..CycleWork::default()
        })?;
        for (r, m) in measured.measurements.iter().enumerate() {
            assignment[r] = new_state(states, m.energy, &m.counts, draw(Use::NewState, round, r as u32));
        }
        backend.set_states(&assignment)?;
    }
    let (measured, mut batch) = (backend.measure()?, Batch::default());
    backend.store(&mut batch)?;

    let centre = setup.system.cell.centre();
    let (n_states, mut worst) = (states.len() as f64, Worst::default());
    let mut compare = |label: &str, exact: f64, f: &dyn Fn(&Configuration, &StatePoint, usize, f64) -> f64| {
        let value = |(r, (x, m)): (usize, (&Configuration, &crate::system::configuration::Measurement))| {
            f(x, &states[assignment[r].index()], assignment[r].index(), m.energy)
        };
        let values: Vec<f64> = batch.configurations.iter().zip(&measured).enumerate().map(value).collect();
        worst.add(z_of_mean(&values, exact), || label.to_owned());
    };
    let mean_of =
        |f: &dyn Fn(f64) -> f64| states.iter().map(|s| f(s.ln_z[0].exp() * trap_volume(s.kt))).sum::<f64>() / n_states;
    let lambda = |s: &StatePoint| s.ln_z[0].exp() * trap_volume(s.kt);
    for k in 0..states.len() {
        compare(&format!("P(state {k})"), 1.0 / n_states, &|_, _, j, _| f64::from(u8::from(j == k)));
    }
    compare("⟨N⟩", mean_of(&|l| l), &|x, _, _, _| x.len() as f64);
    compare("⟨N − N_exact⟩ given the state", 0.0, &|x, s, _, _| x.len() as f64 - lambda(s));
    compare("⟨(N − N_exact)²⟩", mean_of(&|l| l), &|x, s, _, _| (x.len() as f64 - lambda(s)).powi(2));
    compare("⟨βE − 3N/2⟩", 0.0, &|x, s, _, e| e / s.kt - 1.5 * x.len() as f64);
    let reduced =
        |x: &Configuration, kt: f64| -> f64 { x.velocities.iter().map(|v| MASS * v.length_squared() / kt - 3.0).sum() };
    compare("⟨Σ mv²/kT − 3N⟩", 0.0, &|x, s, _, _| reduced(x, s.kt));
    compare("⟨N (Σ mv²/kT − 3N)⟩", 0.0, &|x, s, _, _| x.len() as f64 * reduced(x, s.kt));
    compare("⟨(Σ mv²/kT − 3N)²⟩", mean_of(&|l| 6.0 * l), &|x, s, _, _| reduced(x, s.kt).powi(2));
    compare("⟨Σ r·v⟩", 0.0, &|x, _, _, _| {
        x.positions.iter().zip(&x.velocities).map(|(&r, &v)| (r - centre).dot(v)).sum()
    });
    Ok(worst)
}

/// N, positions and velocities of a replica in a state, drawn from their exact distribution.
fn exact_draw(setup: &Setup, own: &Rng, replica: u32, state: &StatePoint, u: f64) -> Configuration {
    let lambda = state.ln_z[0].exp() * trap_volume(state.kt);
    // inversion of the Poisson distribution
    let (mut n, mut p) = (0, (-lambda).exp());
    let mut below = p;
    while below < u && n < setup.system.capacity {
        n += 1;
        p *= lambda / n as f64;
        below += p;
    }
    let mut x = Configuration::default();
    for slot in 0..n as u32 {
        let place = (state.kt / SPRING).sqrt() * own.gaussians(Stream::InitialPosition, 0, replica, slot);
        let velocity = (state.kt / MASS).sqrt() * own.gaussians(Stream::InitialVelocity, 0, replica, slot);
        x.insert(0, setup.system.cell.wrap(setup.system.cell.centre() + place), velocity);
    }
    x
}

/// A state drawn given E and N, all states being equally likely before: p(k) ∝ e^{−u_k}/Ξ_k. Velocities do not enter:
/// rescaled to a temperature they are exact draws at it.
fn new_state(states: &[StatePoint], energy: f64, counts: &[u16], u: f64) -> StateId {
    let ln_weights: Vec<f64> = states
        .iter()
        .map(|s| -reduced_potential(s.beta(), &s.ln_z, energy, counts) - s.ln_z[0].exp() * trap_volume(s.kt))
        .collect();
    let top = ln_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = ln_weights.iter().map(|w| (w - top).exp()).collect();
    let mut left = u * weights.iter().sum::<f64>();
    for (k, w) in weights.iter().enumerate() {
        left -= w;
        if left < 0.0 {
            return StateId(k as u32);
        }
    }
    StateId(states.len() as u32 - 1)
}
