//! Averages over a part of the configurations at a point: inside one phase alone, ⟨A⟩_i = ⟨χ_i A⟩/⟨χ_i⟩ with χ_i = 1 where
//! N⃗ lies in the phase's basins; and those of the simulated states on either side of a boundary.

use crate::analysis::maps::map::{MapContext, N_EFF_MIN};
use crate::analysis::maps::order_parameters::averages;
use crate::analysis::mbar::{Bins, Collapsed};
use crate::analysis::phases::classify::{Basin, Classifier, Labels, class_of};
use crate::analysis::phases::coexistence::Row;
use crate::analysis::statistics::bootstrap::{Bootstrap, Draw};
use crate::analysis::{BoundaryKind, BoundaryPoint, BoundarySide, PhaseAverage, Side};
use crate::base::ids::StateId;
use crate::thermo::states::{StateGrid, StatePoint};

/// Phases with less of the probability are left out.
const WEIGHT: f64 = 0.01;
/// Basins with less of it belong to no phase.
const BASIN: f64 = 1e-3;

/// A part of the compositions at one point, over which averages are taken.
#[derive(Debug, Clone)]
struct Part {
    /// k_B T [energy]
    kt: f64,
    /// `[n_reservoirs]`
    ln_z: Vec<f64>,
    /// `[n_compositions]`, whether each counts; `None` if all do
    within: Option<Vec<bool>>,
}

impl Part {
    /// Probability of the part, ⟨N_s⟩ of every species, ⟨E⟩ and every observable over it alone; these are NaN without probability.
    fn values(&self, samples: &Collapsed, bins: &Bins, means: &[Vec<f64>]) -> Vec<f64> {
        let mut p = bins.probabilities(samples, &self.ln_z).1;
        if let Some(within) = &self.within {
            p.iter_mut().zip(within).filter(|(_, within)| !**within).for_each(|(p, _)| *p = 0.0);
        }
        let weight: f64 = p.iter().sum();
        p.iter_mut().for_each(|p| *p /= weight);
        let (n, energy) = bins.means(samples, &p);
        let mut values = vec![weight];
        let known = |x: f64| if weight > 0.0 { x } else { f64::NAN };
        values.extend(n.into_iter().chain([energy]).chain(averages(means, &p, |_| true)).map(known));
        values
    }
}

/// A phase that has probability at a point.
struct Found {
    phase: usize,
    within: Vec<bool>,
    weight: f64,
    n_eff: f64,
}

/// Phases, boundaries and draws that the averages start from.
#[derive(Clone, Copy)]
pub(crate) struct PhaseContext<'a> {
    pub(crate) around: &'a MapContext<'a>,
    pub(crate) classifier: &'a Classifier,
    pub(crate) labels: &'a Labels,
    pub(crate) bootstrap: &'a Bootstrap,
    /// Every simulated temperature once
    pub(crate) rows: &'a [Row<'a>],
    pub(crate) boundaries: &'a [BoundaryPoint],
    /// Simulated states that are excluded
    pub(crate) excluded: &'a [usize],
    pub(crate) n_observables: usize,
}

