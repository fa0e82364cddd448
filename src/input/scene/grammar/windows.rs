//! Windows of N.

use super::AxisValues;
use serde::de::value::SeqAccessDeserializer;
use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// States in which N of one species is confined between two bounds and made uniform by weights that the run learns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowSpec {
    /// The species.
    pub species: String,
    /// Fewest and most atoms.
    #[serde(alias = "n")]
    pub atoms: (u16, u16),
    /// Temperatures, a state each; unset: those of the grid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<AxisValues>,
    /// One value per axis of `grid.reservoir`; unset: the middle of each axis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Vec<f64>>,
    /// Replicas that sample it at each temperature, each with weights of its own.
    #[serde(default = "super::one_u32")]
    pub replicas: u32,
}

/// Further states, uniform in N between bounds.
#[derive(Debug, Clone, PartialEq)]
pub enum Windows {
    /// As listed.
    List(Vec<WindowSpec>),
    /// In further runs along the first-order lines that are found.
    Auto,
}

impl Windows {
    /// Those that the run itself has.
    pub fn list(&self) -> &[WindowSpec] {
        match self {
            Windows::List(list) => list,
            Windows::Auto => &[],
        }
    }

    /// Whether there are none, and none are to be placed.
    pub fn are_none(&self) -> bool {
        matches!(self, Windows::List(list) if list.is_empty())
    }
}

impl Default for Windows {
    fn default() -> Windows {
        Windows::List(Vec::new())
    }
}

impl Serialize for Windows {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Windows::List(list) => list.serialize(serializer),
            Windows::Auto => serializer.serialize_unit_variant("Windows", 1, "Auto"),
        }
    }
}

impl<'de> Deserialize<'de> for Windows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Windows, D::Error> {
        struct ListOrAuto;

        impl<'de> Visitor<'de> for ListOrAuto {
            type Value = Windows;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of windows, or `Auto`")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Windows, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(seq)).map(Windows::List)
            }

            /// A word: ron does not say which, and the check of the scene looks.
            fn visit_unit<E: de::Error>(self) -> Result<Windows, E> {
                Ok(Windows::Auto)
            }
        }

        deserializer.deserialize_any(ListOrAuto)
    }
}
