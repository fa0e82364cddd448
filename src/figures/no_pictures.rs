//! What stands in place of the pictures in a build without the feature `pictures`: nothing is drawn.

use super::{Figure, Labels};
use crate::analysis::Analysis;
use crate::base::error::Result;
use std::path::Path;

/// Why a page has no figures.
pub(crate) const NOTHING_DRAWN: &str = "This adlayer was built without the feature `pictures`; `adlayer analyze` of another build draws them from the same run.";

/// Draws nothing.
///
/// # Errors
/// None.
pub fn draw(_: &Analysis, _: &Labels, _: &Path) -> Result<Vec<Figure>> {
    Ok(Vec::new())
}

/// Figures of structures over their environment.
pub mod adsorption {
    use super::*;
    use crate::input::aiat::AiatInput;

    /// Draws nothing.
    ///
    /// # Errors
    /// None.
    pub fn draw(_: &AiatInput, _: &Path) -> Result<Vec<Figure>> {
        Ok(Vec::new())
    }
}

/// Figures of minima beside a run.
pub mod aiat_comparison {
    use super::*;
    use crate::landscape::comparison::Comparison;

    /// Draws nothing.
    ///
    /// # Errors
    /// None.
    pub fn draw(_: &Comparison, _: &Labels, _: &Path) -> Result<Vec<Figure>> {
        Ok(Vec::new())
    }
}

/// Figures of a reaction.
pub mod electrode {
    use super::*;
    use crate::input::che::CheInput;

    /// Draws nothing.
    ///
    /// # Errors
    /// None.
    pub fn draw(_: &CheInput, _: &Path) -> Result<Vec<Figure>> {
        Ok(Vec::new())
    }
}

/// Figures of a gas.
pub mod gases {
    use super::*;
    use crate::thermochemistry::Gas;

    /// Draws nothing.
    ///
    /// # Errors
    /// None.
    pub fn draw_isotherm(_: &Gas, _: f64, _: &[(f64, f64)], _: &Path) -> Result<Vec<Figure>> {
        Ok(Vec::new())
    }

    /// Draws nothing.
    ///
    /// # Errors
    /// None.
    pub fn draw(_: &Gas, _: &[f64], _: &[f64], _: (&str, f64), _: &Path) -> Result<Vec<Figure>> {
        Ok(Vec::new())
    }
}

/// Numbers of maps under the pointer.
pub(crate) mod hover {
    use super::*;
    use crate::base::units::Units;

    /// No script.
    pub(crate) const SCRIPT: &str = "";

    /// No numbers, because there are no maps.
    pub(crate) fn data(_: &Analysis, _: Units, _: &[Figure]) -> Option<String> {
        None
    }
}

/// Configurations of phases.
pub mod snapshots {
    use super::*;
    use crate::sample::trajectory::StoredFrame;
    use crate::system::System;

    /// Looks for no configuration.
    pub struct Chooser;

    impl Chooser {
        /// Wants nothing.
        pub fn new(_: &Analysis) -> Chooser {
            Chooser
        }

        /// Passes a configuration by.
        pub fn see(&mut self, _: &StoredFrame, _: &[u16]) {}

        /// Whether nothing is wanted: always.
        pub fn is_empty(&self) -> bool {
            true
        }
    }

    /// Draws nothing.
    ///
    /// # Errors
    /// None.
    pub fn draw(_: &Chooser, _: &Analysis, _: &System, _: &Labels, _: &Path) -> Result<Vec<Figure>> {
        Ok(Vec::new())
    }
}

/// Figures of a run that goes on.
pub mod so_far {
    use super::*;
    use crate::thermo::states::StateGrid;

    /// Draws nothing.
    pub fn so_far(_: &StateGrid, _: &Labels, _: &[Vec<(f64, f64)>], _: &[(f64, f64)]) -> Vec<Figure> {
        Vec::new()
    }
}
