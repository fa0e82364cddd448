//! Thermodynamic states of a run: a list of points (T, z₁, z₂, …) with a graph of exchanges between them.
//!
//! The list need not be a rectangle. Where it is one, [`StateGrid::axes`] says so; everything else works on states and
//! edges alone. States with a window ([`Window`]) follow the others: they are further sources of samples, and no points of
//! the grid that answers are given for.

pub use super::edges::{Axis, Direction, Edge};

use super::edges;
use crate::base::ids::StateId;
use crate::thermo::acceptance::StateRef;
use crate::thermo::{Convention, Window};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// One point (T, z₁, z₂, …).
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct StatePoint {
    /// Temperature in the scene's unit.
    pub temperature: f64,
    /// k_B T \[energy\]
    pub kt: f64,
    /// `[n_reservoirs]`, ln of the activity [1/length³]
    pub ln_z: Vec<f64>,
    /// Weights η(N) between bounds of N, if it has any.
    pub window: Option<Window>,
}

impl Clone for StatePoint {
    fn clone(&self) -> StatePoint {
        let StatePoint { temperature, kt, ref ln_z, ref window } = *self;
        StatePoint { temperature, kt, ln_z: ln_z.clone(), window: window.clone() }
    }

    /// Without an allocation: thousands of replicas are given other states in every cycle.
    fn clone_from(&mut self, other: &StatePoint) {
        (self.temperature, self.kt) = (other.temperature, other.kt);
        self.ln_z.clone_from(&other.ln_z);
        self.window.clone_from(&other.window);
    }
}

impl StatePoint {
    /// β = 1/kT [1/energy].
    pub fn beta(&self) -> f64 {
        1.0 / self.kt
    }

    /// The view that acceptance rules take.
    pub fn as_ref(&self) -> StateRef<'_> {
        StateRef { beta: self.beta(), ln_z: &self.ln_z, window: self.window.as_ref() }
    }
}

/// A reservoir species and the meaning of its chemical potential.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reservoir {
    /// Name of the species.
    pub species: String,
    /// What the values of its axis mean.
    pub convention: Convention,
}

/// A reservoir species with the axis of values that the scene gives it; one factor of [`StateGrid::product`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReservoirAxis {
    /// Name of the species.
    pub species: String,
    /// What the values mean.
    pub convention: Convention,
    /// Axis values as in the scene, ascending or as given.
    pub values: Vec<f64>,
}

/// Axes of a rectangle of states: temperature slowest, then each reservoir in scene order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Axes {
    /// Temperatures in the scene's unit, in scene order.
    pub temperatures: Vec<f64>,
    /// `[n_reservoirs]`, the values of each reservoir axis, in scene order.
    pub reservoirs: Vec<Vec<f64>>,
}

/// All states of a run and the graph of exchanges between them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StateGrid {
    /// Reservoir species in scene order.
    pub reservoirs: Vec<Reservoir>,
    /// The states, in the order of their indices; those with a window last.
    pub states: Vec<StatePoint>,
    /// The neighbour graph.
    pub edges: Vec<Edge>,
    axes: Option<Axes>,
}

impl StateGrid {
    /// The full product of the temperature axis and every reservoir axis; neighbours along each axis exchange.
    ///
    /// - `temperatures`: in the scene's unit
    /// - `boltzmann`: k_B [energy/temperature]
    pub fn product(temperatures: &[f64], boltzmann: f64, reservoirs: &[ReservoirAxis]) -> StateGrid {
        let lengths: Vec<usize> =
            std::iter::once(temperatures.len()).chain(reservoirs.iter().map(|r| r.values.len())).collect();
        let n_states: usize = lengths.iter().product();
        let state = |index: usize| {
            let place = unravel(index, &lengths);
            let temperature = temperatures[place[0]];
            let kt = boltzmann * temperature;
            let ln_z = reservoirs.iter().zip(&place[1..]).map(|(r, &i)| r.convention.ln_z(r.values[i], kt)).collect();
            StatePoint { temperature, kt, ln_z, window: None }
        };
        let states = (0..n_states).map(state).collect();
        let axes = Axes {
            temperatures: temperatures.to_vec(),
            reservoirs: reservoirs.iter().map(|r| r.values.clone()).collect(),
        };
        let reservoirs =
            reservoirs.iter().map(|r| Reservoir { species: r.species.clone(), convention: r.convention.clone() });
        let edges = edges::neighbours(&axes);
        StateGrid { reservoirs: reservoirs.collect(), states, edges, axes: Some(axes) }
    }

