//! Flow of replicas along one axis of the grid, and how long a round trip takes.

use crate::analysis::statistics::cohorts::{Cohort, Cohorts};
use crate::analysis::statistics::inefficiency::places;
use crate::sample::Samples;
use crate::thermo::states::{Axis, StateGrid};

/// Travel of replicas along one axis, between the ends that it has in their run.
#[derive(Debug, Clone, PartialEq)]
pub struct Flow {
    /// The runs they belong to, where runs with other grids are analysed together.
    pub runs: Option<String>,
    /// The axis.
    pub axis: Axis,
    /// Its values from one end to the other: temperature, or μ at the lowest temperature \[energy\].
    pub values: Vec<f64>,
    /// `[n_values]`, of the replicas that have seen an end of the axis the fraction whose last one was the upper: 1 at the
    /// upper end, 0 at the lower, and a straight line between where diffusion meets no bottleneck. NaN where none has
    /// been.
    pub fraction: Vec<f64>,
    /// `[n_values]`, standard errors of the fractions, from their spread over replicas; NaN where fewer than two have been.
    pub error: Vec<f64>,
    /// Trips from the lower end to the upper and back.
    pub round_trips: u64,
    /// Replica-cycles per round trip; infinite without one.
    pub cycles_per_trip: f64,
    /// Replicas that have seen both ends.
    pub travelled: usize,
    /// Replicas in all.
    pub replicas: usize,
}

/// Places of a replica in the course of time: (cycle, place).
type Path = Vec<(u32, usize)>;

/// Visits to a place: of replicas that have been at an end, and of those whose last end was the upper one.
#[derive(Debug, Clone, Copy, Default)]
struct Visits {
    labelled: u64,
    from_above: u64,
}

impl Visits {
    fn add(&mut self, other: Visits) {
        self.labelled += other.labelled;
        self.from_above += other.from_above;
    }

    fn fraction(self) -> f64 {
        self.from_above as f64 / self.labelled as f64
    }
}

/// Standard error of the fraction at a place, from the visits of every replica: that of a ratio of means,
/// n/(n−1) Σ_r (a_r − f l_r)² / (Σ_r l_r)², with l_r labelled visits of a replica, a_r of them from above.
fn ratio_error(all: Visits, of_replicas: impl Iterator<Item = Visits>) -> f64 {
    let f = all.fraction();
    let (mut n, mut squares) = (0.0, 0.0);
    for visits in of_replicas.filter(|v| v.labelled > 0) {
        n += 1.0;
        squares += (visits.from_above as f64 - f * visits.labelled as f64).powi(2);
    }
    if n < 2.0 { f64::NAN } else { (n / (n - 1.0) * squares).sqrt() / all.labelled as f64 }
}

/// Flow from paths over the places 0..n.
///
/// - `paths`: (cycle, place) in order of time
///
/// # Source
/// Katzgraber, Trebst, Huse & Troyer, J. Stat. Mech. P03018 (2006).
fn flow(axis: Axis, values: Vec<f64>, paths: &[Path]) -> Flow {
    let n = values.len();
    let mut of_paths = vec![vec![Visits::default(); n]; paths.len()];
    let (mut turns, mut cycles, mut travelled) = (0_u64, 0.0, 0);
    for (path, visits) in paths.iter().zip(&mut of_paths) {
        let mut last_end = None;
        let mut own_turns = 0;
        for &(_, place) in path {
            let end = if place == 0 {
                Some(false)
            } else if place + 1 == n {
                Some(true)
            } else {
                last_end
            };
            own_turns += u64::from(last_end.is_some() && end != last_end);
            last_end = end;
            if let Some(top) = end {
                visits[place].add(Visits { labelled: 1, from_above: u64::from(top) });
            }
        }
        // Two passages make a round trip.
        turns += own_turns / 2;
        travelled += usize::from(own_turns > 0);
        if let (Some(first), Some(last)) = (path.first(), path.last()) {
            cycles += f64::from(last.0 - first.0) + 1.0;
        }
    }
    let mut all = vec![Visits::default(); n];
    of_paths.iter().for_each(|visits| all.iter_mut().zip(visits).for_each(|(sum, v)| sum.add(*v)));
    let error = |(place, &sum): (usize, &Visits)| ratio_error(sum, of_paths.iter().map(|visits| visits[place]));
    Flow {
        runs: None,
        axis,
        values,
        fraction: all.iter().map(|sum| sum.fraction()).collect(),
        error: all.iter().enumerate().map(error).collect(),
        round_trips: turns,
        cycles_per_trip: cycles / turns as f64,
        travelled,
        replicas: paths.len(),
    }
}

