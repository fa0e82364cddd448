//! The graph of exchanges: which states are neighbours, and in which direction.

use super::states::{Axes, unravel};
use crate::base::ids::StateId;
use serde::{Deserialize, Serialize};

/// An axis of the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Axis {
    /// Temperature.
    Temperature,
    /// The values of the reservoir species with this index.
    Reservoir(usize),
}

/// The direction in which two states are neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Direction {
    /// One step along one axis.
    Along(Axis),
    /// One step along each of two axes, the earlier one first.
    Diagonal {
        /// The axes.
        axes: (Axis, Axis),
        /// Whether the values of both axes rise together; otherwise one falls where the other rises.
        together: bool,
    },
    /// Between a state with a window and any other.
    Window,
}

/// A pair of neighbouring states between which exchanges are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edge {
    /// One end.
    pub a: StateId,
    /// The other end.
    pub b: StateId,
    /// Which steps lead from one end to the other.
    pub direction: Direction,
    /// Parity: edges of a rectangle that have one direction and one colour share no state.
    pub colour: u8,
}

impl Direction {
    /// The axis of it that is first in the order temperature, reservoirs; `None` where a state has a window.
    pub fn first_axis(&self) -> Option<Axis> {
        match *self {
            Direction::Along(axis) | Direction::Diagonal { axes: (axis, _), .. } => Some(axis),
            Direction::Window => None,
        }
    }
}

impl Edge {
    /// The axis along which the ends are neighbours; `None` of a diagonal, and where one of them has a window.
    pub fn axis(&self) -> Option<Axis> {
        match self.direction {
            Direction::Along(axis) => Some(axis),
            Direction::Diagonal { .. } | Direction::Window => None,
        }
    }
}

/// Lengths of all axes, temperature first.
fn lengths(axes: &Axes) -> Vec<usize> {
    std::iter::once(axes.temperatures.len()).chain(axes.reservoirs.iter().map(Vec::len)).collect()
}

/// The axis with this place in the order temperature, reservoirs.
fn axis(place: usize) -> Axis {
    if place == 0 { Axis::Temperature } else { Axis::Reservoir(place - 1) }
}

/// Distances in index between neighbours along each axis: `[n_axes]`.
fn strides(lengths: &[usize]) -> Vec<usize> {
    (0..lengths.len()).map(|d| lengths[d + 1..].iter().product()).collect()
}

/// Edges between neighbours along one axis, in the order of their first states.
pub(super) fn neighbours(axes: &Axes) -> Vec<Edge> {
    let lengths = lengths(axes);
    let strides = strides(&lengths);
    let mut edges = Vec::new();
    for index in 0..lengths.iter().product() {
        for (d, &i) in unravel(index, &lengths).iter().enumerate() {
            if i + 1 < lengths[d] {
                let (a, b) = (StateId(index as u32), StateId((index + strides[d]) as u32));
                edges.push(Edge { a, b, direction: Direction::Along(axis(d)), colour: (i % 2) as u8 });
            }
        }
    }
    edges
}

/// Edges between neighbours along two axes at once, in the order of their first states: both diagonals of every pair of
/// axes.
pub(super) fn diagonals(axes: &Axes) -> Vec<Edge> {
    let lengths = lengths(axes);
    let strides = strides(&lengths);
    let values = std::iter::once(&axes.temperatures).chain(&axes.reservoirs);
    let falls: Vec<bool> = values.map(|v| v.last() < v.first()).collect();
    let mut edges = Vec::new();
    for index in 0..lengths.iter().product() {
        let place = unravel(index, &lengths);
        for p in (0..place.len()).filter(|&p| place[p] + 1 < lengths[p]) {
            for q in p + 1..place.len() {
                let mut push = |to: usize, along: bool| {
                    let together = along == (falls[p] == falls[q]);
                    edges.push(Edge {
                        a: StateId(index as u32),
                        b: StateId((to + strides[p]) as u32),
                        direction: Direction::Diagonal { axes: (axis(p), axis(q)), together },
                        // Whoever is even on the first axis has its partner at an odd place of it.
                        colour: (place[p] % 2) as u8,
                    });
                };
                if place[q] + 1 < lengths[q] {
                    push(index + strides[q], true);
                }
                if place[q] > 0 {
                    push(index - strides[q], false);
                }
            }
        }
    }
    edges
}
