//! Classes of points of the map: the basin of P(N) that holds most of the probability, the number of filled layers in that
//! basin, and the order of the layer.
//!
//! Layers and order come from the observables of the scene (`Layers`, `Order`); without them a phase is a basin alone.
//! A surface with less than a quarter of what its first layer can hold is a gas, and so is the dilute side of a first-order
//! boundary: it holds a site each of the slab or close-packed atoms, or the most that is seen anywhere on the map if that is
//! more. With half a layer of atoms above the first there is a multilayer; all above it count, because how many more layers
//! the profile shows depends on how much of the run was spent where they are filled. A layer counts as ordered from half of
//! the largest Φ on the map, if that is at least a half.

use crate::analysis::maps::order_parameters::{Observed, averages};
use crate::analysis::mbar::Collapsed;
use crate::analysis::phases::basins::Thresholds;
use crate::analysis::statistics::median;
use crate::analysis::{Map, Phase};

/// Filling of the first layer below which a phase is a gas.
const GAS: f64 = 0.25;
/// Atoms above the first layer, in parts of its capacity, from which there are several layers.
const SEVERAL: f64 = 0.5;
/// Part of the largest Φ from which a layer is ordered, and the least of that largest.
const ORDERED: f64 = 0.5;

/// Number of filled layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Filling {
    /// Fewer atoms than a layer.
    Gas,
    /// One layer.
    Layer,
    /// More than one.
    Multilayer,
    /// Not observed.
    Unknown,
}

/// Class of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Class {
    pub(crate) filling: Filling,
    /// Index into the order parameters of the observables.
    pub(crate) order: Option<usize>,
    /// Of [`Thresholds`]
    pub(crate) combination: usize,
}

/// Averages at one point over one basin alone.
#[derive(Debug, Clone)]
pub(crate) struct Basin {
    /// Of [`Thresholds`]
    pub(crate) combination: usize,
    /// ⟨N⟩ of all species of the reservoirs
    pub(crate) n: f64,
    /// `[n_columns]`
    pub(crate) averages: Vec<f64>,
}

impl Basin {
    /// - `means`: `[n_columns][n_compositions]`
    /// - `p`: `[n_compositions]`, probabilities
    pub(crate) fn new(
        combination: usize,
        thresholds: &Thresholds,
        samples: &Collapsed,
        means: &[Vec<f64>],
        p: &[f64],
    ) -> Basin {
        let compositions = samples.compositions();
        let within: Vec<bool> = compositions.iter().map(|c| thresholds.combination(c) == combination).collect();
        let members = || (0..p.len()).filter(|&c| p[c] > 0.0 && within[c]);
        let atoms = |c: usize| compositions[c].iter().map(|&n| f64::from(n)).sum::<f64>();
        let n = members().map(|c| p[c] * atoms(c)).sum::<f64>() / members().map(|c| p[c]).sum::<f64>();
        Basin { combination, n, averages: averages(means, p, |c| within[c]) }
    }
}

/// Criteria that tell classes apart, from the whole map.
#[derive(Debug, Clone)]
pub(crate) struct Classifier {
    layers: Vec<usize>,
    /// Atoms beside those of the reservoirs.
    n_kept: f64,
    /// Atoms that the first layer can hold.
    capacity: f64,
    orders: Vec<(usize, String)>,
    /// Largest Φ of every order parameter on the map.
    largest: Vec<f64>,
}

