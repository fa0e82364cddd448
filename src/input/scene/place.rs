//! From a parsed scene to atoms: the slab and the placed initial atoms.

use super::check::cell::lattice;
use super::check::overlap::{PlacedAtom, find};
use super::grammar::{CellSpec, Placement, Scene, Substrate};
use super::slab_file;
use crate::base::Result;
use crate::input::beside;
use crate::input::source::{Source, ensure};
use crate::io::structure;
use crate::potential::PairTable;
use crate::system::cell::Cell;
use crate::system::plane::PlaneLattice;
use crate::system::slab::{Slab, SlabAtom, Turned};
use glam::DVec3;
use std::path::Path;

/// How far a vector of a lattice may lean out of its plane or axis, as a part of its length: rounding of a file.
const LEAN: f64 = 1e-6;

/// Builds the slab, or reads it; fills in whether it was put together.
pub(crate) fn slab(source: &Source, scene: &mut Scene, scene_path: &Path, warnings: &mut Vec<String>) -> Result<Slab> {
    if let Some((lattice, species, layers, mobile)) = lattice(&scene.substrate) {
        let species = super::check::species::known(source, scene, "substrate.species", species)?;
        return Ok(lattice.slab(species, layers, mobile));
    }
    let Some(Substrate::File { path, mobile, joined, top }) = &mut scene.substrate else { return Ok(Slab::default()) };
    let frame = slab_file::read(source, &scene.cell, (path, &beside(scene_path, path)), (*mobile, joined), warnings)?;
    let error = |message: String, help: &str| source.error("substrate.path", message, help);
    if frame.lattice.is_none() {
        return Err(error(format!("`{path}` has no Lattice"), "add Lattice=\"…\" to its comment line"));
    }
    let rows = frame.lattice.unwrap_or_default();
    let lattice = plane_of(&rows, matches!(scene.cell, CellSpec::Bulk { .. }))
        .map_err(|(problem, help)| error(format!("{problem} of `{path}`"), help))?;
    let cell = Cell::slab(DVec3::new(lattice.lengths.0, lattice.lengths.1, 0.0), 0.0).tilted(lattice.tilt);
    if frame.symbols.is_empty() {
        return Err(error(format!("`{path}` holds no atom"), "leave the substrate out or give its atoms"));
    }
    let species = slab_file::species(source, &scene.species, path, &frame.symbols)?;
    let moves = slab_file::moves(source, path, *mobile, &frame, warnings)?;
    let mut atoms = Vec::with_capacity(frame.symbols.len());
    for ((position, species), mobile) in frame.positions.iter().zip(species).zip(moves) {
        let position = inside(&cell, lattice.turned(position.truncate()).extend(position.z));
        atoms.push(SlabAtom { position, species, mobile });
    }
    let highest = atoms.iter().map(|a| a.position.z).fold(f64::NEG_INFINITY, f64::max);
    if let Some(top) = top.filter(|&top| top >= highest) {
        let problem = format!("`top` is {top}, and no atom of `{path}` lies above z = {highest}");
        return Err(source.error("substrate.top", problem, "give a height below the atoms of the top layer"));
    }
    let turned = (lattice.angle != 0.0).then_some(Turned { rows, lattice });
    if turned.is_some() {
        warnings.push(format!(
            "no period of `{path}` is along x: the slab is turned by {:.4}° about z until one is, and files of `initial` that have \
             the same Lattice, or none, with it",
            lattice.angle.to_degrees()
        ));
    }
    Ok(Slab { atoms, lengths: Some(lattice.lengths), tilt: lattice.tilt, turned })
}

/// The lattice in the plane of the surface of the rows of a `Lattice`.
///
/// - `is_bulk`: whether the third period counts; with walls only its length could, and that is the scene's
///
/// # Errors
/// What is wrong with it, and the remedy.
fn plane_of(rows: &[[f64; 3]; 3], is_bulk: bool) -> std::result::Result<PlaneLattice, (&'static str, &'static str)> {
    let [a, b, c] = rows.map(DVec3::from);
    let leans = |along: f64, of: DVec3| along > LEAN * of.length();
    if leans(a.z.abs(), a) || leans(b.z.abs(), b) {
        let help = "turn the slab so that its first two vectors lie in the plane of the surface, with z = 0";
        return Err(("the first two vectors leave the plane of the surface in the Lattice", help));
    }
    if is_bulk && leans(c.truncate().length(), c) {
        return Err(("the third vector leans over in the Lattice", "give a cell whose third vector is along z"));
    }
    let help = "give two vectors in the plane of the surface that are not parallel";
    PlaneLattice::new(a.truncate(), b.truncate()).ok_or(("the first two vectors enclose no area in the Lattice", help))
}

/// A position of a file inside the first period of the plane.
fn inside(cell: &Cell, r: DVec3) -> DVec3 {
    let DVec3 { x, y, .. } = cell.lengths;
    DVec3::new((r.x - cell.tilt * (r.y / y).floor()).rem_euclid(x), r.y.rem_euclid(y), r.z)
}

