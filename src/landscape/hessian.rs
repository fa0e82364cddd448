//! The plain Hessian of the mobile atoms, from central differences of forces.

use super::fire::scales;
use crate::base::{Result, eigen};
use crate::forces::ForceField;
use crate::system::System;
use crate::system::configuration::Configuration;
use glam::DVec3;
use nalgebra::DMatrix;

/// Displacement of the differences, in units of σ: truncation and rounding each leave about 1e-8 of a curvature.
const STEP: f64 = 1e-4;

/// Eigenvalues κ_j of ∂²E/∂x∂y over the mobile atoms, ascending. `[3n]` [energy/length²]
///
/// # Errors
/// [`AnalysisError`] if the eigenvalues cannot be found, and those of the force field.
pub fn curvatures(system: &System, force_field: &dyn ForceField, x: &Configuration) -> Result<Vec<f64>> {
    let n = 3 * x.len();
    if n == 0 {
        return Ok(Vec::new());
    }
    let step = STEP * scales(system).1;
    let mut rows = vec![0.0; n * n];
    let mut displaced = x.clone();
    let (mut up, mut down) = (Vec::new(), Vec::new());
    for k in 0..n {
        let (atom, axis) = (k / 3, k % 3);
        let original = displaced.positions[atom];
        let mut at = |sign: f64, forces: &mut Vec<DVec3>| {
            let mut moved = original;
            moved[axis] += sign * step;
            displaced.positions[atom] = system.cell.wrap(moved);
            force_field.energy_and_forces(&displaced, forces)
        };
        at(1.0, &mut up)?;
        at(-1.0, &mut down)?;
        displaced.positions[atom] = original;
        for j in 0..n {
            rows[k * n + j] = (down[j / 3][j % 3] - up[j / 3][j % 3]) / (2.0 * step);
        }
    }
    let symmetric = DMatrix::from_fn(n, n, |i, j| 0.5 * (rows[i * n + j] + rows[j * n + i]));
    eigen::values(symmetric, || format!("a Hessian of {n} modes"))
}
