//! Observables: whether the scene has what they need.

use super::species::known;
use super::{at_least_one, positive, spelled};
use crate::base::Result;
use crate::input::scene::CheckedScene;
use crate::input::scene::grammar::{Observable, WaveVector};
use crate::input::source::{Source, ensure};
use crate::observables::{Need, layers, order};
use crate::system::slab::Face;

/// Bins that one histogram may have.
const MOST_BINS: usize = 10_000;
/// Largest number that half precision holds.
const LARGEST_HALF: f64 = 65_504.0;
/// How much higher than its mean the highest bin of pair counts is taken to be.
const PEAK: f64 = 8.0;

/// Checks the list of observables, once the scene is complete.
pub(crate) fn observables(source: &Source, loaded: &CheckedScene) -> Result<()> {
    if let Some(layer) = loaded.scene.first_layer {
        first_layer(source, loaded, layer.z_max)?;
    }
    let list = &loaded.scene.observables;
    for (i, entry) in list.iter().enumerate() {
        let path = format!("observables[{i}]");
        let name = name_of(source, &path);
        ensure!(
            source,
            !loaded.adsorbates().is_empty(),
            path,
            format!("`{name}` looks at adsorbed atoms, and there are none: no reservoir and no initial atoms"),
            "leave `observables` out",
        );
        ensure!(
            source,
            !list[..i].iter().any(|earlier| is_same(earlier, entry)),
            path,
            format!("`{name}` is given twice, and both would store the same columns"),
            "keep one of them",
        );
        for need in entry.needs() {
            check(source, loaded, &path, &name, need)?;
        }
    }
    Ok(())
}

/// The observable as the user names it.
fn name_of(source: &Source, path: &str) -> String {
    let word = source.spelled(path);
    word.split('(').next().unwrap_or(word).trim().to_owned()
}

/// Whether two entries would store the same columns.
fn is_same(a: &Observable, b: &Observable) -> bool {
    match (a, b) {
        (Observable::Order { wave_vector: a }, Observable::Order { wave_vector: b }) => a == b,
        _ => std::mem::discriminant(a) == std::mem::discriminant(b),
    }
}

fn first_layer(source: &Source, loaded: &CheckedScene, z_max: f64) -> Result<()> {
    ensure!(
        source,
        !loaded.scene.is_bulk(),
        "first_layer",
        "`first_layer` in a `Bulk` cell, which has no surface",
        "leave it out",
    );
    let (floor, ceiling) = (loaded.floor(), loaded.ceiling());
    ensure!(
        source,
        z_max > floor && z_max <= ceiling,
        "first_layer.z_max",
        format!(
            "`z_max` is {}, outside the cell from {floor} to {ceiling}",
            spelled(source, "first_layer.z_max", z_max)
        ),
        "give the z below which an atom belongs to the first layer",
    );
    Ok(())
}

/// Checks one need of an observable.
fn check(source: &Source, loaded: &CheckedScene, path: &str, name: &str, need: Need) -> Result<()> {
    match need {
        Need::LayerBins => layered(source, loaded, path),
        Need::FirstLayer => has_first_layer(source, loaded, path, name),
        Need::Superstructure(wave_vector) => superstructure(source, loaded, path, wave_vector),
        Need::Fcc111Sites => {
            let lattice = loaded.lattice();
            ensure!(
                source,
                lattice.is_some_and(|l| l.face == Face::Fcc111),
                path,
                match lattice {
                    Some(l) =>
                        format!("`Sites` counts top, bridge, fcc and hcp sites, which `{:?}` does not have", l.face),
                    None => "`Sites` needs the lattice of the substrate, and there is none".to_owned(),
                },
                "leave it out, or use a `Fcc111` substrate",
            );
            Ok(())
        }
        Need::Distance(r) => {
            let path = format!("{path}.r");
            positive(source, &path, r)?;
            within_a_period(source, loaded, &path, "r", r)
        }
        Need::PairBins { r_max, bins } => {
            let r_path = format!("{path}.r_max");
            positive(source, &r_path, r_max)?;
            within_a_period(source, loaded, &r_path, "r_max", r_max)?;
            let path = format!("{path}.bins");
            histogram(source, &path, bins)?;
            let atoms = (loaded.capacity() - loaded.mobile_slab_atoms().iter().sum::<usize>()) as f64;
            let highest = PEAK * 0.5 * atoms * (atoms - 1.0) / f64::from(bins);
            ensure!(
                source,
                highest <= LARGEST_HALF,
                path,
                format!(
                    "`bins` is {bins}: a bin may count {highest:.0} pairs of {atoms} atoms, and holds {LARGEST_HALF}"
                ),
                "give more bins, or fewer atoms",
            );
            Ok(())
        }
        Need::Bins(bins) => histogram(source, &format!("{path}.bins"), bins),
        Need::Length(field, length) => positive(source, &format!("{path}.{field}"), length),
        Need::TopLayer => {
            ensure!(
                source,
                !loaded.scene.is_bulk() && !loaded.slab.atoms.is_empty(),
                path,
                format!("`{name}` looks at the top layer of the slab, and there is no slab"),
                "leave it out, or give a `substrate`",
            );
            Ok(())
        }
        Need::Species(i, a, b) => {
            for (k, species) in [a, b].iter().enumerate() {
                known(source, &loaded.scene, &format!("{path}.between[{i}][{k}]"), species)?;
            }
            Ok(())
        }
    }
}

