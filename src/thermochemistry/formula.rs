//! Chemical formulas: `H2O`, `OOH*`, `D2`.

/// Elements with their numbers, in the order of first appearance.
///
/// Elements are a capital with at most one small letter (D counts as one); digits after them are their number. A `*` is
/// a free site of a surface or the mark of an adsorbate, and counts as an element of its own.
///
/// - returns: `None` if the text is no formula
pub fn parse(text: &str) -> Option<Vec<(String, u32)>> {
    let characters: Vec<char> = text.trim().chars().collect();
    let mut elements: Vec<(String, u32)> = Vec::new();
    let mut at = 0;
    while at < characters.len() {
        let mut name = characters[at].to_string();
        at += 1;
        if name != "*" {
            if !name.chars().all(|c| c.is_ascii_uppercase()) {
                return None;
            }
            if characters.get(at).is_some_and(char::is_ascii_lowercase) {
                name.push(characters[at]);
                at += 1;
            }
        }
        let digits: String = characters[at..].iter().take_while(|c| c.is_ascii_digit()).collect();
        at += digits.len();
        let number = if digits.is_empty() { 1 } else { digits.parse().ok().filter(|&n: &u32| n > 0)? };
        match elements.iter_mut().find(|(e, _)| *e == name) {
            Some((_, n)) => *n += number,
            None => elements.push((name, number)),
        }
    }
    (!elements.is_empty()).then_some(elements)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, u32)> {
        parse(text).unwrap_or_else(|| panic!("{text} is a formula"))
    }

    #[test]
    fn formulas_are_counted() {
        let is = |text, expected: &[(&str, u32)]| {
            assert_eq!(read(text), expected.iter().map(|(e, n)| ((*e).to_owned(), *n)).collect::<Vec<_>>(), "{text}");
        };
        is("H2O", &[("H", 2), ("O", 1)]);
        is("OOH*", &[("O", 2), ("H", 1), ("*", 1)]);
        is("CH3OH", &[("C", 1), ("H", 4), ("O", 1)]);
        is("*", &[("*", 1)]);
        is("Ar", &[("Ar", 1)]);
    }

    #[test]
    fn other_texts_are_not() {
        for text in ["", "h2", "2H", "H0", "H-", "O 2"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