    /// The same states, where neighbours along two axes at once exchange too: both diagonals of every pair of axes. Of a
    /// list of states, which has no axes, only its own edges.
    pub fn with_diagonals(mut self) -> StateGrid {
        self.edges.extend(self.axes.iter().flat_map(edges::diagonals));
        self
    }

    /// Any list of states with its neighbour graph, such as states added where a rectangle has a bottleneck.
    pub fn list(reservoirs: Vec<Reservoir>, states: Vec<StatePoint>, edges: Vec<Edge>) -> StateGrid {
        StateGrid { reservoirs, states, edges, axes: None }
    }

    /// States and edges with the axes whose full product the points are, if they are one.
    pub(super) fn of_parts(
        reservoirs: Vec<Reservoir>,
        states: Vec<StatePoint>,
        edges: Vec<Edge>,
        axes: Option<Axes>,
    ) -> StateGrid {
        StateGrid { reservoirs, states, edges, axes }
    }

    /// Adds states with windows, after all others, and the edges over which they exchange:
    /// - with the next temperatures among those of the same bounds and activities of the other species;
    /// - with the next one, by bounds, at the same temperature, where the bounds overlap;
    /// - with every point of the grid at the same temperature that has the same activities of the other species.
    pub fn with_windows(mut self, windows: Vec<StatePoint>) -> StateGrid {
        assert!(self.states.iter().all(|s| s.window.is_none()), "windows are added once");
        assert!(windows.iter().all(|s| s.window.is_some()), "a state with a window has one");
        let n_points = self.len();
        let id = |w: usize| StateId((n_points + w) as u32);
        for (a, own) in windows.iter().enumerate() {
            let above = windows.iter().enumerate().filter(|(_, s)| of_one_ladder(own, s) && s.kt > own.kt);
            if let Some((b, _)) = above.min_by(|x, y| x.1.kt.total_cmp(&y.1.kt)) {
                let below = windows.iter().filter(|s| of_one_ladder(own, s) && s.kt < own.kt).count();
                self.edges.push(Edge { a: id(a), b: id(b), direction: Direction::Window, colour: (below % 2) as u8 });
            }
        }
        for (a, own) in windows.iter().enumerate() {
            let next = windows.iter().enumerate().filter(|(_, s)| overlap_upwards(own, s));
            if let Some((b, _)) = next.min_by_key(|(_, s)| s.window.as_ref().map(|w| w.lo)) {
                let before = windows.iter().filter(|s| overlap_upwards(s, own)).count();
                self.edges.push(Edge {
                    a: id(a),
                    b: id(b),
                    direction: Direction::Window,
                    colour: 2 + (before % 2) as u8,
                });
            }
        }
        for (w, own) in windows.iter().enumerate() {
            let same = (0..n_points).filter(|&k| same_but_for_window(own, &self.states[k]));
            self.edges.extend(same.map(|k| Edge {
                a: StateId(k as u32),
                b: id(w),
                direction: Direction::Window,
                colour: 4,
            }));
        }
        self.states.extend(windows);
        self
    }

    /// States without a window: the points of the grid.
    pub fn points(&self) -> &[StatePoint] {
        &self.states[..self.n_points()]
    }

    /// Number of states without a window; those with one have the indices from here on.
    pub fn n_points(&self) -> usize {
        self.states.partition_point(|s| s.window.is_none())
    }

    /// States with a window, each with its index.
    pub fn windows(&self) -> impl Iterator<Item = (usize, &StatePoint, &Window)> {
        self.states.iter().enumerate().filter_map(|(k, state)| Some((k, state, state.window.as_ref()?)))
    }

    /// Gives the windows these weights, `[n_windows]`, and says whether they fit.
    ///
    /// What does not fit, or is not a number, changes nothing.
    pub fn set_weights(&mut self, weights: &[Vec<f64>]) -> bool {
        let fits = |(own, (_, _, window)): (&Vec<f64>, (usize, _, &Window))| {
            own.len() == window.weights().len() && own.iter().all(|w| w.is_finite())
        };
        let all = weights.len() == self.windows().count() && weights.iter().zip(self.windows()).all(fits);
        if all {
            let windows = self.states.iter_mut().filter_map(|s| s.window.as_mut());
            windows.zip(weights).for_each(|(window, weights)| window.set_weights(weights));
        }
        all
    }

