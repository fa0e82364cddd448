//! MBAR against analytic models and against pymbar 4.0.3 on the same samples.
//!
//! The sample files are those of the reference calculation: 4 × 3000 samples of one-dimensional oscillators, and
//! 9 × 1500 samples (N, E) of an ideal gas in a harmonic trap with an absolute chemical potential (h = 1.8).

use adlayer::testing::analysis::mbar::{Bins, Collapsed, CollapsedSolution, General, GeneralSolution, Tolerance};
use adlayer::testing::thermo::states::StatePoint;
use adlayer::testing::thermo::{Convention, Window};

/// Fails unless `a` is within `tol` of `b`; NaN fails.
fn assert_close(what: &str, a: f64, b: f64, tol: f64) {
    assert!((a - b).abs() <= tol, "{what}: {a} is not within {tol:e} of {b}");
}

fn assert_all_close(what: &str, a: &[f64], b: &[f64], tol: f64) {
    assert_eq!(a.len(), b.len(), "{what}");
    a.iter().zip(b).enumerate().for_each(|(i, (&a, &b))| assert_close(&format!("{what}[{i}]"), a, b, tol));
}

#[test]
#[should_panic(expected = "x[1]")]
fn the_comparison_can_fail() {
    assert_all_close("x", &[1.0, f64::NAN], &[1.0, 2.0], 1e3);
}

/// Rows of a sample file: state, then the columns.
fn rows(text: &str) -> Vec<Vec<f64>> {
    let number = |field: &str| field.trim().parse().expect("a number");
    text.lines().filter(|l| !l.starts_with('#')).map(|l| l.split(',').map(number).collect()).collect()
}

// ---------------------------------------------------------------------------------------------------- oscillators

const SPRING: [f64; 4] = [1.0, 4.0, 9.0, 16.0];
const CENTRE: [f64; 4] = [0.0, 0.5, 1.0, 1.2];

/// u_k = k (x − x₀)²/2 of every sample in every state, with one more state of spring 2 that has no samples.
fn oscillators() -> (Vec<f64>, Vec<f64>, Vec<u64>) {
    let x: Vec<f64> = rows(include_str!("../data/mbar_harmonic.csv")).iter().map(|r| r[1]).collect();
    let mut u_kn = Vec::new();
    for k in 0..4 {
        u_kn.extend(x.iter().map(|x| 0.5 * SPRING[k] * (x - CENTRE[k]).powi(2)));
    }
    u_kn.extend(x.iter().map(|x| 0.5 * 2.0 * (x - 0.2).powi(2)));
    (x, u_kn, vec![3000, 3000, 3000, 3000, 0])
}

fn solved<'a>(u_kn: &'a [f64], n_k: &[u64]) -> GeneralSolution<'a> {
    let solution = General { u_kn, n_k }.solve(Tolerance::default()).expect("converges");
    assert!(solution.residual <= 1e-8);
    solution
}

#[test]
fn oscillators_agree_with_pymbar() {
    let (x, u_kn, n_k) = oscillators();
    let solution = solved(&u_kn, &n_k);
    let pymbar = [0.0, 0.7181251132954252, 1.1311722449958932, 1.4269468553367854];
    assert_all_close("f_k", &solution.f_k[..4], &pymbar, 1e-6);
    let sigma = [0.0, 0.013453141670195182, 0.020171400163518448, 0.023317059127543664];
    let err = solution.f_k_err().expect("errors");
    assert_all_close("sigma", &err[..4], &sigma, 1e-6);
    for k in 1..4 {
        let z = (solution.f_k[k] - 0.5 * SPRING[k].ln()) / err[k];
        assert!(z.abs() < 4.0, "state {k}: z = {z}");
    }
    // The state without samples.
    let z = (solution.f_k[4] - 0.5 * 2.0_f64.ln()) / err[4];
    assert!(z.abs() < 4.0, "no samples: z = {z}");

    let x2: Vec<f64> = x.iter().map(|x| x * x).collect();
    let mean = [0.9906189509976161, 0.496922235834494, 1.1035859964323962, 1.4949243470716247];
    let sigma = [0.022736064796940254, 0.006220862327626576, 0.0071410682403162075, 0.0068695698538497685];
    for k in 0..4 {
        let estimate = solution.average(&u_kn[k * x.len()..(k + 1) * x.len()], &x2).expect("average");
        assert_close("x2", estimate.mean, mean[k], 1e-6);
        assert_close("x2 sigma", estimate.sigma, sigma[k], 1e-5);
    }
}

