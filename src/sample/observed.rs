//! What observables store with each sample: order parameters in single precision, histograms in half precision.

use half::f16;

/// An order parameter, one value a sample.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Column {
    /// Name of the column, e.g. `order_sqrt3`.
    pub name: String,
    /// `[n_samples]`
    pub values: Vec<f32>,
}

/// A histogram, `bins` values a sample.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Histogram {
    /// Name of the column, e.g. `density_B`.
    pub name: String,
    /// Lower edge of the first bin.
    pub lo: f64,
    /// Upper edge of the last bin.
    pub hi: f64,
    /// Number of bins, equally wide.
    pub bins: usize,
    /// `[n_samples * bins]`
    pub values: Vec<f16>,
}

impl Column {
    /// The samples at these places.
    pub(super) fn filtered(&self, kept: &[usize]) -> Column {
        Column { name: self.name.clone(), values: kept.iter().map(|&i| self.values[i]).collect() }
    }
}

impl Histogram {
    /// The histogram of one sample: `[bins]`.
    pub fn of(&self, sample: usize) -> &[f16] {
        &self.values[sample * self.bins..(sample + 1) * self.bins]
    }

    /// Whether another one has the same name and bins.
    pub fn is_like(&self, other: &Histogram) -> bool {
        self.name == other.name && (self.lo, self.hi, self.bins) == (other.lo, other.hi, other.bins)
    }

    /// The samples at these places.
    pub(super) fn filtered(&self, kept: &[usize]) -> Histogram {
        let values = kept.iter().flat_map(|&i| self.of(i)).copied().collect();
        Histogram { values, name: self.name.clone(), ..*self }
    }
}