/// The lowest kT of the points of a grid \[energy\].
fn coldest(grid: &StateGrid) -> f64 {
    grid.points().iter().map(|s| s.kt).fold(f64::INFINITY, f64::min)
}

/// Place of every state along an axis, and the values of the places.
fn ranks(grid: &StateGrid, axis: Axis) -> (Vec<usize>, Vec<f64>) {
    match axis {
        Axis::Temperature => {
            let mut values: Vec<f64> = grid.points().iter().map(|s| s.temperature).collect();
            values.sort_by(f64::total_cmp);
            values.dedup();
            // A window at a temperature of its own stands at the next one of the grid.
            let rank = |t: f64| values.partition_point(|&v| v < t).min(values.len().saturating_sub(1));
            (grid.states.iter().map(|s| rank(s.temperature)).collect(), values)
        }
        Axis::Reservoir(r) => {
            // An axis of pressures has other activities at each temperature: the order is what counts.
            let at = |kt: f64| {
                let same = grid.points().iter().filter(|s| s.kt.to_bits() == kt.to_bits());
                let mut all: Vec<f64> = same.map(|s| s.ln_z[r]).collect();
                all.sort_by(f64::total_cmp);
                all.dedup_by(|a, b| (*a - *b).abs() < 1e-12);
                all
            };
            let coldest = coldest(grid);
            let values: Vec<f64> = at(coldest).iter().map(|&l| grid.reservoirs[r].convention.mu(l, coldest)).collect();
            let mut known: Vec<(u64, Vec<f64>)> = Vec::new();
            let ranks = grid.states.iter().map(|s| {
                let bits = s.kt.to_bits();
                if !known.iter().any(|(b, _)| *b == bits) {
                    known.push((bits, at(s.kt)));
                }
                let all = known.iter().find(|(b, _)| *b == bits).map(|(_, all)| all);
                all.map_or(0, |all| all.partition_point(|&l| l < s.ln_z[r] - 1e-12).min(values.len().saturating_sub(1)))
            });
            (ranks.collect(), values)
        }
    }
}

/// The flow along every axis with more than one value, from the stored samples: in each cohort by itself, because a replica
/// has no other states than those of its run.
///
/// Visits between two stored cycles are not seen: with a long stride a passage may be missed, never invented.
pub(crate) fn flows(grid: &StateGrid, samples: &Samples, cohorts: &Cohorts) -> Vec<Flow> {
    if cohorts.len() == 1 {
        return of_cohort(grid, samples);
    }
    let of = |(c, cohort): (usize, &Cohort)| {
        let mut place = vec![u32::MAX; grid.len()];
        cohort.states.iter().zip(0..).for_each(|(&k, own)| place[k as usize] = own);
        let mut samples = samples.numbers(|n| cohorts.of(samples.walker[n]) == c);
        samples.state.iter_mut().for_each(|state| *state = place[*state as usize]);
        let own = grid.only(&cohort.states);
        let flows = of_cohort(&own, &samples);
        let (from, to) = (coldest(&own), coldest(grid));
        let named = |flow: Flow| {
            // What stands for a value of an axis is μ at the lowest temperature of all.
            let value = |mu: f64| match flow.axis {
                Axis::Reservoir(r) if from > to => {
                    let convention = &grid.reservoirs[r].convention;
                    convention.mu(convention.ln_z(convention.value(convention.ln_z_of_mu(mu, from), from), to), to)
                }
                _ => mu,
            };
            let values = flow.values.iter().copied().map(value).collect();
            Flow { runs: cohorts.name(c), values, ..flow }
        };
        flows.into_iter().map(named).collect::<Vec<_>>()
    };
    cohorts.iter().enumerate().flat_map(of).collect()
}