/// Places the initial atoms whose positions are fixed, and fills in numbers that come from files.
///
/// Returns one list per entry of `initial`, empty for `Random`.
pub(crate) fn place(
    source: &Source,
    scene: &mut Scene,
    scene_path: &Path,
    (cell, slab): (&Cell, &Slab),
    warnings: &mut Vec<String>,
) -> Result<Vec<Vec<DVec3>>> {
    let z_range = (cell.floor, cell.ceiling());
    let lattice = lattice(&scene.substrate).map(|l| l.0);
    // Sites taken so far in even and odd walkers: entries that meet in a walker stand one after the other.
    let mut taken = [0_usize; 2];
    let mut placed = Vec::with_capacity(scene.initial.len());
    for i in 0..scene.initial.len() {
        let kinds: Vec<usize> = (0..2).filter(|&w| scene.initial_of(w as u32).any(|(j, _)| j == i)).collect();
        let entry = &mut scene.initial[i];
        let path = format!("initial[{i}]");
        let positions = match &entry.placement {
            Placement::Random => Vec::new(),
            Placement::Layers => {
                let lattice = lattice.unwrap_or_else(|| unreachable!("`Layers` without a lattice was refused"));
                let wanted = usize::from(entry.atoms.unwrap_or(0));
                let skip = kinds.iter().map(|&w| taken[w]).max().unwrap_or(0);
                for w in kinds {
                    taken[w] = skip + wanted;
                }
                let below = ((z_range.1 / lattice.layer_spacing()).ceil() - 1.0).max(0.0) as usize;
                let above_floor = (1..).take_while(|&l| f64::from(l) * lattice.layer_spacing() < z_range.0).count();
                let fit = below.saturating_sub(above_floor) * lattice.sites_per_layer() as usize;
                ensure!(
                    source,
                    skip + wanted <= fit,
                    format!("{path}.atoms"),
                    format!("{} atoms in `Layers`, but {fit} sites lie below the ceiling", skip + wanted),
                    "raise the height or start with fewer atoms",
                );
                lattice.next_sites(skip + above_floor * lattice.sites_per_layer() as usize, wanted)
            }
            Placement::File { path: file } => {
                let structure::Structure { frame, notes } =
                    structure::read("file of initial atoms", &beside(scene_path, file))?;
                warnings.extend(notes.iter().map(|note| format!("`{file}` {note}")));
                let species = scene.species.iter().find(|s| s.name == entry.species);
                let symbol = species.map_or("", |s| s.symbol.as_str());
                if let Some(k) = frame.symbols.iter().position(|s| s != symbol) {
                    return Err(source.error(
                        &format!("{path}.placement.path"),
                        format!(
                            "atom {k} of `{file}` is `{}`, but species `{}` is `{symbol}`",
                            frame.symbols[k], entry.species
                        ),
                        "keep one species in a file, and give each its own entry of `initial`",
                    ));
                }
                let n = frame.positions.len();
                ensure!(
                    source,
                    n <= usize::from(u16::MAX) && entry.atoms.is_none_or(|a| usize::from(a) == n),
                    format!("{path}.atoms"),
                    format!("`{file}` holds {n} atoms, not {}", entry.atoms.unwrap_or(u16::MAX)),
                    "leave `atoms` out to take them all",
                );
                entry.atoms = Some(n as u16);
                let between = |r: &DVec3| (z_range.0..=z_range.1).contains(&r.z);
                if let Some(k) = frame.positions.iter().position(|r| !between(r)) {
                    return Err(source.error(
                        &format!("{path}.placement.path"),
                        format!(
                            "atom {k} of `{file}` lies at z = {}, outside the cell from {} to {}",
                            frame.positions[k].z, z_range.0, z_range.1
                        ),
                        "move it inside",
                    ));
                }
                let with_slab = slab.turned.filter(|t| frame.lattice.is_none_or(|rows| rows == t.rows));
                let turn = |r: &DVec3| with_slab.map_or(*r, |t| t.lattice.turned(r.truncate()).extend(r.z));
                frame.positions.iter().map(|r| inside(cell, turn(r))).collect()
            }
        };
        placed.push(positions);
    }
    Ok(placed)
}

/// Refuses slab and initial atoms that overlap, in every kind of walker.
pub(crate) fn overlaps(
    source: &Source,
    scene: &Scene,
    pairs: &PairTable,
    slab: &Slab,
    placed: &[Vec<DVec3>],
    cell: &Cell,
) -> Result<()> {
    for walker in scene.walker_kinds() {
        let mut atoms: Vec<PlacedAtom> = slab
            .atoms
            .iter()
            .enumerate()
            .map(|(index, a)| PlacedAtom { position: a.position, species: a.species, entry: None, index })
            .collect();
        for (entry, spec) in scene.initial_of(walker) {
            let species = scene.species_index(&spec.species).unwrap_or(0);
            let named = placed[entry].iter().enumerate();
            atoms.extend(named.map(|(index, &position)| PlacedAtom { position, species, entry: Some(entry), index }));
        }
        let Some(overlap) = find(scene, pairs, &atoms, cell) else { continue };
        let path = match overlap.b.entry {
            None => "substrate".to_owned(),
            Some(entry) => format!("initial[{entry}].placement"),
        };
        let other = if overlap.a == overlap.b { "its own image".to_owned() } else { overlap.b.name(scene) };
        return Err(source.error(
            &path,
            format!(
                "{} and {other} are {:.4} apart, closer than {}",
                overlap.a.name(scene),
                overlap.distance,
                overlap.least
            ),
            "move the atoms apart or lower their sigma",
        ));
    }
    Ok(())
}
