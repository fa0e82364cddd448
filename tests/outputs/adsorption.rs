//! Pressure, excess, heats of adsorption and Henry constants of whole runs, against quadrature in this file and stored
//! numbers of an independent code.

use super::poor_runs::Rows;
use crate::announce::announce;
use crate::place::Place;
use std::f64::consts::PI;
use std::path::Path;

/// k_B [eV/K]
const BOLTZMANN: f64 = 8.617_333_262_145_179e-5;
/// 1 bar [eV/Å³]
const BAR: f64 = 1e5 * 1e-30 / 1.602_176_634e-19;
/// Standard errors that a right number may be off.
const SIGMAS: f64 = 4.0;

/// A run of one of the scenes of `tests/data/adsorption`, and what it printed.
fn run(name: &str) -> (Place, String) {
    let scene = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/data/adsorption/{name}.ron"));
    let place = Place::new(&std::fs::read_to_string(scene).expect("the scene"));
    let output = place.succeed(&["run", "scene.ron", "--device", "cpu", "-o", "run", "--quiet"]);
    (place, String::from_utf8_lossy(&output.stdout).into_owned())
}

/// u of one atom at a height.
type Potential = fn(f64) -> f64;

/// Midpoint rule.
fn integral(f: impl Fn(f64) -> f64, from: f64, to: f64) -> f64 {
    let n = 40_000;
    let step = (to - from) / f64::from(n);
    (0..n).map(|k| f(from + (f64::from(k) + 0.5) * step)).sum::<f64>() * step
}

fn lennard_jones(r: f64, epsilon: f64, sigma: f64) -> f64 {
    let s6 = (sigma / r).powi(6);
    4.0 * epsilon * s6 * (s6 - 1.0)
}

fn steele(z: f64, [epsilon, sigma, density, spacing]: [f64; 4]) -> f64 {
    let s = sigma / z;
    let far = sigma.powi(4) / (3.0 * spacing * (z + 0.61 * spacing).powi(3));
    2.0 * PI * epsilon * density * sigma * sigma * spacing * (0.4 * s.powi(10) - s.powi(4) - far)
}

fn wall_9_3(z: f64, [epsilon, sigma]: [f64; 2]) -> f64 {
    let s3 = (sigma / z).powi(3);
    epsilon * (2.0 / 15.0 * s3.powi(3) - s3)
}

/// ∫ e^{−u/kT} dz and the mean of u, of one atom between floor and ceiling.
fn one_atom(u: impl Fn(f64) -> f64, height: f64, kt: f64) -> (f64, f64) {
    let weight = |z: f64| (-u(z) / kt).exp();
    let q = integral(weight, 0.0, height);
    let energy = |z: f64| if weight(z) > 0.0 { weight(z) * u(z) } else { 0.0 };
    (q, integral(energy, 0.0, height) / q)
}

/// Asserts that a value is within [`SIGMAS`] errors of the right one, and that the error is of use.
fn assert_within(label: &str, value: f64, err: f64, exact: f64, largest: f64) {
    assert!(err > 0.0 && err < largest * exact.abs(), "{label}: {value} ± {err}, exact {exact}");
    assert!((value - exact).abs() < SIGMAS * err, "{label}: {value} ± {err}, exact {exact}");
}

/// p with ln(f/p) = B p/kT, where B is that of argon, cut at 10 Å, with or without what lies beyond; in bar.
fn argon(fugacity: f64, kt: f64, shifted: bool) -> f64 {
    let (epsilon, sigma, r_cut) = (0.010_324, 3.405, 10.0);
    let shift = if shifted { lennard_jones(r_cut, epsilon, sigma) } else { 0.0 };
    let mayer = |r: f64| (1.0 - (-(lennard_jones(r, epsilon, sigma) - shift) / kt).exp()) * r * r;
    let beyond = |r: f64| lennard_jones(r, epsilon, sigma) / kt * r * r;
    let tail = if shifted { 0.0 } else { integral(beyond, r_cut, 300.0) };
    let second = 2.0 * PI * (integral(mayer, 0.0, r_cut) + tail);
    (0..100).fold(fugacity, |p, _| fugacity * (-second * p * BAR / kt).exp())
}

