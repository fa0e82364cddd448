//! Sections of a table's file, as LAMMPS' `pair_write` writes and `pair_style table` reads them.

/// Relative difference between a row's distance and the one that R or RSQ says.
const DISTANCE_TOL: f64 = 1e-3;

/// A section of a table's file: u and −u'(r) at rising distances.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// The first and the last distance [length]
    pub(super) ends: (f64, f64),
    /// du'/dr of the first and the last row with the sign of a force, where the file gives them [energy/length²]
    pub(super) slopes: Option<(f64, f64)>,
    /// Distances [length]
    pub(super) r: Vec<f64>,
    /// u [energy]
    pub(super) energy: Vec<f64>,
    /// −u'(r) [energy/length]
    pub(super) force: Vec<f64>,
}

/// The lines of a file, each with its number, from 1, and without its comment.
type Lines<'a> = Box<dyn Iterator<Item = (usize, &'a str)> + 'a>;

/// What the line behind a keyword says.
struct Parameters {
    n: usize,
    /// R or RSQ, lo and hi
    rule: Option<(bool, f64, f64)>,
    slopes: Option<(f64, f64)>,
}

impl Section {
    /// Finds a section in the text of a file.
    ///
    /// # Errors
    /// What is wrong, with its line and a remedy.
    ///
    /// # Source
    /// The format of LAMMPS' `pair_style table` and `pair_write`.
    pub fn find(text: &str, keyword: &str) -> Result<Section, String> {
        let lines = text.lines().enumerate().map(|(k, line)| (k + 1, line.split('#').next().unwrap_or("").trim()));
        let (mut lines, mut known): (Lines<'_>, _) = (Box::new(lines), Vec::new());
        while let Some((at, line)) = lines.find(|(_, line)| !line.is_empty()) {
            let name = line.split_whitespace().next().unwrap_or("");
            let parameters = Parameters::read(&mut lines, at, name)?;
            match lines.next() {
                Some((at, line)) if !line.is_empty() => {
                    return Err(format!("line {at}: `{line}` where a blank line belongs; insert one before the rows"));
                }
                _ => {}
            }
            if name == keyword {
                return Section::rows(&mut lines, name, &parameters);
            }
            known.push(format!("`{name}`"));
            // rows of another section
            lines.by_ref().filter(|(_, line)| !line.is_empty()).take(parameters.n).for_each(drop);
        }
        let known = if known.is_empty() { "it has none".to_owned() } else { format!("it has {}", known.join(", ")) };
        Err(format!("there is no section `{keyword}`; {known}"))
    }

    fn rows(lines: &mut Lines<'_>, name: &str, parameters: &Parameters) -> Result<Section, String> {
        let (n, mut r) = (parameters.n, Vec::new());
        let (mut energy, mut force) = (Vec::new(), Vec::new());
        for (at, line) in lines.by_ref().filter(|(_, line)| !line.is_empty()).take(n) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [index, numbers @ ..] = &words[..] else { continue };
            if index.parse::<u64>().is_err() || numbers.len() != 3 {
                return Err(format!(
                    "line {at}: `{line}` is no row; give a whole number, the distance, the energy and the force (section \
                     `{name}` has N {n})"
                ));
            }
            let [distance, u, f] = [0, 1, 2].map(|k| number(at, numbers[k]));
            let (distance, k) = (distance?, r.len());
            let wanted = parameters.rule.map_or(distance, |rule| at_row(rule, k, n));
            if (distance - wanted).abs() > DISTANCE_TOL * wanted {
                return Err(format!(
                    "line {at}: the distance {distance} is that of no row: R or RSQ says {wanted:.6}; correct either"
                ));
            }
            if wanted <= r.last().copied().unwrap_or(0.0) {
                return Err(format!("line {at}: the distance {wanted} does not rise; give distances above 0 in order"));
            }
            r.push(wanted);
            energy.push(u?);
            force.push(f?);
        }
        if let Some((at, line)) = lines.by_ref().find(|(_, line)| !line.is_empty()) {
            let words: Vec<&str> = line.split_whitespace().collect();
            if words.len() == 4 && words[0].parse::<u64>().is_ok() && words[1..].iter().all(|w| number(at, w).is_ok()) {
                return Err(format!("line {at}: `{line}` is a row behind the N {n} of section `{name}`; correct N"));
            }
        }
        if r.len() < n {
            return Err(format!("section `{name}` ends after {} of N {n} rows; correct N or add the rest", r.len()));
        }
        let ends = parameters.rule.map_or((r[0], r[n - 1]), |(_, lo, hi)| (lo, hi));
        Ok(Section { ends, slopes: parameters.slopes, r, energy, force })
    }

