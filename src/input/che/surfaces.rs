//! Surfaces of the (pH, U) diagram: what their elements come from, and what they cost.

use super::{Che, SurfaceSpec, total};
use crate::base::Result;
use crate::input::source::{Source, did_you_mean, ensure};
use crate::thermochemistry::che::{Covered, Sources};
use crate::thermochemistry::formula;

/// What supplies an element beside O and H: (element, molecule).
type Supply = (String, String);

/// The surfaces, and what supplies their elements.
pub(super) fn surfaces(source: &Source, spec: &Che) -> Result<(Vec<Covered>, Vec<Supply>)> {
    let (sources, supplies) = sources(source, spec)?;
    let mut surfaces = Vec::new();
    // Where a free site has an energy of its own, leaving one out would change what the surface is compared with.
    let bare = spec.free_energy("*") != 0.0;
    let mut first: Option<f64> = None;
    for (i, s) in spec.surfaces.iter().enumerate() {
        let at = format!("surfaces[{i}]");
        ensure!(
            source,
            !spec.surfaces[..i].iter().any(|o| o.label == s.label),
            format!("{at}.label"),
            format!("surface `{}` is given twice", s.label),
            "give each surface its own label",
        );
        let (surface, sites) = covered(source, spec, &sources, &at, s)?;
        let density = sites / s.area;
        let expected = *first.get_or_insert(density);
        ensure!(
            source,
            !bare || (density - expected).abs() <= 1e-6 * expected.abs(),
            format!("{at}.species"),
            format!(
                "surface `{}` has {sites} sites in {} Å², but `{}` would have {:.4}",
                s.label,
                s.area,
                spec.surfaces[0].label,
                expected * s.area
            ),
            "count every site: one for each adsorbate with * and one for each free \"*\"",
        );
        surfaces.push(surface);
    }
    Ok((surfaces, supplies))
}

/// A surface, and the number of its sites.
fn covered(source: &Source, spec: &Che, sources: &Sources, at: &str, surface: &SurfaceSpec) -> Result<(Covered, f64)> {
    let (free, mut elements) = total(source, spec, &format!("{at}.species"), &surface.species)?;
    ensure!(
        source,
        surface.area > 0.0,
        format!("{at}.area"),
        format!("`area` is {}, not above 0", surface.area),
        "give a number above 0",
    );
    let sites = elements.iter().find(|(e, _)| e == "*").map_or(0.0, |e| e.1);
    elements.retain(|(e, _)| e != "*");
    if let Some((element, _)) = elements.iter().find(|(e, _)| sources.of(e).is_none()) {
        let molecules = molecules_with(spec, element);
        let remedy = match &molecules[..] {
            [] => format!("add a molecule that holds {element} and its energy to `species`"),
            [one] => format!("write `references: [\"{one}\"]` with what supplies its other elements before it"),
            several => {
                let names: Vec<String> = several.iter().map(|m| format!("`{m}`")).collect();
                format!("say which of {} supplies it, e.g. `references: [\"{}\"]`", names.join(", "), several[0])
            }
        };
        return Err(source.error(
            &format!("{at}.species"),
            format!("surface `{}` holds {element}, which neither water nor the electrode supplies", surface.label),
            remedy,
        ));
    }
    let (cost, pairs) = sources.total(&elements);
    let covered = Covered {
        label: surface.label.clone(),
        free_energy: free + surface.interaction - cost,
        // 0 − x: no −0
        pairs: 0.0 - pairs,
        area: surface.area,
    };
    Ok((covered, sites))
}

/// Molecules (species without a site) that hold an element.
fn molecules_with<'s>(spec: &'s Che, element: &str) -> Vec<&'s str> {
    let holds = |name: &str| {
        let elements = formula::parse(name).unwrap_or_default();
        elements.iter().any(|(e, _)| e == element) && elements.iter().all(|(e, _)| e != "*")
    };
    spec.species.iter().map(|s| s.name.as_str()).filter(|name| holds(name)).collect()
}

/// Sources of every element that has one: those of water, of `references`, and of elements that only one molecule holds.
fn sources(source: &Source, spec: &Che) -> Result<(Sources, Vec<Supply>)> {
    let mut sources = Sources::of_water(spec.free_energy("H2"), spec.free_energy("H2O"));
    let mut supplies = Vec::new();
    for (k, name) in spec.references.iter().enumerate() {
        let at = format!("references[{k}]");
        let known: Vec<&str> = spec.species.iter().map(|s| s.name.as_str()).filter(|n| !n.contains('*')).collect();
        ensure!(
            source,
            known.contains(&name.as_str()),
            at,
            format!("`{name}` is no molecule of `species`"),
            did_you_mean(name, known.clone()),
        );
        let elements = formula::parse(name).unwrap_or_default();
        match supply(&mut sources, &elements, spec.free_energy(name)) {
            Ok(element) => supplies.push((element, name.clone())),
            Err(unknown) if unknown.is_empty() => {
                let message = format!("`{name}` supplies nothing: every element of it has a reference already");
                return Err(source.error(&at, message, "leave it out (H2O and H2 are references by themselves)"));
            }
            Err(unknown) => {
                let message = format!("`{name}` would supply {} at once", unknown.join(" and "));
                return Err(source.error(
                    &at,
                    message,
                    "name a molecule for each further element, one after the other",
                ));
            }
        }
    }
    let needed = spec.surfaces.iter().flat_map(|s| &s.species).filter_map(|(name, _)| formula::parse(name)).flatten();
    for (element, _) in needed.filter(|(e, _)| e != "*") {
        if sources.of(&element).is_some() {
            continue;
        }
        if let [only] = molecules_with(spec, &element)[..]
            && let Ok(element) = supply(&mut sources, &formula::parse(only).unwrap_or_default(), spec.free_energy(only))
        {
            supplies.push((element, only.to_owned()));
        }
    }
    Ok((sources, supplies))
}

/// Takes an element from a molecule, and says which.
fn supply(
    sources: &mut Sources,
    elements: &[(String, u32)],
    free_energy: f64,
) -> std::result::Result<String, Vec<String>> {
    let new = elements.iter().find(|(e, _)| sources.of(e).is_none()).map(|(e, _)| e.clone());
    sources.add(elements, free_energy)?;
    new.ok_or_else(Vec::new)
}