    /// The axes whose full product the states without windows are, in its order; `None` for any other list of states.
    pub fn axes(&self) -> Option<&Axes> {
        self.axes.as_ref()
    }

    /// Distinct temperatures of the points of the grid in the scene's unit, in the order in which they first have them.
    pub fn temperatures(&self) -> Vec<f64> {
        let mut distinct: Vec<f64> = Vec::new();
        for state in self.points() {
            if !distinct.contains(&state.temperature) {
                distinct.push(state.temperature);
            }
        }
        distinct
    }

    /// Distinct values of a reservoir, as its convention gives them: of a rectangle the axis in scene order, else those of
    /// all states, ascending.
    pub fn values(&self, reservoir: usize) -> Vec<f64> {
        match &self.axes {
            Some(axes) => axes.reservoirs[reservoir].clone(),
            None => distinct(self.points().iter().map(|state| self.value(state, reservoir)).collect()),
        }
    }

    /// Distinct values of a reservoir that are simulated around a temperature: of a rectangle the whole axis, else those
    /// of the states at the next temperatures below and above; at a simulated temperature its own, and of those of its neighbours
    /// what lies within the range of both.
    ///
    /// - `kt`: \[energy\], simulated or not
    pub fn values_around(&self, reservoir: usize, kt: f64) -> Vec<f64> {
        if let Some(axes) = &self.axes {
            return axes.reservoirs[reservoir].clone();
        }
        let slack = 1e-9 * kt;
        let row = |at: f64| -> Vec<f64> {
            let states = self.points().iter().filter(|s| (s.kt - at).abs() <= slack);
            states.map(|state| self.value(state, reservoir)).collect()
        };
        let kts = || self.points().iter().map(|s| s.kt);
        let below = row(kts().filter(|&k| k < kt - slack).fold(f64::NEG_INFINITY, f64::max));
        let above = row(kts().filter(|&k| k > kt + slack).fold(f64::INFINITY, f64::min));
        let own = row(kt);
        let neighbours = below.iter().chain(&above).copied();
        if own.is_empty() {
            return distinct(neighbours.collect());
        }
        let within = |row: &[f64], v: f64| {
            let (lo, hi) = row.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), &x| (lo.min(x), hi.max(x)));
            lo <= v && v <= hi
        };
        distinct(own.iter().copied().chain(neighbours.filter(|&v| within(&below, v) && within(&above, v))).collect())
    }

    /// Value of a state on the axis of a reservoir.
    fn value(&self, state: &StatePoint, reservoir: usize) -> f64 {
        self.reservoirs[reservoir].convention.value(state.ln_z[reservoir], state.kt)
    }

    /// States at which every reservoir but one stands at the middle one of its values, in the order of the states.
    pub fn plane(&self, reservoir: usize) -> Vec<usize> {
        let others: Vec<(usize, f64)> = (0..self.n_reservoirs())
            .filter(|&s| s != reservoir)
            .filter_map(|s| {
                let values = self.values(s);
                Some((s, *values.get(values.len() / 2)?))
            })
            .collect();
        let inside = |k: &usize| {
            let state = &self.states[*k];
            others.iter().all(|&(s, middle)| {
                // Compared as activities: a value computed back from ln z differs from the scene's by rounding.
                let ln_z = self.reservoirs[s].convention.ln_z(middle, state.kt);
                (ln_z - state.ln_z[s]).abs() <= SAME * ln_z.abs().max(1.0)
            })
        };
        (0..self.n_points()).filter(inside).collect()
    }

    /// Number of states.
    pub fn len(&self) -> usize {
        self.states.len()
    }

    /// Whether there is no state at all.
    pub fn is_empty(&self) -> bool {
        self.states.is_empty()
    }

    /// Number of reservoir species.
    pub fn n_reservoirs(&self) -> usize {
        self.reservoirs.len()
    }

    /// The state with this index.
    pub fn state(&self, id: StateId) -> &StatePoint {
        &self.states[id.index()]
    }

    /// Column `mu_<s>` of a state: μ', or μ for `Absolute`. \[energy\]
    pub fn mu(&self, state: StateId, reservoir: usize) -> f64 {
        let point = self.state(state);
        self.reservoirs[reservoir].convention.mu(point.ln_z[reservoir], point.kt)
    }

    /// Distinct directions of the edges: along temperature, along each reservoir, then diagonals.
    pub fn directions(&self) -> Vec<Direction> {
        self.edges.iter().map(|e| e.direction).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The name of an axis as it stands in tables: `temperature` or `mu_<species>`.
    pub fn axis_name(&self, axis: Axis) -> String {
        match axis {
            Axis::Temperature => "temperature".to_owned(),
            Axis::Reservoir(s) => format!("mu_{}", self.reservoirs[s].species),
        }
    }

    /// The name of a direction as it stands in tables: that of its axis, or those of both axes of a diagonal with `+`
    /// between them where their values rise together, with `-` where one falls; `window`.
    pub fn direction_name(&self, direction: Direction) -> String {
        match direction {
            Direction::Along(axis) => self.axis_name(axis),
            Direction::Diagonal { axes: (first, second), together } => {
                let sign = if together { '+' } else { '-' };
                format!("{}{sign}{}", self.axis_name(first), self.axis_name(second))
            }
            Direction::Window => "window".to_owned(),
        }
    }
}