/// The flows of replicas that have all states of a grid.
fn of_cohort(grid: &StateGrid, samples: &Samples) -> Vec<Flow> {
    let n_replicas = samples.replica.iter().max().map_or(0, |&r| r as usize + 1);
    let chains = places(samples, n_replicas, |n| samples.replica[n] as usize);
    std::iter::once(Axis::Temperature)
        .chain((0..grid.n_reservoirs()).map(Axis::Reservoir))
        .filter_map(|axis| {
            let (rank, values) = ranks(grid, axis);
            let step = |&n: &usize| (samples.cycle[n], rank[samples.state[n] as usize]);
            let paths: Vec<Path> = chains.iter().flatten().map(|chain| chain.iter().map(step).collect()).collect();
            (values.len() > 1).then(|| flow(axis, values, &paths))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};

    fn values(n: usize) -> Vec<f64> {
        (0..n).map(|i| i as f64).collect()
    }

    /// Walks over n places that wait at their ends half of the time.
    fn walks(seed: u64, n: usize, replicas: usize, cycles: u32) -> Vec<Path> {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let mut walk = |r: usize| {
            let mut place = r % n;
            let mut step = |cycle: u32| {
                let up: bool = rng.random();
                place = if up { (place + 1).min(n - 1) } else { place.saturating_sub(1) };
                (cycle, place)
            };
            (0..cycles).map(&mut step).collect()
        };
        (0..replicas).map(&mut walk).collect()
    }

    #[test]
    fn errors_of_the_flow_are_those_of_independent_walks() {
        let n = 9;
        let mut z_squared = vec![0.0; n];
        for seed in 0..200 {
            let found = flow(Axis::Temperature, values(n), &walks(seed, n, 32, 2000));
            assert_eq!((found.error[0], found.error[n - 1]), (0.0, 0.0), "the ends are known");
            for i in 1..n - 1 {
                z_squared[i] += ((found.fraction[i] - i as f64 / (n - 1) as f64) / found.error[i]).powi(2) / 200.0;
            }
        }
        // Student's t of 31 degrees of freedom has 31/29; 200 of them scatter by √(2/200).
        assert!(z_squared[1..n - 1].iter().all(|m| (m - 31.0 / 29.0).abs() < 0.4), "{z_squared:?}");
    }

    #[test]
    fn the_flow_of_a_random_walk_is_a_straight_line() {
        let n = 9;
        let found = flow(Axis::Temperature, values(n), &walks(3, n, 64, 20_000));
        for (i, f) in found.fraction.iter().enumerate() {
            assert!((f - i as f64 / (n - 1) as f64).abs() < 0.02, "{:?}", found.fraction);
        }
        // First passage of 0 → L of a walk that waits at its ends half of the time: L(L + 1) steps; a round trip two.
        let exact = 2.0 * (8.0 * 9.0);
        assert!((found.cycles_per_trip / exact - 1.0).abs() < 0.1, "{} of {exact}", found.cycles_per_trip);
        assert_eq!((found.travelled, found.replicas), (64, 64));
    }

    #[test]
    fn a_steady_traveller_has_its_known_round_trip() {
        let n = 6;
        let there_and_back = |cycle: u32| {
            let phase = cycle as usize % (2 * (n - 1));
            (cycle, phase.min(2 * (n - 1) - phase))
        };
        let path: Path = (0..10_001).map(there_and_back).collect();
        let found = flow(Axis::Temperature, values(n), &[path]);
        assert_eq!(found.round_trips, 1000);
        assert!((found.cycles_per_trip - 10.0).abs() < 0.01);
        // Upwards it comes from below, downwards from above.
        assert!((found.fraction[2] - 0.5).abs() < 0.01 && found.fraction[0] == 0.0 && found.fraction[n - 1] == 1.0);
    }

    #[test]
    fn those_that_stay_make_no_trip() {
        let found = flow(Axis::Temperature, values(4), &[vec![(0, 1), (1, 2), (2, 1)], vec![(0, 0), (1, 1)]]);
        assert_eq!((found.round_trips, found.travelled), (0, 0));
        assert!(found.cycles_per_trip.is_infinite() && found.fraction[3].is_nan() && found.fraction[1] == 0.0);
        assert!(found.error[0].is_nan(), "one replica tells nothing of its error");
    }
}