/// "30.5 bar" of bulk argon at 170 K is a fugacity. Stored ratios p/f: kT ln Ξ/V of a run of its own.
#[test]
fn the_pressure_of_bulk_argon_is_not_its_fugacity() {
    let (place, printed) = run("fugacity");
    let map = Rows::of(&place, "analysis/maps_pressure.csv");
    let (f, p, err) = (map.numbers("pressure_Ar"), map.numbers("gas_pressure"), map.numbers("gas_pressure_err"));
    let at = |wanted: f64| {
        let above = f.partition_point(|&f| f < wanted);
        let share = (wanted / f[above - 1]).ln() / (f[above] / f[above - 1]).ln();
        (p[above - 1] * (p[above] / p[above - 1]).powf(share), err[above])
    };
    let kt = 170.0 * BOLTZMANN;
    for (fugacity, ratio) in [(1.0001, 1.009), (9.8, 1.053), (19.5, 1.113), (30.5, 1.205)] {
        let (p, err) = at(fugacity);
        assert!((p / fugacity - ratio).abs() < SIGMAS * err / fugacity && err < 0.02 * p, "{p} ± {err} at {fugacity}");
    }
    assert!((at(30.5).0 - 36.7).abs() < 0.4, "{:?}", at(30.5));
    // and is the exact second order where the gas is dilute
    for fugacity in [2.0, 4.0, 6.0] {
        let ((p, err), exact) = (at(fugacity), argon(fugacity, kt, false));
        assert!((p / exact - 1.0).abs() < 0.003 + SIGMAS * err / p, "{p} ± {err} at {fugacity}, exact {exact}");
    }
    // states have it too
    let states = Rows::of(&place, "states.csv");
    for ((f, own), p) in states.numbers("pressure_Ar").iter().zip(states.numbers("gas_pressure")).skip(1).zip([0; 8]) {
        assert!(p == 0 && (at(*f).0 / own - 1.0).abs() < 1e-3, "{own} at {f}");
    }
    assert!(printed.contains("columns at fugacity in bar"), "{printed}");
    let text = |file: &str| std::fs::read_to_string(place.path().join("run").join(file)).expect("a file");
    let picture = text("figures/isotherms_pressure_Ar.svg");
    assert!(picture.contains("fugacity of Ar [bar]") && picture.contains("p of Ar [bar] at T = 170 K"), "{picture}");
    assert!(text("report.html").contains("fugacity of Ar [bar]"));
}

/// Argon on a Steele wall, without any atom of a slab.
#[test]
fn argon_on_a_wall_has_its_henry_constants_and_gas() {
    let (place, printed) = run("steele");
    assert!(printed.contains("columns at p in bar"), "the gas is ideal within 1 %: {printed}");
    let wall = |z: f64| steele(z, [0.004_95, 3.40, 0.1145, 3.35]);
    let henry = Rows::of(&place, "analysis/henry.csv");
    let exact = |t: f64| {
        let kt = t * BOLTZMANN;
        let (q, u) = one_atom(wall, 20.0, kt);
        ((q - 20.0) * BAR / kt, q * BAR / kt, kt - u * q / (q - 20.0), kt - u)
    };
    let (t, k, err) = (henry.numbers("temperature"), henry.numbers("henry"), henry.numbers("henry_err"));
    let (q_st, q_err) = (henry.numbers("q_st"), henry.numbers("q_st_err"));
    let (q_all, q_all_err) = (henry.numbers("q_st_absolute"), henry.numbers("q_st_absolute_err"));
    assert!(t.len() > 15 && t.is_sorted());
    for i in 0..t.len() {
        let (constant, absolute, heat, heat_of_all) = exact(t[i]);
        assert_within(&format!("Henry constant at {} K", t[i]), k[i], err[i], constant, 0.05);
        assert_within(&format!("heat at {} K", t[i]), q_st[i], q_err[i], heat, 0.01);
        assert_within(&format!("heat of all at {} K", t[i]), q_all[i], q_all_err[i], heat_of_all, 0.01);
        assert!((henry.numbers("henry_absolute")[i] - k[i] - (absolute - constant)).abs() < 1e-9 * absolute);
    }
    // the gas above, and what is in excess of it
    let states = Rows::of(&place, "states.csv");
    let of = |name: &str| states.numbers(name);
    let (t, f, p, density) = (of("temperature"), of("pressure_Ar"), of("gas_pressure"), of("gas_density_Ar"));
    for k in 0..t.len() {
        let kt = t[k] * BOLTZMANN;
        let exact = argon(f[k], kt, true);
        assert!((p[k] / exact - 1.0).abs() < 1e-4, "{} at {}, exact {exact}", p[k], f[k]);
        assert!((density[k] * kt / BAR / p[k] - 1.0).abs() < 0.01);
        let gas = density[k] * 22.0 * 22.0 * 20.0;
        assert!((of("n_Ar_mean")[k] - of("excess_Ar")[k] - gas).abs() < 1e-9);
    }
    // heats from covariances are those of Clausius and Clapeyron along the map
    let figure = Rows::of(&place, "figures/isosteric_heat_Ar.csv");
    let rows: Vec<(&str, f64, f64, f64, f64)> = (0..figure.column("layer").len())
        .map(|i| {
            let at = |name: &str| figure.numbers(name)[i];
            (figure.column("layer")[i], at("temperature"), at("n_Ar"), at("q_st"), at("q_st_err"))
        })
        .collect();
    let mut compared = 0;
    for &(_, t, n, q, _) in rows.iter().filter(|r| r.0 == "clapeyron") {
        let curve: Vec<_> = rows.iter().filter(|r| r.0 == "covariance" && r.1 == t).collect();
        let Some(w) = curve.windows(2).find(|w| w[0].2 <= n && n < w[1].2) else { continue };
        let own = w[0].3 + (n - w[0].2) / (w[1].2 - w[0].2) * (w[1].3 - w[0].3);
        let tolerance = 0.02 * q + SIGMAS * w[0].4.max(w[1].4);
        assert!((own - q).abs() < tolerance, "T {t}, N {n}: {own} and {q}");
        compared += 1;
    }
    assert!(compared > 10, "{compared} points");
}

