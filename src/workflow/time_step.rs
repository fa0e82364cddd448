//! Another time step, from the acceptance of segments of dynamics.

use crate::run::tables::SegmentRow;
use crate::system::Dynamics;
use std::ops::Range;

/// Acceptance of segments between which a time step is left alone.
const SOUND_ACCEPTANCE: Range<f64> = 0.6..0.98;
/// Acceptance that another time step is to have.
const WANTED_ACCEPTANCE: f64 = 0.8;
/// Fewest segments of a state from which its acceptance is judged.
const SEGMENTS_TO_JUDGE: u64 = 100;

/// Another time step where segments are rejected too often, or hardly ever, in the state that rejects most.
///
/// Rejections grow with dt²: ⟨ΔH⟩ grows with dt⁴, and for small ones 1 − acceptance = √(⟨βΔH⟩/π).
///
/// - `made`: segments of every state
///
/// # Source
/// Gupta, Irbäck, Karsch & Petersson, Phys. Lett. B 242, 437 (1990).
pub(super) fn time_step_advice(dynamics: &Dynamics, row: &SegmentRow, made: u64) -> Option<String> {
    let segment = dynamics.segment()?;
    if made < SEGMENTS_TO_JUDGE || SOUND_ACCEPTANCE.contains(&row.lowest) {
        return None;
    }
    let factor = ((1.0 - WANTED_ACCEPTANCE) / (1.0 - row.lowest).max(1e-9)).sqrt().clamp(0.3, 2.0);
    let two_digits = |x: f64| format!("{x:.1e}").parse().unwrap_or(x);
    let (dt, share) = (two_digits(factor * segment.dt), 100.0 * row.lowest);
    Some(match factor < 1.0 {
        true => format!(
            "segments of dynamics are rejected too often: {share:.0} % are accepted in the state where fewest are; averages are \
             right, but slow to come by: lower `dt` from {} to {dt}",
            segment.dt
        ),
        false => format!(
            "segments of dynamics are hardly ever rejected ({share:.1} % are accepted in the state where fewest are): `dt` {} could \
             be {dt}, which moves atoms further for the same work",
            segment.dt
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advice(lowest: f64, made: u64) -> Option<String> {
        let dynamics = Dynamics::Hmc { dt: 0.02, steps: 10 };
        time_step_advice(&dynamics, &SegmentRow { lowest, mean: 0.99, highest: 1.0 }, made)
    }

    #[test]
    fn a_time_step_is_named_where_too_many_or_too_few_segments_are_rejected() {
        assert_eq!(advice(0.8, 1000), None);
        assert_eq!(advice(0.2, 99), None);
        let lower = advice(0.2, 1000).expect("too many are rejected");
        assert!(lower.contains("20 % are accepted") && lower.ends_with("from 0.02 to 0.01"), "{lower}");
        let raise = advice(0.99, 1000).expect("hardly any is rejected");
        assert!(raise.contains("99.0 %") && raise.contains("could be 0.04"), "{raise}");
        assert!(advice(0.0, 1000).is_some_and(|a| a.ends_with("to 0.0089")));
        let other = Dynamics::Verlet { dt: 0.02, steps: 10, redraw: true };
        assert_eq!(time_step_advice(&other, &SegmentRow { lowest: 0.1, mean: 0.1, highest: 0.1 }, 1000), None);
    }
}
