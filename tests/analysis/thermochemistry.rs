//! Gases, ab initio thermodynamics and the hydrogen electrode against independent numbers.

use adlayer::testing::base::units::{BAR_PA, BOLTZMANN_EV, WAVENUMBER_EV};
use adlayer::testing::input::{aiat, che, gas};
use adlayer::testing::thermochemistry::aiat::Reservoir;
use adlayer::testing::thermochemistry::che::{Electrode, Scale, from_reversible, per_ph};
use adlayer::testing::thermochemistry::gas::{Motion, Source, linear_rotor, translation, vibration};
use adlayer::testing::thermochemistry::{Gas, library};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn case(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/thermochemistry.json");
    let text = std::fs::read_to_string(path).expect("the reference numbers");
    let all: Value = serde_json::from_str(&text).expect("JSON");
    all[name].clone()
}

fn number(row: &Value, key: &str) -> f64 {
    row[key].as_f64().unwrap_or_else(|| panic!("no number `{key}` in {row}"))
}

fn rows(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenes").join(name)
}

fn delta_mu(gas: &Gas, t: f64) -> f64 {
    gas.thermal(t, BAR_PA).unwrap_or_else(|e| panic!("{e}")).delta_mu
}

fn library_gas(name: &str) -> Gas {
    library::gas(name).unwrap_or_else(|| panic!("{name}"))
}

fn of_file(name: &str) -> Gas {
    let path = shipped("gas/gases.ron");
    gas::named(&format!("{}:{name}", path.display())).unwrap_or_else(|e| panic!("{e}"))
}

/// The gas with the spin components of a triplet taken as one, as the reference has it.
fn without_fine_structure(gas: &Gas) -> Gas {
    let mut gas = gas.clone();
    if let Source::Molecule { motion: Motion::DirectSum(levels), electronic } = &mut gas.source
        && levels.triplet.take().is_some()
    {
        electronic[0].1 *= 3.0;
    }
    gas
}

#[test]
fn the_closed_form_and_the_direct_sums_of_group_g() {
    let reference = case("g_thermo");
    let mut checked = 0;
    for name in ["H2", "D2", "O2"] {
        let (gas, constants) = (library_gas(name), &reference["constants"][name]);
        for row in rows(&reference["rows"][name]) {
            let t = number(row, "T");
            // B0 = Be − ae/2, ν = ωe, classical rotor
            let b0 = number(constants, "Be") - 0.5 * number(constants, "ae");
            let kt = BOLTZMANN_EV * t;
            let closed = translation(number(constants, "m"), t, BAR_PA).mu
                + linear_rotor(b0, 2, t).mu
                + vibration(number(constants, "we"), t).mu
                - kt * number(constants, "g").ln();
            let expected = number(row, "slides_formula_eV");
            assert!((closed - expected).abs() < 1e-5, "{name} {t} K: {closed} instead of {expected}");
            let closed = delta_mu(&gas.closed_form(), t);
            assert!((closed - expected).abs() < 1e-5, "{name} {t} K: {closed} instead of {expected}");
            // CODATA 2022 changed the mass constant by 3e-10: 2e-10 eV at 1000 K; the rest is where ladders end.
            let expected = number(row, "direct_sum_eV");
            let found = delta_mu(&without_fine_structure(&gas), t);
            assert!((found - expected).abs() < 1e-8, "{name} {t} K: {found} {expected}");
            checked += 1;
        }
    }
    assert_eq!(checked, 33);
}