/// Q₁, Henry's law and ⟨u⟩ of one atom on three layers of fcc(111): the numbers of an independent code.
#[test]
fn henry_constants_on_a_lattice_are_those_of_quadrature() {
    let text = include_str!("../data/reference_numbers.json");
    let stored: serde_json::Value = serde_json::from_str(text).expect("JSON");
    let table = stored["i_henry"]["A_epsAB1.0_sigAB1.0"]["T_table"].as_array().expect("a table").clone();
    let (place, _) = run("lj111");
    let henry = Rows::of(&place, "analysis/henry.csv");
    let mut compared = 0;
    for (i, t) in henry.numbers("temperature").into_iter().enumerate() {
        let Some(row) = table.iter().find(|row| row["T"].as_f64().is_some_and(|own| (own - t).abs() < 1e-9)) else {
            continue;
        };
        let number = |name: &str| row[name].as_f64().unwrap_or_else(|| panic!("{name} in {row}"));
        let of = |name: &str| henry.numbers(name)[i];
        let constant = number("Henry_excess_per_area int(e^-bu -1)dz") / t;
        assert_within(&format!("T {t}"), of("henry"), of("henry_err"), constant, 0.06);
        let label = format!("heat at T {t}");
        assert_within(&label, of("q_st"), of("q_st_err"), number("q_st_zero_cov = kT - u_ads"), 0.02);
        assert_within(&label, of("q_st_absolute"), of("q_st_absolute_err"), t - number("u_mean"), 0.02);
        compared += 1;
    }
    assert!(compared >= 3, "{compared} temperatures");
    // Henry's law is in the table of states and in both maps
    for file in ["states.csv", "analysis/maps.csv", "analysis/maps_pressure.csv"] {
        let rows = Rows::of(&place, file);
        let at = rows.numbers("temperature").iter().position(|t| (t - 0.5).abs() < 1e-9).expect("0.5");
        let own = henry.numbers("temperature").iter().position(|t| (t - 0.5).abs() < 1e-9).expect("0.5");
        assert!((rows.numbers("henry_B")[at] / henry.numbers("henry")[own] - 1.0).abs() < 1e-9, "{file}");
    }
}

