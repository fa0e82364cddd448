//! Numbers, lists and ranges on the command line.

use std::str::FromStr;

/// Values that one option may hold.
const MOST: usize = 100_000;

/// One number or a list.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Numbers(pub(crate) Vec<f64>);

/// One number, a list, or FROM:TO:STEP.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Temperatures(pub(crate) Vec<f64>);

/// One number, a list, or FROM:TO:STEP, of any sign.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Range(pub(crate) Vec<f64>);

/// One number, a list, FROM:TO (one a decade) or FROM:TO:N (N a decade).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pressures(pub(crate) Vec<f64>);

/// A list of indices and ranges, such as `0,3,10-20`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Indices(pub(crate) Vec<u32>);

/// A finite number.
pub(crate) fn number(text: &str) -> Result<f64, String> {
    let value = text.trim().parse::<f64>().ok().filter(|x| x.is_finite());
    value.ok_or_else(|| format!("`{text}` is not a finite number"))
}

fn list(text: &str) -> Result<Vec<f64>, String> {
    text.split(',').map(number).collect()
}

fn positive(values: Vec<f64>, what: &str) -> Result<Vec<f64>, String> {
    match values.iter().find(|&&v| v <= 0.0) {
        Some(v) => Err(format!("{what} {v} is not above 0; give a number above 0")),
        None => Ok(values),
    }
}

impl FromStr for Numbers {
    type Err = String;

    fn from_str(text: &str) -> Result<Numbers, String> {
        list(text).map(Numbers)
    }
}

impl FromStr for Indices {
    type Err = String;

    fn from_str(text: &str) -> Result<Indices, String> {
        let mut all = Vec::new();
        for part in text.split(',') {
            let part = part.trim();
            let remedy = || format!("`{part}` is no index; write e.g. 0,3,10-20");
            let (from, to) = part.split_once('-').unwrap_or((part, part));
            let (from, to): (u32, u32) = (from.parse().map_err(|_| remedy())?, to.parse().map_err(|_| remedy())?);
            if from > to || (to - from) as usize > MOST {
                return Err(remedy());
            }
            all.extend(from..=to);
        }
        Ok(Indices(all))
    }
}

/// One number, a list, or FROM:TO:STEP.
///
/// - `example`: of a range, for the remedy
fn range(text: &str, example: &str) -> Result<Vec<f64>, String> {
    let remedy = || format!("`{text}` is no range; write FROM:TO:STEP, e.g. {example}");
    let parts: Vec<&str> = text.split(':').collect();
    match parts[..] {
        [_] => list(text),
        [from, to, step] => {
            let (from, to, step) = (number(from)?, number(to)?, number(step)?);
            if step <= 0.0 || from > to {
                return Err(format!("`{text}` does not rise; write FROM:TO:STEP with a STEP above 0, e.g. {example}"));
            }
            if (to - from) / step > MOST as f64 {
                return Err(format!("`{text}` has more than {MOST} values; take a larger STEP"));
            }
            let steps = ((to - from) / step * (1.0 + 1e-12) + 1e-9).floor() as u32;
            Ok((0..=steps).map(|k| from + f64::from(k) * step).collect())
        }
        _ => Err(remedy()),
    }
}

impl FromStr for Temperatures {
    type Err = String;

    fn from_str(text: &str) -> Result<Temperatures, String> {
        positive(range(text, "100:1500:100")?, "temperature").map(Temperatures)
    }
}

impl FromStr for Range {
    type Err = String;

    fn from_str(text: &str) -> Result<Range, String> {
        range(text, "-7.5:-1:0.1").map(Range)
    }
}

impl FromStr for Pressures {
    type Err = String;

    fn from_str(text: &str) -> Result<Pressures, String> {
        let remedy =
            || format!("`{text}` is no range; write FROM:TO, e.g. 1e-10:1e5, or FROM:TO:N for N values a decade");
        let parts: Vec<&str> = text.split(':').collect();
        let (from, to, per_decade) = match parts[..] {
            [_] => return positive(list(text)?, "pressure").map(Pressures),
            [from, to] => (number(from)?, number(to)?, 1.0),
            [from, to, n] => (number(from)?, number(to)?, number(n)?),
            _ => return Err(remedy()),
        };
        let ends = positive(vec![from, to], "pressure")?;
        let decades = (ends[1] / ends[0]).log10();
        if decades < 0.0 || per_decade < 1.0 || decades * per_decade > MOST as f64 {
            return Err(remedy());
        }
        let n = (decades * per_decade + 1e-9).floor() as u32;
        // Powers of ten as they are written, not by repeated multiplication.
        let exponent = ends[0].log10();
        let clean = |x: f64| format!("{x:.12e}").parse().unwrap_or(x);
        Ok(Pressures((0..=n).map(|k| clean(10_f64.powf(exponent + f64::from(k) / per_decade))).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read() {
        assert_eq!("100:1500:100".parse::<Temperatures>().map(|t| (t.0.len(), t.0[14])), Ok((15, 1500.0)));
        assert_eq!("300,600".parse(), Ok(Temperatures(vec![300.0, 600.0])));
        let decades: Pressures = "1e-10:1e5".parse().unwrap_or(Pressures(Vec::new()));
        assert_eq!((decades.0.len(), decades.0[0], decades.0[10], decades.0[15]), (16, 1e-10, 1.0, 1e5));
        assert_eq!("1:100:2".parse::<Pressures>().map(|p| p.0.len()), Ok(5));
        assert_eq!("-1,2".parse(), Ok(Numbers(vec![-1.0, 2.0])));
        assert_eq!("-1:1:0.01".parse::<Range>().map(|r| (r.0.len(), r.0[0])), Ok((201, -1.0)));
        for bad in ["1:2", "3:1:1", "1:2:0", "a", "", "-1", "0", "inf", "1:1e9:1e-9"] {
            assert!(bad.parse::<Temperatures>().is_err(), "{bad}");
        }
        assert_eq!("0,3, 10-12".parse(), Ok(Indices(vec![0, 3, 10, 11, 12])));
        for bad in ["", "a", "3-1", "-1", "1,,2", "0-4294967295"] {
            assert!(bad.parse::<Indices>().is_err(), "{bad}");
        }
        for bad in ["1e5:1", "0:1", "1:2:3:4", "-1", "1:10:0"] {
            assert!(bad.parse::<Pressures>().is_err(), "{bad}");
        }
    }
}
