//! POSCAR and CONTCAR, the files of atoms that VASP 4 to 6 read and write.
//!
//! Source: VASP wiki, POSCAR (2025). What follows the positions (velocities, predictor and corrector) is not read.

use super::number::finite;
use super::xyz::{Frame, flag};
use glam::{DMat3, DVec3};

/// What went wrong, with its line number and the remedy.
type Fault = String;

/// The lines of a file, one after the other.
struct Lines<'a> {
    lines: Vec<&'a str>,
    at: usize,
}

impl<'a> Lines<'a> {
    /// The next line and its number from 1.
    ///
    /// - `what`: what it should hold
    fn next(&mut self, what: &str) -> Result<(usize, &'a str), Fault> {
        let line = self.lines.get(self.at).copied();
        self.at += 1;
        line.map(|l| (self.at, l)).ok_or_else(|| format!("ends before {what}; complete the file"))
    }

    /// Three numbers at the start of the next line.
    fn vector(&mut self, what: &str) -> Result<(usize, DVec3, &'a str), Fault> {
        let (at, line) = self.next(what)?;
        let mut vector = DVec3::ZERO;
        let mut words = line.split_whitespace();
        for axis in 0..3 {
            let word = words
                .next()
                .ok_or_else(|| format!("line {at}: `{}` where {what} belongs; give three numbers", line.trim()))?;
            vector[axis] = finite(word)
                .ok_or_else(|| format!("line {at}: `{word}` in {what} is not a finite number; correct it"))?;
        }
        Ok((at, vector, line))
    }
}

/// Words of a line before a comment.
fn words(line: &str) -> Vec<&str> {
    let end = line.find(['!', '#']).unwrap_or(line.len());
    line[..end].split_whitespace().collect()
}

/// Whether a text has the shape of a POSCAR: a scale and three vectors follow its first line.
pub(super) fn is_poscar(text: &str) -> bool {
    let lines: Vec<&str> = text.lines().take(5).collect();
    let leading = |line: &str| line.split_whitespace().map_while(finite).count();
    lines.len() == 5 && leading(lines[1]) >= 1 && lines[2..].iter().all(|l| leading(l) >= 3)
}

/// The atoms of a text: vectors and positions with the scale applied, positions Cartesian and not wrapped.
///
/// # Errors
/// What is wrong, with its line number and the remedy.
pub(super) fn parse(text: &str) -> Result<Frame, Fault> {
    let mut lines = Lines { lines: text.lines().collect(), at: 0 };
    let (_, title) = lines.next("its title")?;
    let (at, line) = lines.next("the scale in line 2")?;
    let scales: Vec<f64> = line.split_whitespace().map_while(finite).collect();
    let mut rows = [DVec3::ZERO; 3];
    for (row, name) in rows.iter_mut().zip(["a", "b", "c"]) {
        *row = lines.vector(&format!("the cell vector {name}"))?.1;
    }
    let scale = scale(&scales, &rows).ok_or_else(|| {
        format!("line {at}: `{}` is no scale; give one number that is not 0, or three above 0", line.trim())
    })?;
    let lattice = rows.map(|row| row * scale);
    if !lattice.iter().all(|row| row.is_finite()) {
        return Err(format!(
            "line {at}: the cell vectors times `{}` are too long to be numbers; correct them",
            line.trim()
        ));
    }

    let symbols = elements(&mut lines, title)?;
    let (mut at, mut mode) = lines.next("`Direct` or `Cartesian`")?;
    let selective = mode.trim_start().starts_with(['s', 'S']);
    if selective {
        (at, mode) = lines.next("`Direct` or `Cartesian`")?;
    }
    let cartesian = match mode.trim_start().chars().next() {
        Some('c' | 'C' | 'k' | 'K') => true,
        Some('d' | 'D') => false,
        _ => {
            return Err(format!("line {at}: `{}` is neither `Direct` nor `Cartesian`; say which", mode.trim()));
        }
    };
    let mut frame =
        Frame { lattice: Some(lattice.map(|row| row.to_array())), periodic: Some([true; 3]), ..Frame::default() };
    let mut movable = Vec::new();
    for k in 1..=symbols.len() {
        let (at, r, line) = lines.vector(&format!("the position of atom {k} of {}", symbols.len()))?;
        let columns = DMat3::from_cols(lattice[0], lattice[1], lattice[2]);
        let position = if cartesian { r * scale } else { columns * r };
        if !position.is_finite() {
            return Err(format!("line {at}: `{}` is too far away to be a number; correct it", line.trim()));
        }
        frame.positions.push(position);
        if selective {
            movable.push(flags(line).map_err(|e| format!("line {at}: {e}"))?);
        }
    }
    // Velocities begin with a blank line or a mode.
    if let Some(line) = lines.lines.get(lines.at).filter(|l| l.split_whitespace().map_while(finite).count() >= 3) {
        return Err(format!(
            "line {}: `{}` is a position behind the {} atoms that are announced; correct the numbers of atoms",
            lines.at + 1,
            line.trim(),
            symbols.len()
        ));
    }
    frame.symbols = symbols;
    frame.movable = selective.then_some(movable);
    Ok(frame)
}

