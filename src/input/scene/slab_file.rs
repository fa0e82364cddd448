//! What a slab file says against what it seems to say: elements, what moves, where the slab begins and ends.

use super::grammar::{CellSpec, MobileSelection, Scene, Species, Substrate};
use crate::base::Result;
use crate::input::source::{Source, ensure};
use crate::io::structure::{self, Structure};
use crate::io::xyz::Frame;
use crate::system::slab::Slab;
use glam::DVec3;
use std::path::Path;

/// How many times as wide as any other gap in z the vacuum of a slab must be, for the slab to be told from it.
const CLEAR: f64 = 2.0;
/// Relative difference that equal lengths may show.
const LENGTH_TOL: f64 = 1e-6;

/// Reads a slab file and puts together a slab that is wrapped through the boundary of its cell in z.
///
/// - `file`: as the scene names it, and where it is
/// - `how`: which atoms move, and whether the slab is put together; becomes true where it was
///
/// # Errors
/// Those of [`structure::read`]; a scene's error where the slab is wrapped and `mobile: Above(z)` could mean two things, or
/// where a `Bulk` cell has another period in z.
pub(super) fn read(
    source: &Source,
    cell: &CellSpec,
    file: (&str, &Path),
    how: (Option<MobileSelection>, &mut Option<bool>),
    warnings: &mut Vec<String>,
) -> Result<Frame> {
    let (name, path) = file;
    let Structure { mut frame, notes } = structure::read("slab file", path)?;
    warnings.extend(notes.iter().map(|note| format!("`{name}` {note}")));
    if let Some([x, y, _]) = frame.periodic.filter(|p| !p[0] || !p[1]) {
        let axes = [(x, "x"), (y, "y")].iter().filter(|a| !a.0).map(|a| a.1).collect::<Vec<_>>().join(" and ");
        warnings.push(format!("`{name}` says that it is not periodic in {axes} (pbc); here it is"));
    }
    match *cell {
        CellSpec::Bulk { lengths: (_, _, z), .. } => periodic_in_z(source, name, z, &mut frame)?,
        CellSpec::Slab { floor, .. } => {
            let (mobile, joined) = how;
            if joined.unwrap_or(floor.is_none()) && join(source, name, (mobile, *joined), &mut frame, warnings)? {
                *joined = Some(true);
            }
        }
    }
    Ok(frame)
}

/// Wraps atoms into a cell that is periodic in z, with the period of the file.
fn periodic_in_z(source: &Source, name: &str, z: f64, frame: &mut Frame) -> Result<()> {
    let period = frame.lattice.map(|rows| rows[2][2]).filter(|_| frame.periodic.is_none_or(|p| p[2]));
    if let Some(c) = period {
        ensure!(
            source,
            (c - z).abs() <= LENGTH_TOL * z,
            "cell.lengths",
            format!("`lengths` ends with {z}, but `{name}` repeats after {c} in z"),
            "give the lengths of the slab's file",
        );
    }
    for r in &mut frame.positions {
        // what is left of a multiple of the period may be rounded up to it
        r.z = r.z.rem_euclid(z) % z;
    }
    Ok(())
}

/// The order of a slab's atoms along z, with the cell closed to a ring.
struct Ring {
    /// `[n_atoms]`, cells by which an atom must be moved for the slab to be in one piece.
    cells: Vec<i32>,
    /// z of the top of the slab in one piece \[length\].
    top: f64,
    /// Height of the vacuum \[length\].
    vacuum: f64,
}

impl Ring {
    /// The slab beside its vacuum, or `None` where no gap stands out.
    ///
    /// - `z`: `[n_atoms]` [length]
    /// - `c`: period in z [length], above 0
    fn of(z: &[f64], c: f64) -> Option<Ring> {
        let mut order: Vec<usize> = (0..z.len()).collect();
        let wrapped: Vec<f64> = z.iter().map(|z| z.rem_euclid(c)).collect();
        order.sort_by(|&a, &b| wrapped[a].total_cmp(&wrapped[b]));
        let n = order.len();
        let gap = |k: usize| {
            let next = if k + 1 < n { wrapped[order[k + 1]] } else { wrapped[*order.first()?] + c };
            Some(next - wrapped[order[k]])
        };
        let gaps: Vec<f64> = (0..n).map_while(gap).collect();
        let last = (0..n).max_by(|&a, &b| gaps[a].total_cmp(&gaps[b]))?;
        let second = (0..n).filter(|&k| k != last).map(|k| gaps[k]).fold(0.0, f64::max);
        if gaps[last] < CLEAR * second {
            return None;
        }
        let top = order[last];
        // In one piece what lies above the vacuum belongs one cell lower. The top stays where the file has it.
        let raised = z[top] - wrapped[top];
        let in_one_piece = |k: usize| wrapped[k] + raised - if wrapped[k] > wrapped[top] { c } else { 0.0 };
        let cells = (0..n).map(|k| ((in_one_piece(k) - z[k]) / c).round() as i32).collect();
        Some(Ring { cells, top: z[top], vacuum: gaps[last] })
    }
}

