//! Comparison of the tallies that two backends kept of the same moves.

use adlayer::testing::moves::MoveKind;
use adlayer::testing::moves::tally::{AttemptTally, Transitions};

/// Largest difference of the probability of one attempt: energies of the fast backends are f32.
const PROBABILITY_TOL: f64 = 2e-5;

/// Asserts that two backends tried and accepted the same from every N, with the same probabilities within f32.
pub(crate) fn assert_same_transitions(what: &str, ours: &Transitions, theirs: &Transitions) {
    let shape = |t: &Transitions| (t.walkers(), t.n_states(), t.n_reservoirs());
    assert_eq!(shape(ours), shape(theirs), "{what}");
    for walker in 0..ours.walkers() {
        for state in 0..ours.n_states() {
            for reservoir in 0..ours.n_reservoirs() {
                let pairs = ours.of(walker, state, reservoir).iter().zip(theirs.of(walker, state, reservoir));
                for (n, (a, b)) in pairs.enumerate() {
                    let place = format!("{what}: walker {walker} state {state} species {reservoir} N {n}");
                    for kind in MoveKind::TALLIED {
                        assert_same_attempts(&format!("{place} {}", kind.name()), a.of(kind), b.of(kind));
                    }
                }
            }
        }
    }
}

fn assert_same_attempts(place: &str, a: AttemptTally, b: AttemptTally) {
    assert_eq!((a.attempts, a.accepted), (b.attempts, b.accepted), "{place}");
    let difference = (a.probability.value() - b.probability.value()).abs();
    assert!(
        difference <= PROBABILITY_TOL * a.attempts as f64,
        "{place}: {} and {}",
        a.probability.value(),
        b.probability.value()
    );
}

#[test]
#[should_panic(expected = "N 0 insert")]
fn a_probability_that_differs_is_noticed() {
    let one = AttemptTally { attempts: 10, accepted: 1, probability: 1.001.into() };
    assert_same_attempts("N 0 insert", one, AttemptTally { probability: 1.0.into(), ..one });
}
