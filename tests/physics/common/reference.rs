//! Reference numbers of independent codes and quadratures: `tests/data/reference_numbers.json`.

use crate::project::project;
use serde_json::Value;
use std::path::PathBuf;

/// A file under `tests/data`.
pub(crate) fn data(name: &str) -> PathBuf {
    project().join("tests/data").join(name)
}

/// One case of the reference numbers.
pub(crate) fn case(name: &str) -> Value {
    let text = std::fs::read_to_string(data("reference_numbers.json")).expect("tests/data holds the reference numbers");
    let all: Value = serde_json::from_str(&text).expect("the reference numbers are JSON");
    all.get(name).unwrap_or_else(|| panic!("no case `{name}` among the reference numbers")).clone()
}

/// The rows of a list.
pub(crate) fn rows(value: &Value) -> &[Value] {
    value.as_array().expect("a list of rows")
}

/// A number of a row.
pub(crate) fn number(row: &Value, key: &str) -> f64 {
    row[key].as_f64().unwrap_or_else(|| panic!("no number `{key}` in {row}"))
}

/// A list of numbers of a row.
pub(crate) fn numbers(row: &Value, key: &str) -> Vec<f64> {
    rows(&row[key]).iter().map(|x| x.as_f64().expect("a number")).collect()
}
