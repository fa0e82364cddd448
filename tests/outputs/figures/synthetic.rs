//! A model surface with exactly known averages, to draw without sampling.
//!
//! Two lattice layers of 12 and 36 sites, filled one after the other, each with mean-field attraction:
//! P(N) ∝ e^{β(μN − E_N)} g_N. The first layer condenses at μ' = −6.2 below T = 0.5, the second at −1.6 below 0.8.

use adlayer::testing::analysis::{
    Adsorption, Analysis, AnalysisInput, AtLimit, BoundaryKind, BoundaryPoint, CellContext, DirectAverage,
    Distribution, FreeEnergies, HeatCapacity, Henry, Map, MapCell, MeanHistogram, Phase, SplitHalf, StateHistogram,
};
use adlayer::testing::base::ids::StateId;
use adlayer::testing::sample::Samples;
use adlayer::testing::thermo::Convention;
use adlayer::testing::thermo::states::{ReservoirAxis, StateGrid};

const LAYERS: [(usize, f64, f64); 2] = [(12, 5.2, 1.0), (36, 0.8, 0.8)];
const N_MAX: usize = 64;
/// Of the surface, that of 36 sites.
const AREA: f64 = 37.7;
pub(crate) const TEMPERATURES: [f64; 7] = [0.24, 0.30, 0.36, 0.43, 0.51, 0.62, 0.76];

pub(crate) fn linear(from: f64, to: f64, n: usize) -> Vec<f64> {
    (0..n).map(|i| from + (to - from) * i as f64 / (n.max(2) - 1) as f64).collect()
}

fn ln_choose(m: usize, n: usize) -> f64 {
    (0..n).map(|i| ((m - i) as f64 / (i + 1) as f64).ln()).sum()
}

fn energy_of(n: usize) -> f64 {
    let (mut rest, mut energy) = (n, 0.0);
    for (sites, a, b) in LAYERS {
        let k = rest.min(sites) as f64;
        energy -= a * k + b * k * k / sites as f64;
        rest -= rest.min(sites);
    }
    energy
}

/// P(N) at (T, μ').
pub(crate) fn p_n(temperature: f64, mu: f64) -> Vec<f64> {
    let ln: Vec<f64> = (0..=N_MAX)
        .map(|n| {
            if n > 48 {
                return f64::NEG_INFINITY;
            }
            let ln_g = ln_choose(12, n.min(12)) + ln_choose(36, n.saturating_sub(12));
            (mu * n as f64 - energy_of(n)) / temperature + ln_g
        })
        .collect();
    let top = ln.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = ln.iter().map(|l| (l - top).exp()).collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|w| w / sum).collect()
}

fn share(p: &[f64], from: usize, to: usize) -> f64 {
    p[from..to].iter().sum()
}

