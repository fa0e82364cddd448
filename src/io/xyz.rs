//! Extended XYZ: slabs and starting positions in, trajectories out.

use glam::DVec3;
use std::io::Write;
use std::ops::Range;

/// Off-diagonal entries of a lattice, as a part of its largest entry, that are numerical noise.
const LATTICE_NOISE: f64 = 1e-6;

/// One frame of an extended XYZ file, or what another file of atoms says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Frame {
    /// Cell vectors a, b, c as rows \[length\], from `Lattice="…"`.
    pub lattice: Option<[[f64; 3]; 3]>,
    /// Which vectors are periods, from `pbc="…"`.
    pub periodic: Option<[bool; 3]>,
    /// Other `key=value` pairs of the comment line, in order.
    pub info: Vec<(String, String)>,
    /// `[n_atoms]`, chemical symbols. D and T are written as H, with a column `isotope` beside.
    pub symbols: Vec<String>,
    /// `[n_atoms]`, positions \[length\].
    pub positions: Vec<DVec3>,
    /// `[n_atoms]`, whether an atom may move along each axis, where the file says so: `move_mask`, selective dynamics. Not
    /// written.
    pub movable: Option<Vec<[bool; 3]>>,
    /// Further columns, one integer an atom: written by name, not read back.
    pub integers: Vec<(String, Vec<i64>)>,
}

impl Frame {
    /// Periods along x, y and z of an orthogonal lattice [length], or `None` if there is none or it is oblique by more
    /// than a millionth of its largest entry.
    pub fn orthogonal_lengths(&self) -> Option<DVec3> {
        let rows = self.lattice?;
        let longest = rows.iter().flatten().fold(0.0_f64, |m, x| m.max(x.abs()));
        let straight = (0..3).all(|i| (0..3).all(|j| i == j || rows[i][j].abs() <= LATTICE_NOISE * longest));
        straight.then(|| DVec3::new(rows[0][0], rows[1][1], rows[2][2]))
    }
}

/// All frames of a text; at least one.
///
/// # Errors
/// What is wrong, with its line number and the remedy.
pub fn parse(text: &str) -> Result<Vec<Frame>, String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut frames = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        if lines[at].trim().is_empty() {
            at += 1;
            continue;
        }
        let n_atoms: usize = lines[at].trim().parse().map_err(|_| {
            format!("line {}: `{}` is not a number of atoms; start each frame with its count", at + 1, lines[at].trim())
        })?;
        let present = lines.len().saturating_sub(at + 2);
        if present < n_atoms {
            return Err(format!(
                "line {}: announces {n_atoms} atoms but {present} lines follow the comment line; complete the file",
                at + 1
            ));
        }
        let Some(remark) = lines.get(at + 1) else {
            return Err(format!("line {}: the comment line after the number of atoms is missing; add it", at + 1));
        };
        let (mut frame, columns) = comment(remark).map_err(|e| format!("line {}: {e}", at + 2))?;
        for (i, line) in lines[at + 2..at + 2 + n_atoms].iter().enumerate() {
            let (symbol, position, mask) = atom(line, &columns).map_err(|e| format!("line {}: {e}", at + 3 + i))?;
            frame.symbols.push(symbol);
            frame.positions.push(position);
            if let Some(mask) = mask {
                frame.movable.get_or_insert_default().push(mask);
            }
        }
        frames.push(frame);
        at += 2 + n_atoms;
    }
    if frames.is_empty() {
        return Err("holds no frame; give the number of atoms, a comment line and the atoms".to_owned());
    }
    Ok(frames)
}

/// Columns in which an atom's symbol and position start, and those of its mask.
struct Columns {
    symbol: usize,
    /// Of the isotope, where it has a symbol of its own.
    isotope: Option<usize>,
    position: usize,
    mask: Option<Range<usize>>,
    count: usize,
}

