//! Words of pictures and how wide they are, beside the numbers of [`crate::figures::text`].

pub(crate) use crate::figures::text::*;

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

/// Splits a label at its subscripts: `k_B` and `C_{VN}` become (`k`, false), (`B`, true). Without braces a subscript is one character
/// behind a symbol of one: `Kr_top` is the name of a species.
pub(crate) fn runs(label: &str) -> Vec<(String, bool)> {
    let mut runs: Vec<(String, bool)> = Vec::new();
    let (mut rest, mut from) = (label, 0);
    while let Some(at) = rest[from..].find('_').map(|at| from + at) {
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        let braced = after.strip_prefix('{').and_then(|inner| inner.split_once('}'));
        let Some((sub, next)) = braced.or_else(|| subscript(before, after)) else {
            from = at + 1;
            continue;
        };
        runs.push((before.to_owned(), false));
        runs.push((sub.to_owned(), true));
        (rest, from) = (next, 0);
    }
    runs.push((rest.to_owned(), false));
    runs.retain(|(text, _)| !text.is_empty());
    runs
}

/// The subscript at the start of `after`, and what follows it, where `before` ends in a symbol.
fn subscript<'a>(before: &str, after: &'a str) -> Option<(&'a str, &'a str)> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut back = before.chars().rev();
    let symbol = back.next().is_some_and(char::is_alphabetic) && !back.next().is_some_and(is_word);
    let mut ahead = after.chars();
    let first = ahead.next().filter(|&c| c.is_alphanumeric())?;
    (symbol && !ahead.next().is_some_and(is_word)).then(|| after.split_at(first.len_utf8()))
}

/// Width of a label with its subscripts. [px]
pub(crate) fn label_width(label: &str, size: f64) -> f64 {
    runs(label).iter().map(|(text, sub)| width(text, if *sub { SUBSCRIPT * size } else { size })).sum()
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

/// Whether a power of ten is short as a plain number: from 0.001 to 9999.
pub(crate) fn is_short_decimal(exponent: f64) -> bool {
    (-3.0 - 1e-9..4.0 - 1e-9).contains(&exponent)
}

/// A power of ten as a plain number: 0.02, 50.
pub(crate) fn decimal(exponent: f64) -> String {
    let decimals = (3.0 - exponent.floor()).clamp(0.0, 6.0) as usize;
    short(10_f64.powf(exponent), decimals)
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
        assert_eq!(own("⟨N⟩ of Kr_top, T [ε/k_B]"), ["⟨N⟩ of Kr_top, T [ε/k", "B*", "]"]);
        assert_eq!(own("a_bc A_1x x_ _y z_{q}_t"), ["a_bc A_1x x_ _y z", "q*", "_t"]);
        assert!(label_width("k_B", 10.0) < width("kB", 10.0));
    }
}
