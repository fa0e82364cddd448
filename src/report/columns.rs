//! Text for a terminal: columns, lines that are broken, choices of rows.

/// Right-aligned columns, with notes (if any) after a rule.
pub(crate) fn aligned(rows: &[Vec<String>], notes: &[String]) -> String {
    let widths = widths(rows);
    let mut out = String::new();
    for (i, row) in rows.iter().enumerate() {
        let fields: Vec<String> = row.iter().zip(&widths).map(|(field, width)| format!("{field:>width$}")).collect();
        let mut line = format!("  {}", fields.join("  "));
        if let Some(note) = notes.get(i) {
            line.push_str(&format!("  | {note}"));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// Characters of the widest field of each column.
fn widths(rows: &[Vec<String>]) -> Vec<usize> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widest = |c: usize| rows.iter().filter_map(|r| r.get(c)).map(|f| f.chars().count()).max().unwrap_or(0);
    (0..columns).map(widest).collect()
}

/// Characters of a line of [`aligned`] without notes.
pub(crate) fn width(rows: &[Vec<String>]) -> usize {
    widths(rows).iter().map(|w| w + 2).sum()
}

/// Breaks a line at its blanks so that none is longer than `width` characters, if words allow; what follows the first is
/// indented. A number stays with its sign of per cent, and a mark between two things with the first.
pub(crate) fn broken(line: &str, width: usize, indent: usize) -> String {
    if line.chars().count() <= width {
        return line.to_owned();
    }
    let (mut out, mut column) = (String::new(), 0);
    let mut gap = 0;
    let mut rest = line.split(' ').peekable();
    while let Some(word) = rest.next() {
        if word.is_empty() {
            gap += 1;
            continue;
        }
        let mut word = word.to_owned();
        while let Some(mark) = rest.next_if(|next| !next.is_empty() && !next.contains(|c: char| c.is_alphanumeric())) {
            word = format!("{word} {mark}");
        }
        let length = word.chars().count();
        if column + gap + length > width && column > indent {
            out.push('\n');
            (column, gap) = (0, indent);
        }
        out.push_str(&" ".repeat(gap));
        out.push_str(&word);
        column += gap + length;
        gap = 1;
    }
    out
}

/// At most `most` of `0..n`, evenly spread, the ends included.
pub(crate) fn spread(n: usize, most: usize) -> Vec<usize> {
    if n <= most || most < 2 {
        return (0..n.min(most.max(1))).collect();
    }
    (0..most).map(|i| (i * (n - 1) + (most - 1) / 2) / (most - 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_spread_with_both_ends() {
        assert_eq!(spread(3, 5), vec![0, 1, 2]);
        assert_eq!(spread(14, 4), vec![0, 4, 9, 13]);
        assert_eq!(spread(5, 1), vec![0]);
    }

    #[test]
    fn columns_are_aligned_by_characters() {
        let rows = vec![vec!["T".to_owned(), "−1".to_owned()], vec!["0.24".to_owned(), "12.0±0.1".to_owned()]];
        let text = aligned(&rows, &["μ'".to_owned(), String::new()]);
        assert_eq!(text, "     T        −1  | μ'\n  0.24  12.0±0.1  |\n");
        assert_eq!(width(&rows), 16);
    }

    #[test]
    fn lines_are_broken_at_blanks() {
        assert_eq!(broken("ok as it is", 20, 2), "ok as it is");
        assert_eq!(broken("   one two three", 10, 5), "   one two\n     three");
        assert_eq!(broken("name   one two", 11, 7), "name   one\n       two");
        assert_eq!(broken("moves 19 % · 7", 9, 2), "moves\n  19 % ·\n  7");
        assert_eq!(broken("averyveryverylongword it", 8, 1), "averyveryverylongword\n it");
    }
}
