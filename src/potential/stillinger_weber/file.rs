//! LAMMPS' files of Stillinger–Weber parameters.

use std::collections::BTreeMap;

/// Numbers of an entry, as the documentation of LAMMPS calls them.
const NUMBERS: [&str; 11] = ["epsilon", "sigma", "a", "lambda", "gamma", "costheta0", "A", "B", "p", "q", "tol"];
/// Words of an entry: three elements, then its numbers.
const WORDS: usize = 3 + NUMBERS.len();
/// The only number that may be negative.
const COSINE: usize = 5;

/// The entry of a centre and two ends.
///
/// Of an entry (i, j, k) with j ≠ k only λε and cos θ₀ count; those with j = k give the pair and the leg as well.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Entry {
    /// ε \[energy\]
    pub epsilon: f64,
    /// σ \[length\]
    pub sigma: f64,
    /// a, the end of the pair in σ
    pub a: f64,
    /// λ
    pub lambda: f64,
    /// γ
    pub gamma: f64,
    /// cos θ₀
    pub cosine: f64,
    /// A
    pub strength: f64,
    /// B
    pub repulsion: f64,
    /// p and q
    pub powers: (f64, f64),
    /// tol
    pub tolerance: f64,
    /// Line of the file it begins in.
    pub line: usize,
}

/// A file of entries.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SwFile {
    entries: BTreeMap<[String; 3], Entry>,
}

impl SwFile {
    /// Reads a file: entries of fourteen words over one or more lines, `#` begins a comment. Of an entry given twice the
    /// file is refused, as LAMMPS does.
    ///
    /// # Errors
    /// What is wrong, with line, value and remedy.
    pub fn parse(text: &str) -> Result<SwFile, String> {
        if let Some(units) = text.lines().next().and_then(units_tag)
            && units != "metal"
        {
            return Err(format!("line 1 says `UNITS: {units}`; give a file in metal units (eV, Å)"));
        }
        let words: Vec<(usize, &str)> = text
            .lines()
            .enumerate()
            .flat_map(|(i, line)| line.split('#').next().unwrap_or("").split_whitespace().map(move |w| (i + 1, w)))
            .collect();
        let mut file = SwFile::default();
        for words in words.chunks(WORDS) {
            let (line, first) = words[0];
            if words.len() < WORDS {
                return Err(format!(
                    "line {line}: the entry of `{first}` has {} words; it needs {WORDS}: three elements, {}",
                    words.len(),
                    NUMBERS.join(", ")
                ));
            }
            let elements = [0, 1, 2].map(|k| words[k].1.to_owned());
            let entry = entry(words)?;
            if let Some(before) = file.entries.insert(elements, entry) {
                let names: Vec<&str> = words[..3].iter().map(|w| w.1).collect();
                return Err(format!(
                    "line {line}: the entry `{}` stands in line {} already; keep one of them",
                    names.join(" "),
                    before.line
                ));
            }
        }
        match file.entries.is_empty() {
            true => Err("it holds no entry of three elements and eleven numbers; give a LAMMPS .sw file".to_owned()),
            false => Ok(file),
        }
    }

    /// The elements that have an entry of their own, in alphabetical order.
    pub fn elements(&self) -> Vec<&str> {
        self.entries.keys().filter(|[a, b, c]| a == b && b == c).map(|[a, ..]| a.as_str()).collect()
    }

    /// The entry of a centre and two ends.
    ///
    /// # Errors
    /// If it is missing.
    pub fn entry(&self, elements: [&str; 3]) -> Result<&Entry, String> {
        self.entries.get(&elements.map(str::to_owned)).ok_or_else(|| {
            format!(
                "the entry `{}` is missing; every centre needs one with every two ends, in either order",
                elements.join(" ")
            )
        })
    }

    /// Checks that entries which must agree do: a pair and an angle do not depend on which atom is named first.
    ///
    /// # Errors
    /// Which entries differ, and in what.
    pub fn check(&self, elements: &[&str]) -> Result<(), String> {
        for &i in elements {
            for &j in elements {
                let (own, other) = (self.entry([i, j, j])?, self.entry([j, i, i])?);
                let of_pair = |e: &Entry| (e.epsilon * e.strength, e.repulsion, e.sigma, e.a);
                if of_pair(own) != of_pair(other) {
                    return Err(format!(
                        "lines {} and {}: `{i} {j} {j}` and `{j} {i} {i}` give the pair different epsilon·A, B, sigma or a; \
                         make them agree",
                        own.line, other.line
                    ));
                }
                for &k in elements {
                    let (own, other) = (self.entry([i, j, k])?, self.entry([i, k, j])?);
                    let of_angle =
                        |e: &Entry| (e.lambda * e.epsilon, if e.lambda * e.epsilon > 0.0 { e.cosine } else { 0.0 });
                    if of_angle(own) != of_angle(other) {
                        return Err(format!(
                            "lines {} and {}: `{i} {j} {k}` and `{i} {k} {j}` give the angle different lambda·epsilon or \
                             costheta0; make them agree",
                            own.line, other.line
                        ));
                    }
                }
            }
        }
        Ok(())
    }
}

/// The unit system that LAMMPS' files name in their first line.
fn units_tag(line: &str) -> Option<&str> {
    line.split_once("UNITS:").and_then(|(_, rest)| rest.split_whitespace().next())
}

