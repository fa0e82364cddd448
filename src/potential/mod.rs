//! Interactions: pairs of one functional form, truncated, triplets beside them, and fields that act on single atoms.
//!
//! A form is one file here, with its f64 function and its f32 lanes, and one file of the same stem in
//! `shaders/potential/`. Both give the bare u(r); overlap, truncation and cutoff are written once, in [`Truncated`] and
//! in `shaders/shared/potential.wgsl`. [`Forms`], `with_form!` and [`SHADERS`] list the forms: a system holds pairs of
//! one of them, and every loop over pairs is compiled once for each.

mod field;
mod lanes;
mod lennard_jones;
mod morse;
mod pairs;
mod stillinger_weber;
mod table;

pub use field::ExternalField;
pub use lanes::{LANES, Lanes, exp, fma};
pub use lennard_jones::{CORE_FRACTION, LennardJones};
pub use morse::Morse;
pub use pairs::{Cut, Pair, PairForm, PairTable, Pairs, Truncated};
pub use stillinger_weber::{Angle, End, Entry, Leg, StillingerWeber, SwFile, ThreeBody};
pub use table::{Section, Table};

use serde::{Deserialize, Serialize};

/// What happens at the cutoff.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Truncation {
    /// Cut; energies jump, so Monte Carlo only.
    Plain,
    /// u(r) − u(r_c).
    Shifted,
    /// u(r) − u(r_c) − (r − r_c) u'(r_c).
    ForceShifted,
}

/// How periodic images enter a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Images {
    /// Every image within the cutoff.
    Sum,
    /// The nearest image only, also where the cutoff exceeds half a period.
    Minimum,
}

/// Energy of an overlap: finite, exact in f32, and more than any kT, so that it always rejects.
pub const OVERLAP_ENERGY: f64 = 1e30;

/// The pairs of a system, by their form.
#[derive(Debug, Clone, PartialEq)]
pub enum Forms {
    /// u = 4ε[(σ/r)¹² − (σ/r)⁶]
    LennardJones(Pairs<LennardJones>),
    /// u = D [e^{−2α(r − r₀)} − 2 e^{−α(r − r₀)}]
    Morse(Pairs<Morse>),
    /// The pairs of a Stillinger–Weber potential; its triplets stand beside them in the [`PairTable`].
    StillingerWeber(Pairs<StillingerWeber>),
    /// u from a file
    Table(Pairs<Table>),
}

/// Evaluates an expression for the form of a [`PairTable`]; `$pairs` is its [`Pairs`].
macro_rules! with_form {
    ($table:expr, $pairs:ident => $body:expr) => {
        match $table.forms() {
            $crate::potential::Forms::LennardJones($pairs) => $body,
            $crate::potential::Forms::Morse($pairs) => $body,
            $crate::potential::Forms::StillingerWeber($pairs) => $body,
            $crate::potential::Forms::Table($pairs) => $body,
        }
    };
}
pub(crate) use with_form;

/// Stem and WGSL source of every form.
pub const SHADERS: [(&str, &str); 4] = [
    (LennardJones::STEM, LennardJones::SHADER),
    (Morse::STEM, Morse::SHADER),
    (StillingerWeber::STEM, StillingerWeber::SHADER),
    (Table::STEM, Table::SHADER),
];
