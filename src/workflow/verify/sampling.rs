//! Checks of whole ensembles: exact gases, quadrature, and the ratio of neighbouring distributions.

use super::Worst;
use super::statistics::{Labelled, jackknife, jackknife_z, slopes};
use crate::base::error::Result;
use crate::sampler::Setup;
use crate::system::configuration::{Batch, Configuration};
use crate::workflow::verify::fixture::{Fixture, setup};
use glam::DVec3;

/// Text of a scene of one species B in a cubic box.
pub(super) fn bulk(
    pair: &str,
    edge: f64,
    max_atoms: u32,
    grid: &str,
    dynamics: &str,
    attempts: u32,
    cycles: [u32; 2],
) -> String {
    let [equilibration, production] = cycles;
    format!(
        r#"Scene(
    units: Lj, planck: 1.4,
    species: [ (name: "B", symbol: "Ar", mass: 1.5) ],
    potential: LennardJones(cutoff: 2.5, truncation: Shifted, pairs: [ (between: ("B","B"), {pair}) ]),
    cell: Bulk(lengths: ({edge:?}, {edge:?}, {edge:?})),
    reservoir: [ (species: "B", max_atoms: {max_atoms}) ],
    grid: ( {grid} ),
    dynamics: {dynamics},
    moves: (insert_delete: {attempts}),
    schedule: (equilibration: {equilibration}, production: {production}),
    seed: 2026,
)"#
    )
}

/// No interaction, four states at given absolute μ, exchange in every cycle, hardly any friction: N is Poisson in every
/// state and velocities are those of its temperature, whichever state an atom was inserted in.
pub(crate) fn ideal_gas(bench: &Fixture) -> Result<Worst> {
    let walkers = bench.size(48, 192);
    let grid = format!(
        r#"temperature: List([0.8, 1.0]), walkers: {walkers},
           reservoir: [ (species: "B", convention: Absolute, values: List([-5.2, -4.8])) ]"#
    );
    let text = bulk(
        "epsilon: 0.0, sigma: 1.0",
        6.0,
        90,
        &grid,
        "Baoab(dt: 0.01, friction: 0.02, steps: 4)",
        6,
        [40, bench.size(200, 800)],
    );
    let setup = setup(&text)?;
    let mass = setup.system.species[0].mass;
    // of each walker and state: samples, N, N², Σ m v²/kT, atoms looked at
    let mut sums = vec![vec![[0.0; 5]; walkers as usize]; setup.grid.len()];
    let (mut batch, mut cycle, mut seen) = (Batch::default(), 0, 0);
    bench.run(&setup, |sampler, replica, walker, state, m| {
        if replica == 0 {
            cycle += 1;
            if cycle % 10 == 0 {
                sampler.backend().store(&mut batch)?;
                seen = cycle;
            }
        }
        let (sum, n) = (&mut sums[state][walker], f64::from(m.counts[0]));
        sum[0] += 1.0;
        sum[1] += n;
        sum[2] += n * n;
        if seen == cycle {
            let kt = setup.grid.states[state].kt;
            let squares: f64 = batch.configurations[replica].velocities.iter().map(|v| v.length_squared()).sum();
            sum[3] += mass * squares / kt;
            sum[4] += n;
        }
        Ok(())
    })?;
    let volume = setup.system.cell.volume();
    let mut worst = Worst::default();
    for (k, walkers) in sums.iter().enumerate() {
        let mean = setup.grid.states[k].ln_z[0].exp() * volume;
        worst.add(jackknife_z(walkers, |s| s[1] / s[0], mean), || format!("⟨N⟩ of state {k}"));
        let variance = |s: &[f64; 5]| s[2] / s[0] - (s[1] / s[0]).powi(2);
        worst.add(jackknife_z(walkers, variance, mean), || format!("Var N of state {k}"));
        worst.add(jackknife_z(walkers, |s| s[3] / (3.0 * s[4]), 1.0), || format!("m⟨v²⟩/3kT of state {k}"));
    }
    Ok(worst)
}