#[test]
fn oxygen_follows_janaf_within_a_tenth_of_a_millielectronvolt() {
    let (sum, table, shomate) = (library_gas("O2"), of_file("O2-janaf"), of_file("O2-shomate"));
    for row in rows(&case("g_thermo")["rows"]["O2"]) {
        let t = number(row, "T");
        // from the lowest level, as the table: 0.4 meV apart where the spin components are one
        assert!((delta_mu(&sum, t) - number(row, "janaf_eV")).abs() < 1e-4, "{t} K: {}", delta_mu(&sum, t));
        // The table prints three decimals, 1e-8 eV/K of μ/T; the reference is H − TS, this the fourth column.
        assert!((delta_mu(&table, t) - number(row, "janaf_eV")).abs() < 1.5e-5, "{t} K {}", delta_mu(&table, t));
        assert!((delta_mu(&shomate, t) - number(row, "shomate_eV")).abs() < 1e-7, "{t} K {}", delta_mu(&shomate, t));
        // h and s as well: JANAF's own columns
        let (a, b) = (sum.thermal(t, BAR_PA), table.thermal(t, BAR_PA));
        let (Ok(a), Ok(b)) = (a, b) else { panic!("{t} K") };
        assert!((a.h - b.h).abs() < 1e-4 && (a.s - b.s).abs() < 1e-5, "{t} K: {a:?} {b:?}");
    }
    // Between the rows of the table.
    for t in [120.0, 150.0, 275.0, 640.0, 955.0] {
        assert!((delta_mu(&sum, t) - delta_mu(&table, t)).abs() < 1e-4);
    }
}

/// Rigid rotors with harmonic vibrations are what ASE computes from the same masses, constants and wavenumbers; its constants
/// are CODATA 2014.
#[test]
fn closed_forms_are_those_of_ase() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/thermochemistry/ase.json");
    let reference: Value = serde_json::from_str(&std::fs::read_to_string(path).expect("the numbers")).expect("JSON");
    let mut checked = 0;
    for (name, listed) in reference["rows"].as_object().expect("gases") {
        let gas = library_gas(name).closed_form();
        for row in rows(listed) {
            let found = gas.thermal(number(row, "T"), number(row, "p")).unwrap_or_else(|e| panic!("{e}"));
            let (g, h) = (number(row, "g"), number(row, "h"));
            assert!((found.delta_mu - g).abs() < 5e-6 && (found.h - h).abs() < 5e-6, "{name} {row}: {found:?}");
            checked += 1;
        }
    }
    assert_eq!(checked, 40);
}

/// S − [H − H(Tr)]/T is what the fourth column prints: the shipped excerpt of NIST-JANAF has no slip of a digit.
#[test]
fn the_shipped_table_is_consistent_within_its_rounding() {
    let text = std::fs::read_to_string(shipped("gas/o2_janaf.tsv")).expect("the table");
    let mut checked = 0;
    for line in text.lines().skip(2) {
        let columns: Vec<f64> = line.split('\t').map(|w| w.parse().expect("a number")).collect();
        let gef = columns[2] - 1e3 * columns[4] / columns[0];
        let rounding = 1e-3 + 0.5 / columns[0];
        assert!((gef - columns[3]).abs() <= rounding, "{line}: {gef}");
        checked += 1;
    }
    assert_eq!(checked, 14);
}

/// The table that the aiAT literature prints as −0.08 … −1.10 eV (K. Reuter & M. Scheffler, Phys. Rev. B 65, 035406).
#[test]
fn half_of_oxygen_at_one_bar() {
    let expected = [-0.0748, -0.1704, -0.2739, -0.3827, -0.4953, -0.6112, -0.7299, -0.8510, -0.9743, -1.0996];
    for (k, expected) in expected.into_iter().enumerate() {
        let t = 100.0 * (k + 1) as f64;
        for gas in [library_gas("O2"), of_file("O2-janaf")] {
            let half = 0.5 * delta_mu(&gas, t);
            assert!((half - expected).abs() < 1e-3, "{t} K: {half} instead of {expected}");
        }
    }
}

