//! What one kind of motion adds to the chemical potential and to the enthalpy of a molecule.

/// A part of μ and of h of one molecule. \[eV\]
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Contribution {
    /// Part of μ. \[eV\]
    pub mu: f64,
    /// Part of the enthalpy. \[eV\]
    pub h: f64,
}

impl std::ops::Add for Contribution {
    type Output = Contribution;

    fn add(self, other: Contribution) -> Contribution {
        Contribution { mu: self.mu + other.mu, h: self.h + other.h }
    }
}
