//! Reservoirs, the grid of states, and the atoms at the start.

use super::species::known;
use super::spelled;
use super::{at_least_one, positive};
use crate::base::Result;
use crate::base::units::Units;
use crate::input::scene::grammar::{AxisValues, ConventionSpec, Placement, Scene, Substrate, Walkers};
use crate::input::source::{Source, did_you_mean, ensure};
use crate::input::span::last_name;

/// States that one grid may hold.
pub(crate) const MAX_STATES: usize = 1_000_000;
/// Replicas of one run, over all walkers.
pub(crate) const MAX_REPLICAS: usize = 10_000_000;
/// Walkers of one run: they are stored as u16.
const MAX_WALKERS: u32 = u16::MAX as u32;

/// Checks reservoirs, grid and the numbers of atoms at the start.
pub(crate) fn particles(source: &Source, scene: &Scene, warnings: &mut Vec<String>) -> Result<()> {
    reservoirs(source, scene)?;
    grid(source, scene, warnings)?;
    initial(source, scene, warnings)
}

fn reservoirs(source: &Source, scene: &Scene) -> Result<()> {
    // A misspelt axis would look like a reservoir without one.
    for (i, axis) in scene.grid.reservoir.iter().enumerate() {
        known(source, scene, &format!("grid.reservoir[{i}].species"), &axis.species)?;
    }
    for (i, r) in scene.reservoir.iter().enumerate() {
        let path = format!("reservoir[{i}]");
        known(source, scene, &format!("{path}.species"), &r.species)?;
        ensure!(
            source,
            scene.reservoir_index(&r.species) == Some(i),
            format!("{path}.species"),
            format!("species `{}` has two reservoirs", r.species),
            "keep one of them",
        );
        at_least_one(source, &format!("{path}.max_atoms"), u32::from(r.max_atoms))?;
        ensure!(
            source,
            scene.grid.reservoir.iter().any(|g| g.species == r.species),
            format!("{path}.species"),
            format!("species `{}` has a reservoir but no axis in `grid.reservoir`", r.species),
            format!("add `(species: \"{}\", convention: Activity, values: …)` to `grid.reservoir`", r.species),
        );
        if let Some(region) = r.region {
            let (lo, hi) = region.z;
            ensure!(
                source,
                lo < hi,
                format!("{path}.region.z"),
                format!("the region from z = {lo} to {hi} is empty"),
                "give the lower z first",
            );
        }
    }
    Ok(())
}

fn grid(source: &Source, scene: &Scene, warnings: &mut Vec<String>) -> Result<()> {
    let path = "grid.temperature";
    axis(source, path, "temperature", &scene.grid.temperature, warnings)?;
    temperatures(source, scene, path, &scene.grid.temperature)?;
    if let Some(planck) = scene.planck {
        ensure!(
            source,
            scene.units == Units::Lj,
            "planck",
            format!(
                "`planck` is {}, but in `Metal` units it is the CODATA constant",
                spelled(source, "planck", planck)
            ),
            "leave it out",
        );
        positive(source, "planck", planck)?;
    }
    let mut n_states = scene.grid.temperature.len();
    for (i, axis_spec) in scene.grid.reservoir.iter().enumerate() {
        let path = format!("grid.reservoir[{i}]");
        let name = &axis_spec.species;
        if scene.reservoir_index(name).is_none() {
            let names: Vec<&str> = scene.reservoir.iter().map(|r| r.species.as_str()).collect();
            let help = if names.is_empty() {
                format!("add `(species: \"{name}\", max_atoms: …)` to `reservoir`")
            } else {
                did_you_mean(name, names)
            };
            let message = format!("`grid.reservoir` has an axis for `{name}`, which has no reservoir");
            return Err(source.error(&format!("{path}.species"), message, help));
        }
        ensure!(
            source,
            !scene.grid.reservoir[..i].iter().any(|g| g.species == *name),
            format!("{path}.species"),
            format!("species `{name}` has two axes"),
            "keep one of them",
        );
        convention(source, scene, &format!("{path}.convention"), &axis_spec.convention)?;
        let values = format!("{path}.values");
        axis(source, &values, name, &axis_spec.values, warnings)?;
        if matches!(axis_spec.convention, ConventionSpec::Pressure | ConventionSpec::Gas(_)) {
            all_positive(source, &values, "pressure", &axis_spec.values)?;
        }
        n_states = n_states.saturating_mul(axis_spec.values.len());
    }
    n_states = n_states.saturating_add(scene.n_windows());
    ensure!(
        source,
        n_states <= MAX_STATES,
        "grid",
        format!("the grid has {n_states} states"),
        format!("give at most {MAX_STATES}"),
    );
    at_least_one(source, "grid.walkers", scene.grid.walkers)?;
    let n_replicas = n_states.saturating_mul(scene.grid.walkers as usize);
    ensure!(
        source,
        scene.grid.walkers <= MAX_WALKERS && n_replicas <= MAX_REPLICAS,
        "grid.walkers",
        format!("{} walkers of {n_states} states are {n_replicas} replicas", scene.grid.walkers),
        format!("give at most {MAX_WALKERS} walkers and {MAX_REPLICAS} replicas"),
    );
    Ok(())
}