/// Reads the comment line of a frame.
fn comment(line: &str) -> Result<(Frame, Columns), String> {
    let mut frame = Frame::default();
    let mut columns = Columns { symbol: 0, isotope: None, position: 1, mask: None, count: 4 };
    for (key, value) in pairs(line) {
        match key.to_ascii_lowercase().as_str() {
            "lattice" => {
                let numbers: Vec<f64> = value.split_whitespace().filter_map(|w| w.parse().ok()).collect();
                let rows = [0, 3, 6].map(|i| numbers.get(i..i + 3).and_then(|r| <[f64; 3]>::try_from(r).ok()));
                let [Some(a), Some(b), Some(c)] = rows else {
                    return Err(format!("Lattice=\"{value}\" is not nine numbers; give the three cell vectors"));
                };
                if numbers.len() != 9 || numbers.iter().any(|x| !x.is_finite()) {
                    return Err(format!("Lattice=\"{value}\" is not nine finite numbers; give the three cell vectors"));
                }
                frame.lattice = Some([a, b, c]);
            }
            "pbc" => {
                let flags: Vec<bool> = value.split_whitespace().map(|w| w.starts_with(['T', 't', '1'])).collect();
                frame.periodic = Some(
                    flags.try_into().map_err(|_| format!("pbc=\"{value}\" is not three flags; write pbc=\"T T F\""))?,
                );
            }
            "properties" => columns = properties(&value)?,
            _ => frame.info.push((key, value)),
        }
    }
    Ok((frame, columns))
}

/// `key=value` pairs; values with blanks stand in quotes, a key alone has the value `T`.
fn pairs(line: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() {
        let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let key = rest[..end].to_owned();
        rest = &rest[end..];
        let Some(after) = rest.strip_prefix('=') else {
            pairs.push((key, "T".to_owned()));
            rest = rest.trim_start();
            continue;
        };
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => closing(quoted).map_or((quoted, ""), |end| (&quoted[..end], &quoted[end + 1..])),
            None => after.split_once(char::is_whitespace).unwrap_or((after, "")),
        };
        pairs.push((key, value.to_owned()));
        rest = next.trim_start();
    }
    pairs
}

/// Byte of the quote that ends a text; one behind a backslash does not.
fn closing(text: &str) -> Option<usize> {
    text.match_indices('"').map(|(at, _)| at).find(|&at| !text[..at].ends_with('\\'))
}

/// Reads `species:S:1:pos:R:3:…`.
fn properties(value: &str) -> Result<Columns, String> {
    let words: Vec<&str> = value.split(':').collect();
    let (mut symbol, mut isotope, mut position, mut mask, mut count) = (None, None, None, None, 0);
    for triple in words.chunks(3) {
        let [name, _kind, width] = triple else {
            return Err(format!("Properties={value} is not a list of name:type:columns; complete it"));
        };
        let width: usize = width
            .parse()
            .map_err(|_| format!("Properties={value}: `{width}` is not a number of columns; correct it"))?;
        match *name {
            "species" | "element" => symbol = Some(count),
            ISOTOPE if width == 1 => isotope = Some(count),
            "pos" if width == 3 => position = Some(count),
            "move_mask" if width == 1 || width == 3 => mask = Some(count..count + width),
            "move_mask" => return Err(format!("Properties={value}: `move_mask` has one column or three; correct it")),
            _ => {}
        }
        count = usize::saturating_add(count, width);
    }
    match (symbol, position) {
        (Some(symbol), Some(position)) => Ok(Columns { symbol, isotope, position, mask, count }),
        _ => Err(format!("Properties={value} lacks `species:S:1` or `pos:R:3`; add them")),
    }
}

/// Symbol, position, and whether it may move along each axis if the file says so.
type Atom = (String, DVec3, Option<[bool; 3]>);

/// Reads one atom.
fn atom(line: &str, columns: &Columns) -> Result<Atom, String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    if words.len() < columns.count {
        return Err(format!("`{}` has {} columns, not {}; complete it", line.trim(), words.len(), columns.count));
    }
    let mut position = [0.0; 3];
    for (x, word) in position.iter_mut().zip(&words[columns.position..]) {
        *x = match word.parse() {
            Ok(x) if f64::is_finite(x) => x,
            _ => return Err(format!("`{word}` is not a finite coordinate; correct it")),
        };
    }
    let mask = match columns.mask.as_ref().map(|c| &words[c.clone()]) {
        None => None,
        Some([all]) => Some([flag(all)?; 3]),
        Some(each) => {
            let mut mask = [false; 3];
            for (m, word) in mask.iter_mut().zip(each) {
                *m = flag(word)?;
            }
            Some(mask)
        }
    };
    Ok((words[columns.isotope.unwrap_or(columns.symbol)].to_owned(), DVec3::from(position), mask))
}

