//! Room that is hardly meant: a floor out of the slab's reach, a ceiling in the slab, displacements out of the cell, walls that let nothing go.

use super::plausible::{DEPTHS, digits};
use crate::input::scene::CheckedScene;
use crate::input::scene::compile::external_field;
use crate::input::scene::grammar::{Dynamics, External};
use glam::DVec3;

/// Heights at which the well of a wall is looked for, up to [`REACH_OF_WALLS`] σ above the floor.
const POINTS: u32 = 500;
const REACH_OF_WALLS: f64 = 5.0;

/// Warns of what is hardly meant.
///
/// - `mobile`, `frozen`: `[n_species]`, whether the species occurs so
pub(crate) fn doubts(loaded: &CheckedScene, (mobile, frozen): (&[bool], &[bool])) -> Vec<String> {
    let slab = slab(loaded, (mobile, frozen));
    slab.into_iter()
        .chain(displacement(loaded))
        .chain(loaded.scene.external.iter().filter_map(|w| wall(loaded, w)))
        .collect()
}

/// Floor and ceiling beside the slab.
fn slab(loaded: &CheckedScene, (mobile, frozen): (&[bool], &[bool])) -> Option<String> {
    let scene = &loaded.scene;
    let top = loaded.slab.atoms.iter().map(|a| a.position.z).reduce(f64::max).filter(|_| !scene.is_bulk())?;
    let n = scene.species.len();
    let met = (0..n * n).map(|k| (k / n, k % n)).filter(|&(a, b)| mobile[a] && frozen[b]);
    let pairs = met.map(|(a, b)| loaded.pairs.pair(a as u8, b as u8)).filter(|pair| pair.interacts());
    let sigma = pairs.map(|pair| pair.length()).reduce(f64::min)?;
    let (floor, ceiling, cutoff) = (loaded.floor(), loaded.ceiling(), scene.potential.cutoff());
    let (from, to, top_z) = (digits(floor, 4), digits(ceiling, 4), digits(top, 4));
    if floor - top > cutoff {
        return Some(format!(
            "the floor, z = {from}, is more than the cutoff {cutoff} above the slab, which ends at z = {top_z}: no atom will feel it; \
             leave `floor` out, and it is the top of the slab"
        ));
    }
    (ceiling - top < 2.0_f64.powf(1.0 / 6.0) * sigma).then(|| {
        format!(
            "the cell from z = {from} to {to} ends less than the size of an atom above the slab, which ends at z = {top_z}: there is \
             no room on it; leave `floor` out, or raise `height`"
        )
    })
}

/// Displacements beyond half the cell.
fn displacement(loaded: &CheckedScene) -> Option<String> {
    let Dynamics::MonteCarlo { displacement, attempts } = loaded.scene.dynamics else { return None };
    let (x, y, z) = loaded.lengths();
    let shortest = x.min(y).min(z);
    (attempts > 0 && displacement > 0.5 * shortest).then(|| {
        format!(
            "`displacement` {displacement} is more than half of the shortest edge of the cell, {}: an atom is put anywhere, and hardly \
             ever has room there; a tenth to a third of σ is customary",
            digits(shortest, 4)
        )
    })
}