#[test]
fn oscillators_overlap_as_pymbar_says() {
    let (_, u_kn, n_k) = oscillators();
    let solution = solved(&u_kn[..4 * 12_000], &n_k[..4]);
    #[rustfmt::skip]
    let pymbar = [
        0.5337252164606955, 0.2675058671457259, 0.11350756278772298, 0.0852613536058568,
        0.2675058671457259, 0.3895139929637165, 0.21471764377573957, 0.12826249611481969,
        0.11350756278772298, 0.21471764377573957, 0.33939173576376896, 0.3323830576727703,
        0.0852613536058568, 0.12826249611481969, 0.3323830576727703, 0.4540930926065548,
    ];
    assert_all_close("overlap", &solution.overlap(), &pymbar, 1e-6);
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let error = General { u_kn: &[0.0; 7], n_k: &[2, 1] }.solve(Tolerance::default()).expect_err("refused");
    assert!(error.to_string().contains("states × samples"), "{error}");
    let error = General { u_kn: &[0.0, f64::NAN, 0.0, 0.0], n_k: &[1, 1] }.solve(Tolerance::default());
    assert!(error.expect_err("refused").to_string().contains("not a number"));
}

/// 160 oscillators with 500 samples each: spring 1…16 geometric, centre 0…8 linear.
#[test]
fn many_oscillators_are_exact_within_errors() {
    use rand::{RngExt, SeedableRng};
    let (n_states, per_state) = (160, 500);
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(4);
    let spring: Vec<f64> = (0..n_states).map(|k| 16_f64.powf(k as f64 / 159.0)).collect();
    let centre: Vec<f64> = (0..n_states).map(|k| 8.0 * k as f64 / 159.0).collect();
    let x: Vec<f64> = (0..n_states)
        .flat_map(|k| (0..per_state).map(move |_| k))
        .map(|k| centre[k] + gaussian(|| rng.random()) / spring[k].sqrt())
        .collect();
    let u_kn: Vec<f64> = (0..n_states)
        .flat_map(|k| x.iter().map(move |x| (k, x)))
        .map(|(k, x)| 0.5 * spring[k] * (x - centre[k]).powi(2))
        .collect();
    let solution = solved(&u_kn, &vec![per_state as u64; n_states]);
    let err = solution.f_k_err().expect("errors");
    for k in 1..n_states {
        let z = (solution.f_k[k] - 0.5 * spring[k].ln()) / err[k];
        assert!(z.abs() < 4.0 && err[k] < 0.1, "state {k}: z = {z}, error {}", err[k]);
    }
}

/// Standard normal by Box and Muller.
fn gaussian(mut uniform: impl FnMut() -> f64) -> f64 {
    (-2.0 * (1.0 - uniform()).ln()).sqrt() * (std::f64::consts::TAU * uniform()).cos()
}

// ----------------------------------------------------------------------------------- ideal gas in a harmonic trap

const PLANCK: f64 = 1.8;
const CONVENTION: Convention = Convention::Absolute { mass: 1.0, planck: PLANCK };
const TEMPERATURES: [f64; 3] = [0.6, 0.8, 1.0];
const MUS: [f64; 3] = [-2.5, -2.0, -1.5];

fn point(temperature: f64, mu: f64) -> StatePoint {
    StatePoint { temperature, kt: temperature, ln_z: vec![CONVENTION.ln_z(mu, temperature)], window: None }
}

struct Trap {
    states: Vec<StatePoint>,
    state: Vec<u32>,
    energy: Vec<f64>,
    counts: Vec<Vec<u16>>,
    n_k: Vec<f64>,
}