/// At most two atoms in a box: P(N) and ⟨E⟩ by one quadrature over their distance.
pub(crate) fn two_atoms(bench: &Fixture) -> Result<Worst> {
    let walkers = bench.size(64, 256);
    let (kt, activity, edge) = (1.2_f64, 0.02_f64, 5.0);
    let mut worst = Worst::default();
    for dynamics in ["MonteCarlo(displacement: 0.8, attempts: 4)", "Baoab(dt: 0.004, friction: 2.0, steps: 20)"] {
        let grid = format!(
            r#"temperature: List([{kt:?}]), walkers: {walkers},
               reservoir: [ (species: "B", convention: Activity, values: List([{:?}])) ]"#,
            kt * activity.ln()
        );
        let cycles = [40, bench.size(400, 2000)];
        let setup = setup(&bulk("epsilon: 1.0, sigma: 1.0", edge, 2, &grid, dynamics, 10, cycles))?;
        // of each walker: samples, samples with N = 0, 1, 2, Σ E
        let mut sums = vec![[0.0; 5]; walkers as usize];
        bench.run(&setup, |_, _, walker, _, m| {
            sums[walker][0] += 1.0;
            sums[walker][1 + usize::from(m.counts[0].min(2))] += 1.0;
            sums[walker][4] += m.energy;
            Ok(())
        })?;
        let (pair, r_cut) = (setup.system.pairs.pair(0, 0), setup.system.pairs.r_cut);
        // ∫ (e^{−βu} − 1) dr³ and ∫ u e^{−βu} dr³ by the midpoint rule; the box holds the whole sphere of the cutoff
        let (mut excess, mut energy, intervals) = (0.0, 0.0, 200_000);
        for k in 0..intervals {
            let r = (f64::from(k) + 0.5) * r_cut / f64::from(intervals);
            let shell = 4.0 * std::f64::consts::PI * r * r * r_cut / f64::from(intervals);
            let u = pair.energy(r * r);
            let boltzmann = (-u / kt).exp();
            excess += (boltzmann - 1.0) * shell;
            energy += if boltzmann > 0.0 { u * boltzmann * shell } else { 0.0 };
        }
        let volume = edge * edge * edge;
        let half = 0.5 * activity * activity * volume;
        let weights = [1.0, activity * volume, half * (volume + excess)];
        let sum: f64 = weights.iter().sum();
        for (n, w) in weights.iter().enumerate() {
            worst.add(jackknife_z(&sums, |s| s[1 + n] / s[0], w / sum), || format!("P({n}), {dynamics}"));
        }
        worst.add(jackknife_z(&sums, |s| s[4] / s[0], half * energy / sum), || format!("⟨E⟩, {dynamics}"));
    }
    Ok(worst)
}

/// A fluid in four states with exchange: between neighbours ln[P₁(E,N)/P₂(E,N)] is linear in E and N, with the slopes
/// −Δβ and Δ ln z, whatever the density of states.
///
/// # Source
/// Shirts, J. Chem. Theory Comput. 9, 909 (2013).
pub(crate) fn boltzmann_ratio(bench: &Fixture) -> Result<Worst> {
    let walkers = bench.size(32, 64) as usize;
    let grid = format!(
        r#"temperature: List([1.2, 1.35]), walkers: {walkers},
           reservoir: [ (species: "B", convention: Activity, values: List([-3.6, -3.3])) ]"#
    );
    let cycles = [bench.size(80, 200), bench.size(200, 1000)];
    let dynamics = "Baoab(dt: 0.004, friction: 1.0, steps: 10)";
    let setup = setup(&bulk("epsilon: 1.0, sigma: 1.0", 5.2, 70, &grid, dynamics, 40, cycles))?;
    let mut samples = vec![Vec::new(); setup.grid.len()];
    bench.run(&setup, |_, _, walker, state, m| {
        samples[state].push((walker, [m.energy, f64::from(m.counts[0])]));
        Ok(())
    })?;
    let mut worst = Worst::default();
    for edge in &setup.grid.edges {
        let (a, b) = (setup.grid.state(edge.a), setup.grid.state(edge.b));
        let of =
            |state: usize, first: bool| samples[state].iter().map(move |&(walker, at)| Labelled { walker, first, at });
        let both: Vec<Labelled> = of(edge.a.index(), true).chain(of(edge.b.index(), false)).collect();
        let all = slopes(&both, None);
        let rest: Vec<[f64; 2]> = (0..walkers).map(|w| slopes(&both, Some(w))).collect();
        let axis = setup.grid.direction_name(edge.direction);
        for (d, (name, exact)) in [("E", b.beta() - a.beta()), ("N", a.ln_z[0] - b.ln_z[0])].into_iter().enumerate() {
            let of: Vec<f64> = rest.iter().map(|s| s[d]).collect();
            worst.add(jackknife(all[d], &of, exact), || {
                format!(
                    "slope in {name} between states {} and {} ({axis}): {:.4}, exact {exact:.4}",
                    edge.a.0, edge.b.0, all[d]
                )
            });
        }
    }
    Ok(worst)
}