fn cell(temperature: f64, mus: &[f64], masked: bool) -> MapCell {
    let p = p_n(temperature, mus[0]);
    let mean = |f: &dyn Fn(usize) -> f64| p.iter().enumerate().map(|(n, p)| p * f(n)).sum::<f64>();
    let (n, e) = (mean(&|n| n as f64), mean(&energy_of));
    let var_n = mean(&|k| (k as f64 - n).powi(2));
    let var_e = mean(&|k| (energy_of(k) - e).powi(2));
    let shares = [share(&p, 0, 6), share(&p, 6, 26), share(&p, 26, N_MAX + 1)];
    let phase = (0..3).max_by(|&a, &b| shares[a].total_cmp(&shares[b]));
    let cov = mean(&|k| (k as f64 - n) * (energy_of(k) - e));
    let n_eff = if masked { 12.0 } else { 800.0 };
    // a gas that is ideal as far as one sees
    let gas = (mus[0] / temperature).exp();
    let pressure = gas * temperature;
    let more = mus.len() - 1;
    let with = |first: f64, other: f64| std::iter::once(first).chain(std::iter::repeat_n(other, more)).collect();
    let ln_z: Vec<f64> = mus.iter().map(|m| m / temperature).collect();
    MapCell {
        temperature,
        mu: mus.to_vec(),
        pressure: ln_z.iter().map(|l| l.exp() * temperature).collect(),
        ln_z,
        n: with(n, 3.0),
        n_err: with((var_n / n_eff).sqrt(), 0.1),
        energy: e,
        energy_err: (var_e / n_eff).sqrt(),
        energy_fluctuation: var_e / temperature.powi(2),
        c_mu: var_e / temperature.powi(2),
        c_p: var_e / temperature.powi(2),
        c_vn: 54.0 + 20.0 * (-((temperature - 0.5) / 0.1).powi(2)).exp(),
        susceptibility: with(var_n / temperature, 1.0),
        ln_xi: -p[0].ln(),
        ln_xi_err: 0.05,
        adsorption: Adsorption {
            q_st: with(temperature - cov / var_n, 2.0),
            q_st_err: with(0.02 + 0.3 / var_n, 0.1),
            excess: with(n - 6.0 * AREA * gas, 2.9),
            gas_density: with(gas, 0.01),
            gas_pressure: Some(pressure),
            gas_pressure_err: None,
        },
        n_eff,
        phase: if masked { None } else { phase },
        masked,
        ..MapCell::default()
    }
}

/// μ' at which two neighbouring basins are equally probable.
fn coexistence(temperature: f64, split: usize, lo: f64, hi: f64) -> f64 {
    let (mut lo, mut hi) = (lo, hi);
    for _ in 0..60 {
        let mid = 0.5 * (lo + hi);
        let p = p_n(temperature, mid);
        if share(&p, split, N_MAX + 1) > 0.5 { hi = mid } else { lo = mid }
    }
    0.5 * (lo + hi)
}

fn boundary(temperature: f64, pair: (usize, usize), kind: BoundaryKind, mu_err: f64, others: &[f64]) -> BoundaryPoint {
    let (split, lo, hi) = if pair.0 == 0 { (6, -7.5, -4.0) } else { (26, -3.5, 0.0) };
    let mu = coexistence(temperature, split, lo, hi);
    let pressure = |mu: f64| temperature * (mu / temperature).exp();
    let all: Vec<f64> = std::iter::once(mu).chain(others.iter().copied()).collect();
    BoundaryPoint {
        phase_a: pair.0,
        phase_b: pair.1,
        kind,
        species: 0,
        temperature,
        pressure: all.iter().map(|&m| pressure(m)).collect(),
        mu: all,
        mu_err,
        pressure_low: pressure(mu - mu_err),
        temperature_err: 0.0,
        clapeyron: None,
        crossings: None,
        pressure_high: pressure(mu + mu_err),
        gas_pressure: None,
    }
}

