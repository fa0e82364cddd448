//! What acts on atoms.

use crate::forces::external::spec::ExternalSpec;
use crate::potential::{Images, Truncation};
use serde::{Deserialize, Serialize};

/// Interactions between atoms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Potential {
    /// u = 4ε[(σ/r)¹² − (σ/r)⁶] with free cross parameters.
    LennardJones {
        /// One absolute cutoff for all pairs \[length\].
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
    /// u = D [e^{−2α(r − r₀)} − 2 e^{−α(r − r₀)}]
    Morse {
        /// One absolute cutoff for all pairs \[length\].
        cutoff: f64,
        /// What happens at the cutoff.
        truncation: Truncation,
        /// How periodic images enter a pair; unset: `Sum`, refused if the cutoff exceeds half a period.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        images: Option<Images>,
        /// Long-range correction of a homogeneous fluid (bulk cells with `Plain` only).
        #[serde(default)]
        tail_correction: bool,
        /// Parameters of pairs of species.
        pairs: Vec<MorsePair>,
    },
    /// The pairs and triplets of Stillinger and Weber, from a file as LAMMPS' `pair_style sw` reads it.
    StillingerWeber {
        /// The file, relative to the scene file. A species has the parameters of the element that is its `symbol`; D and T have
        /// those of H where the file does not name them.
        path: String,
        /// How periodic images enter; unset: `Sum`, refused if the cutoff exceeds half a period.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        images: Option<Images>,
        /// The longest aσ of the file, once that is read \[length\].
        #[serde(skip)]
        cutoff: f64,
    },
    /// u and −u' from files as LAMMPS' `pair_write` writes them, interpolated as its `pair_style table spline` does.
    Table {
        /// File of all pairs that do not name their own, relative to the scene file.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        path: Option<String>,
        /// One absolute cutoff for all pairs \[length\]; no table may end before it.
        cutoff: f64,
        /// What happens at the cutoff; `Plain` is what LAMMPS does. `Shifted` changes nothing in tables that end at 0.
        #[serde(default = "shifted")]
        truncation: Truncation,
        /// How periodic images enter a pair; unset: `Sum`, refused if the cutoff exceeds half a period.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        images: Option<Images>,
        /// Values of r² on which tables are interpolated: N of `pair_style table spline N`.
        #[serde(default = "points")]
        points: u32,
        /// Sections of pairs of species.
        pairs: Vec<TabulatedPair>,
    },
    /// Energies and forces of programs outside.
    External(ExternalSpec),
}

/// What is taken for the reach of forces from outside, where a start or a slab asks for one \[length\].
const REACH: f64 = 5.0;

fn shifted() -> Truncation {
    Truncation::Shifted
}

fn points() -> u32 {
    2000
}

/// A pair as a scene lists it.
pub trait ListedPair {
    /// The two names.
    fn between(&self) -> (&str, &str);

    /// Numbers of the pair by name, each with what it may be.
    fn numbers(&self) -> Vec<(&'static str, f64, Bound)>;

    /// Whether it is that of `a` and `b`.
    fn is_of(&self, a: &str, b: &str) -> bool {
        self.between() == (a, b) || self.between() == (b, a)
    }
}

/// What a number may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// Above 0.
    Positive,
    /// 0 or more.
    NotNegative,
}

