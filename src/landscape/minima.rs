//! Distinct minima of a set of configurations.

use super::fire::{Outcome, Quenched, quench, scales};
use super::hessian::curvatures;
use super::symmetry::{Operation, images, maps, operations};
use crate::base::Result;
use crate::forces::ForceField;
use crate::system::System;
use crate::system::configuration::Configuration;
use crate::thermochemistry::harmonic::{classical_ln_z, quantum_correction};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Two minima are one if their energies differ by less than this part of ε (times √n).
const ENERGY_TOL: f64 = 1e-5;
/// Distances that differ by less than this part of σ are equal.
const LENGTH_TOL: f64 = 1e-3;
/// Curvatures below this part of ε/σ² count as none.
const FLAT: f64 = 1e-3;
/// Minima of one composition that are kept, the lowest.
const KEPT: usize = 16;

/// A minimum of the potential, with those equivalent to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Minimum {
    /// `[n_reservoirs]`
    pub counts: Vec<u16>,
    /// E \[energy\]
    pub energy: f64,
    /// Number of equivalent minima in the cell.
    pub multiplicity: usize,
    /// Quenches that ended in one of them.
    pub found: usize,
    /// Eigenvalues of the plain Hessian, ascending. [energy/length²]
    pub curvatures: Vec<f64>,
    /// Curvatures below zero: the point is a saddle.
    pub negative: usize,
    /// Curvatures that vanish: an atom that feels nothing, or a translation.
    pub flat: usize,
    /// One of them.
    pub configuration: Configuration,
}

impl Minimum {
    /// Whether every mode is a bound one, so that the harmonic integral exists.
    pub fn is_harmonic(&self) -> bool {
        self.negative == 0 && self.flat == 0
    }

    /// ln of the classical harmonic integral over all equivalent minima; `None` if a mode is not bound.
    ///
    /// - `kt`: [energy]
    pub fn ln_z(&self, kt: f64) -> Option<f64> {
        self.is_harmonic().then(|| classical_ln_z(self.multiplicity as f64, self.energy, &self.curvatures, kt))
    }