/// The analysis of a grid of `temperatures` × `mus`, mapped on a finer one; `seconds`: values of a second species.
pub(crate) fn analysis(temperatures: &[f64], mus: &[f64], seconds: &[f64]) -> Analysis {
    let axis = |species: &str, values: &[f64]| ReservoirAxis {
        species: species.into(),
        convention: Convention::Activity,
        values: values.to_vec(),
    };
    let mut reservoirs = vec![axis("B", mus)];
    if !seconds.is_empty() {
        reservoirs.push(axis("C", seconds));
    }
    let grid = StateGrid::product(temperatures, 1.0, &reservoirs);
    let finer = |values: &[f64], n: usize| match values {
        [only] => vec![*only],
        _ => {
            let mut all = linear(values[0], values[values.len() - 1], n);
            all.extend_from_slice(values);
            all.sort_by(f64::total_cmp);
            all.dedup_by(|a, b| (*a - *b).abs() < 1e-9);
            all
        }
    };
    let (t_fine, mu_fine) = (finer(temperatures, 53), finer(mus, 131));
    let p_fine: Vec<f64> =
        if mus.len() > 1 { linear(-13.0, -1.2, 119).into_iter().map(|e| 10_f64.powf(e)).collect() } else { vec![1e-3] };
    let mut axes = vec![mu_fine.clone()];
    let mut pressure_axes = vec![p_fine.clone()];
    if !seconds.is_empty() {
        axes.push(seconds.to_vec());
        pressure_axes.push(vec![1e-6, 1e-4, 1e-2]);
    }
    let tails: Vec<Vec<f64>> =
        if seconds.is_empty() { vec![vec![]] } else { seconds.iter().map(|s| vec![*s]).collect() };
    let corner = |t: f64, mu: f64| t < 0.30 && mu > -1.3 || t > 0.7 && mu < -7.2;
    let (mut cells, mut pressure_cells) = (Vec::new(), Vec::new());
    for &t in &t_fine {
        for &mu in &mu_fine {
            for tail in &tails {
                cells.push(cell(t, &[&[mu], &tail[..]].concat(), corner(t, mu)));
            }
        }
        for &p in &p_fine {
            let mu = t * (p / t).ln();
            for tail in &tails {
                let outside = mu < mus[0] - 0.25 || mu > mus[mus.len() - 1] + 0.25;
                pressure_cells.push(cell(t, &[&[mu], &tail[..]].concat(), outside || corner(t, mu)));
            }
        }
    }
    let others: Vec<f64> = seconds.get(seconds.len() / 2).copied().into_iter().collect();
    let mut boundaries = Vec::new();
    for &t in &t_fine {
        if t < 0.42 {
            boundaries.push(boundary(t, (0, 1), BoundaryKind::FirstOrder, 0.02 + 0.1 * t * t, &others));
        }
    }
    boundaries.push(boundary(0.425, (0, 1), BoundaryKind::Critical, 0.06, &others));
    for &t in temperatures {
        let kind = if t < 0.6 { BoundaryKind::FirstOrder } else { BoundaryKind::Continuous };
        boundaries.push(boundary(t, (1, 2), kind, 0.05 + 0.1 * t * t, &others));
    }
    if temperatures.len() == 1 || mus.len() == 1 {
        boundaries.clear();
    }
    let phase = |id: usize, name: &str, n: f64, area: f64| Phase {
        id,
        name: name.into(),
        n: std::iter::once(n).chain(others.iter().map(|_| 3.0)).collect(),
        energy: energy_of(n as usize),
        area_fraction: area,
    };
    let distributions =
        [(temperatures[0], -6.2), (temperatures[temperatures.len() - 1], -4.0), (0.36, -1.6), (0.3, -5.0)]
            .into_iter()
            .map(|(t, mu)| {
                let p = p_n(t, mu);
                let err = p.iter().map(|p| 0.05 * p + (p / 4e4).sqrt()).collect();
                Distribution { reservoir: 0, temperature: t, mu: [&[mu], &others[..]].concat(), p_n: p, p_n_err: err }
            })
            .collect();
    let direct: Vec<DirectAverage> = (0..grid.len())
        .map(|k| {
            let mu: Vec<f64> = (0..grid.n_reservoirs()).map(|s| grid.mu(StateId(k as u32), s)).collect();
            let c = cell(grid.states[k].temperature, &mu, false);
            let noise = (k as f64 * 12.9898).sin() * 1.3;
            let err = 3.0 * c.n_err[0] + 0.05;
            DirectAverage {
                n: c.n.iter().map(|n| (n + noise * err).max(0.0)).collect(),
                n_err: vec![err; mu.len()],
                energy: c.energy,
                energy_err: 3.0 * c.energy_err,
                samples: 1500,
                inefficiency: 4.0,
                q_st_err: Vec::new(),
                at_limit: vec![AtLimit::default(); mu.len()],
            }
        })
        .collect();
    let (n, n_reservoirs) = (grid.len(), grid.n_reservoirs());
    let at = |k: usize| {
        let mu: Vec<f64> = (0..n_reservoirs).map(|s| grid.mu(StateId(k as u32), s)).collect();
        MapCell { quotable: true, ..cell(grid.states[k].temperature, &mu, false) }
    };
    let at_states = (0..n).map(at).collect();
    let law = |&temperature: &f64| Henry {
        temperature,
        kt: temperature,
        constant: (6.5 / temperature).exp() / temperature,
        constant_err: 0.05 * (6.5 / temperature).exp() / temperature,
        ..Henry::default()
    };
    let henry = t_fine.iter().map(law).collect();
    Analysis {
        grid,
        free_energies: FreeEnergies {
            f_k: vec![0.0; n],
            f_k_err: vec![0.01; n],
            part: vec![Some(0); n],
            n_k: vec![1500; n],
            residual: 3.2e-10,
            iterations: 41,
        },
        map: Map { temperatures: t_fine.clone(), axes, cells },
        pressure_map: Map { temperatures: t_fine, axes: pressure_axes, cells: pressure_cells },
        phases: vec![phase(0, "gas", 0.4, 0.2), phase(1, "N ≈ 12", 12.0, 0.6), phase(2, "N ≈ 48", 47.0, 0.2)],
        boundaries,
        phase_averages: Vec::new(),
        boundary_sides: Vec::new(),
        distributions,
        direct,
        heat_capacity: Vec::new(),
        at_states,
        henry,
        is_fugacity: vec![false; n_reservoirs],
        histograms: Vec::new(),
        cell: CellContext {
            volume: Some(6.0 * AREA),
            area: Some(AREA),
            monolayer: vec![36.0; n_reservoirs],
            room: Some(12.7),
            by_sites: true,
            ..CellContext::default()
        },
        split_half: SplitHalf { z: vec![0.8; n], agree: n - 1, compared: n, ..SplitHalf::default() },
        inefficiency: vec![4.0; n],
        beside_unconverged: vec![false; n],
        jumps: Vec::new(),
        checks: Default::default(),
        ln_xi_is_absolute: true,
        layers: Vec::new(),
        observables: Vec::new(),
        observable_labels: Vec::new(),
        profiles: Vec::new(),
        ridges: Vec::new(),
    }
}

