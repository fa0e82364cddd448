//! Thermal functions from tables in the form of NIST-JANAF.
//!
//! A table gives functions at the standard pressure of 1 bar relative to a reference temperature (298.15 K); here they are
//! turned to the 0 K molecule. Its columns say some things twice, and a table that contradicts itself is refused.

use super::contribution::Contribution;
use crate::base::units::{BOLTZMANN_EV, ELECTRONVOLT_J_PER_MOL};
use crate::base::{Error, Result};
use crate::io::number::{finite, rounding};
use serde::{Deserialize, Serialize};

/// A row of a NIST-JANAF table.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct JanafRow {
    /// \[K\]
    pub temperature: f64,
    /// −[G − H(Tr)]/T [J/(mol K)]
    pub gef: f64,
    /// H − H(Tr) [kJ/mol]
    pub enthalpy: f64,
}

/// A table in the form of NIST-JANAF.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Janaf {
    /// H(0) − H(Tr): the row at 0 K. [kJ/mol]
    pub enthalpy_at_zero: f64,
    /// Ascending temperatures above 0.
    pub rows: Vec<JanafRow>,
}

impl Janaf {
    /// Reads the text of a table: the columns T, Cp, S, −[G−H(Tr)]/T and H−H(Tr) as NIST publishes them (further columns
    /// are not read), separated by tabs or blanks. A header that names T, S, −[G−H(Tr)]/T and H−H(Tr) says where they
    /// stand. Rows that hold a temperature alone, and a row that is repeated, are passed over.
    ///
    /// What is checked within the digits that are printed: S = −[G−H(Tr)]/T + (H−H(Tr))/T in every row; a heat content
    /// from 0 K of at least 5/2 RT, which translation alone has; d(−[G−H(Tr)]/T) = (H−H(Tr))/T² dT from row to row, by
    /// bounds that hold because H rises.
    ///
    /// # Errors
    /// What is wrong, with its line number and the remedy.
    pub fn parse(text: &str) -> std::result::Result<Janaf, String> {
        let mut columns = Columns::NIST;
        let mut zero: Option<Printed> = None;
        let mut rows: Vec<Printed> = Vec::new();
        for (i, line) in text.lines().enumerate() {
            let number = i + 1;
            let cells = columns.cells(line);
            let Some(temperature) = cells.first().and_then(|w| finite(w)) else {
                separators(number, line)?;
                let harmless = rows.is_empty() && zero.is_none() || line.trim().is_empty() || line.starts_with('#');
                if !harmless {
                    let line = line.trim();
                    return Err(format!("line {number}: `{line}` does not start with a temperature; remove it"));
                }
                columns = Columns::named(line).unwrap_or(columns);
                continue;
            };
            if let Some(word) = ["<-->", "TRANSITION"].iter().find(|w| line.contains(**w)) {
                return Err(format!(
                    "line {number}: `{word}` marks a change of phase, so the table is none of a gas alone; take that of \
                     the gas"
                ));
            }
            if cells.iter().skip(1).all(|w| w.is_empty()) {
                continue;
            }
            if temperature < 0.0 {
                return Err(format!("line {number}: temperature {temperature} is below 0 K; give kelvins"));
            }
            let row = Printed::read(number, temperature, &cells)?;
            let last = rows.last().or(zero.as_ref());
            if last.is_some_and(|l| l.same(&row)) {
                continue;
            }
            if let Some(l) = last.filter(|l| temperature <= l.temperature) {
                return Err(format!(
                    "line {number}: temperature {temperature} K follows {} K; the table must ascend; sort its rows",
                    l.temperature
                ));
            }
            match temperature {
                0.0 => zero = Some(row),
                _ => rows.push(row),
            }
        }
        let Some(zero) = zero else {
            return Err(
                "there is no row at 0 K (or it is empty), so nothing says where the 0 K molecule lies; add it \
                        (T = 0 with H-H(Tr) in the fifth column)"
                    .to_owned(),
            );
        };
        if rows.len() < 2 {
            return Err(format!("{} rows above 0 K; give at least two", rows.len()));
        }
        agree(&zero, &rows)?;
        let plain = |r: &Printed| JanafRow { temperature: r.temperature, gef: r.gef.value, enthalpy: r.enthalpy.value };
        Ok(Janaf { enthalpy_at_zero: zero.enthalpy.value, rows: rows.iter().map(plain).collect() })
    }

