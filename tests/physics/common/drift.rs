//! Drift of the total energy without a thermostat.

use super::run::Run;
use super::stats::Estimate;
use crate::say::say;
use adlayer::testing::system::System;
use adlayer::testing::system::configuration::Configuration;

/// Atoms of a replica, and replicas.
const ATOMS: usize = 64;
const REPLICAS: u32 = 16;
/// Time step, and steps between two measurements.
const DT: f64 = 0.002;
const SEGMENT: u32 = 250;

/// Kinetic energy of a configuration.
pub(crate) fn kinetic(system: &System, x: &Configuration) -> f64 {
    let mass = |s: u8| system.species[usize::from(s)].mass;
    x.velocities.iter().zip(&x.species).map(|(v, &s)| 0.5 * mass(s) * v.length_squared()).sum()
}

/// Slope of a straight line through points `spacing` apart, and their spread about it.
pub(crate) fn slope_and_spread(y: &[f64], spacing: f64) -> (f64, f64) {
    let n = y.len() as f64;
    let x = |k: usize| spacing * (k as f64 - 0.5 * (n - 1.0));
    let mean = y.iter().sum::<f64>() / n;
    let slope = y.iter().enumerate().map(|(k, v)| x(k) * (v - mean)).sum::<f64>()
        / (0..y.len()).map(|k| x(k) * x(k)).sum::<f64>();
    let square: f64 = y.iter().enumerate().map(|(k, v)| (v - mean - slope * x(k)).powi(2)).sum();
    (slope, (square / n).sqrt())
}

/// Asserts that the energy of a force-shifted fluid without walls and thermostat does not drift over `duration` [τ]:
/// mean slope over 16 replicas within three standard errors + 1e-6 ε per atom and τ.
pub(crate) fn assert_no_drift(device: &str, duration: f64) -> Estimate {
    let text = format!(
        r#"Scene(
    units: Lj,
    species: [ (name: "A", symbol: "Ar", mass: 1.0) ],
    potential: LennardJones(
        cutoff: 2.5, truncation: ForceShifted,
        pairs: [ (between: ("A","A"), epsilon: 1.0, sigma: 1.0) ],
    ),
    cell: Bulk(lengths: (5.2, 5.2, 5.2)),
    initial: [ (species: "A", atoms: {ATOMS}, placement: Random) ],
    grid: (temperature: List([1.0]), walkers: {REPLICAS}),
    dynamics: Verlet(dt: {DT:?}, steps: {SEGMENT}, redraw: false),
    schedule: (equilibration: 0, production: 1),
    seed: 5,
)"#
    );
    let mut run = Run::start(device, &text);
    // the relaxed start becomes a fluid first
    run.equilibrate(8);
    let mut rows = vec![Vec::new(); REPLICAS as usize];
    for _ in 0..(duration / (DT * f64::from(SEGMENT))).round() as u32 {
        run.equilibrate(1);
        let batch = run.batch();
        let system = run.sampler.backend().system();
        for ((row, m), x) in rows.iter_mut().zip(run.sampler.measurements()).zip(&batch.configurations) {
            row.push((m.energy + kinetic(system, x)) / ATOMS as f64);
        }
    }
    let slopes: Vec<f64> = rows.iter().map(|row| slope_and_spread(row, DT * f64::from(SEGMENT)).0).collect();
    let drift = Estimate::of_samples(&slopes);
    say(&format!("NVE {device}, {duration} τ: slope {:.2e} ± {:.1e} ε per atom and τ", drift.value, drift.error));
    assert!(drift.value.abs() <= 3.0 * drift.error + 1e-6, "{device}: {:.2e} ± {:.1e}", drift.value, drift.error);
    drift
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slope_is_a_slope() {
        let (slope, spread) = slope_and_spread(&[1.0, 3.0, 5.0, 7.0], 0.5);
        assert!((slope - 4.0).abs() < 1e-12 && spread < 1e-12);
        let (slope, spread) = slope_and_spread(&[1.0, -1.0, -1.0, 1.0], 0.5);
        assert!(slope.abs() < 1e-12 && (spread - 1.0).abs() < 1e-12);
    }
}
