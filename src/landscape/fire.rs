//! FIRE: the nearest minimum of a configuration.
//!
//! # Source
//! E. Bitzek, P. Koskinen, F. Gähler, M. Moseler & P. Gumbsch, Phys. Rev. Lett. 97, 170201 (2006).

use crate::base::error::Result;
use crate::forces::ForceField;
use crate::system::System;
use crate::system::configuration::Configuration;
use glam::DVec3;

/// Iterations before giving up.
const MAX_ITERATIONS: u32 = 20_000;
/// The largest force of a minimum, in units of ε/σ.
const FORCE_TOL: f64 = 1e-7;
/// Longest move of one atom in one step, in units of σ.
const STEP_CAP: f64 = 0.05;
/// First time step in units of √(σ²/ε) (atoms of mass 1); FIRE lengthens it tenfold at most.
const DT: f64 = 0.005;

/// How a quench ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Every force vanished.
    Converged,
    /// Forces remained after the last iteration.
    NotConverged,
    /// An atom is pressed against a hard wall, so the point is no minimum of the potential.
    OnWall,
}

/// A quenched configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Quenched {
    /// Where it ended, velocities zero.
    pub configuration: Configuration,
    /// E \[energy\]
    pub energy: f64,
    /// Largest force on an atom [energy/length]
    pub force: f64,
    /// How it ended.
    pub outcome: Outcome,
    /// Iterations used.
    pub iterations: u32,
}

/// Largest well depth and smallest size of the interacting pairs: the scales of forces and lengths.
///
/// - returns: (ε \[energy\], σ \[length\]); (1, r_c/2.5) if nothing interacts
pub fn scales(system: &System) -> (f64, f64) {
    let n = system.pairs.n_species();
    let mut found: Option<(f64, f64)> = None;
    for k in 0..n * n {
        let pair = system.pairs.pair((k / n) as u8, (k % n) as u8);
        if pair.interacts() {
            let (epsilon, sigma) = (pair.depth(), pair.length());
            found = Some(found.map_or((epsilon, sigma), |(e, s)| (f64::max(e, epsilon), f64::min(s, sigma))));
        }
    }
    found.unwrap_or((1.0, system.pairs.r_cut / 2.5))
}

/// Follows the forces downhill to a minimum; hard walls stop atoms.
///
/// # Errors
/// Those of the force field.
pub fn quench(system: &System, force_field: &dyn ForceField, start: &Configuration) -> Result<Quenched> {
    let (epsilon, sigma) = scales(system);
    let (tolerance, cap) = (FORCE_TOL * epsilon / sigma, STEP_CAP * sigma);
    let unit = (sigma * sigma / epsilon).sqrt();
    let (dt_first, dt_most) = (DT * unit, 10.0 * DT * unit);
    let mut x = start.clone();
    x.velocities = vec![DVec3::ZERO; x.len()];
    let (mut dt, mut alpha, mut downhill) = (dt_first, 0.1, 0);
    let mut forces = Vec::new();
    let mut energy = force_field.energy_and_forces(&x, &mut forces)?;
    let mut iterations = 0;
    while iterations < MAX_ITERATIONS && largest(&forces) > tolerance {
        iterations += 1;
        let power: f64 = forces.iter().zip(&x.velocities).map(|(f, v)| f.dot(*v)).sum();
        if power > 0.0 {
            let speed = norm(&x.velocities) / norm(&forces);
            for (v, f) in x.velocities.iter_mut().zip(&forces) {
                *v = (1.0 - alpha) * *v + alpha * speed * *f;
            }
            downhill += 1;
            if downhill > 5 {
                dt = (1.1 * dt).min(dt_most);
                alpha *= 0.99;
            }
        } else {
            x.velocities.fill(DVec3::ZERO);
            (dt, alpha, downhill) = (0.5 * dt, 0.1, 0);
        }
        for i in 0..x.len() {
            x.velocities[i] += dt * forces[i];
            let mut step = dt * x.velocities[i];
            if step.length() > cap {
                step *= cap / step.length();
            }
            let moved = x.positions[i] + step;
            let clamped = if system.cell.periodic_z {
                moved
            } else {
                moved.with_z(moved.z.clamp(system.cell.floor, system.cell.ceiling()))
            };
            if clamped.z != moved.z {
                x.velocities[i].z = 0.0;
            }
            x.positions[i] = system.cell.wrap(clamped);
        }
        energy = force_field.energy_and_forces(&x, &mut forces)?;
    }
    x.velocities.fill(DVec3::ZERO);
    let force = largest(&forces);
    let at_wall = |p: &DVec3| !system.cell.periodic_z && (p.z <= system.cell.floor || p.z >= system.cell.ceiling());
    let outcome = if x.positions.iter().any(at_wall) {
        Outcome::OnWall
    } else if force <= tolerance {
        Outcome::Converged
    } else {
        Outcome::NotConverged
    };
    Ok(Quenched { configuration: x, energy, force, outcome, iterations })
}

fn largest(forces: &[DVec3]) -> f64 {
    forces.iter().map(|f| f.length()).fold(0.0, f64::max)
}

fn norm(vectors: &[DVec3]) -> f64 {
    vectors.iter().map(|v| v.length_squared()).sum::<f64>().sqrt()
}