    /// Entropy of a row at 1 bar. [J/(mol K)]
    pub fn entropy(row: &JanafRow) -> f64 {
        row.gef + 1e3 * row.enthalpy / row.temperature
    }

    /// Lowest and highest temperature. [K]
    pub fn range(&self) -> (f64, f64) {
        (self.rows[0].temperature, self.rows[self.rows.len() - 1].temperature)
    }

    /// μ and h at 1 bar, the 0 K molecule as zero.
    ///
    /// Between rows −[G − H(Tr)]/T is the cubic in ln T with the slopes (H − H(Tr))/T that thermodynamics gives it, and H
    /// follows from that cubic, so that h = ∂(βμ)/∂β holds exactly. Of O₂ between rows at 100 and 200 K it is off by at most
    /// 0.05 meV (a cubic in T by 1.2 meV).
    ///
    /// # Errors
    /// [`Error::OutsideTable`] outside the table.
    pub fn at(&self, name: &str, temperature: f64) -> Result<Contribution> {
        let (lo, hi) = self.range();
        if !(lo..=hi).contains(&temperature) {
            return Err(outside(name, temperature, lo, hi));
        }
        let after = self.rows.partition_point(|r| r.temperature <= temperature).clamp(1, self.rows.len() - 1);
        let (a, b) = (self.rows[after - 1], self.rows[after]);
        // by ln T
        let slope = |r: JanafRow| 1e3 * r.enthalpy / r.temperature;
        let width = (b.temperature / a.temperature).ln();
        let x = (temperature / a.temperature).ln() / width;
        let (rise, from, to) = (b.gef - a.gef, slope(a) * width, slope(b) * width);
        // Hermite: value and derivative
        let (c2, c3) = (3.0 * rise - 2.0 * from - to, from + to - 2.0 * rise);
        let gef = a.gef + x * (from + x * (c2 + x * c3));
        let gef_slope = (from + x * (2.0 * c2 + 3.0 * x * c3)) / width;
        let per_molecule = 1.0 / ELECTRONVOLT_J_PER_MOL;
        let from_zero = -1e3 * self.enthalpy_at_zero;
        Ok(Contribution {
            mu: (from_zero - temperature * gef) * per_molecule,
            h: (from_zero + temperature * gef_slope) * per_molecule,
        })
    }
}

pub(super) fn outside(name: &str, temperature: f64, lo: f64, hi: f64) -> Error {
    Error::OutsideTable { table: name.to_owned(), temperature, lowest: lo, highest: hi }
}

/// Where the columns stand: T, S, −[G−H(Tr)]/T, H−H(Tr).
#[derive(Debug, Clone, Copy)]
struct Columns([usize; 4]);

impl Columns {
    const NIST: Columns = Columns([0, 2, 3, 4]);

    /// The columns that a header names; `None` if it does not name them all.
    fn named(line: &str) -> Option<Columns> {
        let words: Vec<&str> = if line.contains('\t') { line.split('\t').collect() } else { line.split(' ').collect() };
        let names: Vec<String> = words.iter().map(|w| w.trim().to_lowercase()).filter(|w| !w.is_empty()).collect();
        let bare = |name: &str| name.split(['(', '[', '/', ',', '°']).next().unwrap_or("").to_owned();
        let place = |is: &dyn Fn(&str) -> bool| names.iter().position(|n| is(n));
        Some(Columns([
            place(&|n| bare(n) == "t")?,
            place(&|n| bare(n) == "s")?,
            place(&|n| n.starts_with("-[g") || n.starts_with("-(g"))?,
            place(&|n| n.starts_with("h-h"))?,
        ]))
    }

    /// The words of a line in these columns, empty where there are none.
    fn cells<'l>(&self, line: &'l str) -> [&'l str; 4] {
        let at = |words: &[&'l str]| self.0.map(|k| words.get(k).map_or("", |w| w.trim()));
        let tabbed = at(&line.split('\t').collect::<Vec<_>>());
        if tabbed.iter().all(|w| !w.is_empty() && !w.contains(' ')) {
            return tabbed;
        }
        at(&line.split_whitespace().collect::<Vec<_>>())
    }
}