/// Puts a slab together that is wrapped through the boundary of its cell, says so, and whether atoms were moved.
///
/// - `asked`: which atoms move, and whether the scene asks for this by name
fn join(
    source: &Source,
    name: &str,
    asked: (Option<MobileSelection>, Option<bool>),
    frame: &mut Frame,
    warnings: &mut Vec<String>,
) -> Result<bool> {
    let (mobile, by_name) = (asked.0, asked.1 == Some(true));
    let Some(c) = frame.lattice.map(|rows| DVec3::from(rows[2])).filter(|c| c.z > 0.0) else { return Ok(false) };
    let z: Vec<f64> = frame.positions.iter().map(|r| r.z).collect();
    let Some(ring) = Ring::of(&z, c.z) else { return Ok(false) };
    let moved = ring.cells.iter().filter(|&&k| k != 0).count();
    if moved == 0 {
        return Ok(false);
    }
    let what = format!(
        "the slab of `{name}` is wrapped through the boundary of its cell in z: {moved} of {} atoms lie beyond a gap of {:.4}",
        z.len(),
        ring.vacuum
    );
    let remedy =
        "shift the atoms along z in the file until it is in one piece (ASE: atoms.translate((0, 0, 5)); atoms.wrap())";
    if !by_name && frame.periodic.is_some_and(|p| !p[2]) {
        warnings.push(format!(
            "it seems that {what}. Its pbc says that z is no period, so none is moved: say `joined: true` in `substrate`, or \
             {remedy}"
        ));
        return Ok(false);
    }
    ensure!(
        source,
        by_name || !matches!(mobile, Some(MobileSelection::Above(_))),
        "substrate.mobile",
        format!("{what}, and `Above(z)` could mean z before or after they are moved"),
        format!("add `joined: true` to the substrate, with z as it is after; or {remedy}"),
    );
    for (r, &cells) in frame.positions.iter_mut().zip(&ring.cells) {
        *r += c * f64::from(cells);
    }
    warnings.push(format!(
        "{what}. They are moved by its period {:.4}, so that the slab ends at z = {:.4}; if it should end elsewhere, {remedy}",
        c.z, ring.top
    ));
    Ok(true)
}

/// The species of every atom by its symbol. `[n_atoms]`
///
/// # Errors
/// A scene's error where no species has a symbol, or several have.
pub(super) fn species(source: &Source, known: &[Species], name: &str, symbols: &[String]) -> Result<Vec<usize>> {
    let error = |message: String, help: String| source.error("substrate.path", message, help);
    let of = |(i, symbol): (usize, &String)| {
        let matching: Vec<usize> = (0..known.len()).filter(|&s| known[s].symbol == *symbol).collect();
        match matching[..] {
            [one] => Ok(one),
            [] => {
                let atoms = symbols.iter().filter(|s| *s == symbol).count();
                let message = match atoms {
                    1 => format!("no species has the symbol `{symbol}` of atom {i} of `{name}`"),
                    _ => format!("no species has the symbol `{symbol}` of atom {i} and {} more of `{name}`", atoms - 1),
                };
                let known: Vec<&str> = known.iter().map(|s| s.symbol.as_str()).collect();
                let help = match known.iter().find(|k| k.eq_ignore_ascii_case(symbol)) {
                    Some(spelled) => format!("did you mean `{spelled}`?"),
                    None => format!(
                        "add a species with `symbol: \"{symbol}\"` and its pairs, or correct the file; the scene has {}",
                        known.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ")
                    ),
                };
                Err(error(message, help))
            }
            [a, b, ..] => {
                let (a, b) = (&known[a].name, &known[b].name);
                let message = format!("atom {i} of `{name}` is `{symbol}`, the symbol of both `{a}` and `{b}`");
                Err(error(message, "give the species different symbols".to_owned()))
            }
        }
    };
    symbols.iter().enumerate().map(of).collect()
}

