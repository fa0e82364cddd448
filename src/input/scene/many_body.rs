//! Potentials with triplets, from their files.

use crate::base::error::{Error, Result};
use crate::input::beside;
use crate::input::scene::grammar::{Potential, Scene};
use crate::input::source::Source;
use crate::io::text::read_text;
use crate::potential::{Angle, Leg, PairTable, StillingerWeber, SwFile, ThreeBody, Truncation};
use std::path::Path;

/// Isotopes that have the parameters of hydrogen where a file does not name them.
const HYDROGEN: [&str; 2] = ["D", "T"];

/// The pairs and triplets of a `StillingerWeber` scene, whose cutoff is filled in.
///
/// # Errors
/// [`Error::Scene`] if the file does not know a species, [`Error::BadInput`] if it is not a file of parameters, and those of
/// reading it.
pub(super) fn stillinger_weber(source: &Source, scene: &mut Scene, scene_path: &Path) -> Result<PairTable> {
    let Potential::StillingerWeber { path, .. } = &scene.potential else {
        unreachable!("the only potential with triplets")
    };
    let file_path = beside(scene_path, path);
    let bad = |problem: String| Error::BadInput { path: file_path.clone(), problem };
    let file = SwFile::parse(&read_text("Stillinger-Weber parameters", &file_path)?).map_err(bad)?;
    let elements = elements(source, scene, path, &file)?;
    file.check(&elements).map_err(bad)?;
    let entry = |centre: usize, j: usize, k: usize| {
        let found = file.entry([elements[centre], elements[j], elements[k]]);
        found.unwrap_or_else(|e| unreachable!("every entry was looked for: {e}"))
    };
    let n = elements.len();
    let leg_of = |centre: usize, end: usize| {
        let entry = entry(centre, end, end);
        Leg { softness: entry.gamma * entry.sigma, end: entry.a * entry.sigma }
    };
    let three_body = ThreeBody::new(n, leg_of, |centre, j, k| {
        let entry = entry(centre, j, k);
        Angle { strength: entry.lambda * entry.epsilon, cosine: entry.cosine }
    });
    let pair_of = |a: usize, b: usize| {
        let entry = entry(a, b, b);
        StillingerWeber::new(entry.epsilon * entry.strength, entry.repulsion, entry.sigma, entry.a)
    };
    let reach = three_body.reach();
    if reach <= 0.0 {
        return Err(bad("every a·sigma is 0; give the range of the potential".to_owned()));
    }
    let table = PairTable::new(n, reach, Truncation::Shifted, false, pair_of).with_three_body(three_body);
    if let Potential::StillingerWeber { cutoff, .. } = &mut scene.potential {
        *cutoff = reach;
    }
    Ok(table)
}

/// The element of every species in the file.
fn elements<'a>(source: &Source, scene: &'a Scene, path: &str, file: &SwFile) -> Result<Vec<&'a str>> {
    let known = file.elements();
    let element = |(i, symbol): (usize, &'a str)| match symbol {
        symbol if known.contains(&symbol) => Ok(symbol),
        isotope if HYDROGEN.contains(&isotope) && known.contains(&"H") => Ok("H"),
        unknown => Err(source.error(
            &format!("species[{i}].symbol"),
            format!("`{path}` has no parameters of `{unknown}`"),
            format!("it knows {}; give one of them as the symbol, or another file", known.join(", ")),
        )),
    };
    scene.species.iter().map(|s| s.symbol.as_str()).enumerate().map(element).collect()
}
