//! Slices: replicas are addressed by their global index, whichever backend holds them.

use crate::backends::on_every_backend;
use crate::case::Case;
use crate::particle_moves::{scene, two_gases};
use adlayer::testing::backend::{CycleWork, Span};
use adlayer::testing::base::ids::{ReplicaId, StateId};
use adlayer::testing::moves::MoveKind;
use adlayer::testing::moves::tally::{AttemptTally, MoveEvent};
use adlayer::testing::system::configuration::{Batch, Measurement};
use std::collections::BTreeMap;

/// Everything that replicas leave behind, in their order.
#[derive(Debug, Default, PartialEq)]
struct Traces {
    /// `[n_replicas][cycles]`
    measurements: Vec<Vec<Measurement>>,
    /// `[n_replicas]`, of all cycles
    events: Vec<Vec<MoveEvent>>,
    kept: Batch,
    stored: Batch,
}

/// Tallies by (walker of the run, state, reservoir, N, kind).
type Tallies = BTreeMap<(usize, u32, u16, u16, &'static str), AttemptTally>;

/// Three cycles of the replicas from `first` on, with other states after the first and all of them handed to a new
/// backend after the second.
fn slice(device: &str, case: &Case, first: usize, n: usize, tallies: &mut Tallies) -> Traces {
    let grid = &case.grid;
    let states_in = |cycle: usize| -> Vec<StateId> {
        (first..first + n).map(|r| StateId(((r + cycle) % grid.len()) as u32)).collect()
    };
    let batch = Batch { configurations: case.batch.configurations[first..first + n].to_vec() };
    let mut backend = case.open_empty(device);
    let mut traces = Traces { measurements: vec![Vec::new(); n], events: vec![Vec::new(); n], ..Traces::default() };
    backend.load_slice(ReplicaId(first as u32), &batch, &grid.states, &states_in(0)).expect("it fits");
    for cycle in 0..3 {
        backend.set_states(&states_in(cycle)).expect("states");
        if cycle == 2 {
            let saved = backend.save().expect("saved");
            backend = case.open_empty(device);
            backend.restore(ReplicaId(first as u32), &saved, &grid.states, &states_in(2)).expect("restored");
        }
        let work = CycleWork {
            dynamics: Some(Span { first: 10 * cycle as u64, count: 10 }),
            particle_moves: Some(Span { first: 80 * cycle as u64, count: 80 }),
            identity: Some(Span { first: 40 * cycle as u64, count: 40 }),
            tally: true,
            keep: true,
        };
        let result = backend.cycle(&work).expect("a cycle");
        traces.measurements.iter_mut().zip(result.measurements).for_each(|(all, m)| all.push(m));
        let mut log = |r: usize, events: &[MoveEvent]| traces.events[r].extend(events);
        result.events.for_each_replica(&mut log).expect("events");
        result.kept.expect("it was to keep them").hand_over(&mut traces.kept).expect("kept");
    }
    backend.store(&mut traces.stored).expect("stored");
    for row in backend.transitions().expect("tallies").rows() {
        for kind in MoveKind::TALLIED {
            let walker = first / grid.len() + usize::from(row.walker);
            tallies.entry((walker, row.state, row.reservoir, row.n, kind.name())).or_default().add(&row.tally.of(kind));
        }
    }
    traces
}

#[test]
fn two_slices_are_bit_identical_to_one_backend() {
    on_every_backend(|device| bit_identical(device, &scene("epsilon: 1.0, sigma: 1.0")));
}

#[test]
fn two_slices_of_two_gases_are_bit_identical_to_one_backend() {
    on_every_backend(|device| bit_identical(device, &two_gases("")));
}

fn bit_identical(device: &str, text: &str) {
    let case = Case::new(text, 8);
    let n = case.ids.len();
    let mut of_whole = Tallies::new();
    let whole = slice(device, &case, 0, n, &mut of_whole);
    assert!(whole.events.iter().map(Vec::len).sum::<usize>() > 50, "{device}: too few moves to compare");
    // within a walker, and between two
    for k in [4, 6] {
        let mut of_slices = Tallies::new();
        let [head, tail] = [(0, k), (k, n - k)].map(|(first, n)| slice(device, &case, first, n, &mut of_slices));
        assert_eq!(whole.measurements, [head.measurements, tail.measurements].concat(), "{device} {k}");
        assert_eq!(whole.events, [head.events, tail.events].concat(), "{device} {k}");
        let together = |a: Batch, b: Batch| [a.configurations, b.configurations].concat();
        assert!(whole.kept.configurations == together(head.kept, tail.kept), "{device} {k}: kept");
        assert!(whole.stored.configurations == together(head.stored, tail.stored), "{device} {k}: stored");
        assert_eq!(of_whole.len(), of_slices.len(), "{device} {k}");
        for (key, a) in &of_whole {
            let b = of_slices[key];
            assert_eq!(*a, b, "{device} {k}: {key:?}");
        }
    }
}
