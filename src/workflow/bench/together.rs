//! Several ranks: how much faster they are together, how long they wait, what exchange over them costs.

use super::BenchOptions;
use crate::analysis::statistics::median;
use crate::base::error::Result;
use crate::base::rng::Rng;
use crate::input::scene::CheckedScene;
use crate::moves::exchange::{Assignment, Exchange, Exchanger, Period};
use crate::ranks::{Part, Ranks, Share, Talk};
use crate::sampler::{Sampler, Setup, measurements_of_walkers};
use crate::system::configuration::Measurement;
use crate::thermo::Convention;
use crate::thermo::states::{ReservoirAxis, StateGrid};
use serde::Serialize;
use std::time::{Duration, Instant};

/// States of the walkers whose exchange is measured: temperatures and chemical potentials.
const GRIDS: [(usize, usize); 2] = [(10, 16), (80, 128)];
/// Exchanges of one measurement.
const EXCHANGES: u64 = 200;
/// Cycles before the first measurement.
const WARM_UP: u32 = 20;

/// What several ranks come to.
#[derive(Debug, Clone, Serialize)]
pub struct TogetherReport {
    /// Scene measured.
    pub scene: String,
    /// Ranks.
    pub ranks: usize,
    /// Threads of the first.
    pub threads: usize,
    /// Device of the first.
    pub device: String,
    /// The scene as it is, on all ranks beside the first one alone.
    pub strong: Shared,
    /// As many times its walkers as there are ranks, beside as many runs of the scene at the same time that know nothing of
    /// one another.
    pub weak: Shared,
    /// Exchange of one walker that is split over all ranks.
    pub exchange: Vec<ExchangeCost>,
}

/// Ranks that share a scene beside those that do not.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Shared {
    /// Replicas that are shared.
    pub replicas: usize,
    /// Milliseconds of a cycle that all ranks share, median of the rounds.
    pub cycle_ms: f64,
    /// Milliseconds of a cycle without sharing.
    pub apart_ms: f64,
    /// Median over the rounds of (time apart)/(time together): the speed-up, or in `weak` the efficiency.
    pub ratio: f64,
    /// Share of their time that ranks wait for others, on average.
    pub waiting: f64,
    /// Messages of a rank and cycle.
    pub messages: f64,
}

/// What exchange over ranks costs in a cycle.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ExchangeCost {
    /// Replicas of the walker.
    pub replicas: usize,
    /// Microseconds until every rank has E and N of all replicas, median.
    pub gather_us: f64,
    /// Microseconds to decide one round, which every rank does, median.
    pub round_us: f64,
}

/// Measures the ranks of this command; nothing on others than the first. All ranks must call this.
///
/// # Errors
/// Whatever goes wrong in a sampler.
pub fn bench_together(ranks: &Ranks, loaded: &CheckedScene, options: &BenchOptions) -> Result<Option<TogetherReport>> {
    let mut more = loaded.clone();
    more.scene.grid.walkers *= ranks.size() as u32;
    let strong = shared(ranks, loaded, loaded, false, options)?;
    let weak = shared(ranks, &more, loaded, true, options)?;
    let exchange = GRIDS.map(|grid| exchange(ranks, grid));
    let exchange = exchange.into_iter().collect::<Result<Vec<_>>>()?;
    let setup = Setup::from_scene(loaded)?;
    Ok(ranks.is_first().then(|| TogetherReport {
        scene: loaded.scene.title.clone(),
        ranks: ranks.size(),
        threads: rayon::current_num_threads(),
        device: setup.open(&options.device).map_or_else(|_| String::new(), |b| b.info().description),
        strong,
        weak,
        exchange,
    }))
}

/// A sampler of the replicas of a scene that are on this rank.
fn sampler(ranks: &Ranks, loaded: &CheckedScene, device: &str) -> Result<Sampler> {
    let setup = Setup::from_scene(loaded)?;
    let share = setup.share(ranks)?;
    let batch = setup.start_of(share.replicas.clone())?;
    let mut sampler = setup.sampler_of(setup.open(device)?, Part::of(ranks, share)?, &batch)?;
    sampler.begin_together()?;
    sampler.equilibrate(WARM_UP)?;
    Ok(sampler)
}

/// Seconds of some cycles, begun by all ranks at once, until the last has made them.
fn timed(ranks: &Ranks, sampler: Option<&mut Sampler>, cycles: u32) -> Result<f64> {
    ranks.meet(Talk::Start)?;
    let start = Instant::now();
    if let Some(sampler) = sampler {
        for cycle in 1..=cycles {
            let period = Period::Production;
            sampler.advance_ahead(period.into(), (cycle < cycles).then(|| period.into()))?;
        }
    }
    // asleep, so that who waits takes nothing from who does not
    let mut seconds = start.elapsed().as_secs_f64();
    let all = ranks.gather(Talk::Start, seconds.to_bits().to_le_bytes().to_vec())?;
    for bytes in all.iter().flatten() {
        let of_rank = bytes.first_chunk().map_or(0.0, |b| f64::from_bits(u64::from_le_bytes(*b)));
        seconds = seconds.max(of_rank);
    }
    let told = ranks.broadcast(Talk::Start, seconds.to_bits().to_le_bytes().to_vec())?;
    Ok(told.first_chunk().map_or(seconds, |b| f64::from_bits(u64::from_le_bytes(*b))))
}

