//! Parts of a grid whose samples have nothing in common, and the part to which a point between states belongs.

use crate::thermo::Convention;
use crate::thermo::states::{StateGrid, StatePoint};

/// Coordinates closer than this share of their span are one.
const SAME: f64 = 1e-9;

/// The states of a grid in parts: MBAR joins the samples within a part, and knows nothing of what lies between two.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parts {
    /// `[n_states]`, `None` for a state without samples.
    pub(crate) of_state: Vec<Option<u32>>,
    /// Number of parts.
    pub(crate) number: u32,
    /// Points of the grid that have samples: their coordinates ([`Parts::coordinates`]) and their part.
    points: Vec<(Vec<f64>, u32)>,
    /// `[1 + n_reservoirs]`, from the lowest coordinate to the highest.
    spans: Vec<f64>,
    /// `[n_reservoirs]`
    conventions: Vec<Convention>,
}

impl Parts {
    /// One part that holds every state.
    pub(crate) fn one(n_states: usize) -> Parts {
        Parts { of_state: vec![Some(0); n_states], number: 1, ..Parts::default() }
    }

    /// - `of_state`: `[n_states]`, parts numbered from 0 in the order of states
    pub(crate) fn new(grid: &StateGrid, of_state: Vec<Option<u32>>) -> Parts {
        let conventions: Vec<Convention> = grid.reservoirs.iter().map(|r| r.convention.clone()).collect();
        let of_point = |(state, part): (&StatePoint, &Option<u32>)| {
            part.map(|part| (Parts::coordinates(&conventions, state.kt, &state.ln_z), part))
        };
        let points: Vec<(Vec<f64>, u32)> = grid.points().iter().zip(&of_state).filter_map(of_point).collect();
        let span = |d: usize| {
            let values = || points.iter().map(|(place, _)| place[d]);
            values().fold(f64::NEG_INFINITY, f64::max) - values().fold(f64::INFINITY, f64::min)
        };
        let spans = (0..=conventions.len()).map(span).map(|s| if s > 0.0 { s } else { 1.0 }).collect();
        let number = of_state.iter().flatten().max().map_or(0, |last| last + 1);
        Parts { of_state, number, points, spans, conventions }
    }

    /// The part of every sample, by the state that it was taken in.
    pub(crate) fn of_samples(&self, state: &[u32]) -> Vec<u32> {
        state.iter().map(|&k| self.of_state[k as usize].unwrap_or_default()).collect()
    }

    /// kT and the value of every reservoir as the scene gives it, of a pressure its logarithm: a rectangle of states is one
    /// in these coordinates.
    fn coordinates(conventions: &[Convention], kt: f64, ln_z: &[f64]) -> Vec<f64> {
        let value = |(convention, &ln_z): (&Convention, &f64)| {
            let value = convention.value(ln_z, kt);
            if convention.is_pressure() { value.ln() } else { value }
        };
        std::iter::once(kt).chain(conventions.iter().zip(ln_z).map(value)).collect()
    }

    /// The part to which a point belongs: that of all states around it; `None` between parts.
    ///
    /// Around it stands, in each direction (below or above along every axis), the nearest state with samples. In a rectangle
    /// these are the corners of the cell that holds the point; on an edge or in a state those of the edge, or the state.
    pub(crate) fn at(&self, beta: f64, ln_z: &[f64]) -> Option<u32> {
        if self.number <= 1 {
            return Some(0);
        }
        let here = Parts::coordinates(&self.conventions, 1.0 / beta, ln_z);
        let all = (1 << here.len()) - 1;
        let mut nearest: Vec<Option<(f64, u32)>> = vec![None; all + 1];
        for (place, part) in &self.points {
            // Bits of the directions in which the state may lie: both along an axis on which it has the same value.
            let (mut below, mut above, mut square) = (0, 0, 0.0);
            for (d, (place, here)) in place.iter().zip(&here).enumerate() {
                let distance = (place - here) / self.spans[d];
                let slack = SAME + 1e-12 * here.abs() / self.spans[d];
                below |= usize::from(distance <= slack) << d;
                above |= usize::from(distance >= -slack) << d;
                square += distance * distance;
            }
            for (direction, nearest) in nearest.iter_mut().enumerate() {
                // Above along the axes whose bits are set, below along the others.
                let lies_there = direction & above == direction && direction | below == all;
                if lies_there && nearest.is_none_or(|(other, _)| square < other) {
                    *nearest = Some((square, *part));
                }
            }
        }
        let mut found = nearest.into_iter().flatten().map(|(_, part)| part);
        let first = found.next()?;
        found.all(|part| part == first).then_some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::thermo::states::ReservoirAxis;

    #[test]
    fn a_point_belongs_to_the_part_of_all_states_around_it() {
        let axis =
            ReservoirAxis { species: "B".into(), convention: Convention::Activity, values: vec![-3.0, -2.0, -1.0] };
        let grid = StateGrid::product(&[0.5, 0.7], 1.0, &[axis]);
        // At both temperatures the last value is a part of its own; one state has no samples.
        let parts = Parts::new(&grid, vec![Some(0), Some(0), Some(1), None, Some(0), Some(1)]);
        let at = |kt: f64, mu: f64| parts.at(1.0 / kt, &[mu / kt]);
        assert_eq!(parts.number, 2);
        for (k, state) in grid.points().iter().enumerate().filter(|(k, _)| *k != 3) {
            assert_eq!(parts.at(state.beta(), &state.ln_z), parts.of_state[k]);
        }
        assert_eq!([at(0.5, -2.4), at(0.6, -2.5), at(0.6, -2.0), at(0.5, -3.3)], [Some(0); 4]);
        assert_eq!([at(0.5, -1.9), at(0.6, -1.5), at(0.7, -1.01)], [None; 3]);
        assert_eq!([at(0.6, -1.0), at(0.5, -0.9), at(0.8, -1.0)], [Some(1); 3]);
        assert_eq!(Parts::one(6).at(3.0, &[7.0]), Some(0));
    }

    #[test]
    fn a_rectangle_in_pressure_has_cells_although_mu_is_oblique() {
        let convention = Convention::Pressure { unit: 1.0 };
        let axis = ReservoirAxis { species: "B".into(), convention, values: vec![1e-3, 1e-2, 1e-1] };
        let grid = StateGrid::product(&[1.0, 2.0, 4.0], 1.0, &[axis]);
        let parts = Parts::new(&grid, (0..9).map(|k| Some(u32::from(k % 3 == 2))).collect());
        let at = |kt: f64, p: f64| parts.at(1.0 / kt, &[(p / kt).ln()]);
        assert_eq!([at(1.0, 3e-3), at(3.0, 1e-2), at(1.5, 5e-3)], [Some(0); 3]);
        assert_eq!([at(3.9, 0.011), at(1.0, 0.05)], [None; 2]);
        assert_eq!([at(1.1, 0.1), at(4.0, 0.12)], [Some(1); 2]);
    }
}