/// The nine states, and a tenth at a temperature of its own that has no samples.
fn trap() -> Trap {
    let rows = rows(include_str!("../data/mbar_gc_trap.csv"));
    let mut states: Vec<StatePoint> =
        TEMPERATURES.iter().flat_map(|&t| MUS.iter().map(move |&mu| point(t, mu))).collect();
    states.push(point(0.7, -1.8));
    Trap {
        states,
        state: rows.iter().map(|r| r[0] as u32).collect(),
        energy: rows.iter().map(|r| r[2]).collect(),
        counts: vec![rows.iter().map(|r| r[1] as u16).collect()],
        n_k: [vec![1500.0; 9], vec![0.0]].concat(),
    }
}

impl Trap {
    fn collapsed(&self) -> (Collapsed, CollapsedSolution) {
        let samples = Collapsed::new(&self.states, &self.energy, &self.counts).expect("samples");
        let state_of: Vec<u32> = samples.origin().iter().map(|&n| self.state[n as usize]).collect();
        let start = samples.guess(&state_of, &self.n_k);
        let solution = samples.solve(None, &self.n_k, &start, false, Tolerance::default()).expect("converges");
        (samples, solution)
    }

    fn u_n(&self, state: &StatePoint) -> Vec<f64> {
        (0..self.energy.len()).map(|n| state.as_ref().reduced_potential(self.energy[n], &[self.counts[0][n]])).collect()
    }

    fn u_kn(&self) -> Vec<f64> {
        self.states.iter().flat_map(|s| self.u_n(s)).collect()
    }

    fn general<'a>(&self, u_kn: &'a [f64]) -> GeneralSolution<'a> {
        let n_k: Vec<u64> = self.n_k.iter().map(|&n| n as u64).collect();
        solved(u_kn, &n_k)
    }
}

const TRAP_PYMBAR: [f64; 9] = [
    0.0,
    -0.17909013438914378,
    -0.5950008803081719,
    -0.791945675428396,
    -1.6067879413125503,
    -3.139155192372421,
    -3.296752199890692,
    -5.570174940375797,
    -9.317289622964452,
];
const TRAP_PYMBAR_ERR: [f64; 9] = [
    0.0,
    0.0037404574656185944,
    0.010166034476384924,
    0.012601914146276828,
    0.019739049708871415,
    0.02829355572593247,
    0.029615789264472444,
    0.03787233494984488,
    0.050060375379599696,
];
const TRAP_WITHOUT_WAVELENGTH: [f64; 9] = [
    0.0,
    -0.2251394538873921,
    -0.7930447892682722,
    -0.609672606834895,
    -1.4041915706084858,
    -3.1497584435366868,
    -2.1837835675359543,
    -4.171596541702673,
    -7.786649106181487,
];
/// Exact at T = 0.7, μ = −1.8.
const TRAP_TARGET_N: f64 = 1.1149591876937273;

/// ln Ξ = ⟨N⟩ = z (2πkT/κ)^{3/2} of the ideal gas in a trap of spring 1.
fn trap_ln_xi(state: &StatePoint) -> f64 {
    (state.ln_z[0] + 1.5 * (std::f64::consts::TAU * state.kt).ln()).exp()
}

/// Weights depend on the composition alone: both solvers must make the same of them, also where a temperature has nothing
/// but a window, outside which its term is zero.
#[test]
fn weights_of_windows_are_the_same_in_both_solvers() {
    let mut trap = trap();
    for (temperature, lo, weights) in [(0.8, 0, vec![0.0, 1.5, -3.0, 2.25]), (0.9, 2, vec![-40.0, 3.5, 38.0, 0.5, 1.0])]
    {
        let mut window = Window::new(0, 0, lo, lo + weights.len() as u16 - 1);
        window.set_weights(&weights);
        let k = trap.states.len();
        // Every third sample of a state that fits is taken for one of the window's.
        for n in (0..trap.state.len()).step_by(3) {
            let from = trap.state[n] as usize;
            if from < 9 && from % 2 == k % 2 && window.contains(trap.counts[0][n]) {
                (trap.n_k[from], trap.state[n]) = (trap.n_k[from] - 1.0, k as u32);
            }
        }
        trap.n_k.push(trap.state.iter().filter(|&&s| s as usize == k).count() as f64);
        trap.states.push(StatePoint { window: Some(window), ..point(temperature, -1.9) });
    }
    assert!(trap.n_k[10..].iter().all(|&n| n > 100.0), "{:?}", trap.n_k);
    let u_kn = trap.u_kn();
    assert!(u_kn.contains(&f64::INFINITY));
    let general = trap.general(&u_kn);
    let (samples, collapsed) = trap.collapsed();
    assert_all_close("f_k", &collapsed.f_k, &general.f_k, 1e-7);
    let target = point(0.7, -1.8);
    let n: Vec<f64> = trap.counts[0].iter().map(|&n| f64::from(n)).collect();
    let expected = general.average(&trap.u_n(&target), &n).expect("average").mean;
    let bins = Bins::new(&samples, None, None, &collapsed.ln_d, target.beta());
    assert_all_close("⟨N⟩", &[bins.moments(&samples, &target.ln_z).n[0]], &[expected], 1e-7);
}

