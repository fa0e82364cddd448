//! Ab initio atomistic thermodynamics: free energies of adsorption of a list of structures, and their lower envelope.
//!
//! γ_i(T, Δμ) = [G_i(T) − (A_i/A₀) G_0(T) − Σ_s ΔN_s μ_s]/A_i, with ΔN_s = N_s − (A_i/A₀) N_s⁰ counted against the clean
//! surface (index 0) and G = E + F_vib where vibrations are given. μ_s of a gas species is (E_gas + Δμ_gas(T, p))/n; the
//! axes are Δμ_s = Δμ_gas/n, zero at the 0 K molecule. μ of a bulk species is a number.
//!
//! # Source
//! K. Reuter & M. Scheffler, Phys. Rev. B 65, 035406 (2001).

use super::envelope::{Line, Plane, Segment, lowest_line};
use super::gas::Gas;
use super::harmonic::quantum_free_energy;
use crate::base::Result;

/// Reservoir of the atoms of a species.
#[derive(Debug, Clone, PartialEq)]
pub enum Reservoir {
    /// A gas; its Δμ is an axis.
    Gas {
        /// The gas.
        gas: Gas,
        /// n, how many of the species a molecule holds.
        atoms: u32,
        /// E of the 0 K molecule on the scale of the structures. \[eV\]
        energy: f64,
    },
    /// A bulk phase.
    Bulk {
        /// μ per atom. \[eV\]
        energy: f64,
    },
}

/// A species that structures may hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Species {
    /// Its name.
    pub name: String,
    /// Its reservoir.
    pub reservoir: Reservoir,
}

/// A structure of the surface.
#[derive(Debug, Clone, PartialEq)]
pub struct Structure {
    /// Name in figures.
    pub label: String,
    /// Total energy of the cell. \[eV\]
    pub energy: f64,
    /// `[n_species]`
    pub counts: Vec<f64>,
    /// Area of the cell. \[Å²\]
    pub area: f64,
    /// `[n_modes]`, empty if vibrations are left out [1/cm]
    pub wavenumbers: Vec<f64>,
}

/// A surface in contact with its reservoirs.
#[derive(Debug, Clone, PartialEq)]
pub struct Surface {
    /// Every species.
    pub species: Vec<Species>,
    /// The clean surface first.
    pub structures: Vec<Structure>,
}

/// Where two structures are equally stable.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Boundary {
    /// The structure at lower Δμ.
    pub from: usize,
    /// The structure at higher Δμ.
    pub to: usize,
    /// \[K\]
    pub temperature: f64,
    /// Δμ of the species. \[eV\]
    pub delta_mu: f64,
    /// Pressure of the gas. \[Pa\]
    pub pressure: f64,
}

impl Surface {
    /// Indices of the species that come from a gas: the axes.
    pub fn gases(&self) -> Vec<usize> {
        let is_gas = |s: &usize| matches!(self.species[*s].reservoir, Reservoir::Gas { .. });
        (0..self.species.len()).filter(is_gas).collect()
    }

    /// Whether any structure has vibrations, so that energies depend on T.
    pub fn has_vibrations(&self) -> bool {
        self.structures.iter().any(|s| !s.wavenumbers.is_empty())
    }

    /// γ of a structure as a plane over the Δμ of every gas: (γ at Δμ = 0, slopes). [eV/Å²], [1/Å²]
    pub fn plane(&self, structure: usize, temperature: f64) -> (f64, Vec<f64>) {
        let (clean, own) = (&self.structures[0], &self.structures[structure]);
        let free = |s: &Structure| s.energy + quantum_free_energy(&s.wavenumbers, temperature);
        let scale = own.area / clean.area;
        let mut constant = free(own) - scale * free(clean);
        let mut slopes = Vec::new();
        for (s, species) in self.species.iter().enumerate() {
            let added = own.counts[s] - scale * clean.counts[s];
            match &species.reservoir {
                Reservoir::Bulk { energy } => constant -= added * energy,
                Reservoir::Gas { energy, atoms, .. } => {
                    constant -= added * energy / f64::from(*atoms);
                    slopes.push(-added / own.area);
                }
            }
        }
        (constant / own.area, slopes)
    }

    /// γ of a structure at the Δμ of every gas. [eV/Å²]
    ///
    /// - `delta_mu`: `[n_gases]` [eV]
    pub fn gamma(&self, structure: usize, temperature: f64, delta_mu: &[f64]) -> f64 {
        let (constant, slopes) = self.plane(structure, temperature);
        constant + slopes.iter().zip(delta_mu).map(|(slope, mu)| slope * mu).sum::<f64>()
    }

    /// The most stable structure.
    ///
    /// - `delta_mu`: `[n_gases]` [eV]
    pub fn stablest(&self, temperature: f64, delta_mu: &[f64]) -> usize {
        let gamma: Vec<f64> = (0..self.structures.len()).map(|i| self.gamma(i, temperature, delta_mu)).collect();
        (0..gamma.len()).min_by(|&a, &b| gamma[a].total_cmp(&gamma[b])).unwrap_or(0)
    }

    /// Δμ of a gas species at (T, p). [eV]
    ///
    /// - `gas`: position among [`Surface::gases`]; `pressure`: [Pa]
    ///
    /// # Errors
    /// [`crate::base::Error::OutsideTable`] where a table does not reach.
    pub fn delta_mu(&self, gas: usize, temperature: f64, pressure: f64) -> Result<f64> {
        let (gas, atoms) = self.gas(gas);
        Ok(gas.thermal(temperature, pressure)?.delta_mu / atoms)
    }