    /// The first and the last distance. [length]
    pub fn ends(&self) -> (f64, f64) {
        self.ends
    }

    /// The row whose force is not −du/dr, in words: where it lies far outside what the differences to both neighbours say, allowing for
    /// coarse tables and rounded energies.
    pub fn at_odds(&self) -> Option<String> {
        let Section { r, energy, force, .. } = self;
        let mut typical: Vec<f64> = force.iter().map(|f| f.abs()).collect();
        typical.sort_by(f64::total_cmp);
        let typical = typical[typical.len() / 2];
        let slope = |k: usize| -(energy[k + 1] - energy[k]) / (r[k + 1] - r[k]);
        let excess = |k: usize| {
            let (left, right) = (slope(k - 1), slope(k));
            let (lo, hi) = (left.min(right), left.max(right));
            let slack = 0.5 * (hi - lo) + 0.2 * lo.abs().max(hi.abs()) + 0.05 * typical;
            (force[k] - hi).max(lo - force[k]) - slack
        };
        let k = (1..r.len() - 1).find(|&k| excess(k) > 0.0)?;
        let central = -(energy[k + 1] - energy[k - 1]) / (r[k + 1] - r[k - 1]);
        Some(format!(
            "row {}, at r = {}: the force is {}, but −du/dr of the energies around it is {central:.4}; the fourth column is −du/dr, \
             not du/dr",
            k + 1,
            r[k],
            force[k]
        ))
    }

    /// Whether the last row is a zero that `pair_write` puts at its cutoff, behind forces that do not vanish.
    pub fn ends_in_a_jump(&self) -> bool {
        let n = self.r.len();
        let force = |back: usize| self.force[n - back].abs();
        n > 3 && self.energy[n - 1] == 0.0 && force(1) == 0.0 && force(2) > 0.7 * force(3)
    }
}

impl Parameters {
    fn read(lines: &mut Lines<'_>, at: usize, name: &str) -> Result<Parameters, String> {
        let missing = || format!("line {at}: `{name}` heads no section; a line like `N 500 R 0.7 2.5` must follow");
        let (at, line) = lines.next().filter(|(_, line)| !line.is_empty()).ok_or_else(missing)?;
        let mut words = line.split_whitespace();
        let (mut n, mut rule, mut slopes) = (None, None, None);
        while let Some(word) = words.next() {
            let mut two = || -> Result<(f64, f64), String> {
                let mut next = || number(at, words.next().unwrap_or(""));
                Ok((next()?, next()?))
            };
            match word {
                "N" if n.is_none() => n = Some(count(at, words.next().unwrap_or(""))?),
                "R" | "RSQ" if rule.is_none() => {
                    let (lo, hi) = two()?;
                    if lo <= 0.0 || hi <= lo {
                        return Err(format!("line {at}: `{word} {lo} {hi}`; give a distance above 0 and a larger one"));
                    }
                    rule = Some((word == "RSQ", lo, hi));
                }
                "FPRIME" if slopes.is_none() => slopes = Some(two()?),
                "BITMAP" => {
                    return Err(format!("line {at}: `BITMAP` tables are not read; write the table with `R` or `RSQ`"));
                }
                "FP" => return Err(format!("line {at}: `FP` is no parameter; did you mean `FPRIME`?")),
                "N" | "R" | "RSQ" | "FPRIME" => {
                    return Err(format!("line {at}: `{word}` comes after the same or another of its kind; keep one"));
                }
                _ => {
                    return Err(format!("line {at}: `{word}` is no parameter; known here: `N`, `R`, `RSQ`, `FPRIME`"));
                }
            }
        }
        let n =
            n.ok_or_else(|| format!("line {at}: section `{name}` does not say `N`; give the number of its rows"))?;
        Ok(Parameters { n, rule, slopes })
    }
}

