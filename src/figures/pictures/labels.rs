//! Names of axes with their units.

use crate::analysis::Analysis;
use crate::base::units::Units;
use crate::figures::Labels;
use crate::thermo::Convention;
use crate::thermo::states::Reservoir;

impl Labels {
    /// `T [K]`
    pub(crate) fn temperature(&self) -> String {
        format!("T [{}]", self.units.temperature_label())
    }

    /// The chemical potential of a reservoir species, named for its convention.
    pub(crate) fn mu(&self, analysis: &Analysis, s: usize) -> String {
        let axis = &analysis.grid.reservoirs[s];
        format!("{} of {} [{}]", self.mu_symbol(&axis.convention), axis.species, self.units.energy_label())
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

    /// Symbols of all chemical potentials, with the species where there are several.
    pub(crate) fn mu_symbols(&self, analysis: &Analysis) -> Vec<String> {
        let reservoirs = &analysis.grid.reservoirs;
        let of = |r: &Reservoir| match reservoirs.len() {
            1 => self.mu_symbol(&r.convention).to_owned(),
            _ => format!("{} of {}", self.mu_symbol(&r.convention), r.species),
        };
        reservoirs.iter().map(of).collect()
    }

    /// Over the legend of curves at states: `T [K], μ [eV]`, or every μ by its species.
    pub(crate) fn states(&self, analysis: &Analysis) -> String {
        let symbols = self.mu_symbols(analysis);
        // of several species one under the other, so that they do not take the room of the plot
        let between = if symbols.len() > 1 { ",\n" } else { ", " };
        let with_unit = symbols.into_iter().map(|symbol| format!("{symbol} [{}]", self.units.energy_label()));
        std::iter::once(self.temperature()).chain(with_unit).collect::<Vec<_>>().join(between)
    }

    /// What the pressure axis of a species shows, z kT or the pressure of a molecule, with its unit.
    pub(crate) fn pressure(&self, analysis: &Analysis, s: usize) -> String {
        let axis = &analysis.grid.reservoirs[s];
        let gas = match &axis.convention {
            Convention::Gas(gas) => gas.name(),
            _ => &axis.species,
        };
        format!("{} of {gas} [{}]", self.pressure_symbol(analysis, s), self.units.pressure_label())
    }
}