/// Whether two states have windows of one ladder: they differ in temperature and weights alone.
fn of_one_ladder(a: &StatePoint, b: &StatePoint) -> bool {
    a.window.iter().zip(&b.window).any(|(v, w)| v.ladder == w.ladder)
}

/// Whether the window of `b` begins above that of `a`, and within it, in states that are otherwise the same.
fn overlap_upwards(a: &StatePoint, b: &StatePoint) -> bool {
    a.window.iter().zip(&b.window).any(|(v, w)| v.reservoir == w.reservoir && v.lo < w.lo && w.lo <= v.hi())
        && same_but_for_window(a, b)
}

/// Whether two states have the same temperature, and the same activities of all species but that of the window of `a`.
fn same_but_for_window(a: &StatePoint, b: &StatePoint) -> bool {
    let own = a.window.as_ref().map(|w| w.reservoir);
    let mut activities = a.ln_z.iter().zip(&b.ln_z).enumerate();
    a.kt.to_bits() == b.kt.to_bits() && activities.all(|(s, (x, y))| Some(s) == own || x.to_bits() == y.to_bits())
}

/// Values that differ relatively by less are one.
const SAME: f64 = 1e-9;

/// Sorted, values that differ by rounding alone taken once.
fn distinct(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    // Around zero rounding is relative to the largest value, not to the two that are compared.
    let rounding = 4.0 * f64::EPSILON * values.iter().fold(0.0, |largest: f64, v| largest.max(v.abs()));
    values.dedup_by(|b, a| (*b - *a).abs() <= (SAME * a.abs().max(b.abs())).max(rounding));
    values
}