fn number(at: usize, word: &str) -> Result<f64, String> {
    let read = word.parse::<f64>().ok().filter(|x| x.is_finite());
    read.ok_or_else(|| format!("line {at}: `{word}` is not a finite number; correct it"))
}

fn count(at: usize, word: &str) -> Result<usize, String> {
    let read = word.parse::<usize>().ok().filter(|&n| n >= 2);
    read.ok_or_else(|| format!("line {at}: `N {word}` is no number of rows; give a whole number from 2 on"))
}

/// Distance of row `k` of `n`.
fn at_row((squared, lo, hi): (bool, f64, f64), k: usize, n: usize) -> f64 {
    let part = k as f64 / (n - 1) as f64;
    if squared { (lo * lo + (hi * hi - lo * lo) * k as f64 / (n - 1) as f64).sqrt() } else { lo + (hi - lo) * part }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A Lennard-Jones table of `n` rows, with forces times `sign` and energies of so many decimals.
    fn lennard_jones(n: usize, announced: usize, sign: f64, decimals: usize) -> String {
        let row = |k: usize| {
            let r = 0.8 + 1.7 * k as f64 / (n - 1) as f64;
            let (u, f) = (4.0 * (r.powi(-12) - r.powi(-6)), 24.0 * (2.0 * r.powi(-13) - r.powi(-7)));
            format!("{} {r} {u:.decimals$} {:.decimals$}\n", k + 1, sign * f)
        };
        format!("LJ\nN {announced}\n\n{}", (0..n).map(row).collect::<String>())
    }

    #[test]
    fn forces_of_the_wrong_sign_are_noticed() {
        let said = |text: &str| Section::find(text, "LJ").expect("a section").at_odds();
        for (n, decimals) in [(2000, 12), (2000, 5), (50, 8), (12, 8)] {
            assert_eq!(said(&lennard_jones(n, n, 1.0, decimals)), None, "{n} {decimals}");
            let words = said(&lennard_jones(n, n, -1.0, decimals)).unwrap_or_else(|| panic!("{n} {decimals}"));
            assert!(n < 50 || words.starts_with("row 2, at r = 0.8"), "{words}");
            assert!(words.contains("but −du/dr of the energies around it is"), "{words}");
        }
        // one row that was mistyped
        let text = lennard_jones(200, 200, 1.0, 6);
        let row = text.lines().find(|l| l.starts_with("60 ")).expect("a row");
        let force = row.split_whitespace().last().expect("a force");
        let words = said(&text.replace(row, &row.replace(force, "7.5"))).expect("a fault");
        assert!(words.starts_with("row 60, ") && words.contains("the force is 7.5"), "{words}");
    }

    #[test]
    fn rows_behind_the_announced_ones_are_refused() {
        let error = Section::find(&lennard_jones(30, 29, 1.0, 6), "LJ").expect_err("one row too many");
        assert!(
            error.starts_with("line 33: `30 2.5") && error.ends_with("behind the N 29 of section `LJ`; correct N"),
            "{error}"
        );
        // another section may follow
        let two = lennard_jones(30, 30, 1.0, 6) + "\n\nOTHER\nN 2\n\n1 1 0 0\n2 2 0 0\n";
        assert!(Section::find(&two, "LJ").is_ok() && Section::find(&two, "OTHER").is_ok());
    }

    #[test]
    fn zeros_at_the_cutoff_are_noticed() {
        let section = |last: &str| {
            let rows = "1 1.0 -1.0 3.0\n2 1.5 -0.5 2.0\n3 2.0 -0.2 1.9\n";
            Section::find(&format!("Z\nN 4 R 1.0 2.5\n\n{rows}4 2.5 {last}\n"), "Z").expect("a section")
        };
        assert!(section("0 0").ends_in_a_jump());
        assert!(!section("-0.1 1.0").ends_in_a_jump());
    }
}