    /// The pressure at which the Δμ of a gas species has a value. [Pa]
    ///
    /// # Errors
    /// Those of [`Surface::delta_mu`].
    pub fn pressure(&self, gas: usize, temperature: f64, delta_mu: f64) -> Result<f64> {
        let (gas, atoms) = self.gas(gas);
        gas.pressure(temperature, atoms * delta_mu)
    }

    /// The gas at a position among [`Surface::gases`], with the number of atoms of its species in a molecule.
    pub fn gas(&self, gas: usize) -> (&Gas, f64) {
        match &self.species[self.gases()[gas]].reservoir {
            Reservoir::Gas { gas, atoms, .. } => (gas, f64::from(*atoms)),
            Reservoir::Bulk { .. } => unreachable!("only gases are among the gases"),
        }
    }

    /// The most stable structures along the Δμ of one gas, the others fixed.
    ///
    /// - `gas`: position among [`Surface::gases`]
    /// - `others`: `[n_gases]` Δμ, of which that of `gas` is not read [eV]
    /// - `range`: of Δμ [eV]
    pub fn segments(&self, gas: usize, temperature: f64, others: &[f64], range: (f64, f64)) -> Vec<Segment> {
        let lines: Vec<Line> = (0..self.structures.len())
            .map(|i| {
                let (constant, slopes) = self.plane(i, temperature);
                let rest = slopes.iter().zip(others).enumerate().filter(|(g, _)| *g != gas);
                let fixed: f64 = rest.map(|(_, (slope, mu))| slope * mu).sum();
                Line { constant: constant + fixed, slope: slopes[gas] }
            })
            .collect();
        lowest_line(&lines, range.0, range.1)
    }

    /// The boundaries along the Δμ of one gas. Arguments as in [`Surface::segments`].
    ///
    /// # Errors
    /// Those of [`Surface::delta_mu`].
    pub fn boundaries(&self, gas: usize, temperature: f64, others: &[f64], range: (f64, f64)) -> Result<Vec<Boundary>> {
        self.segments(gas, temperature, others, range)
            .windows(2)
            .map(|w| {
                let pressure = self.pressure(gas, temperature, w[1].from)?;
                Ok(Boundary { from: w[0].line, to: w[1].line, temperature, delta_mu: w[1].from, pressure })
            })
            .collect()
    }

    /// γ of every structure as planes over the Δμ of two gases.
    pub fn planes(&self, temperature: f64) -> Vec<Plane> {
        (0..self.structures.len())
            .map(|i| {
                let (constant, slopes) = self.plane(i, temperature);
                Plane { constant, slopes: [slopes[0], slopes.get(1).copied().unwrap_or(0.0)] }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::thermochemistry::library;

    fn surface(counts: &[f64], energies: &[f64], areas: &[f64]) -> Surface {
        let gas = library::gas("O2").unwrap_or_else(|| panic!("O2"));
        let structures = (0..counts.len())
            .map(|i| Structure {
                label: i.to_string(),
                energy: energies[i],
                counts: vec![counts[i], 4.0],
                area: areas[i],
                wavenumbers: Vec::new(),
            })
            .collect();
        let species = vec![
            Species { name: "O".into(), reservoir: Reservoir::Gas { gas, atoms: 2, energy: -9.0 } },
            Species { name: "M".into(), reservoir: Reservoir::Bulk { energy: -2.0 } },
        ];
        Surface { species, structures }
    }

    #[test]
    fn bulk_species_and_areas_are_accounted_for() {
        // Twice the cell with the same atoms per area is the same surface.
        let mut double = surface(&[0.0, 2.0], &[-10.0, -10.0 * 2.0 - 2.0 * 4.5 - 3.0], &[5.0, 10.0]);
        double.structures[1].counts[1] = 8.0;
        let (constant, slopes) = double.plane(1, 300.0);
        assert!((constant + 3.0 / 10.0).abs() < 1e-12 && (slopes[0] + 0.2).abs() < 1e-12);
        // A missing atom of the slab comes back from the bulk.
        let mut missing = surface(&[0.0, 1.0], &[-10.0, -10.0 - 4.5 - 1.0 + 2.0], &[5.0, 5.0]);
        missing.structures[1].counts[1] = 3.0;
        assert!((missing.plane(1, 300.0).0 + 0.2).abs() < 1e-12);
    }

    #[test]
    fn vibrations_shift_a_boundary_by_their_free_energy() {
        let mut with = surface(&[0.0, 1.0], &[0.0, -5.5], &[1.0, 1.0]);
        let without = with.boundaries(0, 500.0, &[0.0], (-3.0, 0.0)).unwrap_or_else(|e| panic!("{e}"))[0];
        with.structures[1].wavenumbers = vec![400.0, 500.0, 600.0];
        let shifted = with.boundaries(0, 500.0, &[0.0], (-3.0, 0.0)).unwrap_or_else(|e| panic!("{e}"))[0];
        assert!((without.delta_mu + 1.0).abs() < 1e-12);
        let free = quantum_free_energy(&[400.0, 500.0, 600.0], 500.0);
        assert!((shifted.delta_mu - without.delta_mu - free).abs() < 1e-12);
        let back = with.delta_mu(0, 500.0, shifted.pressure).unwrap_or(f64::NAN);
        assert!((back - shifted.delta_mu).abs() < 1e-10);
    }
}
