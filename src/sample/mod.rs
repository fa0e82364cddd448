//! Samples: what a run stores of each replica and cycle.

/// Stored samples as columns; all vectors have one entry per sample.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Samples {
    /// Production cycle, from 0.
    pub cycle: Vec<u32>,
    /// Independent copy of the grid.
    pub walker: Vec<u16>,
    /// Configuration, global over walkers.
    pub replica: Vec<u32>,
    /// State it held when sampled.
    pub state: Vec<u32>,
    /// Potential energy [energy].
    pub energy: Vec<f64>,
    /// `[n_reservoirs][n_samples]`, atoms of each reservoir species.
    pub counts: Vec<Vec<u16>>,
}