    /// The same with quantum vibrations, on the same scale; `None` if a mode is not bound.
    ///
    /// - `quantum`: ħ/√m of the mobile atoms, which have one mass [energy^½·length]
    pub fn quantum_ln_z(&self, quantum: f64, kt: f64) -> Option<f64> {
        self.ln_z(kt).map(|ln_z| ln_z + quantum_correction(&self.curvatures, quantum, kt))
    }
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Search {
    /// By composition, then ascending in energy.
    pub minima: Vec<Minimum>,
    /// Quenches made.
    pub quenches: usize,
    /// Quenches whose forces did not vanish.
    pub not_converged: usize,
    /// Quenches that ended with an atom at a hard wall.
    pub on_wall: usize,
    /// Distinct minima beyond the lowest 16 of a composition, left out.
    pub left_out: usize,
}

/// Quenches configurations and keeps the distinct minima of each composition.
///
/// The empty frozen surface is always among them.
///
/// # Errors
/// [`crate::base::Error::Analysis`] if the eigenvalues of a Hessian cannot be found, and those of the force field.
pub fn search(system: &System, force_field: &dyn ForceField, starts: &[Configuration]) -> Result<Search> {
    let (epsilon, sigma) = scales(system);
    let symmetry = operations(system, LENGTH_TOL * sigma);
    let quenched: Vec<Quenched> = starts.par_iter().map(|x| quench(system, force_field, x)).collect::<Result<_>>()?;
    let mut result = Search { quenches: quenched.len(), ..Search::default() };
    let mut by_counts: BTreeMap<Vec<u16>, Vec<Quenched>> = BTreeMap::new();
    for q in quenched {
        match q.outcome {
            Outcome::NotConverged => result.not_converged += 1,
            Outcome::OnWall => result.on_wall += 1,
            Outcome::Converged => {
                by_counts.entry(system.counts(&q.configuration.species)).or_default().push(q);
            }
        }
    }
    let other_mobile = system.capacity - system.reservoirs.iter().map(|r| usize::from(r.max_atoms)).sum::<usize>();
    if other_mobile == 0 {
        by_counts.entry(vec![0; system.reservoirs.len()]).or_insert_with(|| {
            vec![Quenched {
                configuration: Configuration::default(),
                energy: 0.0,
                force: 0.0,
                outcome: Outcome::Converged,
                iterations: 0,
            }]
        });
    }
    let tolerance = LENGTH_TOL * sigma;
    let found: Vec<(Vec<u16>, Vec<Class>)> = by_counts
        .into_par_iter()
        .map(|(counts, mut of_counts)| {
            of_counts.sort_by(|a, b| a.energy.total_cmp(&b.energy));
            let mut classes: Vec<Class> = Vec::new();
            for q in of_counts {
                Class::add(&mut classes, system, &symmetry, q, ENERGY_TOL * epsilon, tolerance);
            }
            (counts, classes)
        })
        .collect();
    for (counts, classes) in found {
        result.left_out += classes.len().saturating_sub(KEPT);
        let minima: Vec<Minimum> = classes
            .into_par_iter()
            .take(KEPT)
            .map(|class| class.minimum(system, force_field, counts.clone(), FLAT * epsilon / (sigma * sigma)))
            .collect::<Result<_>>()?;
        result.minima.extend(minima);
    }
    Ok(result)
}

/// Minima of one energy and one set of distances.
struct Class {
    energy: f64,
    distances: Vec<f64>,
    /// One of each orbit of the symmetry, with the number of its images.
    orbits: Vec<(Configuration, usize)>,
    found: usize,
}

impl Class {
    fn add(
        classes: &mut Vec<Class>,
        system: &System,
        symmetry: &[Operation],
        q: Quenched,
        energy_tol: f64,
        tolerance: f64,
    ) {
        let own = distances(system, &q.configuration);
        let alike = |c: &Class| {
            (c.energy - q.energy).abs() <= energy_tol * (q.configuration.len().max(1) as f64).sqrt()
                && c.distances.iter().zip(&own).all(|(a, b)| (a - b).abs() <= tolerance)
        };
        let class = match classes.iter().position(alike) {
            Some(k) => &mut classes[k],
            None => {
                classes.push(Class { energy: q.energy, distances: own, orbits: Vec::new(), found: 0 });
                let last = classes.len() - 1;
                &mut classes[last]
            }
        };
        class.found += 1;
        let x = q.configuration;
        let known = |(y, _): &(Configuration, usize)| symmetry.iter().any(|o| maps(system, o, &x, y, tolerance));
        if !class.orbits.iter().any(known) {
            let n = images(system, symmetry, &x, tolerance);
            class.orbits.push((x, n));
        }
    }

    fn minimum(self, system: &System, force_field: &dyn ForceField, counts: Vec<u16>, flat: f64) -> Result<Minimum> {
        let multiplicity = self.orbits.iter().map(|o| o.1).sum();
        let configuration = self.orbits.into_iter().next().map_or_else(Configuration::default, |o| o.0);
        let curvatures = curvatures(system, force_field, &configuration)?;
        Ok(Minimum {
            counts,
            energy: self.energy,
            multiplicity,
            found: self.found,
            negative: curvatures.iter().filter(|&&k| k < -flat).count(),
            flat: curvatures.iter().filter(|&&k| k.abs() <= flat).count(),
            curvatures,
            configuration,
        })
    }
}

/// Fingerprint: distances of all pairs of mobile atoms, ascending, then their heights. [length]
fn distances(system: &System, x: &Configuration) -> Vec<f64> {
    let mut all: Vec<f64> = (0..x.len())
        .flat_map(|i| (0..i).map(move |j| (i, j)))
        .map(|(i, j)| system.cell.minimum_image(x.positions[i] - x.positions[j]).length())
        .collect();
    all.sort_by(f64::total_cmp);
    let mut heights: Vec<f64> = x.positions.iter().map(|p| p.z).collect();
    heights.sort_by(f64::total_cmp);
    all.extend(heights);
    all
}