fn convention(source: &Source, scene: &Scene, path: &str, convention: &ConventionSpec) -> Result<()> {
    match convention {
        ConventionSpec::Activity | ConventionSpec::Pressure => Ok(()),
        ConventionSpec::Gas(name) => {
            ensure!(
                source,
                scene.units == Units::Metal,
                path,
                format!("the convention `Gas(\"{name}\")` needs `units: Metal`: the pressure of a real gas is in bar"),
                "use `Pressure` in reduced units",
            );
            Ok(())
        }
        ConventionSpec::Absolute => {
            ensure!(
                source,
                scene.units.planck().or(scene.planck).is_some(),
                path,
                "the convention `Absolute` needs Planck's constant, which reduced units do not have",
                "add `planck: …` to the scene, or use `Activity`",
            );
            Ok(())
        }
    }
}

/// Checks the values of one axis.
pub(super) fn axis(
    source: &Source,
    path: &str,
    name: &str,
    spec: &AxisValues,
    warnings: &mut Vec<String>,
) -> Result<()> {
    let n = spec.len();
    ensure!(source, n > 0, path, format!("the {name} axis has no values"), "give at least one value");
    ensure!(
        source,
        n <= MAX_STATES,
        path,
        format!("the {name} axis has {n} values"),
        format!("give at most {MAX_STATES}")
    );
    if let AxisValues::Linear { from, to, n } | AxisValues::Geometric { from, to, n } = *spec {
        ensure!(
            source,
            (n == 1) == (from.to_bits() == to.to_bits()),
            format!("{path}.n"),
            if n == 1 {
                format!("`n` is 1, but the ends {from} and {to} differ")
            } else {
                format!("`n` is {n}, but both ends are {from}")
            },
            if n == 1 { "give 2 or more, or equal ends" } else { "give different ends, or `n: 1`" },
        );
    }
    if let AxisValues::Geometric { from, to, .. } = *spec {
        for (end, value) in [("from", from), ("to", to)] {
            ensure!(
                source,
                value > 0.0,
                format!("{path}.{end}"),
                format!("`{end}` of a `Geometric` axis is {}", spelled(source, &format!("{path}.{end}"), value)),
                "give a number above 0, or use `Linear`",
            );
        }
    }
    let values = spec.values();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]).then(a.cmp(&b)));
    for pair in order.windows(2) {
        let (a, b) = (values[pair[0]] + 0.0, values[pair[1]] + 0.0);
        ensure!(
            source,
            a.to_bits() != b.to_bits(),
            format!("{path}[0][{}]", pair[1]),
            format!("the {name} axis has the value {b} twice"),
            "give each value once",
        );
    }
    let ascends = order.windows(2).all(|p| p[0] < p[1]);
    if !ascends && !order.windows(2).all(|p| p[0] > p[1]) {
        warnings.push(format!(
            "the {name} axis is not in order: states exchange with their neighbours in the list, so sort it"
        ));
    }
    Ok(())
}

/// Refuses values of an axis that are not above 0.
pub(super) fn all_positive(source: &Source, path: &str, name: &str, spec: &AxisValues) -> Result<()> {
    each_given(path, spec, |value, path| {
        let message = || format!("{name} {} is not above 0", spelled(source, path, value));
        ensure!(source, value > 0.0, path, message(), format!("give a {name} above 0"));
        Ok(())
    })
}

/// kT \[energy\] whose velocities, Boltzmann factors and sums of squared energies are finite in f32 and far from the
/// energy of overlaps.
const KT: std::ops::RangeInclusive<f64> = 1e-8..=1e8;

/// Refuses temperatures that are not above 0, or with which no device can calculate.
pub(super) fn temperatures(source: &Source, scene: &Scene, path: &str, spec: &AxisValues) -> Result<()> {
    all_positive(source, path, "temperature", spec)?;
    let (boltzmann, unit) = (scene.units.boltzmann(), scene.units.temperature_label());
    each_given(path, spec, |value, path| {
        ensure!(
            source,
            KT.contains(&(boltzmann * value)),
            path,
            format!(
                "temperature {} {unit} gives energies that no device holds: kT = {:.1e} {}",
                spelled(source, path, value),
                boltzmann * value,
                scene.units.energy_label()
            ),
            format!("give one from {:.1e} to {:.1e} {unit}", KT.start() / boltzmann, KT.end() / boltzmann),
        );
        Ok(())
    })
}

/// Asks for every number with which an axis is given, with its path.
fn each_given(path: &str, spec: &AxisValues, mut ask: impl FnMut(f64, &str) -> Result<()>) -> Result<()> {
    match spec {
        AxisValues::List(values) => {
            values.iter().enumerate().try_for_each(|(i, &value)| ask(value, &format!("{path}[0][{i}]")))
        }
        AxisValues::Linear { from, to, .. } | AxisValues::Geometric { from, to, .. } => {
            ask(*from, &format!("{path}.from"))?;
            ask(*to, &format!("{path}.to"))
        }
    }
}