impl Classifier {
    /// - `known`: averages of the columns in every unmasked cell
    /// - `room`: atoms for which the first layer has room, 0 if that is not known
    pub(crate) fn new<'a>(
        observed: &Observed,
        known: impl Iterator<Item = &'a [f64]> + Clone,
        room: f64,
    ) -> Classifier {
        let most = |column: usize| known.clone().map(|a| a[column]).fold(0.0, f64::max);
        let (layers, orders) = (observed.layers(), observed.orders());
        let capacity = layers.first().map_or(0.0, |&i| most(i).max(room));
        let largest = orders.iter().map(|(i, _)| most(*i)).collect();
        Classifier { layers, n_kept: observed.n_kept, capacity, orders, largest }
    }

    /// The class of a basin.
    pub(crate) fn class(&self, basin: &Basin) -> Class {
        let Basin { combination, n, averages } = basin;
        let filling = match self.layers[..] {
            [] => Filling::Unknown,
            [first, ..] if self.capacity <= 0.0 || averages[first] < GAS * self.capacity => Filling::Gas,
            // Where the profile shows one layer, what is above it is a gas.
            [first, _, ..] if n + self.n_kept - averages[first] >= SEVERAL * self.capacity => Filling::Multilayer,
            _ => Filling::Layer,
        };
        let order = (0..self.orders.len())
            .filter(|&o| self.largest[o] >= ORDERED && averages[self.orders[o].0] >= ORDERED * self.largest[o])
            .max_by(|&a, &b| averages[self.orders[a].0].total_cmp(&averages[self.orders[b].0]));
        // Order under a multilayer is still a multilayer; order of a few atoms is none.
        let order = order.filter(|_| matches!(filling, Filling::Layer | Filling::Unknown));
        Class { filling, order, combination: *combination }
    }

    /// Order parameters that become large anywhere, with the index of the observable.
    pub(crate) fn orders(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.orders.iter().enumerate().filter(|(o, _)| self.largest[*o] >= ORDERED).map(|(o, (i, _))| (o, *i))
    }

    /// The name of a class where it does not depend on N.
    fn name(&self, class: &Class) -> Option<String> {
        let name = match (class.filling, class.order) {
            (Filling::Unknown, None) => return None,
            (Filling::Gas, _) => "gas",
            (Filling::Multilayer, _) => "multilayer",
            (Filling::Layer | Filling::Unknown, Some(o)) => &self.orders[o].1,
            (Filling::Layer, None) if self.orders.is_empty() => "monolayer",
            (Filling::Layer, None) => "disordered layer",
        };
        Some(name.to_owned())
    }
}

/// Phases by the classes that they consist of.
#[derive(Debug, Clone, Default)]
pub(crate) struct Labels {
    of: Vec<(Class, usize)>,
}

impl Labels {
    /// The phase of a class; a class that does not occur has the phase of the nearest that does.
    pub(crate) fn phase(&self, class: Class) -> Option<usize> {
        let exact = self.of.iter().find(|(c, _)| *c == class);
        let alike = || self.of.iter().find(|(c, _)| (c.filling, c.order) == (class.filling, class.order));
        let basin = || self.of.iter().find(|(c, _)| c.combination == class.combination);
        exact.or_else(alike).or_else(basin).map(|(_, phase)| *phase)
    }

