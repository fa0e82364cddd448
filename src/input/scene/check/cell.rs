//! The cell and the slab: sizes, the floor, the cutoff against the periods.

use super::species::known;
use super::{at_least_one, positive};
use crate::base::Result;
use crate::input::scene::grammar::{CellSpec, Images, Scene, Substrate};
use crate::input::source::{Source, ensure};
use crate::system::plane::PlaneLattice;
use crate::system::slab::{Face, Lattice, Slab};
use glam::DVec2;

/// Slab atoms that one scene may hold.
const MAX_SLAB_ATOMS: u64 = 1_000_000;
/// Shells of periodic images that `Sum` may need.
const MAX_SHELLS: f64 = 5.0;
/// Relative difference that equal lengths may show.
const LENGTH_TOL: f64 = 1e-6;

/// The lattice of an fcc substrate, or `None` for files and bare cells.
pub(crate) fn lattice(substrate: &Option<Substrate>) -> Option<(Lattice, &str, u32, u32)> {
    let (face, species, nearest_neighbour, repeat, layers, mobile) = match substrate {
        Some(Substrate::Fcc111 { species, nearest_neighbour, repeat, layers, mobile_layers }) => {
            (Face::Fcc111, species, nearest_neighbour, repeat, layers, mobile_layers)
        }
        Some(Substrate::Fcc100 { species, nearest_neighbour, repeat, layers, mobile_layers }) => {
            (Face::Fcc100, species, nearest_neighbour, repeat, layers, mobile_layers)
        }
        Some(Substrate::File { .. }) | None => return None,
    };
    Some((Lattice { face, nearest_neighbour: *nearest_neighbour, repeat: *repeat }, species, *layers, *mobile))
}

/// Replaces the periods in the plane by their lengths and tilt.
pub(crate) fn vectors(source: &Source, scene: &mut Scene) -> Result<()> {
    let CellSpec::Slab { lengths, tilt, vectors, .. } = &mut scene.cell else { return Ok(()) };
    let Some(((ax, ay), (bx, by))) = vectors.take() else { return Ok(()) };
    ensure!(
        source,
        lengths.is_none() && *tilt == 0.0,
        "cell.vectors",
        "`vectors` beside `lengths` or `tilt`, which say the same",
        "keep one of them",
    );
    ensure!(
        source,
        ax > 0.0 && ay == 0.0 && by > 0.0,
        "cell.vectors",
        format!("`vectors` are ({ax}, {ay}) and ({bx}, {by})"),
        "turn the cell so that the first lies along x, ((ax, 0.0), (bx, by)), with ax and by above 0",
    );
    (*lengths, *tilt) = (Some((ax, by)), bx);
    Ok(())
}

/// Checks the numbers of cell and substrate, before the slab is built.
pub(crate) fn sizes(source: &Source, scene: &Scene) -> Result<()> {
    match scene.cell {
        CellSpec::Slab { height, lengths, .. } => {
            positive(source, "cell.height", height)?;
            if let Some((x, y)) = lengths {
                positive(source, "cell.lengths[0]", x)?;
                positive(source, "cell.lengths[1]", y)?;
            }
        }
        CellSpec::Bulk { lengths: (x, y, z), .. } => {
            for (i, length) in [x, y, z].into_iter().enumerate() {
                positive(source, &format!("cell.lengths[{i}]"), length)?;
            }
        }
    }
    let Some((lattice, species, layers, mobile)) = lattice(&scene.substrate) else { return Ok(()) };
    ensure!(
        source,
        !scene.is_bulk(),
        "cell",
        format!("a `Bulk` cell with a `{:?}` substrate", lattice.face),
        "use a `Slab` cell, or leave out the substrate",
    );
    known(source, scene, "substrate.species", species)?;
    positive(source, "substrate.nearest_neighbour", lattice.nearest_neighbour)?;
    at_least_one(source, "substrate.repeat[0]", lattice.repeat.0)?;
    at_least_one(source, "substrate.repeat[1]", lattice.repeat.1)?;
    at_least_one(source, "substrate.layers", layers)?;
    ensure!(
        source,
        mobile <= layers,
        "substrate.mobile_layers",
        format!("`mobile_layers` is {mobile}, but there are {layers} layers"),
        "give at most the number of layers",
    );
    let atoms = lattice.sites_per_layer().saturating_mul(u64::from(layers));
    ensure!(
        source,
        atoms <= MAX_SLAB_ATOMS,
        "substrate",
        format!("the slab has {atoms} atoms"),
        format!("give at most {MAX_SLAB_ATOMS}"),
    );
    Ok(())
}