/// Times a scene that all ranks share in turn with one that each, or only the first, has for itself.
fn shared(
    ranks: &Ranks,
    together: &CheckedScene,
    apart: &CheckedScene,
    everybody: bool,
    options: &BenchOptions,
) -> Result<Shared> {
    let mut all = sampler(ranks, together, &options.device)?;
    let mut own = match everybody || ranks.is_first() {
        true => Some(sampler(&Ranks::alone(), apart, &options.device)?),
        false => None,
    };
    // as many cycles as one measurement takes, as the first rank finds
    let once = timed(ranks, Some(&mut all), 10)? / 10.0;
    let fit = ranks.all_gather_words(Talk::Start, &[(options.duration.as_secs_f64() / once) as u64])?[0][0];
    let cycles = fit.clamp(10, 1_000_000) as u32;
    let (mut both, mut ratios) = (Vec::new(), Vec::new());
    let (mut waited, mut elapsed, mut messages) = (Duration::ZERO, 0.0, 0);
    let count = |ranks: &Ranks| {
        let m = ranks.messages();
        m.agreement + m.walker + m.equilibration
    };
    for _ in 0..options.repeats {
        let alone = timed(ranks, own.as_mut(), cycles)?;
        let before = (ranks.waited(), count(ranks));
        let shared = timed(ranks, Some(&mut all), cycles)?;
        waited += ranks.waited() - before.0;
        messages += count(ranks) - before.1;
        elapsed += shared;
        both.push((1e3 * shared / f64::from(cycles), 1e3 * alone / f64::from(cycles)));
        ratios.push(alone / shared);
    }
    let share = (waited.as_secs_f64() / elapsed).to_bits();
    let of_ranks = ranks.all_gather_words(Talk::Start, &[share])?;
    let waiting = of_ranks.iter().map(|w| f64::from_bits(w[0])).sum::<f64>() / ranks.size() as f64;
    Ok(Shared {
        replicas: together.n_replicas(),
        cycle_ms: median(both.iter().map(|b| b.0).collect()),
        apart_ms: median(both.iter().map(|b| b.1).collect()),
        ratio: median(ratios),
        waiting,
        messages: messages as f64 / (f64::from(options.repeats) * f64::from(cycles)),
    })
}

/// Times the exchange of one walker that is split over all ranks: what they tell one another, and what each decides.
fn exchange(ranks: &Ranks, (n_t, n_mu): (usize, usize)) -> Result<ExchangeCost> {
    let steps = |n: usize, from: f64, step: f64| (0..n).map(|k| from + step * k as f64).collect::<Vec<f64>>();
    let axis = ReservoirAxis {
        species: "B".to_owned(),
        convention: Convention::Activity,
        values: steps(n_mu, -6.0, 3.0 / n_mu as f64),
    };
    let grid = StateGrid::product(&steps(n_t, 0.5, 0.5 / n_t as f64), 1.0, &[axis]);
    let share = Share::of(ranks.rank(), ranks.size(), 1, grid.len())?;
    let part = Part::of(ranks, share)?;
    let rng = Rng::new(1);
    let schedule = Exchange::EvenOdd { every: 1, rounds: 1, diagonals: false };
    let mut exchanger = Exchanger::new(&grid, schedule);
    let mut assignment = Assignment::identity(grid.len(), 1);
    let own: Vec<Measurement> = part
        .share
        .replicas
        .clone()
        .map(|r| Measurement { energy: -0.01 * r as f64, counts: [(r % 40) as u16].into_iter().collect() })
        .collect();
    let (mut around, mut gathers, mut rounds) = (own.clone(), Vec::new(), Vec::new());
    for visit in 0..EXCHANGES {
        // as in a cycle, in which the numbers are drawn while the device is at work
        exchanger.draw(&rng, visit, 1);
        ranks.meet(Talk::Start)?;
        let start = Instant::now();
        if part.share.is_split() {
            measurements_of_walkers(&part, 1, &own, &[], &mut around)?;
        }
        let gathered = Instant::now();
        exchanger.exchange(&grid, &rng, visit, Period::Production, &around, &mut assignment);
        gathers.push(1e6 * (gathered - start).as_secs_f64());
        rounds.push(1e6 * gathered.elapsed().as_secs_f64());
    }
    Ok(ExchangeCost { replicas: grid.len(), gather_us: median(gathers), round_us: median(rounds) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::scene;
    use crate::ranks::threads;

    #[test]
    fn ranks_that_share_are_measured_beside_those_that_do_not() {
        let loaded = scene::load("scenes/ideal_gas.ron").expect("the scene");
        let options =
            BenchOptions { device: "cpu".into(), repeats: 2, duration: Duration::from_millis(20), scaling: false };
        let reports: Vec<Option<TogetherReport>> = std::thread::scope(|scope| {
            let rank = |ranks: Ranks| {
                let (loaded, options) = (&loaded, &options);
                scope.spawn(move || bench_together(&ranks, loaded, options).expect("measured"))
            };
            let started: Vec<_> = threads(2).into_iter().map(rank).collect();
            started.into_iter().map(|t| t.join().expect("a rank")).collect()
        });
        assert!(reports[1].is_none());
        let report = reports[0].as_ref().expect("of the first");
        assert_eq!(report.exchange.iter().map(|e| e.replicas).collect::<Vec<_>>(), [160, 10_240]);
        for shared in [report.strong, report.weak] {
            assert!(shared.cycle_ms > 0.0 && shared.ratio > 0.05 && shared.ratio < 20.0, "{shared:?}");
            assert!((0.0..=1.0).contains(&shared.waiting), "{shared:?}");
        }
        // a scene of one walker is split, one of two is not
        assert_eq!((report.strong.messages, report.weak.messages), (1.0, 0.0), "{report:?}");
    }
}
