//! Maps in (T, μ) and (T, p), Henry's law, and ridges.

/// Averages on a rectangular grid in T and one axis per reservoir species.
#[derive(Debug, Clone, Default)]
pub struct Map {
    /// Temperatures, scene unit.
    pub temperatures: Vec<f64>,
    /// `[n_reservoirs]`, the values of each axis: `mu_<s>` for the map in μ, pressure for the map in p.
    pub axes: Vec<Vec<f64>>,
    /// Temperature slowest, then each reservoir axis in scene order.
    pub cells: Vec<MapCell>,
}

/// One cell of a [`Map`]. Per replica; energies in the scene's unit, responses in energy/temperature.
#[derive(Debug, Clone, Default)]
pub struct MapCell {
    /// Scene unit.
    pub temperature: f64,
    /// `[n_reservoirs]`, column `mu_<s>` \[energy\]
    pub mu: Vec<f64>,
    /// `[n_reservoirs]`
    pub ln_z: Vec<f64>,
    /// `[n_reservoirs]`, z kT in the scene's pressure unit
    pub pressure: Vec<f64>,
    /// `[n_reservoirs]`, ⟨N_s⟩
    pub n: Vec<f64>,
    /// `[n_reservoirs]`, standard errors
    pub n_err: Vec<f64>,
    /// ⟨E⟩, potential
    pub energy: f64,
    /// Standard error of ⟨E⟩
    pub energy_err: f64,
    /// Var E / (k_B T²)
    pub energy_fluctuation: f64,
    /// ∂⟨E⟩/∂T with the grid's convention fixed
    pub c_mu: f64,
    /// ∂⟨E⟩/∂T at fixed pressure of the reservoir gas
    pub c_p: f64,
    /// Canonical-like heat capacity, total
    pub c_vn: f64,
    /// `[n_reservoirs]`, β Var N_s
    pub susceptibility: Vec<f64>,
    /// ln Ξ
    pub ln_xi: f64,
    /// Standard error of ln Ξ
    pub ln_xi_err: f64,
    /// `[n_observables]`, ⟨A⟩
    pub observables: Vec<f64>,
    /// `[n_observables]`, standard errors
    pub observables_err: Vec<f64>,
    /// `[n_observables]`, Var A
    pub observables_var: Vec<f64>,
    /// Heats of adsorption, excess, and the gas above.
    pub adsorption: Adsorption,
    /// Effective samples behind this cell
    pub n_eff: f64,
    /// Index into `phases`
    pub phase: Option<usize>,
    /// Too few effective samples, or P(N_max) too high: every column but the axes and `n_eff` is left empty.
    pub masked: bool,
    /// Whether its averages may be quoted: not masked, not a mixture of basins whose boundary is unconverged, and not between
    /// states that no replica has bridged.
    pub quotable: bool,
}

/// Heats of adsorption, excess, and the gas above at one point. Vectors are `[n_reservoirs]`; NaN is what is not known.
#[derive(Debug, Clone, Default)]
pub struct Adsorption {
    /// Isosteric heat per atom \[energy\]
    pub q_st: Vec<f64>,
    /// Standard errors
    pub q_st_err: Vec<f64>,
    /// ⟨N_s⟩ less the gas that would fill the volume open to atoms
    pub excess: Vec<f64>,
    /// Atoms of the gas per volume [1/length³]
    pub gas_density: Vec<f64>,
    /// Pressure of the gas, all species together, scene's pressure unit; NaN if it is not known
    pub gas_pressure: Option<f64>,
    /// Standard error, of a pressure from ln Ξ
    pub gas_pressure_err: Option<f64>,
}

/// Henry's law of one species at one temperature, from the weights of no atom and of one atom in the cell.
#[derive(Debug, Clone, Default)]
pub struct Henry {
    /// Index of the reservoir species.
    pub reservoir: usize,
    /// Scene unit.
    pub temperature: f64,
    /// k_B T \[energy\]
    pub kt: f64,
    /// Atoms per area and pressure beyond those of the gas, (Q₁ − V)/(A kT), Q₁ = ∫ e^{−βu} dr of one atom
    /// [1/length²/pressure]
    pub constant: f64,
    /// Standard error of both constants
    pub constant_err: f64,
    /// All atoms in the cell per area and pressure, Q₁/(A kT)
    pub absolute: f64,
    /// Isosteric heat of the first atom, ∂ ln K/∂β of the constant \[energy\]
    pub q_st: f64,
    /// Standard error
    pub q_st_err: f64,
    /// The same of all atoms in the cell, kT − ⟨u⟩ \[energy\]
    pub q_st_absolute: f64,
    /// Standard error
    pub q_st_absolute_err: f64,
    /// B of the species with itself \[length³\]; NaN if it is not known
    pub second_virial: f64,
}

/// A maximum along the axis of one species.
#[derive(Debug, Clone)]
pub struct Ridge {
    /// What fluctuates.
    pub of: RidgeOf,
    /// Index of the reservoir species.
    pub reservoir: usize,
    /// Scene unit.
    pub temperature: f64,
    /// `[n_reservoirs]`, column `mu_<s>` \[energy\]
    pub mu: Vec<f64>,
    /// Value there.
    pub height: f64,
}

/// Quantity whose fluctuation has a ridge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RidgeOf {
    /// Var E/(k_B T²).
    Energy,
    /// β Var N.
    Susceptibility,
}

impl RidgeOf {
    /// Spelling in the column `of` of `ridges.csv`.
    pub fn as_str(self) -> &'static str {
        match self {
            RidgeOf::Energy => "energy",
            RidgeOf::Susceptibility => "susceptibility",
        }
    }
}
