//! What acts on atoms.

use crate::potential::{Images, Truncation};
use serde::{Deserialize, Serialize};

/// Interactions between atoms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Potential {
    /// u = 4ε[(σ/r)¹² − (σ/r)⁶] with free cross parameters.
    LennardJones {
        /// One absolute cutoff for all pairs [length].
        cutoff: f64,
        /// What happens at the cutoff.
        truncation: Truncation,
        /// How periodic images enter; unset: `Sum`, refused if the cutoff exceeds half a period.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        images: Option<Images>,
        /// Long-range correction of a homogeneous fluid (bulk cells with `Plain` only).
        #[serde(default)]
        tail_correction: bool,
        /// Parameters of pairs of species.
        pairs: Vec<Pair>,
        /// Rule for unlike pairs that are not listed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mixing: Option<Mixing>,
    },
}

/// Parameters of one pair of species.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// The two names, in either order.
    pub between: (String, String),
    /// Well depth [energy]; 0 = no interaction.
    pub epsilon: f64,
    /// Zero crossing [length].
    pub sigma: f64,
}

/// Rules for unlike pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mixing {
    /// ε_AB = √(ε_A ε_B), σ_AB = (σ_A + σ_B)/2.
    LorentzBerthelot,
}

/// A field that acts on single atoms of one species.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum External {
    /// k r²/2 about the centre of the cell.
    Harmonic {
        /// Species it acts on.
        species: String,
        /// k [energy/length²]
        spring: f64,
    },
    /// Steele 10-4-3 wall at the floor.
    Steele {
        /// Species it acts on.
        species: String,
        /// ε [energy]
        epsilon: f64,
        /// σ [length]
        sigma: f64,
        /// ρ, number density of the solid [1/length³]
        density: f64,
        /// Δ, spacing of its layers [length]
        spacing: f64,
    },
    /// 9-3 wall at the floor.
    Wall93 {
        /// Species it acts on.
        species: String,
        /// ε [energy]
        epsilon: f64,
        /// σ [length]
        sigma: f64,
    },
}

impl External {
    /// The species it acts on.
    pub fn species(&self) -> &str {
        match self {
            External::Harmonic { species, .. }
            | External::Steele { species, .. }
            | External::Wall93 { species, .. } => species,
        }
    }
}
