//! Standard errors of averages at points: every one is computed again in every resample of the bootstrap.

use super::map::MapContext;
use crate::analysis::henry::FirstAtom;
use crate::analysis::mbar::{Anchor, Anchored, POINTS, Reweighted, TEMPERATURES};
use crate::analysis::statistics::bootstrap::{Bootstrap, Draw};
use crate::analysis::{Henry, Map, MapCell};
use crate::thermo::response::Fluctuations;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Most groups of points in memory at once.
const GROUPS: usize = 128;

/// All resamples at an anchor.
struct Resamples {
    anchor: Anchor,
    /// `[n_resamples]`
    anchored: Vec<Anchored>,
}

impl Resamples {
    fn new(bootstrap: &Bootstrap, beta: f64, n_observables: usize) -> Option<Resamples> {
        let (samples, ln_d) = bootstrap.first()?;
        let anchor = Anchor::new(samples, ln_d, beta);
        let anchored = bootstrap.map(|draw| {
            let Draw { samples, weights, solution, columns, .. } = *draw;
            Anchored::new(&anchor, samples, weights, &solution.ln_d, &columns[..n_observables])
        });
        Some(Resamples { anchor, anchored })
    }
}

/// What is to have errors at one temperature.
#[derive(Default)]
pub(crate) struct Row<'a> {
    kt: f64,
    cells: Vec<&'a mut MapCell>,
    henry: Vec<(FirstAtom, &'a mut Henry)>,
}

/// What is to have errors, by temperature.
#[derive(Default)]
pub(crate) struct Rows<'a> {
    /// By the bits of kT, which is above 0.
    rows: BTreeMap<u64, Row<'a>>,
}

impl<'a> Rows<'a> {
    fn at(&mut self, kt: f64) -> &mut Row<'a> {
        self.rows.entry(kt.to_bits()).or_insert_with(|| Row { kt, ..Row::default() })
    }

    /// Adds the cells of a map that are not masked.
    pub(crate) fn add_map(&mut self, map: &'a mut Map, boltzmann: f64) {
        let width = (map.cells.len() / map.temperatures.len().max(1)).max(1);
        for (t, cells) in map.temperatures.iter().zip(map.cells.chunks_mut(width)) {
            self.at(t * boltzmann).cells.extend(cells.iter_mut().filter(|cell| !cell.masked));
        }
    }

    /// Adds a cell, unless it is masked.
    pub(crate) fn add(&mut self, kt: f64, cell: &'a mut MapCell) {
        if !cell.masked {
            self.at(kt).cells.push(cell);
        }
    }

    /// Adds Henry's law of a species at its temperature.
    pub(crate) fn add_henry(&mut self, first: FirstAtom, henry: &'a mut Henry) {
        self.at(henry.kt).henry.push((first, henry));
    }

    /// Sets the errors, a few temperatures at a time.
    ///
    /// The first `n_observables` columns of the bootstrap are the observables of the cells.
    pub(crate) fn set(self, around: &MapContext<'_>, bootstrap: &Bootstrap, n_observables: usize) {
        let mut rows: Vec<Row<'a>> = self.rows.into_values().collect();
        let mut resamples: Option<Resamples> = None;
        let mut rest = &mut rows[..];
        while let Some(first) = rest.first().map(|row| 1.0 / row.kt) {
            if !resamples.as_ref().is_some_and(|r| r.anchor.reaches(first)) {
                resamples = Resamples::new(bootstrap, first, n_observables);
            }
            let Some(resamples) = &resamples else { return };
            let within =
                rest.iter().take(TEMPERATURES).take_while(|row| resamples.anchor.reaches(1.0 / row.kt)).count();
            let (here, further) = rest.split_at_mut(within.max(1));
            set_errors(here, around, resamples, bootstrap, n_observables);
            rest = further;
        }
    }
}

