//! Phases as basins of P(N), labelled alike all over the map.
//!
//! Two maxima of ln P(N) are two basins when the valley between them is deeper than 1 (in units of kT) and deeper than
//! its own statistical error; shallower ones merge, shallowest first, and the lower maximum goes. The valleys of all cells
//! together cut the axis of N into the fewest intervals that separate every such pair of maxima. A phase is an interval
//! (for several species a combination of intervals), and a cell has the phase that holds most of its probability.

use crate::analysis::mbar::{Bins, Collapsed};

/// Depth in ln P below which two maxima are one basin.
const VALLEY: f64 = 1.0;
/// A valley counts with this many of its standard errors taken off; the boundary through it is judged by the bootstrap.
const SIGNIFICANCE: f64 = 1.25;
/// Both basins must hold this probability where their valley is found.
const BASIN: f64 = 0.02;

/// P(N) of one species with the effective samples behind each N.
#[derive(Debug, Clone)]
pub(crate) struct Marginal {
    /// `[n_max + 1]`, −∞ where nothing was sampled
    ln_p: Vec<f64>,
    /// `[n_max + 1]`
    n_eff: Vec<f64>,
}

impl Marginal {
    /// Sums the probabilities of compositions over all other species.
    pub(crate) fn new(samples: &Collapsed, bins: &Bins, p: &[f64], species: usize) -> Marginal {
        let n_max = samples.compositions().iter().map(|c| usize::from(c[species])).max().unwrap_or(0);
        let mut sum = vec![0.0; n_max + 1];
        let mut squares = vec![0.0; n_max + 1];
        for (c, &p) in p.iter().enumerate().filter(|&(_, &p)| p > 0.0) {
            let n = usize::from(samples.compositions()[c][species]);
            sum[n] += p;
            squares[n] += p * p * bins.inverse_n_eff[c];
        }
        Marginal {
            ln_p: sum.iter().map(|p| p.ln()).collect(),
            n_eff: sum.iter().zip(&squares).map(|(p, s)| if *s > 0.0 { p * p / s } else { 0.0 }).collect(),
        }
    }

    /// Depth of the lowest point between `a` and `b` below the lower of the two.
    ///
    /// Where nothing was sampled, P is taken as that of a single effective sample of the lower maximum, or as the lowest
    /// that was sampled between the two if that is lower.
    pub(crate) fn depth(&self, a: usize, b: usize) -> Depth {
        let lower = if self.ln_p[a] < self.ln_p[b] { a } else { b };
        let n_eff = self.n_eff[lower].max(1.0);
        let between = || a.min(b)..=a.max(b);
        let bottom = between().min_by(|&i, &j| self.ln_p[i].total_cmp(&self.ln_p[j])).unwrap_or(a);
        let sampled = between().map(|i| self.ln_p[i]).filter(|p| p.is_finite()).fold(self.ln_p[lower], f64::min);
        let lowest = if self.ln_p[bottom].is_finite() { sampled } else { sampled.min(self.ln_p[lower] - n_eff.ln()) };
        // The middle of a flat or unsampled stretch.
        let flat = between().filter(|&i| self.ln_p[i] <= self.ln_p[bottom]);
        let at = flat.clone().nth(flat.count() / 2).unwrap_or(bottom);
        let error = (1.0 / n_eff + 1.0 / self.n_eff[bottom].max(1.0)).sqrt();
        Depth { depth: self.ln_p[lower] - lowest, error, at }
    }

    /// The most probable N in a range.
    pub(crate) fn peak(&self, range: std::ops::RangeInclusive<usize>) -> Option<usize> {
        let last = self.ln_p.len() - 1;
        (*range.start()..=(*range.end()).min(last))
            .filter(|&n| self.ln_p[n].is_finite())
            .max_by(|&i, &j| self.ln_p[i].total_cmp(&self.ln_p[j]))
    }