fn entry(words: &[(usize, &str)]) -> Result<Entry, String> {
    let mut numbers = [0.0; NUMBERS.len()];
    for ((number, name), &(line, word)) in numbers.iter_mut().zip(NUMBERS).zip(&words[3..]) {
        *number = match word.parse::<f64>() {
            Ok(x) if x.is_finite() => x,
            _ => return Err(format!("line {line}: {name} is `{word}`; give a number")),
        };
        if *number < 0.0 && name != NUMBERS[COSINE] {
            return Err(format!("line {line}: {name} is {number}; it may not be negative"));
        }
    }
    let line = words[0].0;
    let [epsilon, sigma, a, lambda, gamma, cosine, strength, repulsion, p, q, tolerance] = numbers;
    if cosine.abs() > 1.0 {
        return Err(format!("line {line}: costheta0 is {cosine}; give a cosine, from −1 to 1"));
    }
    if strength * epsilon > 0.0 && words[1].1 == words[2].1 && (p, q) != (4.0, 0.0) {
        return Err(format!(
            "line {line}: p is {p} and q is {q}; only p = 4 and q = 0 are known, as in the paper of 1985"
        ));
    }
    if tolerance != 0.0 {
        return Err(format!("line {line}: tol is {tolerance}; set it to 0: with it, energies jump at the cutoff"));
    }
    Ok(Entry { epsilon, sigma, a, lambda, gamma, cosine, strength, repulsion, powers: (p, q), tolerance, line })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SILICON: &str = "# UNITS: metal CITATION: somebody\nSi Si Si 2.1683 2.0951 1.80 21.0 1.20 -0.333333333333 # half\n\
                           \n   7.049556277 0.6022245584 4.0 0.0 0.0\n";

    #[test]
    fn an_entry_may_run_over_lines_and_comments_are_none() {
        let file = SwFile::parse(SILICON).expect("a file of LAMMPS");
        assert_eq!(file.elements(), ["Si"]);
        let entry = file.entry(["Si", "Si", "Si"]).expect("the entry");
        assert_eq!((entry.epsilon, entry.sigma, entry.a, entry.lambda), (2.1683, 2.0951, 1.8, 21.0));
        assert_eq!((entry.gamma, entry.cosine, entry.strength), (1.2, -0.333_333_333_333, 7.049_556_277));
        assert_eq!((entry.repulsion, entry.powers, entry.line), (0.602_224_558_4, (4.0, 0.0), 2));
        file.check(&["Si"]).expect("an entry agrees with itself");
        assert!(file.entry(["Si", "Si", "H"]).is_err_and(|e| e.contains("`Si Si H` is missing")));
    }

    #[test]
    fn what_is_no_file_is_refused_with_its_line() {
        let refused = |from: &str, to: &str, says: &str| {
            let changed = SILICON.replacen(from, to, 1);
            assert_ne!(changed, SILICON, "{from}");
            let error = SwFile::parse(&changed).expect_err(says);
            assert!(error.contains(says), "{error}");
        };
        refused("metal", "real", "line 1 says `UNITS: real`");
        refused("2.1683", "2,1683", "line 2: epsilon is `2,1683`; give a number");
        refused("2.1683", "nan", "line 2: epsilon is `nan`; give a number");
        refused("2.0951", "-2.0951", "line 2: sigma is -2.0951; it may not be negative");
        refused("-0.333333333333", "-1.5", "line 2: costheta0 is -1.5");
        refused("4.0 0.0 0.0", "4.0 0.0", "line 2: the entry of `Si` has 13 words");
        refused("4.0 0.0 0.0", "5.0 0.0 0.0", "line 2: p is 5 and q is 0");
        refused("4.0 0.0 0.0", "4.0 0.0 0.01", "line 2: tol is 0.01");
        assert!(
            SwFile::parse(&SILICON.repeat(2))
                .is_err_and(|e| e.contains("line 6: the entry `Si Si Si` stands in line 2"))
        );
        assert!(SwFile::parse("# nothing\n").is_err_and(|e| e.contains("no entry")));
    }

    #[test]
    fn entries_that_must_agree_are_compared() {
        let entry = |elements: &str, epsilon: f64, lambda: f64| {
            format!("{elements} {epsilon} 2.0 1.8 {lambda} 1.2 -0.3 7.0 0.6 4 0 0\n")
        };
        let file = |changed: usize, entry_of: &dyn Fn(&str) -> String| {
            let names = ["A A A", "B B B", "A B B", "B A A", "A A B", "A B A", "B B A", "B A B"];
            let text: String = names
                .iter()
                .enumerate()
                .map(|(k, name)| if k == changed { entry_of(name) } else { entry(name, 1.0, 20.0) })
                .collect();
            SwFile::parse(&text).expect("a file")
        };
        file(9, &|_| String::new()).check(&["A", "B"]).expect("all agree");
        let pair = file(3, &|name| entry(name, 1.5, 20.0)).check(&["A", "B"]).expect_err("the pair");
        assert!(pair.contains("lines 3 and 4: `A B B` and `B A A` give the pair different"), "{pair}");
        let angle = file(5, &|name| entry(name, 1.0, 21.0)).check(&["A", "B"]).expect_err("the angle");
        assert!(angle.contains("lines 5 and 6: `A A B` and `A B A` give the angle different"), "{angle}");
    }
}
