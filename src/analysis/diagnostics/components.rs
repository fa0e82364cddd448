//! Connected components of the grid through edges that exchange.

use crate::thermo::states::StateGrid;

/// The part to which each state belongs, numbered from 0 in the order of states: `[n_states]`.
///
/// - `usable`: `[n_edges]`
pub fn components(grid: &StateGrid, usable: &[bool]) -> Vec<usize> {
    let mut root: Vec<usize> = (0..grid.len()).collect();
    fn find(root: &mut [usize], mut k: usize) -> usize {
        while root[k] != k {
            root[k] = root[root[k]];
            k = root[k];
        }
        k
    }
    for (edge, _) in grid.edges.iter().zip(usable).filter(|(_, usable)| **usable) {
        let (a, b) = (find(&mut root, edge.a.index()), find(&mut root, edge.b.index()));
        root[a.max(b)] = a.min(b);
    }
    let mut number = vec![usize::MAX; grid.len()];
    let mut next = 0;
    (0..grid.len())
        .map(|k| {
            let r = find(&mut root, k);
            if number[r] == usize::MAX {
                number[r] = next;
                next += 1;
            }
            number[r]
        })
        .collect()
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