/// Fills in periods and floor from the slab, and checks what was given.
pub(crate) fn fill(source: &Source, scene: &mut Scene, slab: &Slab) -> Result<()> {
    let differ = |a: f64, b: f64| (a - b).abs() > LENGTH_TOL * b;
    reduce(source, scene)?;
    let (CellSpec::Slab { tilt, .. } | CellSpec::Bulk { tilt, .. }) = &mut scene.cell;
    if let Some((x, y)) = slab.lengths {
        ensure!(
            source,
            *tilt == 0.0 || (*tilt - slab.tilt).abs() <= LENGTH_TOL * x,
            "cell.tilt",
            format!(
                "`tilt` is {}, but that of the slab, whose area is {} × {}, is {}",
                rounded(*tilt),
                rounded(x),
                rounded(y),
                rounded(slab.tilt)
            ),
            "leave `tilt` out: it comes from the substrate",
        );
        *tilt = slab.tilt;
    }
    match &mut scene.cell {
        CellSpec::Slab { lengths, floor, .. } => {
            match (*lengths, slab.lengths) {
                (None, None) => {
                    let help = "add `lengths: (x, y)` to `Slab`";
                    return Err(source.error("cell", "the cell has no lengths in x and y, and there is no slab", help));
                }
                (Some((x, y)), Some((a, b))) if differ(x, a) || differ(y, b) => {
                    return Err(source.error(
                        "cell.lengths",
                        format!("`lengths` is ({x}, {y}), but the slab repeats after ({}, {})", rounded(a), rounded(b)),
                        "leave `lengths` out: x and y come from the substrate",
                    ));
                }
                (given, from_slab) => *lengths = from_slab.or(given),
            }
            if floor.is_none() {
                *floor = match (slab.frozen_top(), slab.atoms.is_empty()) {
                    (Some(z), _) => Some(z),
                    (None, true) => Some(0.0),
                    (None, false) => {
                        return Err(source.error(
                            "cell",
                            "every slab atom is mobile, so nothing says where the floor is",
                            "add `floor: …` to `Slab`, or keep a layer frozen",
                        ));
                    }
                };
            }
        }
        CellSpec::Bulk { lengths: (x, y, z), .. } => {
            if let Some((a, b)) = slab.lengths
                && (differ(*x, a) || differ(*y, b))
            {
                return Err(source.error(
                    "cell.lengths",
                    format!(
                        "`lengths` is ({x}, {y}, {z}), but the slab repeats after ({}, {})",
                        rounded(a),
                        rounded(b)
                    ),
                    "give the lengths of the slab's file",
                ));
            }
            if let Some(atom) = slab.atoms.iter().find(|a| !(0.0..*z).contains(&a.position.z)) {
                return Err(source.error(
                    "substrate",
                    format!("a slab atom lies at z = {}, outside the cell from 0 to {z}", atom.position.z),
                    "move it inside",
                ));
            }
        }
    }
    Ok(())
}

/// Takes whole periods off a tilt, and refuses periods that shorter ones span.
fn reduce(source: &Source, scene: &mut Scene) -> Result<()> {
    let ((x, y), tilt) = match &mut scene.cell {
        CellSpec::Slab { lengths: Some(lengths), tilt, .. } => (*lengths, tilt),
        CellSpec::Bulk { lengths: (x, y, _), tilt } => ((*x, *y), tilt),
        CellSpec::Slab { lengths: None, tilt, .. } => {
            ensure!(
                source,
                *tilt == 0.0 || scene.substrate.is_some(),
                "cell.tilt",
                "a `tilt` without `lengths`",
                "add `lengths: (x, y)`",
            );
            return Ok(());
        }
    };
    if *tilt == 0.0 {
        return Ok(());
    }
    let lattice = PlaneLattice::new(DVec2::new(x, 0.0), DVec2::new(*tilt, y));
    let Some(PlaneLattice { lengths, tilt: reduced, angle }) = lattice else {
        return Err(source.error("cell.tilt", format!("`tilt` is {tilt} in a cell of {x} × {y}"), "lower it"));
    };
    let same = (lengths.0 - x).abs() <= LENGTH_TOL * x && angle == 0.0;
    ensure!(
        source,
        same,
        "cell.tilt",
        format!("a cell of {x} × {y} with `tilt` {tilt} has shorter periods than these"),
        format!(
            "write the same cell as `lengths: ({}, {}), tilt: {}`{}",
            rounded(lengths.0),
            rounded(lengths.1),
            rounded(reduced),
            if angle == 0.0 { "" } else { ", turned about z" }
        ),
    );
    *tilt = reduced;
    Ok(())
}

