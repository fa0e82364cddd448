//! Comparison of a run with pictures made of minima: maps on the same axes, their differences and their boundaries.

use crate::analysis::{Analysis, BoundaryKind, BoundaryPoint, Map, MapCell, Phase};
use crate::landscape::Minimum;
use crate::landscape::picture::{Lowest, Picture, boundary_in};
use crate::thermochemistry::envelope::lowest_line;
use rayon::prelude::*;

/// The run and the pictures, all on the same axes.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// The run: REGC + MBAR.
    pub analysis: Analysis,
    /// Minimum energies alone, as an analysis of the same grid: `n` and `energy` are those of the most stable minimum.
    pub minima: Analysis,
    /// With the classical harmonic integral.
    pub harmonic: Analysis,
    /// With quantum vibrations; only where h is known and μ is absolute.
    pub quantum: Option<Analysis>,
    /// Differences of ⟨N⟩.
    pub differences: Vec<Difference>,
    /// Boundaries of the run in all three; empty for several reservoir species.
    pub boundaries: Vec<Boundary>,
    /// Most stable compositions along μ: (picture, temperature, N from, N to, μ); empty for several reservoir species.
    pub steps: Vec<Step>,
}

/// A difference of ⟨N⟩ over the map.
#[derive(Debug, Clone)]
pub struct Difference {
    /// Part of file names.
    pub stem: &'static str,
    /// Title of its figure.
    pub title: &'static str,
    /// What it shows.
    pub caption: &'static str,
    /// The run's analysis with the difference in the place of `n`.
    pub values: Analysis,
}

/// A boundary of the run at one temperature, in all three pictures. \[energy\]; NaN where it is not known
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Boundary {
    /// Phase at lower μ.
    pub phase_a: usize,
    /// Phase at higher μ.
    pub phase_b: usize,
    /// Scene unit.
    pub temperature: f64,
    /// REGC + MBAR, column `mu`.
    pub mu: f64,
    /// Whether P(N) of the run has a single basin there, so that `mu` is where ⟨N⟩ passes half way between the two sides.
    pub crossover: bool,
    /// Its standard error.
    pub mu_err: f64,
    /// Minimum energies alone.
    pub minima: f64,
    /// With the classical harmonic integral.
    pub harmonic: f64,
    /// With quantum vibrations.
    pub quantum: f64,
    /// Atoms of the most stable minimum on the far side of the harmonic boundary.
    pub n_b: u16,
    /// kT ln g/ΔN of that minimum: the shift of the boundary, downwards, by its multiplicity alone. \[energy\]
    pub multiplicity_shift: f64,
}

/// Where the most stable composition of a picture changes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// The picture in which it does.
    pub picture: Picture,
    /// Scene unit.
    pub temperature: f64,
    /// Atoms below.
    pub n_a: u16,
    /// Atoms above.
    pub n_b: u16,
    /// Column `mu`. \[energy\]
    pub mu: f64,
}