/// Sets the errors of rows that an anchor reaches.
fn set_errors(
    rows: &mut [Row<'_>],
    around: &MapContext<'_>,
    resamples: &Resamples,
    bootstrap: &Bootstrap,
    n_observables: usize,
) {
    let Some((samples, _)) = bootstrap.first() else { return };
    // Rows fewer than a pass takes are filled up with the last temperature.
    let betas: [f64; TEMPERATURES] = std::array::from_fn(|i| 1.0 / rows[i.min(rows.len() - 1)].kt);
    let factors = betas.map(|beta| resamples.anchor.factors(samples, beta));
    let at = resamples
        .anchored
        .par_iter()
        .map(|anchored| anchored.at(&resamples.anchor, samples, betas, factors.each_ref().map(|f| &f[..])));
    let reweighted: Vec<[Reweighted; TEMPERATURES]> = at.collect();
    let n_s = samples.compositions().first().map_or(0, Vec::len);
    let of_counts = |value: &dyn Fn(&[u16]) -> f64| samples.compositions().iter().map(|c| value(c)).collect();
    let count = |s: usize, c: &[u16]| f64::from(c[s]);
    let counts: Vec<Vec<f64>> = (0..n_s).map(|s| of_counts(&|c| count(s, c))).collect();
    let pairs: Vec<(usize, usize)> = (0..n_s).flat_map(|s| (s..n_s).map(move |t| (s, t))).collect();
    let products: Vec<Vec<f64>> = pairs.iter().map(|&(s, t)| of_counts(&|c| count(s, c) * count(t, c))).collect();
    // Cells in groups of points, the last filled up with its last cell; some groups at a time, to bound the memory.
    let chemical = |beta: f64, group: &[&mut MapCell]| -> ([usize; POINTS], Vec<[f64; POINTS]>) {
        let ln_z = |l: usize| &group[l.min(group.len() - 1)].ln_z;
        let worth: [Vec<f64>; POINTS] = std::array::from_fn(|l| samples.chemical_at(beta, ln_z(l)));
        // Where the empty system was never sampled ln Ξ is not known, and neither is its error.
        let empty = std::array::from_fn(|l| samples.empty_at(beta, ln_z(l)).unwrap_or_default());
        (empty, (0..samples.compositions().len()).map(|c| std::array::from_fn(|l| worth[l][c])).collect())
    };
    for (t, row) in rows.iter_mut().enumerate() {
        let heat: Vec<f64> = around.grid.reservoirs.iter().map(|r| r.convention.pressure_coefficient(row.kt)).collect();
        let heats = Heats { kt: row.kt, heat: &heat, pairs: &pairs };
        for cells in row.cells.chunks_mut(POINTS * GROUPS) {
            let groups: Vec<_> = cells.chunks(POINTS).map(|group| chemical(betas[t], group)).collect();
            let of_resample = |at: &[Reweighted; TEMPERATURES]| -> Vec<f64> {
                let energy = &at[t].means[0];
                let with_energy: Vec<Vec<f64>> =
                    counts.iter().map(|n| n.iter().zip(energy).map(|(n, e)| n * e).collect()).collect();
                let all = counts.iter().chain(&at[t].means).chain(&with_energy).chain(&products);
                let quantities: Vec<&[f64]> = all.map(|q| &q[..]).collect();
                let of_group = |(empty, group): &([usize; POINTS], Vec<[f64; POINTS]>)| {
                    heats.in_place_of_products(at[t].averages(empty, group, &quantities), n_observables)
                };
                groups.iter().flat_map(of_group).flatten().collect()
            };
            let drawn: Vec<Vec<f64>> = reweighted.par_iter().map(of_resample).collect();
            let errors = bootstrap.spread(&drawn, |_| row.kt);
            let of_groups = errors.chunks(POINTS * (2 + 2 * n_s + n_observables));
            for (group, errors) in cells.chunks_mut(POINTS).zip(of_groups) {
                for (l, cell) in group.iter_mut().enumerate() {
                    let mut errors = errors.iter().skip(l).step_by(POINTS).copied();
                    cell.ln_xi_err = errors.next().filter(|_| cell.ln_xi.is_finite()).unwrap_or(f64::NAN);
                    cell.n_err = errors.by_ref().take(n_s).collect();
                    cell.energy_err = errors.next().unwrap_or(f64::NAN);
                    cell.observables_err = errors.by_ref().take(n_observables).collect();
                    let known = |(err, q): (f64, &f64)| if q.is_finite() { err } else { f64::NAN };
                    cell.adsorption.q_st_err = errors.zip(&cell.adsorption.q_st).map(known).collect();
                    around.set_pressure_error(cell);
                }
            }
        }
        for (first, henry) in &mut row.henry {
            let of_resample = |at: &[Reweighted; TEMPERATURES]| {
                let Reweighted { ln_b, means } = &at[t];
                let energy = means[0][first.one] - means[0][first.empty];
                let law = first.law(around, row.kt, ln_b[first.one] - ln_b[first.empty], energy);
                law.map_or_else(|| vec![f64::NAN; 4], Vec::from)
            };
            let errors = bootstrap.spread(&reweighted.iter().map(of_resample).collect::<Vec<_>>(), |_| row.kt);
            henry.set_errors(&errors);
        }
    }
}

/// Heats of adsorption from averages of products.
struct Heats<'a> {
    kt: f64,
    /// `[n_reservoirs]` \[energy\]
    heat: &'a [f64],
    /// Species of the products N_s N_t.
    pairs: &'a [(usize, usize)],
}

impl Heats<'_> {
    /// Puts the isosteric heats in the place of the averages of E N_s and N_s N_t.
    ///
    /// - `averages`: ln Ξ, N_s, E, observables, E N_s, N_s N_t
    fn in_place_of_products(&self, mut averages: Vec<[f64; POINTS]>, n_observables: usize) -> Vec<[f64; POINTS]> {
        let n_s = self.heat.len();
        let products = averages.split_off(2 + n_s + n_observables);
        let mut heats = vec![[f64::NAN; POINTS]; n_s];
        let (mut cov_energy_n, mut cov_n) = (vec![0.0; n_s], vec![0.0; n_s * n_s]);
        for l in 0..POINTS {
            let (n, energy) = (|s: usize| averages[1 + s][l], averages[1 + n_s][l]);
            for s in 0..n_s {
                cov_energy_n[s] = products[s][l] - energy * n(s);
            }
            for (&(s, t), product) in self.pairs.iter().zip(&products[n_s..]) {
                let covariance = product[l] - n(s) * n(t);
                (cov_n[s * n_s + t], cov_n[t * n_s + s]) = (covariance, covariance);
            }
            let state = Fluctuations {
                kt: self.kt,
                boltzmann: f64::NAN,
                var_energy: f64::NAN,
                cov_energy_n: &cov_energy_n,
                cov_n: &cov_n,
            };
            let of_point = state.isosteric_heat(self.heat, f64::INFINITY);
            heats.iter_mut().zip(of_point).for_each(|(heat, q)| heat[l] = q);
        }
        averages.extend(heats);
        averages
    }
}
