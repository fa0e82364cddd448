//! Record of the observables of a sample: order parameters in single precision, histograms in half precision.

use half::f16;
use std::fmt;
use std::str::FromStr;

/// Question about a phase that a stored quantity answers; its observable declares it, and the samples keep it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Role {
    /// None: it is averaged.
    #[default]
    Average,
    /// Is the first layer ordered, and how? From 0 to 1; the phase where it is large bears the name of this structure.
    Order(String),
    /// How many atoms does this layer hold? Counted from 1 at the slab.
    Layer(usize),
    /// Where do layers end? A histogram of atoms over z, parted at its minima.
    LayerProfile,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Role::Average => f.write_str("average"),
            Role::Order(structure) => write!(f, "order {structure}"),
            Role::Layer(k) => write!(f, "layer {k}"),
            Role::LayerProfile => f.write_str("layer_profile"),
        }
    }
}

impl FromStr for Role {
    type Err = ();

    /// The inverse of its display.
    fn from_str(text: &str) -> Result<Role, ()> {
        match text.split_once(' ') {
            None if text == "average" => Ok(Role::Average),
            None if text == "layer_profile" => Ok(Role::LayerProfile),
            Some(("order", structure)) if !structure.is_empty() => Ok(Role::Order(structure.to_owned())),
            Some(("layer", k)) => k.parse().map(Role::Layer).map_err(|_| ()),
            _ => Err(()),
        }
    }
}

/// Form of what is stored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shape {
    /// A number, stored as f32.
    Number,
    /// A histogram in equal bins, stored as f16.
    Histogram {
        /// Lower edge of the first bin.
        lo: f64,
        /// Upper edge of the last bin.
        hi: f64,
        /// Number of bins.
        bins: usize,
    },
}

/// A number or histogram that an observable adds to every sample, with its name and meaning.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Name of the column, e.g. `order_sqrt3`.
    pub name: String,
    /// Name under an axis, e.g. `Φ of √3×√3`.
    pub label: String,
    /// Question about a phase that it answers.
    pub role: Role,
    /// Number or histogram.
    pub shape: Shape,
}

impl Field {
    /// A number that is averaged; its label is its name.
    pub fn column(name: impl Into<String>) -> Field {
        let name = name.into();
        Field { label: name.clone(), name, role: Role::Average, shape: Shape::Number }
    }

    /// A histogram that is stored and no more; its label is its name.
    pub fn histogram(name: impl Into<String>, lo: f64, hi: f64, bins: usize) -> Field {
        Field { shape: Shape::Histogram { lo, hi, bins }, ..Field::column(name) }
    }

    /// The same with a name under an axis.
    pub fn labelled(mut self, label: impl Into<String>) -> Field {
        self.label = label.into();
        self
    }

    /// The same with a role.
    pub fn with_role(mut self, role: Role) -> Field {
        self.role = role;
        self
    }

    /// Size in a sample \[byte\].
    pub fn bytes(&self) -> usize {
        match self.shape {
            Shape::Number => size_of::<f32>(),
            Shape::Histogram { bins, .. } => bins * size_of::<f16>(),
        }
    }
}

/// Values of all observables for one configuration.
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
    /// Name under an axis.
    pub label: String,
    /// Question about a phase that it answers.
    pub role: Role,
    /// `[n_samples]`
    pub values: Vec<f32>,
}

/// A histogram, `bins` values a sample.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Histogram {
    /// Name of the column, e.g. `density_B`.
    pub name: String,
    /// Name under an axis.
    pub label: String,
    /// Question about a phase that it answers.
    pub role: Role,
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
        let values = kept.iter().map(|&i| self.values[i]).collect();
        Column { values, name: self.name.clone(), label: self.label.clone(), role: self.role.clone() }
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
        let (name, label, role) = (self.name.clone(), self.label.clone(), self.role.clone());
        Histogram { values, name, label, role, ..*self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_reads_back_from_its_spelling() {
        for role in [Role::Average, Role::Order("√3×√3".into()), Role::Layer(12), Role::LayerProfile] {
            assert_eq!(role.to_string().parse(), Ok(role));
        }
        for wrong in ["", "order", "order ", "layer", "layer x", "layer_profile 2", "ordered 1×1"] {
            assert_eq!(wrong.parse::<Role>(), Err(()), "`{wrong}`");
        }
    }
}
