//! Connected components of the grid through edges that exchange.

use crate::analysis::connected::Union;
use crate::thermo::states::StateGrid;

/// The part to which each state belongs, numbered from 0 in the order of states: `[n_states]`.
///
/// - `usable`: `[n_edges]`
pub fn components(grid: &StateGrid, usable: &[bool]) -> Vec<usize> {
    let mut union = Union::new(grid.len());
    for (edge, _) in grid.edges.iter().zip(usable).filter(|(_, usable)| **usable) {
        union.join(edge.a.index(), edge.b.index());
    }
    union.numbers(0..grid.len()).into_iter().flatten().map(|part| part as usize).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::thermo::Convention;
    use crate::thermo::states::ReservoirAxis;

    #[test]
    fn a_dead_edge_parts_a_chain_and_not_a_ring() {
        let chain = StateGrid::product(&[0.5, 0.7, 0.9, 1.1], 1.0, &[]);
        assert_eq!(components(&chain, &[true, true, true]), [0, 0, 0, 0]);
        assert_eq!(components(&chain, &[true, false, true]), [0, 0, 1, 1]);
        let axis = ReservoirAxis { species: "B".into(), convention: Convention::Activity, values: vec![-2.0, -1.0] };
        let square = StateGrid::product(&[0.5, 0.7], 1.0, &[axis]);
        for dead in 0..4 {
            let usable: Vec<bool> = (0..4).map(|e| e != dead).collect();
            assert_eq!(components(&square, &usable), [0; 4]);
        }
    }
}