/// Refuses a row of numbers whose columns are separated by commas or semicolons, or whose decimals are.
fn separators(number: usize, line: &str) -> std::result::Result<(), String> {
    let decimal = |w: &str| w.contains(',') && finite(&w.replacen(',', ".", 1)).is_some();
    if line.split_whitespace().count() >= 4 && line.split_whitespace().next().is_some_and(decimal) {
        return Err(format!("line {number}: `{}` has decimal commas; write decimal points", line.trim()));
    }
    for (separator, name) in [(',', "commas"), (';', "semicolons")] {
        let mut cells = line.split(separator).map(|w| w.trim().trim_matches('"'));
        if cells.clone().count() >= 5 && cells.next().is_some_and(|w| finite(w).is_some()) {
            return Err(format!("line {number}: the columns are separated by {name}; separate them by tabs or blanks"));
        }
    }
    Ok(())
}

/// A number with half a unit of its last printed digit.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Number {
    value: f64,
    rounding: f64,
}

/// A row as it is printed.
#[derive(Debug, Clone)]
struct Printed {
    /// Number of its line.
    line: usize,
    /// [K]
    temperature: f64,
    /// [J/(mol K)]
    entropy: Number,
    /// [J/(mol K)]
    gef: Number,
    /// [kJ/mol]
    enthalpy: Number,
}

impl Printed {
    fn read(line: usize, temperature: f64, cells: &[&str; 4]) -> std::result::Result<Printed, String> {
        let number = |k: usize, name: &str| -> std::result::Result<Number, String> {
            let word = cells[k];
            let value = finite(word).ok_or_else(|| {
                let remedy = match word.contains(',') {
                    true => "write decimal points, and tabs or blanks between columns",
                    false => "complete the row",
                };
                format!("line {line}: the column {name} is `{word}`, not a number; {remedy}")
            })?;
            Ok(Number { value, rounding: rounding(word) })
        };
        let enthalpy = number(3, "H-H(Tr), kJ/mol")?;
        // At 0 K nothing else is read: −[G − H(Tr)]/T is infinite there.
        let unknown = Number { value: f64::INFINITY, rounding: 0.0 };
        let (entropy, gef) = match temperature {
            0.0 => (unknown, unknown),
            _ => (number(1, "S, J/(mol K)")?, number(2, "-[G-H(Tr)]/T, J/(mol K)")?),
        };
        Ok(Printed { line, temperature, entropy, gef, enthalpy })
    }

    /// Whether it is the same row once more.
    fn same(&self, other: &Printed) -> bool {
        let numbers = |r: &Printed| [r.temperature, r.entropy.value, r.gef.value, r.enthalpy.value];
        numbers(self) == numbers(other)
    }
}

/// Part by which a sum of printed numbers may be off beyond their rounding.
const SLACK: f64 = 1.05;
/// What −[G−H(Tr)]/T may be off from row to row; published tables of metal vapours are by 0.004. [J/(mol K)]
const STEP_TOL: f64 = 0.02;

/// Refuses a table whose columns contradict each other.
fn agree(zero: &Printed, rows: &[Printed]) -> std::result::Result<(), String> {
    for row in rows {
        entropy_agrees(row)?;
    }
    for row in rows {
        heat_content_is_that_of_a_gas(zero, row)?;
    }
    for pair in rows.windows(2) {
        steps_agree(&pair[0], &pair[1])?;
    }
    Ok(())
}

/// S = −[G−H(Tr)]/T + (H−H(Tr))/T.
fn entropy_agrees(row: &Printed) -> std::result::Result<(), String> {
    let (t, s, g, h) = (row.temperature, row.entropy.value, row.gef.value, row.enthalpy.value);
    let sum = g + 1e3 * h / t;
    let tol = SLACK * (row.entropy.rounding + row.gef.rounding + 1e3 * row.enthalpy.rounding / t) + 1e-6 * s.abs();
    if (s - sum).abs() <= tol {
        return Ok(());
    }
    let remedy = if h != 0.0 && (s - g - h / t).abs() <= tol {
        "H-H(Tr) looks like J/mol: give kJ/mol"
    } else if h != 0.0 && (g - s - 1e3 * h / t).abs() <= tol {
        "exchange S and -[G-H(Tr)]/T"
    } else {
        "one of the three is wrong: correct the row"
    };
    Err(format!(
        "line {}: at {t} K the columns contradict each other: S is {s}, but -[G-H(Tr)]/T + (H-H(Tr))/T is {g} + 1000 · \
         {h} / {t} = {sum:.3} J/(mol K); {remedy}",
        row.line
    ))
}

