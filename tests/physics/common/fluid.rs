//! Case e: the Lennard-Jones fluid at given activity, every truncation against the reference row of the same one.

use super::reference::number;
use super::run::Run;
use super::scene::Spec;
use super::stats::{Estimate, assert_resolved, assert_z};
use serde_json::Value;

/// Column of the reference, cutoff, truncation, tail correction.
const ROWS: [(&str, f64, &str, bool); 3] = [
    ("L8_rc4_plain_LRC", 4.0, "Plain", true),
    ("L8_rc2.5_plain_noLRC", 2.5, "Plain", false),
    ("L8_rc2.5_shifted", 2.5, "Shifted", false),
];

/// ⟨N⟩, ⟨E⟩ and the fluctuations of one state point with all truncations.
///
/// - `cycles`: equilibration and production
/// - `resolution`: standard error allowed on ⟨N⟩, relative
pub(crate) fn compare(device: &str, row: &Value, cycles: (u32, u32), resolution: f64) {
    for (key, cutoff, truncation, tail) in ROWS {
        let expected = &row["sim"][key];
        let n_max = number(expected, "N") + 8.0 * number(expected, "varN").sqrt() + 20.0;
        let spec = Spec {
            pair: "epsilon: 1.0, sigma: 1.0",
            cutoff,
            truncation,
            tail,
            cell: "Bulk(lengths: (8.0, 8.0, 8.0))".into(),
            max_atoms: n_max as u16,
            dynamics: "MonteCarlo(displacement: 0.4, attempts: 50)".into(),
            walkers: 32,
            attempts: 200,
            equilibration: cycles.0,
            production: cycles.1,
            ..Spec::default()
        };
        let run = Run::whole(device, &spec.at(number(row, "T"), number(row, "activity_z")).text());
        let label = format!("{device} T {} z {:.4} {key}", number(row, "T"), number(row, "activity_z"));
        let check = |what: &str, ours: Estimate, error: f64| {
            assert_z(&format!("{label} {what}"), ours, number(expected, what), error);
        };
        let n = run.estimate(0, |t| t.atoms());
        check("N", n, number(expected, "N_err"));
        assert_resolved(&label, n, resolution);
        check("E", run.estimate(0, |t| t.energy()), number(expected, "E_err"));
        check("varN", run.estimate(0, |t| t.var_atoms()), number(expected, "varN_err"));
        check("covNE", run.estimate(0, |t| t.cov_energy_atoms()), number(expected, "covNE_err"));
        check("varE", run.estimate(0, |t| t.var_energy()), number(expected, "varE_err"));
    }
}