    /// Numbers the classes that occur by rising ⟨N⟩, and sets `phase` of the unmasked cells.
    ///
    /// Classes that differ only in their basin are one phase, unless a first-order boundary runs between two such.
    ///
    /// - `classes`: `[n_cells]` of `map`
    /// - `split`: classes on the two sides of first-order boundaries
    pub(crate) fn new(
        map: &mut Map,
        classes: &[Class],
        classifier: &Classifier,
        split: &[(Class, Class)],
        species: &[String],
    ) -> (Labels, Vec<Phase>) {
        if species.is_empty() {
            return (Labels::default(), Vec::new());
        }
        let unmasked: Vec<usize> = (0..map.cells.len()).filter(|&i| !map.cells[i].masked).collect();
        let mut occurring: Vec<Class> = unmasked.iter().map(|&i| classes[i]).collect();
        occurring.sort_unstable();
        occurring.dedup();
        let kind = |c: &Class| (c.filling, c.order);
        let parted = |a: &Class, b: &Class| {
            split.iter().any(|&(c, d)| kind(&c) == kind(&d) && [(c, d), (d, c)].contains(&(*a, *b)))
        };
        // Groups of classes that are one phase.
        let mut groups: Vec<Vec<Class>> = Vec::new();
        for class in occurring {
            let known = class.filling != Filling::Unknown;
            let fits =
                |group: &Vec<Class>| known && group.iter().all(|c| kind(c) == kind(&class) && !parted(c, &class));
            match groups.iter_mut().find(|group| fits(group)) {
                Some(group) => group.push(class),
                None => groups.push(vec![class]),
            }
        }
        let cells_of = |group: &Vec<Class>| -> Vec<usize> {
            unmasked.iter().copied().filter(|&i| group.contains(&classes[i])).collect()
        };
        let mut phases: Vec<(Vec<Class>, Vec<usize>)> =
            groups.into_iter().map(|g| (cells_of(&g), g)).map(|(c, g)| (g, c)).collect();
        let total = |i: usize| map.cells[i].n.iter().sum::<f64>();
        let mean = |cells: &[usize], f: &dyn Fn(usize) -> f64| {
            cells.iter().map(|&i| f(i)).sum::<f64>() / cells.len().max(1) as f64
        };
        phases.sort_by(|a, b| mean(&a.1, &total).total_cmp(&mean(&b.1, &total)));
        let largest = unmasked.iter().map(|&i| total(i)).fold(0.0, f64::max);
        let mut made: Vec<Phase> = phases
            .iter()
            .enumerate()
            .map(|(id, (group, cells))| {
                let typical: Vec<f64> =
                    (0..species.len()).map(|s| median(cells.iter().map(|&i| map.cells[i].n[s]).collect())).collect();
                let fewest = cells.iter().map(|&i| total(i)).fold(f64::INFINITY, f64::min);
                let most = cells.iter().map(|&i| total(i)).fold(0.0, f64::max);
                // Without layers: what starts empty and holds less than half of all that the surface takes.
                let gas = id == 0 && fewest < 0.05 * largest && (phases.len() > 1 || most < 0.5 * largest.max(1.0));
                let by_number = || match gas {
                    true => "gas".to_owned(),
                    // one basin everywhere: no number of atoms stands for it
                    false if phases.len() == 1 && most >= fewest + 1.0 => {
                        let range = |s: usize| {
                            let n = || cells.iter().map(|&i| map.cells[i].n[s]);
                            (n().fold(f64::INFINITY, f64::min), n().fold(0.0, f64::max))
                        };
                        named(species, |s| format!("{:.0} to {:.0}", range(s).0, range(s).1))
                    }
                    false => by_number(&typical, species),
                };
                Phase {
                    id,
                    name: classifier.name(&group[0]).unwrap_or_else(by_number),
                    n: (0..species.len()).map(|s| mean(cells, &|i| map.cells[i].n[s])).collect(),
                    energy: mean(cells, &|i| map.cells[i].energy),
                    area_fraction: cells.len() as f64 / unmasked.len().max(1) as f64,
                }
            })
            .collect();
        // One name, one phase.
        let names: Vec<String> = made.iter().map(|p| p.name.clone()).collect();
        for phase in &mut made {
            if names.iter().filter(|name| **name == phase.name).count() > 1 {
                phase.name = format!("{} ({})", phase.name, by_number(&phase.n, species));
            }
        }
        let mut of = Vec::new();
        for (id, (group, cells)) in phases.iter().enumerate() {
            of.extend(group.iter().map(|&class| (class, id)));
            cells.iter().for_each(|&i| map.cells[i].phase = Some(id));
        }
        (Labels { of }, made)
    }
}