    /// The valleys that separate basins.
    fn valleys(&self) -> Vec<Valley> {
        let n = self.ln_p.len();
        let higher = |i: usize, j: usize| (self.ln_p[i], j) > (self.ln_p[j], i);
        let mut peaks: Vec<usize> = (0..n)
            .filter(|&i| self.ln_p[i].is_finite())
            .filter(|&i| (i == 0 || higher(i, i - 1)) && (i + 1 == n || higher(i, i + 1)))
            .collect();
        while peaks.len() > 1 {
            let shallowest = (0..peaks.len() - 1)
                .map(|i| (i, self.depth(peaks[i], peaks[i + 1]).certain()))
                .min_by(|a, b| a.1.total_cmp(&b.1));
            match shallowest {
                Some((i, depth)) if depth <= VALLEY => {
                    let lower = if self.ln_p[peaks[i]] < self.ln_p[peaks[i + 1]] { i } else { i + 1 };
                    peaks.remove(lower);
                }
                _ => break,
            }
        }
        let bounds: Vec<usize> = peaks.windows(2).map(|w| self.depth(w[0], w[1]).at).collect();
        let mass = |from: usize, to: usize| (from..to).map(|i| self.ln_p[i].exp()).sum::<f64>();
        let mut valleys = Vec::new();
        for (i, &at) in bounds.iter().enumerate() {
            let from = if i == 0 { 0 } else { bounds[i - 1] };
            let to = bounds.get(i + 1).copied().unwrap_or(n);
            if mass(from, at) < BASIN || mass(at, to) < BASIN {
                continue;
            }
            let rim = self.ln_p[peaks[i]].min(self.ln_p[peaks[i + 1]]) - VALLEY;
            let low = (peaks[i]..=at).rev().take_while(|&j| self.ln_p[j] < rim).last().unwrap_or(at);
            let high = (at..=peaks[i + 1]).take_while(|&j| self.ln_p[j] < rim).last().unwrap_or(at);
            valleys.push(Valley { low, at, high });
        }
        valleys
    }
}

/// A lowest point between two maxima.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Depth {
    /// Below the lower maximum, in ln P
    pub(crate) depth: f64,
    /// Standard error from the effective samples of the lower maximum and of the lowest point
    error: f64,
    /// The lowest point
    at: usize,
}

impl Depth {
    /// The depth less its error.
    fn certain(&self) -> f64 {
        self.depth - SIGNIFICANCE * self.error
    }
}

/// A valley of P(N) in one cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Valley {
    /// First N more than 1 kT below the lower maximum
    low: usize,
    /// The lowest point
    at: usize,
    /// Last N more than 1 kT below the lower maximum
    high: usize,
}

/// The valleys of every species in one cell: `[n_reservoirs]`.
pub(crate) fn valleys_of(samples: &Collapsed, bins: &Bins, p: &[f64]) -> Vec<Vec<Valley>> {
    let n_s = samples.compositions().first().map_or(0, Vec::len);
    (0..n_s).map(|s| Marginal::new(samples, bins, p, s).valleys()).collect()
}

/// Cuts of the axis of each N_s: an N at or below a threshold is on its lower side.
#[derive(Debug, Clone, Default)]
pub(crate) struct Thresholds {
    /// `[n_reservoirs]`, ascending
    pub(crate) of: Vec<Vec<usize>>,
}

/// Fewest cells that must have a valley for it to count, unless the map is tiny.
const CELLS: usize = 2;

impl Thresholds {
    /// The fewest cuts that go through every valley.
    ///
    /// - `valleys`: `[n_cells][n_reservoirs]`
    pub(crate) fn new(valleys: &[Vec<Vec<Valley>>], n_reservoirs: usize) -> Thresholds {
        let enough = if valleys.len() < 20 { 1 } else { CELLS };
        let of = (0..n_reservoirs)
            .map(|s| {
                let mut open: Vec<Valley> = valleys.iter().flat_map(|cell| cell[s].iter().copied()).collect();
                open.sort_by_key(|v| (v.high, v.low));
                let mut cuts = Vec::new();
                while let Some(first) = open.first().copied() {
                    // Valleys through which the last possible place of the first one goes have a place in common.
                    let (cut, rest): (Vec<Valley>, Vec<Valley>) = open.iter().partition(|v| v.low <= first.high);
                    if cut.len() >= enough {
                        let low = cut.iter().map(|v| v.low).max().unwrap_or(first.low);
                        let mut at: Vec<usize> = cut.iter().map(|v| v.at).collect();
                        at.sort_unstable();
                        cuts.push(at[at.len() / 2].clamp(low, first.high));
                    }
                    open = rest;
                }
                cuts
            })
            .collect();
        Thresholds { of }
    }