/// Position along every axis of a flat index, first axis slowest.
pub(super) fn unravel(mut index: usize, lengths: &[usize]) -> Vec<usize> {
    let mut place = vec![0; lengths.len()];
    for (p, &length) in place.iter_mut().zip(lengths).rev() {
        *p = index % length;
        index /= length;
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(species: &str, values: &[f64]) -> ReservoirAxis {
        ReservoirAxis { species: species.into(), convention: Convention::Activity, values: values.to_vec() }
    }

    #[test]
    fn temperature_is_slowest_and_every_neighbour_is_an_edge() {
        let grid = StateGrid::product(&[0.5, 1.0], 1.0, &[axis("B", &[-1.0, -2.0, -3.0]), axis("C", &[0.0, 1.0])]);
        assert_eq!(grid.len(), 12);
        assert_eq!(grid.states[7].temperature, 1.0);
        assert_eq!(grid.mu(StateId(7), 0), -1.0);
        assert_eq!(grid.mu(StateId(7), 1), 1.0);
        let count = |axis| grid.edges.iter().filter(|e| e.axis() == Some(axis)).count();
        assert_eq!((count(Axis::Temperature), count(Axis::Reservoir(0)), count(Axis::Reservoir(1))), (6, 8, 6));
    }

    #[test]
    fn a_rectangle_knows_its_axes_and_a_list_its_values() {
        let axes = [axis("B", &[-1.0, -2.0, 0.0]), axis("C", &[0.3, 0.1])];
        let grid = StateGrid::product(&[1.1, 0.7], 1.0, &axes);
        assert_eq!(grid.temperatures(), [1.1, 0.7]);
        assert_eq!((grid.values(0), grid.values_around(1, 0.8)), (vec![-1.0, -2.0, 0.0], vec![0.3, 0.1]));
        assert_eq!(grid.axes().map(|a| a.reservoirs.len()), Some(2));
        // Temperature slowest; the other axis stands at its middle one.
        assert_eq!(grid.plane(0), [1, 3, 5, 7, 9, 11]);
        assert_eq!(grid.plane(1), [2, 3, 8, 9]);

        // Without the hot state of μ' = 0 and C at 0.3 it is a list. Values come back from ln z, without rounding twins.
        let states = [&grid.states[..4], &grid.states[5..]].concat();
        let list = StateGrid::list(grid.reservoirs.clone(), states, Vec::new());
        assert!(list.axes().is_none() && list.len() == 11);
        assert_eq!(list.temperatures(), [1.1, 0.7]);
        let close = |found: Vec<f64>, expected: &[f64]| {
            assert_eq!(found.len(), expected.len(), "{found:?}");
            found.iter().zip(expected).for_each(|(a, b)| assert!((a - b).abs() < 1e-12, "{found:?}"));
        };
        close(list.values(0), &[-2.0, -1.0, 0.0]);
        close(list.values(1), &[0.1, 0.3]);
        assert_eq!(list.plane(0), [0, 2, 5, 7, 9]);
        // Around a temperature count the rows below and above, at one the row itself, with what both have.
        let hot = StatePoint { temperature: 2.0, kt: 2.0, ln_z: vec![2.0, 0.05], window: None };
        let list = StateGrid::list(list.reservoirs.clone(), [&list.states[..], &[hot]].concat(), Vec::new());
        close(list.values_around(0, 2.0), &[4.0]);
        close(list.values_around(0, 1.5), &[-2.0, -1.0, 0.0, 4.0]);
        close(list.values_around(0, 0.7), &[-2.0, -1.0, 0.0]);
        close(list.values_around(0, 0.5), &[-2.0, -1.0, 0.0]);
        close(list.values_around(0, 1.1), &[-2.0, -1.0, 0.0]);
        let row = |kt: f64, values: &[f64]| -> Vec<StatePoint> {
            let state = |&v: &f64| StatePoint { temperature: kt, kt, ln_z: vec![v / kt, 0.05], window: None };
            values.iter().map(state).collect()
        };
        let partial = [row(1.0, &[-3.0, -1.0, 1.0]), row(1.5, &[-1.0]), row(2.0, &[-2.0, -1.0, 2.0])].concat();
        let list = StateGrid::list(list.reservoirs.clone(), partial, Vec::new());
        close(list.values_around(0, 1.5), &[-2.0, -1.0, 1.0]);
        close(list.values_around(0, 1.0), &[-3.0, -1.0, 1.0]);
    }

    /// Edges with the states' places along every axis, and what they are named.
    fn named(grid: &StateGrid) -> Vec<(u32, u32, String)> {
        grid.edges.iter().map(|e| (e.a.0, e.b.0, grid.direction_name(e.direction))).collect()
    }

    #[test]
    fn windows_follow_the_points_and_meet_their_neighbours() {
        let grid = StateGrid::product(&[1.0, 0.5, 1.5], 1.0, &[axis("B", &[-1.0, -2.0]), axis("C", &[0.0, 1.0])]);
        let points = grid.clone();
        let at = |kt: f64, ladder, lo, hi| StatePoint {
            temperature: kt,
            kt,
            ln_z: vec![-7.0, 1.0 / kt],
            window: Some(Window::new(0, ladder, lo, hi)),
        };
        let mut grid = grid.with_windows(vec![at(1.0, 0, 0, 4), at(0.5, 0, 0, 4), at(0.7, 0, 0, 4), at(1.0, 1, 3, 8)]);
        assert_eq!((grid.len(), grid.n_points(), grid.points()), (16, 12, &points.states[..]));
        let ends = |edges: &[Edge]| edges.iter().map(|e| (e.a.0, e.b.0)).collect::<Vec<_>>();
        let (old, new) = grid.edges.split_at(points.edges.len());
        assert_eq!(old, points.edges);
        // 0.7 – 1.0, 0.5 – 0.7 along the ladder; the bounds that overlap; points of T = 1.0 and 0.5 with C at its 1.0.
        let expected = [(13, 14), (14, 12), (12, 15), (1, 12), (3, 12), (5, 13), (7, 13), (1, 15), (3, 15)];
        assert_eq!(ends(new), expected);
        // What the axes say, and what follows from them, is as before.
        assert_eq!((grid.axes(), grid.temperatures()), (points.axes(), points.temperatures()));
        assert_eq!((grid.plane(0), grid.values(0)), (points.plane(0), points.values(0)));
        let weights = vec![vec![0.5; 5], vec![1.0; 5], vec![1.5; 5], vec![2.0; 6]];
        assert!(grid.set_weights(&weights) && !grid.set_weights(&weights[1..]));
        assert!(!grid.set_weights(&[vec![f64::NAN; 5], weights[1].clone(), weights[2].clone(), weights[3].clone()]));
        assert_eq!(grid.windows().map(|(k, _, w)| (k, w.eta(3))).last(), Some((15, 2.0)));
    }

    #[test]
    fn diagonals_join_neighbours_along_two_axes_and_say_how() {
        let of = |edges: &[(u32, u32, &str)]| edges.iter().map(|&(a, b, n)| (a, b, n.to_owned())).collect::<Vec<_>>();
        let plain = StateGrid::product(&[0.5, 1.0], 1.0, &[axis("B", &[-1.0, 0.0])]);
        let square = named(&plain.clone().with_diagonals());
        assert_eq!(square[..4], named(&plain));
        assert_eq!(square[4..], of(&[(0, 3, "temperature+mu_B"), (1, 2, "temperature-mu_B")]));
        // On an axis that falls the same two states rise together that are opposed on one that rises.
        let falling = StateGrid::product(&[0.5, 1.0], 1.0, &[axis("B", &[0.0, -1.0])]).with_diagonals();
        assert_eq!(named(&falling)[4..], of(&[(0, 3, "temperature-mu_B"), (1, 2, "temperature+mu_B")]));

        // Every two states one step apart on two of three axes, and no others, once.
        let three = [axis("B", &[-1.0, 0.0, 1.0, 2.0]), axis("C", &[0.0, 1.0, 2.0])];
        let grid = StateGrid::product(&[0.5, 1.0, 1.5], 1.0, &three).with_diagonals();
        let place = |k: u32| unravel(k as usize, &[3, 4, 3]);
        let mut expected = Vec::new();
        for (a, b) in (0..36).flat_map(|a| (a + 1..36).map(move |b| (a, b))) {
            let steps: Vec<usize> = place(a).iter().zip(place(b)).map(|(&i, j)| i.abs_diff(j)).collect();
            if steps.iter().all(|&s| s <= 1) && (1..=2).contains(&steps.iter().sum::<usize>()) {
                expected.push((a, b));
            }
        }
        let mut found: Vec<(u32, u32)> = grid.edges.iter().map(|e| (e.a.0.min(e.b.0), e.a.0.max(e.b.0))).collect();
        found.sort_unstable();
        assert_eq!(found, expected);
        assert_eq!(grid.directions().len(), 3 + 2 * 3);

        // A list has its own edges only.
        let list = StateGrid::list(grid.reservoirs.clone(), grid.states.clone(), grid.edges[..5].to_vec());
        assert_eq!(list.with_diagonals().edges, grid.edges[..5]);
    }

    #[test]
    fn edges_of_one_direction_and_colour_share_no_state() {
        let axes = [axis("B", &[-1.0, -2.0, -3.0, -4.0]), axis("C", &[0.0, 1.0, 2.0])];
        let grid = StateGrid::product(&[0.5, 1.0, 1.5], 1.0, &axes).with_diagonals();
        for (direction, colour) in grid.directions().into_iter().flat_map(|d| [(d, 0), (d, 1)]) {
            let mut seen = std::collections::HashSet::new();
            for e in grid.edges.iter().filter(|e| e.direction == direction && e.colour == colour) {
                assert!(seen.insert(e.a) && seen.insert(e.b), "{direction:?} {colour}");
            }
        }
    }
}
