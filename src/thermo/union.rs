//! Union of the states of several runs of one system, whose grids may differ.
//!
//! Two states are one where temperature, activities and window agree: MBAR takes the samples of both for those of one state.
//! What a run counted by the indices of its own states and edges is found again by [`Member`].

use super::edges::Edge;
use super::states::{Axes, Reservoir, StateGrid, StatePoint, unravel};
use crate::base::ids::StateId;
use std::collections::HashMap;

/// Relative difference below which two temperatures, or two activities, are one: numbers that come from other formulas of an
/// axis differ by rounding.
const SAME: f64 = 1e-9;

/// States and edges of one grid within a union.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// `[n_states of the grid]`, index of each in the union
    pub states: Vec<u32>,
    /// `[n_edges of the grid]`, index of each in the union
    pub edges: Vec<u32>,
}

impl StateGrid {
    /// All states of some grids, each once, with the edges of all, and where those of each grid are among them.
    ///
    /// A grid that has all points of the others keeps its order and its axes. Else points are sorted, temperature slowest; they
    /// have axes where they are a full product. Conventions are those of the first grid. States with windows follow, those of
    /// one grid after the other: windows with other weights are other states.
    ///
    /// - `grids`: at least one, of the same reservoir species in the same order
    pub fn union(grids: &[StateGrid]) -> (StateGrid, Vec<Member>) {
        let species = |g: &StateGrid| g.reservoirs.iter().map(|r| r.species.clone()).collect::<Vec<_>>();
        assert!(grids.iter().all(|g| species(g) == species(&grids[0])), "grids of other species have no union");
        let mut points = Points::default();
        let of_points: Vec<Vec<usize>> =
            grids.iter().map(|g| g.points().iter().map(|state| points.number(state)).collect()).collect();
        let whole = grids.iter().position(|g| g.n_points() == points.states.len());
        let reservoirs = grids[0].reservoirs.clone();
        let (order, axes) = match whole {
            Some(g) => {
                let order = of_points[g].clone();
                points.states = inverse(&order).iter().map(|&k| grids[g].states[k].clone()).collect();
                let same = conventions(&grids[g].reservoirs) == conventions(&reservoirs);
                (order, grids[g].axes().filter(|_| same).cloned())
            }
            None => {
                let order = points.sorted();
                let axes = points.axes(&order, &reservoirs, grids);
                (order, axes)
            }
        };
        let mut states: Vec<StatePoint> = order.iter().map(|&number| points.states[number].clone()).collect();
        let place = inverse(&order);
        let n_points = states.len();
        let mut ladders = 0;
        let mut members = Vec::new();
        for (grid, of_points) in grids.iter().zip(&of_points) {
            let mut own: Vec<u32> = of_points.iter().map(|&number| place[number] as u32).collect();
            for (_, state, _) in grid.windows() {
                own.push(window(&mut states, n_points, state, ladders) as u32);
            }
            ladders += grid.windows().map(|(.., w)| w.ladder + 1).max().unwrap_or(0);
            members.push(Member { states: own, edges: Vec::new() });
        }
        let mut edges: Vec<Edge> = Vec::new();
        let mut known = HashMap::new();
        for (grid, member) in grids.iter().zip(&mut members) {
            for edge in &grid.edges {
                let [a, b] = [edge.a, edge.b].map(|k| StateId(member.states[k.index()]));
                let number = *known.entry((a.min(b), a.max(b), edge.direction)).or_insert_with(|| {
                    edges.push(Edge { a, b, ..*edge });
                    edges.len() as u32 - 1
                });
                member.edges.push(number);
            }
        }
        (StateGrid::of_parts(reservoirs, states, edges, axes), members)
    }