/// The default scene: 7 T × 14 μ'.
pub(crate) fn default_scene() -> Analysis {
    analysis(&TEMPERATURES, &linear(-7.5, -1.0, 14), &[])
}

/// The default scene sampled from the model and analysed as a run would be.
pub(crate) fn sampled() -> Analysis {
    let model = default_scene();
    let mut samples = Samples { counts: vec![Vec::new()], ..Samples::default() };
    let mut random = 1_u64;
    for cycle in 0..1500 {
        for (k, state) in model.grid.states.iter().enumerate() {
            // a linear congruential generator is random enough to look at
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let u = (random >> 11) as f64 / (1_u64 << 53) as f64;
            let p = p_n(state.temperature, model.grid.mu(StateId(k as u32), 0));
            let n = p.iter().scan(0.0, |sum, p| {
                *sum += p;
                Some(*sum)
            });
            let n = n.take_while(|sum| *sum < u).count().min(48);
            samples.cycle.push(cycle);
            samples.walker.push(0);
            samples.replica.push(k as u32);
            samples.state.push(k as u32);
            samples.energy.push(energy_of(n) + 0.3 * (u - 0.5));
            samples.counts[0].push(n as u16);
        }
    }
    let input = AnalysisInput {
        grid: model.grid,
        samples,
        n_max: vec![N_MAX as u16],
        boltzmann: 1.0,
        pressure_unit: 1.0,
        other_mobile_atoms: 0,
        frozen_slab: true,
        production: 1500,
        seed: 1,
        runs: Vec::new(),
        wanted: None,
        halves: Default::default(),
        cell: Default::default(),
    };
    adlayer::testing::analysis::analyze(&input).expect("analysed")
}