/// H(T) − H(0) ≥ 5/2 RT.
fn heat_content_is_that_of_a_gas(zero: &Printed, row: &Printed) -> std::result::Result<(), String> {
    let least = 2.5e-3 * BOLTZMANN_EV * ELECTRONVOLT_J_PER_MOL * row.temperature;
    let (from, to) = (zero.enthalpy, row.enthalpy);
    let content = to.value - from.value;
    if content >= least * (1.0 - 2e-5) - SLACK * (from.rounding + to.rounding) {
        return Ok(());
    }
    let remedy = if content > 0.0 && 4.184 * content >= least {
        "are these kcal/mol? Give kJ/mol and J/(mol K)"
    } else {
        "correct the row at 0 K (or this one), or take the table of the gas if this is one of a solid or liquid"
    };
    Err(format!(
        "line {}: H-H(Tr) is {} kJ/mol at 0 K and {} at {} K (line {}): a heat content of {content:.3} kJ/mol, but every \
         gas has at least 5/2 RT = {least:.3}; {remedy}",
        zero.line, from.value, to.value, row.temperature, row.line
    ))
}

/// H rises, and −[G−H(Tr)]/T changes by ∫ (H−H(Tr))/T² dT, which lies between what H at either end gives.
fn steps_agree(a: &Printed, b: &Printed) -> std::result::Result<(), String> {
    let (ta, tb) = (a.temperature, b.temperature);
    if b.enthalpy.value <= a.enthalpy.value {
        return Err(format!(
            "line {}: H-H(Tr) falls from {} at {ta} K to {} at {tb} K; an enthalpy rises with temperature: correct the table",
            b.line, a.enthalpy.value, b.enthalpy.value
        ));
    }
    let width = 1e3 * (1.0 / ta - 1.0 / tb);
    let step = b.gef.value - a.gef.value;
    let (least, most) = (a.enthalpy.value * width, b.enthalpy.value * width);
    let tol =
        STEP_TOL + SLACK * (a.gef.rounding + b.gef.rounding + width * a.enthalpy.rounding.max(b.enthalpy.rounding));
    if (least - tol..=most + tol).contains(&step) {
        return Ok(());
    }
    Err(format!(
        "line {}: -[G-H(Tr)]/T changes by {step:.3} J/(mol K) from {ta} K (line {}) to {tb} K, but H-H(Tr) of these rows \
         ({} and {} kJ/mol) allows {least:.3} to {most:.3}; correct one of the two rows",
        b.line, a.line, a.enthalpy.value, b.enthalpy.value
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "T\tCp\tS\tgef\tH\n0\t0.\t0.\tINFINITE\t-8.683\n100\t29.106\t173.307\t231.094\t-5.779\n\
                        200\t29.126\t193.485\t207.823\t-2.868\n298.15\t29.376\t205.147\t205.147\t0.\n";

    fn read(text: &str) -> Janaf {
        Janaf::parse(text).unwrap_or_else(|e| panic!("{e}: {text}"))
    }

    #[test]
    fn a_table_is_read_and_interpolated() {
        let table = read(GOOD);
        assert_eq!(table.range(), (100.0, 298.15));
        let at = |t| table.at("O2", t).unwrap_or_else(|e| panic!("{e}"));
        assert!((at(298.15).mu - (8683.0 - 298.15 * 205.147) / 96_485.332_12).abs() < 1e-8);
        assert!((at(298.15).h - 8683.0 / 96_485.332_12).abs() < 1e-8);
        // h = ∂(βμ)/∂β between rows as well
        let (t, step) = (151.0, 0.01);
        let slope = (at(t + step).mu / (t + step) - at(t - step).mu / (t - step)) / (2.0 * step);
        assert!((-slope * t * t - at(t).h).abs() < 1e-7);
        assert!(table.at("O2", 99.0).is_err() && table.at("O2", 300.0).is_err());
    }

    #[test]
    fn the_same_table_is_read_however_it_is_written() {
        let fortran = GOOD.replace("-5.779", "-0.5779D+01").replace("-2.868", "−2.868");
        let blanks = GOOD.replace('\t', "   ");
        let repeated = GOOD.replace("298.15\t29.376", "298.15\t29.376\t205.147\t205.147\t0.\n298.15\t29.376");
        let noted =
            GOOD.replace("\n100\t", "\n50\t\t\t\t\n# a remark\n100\t").replace("0.\n", "0.\tFUGACITY = 1 bar\n");
        let mut other = "H-H(Tr)\tCp\t-[G-H(Tr)]/T\tS\tT(K)\n".to_owned();
        for line in GOOD.lines().skip(1) {
            let w: Vec<&str> = line.split('\t').collect();
            other += &[w[4], w[1], w[3], w[2], w[0]].join("\t");
            other.push('\n');
        }
        for text in [fortran, blanks, repeated, noted, other] {
            assert_eq!(read(&text), read(GOOD), "{text}");
        }
        // Relative to 0 K instead of 298.15 K: H − H(0) is 0 at 0 K, and the functions are the same.
        let mut absolute = "0\t0.\t0.\tINFINITE\t0.\n".to_owned();
        for row in &read(GOOD).rows {
            let (t, h) = (row.temperature, row.enthalpy + 8.683);
            let gef = row.gef - 8683.0 / t;
            absolute += &format!("{t}\t29\t{:.3}\t{gef:.3}\t{h:.3}\n", Janaf::entropy(row));
        }
        let mu = |table: &Janaf| table.at("O2", 200.0).map_or(f64::NAN, |c| c.mu);
        assert!((mu(&read(&absolute)) - mu(&read(GOOD))).abs() < 1e-5);
    }

    #[test]
    fn broken_tables_are_refused_with_the_line() {
        let with = |old: &str, new: &str| {
            assert!(GOOD.contains(old), "{old}");
            GOOD.replace(old, new)
        };
        for (text, words) in [
            (with("\n200\t", "\n90\t"), "line 4: temperature 90 K follows 100 K; the table must ascend; sort its rows"),
            (with("207.823\t-2.868", "207.823"), "line 4: the column H-H(Tr), kJ/mol is ``, not a number"),
            (with("193.485", "193,485"), "the column S, J/(mol K) is `193,485`, not a number; write decimal points"),
            (with("0\t0.\t0.\tINFINITE\t-8.683\n", ""), "there is no row at 0 K"),
            (with("-8.683", ""), "line 2: the column H-H(Tr), kJ/mol is ``"),
            (with("193.485", "193.458"), "line 4: at 200 K the columns contradict each other: S is 193.458, but"),
            (with("-2.868", "-2868"), "H-H(Tr) looks like J/mol: give kJ/mol"),
            (with("193.485\t207.823", "207.823\t193.485"), "exchange S and -[G-H(Tr)]/T"),
            (
                with("-8.683", "0."),
                "line 2: H-H(Tr) is 0 kJ/mol at 0 K and -5.779 at 100 K (line 3): a heat content of -5.779 kJ/mol, but \
                 every gas has at least 5/2 RT = 2.079; correct the row at 0 K",
            ),
            // both S and −[G−H(Tr)]/T of one row are off alike
            (
                with("193.485\t207.823", "193.985\t208.323")
                    .replace("231.094", "211.094")
                    .replace("173.307", "153.307"),
                "line 4: -[G-H(Tr)]/T changes by -2.771 J/(mol K) from 100 K (line 3) to 200 K, but H-H(Tr) of these rows",
            ),
            (
                with("193.485\t207.823\t-2.868", "173.485\t207.823\t-6.868"),
                "is -8.683 kJ/mol at 0 K and -6.868 at 200 K (line 4): a heat content of 1.815 kJ/mol",
            ),
            (with("0\t0.\t0.", "-273\t0.\t0."), "line 2: temperature -273 is below 0 K; give kelvins"),
            (with("\t0.\n", "\t0.\tCRYSTAL <--> LIQUID\n"), "line 5: `<-->` marks a change of phase"),
            (GOOD.replace('\t', ","), "line 2: the columns are separated by commas; separate them by tabs or blanks"),
            (GOOD.replace('\t', ";"), "line 2: the columns are separated by semicolons"),
            (with("0\t0.\t0.", "0,0\t0.\t0."), "has decimal commas; write decimal points"),
        ] {
            let problem = Janaf::parse(&text).expect_err(words);
            assert!(problem.contains(words), "{problem}\n{words}");
        }
    }

    #[test]
    fn calories_are_no_joules() {
        let mut text = String::new();
        for line in GOOD.lines().skip(1) {
            let calories = |w: &str| finite(w).map_or(w.to_owned(), |x| format!("{:.3}", x / 4.184));
            let words: Vec<&str> = line.split('\t').collect();
            let turned: Vec<String> = words[1..].iter().map(|w| calories(w)).collect();
            text += &format!("{}\t{}\n", words[0], turned.join("\t"));
        }
        let problem = Janaf::parse(&text).expect_err("calories");
        assert!(problem.contains("are these kcal/mol? Give kJ/mol and J/(mol K)"), "{problem}");
    }
}