    /// Some of the states by themselves, with the edges between them.
    ///
    /// - `states`: indices, points before windows
    pub fn only(&self, states: &[u32]) -> StateGrid {
        let place: HashMap<u32, u32> = states.iter().zip(0..).map(|(&k, i)| (k, i)).collect();
        let at = |k: StateId| place.get(&k.0).copied().map(StateId);
        let edges = self.edges.iter().filter_map(|e| Some(Edge { a: at(e.a)?, b: at(e.b)?, ..*e }));
        let own = states.iter().map(|&k| self.states[k as usize].clone()).collect();
        StateGrid::list(self.reservoirs.clone(), own, edges.collect())
    }
}

/// Where each value of a permutation stands.
fn inverse(order: &[usize]) -> Vec<usize> {
    let mut place = vec![0; order.len()];
    order.iter().enumerate().for_each(|(i, &number)| place[number] = i);
    place
}

fn conventions(reservoirs: &[Reservoir]) -> Vec<&crate::thermo::Convention> {
    reservoirs.iter().map(|r| &r.convention).collect()
}

fn is_same(a: f64, b: f64) -> bool {
    (a - b).abs() <= SAME * a.abs().max(b.abs())
}

/// The same of ln z, which is a number of its own size around 0 too.
fn is_same_activity(a: f64, b: f64) -> bool {
    (a - b).abs() <= SAME * a.abs().max(b.abs()).max(1.0)
}

fn are_same_activities(a: &StatePoint, b: &StatePoint) -> bool {
    a.ln_z.iter().zip(&b.ln_z).all(|(&x, &y)| is_same_activity(x, y))
}

/// Index of a state with a window among all states: that of one with the same weights, or a new one at the end.
fn window(states: &mut Vec<StatePoint>, n_points: usize, state: &StatePoint, ladders: usize) -> usize {
    let is_it = |own: &StatePoint| {
        let windows = own.window.iter().zip(&state.window);
        let weights =
            windows.fold(false, |_, (v, w)| (v.reservoir, v.lo) == (w.reservoir, w.lo) && v.weights() == w.weights());
        weights && is_same(own.kt, state.kt) && are_same_activities(own, state)
    };
    states[n_points..].iter().position(is_it).map(|i| n_points + i).unwrap_or_else(|| {
        let mut own = state.clone();
        if let Some(point) = states[..n_points].iter().find(|p| is_same(p.kt, own.kt)) {
            (own.temperature, own.kt) = (point.temperature, point.kt);
        }
        own.window.iter_mut().for_each(|w| w.ladder += ladders);
        states.push(own);
        states.len() - 1
    })
}

/// Points of one temperature.
struct Row {
    temperature: f64,
    kt: f64,
    numbers: Vec<usize>,
}

/// Distinct points, numbered as they come.
#[derive(Default)]
struct Points {
    states: Vec<StatePoint>,
    rows: Vec<Row>,
}

impl Points {
    /// Number of a point, which is added if it is new.
    fn number(&mut self, state: &StatePoint) -> usize {
        let row = self.rows.iter().position(|row| is_same(row.kt, state.kt)).unwrap_or_else(|| {
            self.rows.push(Row { temperature: state.temperature, kt: state.kt, numbers: Vec::new() });
            self.rows.len() - 1
        });
        let row = &mut self.rows[row];
        let known = row.numbers.iter().find(|&&number| are_same_activities(&self.states[number], state));
        if let Some(&number) = known {
            return number;
        }
        row.numbers.push(self.states.len());
        // Rows are told apart by the bits of their temperature.
        self.states.push(StatePoint { kt: row.kt, temperature: row.temperature, ..state.clone() });
        self.states.len() - 1
    }

