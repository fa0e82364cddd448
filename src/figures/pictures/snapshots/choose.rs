//! Which configuration stands for a phase, or for a state of a canonical run.

use crate::analysis::Analysis;
use crate::base::ids::StateId;
use crate::figures::Labels;
use crate::figures::pictures::plot::{map_slice::nearest, text};
use crate::sample::trajectory::StoredFrame;
use crate::thermo::states::StateGrid;

/// Picks one configuration of each phase from all that a run has kept, seen one after the other.
///
/// It is taken from a state well within the phase: of the states at least half as far from any other phase as the one
/// farthest from them (in steps of the grid), the one whose ⟨N⟩ is nearest to that of the phase. Of its configurations
/// it is the one whose N is nearest to the ⟨N⟩ of the phase, and among these the one whose energy is nearest to ⟨E⟩ of
/// the state.
#[derive(Debug)]
pub struct Chooser {
    targets: Vec<Target>,
}

#[derive(Debug)]
struct Target {
    /// Number of the figure: the phase, or in a canonical run the place among the states that are shown.
    number: usize,
    state: StateId,
    /// `[n_reservoirs]`
    n: Vec<f64>,
    energy: f64,
    best: Option<([f64; 2], StoredFrame)>,
}

/// A configuration with its words.
pub(super) struct Snapshot<'a> {
    pub(super) frame: &'a StoredFrame,
    pub(super) name: String,
    pub(super) title: String,
    pub(super) subtitle: String,
    pub(super) caption: String,
}

impl Chooser {
    /// Decides which states to look at.
    pub fn new(analysis: &Analysis) -> Chooser {
        let grid = &analysis.grid;
        let phase_of: Vec<Option<usize>> = (0..grid.n_points()).map(|k| phase_of_state(analysis, k)).collect();
        let depth = depths(grid, &phase_of);
        let target = |phase: &crate::analysis::Phase| {
            let own: Vec<usize> = (0..grid.n_points()).filter(|&k| phase_of[k] == Some(phase.id)).collect();
            let deepest = own.iter().map(|&k| depth[k]).max()?;
            let off =
                |k: &usize| -> f64 { analysis.direct.get(*k).map_or(f64::INFINITY, |d| distance(&d.n, &phase.n)) };
            let state = own
                .into_iter()
                .filter(|&k| 2 * depth[k] >= deepest && analysis.direct.get(k).is_some_and(|d| d.samples > 0))
                .min_by(|a, b| off(a).total_cmp(&off(b)))?;
            let energy = analysis.direct[state].energy;
            Some(Target { number: phase.id, state: StateId(state as u32), n: phase.n.clone(), energy, best: None })
        };
        if grid.n_reservoirs() == 0 {
            return Chooser { targets: of_canonical(analysis) };
        }
        Chooser { targets: analysis.phases.iter().filter_map(target).collect() }
    }

    /// Looks at a configuration.
    ///
    /// - `counts`: `[n_reservoirs]`, its atoms of each reservoir species
    pub fn see(&mut self, frame: &StoredFrame, counts: &[u16]) {
        for target in self.targets.iter_mut().filter(|t| t.state.0 == frame.state) {
            let counts: Vec<f64> = counts.iter().map(|&n| f64::from(n)).collect();
            let score = [distance(&counts, &target.n), (frame.energy - target.energy).abs()];
            if target.best.as_ref().is_none_or(|(best, _)| score < *best) {
                target.best = Some((score, frame.clone()));
            }
        }
    }

    /// Whether nothing is looked for.
    pub fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }

    /// Numbers of the figures with their configurations.
    fn found(&self) -> impl Iterator<Item = (usize, &StoredFrame)> {
        self.targets.iter().filter_map(|t| t.best.as_ref().map(|(_, frame)| (t.number, frame)))
    }

    /// What was found, with words.
    pub(super) fn snapshots(&self, analysis: &Analysis, labels: &Labels) -> Vec<Snapshot<'_>> {
        let words = |phase: usize, frame: &StoredFrame| {
            let name = analysis.phases.iter().find(|p| p.id == phase).map_or_else(String::new, |p| p.name.clone());
            let grid = &analysis.grid;
            let state = StateId(frame.state);
            let mut at =
                format!("T = {} {}", text::short(grid.state(state).temperature, 4), labels.units.temperature_label());
            for (s, axis) in grid.reservoirs.iter().enumerate() {
                let (symbol, unit) = (labels.mu_symbol(&axis.convention), labels.units.energy_label());
                at += &format!(", {symbol} of {} = {} {unit}", axis.species, text::short(grid.mu(state, s), 3));
            }
            (name, at)
        };
        self.found()
            .map(|(number, frame)| {
                let (name, at) = words(number, frame);
                let place = format!("state {} ({at}), cycle {} of production, walker {}", frame.state, frame.cycle, frame.walker);
                let (title, caption) = match analysis.grid.n_reservoirs() {
                    0 => (
                        "Snapshot".to_owned(),
                        format!(
                            "A configuration seen from above and from the side: {place}. It is the stored one nearest to ⟨E⟩ of the \
                             state. Frozen atoms grey, mobile ones coloured by height."
                        ),
                    ),
                    _ => (
                        format!("Snapshot: {name}"),
                        format!(
                            "A configuration of {name}, seen from above and from the side: {place}. It is the stored one nearest to \
                             ⟨N⟩ of the phase in a state well within it. Slab (or the wall that stands for it) grey, adsorbed atoms \
                             coloured by height."
                        ),
                    ),
                };
                Snapshot { frame, name: format!("snapshot_{number}"), title, caption, subtitle: at }
            })
            .collect()
    }
}