    /// Number of combinations of intervals.
    pub(crate) fn n_combinations(&self) -> usize {
        self.of.iter().map(|cuts| cuts.len() + 1).product()
    }

    /// The combination to which a composition belongs.
    pub(crate) fn combination(&self, composition: &[u16]) -> usize {
        composition.iter().zip(&self.of).fold(0, |index, (&n, cuts)| {
            index * (cuts.len() + 1) + cuts.iter().filter(|&&cut| usize::from(n) > cut).count()
        })
    }

    /// The interval of N_s in a combination.
    pub(crate) fn interval(&self, combination: usize, species: usize) -> std::ops::RangeInclusive<usize> {
        let later: usize = self.of[species + 1..].iter().map(|cuts| cuts.len() + 1).product();
        let cuts = &self.of[species];
        let place = combination / later % (cuts.len() + 1);
        let from = if place == 0 { 0 } else { cuts[place - 1] + 1 };
        from..=cuts.get(place).copied().unwrap_or(usize::from(u16::MAX))
    }

    /// The combination with the largest probability.
    pub(crate) fn dominant(&self, samples: &Collapsed, p: &[f64]) -> usize {
        let mut mass = vec![0.0; self.n_combinations()];
        for (composition, p) in samples.compositions().iter().zip(p) {
            mass[self.combination(composition)] += p;
        }
        (0..mass.len()).max_by(|&a, &b| mass[a].total_cmp(&mass[b])).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marginal(p: &[f64], n_eff: f64) -> Marginal {
        let total: f64 = p.iter().sum();
        Marginal {
            ln_p: p.iter().map(|p| (p / total).ln()).collect(),
            n_eff: p.iter().map(|p| n_eff * p / total).collect(),
        }
    }

    fn valleys(p: &[f64], n_eff: f64) -> Vec<usize> {
        marginal(p, n_eff).valleys().iter().map(|v| v.at).collect()
    }

    #[test]
    fn only_valleys_deeper_than_kt_separate() {
        assert_eq!(valleys(&[4.0, 10.0, 5.0, 1.0, 5.0, 9.0, 3.0], 1e5), [3]);
        assert!(valleys(&[4.0, 10.0, 5.0, 4.0, 5.0, 9.0, 3.0], 1e5).is_empty());
        // A shoulder within a basin is not a basin.
        assert_eq!(valleys(&[9.0, 6.0, 7.0, 0.1, 5.0, 4.0, 5.0], 1e5), [3]);
    }

    #[test]
    fn noise_does_not_separate() {
        let p = [4.0, 10.0, 5.0, 1.0, 5.0, 9.0, 3.0];
        assert!(valleys(&p, 40.0).is_empty());
        // What was sampled is as deep as it was found, however few independent samples the rim has.
        assert!((marginal(&[500.0, 2.0, 1.0, 2.0, 400.0], 20.0).depth(0, 4).depth - 400.0_f64.ln()).abs() < 1e-12);
        // Nothing sampled in between: only as deep as the samples can tell.
        let gap = [40.0, 0.0, 0.0, 0.0, 30.0];
        assert_eq!(valleys(&gap, 1e4), [2]);
        assert!(valleys(&gap, 20.0).is_empty());
    }

    #[test]
    fn valleys_with_a_place_in_common_are_cut_once() {
        let v = |low, at, high| vec![vec![Valley { low, at, high }]];
        let cells: Vec<_> = [v(2, 4, 7), v(3, 6, 8), v(20, 25, 30), v(4, 6, 9), v(22, 28, 33)].into();
        assert_eq!(Thresholds::new(&cells, 1).of, [[6, 28]]);
        let t = Thresholds { of: vec![vec![6, 28], vec![3]] };
        assert_eq!(t.n_combinations(), 6);
        for composition in [[0, 0], [7, 3], [28, 4], [29, 9]] {
            let c = t.combination(&composition);
            assert!((0..2).all(|s| t.interval(c, s).contains(&usize::from(composition[s]))));
        }
    }
}