#[test]
fn trap_agrees_with_pymbar_in_both_solvers() {
    let trap = trap();
    let u_kn = trap.u_kn();
    let general = trap.general(&u_kn);
    let (samples, collapsed) = trap.collapsed();
    assert!(collapsed.residual <= 1e-8);
    assert_all_close("general", &general.f_k[..9], &TRAP_PYMBAR, 1e-6);
    assert_all_close("collapsed", &collapsed.f_k[..9], &TRAP_PYMBAR, 1e-6);
    assert_all_close("collapsed = general", &collapsed.f_k, &general.f_k, 1e-10);
    let err = general.f_k_err().expect("errors");
    assert_all_close("sigma", &err[..9], &TRAP_PYMBAR_ERR, 1e-5);
    for k in 0..trap.states.len() {
        let exact = trap_ln_xi(&trap.states[0]) - trap_ln_xi(&trap.states[k]);
        assert!((general.f_k[k] - exact).abs() <= 4.0 * err[k], "state {k}: {} exact {exact}", general.f_k[k]);
    }
    // The denominators, up to the common constant that f_0 = 0 fixes in both.
    for (sorted, &n) in samples.origin().iter().enumerate() {
        assert_close("ln D", collapsed.ln_d[sorted], general.ln_d[n as usize], 1e-9);
    }
}

#[test]
fn trap_averages_agree_with_pymbar_and_theory() {
    let trap = trap();
    let target = point(0.7, -1.8);
    let u_kn = trap.u_kn();
    let general = trap.general(&u_kn);
    let u_n = trap.u_n(&target);
    let n: Vec<f64> = trap.counts[0].iter().map(|&n| f64::from(n)).collect();
    let average = |f: &dyn Fn(f64, f64) -> f64| {
        let a_n: Vec<f64> = n.iter().zip(&trap.energy).map(|(&n, &e)| f(n, e)).collect();
        general.average(&u_n, &a_n).expect("average")
    };
    type Observable = fn(f64, f64) -> f64;
    let table: [(Observable, f64, f64, f64); 5] = [
        (|n, _| n, 1.0928585611927752, 0.012575203932645999, TRAP_TARGET_N),
        (|_, e| e, 1.1430211057826323, 0.015838926306141757, 1.1707071470784134),
        (|n, _| n * n, 2.291744108702395, 0.03696788034340858, 2.358093177916383),
        (|_, e| e * e, 3.299614475759316, 0.06406923124780935, 3.419292731607701),
        (|n, e| e * n, 2.3975387068612806, 0.041228572889779366, 2.4759978368122018),
    ];
    for (f, mean, sigma, exact) in table {
        let ours = average(&f);
        assert_close("mean", ours.mean, mean, 1e-6);
        assert_close("sigma", ours.sigma, sigma, 1e-5);
        assert!((ours.mean - exact).abs() < 4.0 * ours.sigma, "{ours:?} exact {exact}");
    }

    // The same from the bins over N.
    let (samples, collapsed) = trap.collapsed();
    let bins = Bins::new(&samples, None, None, &collapsed.ln_d, target.beta());
    let moments = bins.moments(&samples, &target.ln_z);
    assert_close("N", moments.n[0], table[0].1, 1e-6);
    assert_close("E", moments.energy, table[1].1, 1e-6);
    assert_close("N2", moments.cov_n[0] + moments.n[0].powi(2), table[2].1, 1e-6);
    assert_close("E2", moments.var_energy + moments.energy.powi(2), table[3].1, 1e-6);
    assert_close("EN", moments.cov_energy_n[0] + moments.n[0] * moments.energy, table[4].1, 1e-6);
    let ln_xi = bins.ln_xi(&samples, &target.ln_z, moments.ln_sum).expect("anchored");
    assert_close("ln Xi", ln_xi, trap_ln_xi(&target), 0.05);
    let (_, p) = bins.probabilities(&samples, &target.ln_z);
    let pymbar = [
        0.33811861185918796,
        0.3597172001686849,
        0.20503586806841953,
        0.07207523025423676,
        0.01954319915588015,
        0.004574971632196761,
        0.0007725144855136068,
        0.00014122890586149156,
        1.8330786730737484e-05,
        2.5330007297247524e-06,
        2.854151726163321e-07,
        2.2853140027804556e-08,
    ];
    assert_all_close("P(N)", &p[..12], &pymbar, 1e-6);
    // The weights of single samples say the same.
    let ln_w = samples.ln_weights(&collapsed.ln_d, target.beta(), &target.ln_z);
    let sum: f64 = ln_w.iter().map(|w| (w - moments.ln_sum).exp()).sum();
    assert_close("weights", sum, 1.0, 1e-12);
    assert!(moments.n_eff > 1000.0 && moments.n_eff <= 13_500.0, "{}", moments.n_eff);
}