/// Whether each atom moves. `[n_atoms]`
///
/// # Errors
/// A scene's error where `Selective` finds no flags, or an atom that moves along some axes only.
pub(super) fn moves(
    source: &Source,
    name: &str,
    mobile: Option<MobileSelection>,
    frame: &Frame,
    warnings: &mut Vec<String>,
) -> Result<Vec<bool>> {
    let path = "substrate.mobile";
    match (mobile, &frame.movable) {
        (Some(MobileSelection::Above(z)), _) => Ok(frame.positions.iter().map(|r| r.z > z).collect()),
        (Some(MobileSelection::Selective), None) => Err(source.error(
            path,
            format!("`{name}` does not say which atoms move"),
            "use `Above(z)`, or a file with selective dynamics (POSCAR) or a column `move_mask` (extended XYZ; ASE writes it \
             for FixAtoms)",
        )),
        (Some(MobileSelection::Selective), Some(flags)) => {
            if let Some(i) = flags.iter().position(|f| f[0] != f[1] || f[1] != f[2]) {
                let axes = |moves: bool| {
                    let named = ["x", "y", "z"].into_iter().zip(flags[i]).filter(|a| a.1 == moves).map(|a| a.0);
                    named.collect::<Vec<_>>().join(" and ")
                };
                return Err(source.error(
                    path,
                    format!("atom {i} of `{name}` moves along {} but not along {}", axes(true), axes(false)),
                    "here an atom moves in all directions or in none: make its flags alike, or use `Above(z)`",
                ));
            }
            Ok(flags.iter().map(|f| f[0]).collect())
        }
        (None, flags) => {
            let free = flags.iter().flatten().filter(|f| f.contains(&true)).count();
            // `mobile: None` says that nothing moves, and needs no answer.
            if free > 0 && !source.has(path) {
                warnings.push(format!(
                    "`{name}` lets {free} of {} atoms move, and here all are frozen: say `mobile: Selective` to let them, or \
                     `mobile: None` to freeze them without this warning",
                    frame.symbols.len()
                ));
            }
            Ok(vec![false; frame.symbols.len()])
        }
    }
}

/// Refuses a floor that is set by adsorbed atoms left in the file, and warns of frozen atoms that cannot be meant.
///
/// - `walls`: z of floor and ceiling [length]
pub(super) fn doubts(
    source: &Source,
    scene: &Scene,
    slab: &Slab,
    walls: (f64, f64),
    warnings: &mut Vec<String>,
) -> Result<()> {
    let (Some(Substrate::File { path: name, .. }), false) = (&scene.substrate, scene.is_bulk()) else { return Ok(()) };
    left_over(source, scene, name, slab, warnings)?;
    let (floor, ceiling) = walls;
    let reach = scene.potential.cutoff();
    let beyond = slab.frozen().filter(|a| a.position.z > ceiling + reach).count();
    if beyond > 0 {
        warnings.push(format!(
            "{beyond} frozen atoms of `{name}` lie more than the cutoff above the ceiling at z = {ceiling}, where nothing feels \
             them: correct `floor` or the file"
        ));
    }
    let mut heights: Vec<f64> = slab.atoms.iter().map(|a| a.position.z).collect();
    heights.sort_by(f64::total_cmp);
    if let Some(pair) = heights.windows(2).find(|p| p[1] - p[0] > reach && p[1] <= floor) {
        let below = heights.iter().filter(|&&z| z <= pair[0]).count();
        warnings.push(format!(
            "the slab of `{name}` has a gap of {:.4} in z, from {:.4} to {:.4}, wider than the cutoff: nothing above the floor \
             at z = {floor:.4} feels the {below} atoms below it; correct the file if they are the surface",
            pair[1] - pair[0],
            pair[0],
            pair[1]
        ));
    }
    Ok(())
}

/// Refuses, or warns of, frozen atoms of a species that comes and goes, in a slab of other atoms.
fn left_over(source: &Source, scene: &Scene, name: &str, slab: &Slab, warnings: &mut Vec<String>) -> Result<()> {
    let comes_and_goes = |species: usize| scene.reservoir_index(&scene.species[species].name).is_some();
    let top = |adsorbed: bool| {
        let of_it = slab.frozen().filter(|a| comes_and_goes(a.species) == adsorbed);
        of_it.max_by(|a, b| a.position.z.total_cmp(&b.position.z))
    };
    // A crystal of the adsorbate itself is a slab like any other.
    let (Some(highest), true) = (top(true), slab.atoms.iter().any(|a| !comes_and_goes(a.species))) else {
        return Ok(());
    };
    let species = &scene.species[highest.species].name;
    let n = slab.frozen().filter(|a| a.species == highest.species).count();
    let atoms = if n == 1 { "atom" } else { "atoms" };
    let what = format!("`{name}` holds {n} frozen {atoms} of `{species}`, which has a reservoir");
    let remedy = "if it was adsorbed, remove it from the file and let `initial` place it";
    let (below, given) = (top(false).map(|a| a.position.z), source.has("cell.floor"));
    if let Some(z) = below.filter(|&z| !given && highest.position.z > z) {
        return Err(source.error(
            "substrate.path",
            format!(
                "{what}: at z = {:.4} it would set the floor, {:.4} above the rest",
                highest.position.z,
                highest.position.z - z
            ),
            format!("{remedy}; if it belongs to the slab, say where the floor is, e.g. `floor: {z:.4}` in `cell`"),
        ));
    }
    warnings.push(format!("{what}: it keeps its place and is not counted in ⟨N⟩; {remedy}"));
    Ok(())
}
