//! Slices: replicas are addressed by their global index, whichever backend holds them.

use crate::backends::on_every_backend;
use crate::case::Case;
use crate::gpu;
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
    on_every_backend(|device| bit_identical(&|_| device.to_owned(), [device; 2], &scene("epsilon: 1.0, sigma: 1.0")));
}

#[test]
fn two_slices_of_two_gases_are_bit_identical_to_one_backend() {
    on_every_backend(|device| bit_identical(&|_| device.to_owned(), [device; 2], &two_gases("")));
}

#[test]
fn replicas_of_several_devices_have_the_bits_of_their_own() {
    let mut pairs = vec![["cpu", "reference"], ["reference", "cpu"]];
    if gpu::device().is_some() {
        pairs.extend([["cpu", "gpu"], ["gpu", "reference"]]);
    }
    for [one, other] in pairs {
        bit_identical(&|k| format!("{one}*{k},{other}*{}", 8 - k), [one, other], &two_gases(""));
    }
}

/// Compares a backend of all replicas with one of the first k and one of the others, k within a walker and between two.
///
/// - `whole`: the device of all, by k
/// - `parts`: the devices of the parts
fn bit_identical(whole: &dyn Fn(usize) -> String, parts: [&str; 2], text: &str) {
    let case = Case::new(text, 8);
    let n = case.ids.len();
    for k in [4, 6] {
        let device = &whole(k);
        let mut of_whole = Tallies::new();
        let whole = slice(device, &case, 0, n, &mut of_whole);
        assert!(whole.events.iter().map(Vec::len).sum::<usize>() > 50, "{device}: too few moves to compare");
        let mut of_slices = Tallies::new();
        let head = slice(parts[0], &case, 0, k, &mut of_slices);
        let tail = slice(parts[1], &case, k, n - k, &mut of_slices);
        assert_eq!(whole.measurements, [head.measurements, tail.measurements].concat(), "{device} {k}");
        assert_eq!(whole.events, [head.events, tail.events].concat(), "{device} {k}");
        let together = |a: Batch, b: Batch| [a.configurations, b.configurations].concat();
        assert!(whole.kept.configurations == together(head.kept, tail.kept), "{device} {k}: kept");
        assert!(whole.stored.configurations == together(head.stored, tail.stored), "{device} {k}: stored");
        assert_eq!(of_whole.len(), of_slices.len(), "{device} {k}");
        for (key, a) in &of_whole {
            assert_eq!(a, &of_slices[key], "{device} {k}: {key:?}");
        }
    }
}
