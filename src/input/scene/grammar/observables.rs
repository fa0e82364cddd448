//! What is evaluated while sampling.

use serde::{Deserialize, Serialize};

/// The first adsorbed layer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirstLayer {
    /// Its atoms lie below this z \[length\].
    pub z_max: f64,
}
