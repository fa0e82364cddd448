//! Continuous boundaries, which P(N) cannot see: the maximum of Var Φ between an ordered and a disordered layer.

use crate::analysis::Map;
use crate::analysis::maps::order_parameters::averages;
use crate::analysis::mbar::{Bins, Collapsed};
use crate::analysis::phases::classify::{Class, Filling};
use crate::analysis::phases::coexistence::Row;

/// Points at which Var Φ is evaluated about the highest cell.
const POINTS: usize = 17;

/// A maximum of Var Φ along the axis of one species.
#[derive(Debug, Clone)]
pub(crate) struct OrderPoint {
    /// k_B T [energy]
    pub(crate) kt: f64,
    /// The species along whose axis
    pub(crate) species: usize,
    /// `[n_reservoirs]`, at the maximum
    pub(crate) ln_z: Vec<f64>,
    /// ln z of the species between which it was looked for
    pub(crate) between: (f64, f64),
    /// Index of the observable
    pub(crate) observable: usize,
    /// Below and above in ln z
    pub(crate) classes: (Class, Class),
}

/// ln z of a species at which Var Φ is largest, between two bounds; `None` if that is at a bound.
///
/// A parabola through the highest of some evenly spaced points and its neighbours.
///
/// - `both`: `[2][n_compositions]`, Φ and Φ²
pub(crate) fn peak(
    samples: &Collapsed,
    bins: &Bins,
    both: &[Vec<f64>],
    species: usize,
    ln_z: &[f64],
    between: (f64, f64),
) -> Option<f64> {
    let step = (between.1 - between.0) / (POINTS - 1) as f64;
    let variance = |i: usize| {
        let mut at = ln_z.to_vec();
        at[species] = between.0 + step * i as f64;
        let (_, p) = bins.probabilities(samples, &at);
        let mean = averages(both, &p, |_| true);
        mean[1] - mean[0] * mean[0]
    };
    let values: Vec<f64> = (0..POINTS).map(variance).collect();
    let top = (0..POINTS).max_by(|&a, &b| values[a].total_cmp(&values[b]))?;
    if top == 0 || top + 1 == POINTS || !values[top].is_finite() {
        return None;
    }
    let (a, b, c) = (values[top - 1], values[top], values[top + 1]);
    let bend = a - 2.0 * b + c;
    let shift = if bend < 0.0 { 0.5 * (a - c) / bend } else { 0.0 };
    Some(between.0 + step * (top as f64 + shift))
}

/// The maxima at one temperature, along the axis of every species.
///
/// - `t`: index of the temperature
/// - `classes`: `[n_cells]` of `map`
/// - `orders`: (order parameter of a class, observable)
/// - `parted`: combinations that a first-order boundary parts at this temperature
pub(crate) fn order_points(
    map: &Map,
    t: usize,
    classes: &[Class],
    orders: &[(usize, usize)],
    parted: &[(usize, usize)],
    row: Row<'_>,
) -> Vec<OrderPoint> {
    let one_basin = |a: &Class, b: &Class| {
        let (a, b) = (a.combination, b.combination);
        a == b || !(parted.contains(&(a, b)) || parted.contains(&(b, a)))
    };
    let width: usize = map.axes.iter().map(Vec::len).product();
    let mut found = Vec::new();
    let mut stride = width;
    for (species, axis) in map.axes.iter().enumerate() {
        stride /= axis.len();
        for start in (0..width).filter(|i| (i / stride).is_multiple_of(axis.len())) {
            let line: Vec<usize> = (0..axis.len()).map(|i| t * width + start + i * stride).collect();
            for &(order, observable) in orders {
                let both = [observable, row.means.len() / 2 + observable].map(|i| row.means[i].clone());
                for i in 1..line.len() {
                    let pair = [line[i - 1], line[i]].map(|cell| (map.cells[cell].masked, classes[cell]));
                    let [(false, a), (false, b)] = pair else { continue };
                    let layered = [a, b].iter().all(|c| c.filling != Filling::Gas && c.filling != Filling::Multilayer);
                    if !layered || !one_basin(&a, &b) || (a.order == Some(order)) == (b.order == Some(order)) {
                        continue;
                    }
                    // Uphill from where the label changes, as far as the basin goes.
                    let open = |j: usize| !map.cells[line[j]].masked && one_basin(&classes[line[j]], &a);
                    let var = |j: usize| map.cells[line[j]].observables_var[observable];
                    let mut top = if var(i) > var(i - 1) { i } else { i - 1 };
                    loop {
                        let best = [top.checked_sub(1), Some(top + 1).filter(|&j| j < line.len())]
                            .into_iter()
                            .flatten()
                            .filter(|&j| open(j) && var(j) > var(top))
                            .max_by(|&x, &y| var(x).total_cmp(&var(y)));
                        match best {
                            Some(j) => top = j,
                            None => break,
                        }
                    }
                    if top < 1 || top + 1 >= line.len() || !open(top - 1) || !open(top + 1) {
                        continue;
                    }
                    let two = |j: usize| map.cells[line[j]].ln_z[species];
                    let (from, to) = (top.saturating_sub(2), (top + 2).min(line.len() - 1));
                    let between = (two(from), two(to));
                    let at = map.cells[line[top]].ln_z.clone();
                    if let Some(ln_z) = peak(row.samples, row.bins, &both, species, &at, between) {
                        let mut place = at;
                        place[species] = ln_z;
                        found.push(OrderPoint {
                            kt: 1.0 / row.bins.beta,
                            species,
                            ln_z: place,
                            between,
                            observable,
                            classes: (a, b),
                        });
                    }
                }
            }
        }
    }
    found
}