/// Two gases that do not meet, each on a wall of its own: ⟨N⟩, excess and q_st of every state and of every cell of the map are
/// exact, whatever the coverage.
#[test]
fn each_species_of_a_mixture_has_its_own_heat_and_excess() {
    let (place, _) = run("mixture");
    let walls: [(&str, Potential); 2] =
        [("B", |z| steele(z, [0.5, 1.0, 0.9, 0.9])), ("C", |z| wall_9_3(z, [2.0, 1.1]))];
    for (species, wall) in &walls {
        for file in ["states.csv", "analysis/maps.csv"] {
            let rows = Rows::of(&place, file);
            let of = |name: String| rows.numbers(&name);
            let names = if file == "states.csv" { ["mean", "err"] } else { ["", "err"] };
            let column = |suffix: &str| format!("n_{species}_{suffix}").trim_end_matches('_').to_owned();
            let (n, n_err) = (of(column(names[0])), of(column(names[1])));
            let (excess, density) = (of(format!("excess_{species}")), of(format!("gas_density_{species}")));
            let (q, q_err) = (of(format!("q_st_{species}")), of(format!("q_st_err_{species}")));
            let (t, ln_z) = (of("temperature".into()), of(format!("ln_z_{species}")));
            let known: Vec<usize> = (0..t.len()).filter(|&k| n[k].is_finite()).collect();
            assert!(known.len() * 2 > t.len(), "{file}");
            for k in known {
                let (integral, u) = one_atom(wall, 6.0, t[k]);
                let (z, label) = (ln_z[k].exp(), format!("{file} {species}, row {k}"));
                assert_within(&label, n[k], n_err[k], z * 42.0 * integral, 0.1);
                assert!((density[k] / z - 1.0).abs() < 1e-9, "{label}: an ideal gas");
                assert_within(&label, excess[k], n_err[k], z * 42.0 * (integral - 6.0), 0.3);
                assert_within(&label, q[k], q_err[k], t[k] - u, 0.1);
            }
        }
    }
}

/// z over 24 seeds of heats, excess and Henry constants: about 0 and as wide as errors say.
#[test]
#[ignore = "minutes: once per release"]
fn errors_of_heats_excess_and_henry_constants_are_true_over_seeds() {
    let (gases, argon) =
        (include_str!("../data/adsorption/mixture.ron"), include_str!("../data/adsorption/steele.ron"));
    let mut z: [Vec<f64>; 4] = Default::default();
    for seed in 1..=24 {
        let run = |text: &str| {
            let (place, number) = (Place::new(text), seed.to_string());
            place.succeed(&["run", "scene.ron", "--device", "cpu", "-o", "run", "--quiet", "--seed", &number]);
            place
        };
        let place = run(gases);
        let states = Rows::of(&place, "states.csv");
        let at = |name: &str, k: usize| states.numbers(name)[k];
        // states that exchange hardly share samples: the corners, and the middle one
        for k in [0, 5, 11] {
            let t = at("temperature", k);
            let (integral, u) = one_atom(|z| steele(z, [0.5, 1.0, 0.9, 0.9]), 6.0, t);
            z[0].push((at("q_st_B", k) - (t - u)) / at("q_st_err_B", k));
            let excess = at("ln_z_B", k).exp() * 42.0 * (integral - 6.0);
            z[1].push((at("excess_B", k) - excess) / at("n_B_err", k));
        }
        let place = run(argon);
        let henry = Rows::of(&place, "analysis/henry.csv");
        let of = |name: &str| henry.numbers(name)[henry.numbers(name).len() - 1];
        let kt = of("temperature") * BOLTZMANN;
        let (integral, u) = one_atom(|z| steele(z, [0.004_95, 3.40, 0.1145, 3.35]), 20.0, kt);
        z[2].push((of("henry") - (integral - 20.0) * BAR / kt) / of("henry_err"));
        z[3].push((of("q_st_absolute") - (kt - u)) / of("q_st_absolute_err"));
    }
    for (name, z) in ["q_st", "excess", "Henry constants", "their heats"].iter().zip(&z) {
        let n = z.len() as f64;
        let mean = z.iter().sum::<f64>() / n;
        let width = (z.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
        announce(&format!("{name}: z {mean:.2} ± {width:.2} of {n}"));
        assert!(mean.abs() < SIGMAS / n.sqrt(), "{name}: z {mean} ± {width}");
        assert!((0.55..1.5).contains(&width), "{name}: z {mean} ± {width}");
    }
}