/// What to look for in a canonical run: the coldest state, the one with the largest heat capacity between the ends, the hottest.
fn of_canonical(analysis: &Analysis) -> Vec<Target> {
    let grid = &analysis.grid;
    let mut states: Vec<usize> =
        (0..grid.n_points()).filter(|&k| analysis.direct.get(k).is_some_and(|d| d.samples > 0)).collect();
    states.sort_by(|&a, &b| grid.states[a].temperature.total_cmp(&grid.states[b].temperature));
    let heat = |k: &usize| analysis.heat_capacity.get(*k).map_or(f64::NAN, |c| c.value);
    let middle = states.get(1..states.len().saturating_sub(1)).unwrap_or(&[]).iter().copied();
    let peak = middle.filter(|k| heat(k).is_finite()).max_by(|a, b| heat(a).total_cmp(&heat(b)));
    let chosen = [states.first().copied(), peak, states.last().copied()];
    let mut chosen: Vec<usize> = chosen.into_iter().flatten().collect();
    chosen.dedup();
    let target = |(number, k): (usize, usize)| Target {
        number,
        state: StateId(k as u32),
        n: Vec::new(),
        energy: analysis.direct[k].energy,
        best: None,
    };
    chosen.into_iter().enumerate().map(target).collect()
}

/// Sum of the differences of two compositions.
fn distance(a: &[f64], b: &[f64]) -> f64 {
    let sum: f64 = a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum();
    if sum.is_finite() { sum } else { f64::INFINITY }
}

/// Phase of the map at a simulated state.
fn phase_of_state(analysis: &Analysis, state: usize) -> Option<usize> {
    let map = &analysis.map;
    if map.temperatures.is_empty() {
        return None;
    }
    let mut index = nearest(&map.temperatures, analysis.grid.states[state].temperature);
    for (s, axis) in map.axes.iter().enumerate() {
        index = index * axis.len() + nearest(axis, analysis.grid.mu(StateId(state as u32), s));
    }
    map.cells.get(index).filter(|cell| !cell.masked).and_then(|cell| cell.phase)
}

/// `[n_states]`, steps along the axes of the grid to the nearest state of another phase (or of none known);
/// as many as there are states where no other is reached.
fn depths(grid: &StateGrid, phase_of: &[Option<usize>]) -> Vec<usize> {
    let n = grid.n_points();
    let mut neighbours = vec![Vec::new(); n];
    for edge in grid.edges.iter().filter(|e| e.axis().is_some()) {
        neighbours[edge.a.index()].push(edge.b.index());
        neighbours[edge.b.index()].push(edge.a.index());
    }
    let mut depth = vec![n; n];
    let border = |k: &usize| neighbours[*k].iter().any(|&j| phase_of[j] != phase_of[*k]);
    let mut front: Vec<usize> = (0..n).filter(border).collect();
    front.iter().for_each(|&k| depth[k] = 1);
    let mut steps = 1;
    while !front.is_empty() {
        steps += 1;
        let mut next = Vec::new();
        for k in front {
            for &j in &neighbours[k] {
                if depth[j] == n && phase_of[j] == phase_of[k] && steps < n {
                    depth[j] = steps;
                    next.push(j);
                }
            }
        }
        front = next;
    }
    depth
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::thermo::Convention;
    use crate::thermo::states::ReservoirAxis;

    #[test]
    fn depth_counts_steps_to_another_phase() {
        let values: Vec<f64> = (0..7).map(f64::from).collect();
        let axis = ReservoirAxis { species: "B".into(), convention: Convention::Activity, values };
        let grid = StateGrid::product(&[0.5, 1.0], 1.0, &[axis]);
        // the lower row: two phases; the upper one: a single state of another
        let phase: Vec<Option<usize>> = [0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 2].into_iter().map(Some).collect();
        assert_eq!(depths(&grid, &phase), [3, 2, 1, 1, 2, 2, 1, 3, 2, 1, 1, 2, 1, 1]);
        assert_eq!(depths(&grid, &[Some(0); 14]), [14; 14]);
    }
}