fn initial(source: &Source, scene: &Scene, warnings: &mut Vec<String>) -> Result<()> {
    for (i, entry) in scene.initial.iter().enumerate() {
        let path = format!("initial[{i}]");
        known(source, scene, &format!("{path}.species"), &entry.species)?;
        if entry.atoms.is_none() && !matches!(entry.placement, Placement::File { .. }) {
            let message = format!("`initial` does not say how many atoms of `{}`", entry.species);
            return Err(source.error(&path, message, "add `atoms: …`"));
        }
        if entry.placement == Placement::Layers {
            ensure!(
                source,
                matches!(scene.substrate, Some(Substrate::Fcc111 { .. } | Substrate::Fcc100 { .. })),
                format!("{path}.placement"),
                "`Layers` continues a lattice slab, and there is none",
                "use `Random` or `File`, or a `Fcc111` or `Fcc100` substrate",
            );
        }
        if entry.walkers == Walkers::Odd && scene.grid.walkers == 1 {
            warnings.push(format!("initial atoms of `{}` are for odd walkers, and there is one walker", entry.species));
        }
    }
    Ok(())
}

/// Checks the numbers of atoms at the start, once files have been read and `atoms` is filled in.
///
/// - `mobile_slab`: `[n_species]`, mobile slab atoms
pub(crate) fn numbers(source: &Source, scene: &Scene, mobile_slab: &[usize]) -> Result<()> {
    for (i, r) in scene.reservoir.iter().enumerate() {
        let path = format!("reservoir[{i}].species");
        let slab = scene.species_index(&r.species).map_or(0, |s| mobile_slab[s]);
        ensure!(
            source,
            slab == 0,
            path,
            format!("species `{}` has a reservoir and {slab} mobile slab atoms", r.species),
            "give the atoms of the reservoir a species of their own: mobile slab atoms keep their number",
        );
    }
    for walker in scene.walker_kinds() {
        for s in &scene.species {
            let entries = || scene.initial_of(walker).filter(|(_, e)| e.species == s.name);
            let atoms: usize = entries().map(|(_, e)| usize::from(e.atoms.unwrap_or(0))).sum();
            let last = entries().last().map_or("initial".to_owned(), |(i, _)| format!("initial[{i}].atoms"));
            match scene.reservoir_index(&s.name) {
                Some(r) => {
                    let most = scene.reservoir[r].max_atoms;
                    ensure!(
                        source,
                        atoms <= usize::from(most),
                        last,
                        format!("{atoms} atoms of `{}` at the start, but `max_atoms` is {most}", s.name),
                        "raise `max_atoms` or start with fewer",
                    );
                }
                None => {
                    let first: usize = scene
                        .initial_of(0)
                        .filter(|(_, e)| e.species == s.name)
                        .map(|(_, e)| usize::from(e.atoms.unwrap_or(0)))
                        .sum();
                    ensure!(
                        source,
                        atoms == first,
                        last,
                        format!("even walkers start with {first} atoms of `{}`, odd ones with {atoms}", s.name),
                        "without a reservoir the number is kept: give every walker the same",
                    );
                }
            }
        }
    }
    let (capacity, frame) = (capacity(scene, mobile_slab), "at most 65535 mobile atoms fit a replica");
    ensure!(
        source,
        capacity > 0,
        "reservoir",
        "nothing can move: there is no reservoir, no initial atom and no mobile slab layer",
        "add one of them",
    );
    let message = format!("a replica may hold {capacity} mobile atoms");
    ensure!(source, capacity <= usize::from(u16::MAX), "reservoir", message, frame);
    Ok(())
}

/// Mobile atoms that a replica may hold: slab atoms, `max_atoms` of every reservoir, and atoms of fixed number.
pub(crate) fn capacity(scene: &Scene, mobile_slab: &[usize]) -> usize {
    let slab: usize = mobile_slab.iter().sum();
    let reservoirs: usize = scene.reservoir.iter().map(|r| usize::from(r.max_atoms)).sum();
    let fixed: usize = scene
        .initial_of(0)
        .filter(|(_, e)| scene.reservoir_index(&e.species).is_none())
        .map(|(_, e)| usize::from(e.atoms.unwrap_or(0)))
        .sum();
    slab + reservoirs + fixed
}

/// Warns of species that occur nowhere, and of fields that act on nothing.
pub(crate) fn unused(scene: &Scene, mobile: &[bool], frozen: &[bool], warnings: &mut Vec<String>) {
    for (i, s) in scene.species.iter().enumerate() {
        if !mobile[i] && !frozen[i] {
            warnings.push(format!("species `{}` occurs nowhere: not in the slab, a reservoir or `initial`", s.name));
        }
    }
    for field in &scene.external {
        if scene.species_index(field.species()).is_some_and(|s| !mobile[s]) {
            let name = last_name(field.species());
            warnings.push(format!("an external field acts on `{name}`, of which no atom moves"));
        }
    }
}
