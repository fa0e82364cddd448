//! Pictures of an [`Analysis`]: SVG and PNG of each, and a CSV with exactly what it shows.
//!
//! | figure | shows |
//! | --- | --- |
//! | `mean_n_<s>` | ⟨N⟩ over (μ, T), or against T where there is one μ |
//! | `energy_fluctuation` | Var E/(k_B T²) over (μ, T) |
//! | `phase_diagram_<s>`, `phase_diagram_pressure_<s>` | regions and boundaries over (μ, T) and (p, T) |
//! | `ln_xi` | ln Ξ = −Ω/kT over (μ, T) |
//! | `isotherms_<s>`, `isobars_<s>` | ⟨N⟩(μ) at each simulated T, ⟨N⟩(T) at pressures |
//! | `isotherms_pressure_<s>`, `excess_<s>` | atoms per area against p, all and beyond those of the gas |
//! | `isosteric_heat_<s>`, `henry_<s>` | heat of adsorption against atoms per area, Henry constants against 1/T |
//! | `p_n_<s>` | P(N) at chosen points |
//! | `free_energy_n_<s>`, `free_energy_<order>` | F = −kT ln P of N and of an order parameter at chosen points |
//! | `free_energy_2d_<order>_<i>` | F over N and an order parameter at one point |
//! | `observable_<a>` | averages of an observable against μ, or T ([`observed`]) |
//! | `density_<s>`, `layers_<s>`, `rdf`, … | stored histograms in chosen states: profiles, pair distributions |
//! | `snapshot_<k>` | a configuration of a phase, or of a state of a canonical run, from above and from the side ([`snapshots`]) |
//! | `flow_*`, `exchange_<s>`, `estimators_<s>` | whether the run can be trusted |
//! | `energy`, `heat_capacity` | canonical runs: ⟨E⟩(T) and c(T) |
//! | `gas_*` | μ of a gas against T ([`gases`]) |
//! | `aiat_*` | structures over Δμ, (T, p), and against a run ([`adsorption`], [`aiat_comparison`]) |
//! | `che_*` | staircases, sweeps and (U, pH) diagram of a reaction ([`electrode`]) |
//!
//! Where a grid has too few values for a map (a single temperature, say), a curve is drawn or the figure left out.

#[cfg(feature = "pictures")]
mod pictures;
#[cfg(not(feature = "pictures"))]
#[path = "no_pictures.rs"]
mod pictures;
pub(crate) mod text;

use crate::analysis::Analysis;
use crate::base::units::Units;
use crate::thermo::Convention;

pub use crate::io::csv::Table;
pub(crate) use pictures::{NOTHING_DRAWN, hover};
pub use pictures::{adsorption, aiat_comparison, draw, electrode, gases, snapshots, so_far};

/// Units and names, which an analysis does not contain.
#[derive(Debug, Clone)]
pub struct Labels {
    /// Unit system of every number in the analysis.
    pub units: Units,
    /// Title of the scene; stands small under each figure's own title. May be empty.
    pub title: String,
}

/// A figure as it was written.
#[derive(Debug, Clone, Default)]
pub struct Figure {
    /// Stem of its files: `figures/<name>.svg`, `.png`, `.csv`.
    pub name: String,
    /// Title, as it stands in the picture.
    pub title: String,
    /// What it shows and how to read it, in a few sentences.
    pub caption: String,
    /// The picture, a whole `<svg>` element.
    pub svg: String,
    /// Place of the map in the picture, if it shows one.
    pub plane: Option<Plane>,
}

/// A map in a picture, so that a page can tell what lies under the pointer.
#[derive(Debug, Clone, PartialEq)]
pub struct Plane {
    /// Whether the x axis is the decimal logarithm of a pressure; else it is μ.
    pub pressure: bool,
    /// The reservoir species of the x axis.
    pub species: usize,
    /// Left, top, right and bottom of the drawing area \[px\].
    pub area: [f64; 4],
    /// Ends of the x axis: μ or log₁₀ p.
    pub x: [f64; 2],
    /// Ends of the y axis: temperatures.
    pub y: [f64; 2],
}

/// Names of quantities and their units.
impl Labels {
    /// `fugacity` where a simulated state is more than 1 % off the pressure of its gas, else `p`.
    pub(crate) fn pressure_symbol(&self, analysis: &Analysis, s: usize) -> &'static str {
        if analysis.is_fugacity.get(s).copied().unwrap_or(false) { "fugacity" } else { "p" }
    }

    /// `μ'`, `μ` or `kT ln(βpσ³)`.
    pub(crate) fn mu_symbol(&self, convention: &Convention) -> &'static str {
        match (convention, self.units) {
            (Convention::Activity, _) => "μ'",
            (Convention::Absolute { .. } | Convention::Gas(_), _) => "μ",
            (Convention::Pressure { .. }, Units::Lj) => "kT ln(βpσ³)",
            (Convention::Pressure { .. }, Units::Metal) => "kT ln(βp Å³)",
        }
    }

    /// Energy per temperature.
    pub(crate) fn heat_unit(&self) -> &'static str {
        match self.units {
            Units::Lj => "k_B",
            Units::Metal => "eV/K",
        }
    }
}