/// Compares the pictures with the run.
///
/// - `minima`: of every composition that was found
/// - `boltzmann`: k_B [energy/temperature]
/// - `temperatures`: further temperatures of boundaries, scene unit
/// - `quantum`: ħ/√m of the mobile atoms if quantum vibrations are wanted [energy^½·length]
pub fn compare(
    analysis: Analysis,
    minima: &[Minimum],
    boltzmann: f64,
    temperatures: &[f64],
    quantum: Option<f64>,
) -> Comparison {
    let mut steps = Vec::new();
    let mut picture = |picture: Picture| {
        let lowest: Vec<Lowest<'_>> =
            analysis.map.temperatures.iter().map(|t| Lowest::new(picture, minima, boltzmann * t)).collect();
        if analysis.grid.n_reservoirs() == 1 {
            for (row, t) in lowest.iter().zip(&analysis.map.temperatures) {
                steps.extend(steps_of(row, &analysis, *t));
            }
        }
        drawn(&analysis, &lowest)
    };
    let (with_minima, harmonic) = (picture(Picture::Minima), picture(Picture::Harmonic));
    let with_quantum = quantum.map(|q| picture(Picture::Quantum(q)));
    let boundaries = if analysis.grid.n_reservoirs() == 1 {
        boundaries(&analysis, minima, boltzmann, temperatures, quantum)
    } else {
        Vec::new()
    };
    let minima = with_minima;
    let minus = |a: &Analysis, b: &Analysis| {
        let mut values = analysis.clone();
        for (cell, (a, b)) in values.map.cells.iter_mut().zip(a.map.cells.iter().zip(&b.map.cells)) {
            cell.masked = a.masked || b.masked;
            cell.n = a.n.iter().zip(&b.n).map(|(a, b)| a - b).collect();
        }
        values
    };
    let mut differences = vec![
        Difference {
            stem: "vibrations",
            title: "Vibrations: harmonic − minimum energies",
            caption: "⟨N⟩ of the harmonic picture less that of minimum energies alone: what vibrations change. Lines: \
                      boundaries of the run.",
            values: minus(&harmonic, &minima),
        },
        Difference {
            stem: "rest",
            title: "The rest: REGC + MBAR − harmonic",
            caption: "⟨N⟩ of the run less that of the harmonic picture: what anharmonicity and configurational entropy \
                      change. Lines: boundaries of the run.",
            values: minus(&analysis, &harmonic),
        },
        Difference {
            stem: "minima",
            title: "Both: REGC + MBAR − minimum energies",
            caption: "⟨N⟩ of the run less that of minimum energies alone. Lines: boundaries of the run.",
            values: minus(&analysis, &minima),
        },
    ];
    differences.extend(with_quantum.as_ref().map(|quantum| Difference {
        stem: "quantum",
        title: "Quantum vibrations: quantum − classical harmonic",
        caption: "⟨N⟩ with quantum vibrations less that with classical ones: zero-point energy and frozen modes, which the \
                  classical dynamics of the run does not have. Lines: boundaries of the run.",
        values: minus(quantum, &harmonic),
    }));
    Comparison { analysis, minima, harmonic, quantum: with_quantum, differences, boundaries, steps }
}

