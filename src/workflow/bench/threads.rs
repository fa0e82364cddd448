//! threads: speed on several threads over that on one, beside what the machine itself gives.

use super::{BenchOptions, measure};
use crate::base::error::{Error, Result};
use crate::base::rng::{Rng, Stream};
use crate::moves::exchange::Period;
use crate::workflow::bench::cpu_steal::CpuSteal;
use crate::workflow::bench::fixture::Fixture;
use serde::Serialize;
use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

/// Speed on several threads over that on one.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ThreadRow {
    /// Threads.
    pub threads: usize,
    /// Of threads that share nothing and touch no memory: what the machine gives.
    pub machine: Ratio,
    /// Of dynamics alone.
    pub md: Ratio,
    /// Of the full cycle.
    pub cycle: Ratio,
}

/// A ratio of speeds, measured in rounds that take one thread and several in turn.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Ratio {
    /// Median over the rounds.
    pub median: f64,
    /// Quartiles of the rounds.
    pub quartiles: (f64, f64),
    /// Rounds.
    pub rounds: usize,
    /// Further rounds, left out because others took more than 2 % of the processors meanwhile; zero where so many
    /// were that none is left out.
    pub left_out: usize,
}

/// Rounds for every measurement asked for: many short ones, because the machine's own pace drifts.
const ROUNDS: u32 = 8;

/// Most rounds tried for each one wanted.
const TRIES: usize = 4;

/// Share of the processors beyond which a round is disturbed by others.
const DISTURBED: f64 = 0.02;

/// Cycles of one turn.
const CYCLES_IN_TURN: u32 = 9;

/// Speed of the scene on 2, 4, … threads over that on one, taken in turn.
pub(crate) fn scaling_over_threads(fixture: &mut Fixture, options: &BenchOptions) -> Result<Vec<ThreadRow>> {
    let all = rayon::current_num_threads();
    let mut counts: Vec<usize> = std::iter::successors(Some(2), |n| Some(2 * n)).take_while(|&n| n < all).collect();
    counts.extend(Some(all).filter(|&n| n > 1));
    let pool = |threads: usize| {
        let built = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        built.map_err(|source| Error::Threads { threads, source })
    };
    let one = pool(1)?;
    let slice = BenchOptions { repeats: 1, duration: options.duration / ROUNDS, ..options.clone() };
    let wanted = (options.repeats.max(1) * ROUNDS) as usize;
    let mut rows = Vec::new();
    for threads in counts {
        let many = pool(threads)?;
        let machine = in_turn(wanted, threads, |n| Ok(independent(n, slice.duration)))?;
        let of = |work: &mut (dyn FnMut() -> Result<f64> + Send)| {
            in_turn(wanted, threads, |n| {
                let pool = if n == 1 { &one } else { &many };
                Ok(pool.install(|| measure(&slice, &mut *work))?.per_s)
            })
        };
        let md = of(&mut || fixture.propagate().map(|()| 1.0))?;
        let cycle = of(&mut || {
            // What was begun ahead on one pool is finished by it before the other takes over.
            for _ in 0..CYCLES_IN_TURN {
                fixture.sampler.advance_ahead(Period::Production.into(), Some(Period::Production.into()))?;
            }
            fixture.sampler.advance(Period::Production)?;
            Ok(f64::from(CYCLES_IN_TURN + 1))
        })?;
        rows.push(ThreadRow { threads, machine, md, cycle });
    }
    Ok(rows)
}

/// Speed on `threads` over that on one, in `wanted` rounds that others did not disturb, if the machine lets us.
///
/// - `speed`: measures the work on so many threads
fn in_turn(wanted: usize, threads: usize, mut speed: impl FnMut(usize) -> Result<f64>) -> Result<Ratio> {
    let (mut quiet, mut disturbed) = (Vec::new(), Vec::new());
    while quiet.len() < wanted && quiet.len() + disturbed.len() < TRIES * wanted {
        let taken = CpuSteal::read();
        let slow = speed(1)?;
        let ratio = speed(threads)? / slow;
        match taken.share_since(threads) <= DISTURBED {
            true => quiet.push(ratio),
            false => disturbed.push(ratio),
        }
    }
    Ok(ratio(quiet, disturbed, wanted))
}

/// Median and quartiles of the quiet rounds; of all where fewer than half of those wanted were quiet.
fn ratio(mut quiet: Vec<f64>, mut disturbed: Vec<f64>, wanted: usize) -> Ratio {
    if 2 * quiet.len() < wanted {
        quiet.append(&mut disturbed);
    }
    quiet.sort_by(f64::total_cmp);
    let at = |quarters: usize| quiet[(quiet.len() - 1) * quarters / 4];
    Ratio { median: at(2), quartiles: (at(1), at(3)), rounds: quiet.len(), left_out: disturbed.len() }
}

/// Random blocks per second of `threads` that have nothing in common.
fn independent(threads: usize, duration: Duration) -> f64 {
    const AT_ONCE: u64 = 10_000;
    let loop_of = |thread: usize| {
        let (rng, start, mut done) = (Rng::new(thread as u64), Instant::now(), 0_u64);
        while start.elapsed() < duration {
            (done..done + AT_ONCE).for_each(|step| {
                black_box(rng.block(Stream::Thermostat, step, 0, 0));
            });
            done += AT_ONCE;
        }
        done as f64 / start.elapsed().as_secs_f64()
    };
    thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|thread| scope.spawn(move || loop_of(thread))).collect();
        running.into_iter().map(|thread| thread.join().expect("a loop of the benchmark cannot fail")).sum()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disturbed_rounds_are_left_out_only_where_enough_others_remain() {
        let kept = ratio(vec![1.9, 1.8, 2.0], vec![0.5, 0.6], 4);
        assert_eq!((kept.median, kept.rounds, kept.left_out), (1.9, 3, 2));
        let all = ratio(vec![2.0], vec![0.5, 0.6, 1.0], 4);
        assert_eq!((all.median, all.quartiles, all.rounds, all.left_out), (0.6, (0.5, 1.0), 4, 0));
    }
}
