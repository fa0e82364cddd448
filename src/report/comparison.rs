//! Page that compares aiAT with a run: `aiat.html`.

use super::findings::{phase_name, with_error};
use super::html::{STYLE, head, show, subscripts};
use crate::base::error::Result;
use crate::figures::{Figure, Labels, text};
use crate::io::atomic::write_whole;
use crate::landscape::Search;
use crate::landscape::comparison::{Boundary, Comparison};
use maud::{DOCTYPE, Markup, html};
use std::path::{Path, PathBuf};

/// Difference per atom from which two pictures disagree [kT].
const PART: f64 = 0.25;

/// Style of pictures side by side.
const PAIRS: &str = "body{max-width:110rem}.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(26rem,1fr));gap:1rem}\
                     p,ul,table{max-width:62rem}";

/// Writes `dir/aiat.html`.
///
/// # Errors
/// [`crate::base::Error::Io`] if it cannot be written.
pub fn write(
    dir: &Path,
    comparison: &Comparison,
    search: &Search,
    figures: &[Figure],
    labels: &Labels,
) -> Result<PathBuf> {
    let path = dir.join("aiat.html");
    write_whole(&path, page(comparison, search, figures, labels).into_string().as_bytes())?;
    Ok(path)
}

/// Differences between the three pictures and their reasons, in sentences.
pub fn findings(comparison: &Comparison, search: &Search, labels: &Labels) -> Vec<String> {
    let mut words = vec![quenches(search)];
    if comparison.quantum.is_some() {
        words.push(
            "Quantum vibrations (aiat_quantum) are a further picture: its difference to the run contains zero-point energy and \
             frozen modes, which classical dynamics does not have."
                .to_owned(),
        );
    }
    let Some(first) = comparison.boundaries.first() else {
        words.push(
            "There is no first-order boundary of a single species to compare; the maps show where the pictures part."
                .to_owned(),
        );
        return words;
    };
    let pair = (first.phase_a, first.phase_b);
    let rows: Vec<&Boundary> =
        comparison.boundaries.iter().filter(|b| (b.phase_a, b.phase_b) == pair && b.harmonic.is_finite()).collect();
    words.extend(pictures(comparison, &rows, pair, labels));
    let simulated: Vec<&Boundary> = rows.into_iter().filter(|b| b.mu.is_finite()).collect();
    words.extend(beside_the_run(&simulated, labels));
    words
}

/// Numbers of quenches and minima, and of points that the pictures leave out.
fn quenches(search: &Search) -> String {
    let saddles = search.minima.iter().filter(|m| m.negative > 0).count();
    let loose = search.minima.iter().filter(|m| m.negative == 0 && m.flat > 0).count();
    let compositions = {
        let mut all: Vec<&[u16]> = search.minima.iter().map(|m| &m.counts[..]).collect();
        all.dedup();
        all.len()
    };
    format!(
        "{} configurations were quenched: {} distinct minima of {compositions} compositions; {} quenches did not converge, \
         {} ended at a wall, {saddles} points have negative modes and {loose} have modes without a force: these are left \
         out of the harmonic picture.",
        search.quenches,
        search.minima.len(),
        search.not_converged,
        search.on_wall
    )
}

/// Boundary between two phases in each picture.
///
/// - `rows`: by rising temperature
fn pictures(comparison: &Comparison, rows: &[&Boundary], pair: (usize, usize), labels: &Labels) -> Vec<String> {
    let energy = labels.units.energy_label();
    let mut words = Vec::new();
    let name = |id| phase_name(&comparison.analysis, id);
    let between = format!("{} | {}", name(pair.0), name(pair.1));
    if let (Some(cold), Some(hot)) = (rows.first(), rows.last()) {
        let shift = |b: &Boundary| b.harmonic - b.minima;
        words.push(format!(
            "Minimum energies alone place {between} at {} {energy} at every temperature: a crystal at 0 K against an empty \
             surface, without the entropy that an atom loses when it is bound.",
            text::fixed(cold.minima, 3)
        ));
        words.push(format!(
            "The classical harmonic integral moves it by {} {energy} at T = {} and by {} {energy} at T = {}: atoms in the \
             layer vibrate in a small volume, so a higher μ is needed to hold them. Of this the multiplicity of the minimum \
             (kT ln g shared by {} atoms) takes back only {} {energy} at T = {}.",
            text::fixed(shift(cold), 3),
            text::short(cold.temperature, 4),
            text::fixed(shift(hot), 3),
            text::short(hot.temperature, 4),
            hot.n_b,
            text::fixed(hot.multiplicity_shift, 3),
            text::short(hot.temperature, 4)
        ));
    }
    if let Some(b) = rows.iter().find(|b| b.quantum.is_finite()) {
        words.push(format!(
            "They move the boundary from {} to {} {energy} at T = {}.",
            text::fixed(b.harmonic, 3),
            text::fixed(b.quantum, 3),
            text::short(b.temperature, 4)
        ));
    }
    words
}

