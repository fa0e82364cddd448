//! Henry's law: how much of a dilute gas a surface takes, from the weights of the empty cell and of one atom in it.
//!
//! Ξ = 1 + z Q₁ + …, Q₁ = ∫ e^{−βu} dr over the cell, u the energy of one atom with the surface (over a mobile slab the mean
//! over its configurations). MBAR gives z Q₁ as P(1)/P(0). An ideal gas of the pressure p = z kT would hold V/(kT) p atoms in
//! the cell, so that the surface has (Q₁ − V)/(A kT) per area and pressure of its own: the constant does not depend on
//! the height of the cell, once the atom does not feel the surface at the ceiling.

use super::Henry;
use super::maps::map::MapContext;
use super::mbar::{Bins, Collapsed};
use crate::base::units::temperature_of;

/// Effective samples of the empty cell and of one atom below which nothing is said.
const SAMPLES: f64 = 20.0;
/// Errors by which a constant must differ from 0 for its slope ∂ ln K/∂β to mean something.
const SURE: f64 = 3.0;

/// Compositions of no atom and of one atom of each species, in one part of the grid.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FirstAtom {
    pub(crate) reservoir: usize,
    pub(crate) empty: usize,
    pub(crate) one: usize,
}

/// Where Henry's law of each species can be read from: in the part that holds most samples of one atom.
pub(crate) fn first_atoms(samples: &Collapsed) -> Vec<FirstAtom> {
    let n_s = samples.compositions().first().map_or(0, Vec::len);
    let find = |part: u32, of: &dyn Fn(usize) -> u16| {
        (0..samples.compositions().len()).find(|&c| {
            samples.part_of[c] == part && samples.compositions()[c].iter().enumerate().all(|(s, &n)| n == of(s))
        })
    };
    let members = |c: usize| samples.first[c + 1] - samples.first[c];
    let of_species = |reservoir: usize| {
        let in_part = |part: u32| {
            let (empty, one) = (find(part, &|_| 0)?, find(part, &|s| u16::from(s == reservoir))?);
            Some(FirstAtom { reservoir, empty, one })
        };
        (0..samples.parts.number.max(1)).filter_map(in_part).max_by_key(|first| members(first.one))
    };
    (0..n_s).filter_map(of_species).collect()
}

impl Henry {
    /// Sets the errors. A heat is a slope of ln K, and there is none where K may as well be 0.
    ///
    /// - `errors`: of the two constants and the two heats
    pub(crate) fn set_errors(&mut self, errors: &[f64]) {
        self.constant_err = errors[0];
        if self.constant.abs() > SURE * self.constant_err {
            self.q_st_err = errors[2];
        } else {
            self.q_st = f64::NAN;
        }
        self.q_st_absolute_err = errors[3];
    }
}

impl FirstAtom {
    /// Henry's law at the temperature of the bins, without errors; `None` where too few samples stand behind it or the cell
    /// has no surface.
    pub(crate) fn henry(&self, around: &MapContext<'_>, bins: &Bins) -> Option<Henry> {
        let FirstAtom { reservoir, empty, one } = *self;
        let kt = 1.0 / bins.beta;
        if [empty, one].iter().any(|&c| bins.inverse_n_eff[c] * SAMPLES > 1.0) {
            return None;
        }
        let energy = bins.mean_energy[one] - bins.mean_energy[empty];
        let [constant, absolute, q_st, q_st_absolute] =
            self.law(around, kt, bins.ln_b[one] - bins.ln_b[empty], energy)?;
        Some(Henry {
            reservoir,
            temperature: temperature_of(kt, around.boltzmann),
            kt,
            constant,
            constant_err: f64::NAN,
            absolute,
            q_st,
            q_st_err: f64::NAN,
            q_st_absolute,
            q_st_absolute_err: f64::NAN,
            second_virial: around.gas_at(kt).map_or(f64::NAN, |gas| gas.second(reservoir, reservoir)),
        })
    }

    /// The two constants [1/length²/pressure], and the heats that are their slopes, ∂ ln K/∂β [energy]; `None` where the
    /// cell has no surface, or the gas is of molecules of several atoms of the species.
    ///
    /// - `ln_integral`: ln Q₁
    /// - `energy`: mean energy of the atom \[energy\]
    pub(crate) fn law(&self, around: &MapContext<'_>, kt: f64, ln_integral: f64, energy: f64) -> Option<[f64; 4]> {
        let (area, volume) = (around.cell.area?, around.cell.gas_volume?);
        let convention = &around.grid.reservoirs[self.reservoir].convention;
        // Of a molecule that falls apart the surface takes a power of its pressure.
        if convention.atoms_per_molecule() != 1.0 {
            return None;
        }
        let (integral, per) = (ln_integral.exp(), around.pressure_unit / (area * kt));
        let heat = convention.pressure_coefficient(kt);
        let q_st = heat - energy * integral / (integral - volume);
        Some([(integral - volume) * per, integral * per, q_st, heat - energy])
    }
}
