//! What a scene may say but hardly means: units mixed up, steps too long, atoms that do not fit their cell.

use crate::base::units::Units;
use crate::input::scene::CheckedScene;
use crate::input::scene::grammar::{CellSpec, Dynamics, Scene};
use crate::potential::PairTable;

/// Curvature of a Lennard-Jones pair at its minimum, in ε/σ²: 36 · 2^{2/3}.
const CURVATURE: f64 = 57.146_436_4;
/// Time steps as parts of σ√(m/ε): customary, the longest that is not remarked, the shortest that is not.
const CUSTOMARY: f64 = 0.005;
const LONG: f64 = 0.02;
/// The same for bonds, which vibrate where other atoms collide: 17 steps a period are the longest that is not remarked.
const CUSTOMARY_OF_BONDS: f64 = 0.02;
const LONG_OF_BONDS: f64 = 0.05;
const SHORT: f64 = 2e-5;
/// Depths of a well in kT that are not remarked.
pub(super) const DEPTHS: std::ops::RangeInclusive<f64> = 0.01..=30.0;
/// Periods in σ above which a cell is remarked.
const WIDE: f64 = 200.0;
/// Smallest σ of an atom \[Å\]; helium has 2.6.
const SMALLEST_ATOM: f64 = 1.0;

/// Warns of what is hardly meant.
///
/// - `mobile`, `frozen`: `[n_species]`, whether the species occurs so
pub(crate) fn plausible(
    scene: &Scene,
    pairs: &PairTable,
    (mobile, frozen): (&[bool], &[bool]),
    warnings: &mut Vec<String>,
) {
    warnings.extend(steps(scene, pairs, (mobile, frozen)));
    let n = scene.species.len();
    let of_reservoir = |s: usize| scene.reservoir_index(&scene.species[s].name).is_some();
    let met = (0..n * n).map(|k| (k / n, k % n)).filter(|&(a, b)| {
        let once = a <= b || !of_reservoir(b);
        of_reservoir(a) && once && (mobile[b] || frozen[b]) && pairs.pair(a as u8, b as u8).interacts()
    });
    let met: Vec<(usize, usize)> = met.collect();
    warnings.extend(wells(scene, pairs, &met));
    warnings.extend(sizes(scene, pairs, &met));
}

/// The shortest time in which atoms of the scene move by their own size, σ√(m/ε), or σ√(m/kT) where that is shorter. For
/// other forms of pairs it is that of the Lennard-Jones pair with the same curvature at its minimum.
struct Shortest<'a> {
    /// The lighter of the two atoms.
    species: &'a str,
    /// [time]
    time: f64,
}

impl Shortest<'_> {
    fn of<'a>(scene: &'a Scene, pairs: &PairTable, (mobile, frozen): (&[bool], &[bool])) -> Option<Shortest<'a>> {
        let hottest = scene.grid.temperature.values().into_iter().reduce(f64::max)? * scene.units.boltzmann();
        let n = scene.species.len();
        let of_pair = |(a, b): (usize, usize)| {
            let pair = pairs.pair(a as u8, b as u8);
            if !(mobile[a] && (mobile[b] || frozen[b]) && pair.interacts()) {
                return None;
            }
            let r = 2.0_f64.powf(1.0 / 6.0) * pair.length();
            let h = 1e-3 * r;
            // On the inner side of the minimum: a pair may end there.
            let u = [0.0, 1.0, 2.0].map(|k| pair.energy((r - (k + 0.5) * h).powi(2)));
            let curvature = (u[0] - 2.0 * u[1] + u[2]) / (h * h);
            let mass = scene.species[a].mass * scene.units.mass_unit();
            let warmed = (pair.depth() / hottest).min(1.0);
            let time = (CURVATURE * mass / curvature * warmed).sqrt();
            time.is_finite().then_some(Shortest { species: &scene.species[a].name, time }).filter(|s| s.time > 0.0)
        };
        (0..n * n).filter_map(|k| of_pair((k / n, k % n))).min_by(|a, b| a.time.total_cmp(&b.time))
    }

    /// `dt` beside it, in words.
    fn beside(&self, dt: f64, units: Units) -> String {
        let unit = match units {
            Units::Lj => "",
            Units::Metal => " ps",
        };
        let (part, time) = (digits(dt / self.time, 2), digits(self.time, 3));
        format!("`dt` {dt} is {part} of {time}{unit}, the time in which {} moves by its size (σ√(m/ε))", self.species)
    }
}

