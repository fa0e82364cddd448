//! Numbers as they stand in pictures, in pages and in terminals.

/// The decimals that all of `values` need, at most `most`.
pub(crate) fn decimals(values: impl Iterator<Item = f64>, most: usize) -> usize {
    values
        .map(|v| {
            let whole = |d: &usize| {
                let scaled = v * 10_f64.powi(*d as i32);
                (scaled - scaled.round()).abs() < 1e-6
            };
            (0..most).find(whole).unwrap_or(most)
        })
        .max()
        .unwrap_or(0)
}

/// A number with at most `decimals` decimals, trailing zeros dropped, with a true minus sign.
pub(crate) fn short(value: f64, decimals: usize) -> String {
    let mut text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
    }
    minus(if text == "-0" { "0".into() } else { text })
}

/// A number with exactly `decimals` decimals and a true minus sign.
pub(crate) fn fixed(value: f64, decimals: usize) -> String {
    // -0.00 reads as an error
    let text = format!("{value:.decimals$}");
    let negative_zero = text.starts_with('-') && text.bytes().all(|b| matches!(b, b'-' | b'0' | b'.'));
    minus(if negative_zero { text[1..].to_owned() } else { text })
}

/// 10^exponent, with superscripts; `2.5×10⁻³` if the exponent is not an integer.
pub(crate) fn power_of_ten(exponent: f64) -> String {
    let mut whole = exponent.floor();
    let mut factor = 10_f64.powf(exponent - whole);
    if factor > 9.95 {
        (whole, factor) = (whole + 1.0, 1.0);
    }
    let tens = match whole as i64 {
        0 => String::new(),
        w => format!("10{}", superscript(w)),
    };
    if (factor - 1.0).abs() < 0.01 {
        if tens.is_empty() { "1".into() } else { tens }
    } else if tens.is_empty() {
        short(factor, 1)
    } else {
        format!("{}×{tens}", short(factor, 1))
    }
}

fn superscript(value: i64) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let digits = value.unsigned_abs().to_string().bytes().map(|b| DIGITS[usize::from(b - b'0')]).collect::<String>();
    if value < 0 { format!("⁻{digits}") } else { digits }
}

fn minus(text: String) -> String {
    match text.strip_prefix('-') {
        Some(rest) => format!("−{rest}"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_those_of_the_finest_value() {
        assert_eq!(decimals([0.24, 0.3, 0.36].into_iter(), 4), 2);
        assert_eq!(decimals([300.0, 400.0].into_iter(), 4), 0);
        assert_eq!(decimals([1.0 / 3.0].into_iter(), 3), 3);
    }

    #[test]
    fn numbers_read_as_in_print() {
        assert_eq!(short(-6.2000, 3), "−6.2");
        assert_eq!(short(0.24, 3), "0.24");
        assert_eq!(short(300.0, 3), "300");
        assert_eq!(short(-0.0001, 2), "0");
        assert_eq!(fixed(-0.001, 2), "0.00");
        assert_eq!(fixed(-7.5, 1), "−7.5");
        assert_eq!(power_of_ten(-3.0), "10⁻³");
        assert_eq!(power_of_ten(0.0), "1");
        assert_eq!(power_of_ten(-2.0 + 2.5_f64.log10()), "2.5×10⁻²");
        assert_eq!(power_of_ten(2.0_f64.log10()), "2");
    }
}