/// Factors along x, y and z that line 2 stands for: one for all, one for each, or a volume with a minus sign.
fn scale(numbers: &[f64], rows: &[DVec3; 3]) -> Option<DVec3> {
    let volume = rows[0].cross(rows[1]).dot(rows[2]).abs();
    let scale = match *numbers {
        [s] if s > 0.0 => DVec3::splat(s),
        [s] if s < 0.0 => DVec3::splat((-s / volume).cbrt()),
        [x, y, z] if x > 0.0 && y > 0.0 && z > 0.0 => DVec3::new(x, y, z),
        _ => return None,
    };
    scale.is_finite().then_some(scale)
}

/// Most atoms of one file: more than a slab may have.
const MOST_ATOMS: usize = 100_000_000;

/// The element of every atom. VASP 4 leaves out the line of symbols, and programs then write them as the title.
fn elements(lines: &mut Lines<'_>, title: &str) -> Result<Vec<String>, Fault> {
    let (mut at, mut line) = lines.next("the numbers of atoms")?;
    let is_count = |word: &&str| word.bytes().all(|b| b.is_ascii_digit());
    let symbols: Vec<&str> = if words(line).first().is_some_and(is_count) {
        let named = words(title);
        let is_symbol = |w: &&str| {
            w.len() <= 2
                && w.starts_with(|c: char| c.is_ascii_uppercase())
                && w.chars().skip(1).all(|c| c.is_ascii_lowercase())
        };
        if named.len() != words(line).len() || !named.iter().all(is_symbol) {
            return Err(format!(
                "line {at}: the numbers of atoms `{}` follow the cell, and nothing says of which elements; add a line with \
                 their symbols before it, e.g. `Pt`",
                line.trim()
            ));
        }
        named
    } else {
        // Of a potential's name, `Pt_pv` or `Pt/5f3c2a1b`, the element is what comes first.
        let named = words(line).into_iter().map(|w| w.split(['_', '/']).next().unwrap_or(w)).collect();
        (at, line) = lines.next("the numbers of atoms")?;
        named
    };
    let counts: Option<Vec<usize>> = words(line).iter().map(|w| w.parse().ok().filter(|&n| n <= MOST_ATOMS)).collect();
    let Some(counts) = counts.filter(|c| c.len() == symbols.len() && !c.is_empty()) else {
        return Err(format!(
            "line {at}: `{}` does not give the numbers of atoms of {}; give one for each",
            line.trim(),
            symbols.join(", ")
        ));
    };
    let (n, present) = (counts.iter().sum::<usize>(), lines.lines.len().saturating_sub(lines.at));
    if n > present {
        return Err(format!("line {at}: announces {n} atoms, but {present} lines follow it; complete the file"));
    }
    Ok(symbols.iter().zip(&counts).flat_map(|(s, &n)| std::iter::repeat_n((*s).to_owned(), n)).collect())
}