/// A file with one rigid diatomic molecule.
fn rigid(formula: &str, mass: f64, bond: f64, wavenumber: f64, degeneracy: f64) -> Gas {
    let text = format!(
        "Gases(gases: [(name: \"X\", formula: \"{formula}\", mass: {m:?}, thermal: RigidRotor(rotor: Bond(length: \
         {bond:?}, masses: ({mass:?}, {mass:?}), symmetry: 2), wavenumbers: [{wavenumber:?}]), electronic: [(0.0, \
         {degeneracy:?})])])",
        m = 2.0 * mass
    );
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.ron");
    std::fs::write(&path, text).expect("a file");
    gas::named(&path.display().to_string()).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn free_energies_with_zero_point_and_a_classical_rotor() {
    for (gas, expected) in [
        (rigid("H2", 1.008, 0.7414, 4401.21, 1.0), -0.4832732),
        (rigid("D2", 2.01410178, 0.7415, 3115.50, 1.0), -0.6524935),
        (rigid("O2", 15.999, 1.2075, 1580.19, 3.0), -1.1239237),
    ] {
        let g = gas.zero_point_energy() + delta_mu(&gas, 600.0);
        assert!((g - expected).abs() < 2e-6, "{:?}: {g} instead of {expected}", gas.elements);
    }
}

#[test]
fn the_shipped_list_of_structures_has_its_boundaries_and_pressures() {
    let input = aiat::load(&shipped("aiat/oxygen.ron")).unwrap_or_else(|e| panic!("{e}"));
    let at = |t| input.surface.boundaries(0, t, &[0.0], input.axes[0].delta_mu).unwrap_or_else(|e| panic!("{e}"));
    for t in [600.0, 900.0] {
        let found: Vec<f64> = at(t).iter().map(|b| b.delta_mu).collect();
        assert_eq!(found.len(), 4);
        for (found, expected) in found.iter().zip([-2.1, -1.8, -1.3, -0.9]) {
            assert!((found - expected).abs() < 1e-10, "{found}");
        }
    }
    for (t, expected) in [(600.0, 2.656576e-7), (900.0, 22.21193)] {
        let p = at(t)[2].pressure;
        assert!((p / expected - 1.0).abs() < 1e-4, "{t} K: {p} Pa instead of {expected}");
    }
}

#[test]
fn two_gases_are_two_axes() {
    let input = aiat::load(&shipped("aiat/two_gases.ron")).unwrap_or_else(|e| panic!("{e}"));
    let labels: Vec<&str> = input.surface.structures.iter().map(|s| s.label.as_str()).collect();
    assert_eq!(labels, ["clean M(111)", "O (fcc)", "CO (top)", "O+CO (mixed)"]);
    // CO is a species of its own, with its gas, not C and O.
    assert_eq!(input.surface.structures[3].counts, [1.0, 1.0]);
    // The energy of a molecule of the table lacks ½hν of its modes there, as those of the adsorbates do.
    for (species, wavenumber) in input.surface.species.iter().zip([1580.0, 2170.0]) {
        let Reservoir::Gas { energy, .. } = &species.reservoir else { panic!("{species:?}") };
        assert!((energy - 0.5 * WAVENUMBER_EV * wavenumber).abs() < 1e-12, "{species:?}");
    }
    let poor = input.surface.stablest(400.0, &[-2.4, -2.4]);
    assert_eq!(labels[poor], "clean M(111)");
    assert_eq!(labels[input.surface.stablest(400.0, &[-0.2, -2.4])], "O (fcc)");
    assert_eq!(labels[input.surface.stablest(400.0, &[-2.4, -0.2])], "CO (top)");
}

#[test]
fn group_h_is_exact() {
    let reference = case("h_che");
    let input = che::load(&shipped("che/oxygen_reduction_associative.ron")).unwrap_or_else(|e| panic!("{e}"));
    let reaction = &input.reaction;
    let close = |a: f64, b: f64| (a - b).abs() < 1e-9;
    for case in rows(&reference["cases"]) {
        let scale = if case["scale"] == "RHE" { Scale::Rhe } else { Scale::She };
        let electrode =
            Electrode { potential: number(case, "U"), ph: number(case, "pH"), scale, temperature: number(case, "T") };
        let expected: Vec<f64> = rows(&case["step_dG"]).iter().map(|x| x.as_f64().expect("a number")).collect();
        let steps = reaction.steps(&electrode);
        assert_eq!(steps.len(), expected.len());
        assert!(steps.iter().zip(&expected).all(|(a, b)| close(*a, *b)), "{steps:?} {expected:?}");
        let levels = reaction.levels(&electrode);
        let names =
            ["O2+4(H+ + e-)", "O2*+4(H+ + e-)", "OOH*+3(H+ + e-)", "O*+2(H+ + e-)+H2O", "OH*+(H+ + e-)+H2O", "2H2O"];
        for (level, name) in levels.iter().zip(names) {
            assert!(close(*level, number(&case["levels"], name)), "{name}: {level}");
        }
    }
    assert!(close(reaction.limiting().map_or(f64::NAN, |l| l.0), 0.6));
    assert!(close(reaction.overpotential().unwrap_or(f64::NAN), 0.63));
    assert!((per_ph(298.15) - number(&reference, "kTln10_298.15")).abs() < 1e-12);
}

#[test]
fn the_dissociative_path_is_limited_by_the_last_step() {
    let input = che::load(&shipped("che/oxygen_reduction_dissociative.ron")).unwrap_or_else(|e| panic!("{e}"));
    let reference = case("h_che");
    for row in rows(&reference["norskov2004_dissociative"]["levels"]) {
        let electrode =
            Electrode { potential: number(row, "U"), ph: 0.0, scale: Scale::Rhe, temperature: input.temperature };
        let expected = ["half_O2+2(H+e)", "O*", "OH*", "H2O"].map(|k| number(row, k));
        let levels = input.reaction.levels(&electrode);
        assert!(levels.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9), "{levels:?} {expected:?}");
    }
    assert!((input.reaction.limiting().map_or(f64::NAN, |l| l.0) - 0.78).abs() < 1e-9);
    assert!((input.reaction.overpotential().unwrap_or(f64::NAN) - 0.45).abs() < 1e-9);
}

