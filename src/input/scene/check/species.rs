//! Species, pairs and external fields.

use super::{not_negative, positive};
use crate::base::Result;
use crate::input::scene::grammar::{Bound, External, Mixing, Scene, Truncation};
use crate::input::source::{Source, did_you_mean, ensure};
use crate::system::configuration::MAX_SPECIES;

/// Checks the list of species.
pub(crate) fn species(source: &Source, scene: &Scene) -> Result<()> {
    let n = scene.species.len();
    ensure!(source, n > 0, "species", "there is no species", "name at least one");
    ensure!(
        source,
        n <= MAX_SPECIES,
        "species",
        format!("there are {n} species"),
        format!("give at most {MAX_SPECIES}"),
    );
    for (i, s) in scene.species.iter().enumerate() {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        ensure!(
            source,
            !s.name.is_empty() && s.name.chars().all(is_plain),
            format!("species[{i}].name"),
            format!("`{}` cannot name a species", s.name),
            "names become column names: use letters, digits and _",
        );
        ensure!(
            source,
            scene.species_index(&s.name) == Some(i),
            format!("species[{i}].name"),
            format!("species `{}` is given twice", s.name),
            "give each species its own name",
        );
        ensure!(
            source,
            (1..=3).contains(&s.symbol.len()) && s.symbol.chars().all(|c| c.is_ascii_alphabetic()),
            format!("species[{i}].symbol"),
            format!("`{}` is not a chemical symbol", s.symbol),
            "give one to three letters, e.g. \"Ar\"",
        );
        positive(source, &format!("species[{i}].mass"), s.mass)?;
    }
    Ok(())
}

/// Refuses the name of a species that does not exist.
pub(crate) fn known(source: &Source, scene: &Scene, path: &str, name: &str) -> Result<usize> {
    scene.species_index(name).ok_or_else(|| {
        let names: Vec<&str> = scene.species.iter().map(|s| s.name.as_str()).collect();
        source.error(path, format!("there is no species `{name}`"), did_you_mean(name, names))
    })
}

/// Checks the numbers of the potential and of the external fields.
pub(crate) fn interactions(source: &Source, scene: &Scene) -> Result<()> {
    let (potential, pairs) = (&scene.potential, scene.potential.pairs());
    if !potential.has_every_pair() {
        positive(source, "potential.cutoff", potential.cutoff())?;
    }
    for (i, pair) in pairs.iter().enumerate() {
        let path = format!("potential.pairs[{i}]");
        let (a, b) = pair.between();
        known(source, scene, &format!("{path}.between[0]"), a)?;
        known(source, scene, &format!("{path}.between[1]"), b)?;
        ensure!(
            source,
            !pairs[..i].iter().any(|p| p.is_of(a, b)),
            format!("{path}.between"),
            format!("the pair (\"{a}\", \"{b}\") is given twice"),
            "keep one of them",
        );
        for (name, value, bound) in pair.numbers() {
            let path = format!("{path}.{name}");
            match bound {
                Bound::Positive => positive(source, &path, value)?,
                Bound::NotNegative => not_negative(source, &path, value)?,
            }
        }
    }
    if potential.tail_correction() {
        let path = "potential.tail_correction";
        let help = "leave it out; it belongs to homogeneous fluids in `Bulk` cells with `Plain` truncation";
        ensure!(source, scene.is_bulk(), path, "`tail_correction` in a `Slab` cell", help);
        ensure!(source, scene.substrate.is_none(), path, "`tail_correction` beside a substrate", help);
        let truncation = potential.truncation();
        let plain = truncation == Truncation::Plain;
        ensure!(source, plain, path, format!("`tail_correction` with `{truncation:?}` truncation"), help);
    }
    super::external::external(source, scene)?;
    external(source, scene)
}

/// Checks the external fields.
fn external(source: &Source, scene: &Scene) -> Result<()> {
    for (i, field) in scene.external.iter().enumerate() {
        let path = |name: &str| format!("external[{i}].{name}");
        known(source, scene, &path("species"), field.species())?;
        let wall = match *field {
            External::Harmonic { spring, .. } => {
                positive(source, &path("spring"), spring)?;
                None
            }
            External::Steele { epsilon, sigma, density, spacing, .. } => {
                not_negative(source, &path("epsilon"), epsilon)?;
                positive(source, &path("sigma"), sigma)?;
                positive(source, &path("density"), density)?;
                positive(source, &path("spacing"), spacing)?;
                Some("Steele")
            }
            External::Wall93 { epsilon, sigma, .. } => {
                not_negative(source, &path("epsilon"), epsilon)?;
                positive(source, &path("sigma"), sigma)?;
                Some("Wall93")
            }
        };
        if let Some(name) = wall {
            ensure!(
                source,
                !scene.is_bulk(),
                format!("external[{i}]"),
                format!("`{name}` is a wall, and a `Bulk` cell has no floor"),
                "use a `Slab` cell",
            );
        }
    }
    Ok(())
}

/// Refuses a missing pair between species that can meet.
///
/// - `mobile`, `frozen`: `[n_species]`, whether the species occurs so
pub(crate) fn pairs_present(source: &Source, scene: &Scene, mobile: &[bool], frozen: &[bool]) -> Result<()> {
    let potential = &scene.potential;
    for a in 0..scene.species.len() {
        for b in a..scene.species.len() {
            let meet = (mobile[a] && (mobile[b] || frozen[b])) || (mobile[b] && frozen[a]);
            if !meet || scene.names_pair(a, b) {
                continue;
            }
            let (a, b) = (&scene.species[a].name, &scene.species[b].name);
            let inert = potential.inert_pair();
            let help = match (a == b, potential.mixing()) {
                (false, None) => format!("add it, {inert} if they do not interact{}", potential.mixing_remedy()),
                (false, Some(Mixing::LorentzBerthelot)) => "add it, or both like pairs for the mixing rule".to_owned(),
                (true, _) => format!("add it, {inert} if they do not interact"),
            };
            return Err(source.error("potential.pairs", format!("the pair (\"{a}\", \"{b}\") is missing"), help));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Error;
    use std::path::Path;

    #[test]
    fn an_unknown_name_is_refused_with_a_suggestion() {
        let text = include_str!("../../../../scenes/lj_surface.ron");
        let source = Source::new(text, Path::new("x.ron"));
        let scene = crate::input::parse::parse(&source).expect("the default scene parses");
        assert!(matches!(known(&source, &scene, "species", "B"), Ok(1)));
        let Err(Error::Scene(e)) = known(&source, &scene, "species", "b") else { panic!("unknown") };
        assert_eq!(e.help, "did you mean `A`?".replace('A', "B"));
    }
}
