//! Names of axes with their units.

use crate::analysis::Analysis;
use crate::figures::Labels;
use crate::figures::pictures::plot::text;
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

    /// `μ' of B = −6.2 ε`
    pub(crate) fn mu_at(&self, analysis: &Analysis, s: usize, mu: f64) -> String {
        let axis = &analysis.grid.reservoirs[s];
        let (symbol, unit) = (self.mu_symbol(&axis.convention), self.units.energy_label());
        format!("{symbol} of {} = {} {unit}", axis.species, text::short(mu, 3))
    }

    /// `p of Kr = 1.6×10⁻³ bar`
    pub(crate) fn pressure_at(&self, analysis: &Analysis, s: usize, pressure: f64) -> String {
        let species = &analysis.grid.reservoirs[s].species;
        let (symbol, unit) = (self.pressure_symbol(analysis, s), self.units.pressure_label());
        format!("{symbol} of {species} = {} {unit}", text::power_of_ten(pressure.max(1e-300).log10()))
    }

    /// Where the axes of the other reservoirs stand in [`crate::thermo::states::StateGrid::plane`]; empty if there are none.
    pub(crate) fn plane(&self, analysis: &Analysis, s: usize) -> String {
        let grid = &analysis.grid;
        let of = |o: usize| {
            let values = grid.values(o);
            let middle = *values.get(values.len() / 2)?;
            Some(match grid.reservoirs[o].convention.is_pressure() {
                true => self.pressure_at(analysis, o, middle),
                false => self.mu_at(analysis, o, middle),
            })
        };
        let others: Vec<String> = (0..grid.n_reservoirs()).filter(|o| *o != s).filter_map(of).collect();
        others.join(", ")
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