/// The well of a wall, where it is far too deep for the temperatures.
fn wall(loaded: &CheckedScene, spec: &External) -> Option<String> {
    let (name, sigma) = match spec {
        External::Harmonic { .. } => return None,
        External::Steele { sigma, .. } => ("Steele", *sigma),
        External::Wall93 { sigma, .. } => ("Wall93", *sigma),
    };
    let (scene, field) = (&loaded.scene, external_field(spec, 0.0, DVec3::ZERO));
    let at = |k: u32| DVec3::new(0.0, 0.0, REACH_OF_WALLS * sigma * f64::from(k) / f64::from(POINTS));
    let depth = -(1..=POINTS).map(|k| field.energy_force(at(k)).0).fold(0.0, f64::min);
    let coldest = scene.grid.temperature.values().into_iter().reduce(f64::min)?;
    let (units, in_kt) = (scene.units, depth / (scene.units.boltzmann() * coldest));
    (in_kt > *DEPTHS.end()).then(|| {
        format!(
            "the well of `{name}` for {}, {} {}, is {} kT at T = {coldest} {}: what is bound stays bound; check the units of energies \
             and temperatures",
            spec.species(),
            digits(depth, 3),
            units.energy_label(),
            digits(in_kt, 2),
            units.temperature_label()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Result;
    use std::path::Path;

    const DEFAULT: &str = include_str!("../../../../scenes/lj_surface.ron");

    fn load(changes: &[(&str, &str)]) -> Result<CheckedScene> {
        let text = changes.iter().fold(DEFAULT.to_owned(), |text, (from, to)| {
            assert!(text.contains(from), "{from}");
            text.replacen(from, to, 1)
        });
        // what looks at the first layer would be refused
        let text: String = text.lines().filter(|l| !l.contains("observables:")).collect::<Vec<_>>().join("\n");
        crate::input::scene::parse(&text, Path::new("x.ron"))
    }

    fn warned(changes: &[(&str, &str)], words: &str) {
        let warnings = load(changes).unwrap_or_else(|e| panic!("{e}")).warnings;
        assert!(warnings.iter().any(|w| w.contains(words)), "{words}: {warnings:?}");
    }

    const CELL: &str = "height: 6.0";
    const DYNAMICS: &str = "Baoab(dt: 0.004, friction: 1.0, steps: 50)";

    #[test]
    fn cells_beside_their_slab_are_remarked() {
        warned(&[(CELL, "height: 6.0, floor: 7.0")], "the floor, z = 7, is more than the cutoff 2.5 above the slab");
        warned(
            &[(CELL, "height: 6.0, floor: -5.0")],
            "the cell from z = -5 to 1 ends less than the size of an atom above",
        );
        assert!(load(&[(CELL, "height: 6.0, floor: -0.5")]).is_ok_and(|s| s.warnings.is_empty()));
    }

    #[test]
    fn displacements_and_frictions_out_of_scale_are_remarked() {
        warned(
            &[(DYNAMICS, "MonteCarlo(displacement: 1e6, attempts: 9)")],
            "`displacement` 1000000 is more than half of",
        );
        warned(&[("friction: 1.0", "friction: 1e9")], "`friction` 1000000000 times `dt` 0.004 is above 1");
        assert!(load(&[("friction: 1.0", "friction: 200.0")]).is_ok_and(|s| s.warnings.is_empty()));
    }

    #[test]
    fn walls_far_too_deep_are_remarked() {
        let wall =
            |epsilon: &str| format!("external: [Wall93(species: \"B\", epsilon: {epsilon}, sigma: 1.0)],\n    cell:");
        // a 9-3 wall is 1.054 ε deep
        warned(&[("cell:", &wall("24.0"))], "the well of `Wall93` for B, 25.3 ε, is 110 kT at T = 0.24");
        let loaded = load(&[("cell:", &wall("2.0"))]);
        assert!(loaded.as_ref().is_ok_and(|s| s.warnings.is_empty()), "{loaded:?}");
    }

    #[test]
    fn temperatures_without_finite_energies_are_refused() {
        let of = |list: &str| load(&[("List([0.24, 0.30, 0.36, 0.43, 0.51, 0.62, 0.76])", list)]);
        for bad in ["1e308", "1e-300", "2e8"] {
            let error = of(&format!("List([0.5, {bad}])")).err().map(|e| e.to_string()).unwrap_or_default();
            assert!(error.contains(&format!("temperature {bad}")) && error.contains("from 1.0e-8 to 1.0e8"), "{error}");
        }
        assert!(of("Geometric(from: 1e-300, to: 1.0, n: 3)").is_err());
        assert!(of("List([1e-8, 1e8])").is_ok());
    }
}
