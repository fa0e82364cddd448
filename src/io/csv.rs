//! CSV tables: one writer, one reader, one spelling of a number.

use crate::base::Result;
use crate::io::atomic::write_whole;
use serde::de::DeserializeOwned;
use std::path::Path;

/// A CSV table in memory. An empty cell is a value that is not given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Makes an empty table with these columns.
    pub fn new<S: Into<String>>(columns: impl IntoIterator<Item = S>) -> Table {
        Table { columns: columns.into_iter().map(Into::into).collect(), rows: Vec::new() }
    }

    /// Makes an empty table; `<s>` in the name of a column stands for each species in turn.
    pub fn of_species(columns: &[&str], species: &[&str]) -> Table {
        let mut table = Table::new(None::<String>);
        for column in columns {
            match column.contains("<s>") {
                true => table.columns.extend(species.iter().map(|s| column.replace("<s>", s))),
                false => table.columns.push((*column).to_owned()),
            }
        }
        table
    }

    /// Appends columns; before the first row.
    pub fn widen(&mut self, columns: &[String]) {
        assert!(self.rows.is_empty(), "a table is widened before its first row");
        self.columns.extend_from_slice(columns);
    }

    /// Appends a row; it has one cell per column.
    pub fn push<S: Into<String>>(&mut self, row: impl IntoIterator<Item = S>) {
        let row: Vec<String> = row.into_iter().map(Into::into).collect();
        assert_eq!(row.len(), self.columns.len(), "a row has one cell per column of {:?}", self.columns);
        self.rows.push(row);
    }

    /// Names of the columns.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// `[n_rows][n_columns]`
    pub fn rows(&self) -> &[Vec<String>] {
        &self.rows
    }

    /// Returns the numbers of a column, without its empty cells and those that are no numbers; `None` if there is no
    /// such column.
    pub fn numbers_of(&self, column: &str) -> Option<Vec<f64>> {
        let index = self.columns.iter().position(|name| name == column)?;
        Some(self.rows.iter().filter_map(|row| row[index].parse().ok()).collect())
    }

    /// The table as CSV text with a header line.
    pub fn to_csv(&self) -> String {
        let mut text = String::new();
        for row in std::iter::once(&self.columns).chain(&self.rows) {
            for (i, cell) in row.iter().enumerate() {
                if i > 0 {
                    text.push(',');
                }
                if cell.contains([',', '"', '\n', '\r']) {
                    text.push('"');
                    text.push_str(&cell.replace('"', "\"\""));
                    text.push('"');
                } else {
                    text.push_str(cell);
                }
            }
            text.push('\n');
        }
        text
    }

    /// Writes the table to `path`, whole.
    ///
    /// # Errors
    /// [`crate::base::Error::Io`] with the path.
    pub fn write(&self, path: &Path) -> Result<()> {
        write_whole(path, self.to_csv().as_bytes())
    }

    /// Reads the text of a table with a header line.
    ///
    /// # Errors
    /// A row with another number of cells than the header.
    pub fn parse(text: &str) -> std::result::Result<Table, csv::Error> {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let mut table = Table::new(reader.headers()?);
        for record in reader.records() {
            table.push(&record?);
        }
        Ok(table)
    }
}

/// Reads the rows of a table as values with a field per column; an empty cell is `None`.
///
/// # Errors
/// The first row that is not such a value.
pub fn parse_rows<T: DeserializeOwned>(text: &str) -> std::result::Result<Vec<T>, csv::Error> {
    csv::Reader::from_reader(text.as_bytes()).into_deserialize().collect()
}

/// The value of a list that `value` was computed from and differs from by rounding alone, or `value` itself: columns by which rows are
/// grouped hold what the scene gives.
pub fn as_given(value: f64, given: &[f64]) -> f64 {
    const ROUNDING: f64 = 1e-12;
    given.iter().copied().find(|g| (g - value).abs() <= ROUNDING * g.abs()).unwrap_or(value)
}

/// A number as every table spells it: the shortest decimal that reads back to the same bits, with an exponent below 1e-4
/// and from 1e15 on; empty if it is not finite.
pub fn number(value: f64) -> String {
    match value.abs() {
        size if !size.is_finite() => String::new(),
        size if size == 0.0 || (1e-4..1e15).contains(&size) => value.to_string(),
        _ => format!("{value:e}"),
    }
}

/// Several numbers, each as [`number`] spells it.
pub fn numbers(values: &[f64]) -> impl Iterator<Item = String> + '_ {
    values.iter().map(|&value| number(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_taken_off_what_the_scene_gives() {
        let given = [0.1, 76.0, -3.0];
        let of = |value: f64| number(as_given(value, &given));
        assert_eq!(
            [of(0.099_999_999_999_999_91), of(75.999_999_999_999_99), of(-3.000_000_000_000_001)],
            ["0.1", "76", "-3"]
        );
        assert_eq!([of(0.100_001), of(0.0)], ["0.100001", "0"]);
        assert!(as_given(f64::NAN, &given).is_nan());
    }

    #[test]
    fn numbers_read_back_to_the_same_bits_and_nan_is_empty() {
        for x in [0.0, -0.0, 0.1, -1.0 / 3.0, 6.02e23, 5e-324, f64::MAX, 1e15, -1e-4, 300.0] {
            assert_eq!(number(x).parse::<f64>().map(f64::to_bits), Ok(x.to_bits()), "{}", number(x));
        }
        let spelled: Vec<String> = numbers(&[-0.25, 300.0, -0.0, 1e-7, -6e23, f64::NAN, f64::INFINITY]).collect();
        assert_eq!(spelled, ["-0.25", "300", "-0", "1e-7", "-6e23", "", ""]);
    }

    #[test]
    fn a_table_reads_back_as_written() {
        let mut table = Table::of_species(&["state", "n_<s>"], &["A", "B"]);
        table.widen(&["remark".to_owned()]);
        table.push([number(1.0), number(f64::NAN), number(-0.25), "x, \"y\"\nz".into()]);
        table.push(["2", "3", "", ""]);
        let text = table.to_csv();
        assert_eq!(text, "state,n_A,n_B,remark\n1,,-0.25,\"x, \"\"y\"\"\nz\"\n2,3,,\n");
        assert_eq!(Table::parse(&text).ok().as_ref(), Some(&table));
        assert_eq!(table.numbers_of("n_A"), Some(vec![3.0]));
        assert_eq!(table.numbers_of("n_C"), None);
        let rows: Vec<(u32, Option<f64>, Option<f64>, String)> = parse_rows(&text).expect("rows");
        assert_eq!(rows[0], (1, None, Some(-0.25), "x, \"y\"\nz".to_owned()));
        assert!(Table::parse("a,b\n1\n").is_err());
    }
}