impl Potential {
    /// Its form in words.
    pub fn name(&self) -> &'static str {
        match self {
            Potential::LennardJones { .. } => "Lennard-Jones",
            Potential::Morse { .. } => "Morse",
            Potential::StillingerWeber { .. } => "Stillinger-Weber",
            Potential::Table { .. } => "table",
            Potential::External(_) => "external",
        }
    }

    /// The cutoff [length].
    pub fn cutoff(&self) -> f64 {
        match *self {
            Potential::LennardJones { cutoff, .. }
            | Potential::Morse { cutoff, .. }
            | Potential::StillingerWeber { cutoff, .. }
            | Potential::Table { cutoff, .. } => cutoff,
            Potential::External(_) => REACH,
        }
    }

    /// What happens at the cutoff.
    pub fn truncation(&self) -> Truncation {
        match *self {
            Potential::LennardJones { truncation, .. }
            | Potential::Morse { truncation, .. }
            | Potential::Table { truncation, .. } => truncation,
            // it ends at 0 by itself
            Potential::StillingerWeber { .. } | Potential::External(_) => Truncation::Shifted,
        }
    }

    /// How periodic images enter a pair.
    pub fn images(&self) -> Option<Images> {
        match *self {
            Potential::LennardJones { images, .. }
            | Potential::Morse { images, .. }
            | Potential::StillingerWeber { images, .. }
            | Potential::Table { images, .. } => images,
            Potential::External(_) => Some(Images::Minimum),
        }
    }

    /// The same, to be filled in; `None` where it is not the scene's.
    pub(crate) fn images_mut(&mut self) -> Option<&mut Option<Images>> {
        match self {
            Potential::LennardJones { images, .. }
            | Potential::Morse { images, .. }
            | Potential::StillingerWeber { images, .. }
            | Potential::Table { images, .. } => Some(images),
            Potential::External(_) => None,
        }
    }

    /// What it says of programs outside, if these compute.
    pub fn external(&self) -> Option<&ExternalSpec> {
        match self {
            Potential::External(spec) => Some(spec),
            _ => None,
        }
    }

    /// Whether the long-range correction of a homogeneous fluid is added.
    pub fn tail_correction(&self) -> bool {
        match *self {
            Potential::LennardJones { tail_correction, .. } | Potential::Morse { tail_correction, .. } => {
                tail_correction
            }
            // a table says nothing of what lies beyond it, and nothing lies beyond the others
            Potential::StillingerWeber { .. } | Potential::Table { .. } | Potential::External(_) => false,
        }
    }

    /// The pairs as listed.
    pub fn pairs(&self) -> Vec<&dyn ListedPair> {
        fn listed<P: ListedPair>(pairs: &[P]) -> Vec<&dyn ListedPair> {
            pairs.iter().map(|p| p as &dyn ListedPair).collect()
        }
        match self {
            Potential::LennardJones { pairs, .. } => listed(pairs),
            Potential::Morse { pairs, .. } => listed(pairs),
            Potential::StillingerWeber { .. } => Vec::new(),
            Potential::Table { pairs, .. } => listed(pairs),
            Potential::External(_) => Vec::new(),
        }
    }

    /// Whether it has every pair of species without a list of them.
    pub fn has_every_pair(&self) -> bool {
        matches!(self, Potential::StillingerWeber { .. } | Potential::External(_))
    }

    /// The rule for unlike pairs that are not listed.
    pub fn mixing(&self) -> Option<Mixing> {
        match *self {
            Potential::LennardJones { mixing, .. } => mixing,
            Potential::Morse { .. }
            | Potential::StillingerWeber { .. }
            | Potential::Table { .. }
            | Potential::External(_) => None,
        }
    }

    /// How to list a pair that does not interact.
    pub(crate) fn inert_pair(&self) -> &'static str {
        match self {
            Potential::LennardJones { .. } => "with `epsilon: 0`",
            Potential::Morse { .. } => "with `depth: 0`",
            Potential::StillingerWeber { .. } => "with `A` 0 in the file",
            Potential::Table { .. } => "with `keyword: None`",
            Potential::External(_) => "",
        }
    }

    /// Rules for unlike pairs that the form knows, as a remedy; empty if it knows none.
    pub(crate) fn mixing_remedy(&self) -> &'static str {
        match self {
            Potential::LennardJones { .. } => ", or say `mixing: LorentzBerthelot`",
            Potential::Morse { .. }
            | Potential::StillingerWeber { .. }
            | Potential::Table { .. }
            | Potential::External(_) => "",
        }
    }

    /// Paths of files that it names.
    pub(crate) fn paths_mut(&mut self) -> Vec<&mut String> {
        match self {
            Potential::LennardJones { .. } | Potential::Morse { .. } => Vec::new(),
            Potential::StillingerWeber { path, .. } => vec![path],
            Potential::Table { path, pairs, .. } => {
                path.iter_mut().chain(pairs.iter_mut().filter_map(|p| p.path.as_mut())).collect()
            }
            Potential::External(spec) => {
                spec.clients.iter_mut().filter_map(|c| c.template.as_mut()).map(|t| &mut t.folder).collect()
            }
        }
    }
}

/// Parameters of one pair of species.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// The two names, in either order.
    pub between: (String, String),
    /// Well depth \[energy\]; 0 = no interaction.
    pub epsilon: f64,
    /// Zero crossing \[length\].
    pub sigma: f64,
}

impl ListedPair for Pair {
    fn between(&self) -> (&str, &str) {
        (&self.between.0, &self.between.1)
    }

    fn numbers(&self) -> Vec<(&'static str, f64, Bound)> {
        vec![("epsilon", self.epsilon, Bound::NotNegative), ("sigma", self.sigma, Bound::Positive)]
    }
}

/// Parameters of one Morse pair of species.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MorsePair {
    /// The two names, in either order.
    pub between: (String, String),
    /// D, well depth \[energy\]; 0 = no interaction.
    pub depth: f64,
    /// α, how stiff the well is [1/length]: u''(r₀) = 2 D α².
    pub alpha: f64,
    /// r₀, distance of the minimum \[length\].
    pub r_0: f64,
}

impl ListedPair for MorsePair {
    fn between(&self) -> (&str, &str) {
        (&self.between.0, &self.between.1)
    }

    fn numbers(&self) -> Vec<(&'static str, f64, Bound)> {
        vec![
            ("depth", self.depth, Bound::NotNegative),
            ("alpha", self.alpha, Bound::Positive),
            ("r_0", self.r_0, Bound::Positive),
        ]
    }
}

/// Section of a file for one pair of species.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TabulatedPair {
    /// The two names, in either order.
    pub between: (String, String),
    /// Its file, relative to the scene file; unset: that of the potential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The word at the head of its section; `None` = no interaction.
    #[serde(deserialize_with = "Option::deserialize")]
    pub keyword: Option<String>,
}

impl ListedPair for TabulatedPair {
    fn between(&self) -> (&str, &str) {
        (&self.between.0, &self.between.1)
    }

    fn numbers(&self) -> Vec<(&'static str, f64, Bound)> {
        Vec::new()
    }
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
        /// ε \[energy\]
        epsilon: f64,
        /// σ \[length\]
        sigma: f64,
        /// ρ, number density of the solid [1/length³]
        density: f64,
        /// Δ, spacing of its layers \[length\]
        spacing: f64,
    },
    /// 9-3 wall at the floor.
    Wall93 {
        /// Species it acts on.
        species: String,
        /// ε \[energy\]
        epsilon: f64,
        /// σ \[length\]
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