/// Differences that remain between the harmonic picture and the run.
///
/// - `known`: points of the boundary in both, by rising temperature
fn beside_the_run(known: &[&Boundary], labels: &Labels) -> Vec<String> {
    let energy = labels.units.energy_label();
    let kt = |b: &Boundary| labels.units.boltzmann() * b.temperature;
    let mut words = Vec::new();
    if let Some(b) = known.iter().max_by(|a, b| {
        let off = |b: &Boundary| (b.mu - b.harmonic).abs();
        off(a).total_cmp(&off(b))
    }) {
        let least = known.iter().map(|b| (b.mu - b.harmonic).abs()).fold(f64::INFINITY, f64::min);
        words.push(format!(
            "Between the harmonic picture and the run there remain {} to {} {energy} (largest at T = {}: run {}, harmonic {}): \
             anharmonic vibrations, defects and disorder of the layer, and atoms in the gas phase, which one minimum per phase \
             does not hold.",
            text::fixed(least, 3),
            text::fixed((b.mu - b.harmonic).abs(), 3),
            text::short(b.temperature, 4),
            with_error(b.mu, b.mu_err),
            text::fixed(b.harmonic, 3)
        ));
    }
    if let Some(b) = known.iter().find(|b| b.crossover) {
        words.push(format!(
            "From T = {} on P(N) of the run has no two basins: there its μ (~) is where ⟨N⟩ passes half way between the two \
             sides, while both pictures keep a sharp step.",
            text::short(b.temperature, 4)
        ));
    }
    match known.iter().find(|b| (b.mu - b.harmonic).abs() > PART * kt(b)) {
        Some(b) => words.push(format!(
            "From T = {} on the two part by more than {PART} kT per atom.",
            text::short(b.temperature, 4)
        )),
        None if !known.is_empty() => {
            words.push(format!("Nowhere along this boundary do the two part by more than {PART} kT per atom."))
        }
        None => {}
    }
    words
}

fn page(comparison: &Comparison, search: &Search, figures: &[Figure], labels: &Labels) -> Markup {
    let title = if labels.title.is_empty() { "aiAT beside a run" } else { &labels.title };
    let of = |stem: &str| -> Vec<(usize, &Figure)> {
        figures.iter().enumerate().filter(|(_, f)| f.name.starts_with(stem)).collect()
    };
    let groups = [
        ("The boundary in three pictures", of("aiat_boundary")),
        (
            "Phase diagrams on the same axes",
            [of("aiat_minima"), of("aiat_harmonic"), of("aiat_quantum"), of("aiat_regc")].concat(),
        ),
        ("Differences", of("aiat_difference")),
    ];
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(&format!("{title} · aiAT"), &[STYLE, PAIRS]))
            body {
                header {
                    h1 { (title) }
                    p.lead { "Ab initio thermodynamics from the run's own minima, beside the run: minimum energies only, with \
                        the classical harmonic integral, and replica-exchange grand-canonical sampling with MBAR." }
                }
                main {
                    section {
                        h2 { "Where the three part, and why" }
                        ul { @for words in findings(comparison, search, labels) { li { (subscripts(&words)) } } }
                        @if !comparison.boundaries.is_empty() { (table(comparison, labels)) }
                    }
                    @for (heading, figures) in &groups {
                        @if !figures.is_empty() {
                            section {
                                h2 { (heading) }
                                div.pair { @for (i, figure) in figures { (show(i + 1, figure)) } }
                            }
                        }
                    }
                }
                footer { p { "Tables: " @for name in ["aiat_minima", "aiat_boundaries", "aiat_steps", "aiat_maps"] {
                    a href=(format!("analysis/{name}.csv")) { (name) ".csv" } " "
                } "This page loads nothing from elsewhere." } }
            }
        }
    }
}

fn table(comparison: &Comparison, labels: &Labels) -> Markup {
    let number = |x: f64| if x.is_finite() { text::fixed(x, 3) } else { "–".to_owned() };
    html! {
        div.scroll { table {
            thead { tr {
                th.text { "boundary" }
                th { "T [" (subscripts(labels.units.temperature_label())) "]" }
                th { "minimum energies [" (labels.units.energy_label()) "]" }
                th { "harmonic" }
                th { "REGC + MBAR" }
                th { "REGC − harmonic" }
            } }
            tbody { @for b in &comparison.boundaries { tr {
                td.text { (phase_name(&comparison.analysis, b.phase_a)) " | " (phase_name(&comparison.analysis, b.phase_b)) }
                td { (text::short(b.temperature, 4)) }
                td { (number(b.minima)) }
                td { (number(b.harmonic)) }
                td { @if b.crossover { "~ " } (if b.mu.is_finite() { with_error(b.mu, b.mu_err) } else { "–".to_owned() }) }
                td { (number(b.mu - b.harmonic)) }
            } } }
        } }
    }
}