/// Mean histograms of every kind in the states of a temperature, and an observable of every cell.
pub(crate) fn with_observables(mut analysis: Analysis) -> Analysis {
    let n = analysis.grid.len();
    let states = [0, n / 2, n - 1];
    let kinds = [
        ("density_B", 12.0, 60),
        ("layers_B", 6.0, 120),
        ("rdf", 4.0, 80),
        ("rdf_layer", 4.0, 80),
        ("rdf_B_A", 4.0, 80),
        ("coordination_histogram", 12.5, 13),
        ("dimer_buckling", 2.0, 24),
        ("of_my_own", 2.0, 10),
    ];
    analysis.histograms = kinds
        .into_iter()
        .map(|(name, hi, bins)| MeanHistogram {
            name: name.into(),
            label: name.into(),
            lo: if name == "coordination_histogram" { -0.5 } else { 0.0 },
            hi,
            states: states
                .iter()
                .map(|&state| {
                    let of = |k: usize| (1.0 + state as f64) * (0.4 * k as f64).sin().powi(2);
                    let mean: Vec<f64> = (0..bins).map(of).collect();
                    StateHistogram { state, error: mean.iter().map(|m| 0.1 * m).collect(), mean, pairs: 66.0 }
                })
                .collect(),
        })
        .collect();
    analysis.cell.volume = Some(AREA * 6.0);
    if analysis.observables.is_empty() {
        analysis.observables = vec!["psi6".into()];
        analysis.observable_labels = vec!["ψ6".into()];
    }
    let known = |cell: &mut MapCell| {
        let value = cell.n.first().map_or(cell.temperature, |n| 1.0 - (-n / 12.0).exp());
        cell.observables = vec![value];
        cell.observables_err = vec![0.02 + 0.1 * value];
    };
    analysis.map.cells.iter_mut().for_each(known);
    analysis
}

/// A canonical run: temperatures only.
pub(crate) fn canonical() -> Analysis {
    let temperatures = linear(0.3, 1.2, 10);
    let mut analysis = default_scene();
    analysis.grid = StateGrid::product(&temperatures, 1.0, &[]);
    let energy = |t: f64| -120.0 + 54.0 * t + 4.0 * ((t - 0.7) / 0.08).tanh();
    let fine = linear(0.3, 1.2, 91);
    let cells = fine
        .iter()
        .map(|&t| MapCell {
            temperature: t,
            energy: energy(t),
            energy_err: 0.4,
            energy_fluctuation: 54.0,
            c_vn: 54.0 + 50.0 / ((t - 0.7) / 0.08).cosh().powi(2) + 54.0,
            n_eff: 900.0,
            ..MapCell::default()
        })
        .collect();
    analysis.map = Map { temperatures: fine, axes: vec![], cells };
    analysis.pressure_map = Map::default();
    analysis.phases.clear();
    analysis.boundaries.clear();
    analysis.distributions.clear();
    analysis.direct = temperatures
        .iter()
        .map(|&t| DirectAverage {
            energy: energy(t) + 0.5 * (37.0 * t).sin(),
            energy_err: 0.8,
            samples: 1500,
            inefficiency: 3.0,
            ..DirectAverage::default()
        })
        .collect();
    let heat = |t: &f64| HeatCapacity { value: 108.0 + 50.0 / ((t - 0.7) / 0.08).cosh().powi(2), error: 1.4 };
    analysis.heat_capacity = temperatures.iter().map(heat).collect();
    let n = temperatures.len();
    analysis.free_energies.n_k = vec![1500; n];
    analysis.split_half = SplitHalf { z: vec![0.5; n], agree: n, compared: n, ..SplitHalf::default() };
    analysis.inefficiency = vec![3.0; n];
    analysis
}
