//! MBAR of one's own arrays: free energies of harmonic wells from samples of some of them, beside the exact ones.
//!
//! ```sh
//! cargo run --release --example mbar_of_arrays
//! ```
//!
//! Five particles in wells u_k(x) = κ_k (x − x_k)²/2, in units of kT; the last well is never sampled. f_k = ½ ln(κ_k/κ_0)
//! and ⟨x⟩_k = x_k exactly.

#![expect(clippy::print_stdout, reason = "an example prints what it finds")]

use adlayer::mbar::{General, Tolerance};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::f64::consts::TAU;

/// (κ, centre, samples) of every well.
const WELLS: [(f64, f64, usize); 5] =
    [(1.0, 0.0, 4000), (2.0, 0.7, 4000), (4.0, 1.2, 2000), (8.0, 1.5, 2000), (5.0, 1.0, 0)];

fn main() -> adlayer::Result<()> {
    // Samples of all states in one row, in any order: what matters is how many came from each.
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut x_n = Vec::new();
    for (stiffness, centre, samples) in WELLS {
        for _ in 0..samples {
            let (a, b): (f64, f64) = (rng.random(), rng.random());
            x_n.push(centre + (-2.0 * (1.0 - a).ln() / stiffness).sqrt() * (TAU * b).cos());
        }
    }
    let n_k = WELLS.map(|(_, _, samples)| samples as u64);
    let energies = |k: usize| x_n.iter().map(move |x| 0.5 * WELLS[k].0 * (x - WELLS[k].1).powi(2));
    let u_kn: Vec<f64> = (0..WELLS.len()).flat_map(energies).collect();

    let solution = General { u_kn: &u_kn, n_k: &n_k }.solve(Tolerance::default())?;
    let errors = solution.f_k_err()?;

    println!("state  samples        f_k  error     exact       <x>   error   exact");
    for (k, &(stiffness, centre, samples)) in WELLS.iter().enumerate() {
        let exact = 0.5 * (stiffness / WELLS[0].0).ln();
        let mean = solution.average(&u_kn[k * x_n.len()..(k + 1) * x_n.len()], &x_n)?;
        println!(
            "{k:5}  {samples:7}  {:9.4}  {:.4}  {exact:8.4}  {:8.4}  {:.4}  {centre:6.4}",
            solution.f_k[k], errors[k], mean.mean, mean.sigma
        );
        assert!((solution.f_k[k] - exact).abs() <= 4.0 * errors[k], "f_{k} is off by more than four standard errors");
    }
    Ok(())
}