/// The time step of dynamics that have one.
fn time_step(dynamics: &Dynamics) -> Option<f64> {
    match *dynamics {
        Dynamics::Baoab { dt, .. } | Dynamics::Verlet { dt, .. } => Some(dt),
        _ => None,
    }
}

fn steps(scene: &Scene, pairs: &PairTable, occurring: (&[bool], &[bool])) -> Option<String> {
    let (dt, shortest) = (time_step(&scene.dynamics)?, Shortest::of(scene, pairs, occurring)?);
    let part = dt / shortest.time;
    let start = shortest.beside(dt, scene.units);
    let (customary, long) = match pairs.three_body() {
        Some(_) => (CUSTOMARY_OF_BONDS, LONG_OF_BONDS),
        None => (CUSTOMARY, LONG),
    };
    if part > long {
        let sound = digits(customary * shortest.time, 1);
        return Some(format!(
            "{start}: averages will be off, or the run will fail; give {sound}, or {long} of that time at most"
        ));
    }
    (part < SHORT).then(|| format!("{start}: atoms will hardly move; check its unit"))
}

/// What to do after a replica has failed: a time step that would do, where that may be the reason.
pub(crate) fn after_a_fault(loaded: &CheckedScene) -> String {
    let scene = &loaded.scene;
    let (mobile, frozen) = loaded.occurring();
    let Some(dt) = time_step(&scene.dynamics) else {
        return "please report this, with the scene and that file".to_owned();
    };
    let again = "and run the scene again (`resume` would fail alike)";
    let shortest = Shortest::of(scene, &loaded.pairs, (&mobile, &frozen)).filter(|s| dt > CUSTOMARY * s.time);
    match shortest {
        Some(s) => {
            let sound = digits(CUSTOMARY * s.time, 1);
            format!("{}; give {sound} {again}", s.beside(dt, scene.units))
        }
        None => format!(
            "`dt` {dt} should do; give {}, {again}, and if it fails as well, please report this",
            digits(0.5 * dt, 2)
        ),
    }
}

/// Wells far too deep, or far too shallow, for the temperatures.
fn wells(scene: &Scene, pairs: &PairTable, met: &[(usize, usize)]) -> Option<String> {
    let depth = |&(a, b): &(usize, usize)| pairs.pair(a as u8, b as u8).depth();
    let deepest = met.iter().filter(|p| depth(p) > 0.0).max_by(|a, b| depth(a).total_cmp(&depth(b)))?;
    let temperatures = scene.grid.temperature.values();
    let (cold, hot) = (temperatures.iter().copied().reduce(f64::min)?, temperatures.iter().copied().reduce(f64::max)?);
    let units = scene.units;
    let in_kt = |t: f64| depth(deepest) / (units.boltzmann() * t);
    let (a, b) = (&scene.species[deepest.0].name, &scene.species[deepest.1].name);
    let well = format!("the deepest well, {} {} between {a} and {b},", depth(deepest), units.energy_label());
    let at = |t: f64| format!("is {} kT at T = {t} {}", digits(in_kt(t), 2), units.temperature_label());
    // bonds are that deep; whoever names triplets means them
    if in_kt(cold) > *DEPTHS.end() && pairs.three_body().is_none() {
        return Some(format!(
            "{well} {}: what is bound stays bound; check the units of energies and temperatures",
            at(cold)
        ));
    }
    (in_kt(hot) < *DEPTHS.start()).then(|| {
        format!("{well} {}: an ideal gas in all but name; check the units of energies and temperatures", at(hot))
    })
}