/// Flags of selective dynamics, behind a position.
fn flags(line: &str) -> Result<[bool; 3], Fault> {
    let mut flags = [false; 3];
    let mut words = line.split_whitespace().skip(3);
    for f in &mut flags {
        let word = words.next().ok_or_else(|| format!("`{}` has fewer than three flags; add T or F", line.trim()))?;
        *f = flag(word)?;
    }
    Ok(flags)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two atoms in a cell of 4 × 5 × 6.
    fn text(scale: &str, elements: &str, positions: &str) -> String {
        format!("Cu Ar\n{scale}\n 2.0 0 0\n 0 2.5 0\n 0 0 3.0\n{elements}\n{positions}\n")
    }

    const POSITIONS: &str = "Direct\n0.5 0.5 0.5\n-0.25 1.25 0.0";

    #[test]
    fn every_version_of_the_file_says_the_same() {
        let expected = Frame {
            lattice: Some([[4.0, 0.0, 0.0], [0.0, 5.0, 0.0], [0.0, 0.0, 6.0]]),
            periodic: Some([true; 3]),
            symbols: vec!["Cu".into(), "Ar".into()],
            positions: vec![DVec3::new(2.0, 2.5, 3.0), DVec3::new(-1.0, 6.25, 0.0)],
            ..Frame::default()
        };
        let velocities = format!("{POSITIONS}\n\n 0.1 0.2 0.3\n 0 0 0\n");
        let cartesian = "cart\n 1.0 1.25 1.5\n -0.5 3.125 0.0\n\n";
        for text in [
            text("2.0", "Cu Ar\n1 1", POSITIONS),
            text("  2.0d0 ! a comment", " Cu_pv\tAr/a1b2c3\n  1  1 ! counts", POSITIONS),
            text("2.0", "1 1", POSITIONS),
            text("2.0 2.0 2.0", "Cu Ar\n1 1", POSITIONS),
            text("2", "Cu Ar\n1 1", &velocities),
            text("2.0", "Cu Ar\n1 1", cartesian),
            text("2.0", "Cu Ar\n1 1", cartesian).replace('\n', "\r\n"),
        ] {
            assert!(is_poscar(&text), "{text}");
            assert_eq!(parse(&text).as_ref(), Ok(&expected), "{text}");
        }
        // −120 is the volume of the same cell
        let by_volume = parse(&text("-120.0", "Cu Ar\n1 1", POSITIONS)).expect("a volume");
        assert!((by_volume.positions[0] - expected.positions[0]).length() < 1e-14);
        assert!((by_volume.lattice.expect("a lattice")[1][1] - 5.0).abs() < 1e-14);
        let each = parse(&text("2.0 1.0 3.0", "Cu Ar\n1 1", cartesian)).expect("three scales");
        assert_eq!(each.orthogonal_lengths(), Some(DVec3::new(4.0, 2.5, 9.0)));
        assert_eq!(each.positions[0], DVec3::new(2.0, 1.25, 4.5));
    }

    #[test]
    fn direct_positions_follow_oblique_vectors() {
        let text = "t\n1\n2 0 0\n1 2 0\n0 0 3\nH\n1\nD\n0.5 0.5 0.5\n";
        assert_eq!(parse(text).expect("a file").positions, [DVec3::new(1.5, 1.0, 1.5)]);
    }

    #[test]
    fn selective_dynamics_say_what_moves() {
        let positions = "Selective dynamics\nDirect\n0.5 0.5 0.5 T T .FALSE.\n0 0 0 F F F Ar2";
        let frame = parse(&text("1", "Cu Ar\n1 1", positions)).expect("a file");
        assert_eq!(frame.movable, Some(vec![[true, true, false], [false; 3]]));
        assert_eq!(parse(&text("1", "Cu Ar\n1 1", POSITIONS)).expect("a file").movable, None);
    }

    #[test]
    fn faults_name_their_line() {
        let good = "Cu Ar\n1 1";
        for (text, words) in [
            (text("0", good, POSITIONS), "line 2: `0` is no scale; give one number"),
            (text("1 2", good, POSITIONS), "line 2: `1 2` is no scale"),
            (text("-1", good, POSITIONS).replace("2.5", "0"), "line 2: `-1` is no scale"),
            (text("1", good, POSITIONS).replace("0 2.5 0", "0 2.5"), "line 4: `0 2.5` where the cell vector b belongs"),
            (text("1", good, POSITIONS).replace("3.0", "inf"), "line 5: `inf` in the cell vector c is not a finite"),
            (
                text("1", "2 1", POSITIONS).replace("Cu Ar", "my slab"),
                "line 6: the numbers of atoms `2 1` follow the cell",
            ),
            (text("1", "Cu Ar\n2", POSITIONS), "line 7: `2` does not give the numbers of atoms of Cu, Ar"),
            (text("1", "Cu Ar\n1 x", POSITIONS), "line 7: `1 x` does not give"),
            (text("1", "Cu Ar\n1 99999999999999", POSITIONS), "line 7: `1 99999999999999` does not give"),
            (text("1", "Cu Ar\n1 7000000", POSITIONS), "line 7: announces 7000001 atoms, but 3 lines follow it"),
            (text("1", "Cu Ar\n1 3", &format!("{POSITIONS}\n\n")), "line 11: `` where the position of atom 3 of 4"),
            (text("1", "Cu\n1", POSITIONS), "line 10: `-0.25 1.25 0.0` is a position behind the 1 atoms"),
            (text("1", good, "0.5 0.5 0.5\n0 0 0"), "line 8: `0.5 0.5 0.5` is neither `Direct` nor `Cartesian`"),
            (text("1", good, "S\nD\n0.5 0.5 0.5 T T\n0 0 0 T T T"), "line 10: `0.5 0.5 0.5 T T` has fewer than three"),
            (text("1", good, "S\nD\n0.5 0.5 0.5 T T ?\n0 0 0 T T T"), "line 10: `?` does not say whether"),
            ("a\n1.0\n".to_owned(), "ends before the cell vector a"),
            (String::new(), "ends before its title"),
        ] {
            let problem = parse(&text).expect_err(words);
            assert!(problem.contains(words), "{problem}");
        }
    }

    #[test]
    fn what_overflows_is_refused_with_its_line() {
        let file = |cell: &str, x: &str| format!("Pt\n10\n {cell} 0 0\n 0 4 0\n 0 0 9\nPt\n1\nDirect\n {x} -{x} 0.5\n");
        assert!(parse(&file("4", "0.5")).is_ok());
        let error = parse(&file("1e308", "0.5")).expect_err("a cell without end");
        assert!(error.contains("line 2") && error.contains("too long"), "{error}");
        let error = parse(&file("4", "1e308")).expect_err("an atom without place");
        assert!(error.contains("line 9") && error.contains("too far away"), "{error}");
    }
}