#[test]
fn a_potential_and_a_ph_do_the_same_and_the_reversible_scale_has_no_ph() {
    let input = che::load(&shipped("che/oxygen_reduction_associative.ron")).unwrap_or_else(|e| panic!("{e}"));
    let levels = |potential: f64, ph: f64, scale: Scale| {
        input.reaction.levels(&Electrode { potential, ph, scale, temperature: 298.15 })
    };
    let step = BOLTZMANN_EV * 298.15 * std::f64::consts::LN_10;
    for (u, ph) in [(0.0, 0.0), (0.8, 7.0), (-0.3, 13.0)] {
        let by_potential = levels(u + step, ph, Scale::She);
        let by_ph = levels(u, ph + 1.0, Scale::She);
        assert!(by_potential.iter().zip(&by_ph).all(|(a, b)| (a - b).abs() < 1e-12));
        assert!(
            by_ph.iter().zip(levels(u, ph, Scale::She)).any(|(a, b)| (a - b).abs() > 0.05),
            "the pH does something"
        );
        assert_eq!(levels(u, ph, Scale::Rhe), levels(u, ph + 1.0, Scale::Rhe));
        let standard = levels(from_reversible(u, ph, Scale::She, 298.15), ph, Scale::She);
        assert!(standard.iter().zip(levels(u, ph, Scale::Rhe)).all(|(a, b)| (a - b).abs() < 1e-12));
    }
}

#[test]
fn hydrogen_evolution_is_limited_by_the_binding_of_hydrogen() {
    let input = che::load(&shipped("che/hydrogen_evolution.ron")).unwrap_or_else(|e| panic!("{e}"));
    assert!((input.reaction.overpotential().unwrap_or(f64::NAN) - 0.09).abs() < 1e-9);
    assert_eq!(input.surfaces.len(), 3);
}
