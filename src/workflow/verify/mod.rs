//! `adlayer verify`: whether this machine, with this device and driver, gives right numbers.
//!
//! Every check compares the device with something known exactly: integers, f64, quadrature, an enumerated model, or the
//! ratio of two Boltzmann distributions. Seeds are fixed, so a device answers the same every time.

mod exact;
mod fixture;
mod identity;
mod joint;
mod restart;
mod sampling;
mod statistics;
mod windows;

use crate::base::error::{Error, Result};
use fixture::Fixture;
use serde::Serialize;
use std::path::PathBuf;
use std::time::Instant;

/// A statistical check fails beyond this many standard errors.
pub const Z_LIMIT: f64 = 4.0;

/// What to verify, and how thoroughly.
#[derive(Debug, Clone)]
pub struct VerifyOptions {
    /// as [`DeviceChoice`](crate::backend::DeviceChoice) reads it: `auto`, `cpu`, `gpu:0,gpu:1`, ….
    pub device: String,
    /// A minute instead of a few.
    pub quick: bool,
    /// Names of the checks that are made; all of them where it is empty.
    pub only: Vec<String>,
    /// The program to kill and resume; without it that check is left out.
    pub program: Option<PathBuf>,
}

/// What the figure of a check is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// The largest |z| of all comparisons.
    Z,
    /// The largest deviation as a share of what is allowed.
    Share,
    /// How many comparisons were not equal bit for bit.
    Unequal,
}

/// What one check found.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    /// Its name.
    pub name: &'static str,
    /// What was compared with what.
    pub what: &'static str,
    /// What `figure` is.
    pub measure: Measure,
    /// The worst of all comparisons.
    pub figure: f64,
    /// The figure beyond which it fails.
    pub limit: f64,
    /// Number of comparisons.
    pub compared: usize,
    /// Which comparison was the worst.
    pub worst: String,
    /// Whether it passed.
    pub passed: bool,
    /// Time it took \[s\].
    pub seconds: f64,
}

/// What `verify` found.
#[derive(Debug, Clone, Serialize)]
pub struct Verdict {
    /// Version of adlayer.
    pub version: String,
    /// Hash of the executable.
    pub build: String,
    /// The device, for people.
    pub device: String,
    /// Which kernel ran.
    pub kernel: String,
    /// Whether it was the short form.
    pub quick: bool,
    /// All checks passed.
    pub passed: bool,
    /// Seconds since 1970.
    pub unix: u64,
    /// Time of all checks \[s\].
    pub seconds: f64,
    /// The checks in order.
    pub checks: Vec<Check>,
}

/// The worst of many comparisons.
#[derive(Debug, Default)]
struct Worst {
    figure: f64,
    compared: usize,
    label: String,
}

impl Worst {
    /// Takes in one comparison; a figure that is not a number is the worst of all.
    fn add(&mut self, figure: f64, label: impl FnOnce() -> String) {
        let figure = if figure.is_nan() { f64::INFINITY } else { figure.abs() };
        self.compared += 1;
        if figure > self.figure || self.compared == 1 {
            self.figure = figure;
            self.label = label();
        }
    }

    /// Takes in other comparisons.
    fn join(&mut self, other: Worst) {
        if other.figure > self.figure {
            (self.figure, self.label) = (other.figure, other.label);
        }
        self.compared += other.compared;
    }
}

type Body = fn(&Fixture) -> Result<Worst>;