#[test]
fn without_the_wavelength_the_wrong_numbers_come_out() {
    let mut trap = trap();
    for state in &mut trap.states {
        let mu = CONVENTION.mu(state.ln_z[0], state.kt);
        state.ln_z = vec![mu / state.kt];
    }
    let (_, collapsed) = trap.collapsed();
    assert_all_close("f_k without 3N ln Λ", &collapsed.f_k[..9], &TRAP_WITHOUT_WAVELENGTH, 1e-6);
    let off = (0..9).map(|k| (collapsed.f_k[k] - TRAP_PYMBAR[k]).abs() / TRAP_PYMBAR_ERR[k].max(1e-3));
    assert!(off.fold(0.0, f64::max) > 10.0, "the check must tell right from wrong");
}

#[test]
fn the_bits_do_not_depend_on_the_number_of_threads() {
    let trap = trap();
    let u_kn = trap.u_kn();
    let solve = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| (trap.collapsed().1.f_k, trap.general(&u_kn).f_k))
    };
    let (collapsed, general) = solve(1);
    for threads in [2, 3, 7] {
        let (c, g) = solve(threads);
        assert!(c.iter().zip(&collapsed).all(|(a, b)| a.to_bits() == b.to_bits()));
        assert!(g.iter().zip(&general).all(|(a, b)| a.to_bits() == b.to_bits()));
    }
}

#[test]
fn multiplicities_count_like_copies() {
    let trap = trap();
    let (samples, solution) = trap.collapsed();
    let multiplicity = |n: usize| (n * 7 + n / 13) % 3;
    let mut copies =
        Trap { states: trap.states.clone(), state: vec![], energy: vec![], counts: vec![vec![]], n_k: vec![0.0; 10] };
    for n in 0..trap.energy.len() {
        for _ in 0..multiplicity(n) {
            copies.state.push(trap.state[n]);
            copies.energy.push(trap.energy[n]);
            copies.counts[0].push(trap.counts[0][n]);
            copies.n_k[trap.state[n] as usize] += 1.0;
        }
    }
    let weights: Vec<f64> = samples.origin().iter().map(|&n| multiplicity(n as usize) as f64).collect();
    let weighted =
        samples.solve(Some(&weights), &copies.n_k, &solution.f_k, true, Tolerance::default()).expect("converges");
    assert_all_close("f_k", &weighted.f_k, &copies.collapsed().1.f_k, 1e-9);
}
