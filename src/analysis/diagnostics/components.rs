//! Connected components of the grid through edges that exchange.

use crate::analysis::connected::Union;
use crate::analysis::statistics::cohorts::Cohorts;
use crate::thermo::states::StateGrid;

/// The part to which each state belongs, numbered from 0 in the order of states: `[n_states]`. States of runs with other grids never
/// exchange, and need not: the largest parts of such runs count as one, and whether their samples overlap is another question.
///
/// - `usable`: `[n_edges]`
/// - `cohorts`: runs with the same states
pub fn components(grid: &StateGrid, usable: &[bool], cohorts: &Cohorts) -> Vec<usize> {
    let mut union = Union::new(grid.len());
    for (edge, _) in grid.edges.iter().zip(usable).filter(|(_, usable)| **usable) {
        union.join(edge.a.index(), edge.b.index());
    }
    let mut of_largest = Vec::new();
    for cohort in cohorts.iter() {
        let states = || cohort.states.iter().map(|&k| k as usize);
        let numbers = union.numbers(states());
        let size = |k: &usize| states().filter(|j| numbers[*j] == numbers[*k]).count();
        of_largest.extend(states().max_by_key(size));
    }
    of_largest.windows(2).for_each(|w| union.join(w[0], w[1]));
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
        let one = Cohorts::one(4, 1);
        assert_eq!(components(&chain, &[true, true, true], &one), [0, 0, 0, 0]);
        assert_eq!(components(&chain, &[true, false, true], &one), [0, 0, 1, 1]);
        let axis = ReservoirAxis { species: "B".into(), convention: Convention::Activity, values: vec![-2.0, -1.0] };
        let square = StateGrid::product(&[0.5, 0.7], 1.0, &[axis]);
        for dead in 0..4 {
            let usable: Vec<bool> = (0..4).map(|e| e != dead).collect();
            assert_eq!(components(&square, &usable, &one), [0; 4]);
        }
    }

    #[test]
    fn runs_with_other_grids_need_not_exchange_and_the_states_of_one_run_must() {
        use crate::analysis::statistics::cohorts::SampledRun;
        let chain = StateGrid::product(&[0.5, 0.7, 0.9, 1.1, 1.3], 1.0, &[]);
        let run = |states: &[u32]| SampledRun { walkers: 1, production: 1, states: states.to_vec() };
        let of =
            |usable: [bool; 4]| components(&chain, &usable, &Cohorts::of_runs(&[run(&[0, 1]), run(&[2, 3, 4])], 5, 1));
        assert_eq!(of([true, false, true, true]), [0; 5]);
        assert_eq!(of([true, false, true, false]), [0, 0, 0, 0, 1]);
    }
}