/// Pairs that their cutoff leaves no attraction, and atoms too large or too small for the cell.
fn sizes(scene: &Scene, pairs: &PairTable, met: &[(usize, usize)]) -> Vec<String> {
    let (length, cutoff) = (|p: (usize, usize)| pairs.pair(p.0 as u8, p.1 as u8).length(), scene.potential.cutoff());
    let names = |(a, b): (usize, usize)| format!("{} and {}", scene.species[a].name, scene.species[b].name);
    let mut found = Vec::new();
    if let Some(&p) = met.iter().find(|&&p| cutoff < length(p)) {
        found.push(format!(
            "`cutoff` {cutoff} is below σ = {} of {}: only a repulsion is left of the pair; check the units of lengths",
            length(p),
            names(p)
        ));
    }
    let mut edges: Vec<f64> = scene.periods().into_iter().map(|(_, period)| period).collect();
    if let CellSpec::Slab { height, .. } = scene.cell {
        edges.push(height);
    }
    let (Some(shortest), Some(longest)) =
        (edges.iter().copied().reduce(f64::min), edges.iter().copied().reduce(f64::max))
    else {
        return found;
    };
    for &p in met.iter().filter(|p| p.0 == p.1) {
        let (sigma, name) = (length(p), &scene.species[p.0].name);
        if 2.0 * sigma > shortest {
            found.push(format!(
                "σ = {sigma} of {name} is more than half of the shortest edge of the cell, {}: hardly an atom has room; check \
                 the units of lengths",
                digits(shortest, 4)
            ));
        }
        let tiny = scene.units == Units::Metal && sigma < SMALLEST_ATOM;
        if sigma > 0.0 && (tiny || longest > WIDE * sigma) {
            let unit = if scene.units == Units::Metal { " Å" } else { "" };
            found.push(format!(
                "σ = {sigma}{unit} of {name} in a cell of up to {}{unit}: far smaller than atoms are in such cells; check the \
                 units of lengths",
                digits(longest, 4)
            ));
        }
    }
    found
}

/// A number with so many significant digits.
pub(super) fn digits(x: f64, n: usize) -> f64 {
    format!("{x:.*e}", n - 1).parse().unwrap_or(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    const DEFAULT: &str = include_str!("../../../../scenes/lj_surface.ron");

    fn load(changes: &[(&str, &str)]) -> CheckedScene {
        let text = changes.iter().fold(DEFAULT.to_owned(), |text, (from, to)| {
            assert!(text.contains(from), "{from}");
            text.replacen(from, to, 1)
        });
        crate::input::scene::parse(&text, Path::new("x.ron")).unwrap_or_else(|e| panic!("{e}"))
    }

    #[test]
    fn the_shortest_time_is_that_of_the_lightest_atom_in_the_steepest_well() {
        // Of the default scene B moves over A: σ = 1, ε = 1.5, m = 1, hottest 0.76.
        let loaded = load(&[]);
        let (mobile, frozen) = loaded.occurring();
        let shortest = Shortest::of(&loaded.scene, &loaded.pairs, (&mobile, &frozen)).expect("pairs");
        assert!((shortest.time / (1.0 / 1.5_f64).sqrt() - 1.0).abs() < 0.02, "{}", shortest.time);
        assert_eq!(shortest.species, "B");
        assert!(loaded.warnings.is_empty());
    }

    #[test]
    fn steps_too_long_or_too_short_are_remarked_with_one_that_would_do() {
        let said = |dt: &str| load(&[("dt: 0.004", dt)]).warnings;
        assert!(said("dt: 0.015").is_empty());
        let long = said("dt: 0.05");
        assert!(long.len() == 1 && long[0].starts_with("`dt` 0.05 is 0.06"), "{long:?}");
        assert!(long[0].contains("; give 0.004, or 0.02 of that time at most"), "{long:?}");
        assert!(said("dt: 4e-6")[0].contains("atoms will hardly move"));
        let words = after_a_fault(&load(&[("dt: 0.004", "dt: 0.05")]));
        assert!(words.contains("give 0.004 and run the scene again (`resume` would fail alike)"), "{words}");
        assert!(after_a_fault(&load(&[])).contains("`dt` 0.004 should do; give 0.002, and run"));
    }

    #[test]
    fn wells_and_sizes_in_wrong_units_are_remarked() {
        let of = |changes: &[(&str, &str)], words: &str| {
            let warnings = load(changes).warnings;
            assert!(warnings.iter().any(|w| w.contains(words)), "{words}: {warnings:?}");
        };
        of(&[("epsilon: 1.5", "epsilon: 119.8")], "the deepest well, 119.8 ε between B and A, is 500 kT at T = 0.24");
        of(&[("List([0.24, 0.30, 0.36, 0.43, 0.51, 0.62, 0.76])", "List([300.0])")], "is 0.005 kT at T = 300");
        of(&[("cutoff: 2.5", "cutoff: 1.3")], "`cutoff` 1.3 is below σ = 1.65 of B and B");
        of(&[("sigma: 1.65", "sigma: 0.02")], "σ = 0.02 of B in a cell of up to 6.6");
        of(&[("height: 6.0", "height: 2.9")], "σ = 1.65 of B is more than half of the shortest edge of the cell, 2.9");
    }
}