fn layered(source: &Source, loaded: &CheckedScene, path: &str) -> Result<()> {
    ensure!(
        source,
        !loaded.scene.is_bulk(),
        path,
        "`Layers` in a `Bulk` cell, which has no surface",
        "leave it out, or use `Density(bins: 100)`",
    );
    let (_, _, height) = loaded.lengths();
    for s in loaded.adsorbates() {
        let sigma = loaded.pairs.pair(s as u8, s as u8).length();
        let bins = height / (layers::WIDEST_BIN * sigma);
        ensure!(
            source,
            bins <= MOST_BINS as f64,
            path,
            format!("`Layers` would need {bins:.0} bins of {} σ below the ceiling at {height}", layers::WIDEST_BIN),
            "use `Density(bins: 1000)`, or lower the height",
        );
    }
    Ok(())
}

fn has_first_layer(source: &Source, loaded: &CheckedScene, path: &str, name: &str) -> Result<()> {
    ensure!(
        source,
        !loaded.scene.is_bulk(),
        path,
        format!("`{name}` looks at the first layer on a surface, and a `Bulk` cell has none"),
        "leave it out",
    );
    for s in loaded.adsorbates() {
        let species = &loaded.scene.species[s].name;
        ensure!(
            source,
            loaded.first_layer(s).is_some(),
            path,
            format!(
                "`{name}` looks at the first layer, and nothing holds one: the potential of the slab on `{species}` has no \
                 minimum"
            ),
            "say where it ends: `first_layer: (z_max: …)`",
        );
    }
    Ok(())
}

fn superstructure(source: &Source, loaded: &CheckedScene, path: &str, wave_vector: WaveVector) -> Result<()> {
    let Some(lattice) = loaded.lattice() else {
        let message = "`Order` needs the lattice of the substrate, and there is none";
        return Err(source.error(path, message, "leave it out, or use a `Fcc111` or `Fcc100` substrate"));
    };
    let path = format!("{path}.wave_vector");
    let Some((star, _)) = order::star(&lattice, wave_vector) else {
        let message =
            format!("`{wave_vector:?}` is a superstructure of `Fcc111`, and the slab is `{:?}`", lattice.face);
        return Err(source.error(&path, message, "use `OneByOne`"));
    };
    let (x, y) = lattice.repeat;
    ensure!(
        source,
        order::fits(&lattice, &star),
        path,
        format!("`{wave_vector:?}` does not fit the slab, which repeats ({x}, {y}) cells"),
        "make the first number of `repeat` a multiple of 3",
    );
    Ok(())
}

fn within_a_period(source: &Source, loaded: &CheckedScene, path: &str, name: &str, r: f64) -> Result<()> {
    let shortest = loaded.cell().shortest_period();
    ensure!(
        source,
        r <= shortest,
        path,
        format!("`{name}` is {}, more than the shortest period {shortest:.6}", spelled(source, path, r)),
        "lower it: farther away the periodic images of the same atoms are seen",
    );
    Ok(())
}

fn histogram(source: &Source, path: &str, bins: u32) -> Result<()> {
    at_least_one(source, path, bins)?;
    ensure!(source, bins as usize <= MOST_BINS, path, format!("`bins` is {bins}"), format!("give at most {MOST_BINS}"),);
    Ok(())
}