/// Checks the cutoff against the periods and fills in `images`.
pub(crate) fn cutoff(source: &Source, scene: &mut Scene) -> Result<()> {
    let (periods, oblique) = (scene.periods(), scene.cell().is_oblique());
    // the cutoff of a file is no number of the scene
    let (field, called) = match scene.potential.has_every_pair() {
        true => ("potential.path", "the longest `a·sigma` of the file"),
        false => ("potential.cutoff", "`cutoff`"),
    };
    let cutoff = scene.potential.cutoff();
    let Some(images) = scene.potential.images_mut() else { return Ok(()) };
    let shortest = periods.into_iter().min_by(|a, b| a.1.total_cmp(&b.1));
    let Some((name, period)) = shortest else { return Ok(()) };
    let fits = 2.0 * cutoff <= period * (1.0 + 1e-12);
    let what = if oblique && !name.ends_with('z') { "width" } else { "period" };
    let name = format!("the {what} {} {name}", rounded(period));
    let minimum = if oblique { "" } else { " or `images: Minimum` (the nearest only)" };
    let lower = match field {
        "potential.path" => String::new(),
        _ => format!(" lower the cutoff to {} or less,", rounded(0.5 * period)),
    };
    match images {
        None => ensure!(
            source,
            fits,
            field,
            format!("{called} is {cutoff}, more than half of {name}"),
            format!(
                "enlarge the cell to {} or more,{lower} or say `images: Sum` (all images){minimum}",
                rounded(2.0 * cutoff),
            ),
        ),
        Some(Images::Sum) => {
            let shells = (cutoff / period - 0.5).ceil();
            ensure!(
                source,
                shells <= MAX_SHELLS,
                field,
                format!("{called} is {cutoff}, and {name} would need {shells} shells of images"),
                format!("enlarge the cell or lower the cutoff: at most {MAX_SHELLS} shells are summed"),
            );
        }
        // Which image is nearest is not a matter of rounding there, and backends would not agree.
        Some(Images::Minimum) => ensure!(
            source,
            fits || !oblique,
            "potential.images",
            format!("`Minimum` in an oblique cell, with a cutoff of {cutoff}, more than half of {name}"),
            "say `images: Sum` (all images), enlarge the cell or lower the cutoff",
        ),
    }
    *images = Some(images.unwrap_or(Images::Sum));
    Ok(())
}

/// A length for a message: six significant digits.
pub(super) fn rounded(x: f64) -> f64 {
    format!("{x:.5e}").parse().unwrap_or(x)
}

/// Checks regions and mobile slab atoms against floor and ceiling, and fills in regions.
pub(crate) fn inside(source: &Source, scene: &mut Scene, slab: &Slab, floor: f64, ceiling: f64) -> Result<()> {
    for (i, r) in scene.reservoir.iter_mut().enumerate() {
        let (lo, hi) = r.region.map_or((floor, ceiling), |g| g.z);
        let slack = LENGTH_TOL * (ceiling - floor);
        ensure!(
            source,
            floor - slack <= lo && hi <= ceiling + slack,
            format!("reservoir[{i}].region.z"),
            format!("the region from z = {lo} to {hi} leaves the cell from {} to {}", rounded(floor), rounded(ceiling)),
            "give a region inside the cell, or leave it out for the whole cell",
        );
        r.region = Some(crate::input::scene::grammar::Region { z: (lo.max(floor), hi.min(ceiling)) });
    }
    if let Some(atom) = slab.mobile().find(|a| !(floor..=ceiling).contains(&a.position.z)) {
        return Err(source.error(
            "cell",
            format!(
                "a mobile slab atom lies at z = {}, outside the cell from {} to {}",
                rounded(atom.position.z),
                rounded(floor),
                rounded(ceiling)
            ),
            "lower the floor, raise the height, or keep its layer frozen",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_rounded_for_messages() {
        assert_eq!(rounded(5.715_767_664_977_296).to_string(), "5.71577");
        assert_eq!(rounded(6.6).to_string(), "6.6");
        assert_eq!(rounded(0.0).to_string(), "0");
    }
}
