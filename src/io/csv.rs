//! The numbers behind a figure.

/// A CSV table: exactly what its figure shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Column names.
    pub columns: Vec<String>,
    /// `[n_rows][n_columns]`
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table with these columns.
    pub fn new<S: Into<String>>(columns: impl IntoIterator<Item = S>) -> Table {
        Table { columns: columns.into_iter().map(Into::into).collect(), rows: Vec::new() }
    }

    /// Appends a row; it must have one entry per column.
    pub fn push(&mut self, row: Vec<String>) {
        assert_eq!(row.len(), self.columns.len(), "a row has one entry per column");
        self.rows.push(row);
    }

    /// The table as CSV text with a header line.
    pub fn to_csv(&self) -> String {
        let mut text = String::new();
        for row in std::iter::once(&self.columns).chain(&self.rows) {
            for (i, field) in row.iter().enumerate() {
                if i > 0 {
                    text.push(',');
                }
                if field.contains([',', '"', '\n']) {
                    text.push('"');
                    text.push_str(&field.replace('"', "\"\""));
                    text.push('"');
                } else {
                    text.push_str(field);
                }
            }
            text.push('\n');
        }
        text
    }
}

/// A number as it stands in a CSV file: shortest form that reads back the same, empty if it is not finite.
pub(crate) fn number(value: f64) -> String {
    if value.is_finite() { format!("{value}") } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_with_commas_are_quoted_and_missing_numbers_are_empty() {
        let mut table = Table::new(["a", "b"]);
        table.push(vec![number(f64::NAN), "x, \"y\"".into()]);
        table.push(vec![number(-0.25), String::new()]);
        assert_eq!(table.to_csv(), "a,b\n,\"x, \"\"y\"\"\"\n-0.25,\n");
    }
}
