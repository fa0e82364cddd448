//! An observable of one's own: the roughness of what is adsorbed, by state, and at a temperature that was not simulated.
//!
//! ```sh
//! cargo run --release --example own_observable                     # the default scene on one μ, 300 cycles
//! cargo run --release --example own_observable -- CYCLES DEVICE
//! ```
//!
//! `Roughness` is evaluated for every replica after every cycle. Its values and the reduced potentials of all samples go
//! to MBAR, which gives the average anywhere within reach of the samples, with its error.

#![expect(clippy::print_stdout, reason = "an example prints what it finds")]

use adlayer::mbar::{General, Tolerance};
use adlayer::observable::{Adsorbed, Field, Observable, Observables, Observed};
use adlayer::{Sampler, scene};

/// Standard deviation of the heights of adsorbed atoms [length]; 0 without atoms.
#[derive(Debug)]
struct Roughness;

impl Observable for Roughness {
    fn fields(&self) -> Vec<Field> {
        vec![Field::column("roughness").labelled("roughness of the adlayer")]
    }

    fn evaluate(&self, atoms: &Adsorbed<'_>, observed: &mut Observed) {
        let n = atoms.positions.len().max(1) as f64;
        let mean = atoms.positions.iter().map(|r| r.z).sum::<f64>() / n;
        let variance = atoms.positions.iter().map(|r| (r.z - mean).powi(2)).sum::<f64>() / n;
        observed.number(variance.sqrt());
    }
}

fn main() -> adlayer::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let cycles: u32 = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(300);
    let device = arguments.next().unwrap_or_else(|| "auto".to_owned());

    // The default scene along one column of its grid: seven temperatures at μ' = −4.5.
    let text = include_str!("../scenes/lj_surface.ron").replace("Linear(from: -7.5, to: -1.0, n: 14)", "List([-4.5])");
    let scene = scene::parse(&text, "lj_surface.ron".as_ref())?;
    let observables = Observables::own(&scene, vec![Box::new(Roughness)]);
    let mut sampler = Sampler::from_scene(&scene, &device)?;
    sampler.equilibrate(cycles.div_ceil(3))?;

    // One entry a sample, of all states: what MBAR needs is E, N and how many came from each state.
    let (mut energy, mut n, mut roughness) = (Vec::new(), Vec::new(), Vec::new());
    let mut n_k = vec![0_u64; sampler.grid().len()];
    for _ in 0..cycles {
        let samples = sampler.run_cycle()?;
        for (sample, configuration) in samples.iter().zip(sampler.configurations()?) {
            n_k[sample.state.0 as usize] += 1;
            energy.push(sample.energy);
            n.push(f64::from(sample.counts[0]));
            roughness.push(f64::from(observables.evaluate(&configuration).columns[0]));
        }
    }

    // u_k(x) = βE − N ln z
    let reduced = |beta: f64, ln_z: f64| -> Vec<f64> {
        energy.iter().zip(&n).map(|(energy, n)| beta * energy - n * ln_z).collect()
    };
    let states = sampler.grid().states.clone();
    let u_kn: Vec<f64> = states.iter().flat_map(|s| reduced(s.beta(), s.ln_z[0])).collect();
    let mbar = General { u_kn: &u_kn, n_k: &n_k }.solve(Tolerance::default())?;

    println!("      T    roughness");
    for (k, state) in states.iter().enumerate() {
        let here = mbar.average(&u_kn[k * energy.len()..(k + 1) * energy.len()], &roughness)?;
        println!("{:7.4}    {:.4} ± {:.4}", state.temperature, here.mean, here.sigma);
        let Some(next) = states.get(k + 1) else { break };
        // Half way to the next temperature, at the same μ': ln z = μ'/kT.
        let kt = 0.5 * (state.kt + next.kt);
        let between = mbar.average(&reduced(1.0 / kt, state.ln_z[0] * state.kt / kt), &roughness)?;
        println!("{kt:7.4}    {:.4} ± {:.4}  (not simulated)", between.mean, between.sigma);
    }
    println!("Errors take samples as independent; `adlayer run` measures how far they are.");
    Ok(())
}
