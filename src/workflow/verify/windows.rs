//! Check of windows: an ideal gas, answered by MBAR where no state without a window is.

use super::Worst;
use super::sampling::bulk;
use super::statistics::z_of_mean;
use crate::analysis::mbar::{Bins, Collapsed, Tolerance};
use crate::base::error::Result;
use crate::workflow::verify::fixture::{Fixture, setup};

/// Groups of walkers whose answers are independent.
const GROUPS: usize = 16;
/// Edge of the box.
const EDGE: f64 = 6.0;

/// Samples of a group: E, N, state.
#[derive(Default, Clone)]
struct Group {
    energy: Vec<f64>,
    counts: Vec<u16>,
    state: Vec<u32>,
}

/// States of ⟨N⟩ = 8 and 16 that exchange with windows of 0 … 20: N stays Poisson in them, and ⟨N⟩ and ln Ξ come out
/// right at ⟨N⟩ = 2, where hardly one of their samples lies.
pub(crate) fn windows(bench: &Fixture) -> Result<Worst> {
    let volume = EDGE * EDGE * EDGE;
    let (grid, cycles) = (
        format!(
            r#"temperature: List([0.8, 1.0]), walkers: {},
               reservoir: [ (species: "B", convention: Activity, values: List([-2.6])) ]"#,
            bench.size(48, 160)
        ),
        [150, bench.size(300, 800)],
    );
    let dynamics = "MonteCarlo(displacement: 0.3, attempts: 0)";
    // Few attempts, which would put right within a cycle what a wrong exchange has done, and one round: of an even number
    // of swaps that are all accepted nothing would be seen.
    let text = bulk("epsilon: 0.0, sigma: 1.0", EDGE, 60, &grid, dynamics, 12, cycles);
    let text = text.replace(
        "    dynamics:",
        "    windows: [ (species: \"B\", atoms: (0, 20)) ],\n    exchange: EvenOdd(every: 1),\n    dynamics:",
    );
    let setup = setup(&text)?;
    let (mut groups, mut learned) = (vec![Group::default(); GROUPS], setup.grid.clone());
    bench.run(&setup, |sampler, replica, walker, state, m| {
        if replica == 0 {
            learned.clone_from(sampler.grid());
        }
        let group = &mut groups[walker % GROUPS];
        group.energy.push(m.energy);
        group.counts.push(m.counts[0]);
        group.state.push(state as u32);
        Ok(())
    })?;
    let mut worst = Worst::default();
    for k in 0..learned.n_points() {
        let mean = |g: &Group| {
            let own = g.counts.iter().zip(&g.state).filter(|(_, s)| **s as usize == k);
            let (n, sum) = own.fold((0.0, 0.0), |(n, sum), (&c, _)| (n + 1.0, sum + f64::from(c)));
            sum / n
        };
        let means: Vec<f64> = groups.iter().map(mean).collect();
        worst.add(z_of_mean(&means, learned.states[k].ln_z[0].exp() * volume), || format!("⟨N⟩ of state {k}"));
    }
    let (mean, mut n, mut ln_xi) = (2.0_f64, Vec::new(), Vec::new());
    for group in &groups {
        let collapsed = Collapsed::new(&learned.states, &group.energy, std::slice::from_ref(&group.counts))?;
        let mut n_k = vec![0.0; learned.len()];
        group.state.iter().for_each(|&k| n_k[k as usize] += 1.0);
        let state_of: Vec<u32> = collapsed.origin().iter().map(|&i| group.state[i as usize]).collect();
        let start = collapsed.guess(&state_of, &n_k);
        // Samples that fit no weights have no solution: that is a finding, and no reason to leave the other checks out.
        let Ok(solution) = collapsed.solve(None, &n_k, &start, false, Tolerance::default()) else {
            n.push(f64::NAN);
            ln_xi.push(f64::NAN);
            continue;
        };
        let bins = Bins::new(&collapsed, None, None, &solution.ln_d, 1.0);
        let ln_z = [(mean / volume).ln()];
        let moments = bins.moments(&collapsed, &ln_z);
        n.push(moments.n[0]);
        ln_xi.push(bins.ln_xi(&collapsed, &ln_z, moments.ln_sum).unwrap_or(f64::NAN));
    }
    worst.add(z_of_mean(&n, mean), || format!("⟨N⟩ at {mean} by MBAR"));
    worst.add(z_of_mean(&ln_xi, mean), || format!("ln Ξ at {mean} by MBAR"));
    Ok(worst)
}
