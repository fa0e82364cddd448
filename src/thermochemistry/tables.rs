//! Thermal functions from tables: NIST-JANAF, and Shomate polynomials.
//!
//! Both give functions at the standard pressure of 1 bar relative to 298.15 K; here they are turned to the 0 K molecule.

use super::contribution::Contribution;
use crate::base::units::ELECTRONVOLT_J_PER_MOL;
use crate::base::{Error, Result};
use serde::{Deserialize, Serialize};

/// Reference temperature of the tables. \[K\]
pub const REFERENCE_TEMPERATURE: f64 = 298.15;

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
    /// are not read), separated by tabs or blanks, with or without a header. Only T, the fourth and the fifth are used.
    ///
    /// # Errors
    /// What is wrong, with its line number and the remedy.
    pub fn parse(text: &str) -> std::result::Result<Janaf, String> {
        let mut rows: Vec<JanafRow> = Vec::new();
        let mut at_zero = None;
        let mut last = f64::NEG_INFINITY;
        for (i, line) in text.lines().enumerate() {
            let words: Vec<&str> = line.split_whitespace().collect();
            // Headers and comments do not start with a number.
            let Some(temperature) = words.first().and_then(|w| w.parse::<f64>().ok()) else {
                let harmless = rows.is_empty() && at_zero.is_none() || line.trim().is_empty() || line.starts_with('#');
                if harmless {
                    continue;
                }
                return Err(format!("line {}: `{}` does not start with a temperature; remove it", i + 1, line.trim()));
            };
            if temperature <= last {
                let message = "the table must ascend; sort its rows";
                return Err(format!("line {}: temperature {temperature} K follows {last} K; {message}", i + 1));
            }
            last = temperature;
            let number = |k: usize, name: &str| -> std::result::Result<f64, String> {
                let word = words.get(k).copied().unwrap_or("");
                word.parse().ok().filter(|x: &f64| x.is_finite()).ok_or_else(|| {
                    format!("line {}: column {} ({name}) is `{word}`, not a number; complete the row", i + 1, k + 1)
                })
            };
            let enthalpy = number(4, "H-H(Tr), kJ/mol")?;
            if temperature == 0.0 {
                at_zero = Some(enthalpy);
                continue;
            }
            rows.push(JanafRow { temperature, gef: number(3, "-[G-H(Tr)]/T, J/(mol K)")?, enthalpy });
        }
        let Some(enthalpy_at_zero) = at_zero else {
            return Err("there is no row at 0 K, so nothing says where the 0 K molecule lies; add it (T = 0 with \
                        H-H(Tr) in the fifth column)"
                .to_owned());
        };
        if rows.len() < 2 {
            return Err(format!("{} rows above 0 K; give at least two", rows.len()));
        }
        if let Some(pair) = rows.windows(2).find(|w| w[1].enthalpy <= w[0].enthalpy) {
            return Err(format!(
                "H-H(Tr) falls from {} at {} K to {} at {} K; an enthalpy rises with temperature: correct the table",
                pair[0].enthalpy, pair[0].temperature, pair[1].enthalpy, pair[1].temperature
            ));
        }
        Ok(Janaf { enthalpy_at_zero, rows })
    }

    /// Lowest and highest temperature. [K]
    pub fn range(&self) -> (f64, f64) {
        (self.rows[0].temperature, self.rows[self.rows.len() - 1].temperature)
    }

    /// μ and h at 1 bar, the 0 K molecule as zero.
    ///
    /// Between rows −[G − H(Tr)]/T is the cubic with the slopes (H − H(Tr))/T² that thermodynamics gives it, and H
    /// follows from that cubic, so that h = ∂(βμ)/∂β holds exactly.
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
        let slope = |r: JanafRow| 1e3 * r.enthalpy / (r.temperature * r.temperature);
        let width = b.temperature - a.temperature;
        let x = (temperature - a.temperature) / width;
        let (rise, from, to) = (b.gef - a.gef, slope(a) * width, slope(b) * width);
        // Hermite: value and derivative
        let (c2, c3) = (3.0 * rise - 2.0 * from - to, from + to - 2.0 * rise);
        let gef = a.gef + x * (from + x * (c2 + x * c3));
        let gef_slope = (from + x * (2.0 * c2 + 3.0 * x * c3)) / width;
        let per_molecule = 1.0 / ELECTRONVOLT_J_PER_MOL;
        let from_zero = -1e3 * self.enthalpy_at_zero;
        Ok(Contribution {
            mu: (from_zero - temperature * gef) * per_molecule,
            h: (from_zero + temperature * temperature * gef_slope) * per_molecule,
        })
    }
}

