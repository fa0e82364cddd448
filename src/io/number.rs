//! Numbers as other programs print them.

/// A finite number: also with a Fortran exponent (`1.5D+02`) or a typographic minus (`−1.5`).
pub fn finite(word: &str) -> Option<f64> {
    let plain = word.trim().replace('\u{2212}', "-");
    let value = plain.parse::<f64>().or_else(|_| plain.replace(['D', 'd'], "e").parse::<f64>()).ok()?;
    value.is_finite().then_some(value)
}

/// Half a unit of the last digit that is printed: `0.054` is good to 0.0005, `1.5D+02` to 5.
pub fn rounding(word: &str) -> f64 {
    let (mantissa, exponent) = word.split_once(['e', 'E', 'd', 'D']).unwrap_or((word, "0"));
    let decimals = mantissa.split_once('.').map_or(0, |(_, decimals)| decimals.trim().len());
    let exponent: i32 = exponent.trim().parse().unwrap_or(0);
    0.5 * 10_f64.powi(exponent - decimals as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_other_programs_are_read() {
        for (word, value) in [("1.5D+02", 150.0), ("-8.683d0", -8.683), ("−0.5", -0.5), ("0.", 0.0), ("1e3", 1e3)] {
            assert_eq!(finite(word), Some(value), "{word}");
        }
        for word in ["", "INFINITE", "inf", "nan", "-", "29,106", "D", "1D2D3", "1e999"] {
            assert_eq!(finite(word), None, "{word}");
        }
    }

    #[test]
    fn the_last_digit_says_how_well_a_number_is_known() {
        for (word, expected) in [("0.054", 5e-4), ("0.", 0.5), ("-12", 0.5), ("1.5D+02", 5.0), ("2.50e-1", 5e-4)] {
            assert!((rounding(word) / expected - 1.0).abs() < 1e-12, "{word}: {}", rounding(word));
        }
    }
}
