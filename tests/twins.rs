//! `twin_<stem>`: one step of a backend does what the reference does.

#[allow(dead_code, reason = "every test file uses its own part of what is shared")]
mod common;
mod tallies;

use adlayer::testing::backend::{self, Backend, CycleWork, Span, particle_moves_on_host};
use adlayer::testing::base::ids::{ReplicaId, StateId};
use adlayer::testing::moves::MoveKind;
use adlayer::testing::moves::tally::{AttemptTally, MoveEvent};
use adlayer::testing::system::configuration::{Batch, Measurement};
use common::on_every_backend;
use common::run::{Run, load, prepare};
use common::scene::{SLAB, Spec};
use std::collections::BTreeMap;
use tallies::assert_same_transitions;

/// A slab under a gas: two temperatures, three μ', two walkers.
fn scene(epsilon: &'static str) -> String {
    let spec = Spec {
        pair: epsilon,
        cell: "Slab(height: 5.0)".into(),
        substrate: SLAB.into(),
        max_atoms: 40,
        temperature: "List([0.7, 0.9])".into(),
        values: "List([-6.0, -3.0, 0.0])".into(),
        walkers: 2,
        dynamics: "Baoab(dt: 0.004, friction: 1.0, steps: 10)".into(),
        ..Spec::default()
    };
    spec.text()
}

/// The fused particle moves of a backend make the decisions that the host makes over the narrow entry.
#[test]
fn twin_particle_moves() {
    on_every_backend(|device| {
        for pair in ["epsilon: 0.0, sigma: 1.0", "epsilon: 1.0, sigma: 1.0"] {
            let text = scene(pair);
            let mut warm = Run::start("reference", &text);
            warm.equilibrate(5);
            let start = warm.batch();
            let (mut fused, mut on_host) =
                (Run::from_batch(device, load(&text), &start), Run::from_batch(device, load(&text), &start));
            let result = fused.sampler.backend_mut().particle_moves(7, 300, true).expect("fused moves");
            let driven = on_host.sampler.backend_mut().trial_energies_mut().expect("the narrow entry");
            let (tried, events) = particle_moves_on_host(driven, 7, 300).expect("moves on the host");
            assert!(fused.batch() == on_host.batch(), "{device} {pair}: different decisions");
            let booked = fused.sampler.transitions().expect("tallies");
            assert_same_transitions(&format!("{device} {pair}"), &booked, &tried);
            let booked = booked.moves();
            let (accepted, attempts) = booked.iter().fold((0, 0), |(a, n), t| (a + t.accepted(), n + t.attempts()));
            assert_eq!(attempts, 12 * 300);
            assert!(accepted > 50, "{device} {pair}: only {accepted} accepted");
            let mut logged = 0;
            let mut compare = |r: usize, log: &[MoveEvent]| {
                assert_eq!(log, events[r], "{device} {pair}: log of replica {r}");
                logged += log.len() as u64;
            };
            result.events.for_each_replica(&mut compare).expect("events");
            assert_eq!(logged, accepted, "{device} {pair}");
            // a cycle without moves has none
            let result = fused.sampler.backend_mut().cycle(&CycleWork::default()).expect("energies");
            let mut visited = 0;
            let mut none = |_: usize, log: &[MoveEvent]| {
                assert!(log.is_empty());
                visited += 1;
            };
            result.events.for_each_replica(&mut none).expect("events");
            assert_eq!(visited, 12);
            let energies = |run: &mut Run| run.sampler.backend_mut().measure().expect("energies");
            assert_eq!(energies(&mut fused), energies(&mut on_host), "{device} {pair}");
        }
    });
}

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
fn slice(device: &str, text: &str, start: &Batch, first: usize, n: usize, tallies: &mut Tallies) -> Traces {
    let (system, grid, rng) = prepare(&load(text));
    let open = || backend::open(device, system.clone(), rng).expect("the device");
    let states_in = |cycle: usize| -> Vec<StateId> {
        (first..first + n).map(|r| StateId(((r + cycle) % grid.len()) as u32)).collect()
    };
    let batch = Batch { configurations: start.configurations[first..first + n].to_vec() };
    let mut backend: Box<dyn Backend> = open();
    let mut traces = Traces { measurements: vec![Vec::new(); n], events: vec![Vec::new(); n], ..Traces::default() };
    backend.load_slice(ReplicaId(first as u32), &batch, &grid.states, &states_in(0)).expect("it fits");
    for cycle in 0..3 {
        backend.set_states(&states_in(cycle)).expect("states");
        if cycle == 2 {
            let saved = backend.save().expect("saved");
            backend = open();
            backend.restore(ReplicaId(first as u32), &saved, &grid.states, &states_in(2)).expect("restored");
        }
        let work = CycleWork {
            dynamics: Some(Span { first: 10 * cycle as u64, count: 10 }),
            particle_moves: Some(Span { first: 80 * cycle as u64, count: 80 }),
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

/// Replicas are addressed by their global index, wherever they are.
#[test]
fn two_slices_are_bit_identical_to_one_backend() {
    on_every_backend(|device| {
        let text = scene("epsilon: 1.0, sigma: 1.0");
        let mut warm = Run::start("reference", &text);
        warm.equilibrate(5);
        let start = warm.batch();
        let n = start.configurations.len();
        let mut of_whole = Tallies::new();
        let whole = slice(device, &text, &start, 0, n, &mut of_whole);
        assert!(whole.events.iter().map(Vec::len).sum::<usize>() > 50, "{device}: too few moves to compare");
        // within a walker, and between two
        for k in [4, 6] {
            let mut of_slices = Tallies::new();
            let [head, tail] =
                [(0, k), (k, n - k)].map(|(first, n)| slice(device, &text, &start, first, n, &mut of_slices));
            assert_eq!(whole.measurements, [head.measurements, tail.measurements].concat(), "{device} {k}");
            assert_eq!(whole.events, [head.events, tail.events].concat(), "{device} {k}");
            let together = |a: Batch, b: Batch| [a.configurations, b.configurations].concat();
            assert!(whole.kept.configurations == together(head.kept, tail.kept), "{device} {k}: kept");
            assert!(whole.stored.configurations == together(head.stored, tail.stored), "{device} {k}: stored");
            assert_eq!(of_whole.len(), of_slices.len(), "{device} {k}");
            for (key, a) in &of_whole {
                let b = of_slices[key];
                assert_eq!((a.attempts, a.accepted), (b.attempts, b.accepted), "{device} {k}: {key:?}");
                // a sum over the replicas that held a state is made in another order
                assert!((a.probability - b.probability).abs() < 1e-9, "{device} {k}: {key:?}");
            }
        }
    });
}
