//! Numbers and words as they stand in pictures, and how wide they are.

/// Advances of the printable ASCII characters of DejaVu Sans, in thousandths of the font size.
const ADVANCES: [u16; 95] = [
    318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636, 636, 636, 636, 636,
    636, 636, 636, 337, 337, 838, 838, 838, 531, 1000, 684, 686, 698, 770, 632, 575, 775, 752, 295, 295, 656, 557, 863,
    748, 787, 603, 787, 695, 635, 611, 732, 684, 989, 685, 611, 685, 390, 337, 390, 838, 500, 500, 613, 635, 550, 635,
    615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612, 635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636,
    337, 636, 838,
];

/// Size of a subscript, as a share of the size of its text.
pub(crate) const SUBSCRIPT: f64 = 0.72;

/// Width of a text in DejaVu Sans, the font of the PNG and the first choice of the SVG. [px]
pub(crate) fn width(text: &str, size: f64) -> f64 {
    size * text.chars().map(advance).sum::<f64>()
}

fn advance(c: char) -> f64 {
    let thousandths = match c {
        ' '..='~' => ADVANCES[c as usize - 32],
        '⟨' | '⟩' => 390,
        '−' | '≈' | '±' | '×' | '≤' | '≥' => 838,
        'ε' => 541,
        '⁰' | '¹' | '²' | '³' | '⁴' | '⁵' | '⁶' | '⁷' | '⁸' | '⁹' => 401,
        '⁻' => 528,
        _ => 640,
    };
    f64::from(thousandths) / 1000.0
}

/// Splits a label at its subscripts: `k_B` and `C_{VN}` become (`k`, false), (`B`, true).
pub(crate) fn runs(label: &str) -> Vec<(String, bool)> {
    let mut runs: Vec<(String, bool)> = Vec::new();
    let mut rest = label;
    while let Some(at) = rest.find('_') {
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        let braced = after.strip_prefix('{').and_then(|inner| inner.split_once('}'));
        let first = after.chars().next().map_or(0, char::len_utf8);
        let (sub, next) = braced.unwrap_or_else(|| after.split_at(first));
        runs.push((before.to_owned(), false));
        runs.push((sub.to_owned(), true));
        rest = next;
    }
    runs.push((rest.to_owned(), false));
    runs.retain(|(text, _)| !text.is_empty());
    runs
}

/// Width of a label with its subscripts. [px]
pub(crate) fn label_width(label: &str, size: f64) -> f64 {
    runs(label).iter().map(|(text, sub)| width(text, if *sub { SUBSCRIPT * size } else { size })).sum()
}

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

/// Names of curves at states (T, μ of every species), with the decimals that they need.
pub(crate) fn states(states: &[(f64, Vec<f64>)]) -> Vec<String> {
    let of_t = decimals(states.iter().map(|s| s.0), 4);
    let of_mu = decimals(states.iter().flat_map(|s| s.1.iter().copied()), 3);
    let name = |(t, mu): &(f64, Vec<f64>)| {
        let words = std::iter::once(fixed(*t, of_t)).chain(mu.iter().map(|mu| fixed(*mu, of_mu)));
        words.collect::<Vec<_>>().join(", ")
    };
    states.iter().map(name).collect()
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

/// Whether a power of ten is short as a plain number: from 0.001 to 9999.
pub(crate) fn is_short_decimal(exponent: f64) -> bool {
    (-3.0 - 1e-9..4.0 - 1e-9).contains(&exponent)
}

/// A power of ten as a plain number: 0.02, 50.
pub(crate) fn decimal(exponent: f64) -> String {
    let decimals = (3.0 - exponent.floor()).clamp(0.0, 6.0) as usize;
    short(10_f64.powf(exponent), decimals)
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
    fn subscripts_are_split_off() {
        let own = |label| {
            runs(label).into_iter().map(|(t, s)| format!("{t}{}", if s { "*" } else { "" })).collect::<Vec<_>>()
        };
        assert_eq!(own("T [ε/k_B]"), ["T [ε/k", "B*", "]"]);
        assert_eq!(own("C_{VN} [eV/K]"), ["C", "VN*", " [eV/K]"]);
        assert_eq!(own("P(N)"), ["P(N)"]);
        assert!(label_width("k_B", 10.0) < width("kB", 10.0));
    }

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
