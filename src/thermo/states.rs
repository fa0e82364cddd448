//! The thermodynamic states of a run: a list with a neighbour graph.
//!
//! Only [`StateGrid::product`] and the plots know that the list is a rectangle.

use crate::base::ids::StateId;
use crate::thermo::Convention;
use crate::thermo::acceptance::StateRef;
use serde::{Deserialize, Serialize};

/// One point (T, z₁, z₂, …).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StatePoint {
    /// Temperature in the scene's unit.
    pub temperature: f64,
    /// k_B T [energy]
    pub kt: f64,
    /// `[n_reservoirs]`, ln of the activity [1/length³]
    pub ln_z: Vec<f64>,
}

impl StatePoint {
    /// β = 1/kT [1/energy].
    pub fn beta(&self) -> f64 {
        1.0 / self.kt
    }

    /// The view that acceptance rules take.
    pub fn as_ref(&self) -> StateRef<'_> {
        StateRef { beta: self.beta(), ln_z: &self.ln_z }
    }
}

/// A reservoir species with the axis of values that the scene gives it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReservoirAxis {
    /// Name of the species.
    pub species: String,
    /// What the values mean.
    pub convention: Convention,
    /// Axis values as in the scene, ascending or as given.
    pub values: Vec<f64>,
}

/// The direction in which two states are neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Axis {
    /// Neighbours in temperature.
    Temperature,
    /// Neighbours along the axis of the reservoir species with this index.
    Reservoir(usize),
}

/// A pair of neighbouring states between which exchanges are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edge {
    /// One end.
    pub a: StateId,
    /// The other end.
    pub b: StateId,
    /// Which axis joins them.
    pub axis: Axis,
    /// Edges of one axis and one colour share no state: they are tried together (even/odd schedule).
    pub colour: u8,
}

/// All states of a run and the graph of exchanges between them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StateGrid {
    /// Temperatures of the grid in the scene's unit, in scene order.
    pub temperatures: Vec<f64>,
    /// Reservoir axes in scene order.
    pub reservoirs: Vec<ReservoirAxis>,
    /// The states; temperature slowest, then each reservoir axis in scene order.
    pub states: Vec<StatePoint>,
    /// The neighbour graph.
    pub edges: Vec<Edge>,
}

impl StateGrid {
    /// The full product of the temperature axis and every reservoir axis.
    ///
    /// - `temperatures`: in the scene's unit
    /// - `boltzmann`: k_B [energy/temperature]
    pub fn product(temperatures: &[f64], boltzmann: f64, reservoirs: &[ReservoirAxis]) -> StateGrid {
        let lengths: Vec<usize> =
            std::iter::once(temperatures.len()).chain(reservoirs.iter().map(|r| r.values.len())).collect();
        let n_states: usize = lengths.iter().product();
        let mut states = Vec::with_capacity(n_states);
        let mut edges = Vec::new();
        for index in 0..n_states {
            let place = unravel(index, &lengths);
            let temperature = temperatures[place[0]];
            let kt = boltzmann * temperature;
            let ln_z = reservoirs.iter().zip(&place[1..]).map(|(r, &i)| r.convention.ln_z(r.values[i], kt)).collect();
            states.push(StatePoint { temperature, kt, ln_z });
            let mut stride = n_states;
            for (d, (&i, &length)) in place.iter().zip(&lengths).enumerate() {
                stride /= length;
                if i + 1 < length {
                    let axis = if d == 0 { Axis::Temperature } else { Axis::Reservoir(d - 1) };
                    let (a, b) = (StateId(index as u32), StateId((index + stride) as u32));
                    edges.push(Edge { a, b, axis, colour: (i % 2) as u8 });
                }
            }
        }
        StateGrid { temperatures: temperatures.to_vec(), reservoirs: reservoirs.to_vec(), states, edges }
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

    /// Column `mu_<s>` of a state: μ', or μ for `Absolute`. [energy]
    pub fn mu(&self, state: StateId, reservoir: usize) -> f64 {
        let point = self.state(state);
        self.reservoirs[reservoir].convention.mu(point.ln_z[reservoir], point.kt)
    }

    /// The name of an axis as it stands in `exchange.csv`: `temperature` or `mu_<species>`.
    pub fn axis_name(&self, axis: Axis) -> String {
        match axis {
            Axis::Temperature => "temperature".to_owned(),
            Axis::Reservoir(s) => format!("mu_{}", self.reservoirs[s].species),
        }
    }
}

/// Position along every axis of a flat index, first axis slowest.
fn unravel(mut index: usize, lengths: &[usize]) -> Vec<usize> {
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
        let count = |axis| grid.edges.iter().filter(|e| e.axis == axis).count();
        assert_eq!((count(Axis::Temperature), count(Axis::Reservoir(0)), count(Axis::Reservoir(1))), (6, 8, 6));
    }

    #[test]
    fn edges_of_one_axis_and_colour_share_no_state() {
        let grid = StateGrid::product(&[0.5, 1.0, 1.5], 1.0, &[axis("B", &[-1.0, -2.0, -3.0, -4.0])]);
        for axis in [Axis::Temperature, Axis::Reservoir(0)] {
            for colour in [0, 1] {
                let mut seen = std::collections::HashSet::new();
                for e in grid.edges.iter().filter(|e| e.axis == axis && e.colour == colour) {
                    assert!(seen.insert(e.a) && seen.insert(e.b));
                }
            }
        }
    }
}
