//! A surface sampled from Rust: a scene, its replicas, ⟨N⟩ and ⟨E⟩ of every state.
//!
//! ```sh
//! cargo run --release --example sample_surface                          # the default scene, 200 cycles
//! cargo run --release --example sample_surface -- SCENE CYCLES DEVICE
//! ```
//!
//! No file is written; `adlayer run` is the way to samples on disk, maps and figures.

#![expect(clippy::print_stdout, reason = "an example prints what it finds")]

use adlayer::{Sampler, StateId, scene};

fn main() -> adlayer::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().unwrap_or_else(|| "scenes/lj_surface.ron".to_owned());
    let cycles: u32 = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(200);
    let device = arguments.next().unwrap_or_else(|| "auto".to_owned());

    let scene = scene::load(&path)?;
    let mut sampler = Sampler::from_scene(&scene, &device)?;
    sampler.equilibrate(cycles.div_ceil(3))?;
    for _ in 0..cycles {
        sampler.run_cycle()?;
    }

    // Averages are kept by state: a state is held by another replica after every exchange.
    println!("{:>11} {:>10} {:>18} {:>20}", "T", "mu", "<N>", "<E>");
    let grid = sampler.grid();
    for id in (0..grid.len() as u32).map(StateId) {
        let mu = (grid.n_reservoirs() > 0).then(|| format!("{:.4}", grid.mu(id, 0)));
        let average = sampler.average(id);
        println!(
            "{:11.4} {:>10} {:>18} {:>20}",
            grid.state(id).temperature,
            mu.unwrap_or_default(),
            average.mean.get(1).map_or_else(String::new, |n| format!("{n:.3} ± {:.3}", average.error[1])),
            format!("{:.3} ± {:.3}", average.mean[0], average.error[0]),
        );
    }
    let (tried, accepted) =
        sampler.edge_tallies().iter().fold((0, 0), |(t, a), edge| (t + edge.attempts, a + edge.accepted));
    println!("{accepted} of {tried} exchanges accepted on {}", sampler.backend().info().description);
    Ok(())
}