/// Averages inside the phases and beside the boundaries, with errors from one pass over the draws.
///
/// Phases are averaged at the first-order boundaries of simulated temperatures, each side alone, and in every simulated
/// state that the maps would not mask; there must be 1 % of the probability and 50 effective samples in a phase.
pub(crate) fn all(known: PhaseContext<'_>) -> (Vec<PhaseAverage>, Vec<BoundarySide>) {
    let PhaseContext { around, rows, boundaries, .. } = known;
    let grid = around.grid;
    let row_of = |kt: f64| rows.iter().find(|row| (row.bins.beta * kt - 1.0).abs() < 1e-9);
    let mut places: Vec<(&Row<'_>, Option<usize>, Vec<f64>)> = Vec::new();
    for row in rows {
        let kt = 1.0 / row.bins.beta;
        for b in boundaries.iter().filter(|b| b.kind == BoundaryKind::FirstOrder) {
            if ((b.temperature * around.boltzmann) / kt - 1.0).abs() < 1e-9 {
                let ln_z = grid.reservoirs.iter().zip(&b.mu).map(|(r, &mu)| r.convention.ln_z_of_mu(mu, kt)).collect();
                places.push((row, None, ln_z));
            }
        }
        for (k, state) in grid.points().iter().enumerate() {
            if (row.bins.beta * state.kt - 1.0).abs() < 1e-9 {
                places.push((row, Some(k), state.ln_z.clone()));
            }
        }
    }
    // One part per phase at each place, then one per side.
    let (mut parts, mut inside, mut dominant) = (Vec::new(), Vec::new(), vec![None; grid.len()]);
    for (row, state, ln_z) in &places {
        let kt = 1.0 / row.bins.beta;
        let found = phases_at(row, &known, ln_z, state.is_none());
        let mut cell = around.cell_at(kt, ln_z);
        around.fill(&mut cell, row.samples, row.bins, row.means);
        if let Some(k) = state {
            dominant[*k] = found.iter().max_by(|a, b| a.weight.total_cmp(&b.weight)).map(|f| f.phase);
            if cell.masked || known.excluded.contains(k) {
                continue;
            }
        }
        for f in found.into_iter().filter(|f| f.weight >= WEIGHT && f.n_eff >= N_EFF_MIN) {
            inside.push(PhaseAverage {
                phase: f.phase,
                state: *state,
                temperature: cell.temperature,
                mu: cell.mu.clone(),
                n_eff: f.n_eff,
                ..PhaseAverage::default()
            });
            parts.push(Part { kt, ln_z: ln_z.clone(), within: Some(f.within) });
        }
    }
    let mut sides = beside(grid, boundaries, around.boltzmann);
    sides.retain(|side| row_of(grid.states[side.state].kt).is_some());
    for side in &mut sides {
        let state = &grid.states[side.state];
        side.phase = dominant[side.state];
        parts.push(Part { kt: state.kt, ln_z: state.ln_z.clone(), within: None });
    }
    let errors = errors(&parts, &known);
    let n_s = grid.n_reservoirs();
    for (i, part) in parts.iter().enumerate() {
        let Some(row) = row_of(part.kt) else { continue };
        let values = part.values(row.samples, row.bins, &row.means[..known.n_observables]);
        let err = &errors[i];
        let (n, energy) = (1..1 + n_s, 1 + n_s);
        match i.checked_sub(inside.len()) {
            None => {
                let average = &mut inside[i];
                (average.weight, average.weight_err) = (values[0], err[0]);
                (average.n, average.n_err) = (values[n.clone()].to_vec(), err[n].to_vec());
                (average.energy, average.energy_err) = (values[energy], err[energy]);
                average.observables = values[energy + 1..].to_vec();
                average.observables_err = err[energy + 1..].to_vec();
            }
            Some(side) => {
                let side = &mut sides[side];
                (side.n, side.n_err) = (values[n.clone()].to_vec(), err[n].to_vec());
                (side.energy, side.energy_err) = (values[energy], err[energy]);
            }
        }
    }
    (inside, sides)
}

/// Standard errors of the values of every part.
fn errors(parts: &[Part], known: &PhaseContext<'_>) -> Vec<Vec<f64>> {
    // By temperature, so that the bins of a draw are made once for each.
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by(|&a, &b| parts[a].kt.total_cmp(&parts[b].kt));
    let width = 2 + known.around.grid.n_reservoirs() + known.n_observables;
    let kt = |i: usize| parts[order[i / width]].kt;
    let errors = known.bootstrap.errors(kt, |draw| {
        let Draw { samples, weights, solution, .. } = *draw;
        let columns = &draw.columns[..known.n_observables];
        let mut kept: Option<(u64, Bins, Vec<Vec<f64>>)> = None;
        let mut values = Vec::new();
        for &i in &order {
            let kt = parts[i].kt;
            kept = kept.filter(|(bits, ..)| *bits == kt.to_bits());
            let (_, bins, means) = kept.get_or_insert_with(|| {
                let made = Bins::with_columns(samples, Some(weights), None, &solution.ln_d, 1.0 / kt, columns);
                (kt.to_bits(), made.0, made.1)
            });
            values.extend(parts[i].values(samples, bins, means));
        }
        values
    });
    let mut of_part = vec![Vec::new(); parts.len()];
    for (&i, errors) in order.iter().zip(errors.chunks(width)) {
        of_part[i] = errors.to_vec();
    }
    of_part
}

/// The phases at a point, by rising index: basins of one phase are one.
///
/// - `coexistence`: whether the point lies on a first-order boundary, where the dilute side is a gas ([`class_of`]); in a
///   state the basin that dominates is called as on the map
fn phases_at(row: &Row<'_>, known: &PhaseContext<'_>, ln_z: &[f64], coexistence: bool) -> Vec<Found> {
    let Row { samples, bins, means, thresholds } = *row;
    let PhaseContext { classifier, labels, .. } = known;
    let p = bins.probabilities(samples, ln_z).1;
    let combination: Vec<usize> = samples.compositions().iter().map(|c| thresholds.combination(c)).collect();
    let mut mass = vec![0.0; thresholds.n_combinations()];
    combination.iter().zip(&p).for_each(|(&c, p)| mass[c] += p);
    let dominant = thresholds.dominant(samples, &p);
    let mut found: Vec<Found> = Vec::new();
    for basin in (0..mass.len()).filter(|&b| mass[b] >= BASIN) {
        let class = match !coexistence && basin == dominant {
            true => classifier.class(&Basin::new(basin, thresholds, samples, means, &p)),
            false => class_of(classifier, thresholds, samples, means, &p, basin),
        };
        let Some(phase) = labels.phase(class) else { continue };
        let within = combination.iter().map(|&c| c == basin);
        match found.iter_mut().find(|f| f.phase == phase) {
            Some(f) => f.within.iter_mut().zip(within).for_each(|(w, more)| *w |= more),
            None => found.push(Found { phase, within: within.collect(), weight: 0.0, n_eff: 0.0 }),
        }
    }
    for f in &mut found {
        let members = || (0..p.len()).filter(|&c| p[c] > 0.0 && f.within[c]);
        let weight: f64 = members().map(|c| p[c]).sum();
        let spread: f64 = members().map(|c| p[c] * p[c] * bins.inverse_n_eff[c]).sum();
        (f.weight, f.n_eff) = (weight, weight * weight / spread);
    }
    found.sort_by_key(|f| f.phase);
    found
}

/// The simulated states next to each boundary point of a simulated temperature, along the axis that crosses it.
fn beside(grid: &StateGrid, boundaries: &[BoundaryPoint], boltzmann: f64) -> Vec<BoundarySide> {
    let lines = boundaries.iter().enumerate().filter(|(_, b)| b.kind.is_line());
    let sides = lines.flat_map(|(boundary, point)| {
        let [below, above] = next_to(grid, point, point.temperature * boltzmann);
        let side = move |(side, state): (Side, Option<usize>)| {
            let (n, n_err) = (Vec::new(), Vec::new());
            let (energy, energy_err) = (f64::NAN, f64::NAN);
            state.map(|state| BoundarySide { boundary, side, state, phase: None, n, n_err, energy, energy_err })
        };
        [(Side::Below, below), (Side::Above, above)].into_iter().filter_map(side)
    });
    sides.collect()
}

/// The simulated states of temperature `kt` that are next to a point, below and above it along the axis that crosses the
/// boundary. Of several species the others stand at their simulated values nearest to the boundary.
fn next_to(grid: &StateGrid, point: &BoundaryPoint, kt: f64) -> [Option<usize>; 2] {
    let mu = |k: usize, s: usize| grid.mu(StateId(k as u32), s);
    let aside = |k: usize| -> f64 {
        let others = (0..grid.n_reservoirs()).filter(|&s| s != point.species);
        others.map(|s| (mu(k, s) - point.mu[s]).abs()).sum()
    };
    let here: Vec<usize> = (0..grid.n_points()).filter(|&k| (grid.states[k].kt / kt - 1.0).abs() < 1e-9).collect();
    let least = here.iter().map(|&k| aside(k)).fold(f64::INFINITY, f64::min);
    let line = || here.iter().copied().filter(|&k| aside(k) <= least + 1e-9 * least.abs().max(1e-9));
    let along = |k: &usize| mu(*k, point.species);
    let at = point.mu[point.species];
    let below = line().filter(|k| along(k) < at).max_by(|a, b| along(a).total_cmp(&along(b)));
    let above = line().filter(|k| along(k) >= at).min_by(|a, b| along(a).total_cmp(&along(b)));
    [below, above]
}

/// The simulated states around a boundary point: next to it along its axis, at its temperature if that is simulated, else
/// at those below and above it.
pub(crate) fn around(grid: &StateGrid, point: &BoundaryPoint) -> Vec<usize> {
    let nearness = |state: &StatePoint| (state.temperature / point.temperature - 1.0, state.kt);
    let by_distance = |a: &(f64, f64), b: &(f64, f64)| a.0.abs().total_cmp(&b.0.abs());
    let nearest =
        |accept: fn(f64) -> bool| grid.points().iter().map(nearness).filter(|n| accept(n.0)).min_by(by_distance);
    let rows = match nearest(|d| d.abs() < 1e-9) {
        Some(here) => vec![here],
        None => [nearest(|d| d < 0.0), nearest(|d| d > 0.0)].into_iter().flatten().collect(),
    };
    rows.into_iter().flat_map(|(_, kt)| next_to(grid, point, kt)).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::thermo::Convention;
    use crate::thermo::states::ReservoirAxis;

    #[test]
    fn the_states_beside_a_boundary_are_the_next_along_its_own_axis() {
        let axis = |species: &str, values: &[f64]| ReservoirAxis {
            species: species.into(),
            convention: Convention::Activity,
            values: values.to_vec(),
        };
        let grid = StateGrid::product(&[0.3, 0.4], 1.0, &[axis("B", &[-3.0, -2.0, -1.0]), axis("C", &[-5.0, -4.0])]);
        let point = |species, temperature: f64, mu: [f64; 2]| BoundaryPoint {
            phase_a: 0,
            phase_b: 1,
            kind: BoundaryKind::FirstOrder,
            species,
            temperature,
            temperature_err: 0.0,
            mu: mu.to_vec(),
            mu_err: 0.1,
            pressure: vec![1.0; 2],
            pressure_low: 1.0,
            pressure_high: 1.0,
            gas_pressure: None,
            clapeyron: None,
            crossings: None,
        };
        let found = |b: BoundaryPoint| -> Vec<(Side, f64, f64, f64)> {
            let at =
                |k: usize| (grid.states[k].temperature, grid.mu(StateId(k as u32), 0), grid.mu(StateId(k as u32), 1));
            let row = |s: &BoundarySide| (s.side, at(s.state).0, at(s.state).1, at(s.state).2);
            beside(&grid, &[b], 1.0).iter().map(row).collect()
        };
        let expected = vec![(Side::Below, 0.4, -2.0, -4.0), (Side::Above, 0.4, -1.0, -4.0)];
        assert_eq!(found(point(0, 0.4, [-1.7, -4.2])), expected);
        let expected = vec![(Side::Below, 0.3, -2.0, -5.0), (Side::Above, 0.3, -2.0, -4.0)];
        assert_eq!(found(point(1, 0.3, [-1.7, -4.2])), expected);
        // Between temperatures it is those of the rows below and above, beyond them of the last one.
        let supports = |temperature| {
            let at = |k: usize| (grid.states[k].temperature, grid.mu(StateId(k as u32), 0));
            around(&grid, &point(0, temperature, [-1.7, -4.2])).into_iter().map(at).collect::<Vec<_>>()
        };
        let (low, high) = ([(0.3, -2.0), (0.3, -1.0)], [(0.4, -2.0), (0.4, -1.0)]);
        assert_eq!(supports(0.35), [low, high].concat());
        assert_eq!((supports(0.3), supports(0.5)), (low.to_vec(), high.to_vec()));
        // Outside the grid there is one side only, between its temperatures none.
        assert_eq!(found(point(0, 0.3, [-0.5, -6.0])), [(Side::Below, 0.3, -1.0, -5.0)]);
        assert!(found(point(0, 0.35, [-1.7, -4.2])).is_empty());
    }
}