/// A picture as an analysis on the map of the run.
fn drawn(analysis: &Analysis, lowest: &[Lowest<'_>]) -> Analysis {
    let source = &analysis.map;
    let width = (source.cells.len() / source.temperatures.len().max(1)).max(1);
    let mut cells: Vec<MapCell> = source
        .cells
        .par_iter()
        .enumerate()
        .map(|(i, cell)| {
            let row = &lowest[i / width];
            let mut drawn = MapCell {
                temperature: cell.temperature,
                mu: cell.mu.clone(),
                ln_z: cell.ln_z.clone(),
                pressure: cell.pressure.clone(),
                masked: true,
                ..MapCell::default()
            };
            if let Some((minimum, _)) = row.at(&row.worth(cell)) {
                drawn.n = minimum.counts.iter().map(|&n| f64::from(n)).collect();
                drawn.energy = minimum.energy;
                drawn.masked = false;
            }
            drawn
        })
        .collect();
    // Phases: the compositions that occur, by rising N.
    let mut occurring: Vec<Vec<u16>> =
        cells.iter().filter(|c| !c.masked).map(|c| c.n.iter().map(|&n| n as u16).collect()).collect();
    occurring.sort_by_key(|n: &Vec<u16>| (n.iter().map(|&n| u32::from(n)).sum::<u32>(), n.clone()));
    occurring.dedup();
    let names: Vec<&str> = analysis.grid.reservoirs.iter().map(|r| r.species.as_str()).collect();
    let mut phases: Vec<Phase> = occurring
        .iter()
        .enumerate()
        .map(|(id, n)| Phase {
            id,
            name: composition(n, &names),
            n: n.iter().map(|&n| f64::from(n)).collect(),
            energy: f64::NAN,
            area_fraction: 0.0,
        })
        .collect();
    let known = cells.iter().filter(|c| !c.masked).count().max(1) as f64;
    for cell in cells.iter_mut().filter(|c| !c.masked) {
        let own: Vec<u16> = cell.n.iter().map(|&n| n as u16).collect();
        if let Some(id) = occurring.iter().position(|n| *n == own) {
            cell.phase = Some(id);
            phases[id].energy = cell.energy;
            phases[id].area_fraction += 1.0 / known;
        }
    }
    let mut boundaries = Vec::new();
    if analysis.grid.n_reservoirs() == 1 {
        let id = |n: u16| occurring.iter().position(|o| o[..] == [n]);
        for (row, &t) in lowest.iter().zip(&source.temperatures) {
            for step in steps_of(row, analysis, t) {
                let (Some(phase_a), Some(phase_b)) = (id(step.n_a), id(step.n_b)) else { continue };
                boundaries.push(BoundaryPoint {
                    phase_a,
                    phase_b,
                    kind: BoundaryKind::FirstOrder,
                    species: 0,
                    temperature: t,
                    temperature_err: 0.0,
                    mu: vec![step.mu],
                    mu_err: f64::NAN,
                    pressure: vec![f64::NAN],
                    pressure_low: f64::NAN,
                    pressure_high: f64::NAN,
                    gas_pressure: None,
                    clapeyron: None,
                    crossings: None,
                });
            }
        }
    }
    let map = Map { temperatures: source.temperatures.clone(), axes: source.axes.clone(), cells };
    Analysis { map, phases, boundaries, ..analysis.clone() }
}

/// `empty`, `N = 12` or `B = 12, C = 3`.
fn composition(counts: &[u16], names: &[&str]) -> String {
    match counts {
        all if all.iter().all(|&n| n == 0) => "empty".to_owned(),
        [n] => format!("N = {n}"),
        several => {
            let parts: Vec<String> = several.iter().zip(names).map(|(n, s)| format!("{s} = {n}")).collect();
            parts.join(", ")
        }
    }
}

/// Where the most stable composition changes along the axis of the map, at one temperature.
fn steps_of(row: &Lowest<'_>, analysis: &Analysis, temperature: f64) -> Vec<Step> {
    let axis = &analysis.map.axes[0];
    let lo = axis.iter().copied().fold(f64::INFINITY, f64::min);
    let hi = axis.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let counts = |i: usize| row.of[i].0.counts[0];
    lowest_line(&row.lines(&analysis.grid), lo, hi)
        .windows(2)
        .map(|w| Step {
            picture: row.picture,
            temperature,
            n_a: counts(w[0].line),
            n_b: counts(w[1].line),
            mu: w[1].from,
        })
        .collect()
}

/// Lowest and highest N of each phase: cut half way between their means; a gas is the empty surface alone.
fn ranges(phases: &[Phase]) -> Vec<(usize, (f64, f64))> {
    let mut order: Vec<&Phase> = phases.iter().collect();
    order.sort_by(|a, b| a.n[0].total_cmp(&b.n[0]));
    (0..order.len())
        .map(|i| {
            let lo = if i == 0 { 0.0 } else { 0.5 * (order[i - 1].n[0] + order[i].n[0]) };
            let hi = order.get(i + 1).map_or(f64::INFINITY, |next| 0.5 * (order[i].n[0] + next.n[0]));
            (order[i].id, if order[i].name == "gas" { (0.0, 0.5) } else { (lo, hi) })
        })
        .collect()
}

/// Every first-order boundary of the run, and the boundary between the same two phases in the pictures.
fn boundaries(
    analysis: &Analysis,
    minima: &[Minimum],
    boltzmann: f64,
    extra: &[f64],
    quantum: Option<f64>,
) -> Vec<Boundary> {
    let ranges = ranges(&analysis.phases);
    let range = |id: usize| ranges.iter().find(|r| r.0 == id).map(|r| r.1);
    let mut pairs: Vec<(usize, usize)> = analysis
        .boundaries
        .iter()
        .filter(|b| b.kind == BoundaryKind::FirstOrder)
        .map(|b| (b.phase_a, b.phase_b))
        .collect();
    pairs.sort_unstable();
    pairs.dedup();
    let mut rows = Vec::new();
    for (a, b) in pairs {
        let (Some(range_a), Some(range_b)) = (range(a), range(b)) else { continue };
        let mut own: Vec<(f64, f64, f64)> = analysis
            .boundaries
            .iter()
            .filter(|p| (p.phase_a, p.phase_b) == (a, b) && p.kind == BoundaryKind::FirstOrder)
            .map(|p| (p.temperature, p.mu[0], p.mu_err))
            .collect();
        own.sort_by(|a, b| a.0.total_cmp(&b.0));
        // Half way between the sides as they are where it is coldest.
        let coldest = Lowest::new(Picture::Harmonic, minima, boltzmann * own.first().map_or(f64::NAN, |o| o.0));
        let half = boundary_in(&coldest, &analysis.grid, range_a, range_b)
            .map(|(_, from, to)| 0.5 * (f64::from(from.counts[0]) + f64::from(to.counts[0])));
        let mut all: Vec<(f64, f64, f64, bool)> = own.iter().map(|&(t, mu, err)| (t, mu, err, false)).collect();
        for &t in analysis.grid.temperatures().iter().chain(extra) {
            if all.iter().any(|o| (o.0 - t).abs() <= 1e-9 * t) {
                continue;
            }
            let between = own.windows(2).find(|w| w[0].0 < t && t < w[1].0).map(|w| {
                let x = (t - w[0].0) / (w[1].0 - w[0].0);
                (w[0].1 + x * (w[1].1 - w[0].1), w[0].2.max(w[1].2), false)
            });
            let passing = || half.and_then(|n| half_way(&analysis.map, t, n)).map(|(mu, err)| (mu, err, true));
            let (mu, err, crossover) = between.or_else(passing).unwrap_or((f64::NAN, f64::NAN, false));
            all.push((t, mu, err, crossover));
        }
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (temperature, mu, mu_err, crossover) in all {
            let kt = boltzmann * temperature;
            let known = |picture| boundary_in(&Lowest::new(picture, minima, kt), &analysis.grid, range_a, range_b);
            let (low, high) = (known(Picture::Minima), known(Picture::Harmonic));
            let (n_b, shift) = high.map_or((0, f64::NAN), |(_, from, to)| {
                let added = f64::from(to.counts[0]) - f64::from(from.counts[0]);
                let gain = (to.multiplicity as f64 / from.multiplicity as f64).ln();
                (to.counts[0], kt * gain / added)
            });
            rows.push(Boundary {
                phase_a: a,
                phase_b: b,
                temperature,
                mu,
                mu_err,
                crossover,
                minima: low.map_or(f64::NAN, |x| x.0),
                harmonic: high.map_or(f64::NAN, |x| x.0),
                quantum: quantum.and_then(|q| known(Picture::Quantum(q))).map_or(f64::NAN, |x| x.0),
                n_b,
                multiplicity_shift: shift,
            });
        }
    }
    rows
}

/// μ at which ⟨N⟩ of the only species passes `n`, with its standard error, between rows of the map by interpolation.
fn half_way(map: &Map, temperature: f64, n: f64) -> Option<(f64, f64)> {
    let (axis, width) = (&map.axes[0], map.axes[0].len());
    let in_row = |t: usize| -> Option<(f64, f64)> {
        let row = &map.cells[t * width..(t + 1) * width];
        let known: Vec<usize> = (0..width).filter(|&i| !row[i].masked).collect();
        known.windows(2).find(|w| row[w[0]].n[0] <= n && n < row[w[1]].n[0]).map(|w| {
            let (a, b) = (&row[w[0]], &row[w[1]]);
            let slope = (b.n[0] - a.n[0]) / (axis[w[1]] - axis[w[0]]);
            let err = a.n_err.first().copied().unwrap_or(f64::NAN).max(b.n_err.first().copied().unwrap_or(f64::NAN));
            (axis[w[0]] + (n - a.n[0]) / slope, err / slope)
        })
    };
    let after = map.temperatures.partition_point(|&t| t < temperature * (1.0 - 1e-12));
    let upper = *map.temperatures.get(after)?;
    if (upper - temperature).abs() <= 1e-9 * temperature {
        return in_row(after);
    }
    let below = after.checked_sub(1)?;
    let (low, high) = (in_row(below)?, in_row(after)?);
    let x = (temperature - map.temperatures[below]) / (upper - map.temperatures[below]);
    Some((low.0 + x * (high.0 - low.0), low.1.max(high.1)))
}