    /// Numbers in the order of temperature, then of the activities.
    fn sorted(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.states.len()).collect();
        let by_activity = |a: &StatePoint, b: &StatePoint| {
            let differ = a.ln_z.iter().zip(&b.ln_z).find(|(x, y)| !is_same_activity(**x, **y));
            differ.map_or(std::cmp::Ordering::Equal, |(x, y)| x.total_cmp(y))
        };
        order.sort_by(|&i, &j| {
            let (a, b) = (&self.states[i], &self.states[j]);
            a.kt.total_cmp(&b.kt).then_with(|| by_activity(a, b))
        });
        order
    }

    /// The axes of which all points in this order are the full product, if they are.
    fn axes(&self, order: &[usize], reservoirs: &[Reservoir], grids: &[StateGrid]) -> Option<Axes> {
        let mut rows: Vec<&Row> = self.rows.iter().collect();
        rows.sort_by(|a, b| a.kt.total_cmp(&b.kt));
        let coldest = rows.first()?;
        // Values as the scenes give them: one that is computed back from ln z differs by rounding.
        let value = |s: usize, ln_z: f64| {
            let convention = &reservoirs[s].convention;
            let given = grids.iter().filter_map(StateGrid::axes).flat_map(|axes| &axes.reservoirs[s]).copied();
            let is_it = |v: &f64| is_same_activity(convention.ln_z(*v, coldest.kt), ln_z);
            given.into_iter().find(is_it).unwrap_or_else(|| convention.value(ln_z, coldest.kt))
        };
        let axis = |s: usize| -> Vec<f64> {
            let mut all: Vec<f64> = coldest.numbers.iter().map(|&number| self.states[number].ln_z[s]).collect();
            all.sort_by(f64::total_cmp);
            all.dedup_by(|b, a| is_same_activity(*a, *b));
            all.into_iter().map(|ln_z| value(s, ln_z)).collect()
        };
        let axes = Axes {
            temperatures: rows.iter().map(|row| row.temperature).collect(),
            reservoirs: (0..reservoirs.len()).map(axis).collect(),
        };
        let lengths: Vec<usize> = std::iter::once(rows.len()).chain(axes.reservoirs.iter().map(Vec::len)).collect();
        let fits = |(i, &number): (usize, &usize)| {
            let (place, state) = (unravel(i, &lengths), &self.states[number]);
            let along = |s: usize| {
                let at = axes.reservoirs[s][place[s + 1]];
                is_same_activity(reservoirs[s].convention.ln_z(at, state.kt), state.ln_z[s])
            };
            is_same(state.kt, rows[place[0]].kt) && (0..reservoirs.len()).all(along)
        };
        let full = order.len() == lengths.iter().product::<usize>() && order.iter().enumerate().all(fits);
        full.then_some(axes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::thermo::states::ReservoirAxis;
    use crate::thermo::{Convention, Window};

    fn grid(temperatures: &[f64], convention: Convention, values: &[f64]) -> StateGrid {
        let axis = ReservoirAxis { species: "B".into(), convention, values: values.to_vec() };
        StateGrid::product(temperatures, 1.0, &[axis])
    }

    fn places(grid: &StateGrid) -> Vec<(f64, f64)> {
        grid.states.iter().map(|s| (s.temperature, (1e9 * s.ln_z[0] * s.kt).round() / 1e9)).collect()
    }

    #[test]
    fn grids_that_are_equal_or_contained_leave_the_largest_as_it_is() {
        let large = grid(&[0.7, 0.5], Convention::Activity, &[-1.0, -2.0, -3.0]).with_diagonals();
        let small = grid(&[0.5], Convention::Activity, &[-3.0, -2.0]);
        let (union, members) = StateGrid::union(&[small.clone(), large.clone(), large.clone()]);
        assert_eq!((&union.states, union.axes()), (&large.states, large.axes()));
        assert_eq!((&members[0].states[..], &members[1].states[..]), (&[5, 4][..], &[0, 1, 2, 3, 4, 5][..]));
        // The edge of the small grid is one of the large one, the other way round.
        assert_eq!(union.edges.len(), large.edges.len());
        assert_eq!(union.edges[members[0].edges[0] as usize].direction, small.edges[0].direction);
        let (same, members) = StateGrid::union(&[large.clone(), large.clone()]);
        assert_eq!(same, large);
        assert_eq!(members[1].edges, (0..large.edges.len() as u32).collect::<Vec<_>>());
    }

    #[test]
    fn a_union_that_is_a_product_has_axes_and_any_other_is_a_list() {
        let cold = grid(&[0.5, 0.6], Convention::Activity, &[-6.25, -3.1]);
        let warm = grid(&[0.8], Convention::Activity, &[-3.1, -6.25]);
        let (union, members) = StateGrid::union(&[warm.clone(), cold.clone()]);
        let axes = union.axes().expect("a product");
        assert_eq!((&axes.temperatures[..], &axes.reservoirs[0][..]), (&[0.5, 0.6, 0.8][..], &[-6.25, -3.1][..]));
        assert_eq!((&members[0].states[..], &members[1].states[..]), (&[5, 4][..], &[0, 1, 2, 3][..]));
        assert_eq!(union.edges.len(), 1 + 4);

        let (list, members) = StateGrid::union(&[cold, grid(&[0.6, 0.7], Convention::Activity, &[-6.0, -3.1])]);
        assert!(list.axes().is_none());
        let expected = [(0.5, -6.25), (0.5, -3.1), (0.6, -6.25), (0.6, -6.0), (0.6, -3.1), (0.7, -6.0), (0.7, -3.1)];
        assert_eq!(places(&list), expected);
        assert_eq!((&members[0].states[..], &members[1].states[..]), (&[0, 1, 2, 4][..], &[3, 4, 5, 6][..]));
        assert_eq!(list.temperatures(), [0.5, 0.6, 0.7]);
        // As many values at each temperature, but not the same ones.
        let (list, _) = StateGrid::union(&[
            grid(&[0.5], Convention::Activity, &[-2.0, -1.0]),
            grid(&[0.6], Convention::Activity, &[-2.0, -1.5]),
        ]);
        assert!(list.axes().is_none() && list.len() == 4);
    }

    #[test]
    fn states_are_one_whatever_convention_gave_them() {
        let activity = grid(&[0.5], Convention::Activity, &[0.5 * (2.0_f64 / 0.5).ln(), -1.0]);
        let pressure = grid(&[0.1 + 0.4], Convention::Pressure { unit: 1.0 }, &[2.0]);
        let (union, members) = StateGrid::union(&[activity, pressure]);
        assert_eq!((union.len(), &members[1].states[..]), (2, &[0][..]));
        assert_eq!(union.reservoirs[0].convention, Convention::Activity);
    }

    #[test]
    fn windows_with_other_weights_are_other_states() {
        let points = grid(&[0.5, 0.7], Convention::Activity, &[-2.0]);
        let with = |weights: &[f64]| {
            let window = Some(Window::new(0, 0, 0, 2));
            let states = points.points().iter().map(|p| StatePoint { window: window.clone(), ..p.clone() }).collect();
            let mut grid = points.clone().with_windows(states);
            assert!(grid.set_weights(&[weights.to_vec(), vec![1.0; 3]]));
            grid
        };
        let (a, b) = (with(&[0.0, 1.0, 2.0]), with(&[0.0, 1.0, 2.5]));
        let (union, members) = StateGrid::union(&[a.clone(), b, grid(&[0.9], Convention::Activity, &[-2.0])]);
        assert_eq!((union.n_points(), union.len()), (3, 6));
        assert_eq!((&members[0].states[..], &members[1].states[..]), (&[0, 1, 3, 4][..], &[0, 1, 5, 4][..]));
        // They belong to another ladder, and each exchanges as it did.
        let ladder = |k: usize| union.states[k].window.as_ref().map(|w| w.ladder);
        assert_eq!((ladder(3), ladder(5)), (Some(0), Some(1)));
        assert_eq!(members[1].edges.len(), a.edges.len());
        assert_eq!(union.windows().count(), 3);
    }

    #[test]
    fn a_part_keeps_its_own_edges() {
        let grid = grid(&[0.5, 0.6], Convention::Activity, &[-2.0, -1.0]);
        let part = grid.only(&[1, 3]);
        assert_eq!((places(&part), part.edges.len()), (vec![(0.5, -1.0), (0.6, -1.0)], 1));
        assert_eq!((part.edges[0].a, part.edges[0].b), (StateId(0), StateId(1)));
    }
}