/// Reads T, F and what else programs write for true and false, Fortran's `.TRUE.` among them.
pub(super) fn flag(word: &str) -> Result<bool, String> {
    match word.trim_matches('.').to_ascii_lowercase().as_str() {
        "t" | "true" | "1" => Ok(true),
        "f" | "false" | "0" => Ok(false),
        _ => Err(format!("`{word}` does not say whether the atom moves; write T or F")),
    }
}

/// Column of the symbols of isotopes, of frames that have any.
const ISOTOPE: &str = "isotope";

/// The element of a symbol: other programs do not know D and T.
fn element(symbol: &str) -> &str {
    if ["D", "T"].contains(&symbol) { "H" } else { symbol }
}

/// Writes one frame; positions with the shortest digits that read back exactly.
///
/// # Errors
/// Those of the writer.
pub fn write(out: &mut impl Write, frame: &Frame) -> std::io::Result<()> {
    writeln!(out, "{}", frame.positions.len())?;
    let mut words = Vec::new();
    if let Some(rows) = frame.lattice {
        let numbers: Vec<String> = rows.iter().flatten().map(f64::to_string).collect();
        words.push(format!("Lattice=\"{}\"", numbers.join(" ")));
    }
    let has_isotopes = frame.symbols.iter().any(|symbol| element(symbol) != symbol);
    let isotopes = if has_isotopes { format!(":{ISOTOPE}:S:1") } else { String::new() };
    let further: String = frame.integers.iter().map(|(name, _)| format!(":{name}:I:1")).collect();
    words.push(format!("Properties=species:S:1:pos:R:3{isotopes}{further}"));
    if let Some(flags) = frame.periodic {
        words.push(format!("pbc=\"{}\"", flags.map(|p| if p { "T" } else { "F" }).join(" ")));
    }
    for (key, value) in &frame.info {
        let quote = if value.is_empty() || value.contains(char::is_whitespace) { "\"" } else { "" };
        words.push(format!("{key}={quote}{value}{quote}"));
    }
    writeln!(out, "{}", words.join(" "))?;
    for (i, (symbol, r)) in frame.symbols.iter().zip(&frame.positions).enumerate() {
        write!(out, "{} {} {} {}", element(symbol), r.x, r.y, r.z)?;
        if has_isotopes {
            write!(out, " {symbol}")?;
        }
        for (_, column) in &frame.integers {
            write!(out, " {}", column[i])?;
        }
        writeln!(out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn isotopes_are_hydrogen_to_others_and_themselves_to_us() {
        let symbols = ["Si", "D", "H", "T"].map(str::to_owned).to_vec();
        let positions = (0..4).map(|i| DVec3::splat(f64::from(i))).collect();
        let integers = vec![("ghost".to_owned(), vec![0, 0, 1, 0])];
        let frame = Frame { symbols, positions, integers, ..Frame::default() };
        let mut out = Vec::new();
        write(&mut out, &frame).expect("written");
        let text = String::from_utf8(out).expect("text");
        assert!(text.contains("species:S:1:pos:R:3:isotope:S:1:ghost:I:1"), "{text}");
        assert_eq!(
            text.lines().skip(2).collect::<Vec<_>>(),
            ["Si 0 0 0 Si 0", "H 1 1 1 D 0", "H 2 2 2 H 1", "H 3 3 3 T 0"]
        );
        assert_eq!(parse(&text).expect("read")[0].symbols, frame.symbols);
        // Without isotopes there is no such column.
        let mut out = Vec::new();
        write(&mut out, &Frame { symbols: vec!["H".into(); 4], ..frame }).expect("written");
        assert!(!String::from_utf8(out).expect("text").contains("isotope"));
    }

    #[test]
    fn a_frame_reads_back_as_written() {
        let frame = Frame {
            lattice: Some([[6.6, 0.0, 0.0], [0.0, 5.7157676649773, 0.0], [0.0, 0.0, 20.0]]),
            periodic: Some([true, true, false]),
            info: vec![("cycle".into(), "12".into()), ("note".into(), "two words".into())],
            symbols: vec!["Cu".into(), "Ar".into()],
            positions: vec![DVec3::new(0.1, -0.2, 1.0 / 3.0), DVec3::new(1e-9, 5.0, 2.0)],
            movable: None,
            integers: Vec::new(),
        };
        let mut out = Vec::new();
        write(&mut out, &frame).expect("writing to memory");
        let flagged = Frame { integers: vec![("ghost".into(), vec![0, 1])], ..frame.clone() };
        write(&mut out, &flagged).expect("writing to memory");
        let text = String::from_utf8(out).expect("text");
        assert!(text.contains("Properties=species:S:1:pos:R:3:ghost:I:1 ") && text.ends_with("Ar 0.000000001 5 2 1\n"));
        assert_eq!(parse(&text), Ok(vec![frame.clone(), frame]));
    }

    #[test]
    fn columns_follow_the_properties() {
        let text =
            "2\nProperties=tags:I:1:pos:R:3:species:S:1 Lattice=\"4 0 0 0 5 0 0 0 6\" KE=1\n0 1 2 3 H\n1 4 5 6 He\n";
        let frame = &parse(text).expect("a valid text")[0];
        assert_eq!(frame.symbols, ["H", "He"]);
        assert_eq!(frame.positions[1], DVec3::new(4.0, 5.0, 6.0));
        assert_eq!(frame.orthogonal_lengths(), Some(DVec3::new(4.0, 5.0, 6.0)));
        assert_eq!(frame.info, [("KE".to_owned(), "1".to_owned())]);
    }

    #[test]
    fn an_oblique_lattice_is_not_orthogonal_and_noise_is_not_oblique() {
        let lengths = |tilt: &str| {
            let text = format!("1\nLattice=\"4 0 0 {tilt} 16.6 0 0 0 6\"\nH 0 0 0\n");
            parse(&text).expect("a valid text")[0].orthogonal_lengths()
        };
        assert_eq!((lengths("1"), lengths("-2e-5")), (None, None));
        assert_eq!(lengths("3e-7"), Some(DVec3::new(4.0, 16.6, 6.0)));
        assert_eq!(lengths("-1.6e-5"), Some(DVec3::new(4.0, 16.6, 6.0)));
    }

    #[test]
    fn masks_say_what_moves() {
        let of = |columns: &str, masks: [&str; 2]| {
            let text = format!(
                "2\nnote=\"_JSON {{\\\"0\\\": \\\"T\\\"}}\" Properties=species:S:1:pos:R:3:move_mask:{columns}:tags:I:1\n\
                 H 0 0 0 {} 7\nH 1 0 0 {} 7\n",
                masks[0], masks[1]
            );
            parse(&text).map(|mut frames| {
                assert_eq!(frames[0].info.len(), 1, "{:?}", frames[0].info);
                frames.remove(0).movable
            })
        };
        assert_eq!(of("L:1", ["F", "T"]), Ok(Some(vec![[false; 3], [true; 3]])));
        assert_eq!(of("I:1", ["1", "0"]), Ok(Some(vec![[true; 3], [false; 3]])));
        assert_eq!(
            of("L:3", ["T T F", "False True .FALSE."]),
            Ok(Some(vec![[true, true, false], [false, true, false]]))
        );
        assert!(of("L:1", ["F", "2"]).is_err_and(|e| e.starts_with("line 4: `2` does not say whether")));
        assert!(of("L:2", ["F F", "F F"]).is_err_and(|e| e.contains("one column or three")));
    }

    #[test]
    fn faults_name_their_line() {
        for (text, line) in [
            ("x\n\n", "line 1"),
            ("2\n\nH 0 0 0\n", "line 1"),
            ("1\nLattice=\"1 2\"\nH 0 0 0\n", "line 2"),
            ("1\n\nH 0 nan 0\n", "line 3"),
            ("1\n\nH 0 0\n", "line 3"),
            ("0", "line 1"),
            ("", "no frame"),
        ] {
            let problem = parse(text).expect_err(text);
            assert!(problem.contains(line), "{problem}");
        }
    }
}