/// The checks: name, what it compares, measure, limit, body.
const CHECKS: [(&str, &str, Measure, f64, Body); 16] = [
    ("philox", "known answers of the generator", Measure::Unequal, 0.0, exact::philox),
    ("exchange toy", "stationarity of an enumerated model", Measure::Share, 1.0, exact::exchange_toy),
    ("forces", "forces and energies against f64", Measure::Share, 1.0, exact::forces),
    ("neighbour lists", "fast atoms against all pairs in f64", Measure::Share, 1.0, exact::lists),
    ("split segment", "one segment against single steps", Measure::Unequal, 0.0, exact::split),
    ("drift", "energy without friction", Measure::Share, 1.0, exact::drift),
    ("ideal gas", "⟨N⟩, Var N, ⟨v²⟩ with exchange against exact values", Measure::Z, Z_LIMIT, sampling::ideal_gas),
    ("two atoms", "P(N), ⟨E⟩ against quadrature", Measure::Z, Z_LIMIT, sampling::two_atoms),
    (
        "insertion table",
        "⟨N⟩, Var N over a slab, inserted from a table, against quadrature",
        Measure::Z,
        Z_LIMIT,
        sampling::insertion_table,
    ),
    (
        "insertion at bonds",
        "⟨N⟩, Var N over a slab, inserted about its atoms, against quadrature",
        Measure::Z,
        Z_LIMIT,
        sampling::insertion_at_bonds,
    ),
    ("boltzmann ratio", "slopes of ln[P₁(E,N)/P₂(E,N)]", Measure::Z, Z_LIMIT, sampling::boltzmann_ratio),
    ("identity", "⟨N⟩, Var N, ⟨v²⟩ of two gases that change into each other", Measure::Z, Z_LIMIT, identity::two_gases),
    ("windows", "⟨N⟩, ln Ξ of an exact gas through learned weights", Measure::Z, Z_LIMIT, windows::windows),
    ("joint", "exact draws stay exact under all moves", Measure::Z, Z_LIMIT, joint::joint),
    ("segments", "exact draws stay exact under accepted and rejected segments", Measure::Z, Z_LIMIT, joint::segments),
    ("resume", "a restored state against an uninterrupted run", Measure::Unequal, 0.0, restart::resume),
];

/// The check that needs the program itself.
const KILL: &str = "kill and resume";

/// Names of all checks, in order.
pub fn names() -> impl Iterator<Item = &'static str> {
    CHECKS.iter().map(|(name, ..)| *name).chain([KILL])
}

/// Runs the checks. `report` is told of each as it ends.
///
/// # Errors
/// [`Error::Device`] when there is no such device, or whatever it says.
pub fn verify(options: &VerifyOptions, report: &mut dyn FnMut(&Check)) -> Result<Verdict> {
    let start = Instant::now();
    let bench = Fixture::new(&options.device, options.quick)?;
    let mut checks = Vec::new();
    let wanted = |name: &str| options.only.is_empty() || options.only.iter().any(|n| n == name);
    for (name, what, measure, limit, body) in CHECKS.into_iter().filter(|(name, ..)| wanted(name)) {
        let began = Instant::now();
        let worst = body(&bench)?;
        checks.push(check(name, what, measure, limit, worst, began));
        report(&checks[checks.len() - 1]);
    }
    if let Some(program) = options.program.as_ref().filter(|_| wanted(KILL)) {
        let began = Instant::now();
        let worst = restart::kill_and_resume(&bench, program)?;
        let what = "a killed and resumed run against an uninterrupted one";
        checks.push(check(KILL, what, Measure::Unequal, 0.0, worst, began));
        report(&checks[checks.len() - 1]);
    }
    Ok(Verdict {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        build: crate::run::checkpoint::build().to_owned(),
        device: bench.describe.clone(),
        kernel: bench.kernel.clone(),
        quick: options.quick,
        passed: checks.iter().all(|c| c.passed),
        unix: std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_secs()),
        seconds: start.elapsed().as_secs_f64(),
        checks,
    })
}

fn check(name: &'static str, what: &'static str, measure: Measure, limit: f64, worst: Worst, began: Instant) -> Check {
    Check {
        name,
        what,
        measure,
        figure: worst.figure,
        limit,
        compared: worst.compared,
        worst: worst.label,
        passed: worst.compared > 0 && worst.figure <= limit,
        seconds: began.elapsed().as_secs_f64(),
    }
}

impl Verdict {
    /// `Ok` if every check passed.
    ///
    /// # Errors
    /// [`Error::VerificationFailed`] naming those that did not.
    pub fn result(&self) -> Result<()> {
        let failed: Vec<&str> = self.checks.iter().filter(|c| !c.passed).map(|c| c.name).collect();
        match failed.is_empty() {
            true => Ok(()),
            false => Err(Error::VerificationFailed { device: self.device.clone(), checks: failed.join(", ") }),
        }
    }
}