/// The class of one side of a first-order boundary: of a basin alone. The dilute side, to which the empty surface belongs,
/// is a gas however dense it has become, unless it is ordered.
pub(crate) fn class_of(
    classifier: &Classifier,
    thresholds: &Thresholds,
    samples: &Collapsed,
    means: &[Vec<f64>],
    p: &[f64],
    combination: usize,
) -> Class {
    let class = classifier.class(&Basin::new(combination, thresholds, samples, means, p));
    let dilute = thresholds.combination(&vec![0; thresholds.of.len()]) == combination;
    match (class.filling, class.order) {
        (Filling::Layer, None) if dilute => Class { filling: Filling::Gas, ..class },
        _ => class,
    }
}

/// `N ≈ 12`, or `B ≈ 12, C ≈ 3`.
fn by_number(typical: &[f64], species: &[String]) -> String {
    named(species, |s| format!("{:.0}", typical[s]))
}

/// The number of each species in words; a single species is N.
fn named(species: &[String], number: impl Fn(usize) -> String) -> String {
    match species {
        [_] => format!("N ≈ {}", number(0)),
        _ => {
            let parts = species.iter().enumerate().map(|(s, name)| format!("{name} ≈ {}", number(s)));
            parts.collect::<Vec<_>>().join(", ")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observables::record::Role;

    #[test]
    fn a_phase_without_a_name_is_called_by_its_atoms() {
        let species = |names: &[&str]| names.iter().map(|&n| n.to_owned()).collect::<Vec<_>>();
        assert_eq!(by_number(&[11.9], &species(&["B"])), "N ≈ 12");
        assert_eq!(by_number(&[11.9, 0.2], &species(&["Ar", "Kr"])), "Ar ≈ 12, Kr ≈ 0");
        let ranges = ["0 to 13", "0 to 22"];
        assert_eq!(named(&species(&["Ar", "Kr"]), |s| ranges[s].into()), "Ar ≈ 0 to 13, Kr ≈ 0 to 22");
    }

    /// Two atoms on 48 sites are no monolayer, however few were sampled anywhere.
    #[test]
    fn a_layer_is_told_by_its_room_and_not_by_what_was_sampled() {
        let observed = Observed { roles: vec![Role::Layer(1), Role::Layer(2)], ..Observed::default() };
        let known = [[0.1, 0.0], [2.0, 0.1]];
        let filling = |room: f64, averages: &[f64]| {
            let basin = Basin { combination: 0, n: averages.iter().sum(), averages: averages.to_vec() };
            Classifier::new(&observed, known.iter().map(|k| &k[..]), room).class(&basin).filling
        };
        assert_eq!(filling(48.0, &[2.0, 0.0]), Filling::Gas);
        assert_eq!(filling(48.0, &[13.0, 1.0]), Filling::Layer);
        assert_eq!(filling(48.0, &[47.0, 30.0]), Filling::Multilayer);
        assert_eq!(filling(0.0, &[2.0, 0.0]), Filling::Layer, "where nothing is known of the surface");
    }

    /// A third layer may be filled without the profile of all samples showing it.
    #[test]
    fn atoms_above_the_layers_of_the_profile_count_as_well() {
        let roles = |layers: usize| (1..=layers).map(Role::Layer).collect();
        let filling = |layers: usize, n: f64, n_kept: f64| {
            let observed = Observed { roles: roles(layers), n_kept, ..Observed::default() };
            let averages = [12.0, 4.0, 3.0][..layers].to_vec();
            let known = [averages.clone()];
            let basin = Basin { combination: 0, n, averages };
            Classifier::new(&observed, known.iter().map(|k| &k[..]), 12.0).class(&basin).filling
        };
        for layers in [2, 3] {
            assert_eq!(filling(layers, 19.0, 0.0), Filling::Multilayer, "{layers} layers");
            assert_eq!(filling(layers, 17.5, 0.0), Filling::Layer, "{layers} layers");
            assert_eq!(filling(layers, 17.5, 1.0), Filling::Multilayer, "{layers} layers, an atom that stays");
        }
        assert_eq!(filling(1, 19.0, 0.0), Filling::Layer, "a gas above a single layer");
    }
}
