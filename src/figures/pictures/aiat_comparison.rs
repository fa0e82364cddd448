//! Figures of aiAT beside a run: the same axes as the run's own diagram.

use super::{Drawing, Figure, Labels, maps, phases, write_all};
use crate::analysis::Analysis;
use crate::base::Result;
use crate::figures::pictures::plot::curves::{Chart, Series, chart};
use crate::figures::pictures::plot::legend::{Entry, Sign};
use crate::figures::pictures::plot::map_slice::{Across, Slice};
use crate::figures::pictures::plot::palette;
use crate::io::csv::{Table, number};
use crate::landscape::comparison::{Boundary, Comparison};
use std::path::Path;

const MINIMA: &str = "Regions: the composition of the minimum with the lowest E − Σ Nμ among all that were found; no \
                      vibrations, no entropy. Lines: where it changes. Dots: simulated states.";
const HARMONIC: &str = "Regions: the composition of the minimum with the lowest free energy in the classical harmonic \
                        approximation, its multiplicity counted. Lines: where it changes. Dots: simulated states.";

const QUANTUM: &str = "Regions: the composition of the minimum with the lowest free energy with quantum harmonic vibrations, \
                       their zero point included, which the classical dynamics of the run does not have. Lines: where it \
                       changes. Dots: simulated states.";

/// Draws, for every reservoir species: the run's phase diagram, both pictures of aiAT on the same axes, the differences of
/// ⟨N⟩, and the boundaries against temperature; into `dir/figures`.
///
/// # Errors
/// [`crate::base::Error::Io`] if a file cannot be written.
pub fn draw(comparison: &Comparison, labels: &Labels, dir: &Path) -> Result<Vec<Figure>> {
    let mut drawings: Vec<Drawing> = Vec::new();
    for s in 0..comparison.analysis.grid.n_reservoirs() {
        let species = &comparison.analysis.grid.reservoirs[s].species;
        for (picture, stem, title, caption) in [
            (&comparison.analysis, "regc", "Replica-exchange grand-canonical sampling + MBAR", None),
            (&comparison.minima, "minima", "Minimum energies only", Some(MINIMA)),
            (&comparison.harmonic, "harmonic", "Minima with the classical harmonic integral", Some(HARMONIC)),
        ] {
            let drawing = diagram(picture, labels, s, format!("aiat_{stem}_{species}"), title);
            drawings.extend(
                drawing.map(|d| Drawing { caption: caption.map_or_else(|| d.caption.clone(), str::to_owned), ..d }),
            );
        }
        drawings.extend(comparison.quantum.as_ref().and_then(|picture| {
            let name = format!("aiat_quantum_{species}");
            let drawing = diagram(picture, labels, s, name, "Minima with quantum harmonic vibrations")?;
            Some(Drawing { caption: QUANTUM.to_owned(), ..drawing })
        }));
        for difference in &comparison.differences {
            let name = format!("aiat_difference_{}_{species}", difference.stem);
            drawings.extend(maps::difference(
                &difference.values,
                labels,
                s,
                name,
                difference.title,
                difference.caption,
            ));
        }
    }
    drawings.extend(boundaries(comparison, labels));
    write_all(drawings, dir)
}

fn diagram(picture: &Analysis, labels: &Labels, s: usize, name: String, title: &str) -> Option<Drawing> {
    let slice = Slice::new(picture, Across::Mu, s)?;
    let x_label = labels.mu(picture, s);
    phases::draw(picture, labels, &slice, name, title, x_label, "mu")
}

/// Boundaries of the three against temperature.
fn boundaries(comparison: &Comparison, labels: &Labels) -> Option<Drawing> {
    let first = comparison.boundaries.first()?;
    let pair = (first.phase_a, first.phase_b);
    let rows: Vec<&Boundary> = comparison.boundaries.iter().filter(|b| (b.phase_a, b.phase_b) == pair).collect();
    let line = |f: &dyn Fn(&Boundary) -> f64| -> Vec<(f64, f64, f64)> {
        rows.iter().map(|b| (b.temperature, f(b), f64::NAN)).filter(|p| p.1.is_finite()).collect()
    };
    let regc: Vec<(f64, f64, f64)> =
        rows.iter().map(|b| (b.temperature, b.mu, b.mu_err)).filter(|p| p.1.is_finite()).collect();
    let pictures = [
        ("minimum energies", line(&|b| b.minima), 0),
        ("classical harmonic", line(&|b| b.harmonic), 1),
        ("quantum harmonic", line(&|b| b.quantum), 3),
        ("REGC + MBAR", regc, 2),
    ];
    let series: Vec<Series> = pictures
        .into_iter()
        .filter(|p| !p.1.is_empty())
        .map(|(label, run, k)| Series {
            label: label.into(),
            colour: palette::line(k),
            runs: vec![run.clone()],
            points: if k == 2 { run } else { Vec::new() },
        })
        .collect();
    let mut table = Table::new(["temperature", "mu_minima", "mu_harmonic", "mu_quantum", "mu_regc", "mu_regc_err"]);
    for b in &rows {
        table.push([b.temperature, b.minima, b.harmonic, b.quantum, b.mu, b.mu_err].map(number).to_vec());
    }
    let name = |id: usize| {
        let phase = comparison.analysis.phases.iter().find(|p| p.id == id);
        phase.map_or_else(|| format!("phase {id}"), |p| p.name.clone())
    };
    let outline = Chart {
        name: "aiat_boundary".into(),
        title: format!("Boundary {} | {}", name(pair.0), name(pair.1)),
        caption: "The boundary between two phases of the run in three pictures: minimum energies alone, with the \
                  classical harmonic integral of each minimum, and from the run itself (REGC + MBAR, with standard \
                  errors)."
            .into(),
        x_label: labels.temperature(),
        y_label: labels.mu(&comparison.analysis, 0),
        heading: String::new(),
        notes: vec![Entry {
            sign: Sign::Line(crate::figures::pictures::plot::canvas::Stroke::solid(palette::FAINT, 2.2), None),
            label: "bands and bars: standard errors of the run".into(),
        }],
        log_floor: None,
        from_zero: false,
    };
    chart(labels, outline, &series, table)
}