/// One range of Shomate coefficients, as NIST gives them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShomateRange {
    /// Lowest temperature. \[K\]
    pub from: f64,
    /// Highest temperature. \[K\]
    pub to: f64,
    /// A … H: Cp = A + Bt + Ct² + Dt³ + E/t² [J/(mol K)], t = T/1000 K; F and H in kJ/mol, G in J/(mol K).
    pub coefficients: [f64; 8],
}

/// Shomate polynomials over adjoining ranges.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shomate {
    /// H(298.15 K) − H(0). [kJ/mol]
    pub enthalpy_298: f64,
    /// Ascending ranges.
    pub ranges: Vec<ShomateRange>,
}

impl Shomate {
    /// Lowest and highest temperature. [K]
    pub fn range(&self) -> (f64, f64) {
        let lo = self.ranges.iter().map(|r| r.from).fold(f64::INFINITY, f64::min);
        (lo, self.ranges.iter().map(|r| r.to).fold(f64::NEG_INFINITY, f64::max))
    }

    /// μ and h at 1 bar, the 0 K molecule as zero.
    ///
    /// # Errors
    /// [`Error::OutsideTable`] outside the ranges.
    pub fn at(&self, name: &str, temperature: f64) -> Result<Contribution> {
        let Some(range) = self.ranges.iter().find(|r| (r.from..=r.to).contains(&temperature)) else {
            let (lo, hi) = self.range();
            return Err(outside(name, temperature, lo, hi));
        };
        let [a, b, c, d, e, f, g, h_ref] = range.coefficients;
        let t = temperature / 1000.0;
        let above_298 = t * (a + t * (b / 2.0 + t * (c / 3.0 + t * d / 4.0))) - e / t + f - h_ref;
        let entropy = a * t.ln() + t * (b + t * (c / 2.0 + t * d / 3.0)) - e / (2.0 * t * t) + g;
        let h = 1e3 * (above_298 + self.enthalpy_298) / ELECTRONVOLT_J_PER_MOL;
        Ok(Contribution { mu: h - temperature * entropy / ELECTRONVOLT_J_PER_MOL, h })
    }
}

fn outside(name: &str, temperature: f64, lo: f64, hi: f64) -> Error {
    Error::OutsideTable { table: name.to_owned(), temperature, lowest: lo, highest: hi }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "T\tCp\tS\tgef\tH\n0\t0.\t0.\tINFINITE\t-8.683\n100\t29.106\t173.307\t231.094\t-5.779\n\
                        200\t29.126\t193.485\t207.823\t-2.868\n298.15\t29.376\t205.147\t205.147\t0.\n";

    #[test]
    fn a_table_is_read_and_interpolated() {
        let table = Janaf::parse(GOOD).unwrap_or_else(|e| panic!("{e}"));
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
    fn broken_tables_are_refused_with_the_line() {
        let swapped = GOOD.replace("\n200\t", "\n90\t");
        let short = GOOD.replace("207.823\t-2.868", "207.823");
        let falling = GOOD.replace("-2.868", "-6.868");
        let headless = GOOD.replace("0\t0.\t0.\tINFINITE\t-8.683\n", "");
        for (text, words) in [
            (&swapped, "line 4: temperature 90 K follows 100 K; the table must ascend; sort its rows"),
            (&short, "line 4: column 5 (H-H(Tr), kJ/mol) is ``, not a number"),
            (&falling, "H-H(Tr) falls from -5.779 at 100 K to -6.868 at 200 K"),
            (&headless, "there is no row at 0 K"),
        ] {
            let problem = Janaf::parse(text).expect_err(words);
            assert!(problem.contains(words), "{problem}");
        }
    }
}
