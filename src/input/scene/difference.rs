//! The first difference of two scenes, by its field.

use serde_json::Value;

/// Characters of a value in a message.
const LONGEST: usize = 80;

/// A field in which two trees differ, with what stands there in either.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Difference {
    /// Path of the field, e.g. `dynamics.Baoab.friction`.
    pub(crate) field: String,
    /// Both values in words; `nothing` where a tree does not have the field.
    pub(crate) values: (String, String),
}

impl Difference {
    /// The first difference of two trees of names and values.
    pub(crate) fn first(a: &Value, b: &Value) -> Option<Difference> {
        Difference::below("", a, b)
    }

    fn below(path: &str, a: &Value, b: &Value) -> Option<Difference> {
        let inside = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        match (a, b) {
            (Value::Object(a), Value::Object(b)) => {
                let names: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
                names.into_iter().find_map(|name| match (a.get(name), b.get(name)) {
                    (Some(x), Some(y)) => Difference::below(&inside(name), x, y),
                    (x, y) => Some(Difference { field: inside(name), values: (words(x), words(y)) }),
                })
            }
            (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
                a.iter().zip(b).enumerate().find_map(|(k, (x, y))| Difference::below(&format!("{path}[{k}]"), x, y))
            }
            _ => (a != b).then(|| Difference { field: path.to_owned(), values: (words(Some(a)), words(Some(b))) }),
        }
    }
}

/// A value on one line.
fn words(value: Option<&Value>) -> String {
    let text = match value {
        None | Some(Value::Null) => "nothing".to_owned(),
        Some(value) => value.to_string(),
    };
    if text.chars().count() <= LONGEST { text } else { text.chars().take(LONGEST).chain(['…']).collect() }
}
