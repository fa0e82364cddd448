//! What observables store with each sample: order parameters in single precision, histograms in half precision.

use half::f16;

/// What one observable adds to every sample.
#[derive(Debug, Clone, PartialEq)]
pub enum Field {
    /// A number, stored as f32.
    Column {
        /// Name of the column, e.g. `order_sqrt3`.
        name: String,
    },
    /// A histogram, stored as f16 in equal bins.
    Histogram {
        /// Name of the column, e.g. `density_B`.
        name: String,
        /// Lower edge of the first bin.
        lo: f64,
        /// Upper edge of the last bin.
        hi: f64,
        /// Number of bins.
        bins: usize,
    },
}

impl Field {
    /// A number.
    pub fn column(name: impl Into<String>) -> Field {
        Field::Column { name: name.into() }
    }

    /// A histogram.
    pub fn histogram(name: impl Into<String>, lo: f64, hi: f64, bins: usize) -> Field {
        Field::Histogram { name: name.into(), lo, hi, bins }
    }

    /// Name of the column.
    pub fn name(&self) -> &str {
        match self {
            Field::Column { name } | Field::Histogram { name, .. } => name,
        }
    }

    /// Size in a sample [byte].
    pub fn bytes(&self) -> usize {
        match self {
            Field::Column { .. } => size_of::<f32>(),
            Field::Histogram { bins, .. } => bins * size_of::<f16>(),
        }
    }
}

/// What the observables of a scene say of one configuration.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observed {
    /// Numbers, in the order of the fields that are numbers.
    pub columns: Vec<f32>,
    /// Bins of all histograms, one histogram after the other.
    pub bins: Vec<f16>,
}

impl Observed {
    /// Adds the next number.
    pub fn number(&mut self, value: f64) {
        self.columns.push(value as f32);
    }

    /// Adds the next histogram. What exceeds 65,504 is stored as infinity.
    pub fn histogram(&mut self, bins: &[f64]) {
        self.bins.extend(bins.iter().map(|&n| f16::from_f64(n)));
    }
}

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
    pub(crate) fn filtered(&self, kept: &[usize]) -> Column {
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
    pub(crate) fn filtered(&self, kept: &[usize]) -> Histogram {
        let values = kept.iter().flat_map(|&i| self.of(i)).copied().collect();
        Histogram { values, name: self.name.clone(), ..*self }
    }
}