/// Atoms without interaction of their own over a slab, inserted from a table into a part of the cell that they leave:
/// N is Poisson with the mean z ∫ e^{−βu} d³r, whatever the table, with one trial position and with several.
pub(crate) fn insertion_table(bench: &Fixture) -> Result<Worst> {
    over_a_slab(bench, &["Biased(henry: 0.7, trials: 1)", "Biased(henry: 0.7, trials: 2)"])
}

/// The same where they are inserted about atoms of the slab.
pub(crate) fn insertion_at_bonds(bench: &Fixture) -> Result<Worst> {
    let wide = "Bonds(hosts: \"A\", shell: (0.7, 1.8), cap: 90.0, shares: (0.1, 0.6, 0.3))";
    over_a_slab(bench, &["Bonds(hosts: \"A\", shell: (0.9, 1.4), cap: 35.0)", wide])
}

fn over_a_slab(bench: &Fixture, insertions: &[&str]) -> Result<Worst> {
    let walkers = bench.size(48, 192);
    let mut worst = Worst::default();
    for insertion in insertions {
        let text = format!(
            r#"Scene(
    units: Lj,
    species: [ (name: "A", symbol: "Cu", mass: 1.0), (name: "B", symbol: "Ar", mass: 1.0) ],
    potential: LennardJones(cutoff: 2.5, truncation: Shifted,
        pairs: [ (between: ("A","A"), epsilon: 1.0, sigma: 1.0), (between: ("A","B"), epsilon: 1.0, sigma: 1.0),
                 (between: ("B","B"), epsilon: 0.0, sigma: 1.0) ]),
    cell: Slab(height: 5.0),
    substrate: Fcc111(species: "A", nearest_neighbour: 1.10, repeat: (5, 3), layers: 1),
    reservoir: [ (species: "B", max_atoms: 60, region: (z: (0.2, 2.2))) ],
    grid: ( temperature: List([0.9]), walkers: {walkers},
            reservoir: [ (species: "B", convention: Activity, values: List([-2.6])) ] ),
    dynamics: MonteCarlo(displacement: 1.0, attempts: 60),
    moves: (insert_delete: 60, insertion: {insertion}),
    schedule: (equilibration: 40, production: {}),
    seed: 2027,
)"#,
            bench.size(200, 800)
        );
        let setup = setup(&text)?;
        // of each walker: samples, N, N²
        let mut sums = vec![[0.0; 3]; walkers as usize];
        bench.run(&setup, |_, _, walker, _, m| {
            let n = f64::from(m.counts[0]);
            sums[walker][0] += 1.0;
            sums[walker][1] += n;
            sums[walker][2] += n * n;
            Ok(())
        })?;
        let state = &setup.grid.states[0];
        let mean = state.ln_z[0].exp() * configuration_integral(&setup, state.kt)?;
        worst.add(jackknife_z(&sums, |s| s[1] / s[0], mean), || format!("⟨N⟩, {insertion}"));
        let variance = |s: &[f64; 3]| s[2] / s[0] - (s[1] / s[0]).powi(2);
        worst.add(jackknife_z(&sums, variance, mean), || format!("Var N, {insertion}"));
    }
    Ok(worst)
}

/// ∫ e^{−βu} d³r of one atom of the first reservoir species over the whole cell, by the midpoint rule over one of the
/// 5 × 3 surface cells of [`over_a_slab`]. \[length³\]
fn configuration_integral(setup: &Setup, kt: f64) -> Result<f64> {
    let (cell, empty) = (&setup.system.cell, Configuration::default());
    let (points, species) = ([24, 42, 200], setup.system.reservoirs[0].species);
    let edges = cell.lengths / DVec3::new(5.0, 3.0, 1.0);
    let step = edges / DVec3::from(points.map(f64::from));
    let mut sum = 0.0;
    for k in 0..points.iter().product::<u32>() {
        let at = [k % points[0], k / points[0] % points[1], k / points[0] / points[1]].map(|i| f64::from(i) + 0.5);
        let position = DVec3::from(at) * step + DVec3::new(0.0, 0.0, cell.floor);
        sum += (-setup.force_field.contact_energy(&empty, species, position)? / kt).exp();
    }
    Ok(sum * cell.volume() / f64::from(points.iter().product::<u32>()))
}
