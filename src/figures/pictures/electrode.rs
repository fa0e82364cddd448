//! Figures of the computational hydrogen electrode.

use super::{Drawing, Figure, Labels, write_all};
use crate::base::Result;
use crate::base::units::Units;
use crate::figures::pictures::plot::axis::Axis;
use crate::figures::pictures::plot::canvas::{Canvas, Frame, Stroke, TEXT};
use crate::figures::pictures::plot::curves::{Chart, Series, chart};
use crate::figures::pictures::plot::diagram::{Diagram, diagram};
use crate::figures::pictures::plot::legend::{self, Entry, Sign};
use crate::figures::pictures::plot::{palette, text};
use crate::input::che::CheInput;
use crate::io::csv::{Table, number};
use crate::thermochemistry::che::{Electrode, Scale, from_reversible, per_ph};
use crate::thermochemistry::envelope::{Plane, edges, lowest_planes};
use kuva::render::render::TextAnchor;
use std::path::Path;

/// Share of the range of levels within which two look like one.
const COINCIDE: f64 = 0.006;
/// Range of the pH.
const PH: (f64, f64) = (0.0, 14.0);

/// Draws staircases at U = 0, U_L and U_eq, sweeps over U and pH, and the (pH, U) diagram of the surfaces (if there are
/// any), into `dir/figures`.
///
/// # Errors
/// [`crate::base::Error::Io`] if a file cannot be written.
pub fn draw(input: &CheInput, dir: &Path) -> Result<Vec<Figure>> {
    let mut drawings = vec![staircase(input)];
    drawings.extend(sweep_potential(input));
    drawings.extend(sweep_ph(input));
    if !input.surfaces.is_empty() {
        drawings.push(surfaces(input));
    }
    write_all(drawings, dir)
}

fn subtitle(input: &CheInput) -> String {
    let note = if input.illustrative { "illustrative energies" } else { "" };
    [input.title.as_str(), note].into_iter().filter(|s| !s.is_empty()).collect::<Vec<_>>().join(": ")
}

/// The subtitle with the conditions of a figure.
fn with_words(input: &CheInput, words: &str) -> String {
    let subtitle = subtitle(input);
    if subtitle.is_empty() { words.to_owned() } else { format!("{subtitle}; {words}") }
}

/// Potentials of the staircase on the scale of the file, with their names.
fn potentials(input: &CheInput) -> Vec<(String, f64)> {
    let mut all = vec![("U = 0".to_owned(), 0.0)];
    let mut add = |name: &str, reversible: f64| {
        let u = from_reversible(reversible, input.ph, input.scale, input.temperature);
        if all.iter().all(|(_, other)| (u - other).abs() > 1e-9) {
            all.push((format!("{name} = {} V", text::short(u, 3)), u));
        }
    };
    if let Some((limit, _)) = input.reaction.limiting() {
        add("U(limit)", limit);
    }
    add("U(equilibrium)", input.reaction.equilibrium);
    all
}

/// The scale of the file in words, with the pH where that matters.
fn on_scale(input: &CheInput) -> String {
    let ph = || format!(" at pH {}", text::short(input.ph, 2));
    format!("{}{}", input.scale.name(), if input.scale == Scale::Rhe { String::new() } else { ph() })
}

fn at(input: &CheInput, potential: f64, ph: f64, scale: Scale) -> Electrode {
    Electrode { potential, ph, scale, temperature: input.temperature }
}

/// Levels of the states at U = 0, U_L and U_eq.
fn staircase(input: &CheInput) -> Drawing {
    let states = &input.reaction.states;
    let potentials = potentials(input);
    let levels: Vec<Vec<f64>> =
        potentials.iter().map(|(_, u)| input.reaction.levels(&at(input, *u, input.ph, input.scale))).collect();
    let (name, title) = ("che_staircase".to_owned(), "Free energy along the reaction".to_owned());
    let entries: Vec<Entry> = potentials
        .iter()
        .enumerate()
        .map(|(k, (label, _))| Entry {
            sign: Sign::Line(Stroke::solid(palette::line(k), 2.6), None),
            label: label.clone(),
        })
        .collect();
    let all = levels.iter().flatten().copied();
    let (lo, hi) = crate::figures::pictures::plot::axis::span(all).unwrap_or((0.0, 1.0));
    let room = (hi - lo).max(0.1);
    let frame = Frame {
        title: title.clone(),
        subtitle: with_words(input, &format!("potentials against {}", on_scale(input))),
        x: Axis::counting("state of the reaction".into(), 0.5, states.len() as f64 + 0.5),
        // the names of the states stand below
        y: Axis::linear("ΔG [eV]".into(), lo - 0.24 * room, hi + 0.08 * room),
        right: 14.0,
        bottom: legend::bottom_room(&entries),
    };
    let mut canvas = Canvas::new(&name, frame);
    canvas.axes(true);
    canvas.clip(&name);
    let mut table = Table::new(["potential", "state", "label", "free_energy"]);
    for (k, (_, u)) in potentials.iter().enumerate() {
        let colour = palette::line(k);
        let place = |i: usize| i as f64 + 1.0;
        for (i, &level) in levels[k].iter().enumerate() {
            let (from, to) = share(&levels.iter().map(|l| l[i]).collect::<Vec<_>>(), k, COINCIDE * room);
            let ends = [from, to].map(|share| (place(i) - 0.32 + 0.64 * share, level));
            canvas.curve(&ends, &Stroke::solid(colour.clone(), 3.2));
            if let Some(&next) = levels[k].get(i + 1) {
                let ends = [(place(i) + 0.32, level), (place(i) + 0.68, next)];
                canvas.curve(&ends, &Stroke { colour: colour.clone(), width: 1.2, dash: Some((4.0, 3.0)) });
            }
            table.push(vec![number(*u), (i + 1).to_string(), states[i].label.clone(), number(level)]);
        }
    }
    canvas.unclip();
    let (_, _, _, bottom) = canvas.area();
    for (i, state) in states.iter().enumerate() {
        let (what, pairs) = match state.label.split_once(" + ") {
            Some((what, rest)) => (what, format!("+ {rest}")),
            None => (state.label.as_str(), String::new()),
        };
        let x = canvas.px(i as f64 + 1.0);
        let (rest, last) = match pairs.split_once(" + ") {
            Some((a, b)) if b.contains("(H") => (a.to_owned(), format!("+ {b}")),
            _ => (String::new(), pairs),
        };
        for (line, content) in [what, rest.as_str(), last.as_str()].iter().filter(|s| !s.is_empty()).enumerate() {
            let y = bottom - 50.0 + 16.0 * line as f64;
            canvas.text(x, y, content, TEXT - 3, TextAnchor::Middle, palette::INK);
        }
    }
    legend::bottom_legend(&mut canvas, &entries);
    let caption = format!(
        "Free energy of every state at potentials against {}: 0, the limiting potential, where the last electrochemical step \
         ceases to be uphill, and equilibrium. Levels that coincide share their bar.",
        on_scale(input)
    );
    Drawing { name, title, caption, canvas, table }
}

/// The part of a bar, from 0 to 1, that one of several levels has to itself: all of it, or where levels coincide an equal share.
fn share(levels: &[f64], own: usize, tolerance: f64) -> (f64, f64) {
    let on_it: Vec<usize> = (0..levels.len()).filter(|&k| (levels[k] - levels[own]).abs() <= tolerance).collect();
    let (before, all) = (on_it.iter().filter(|k| **k < own).count() as f64, on_it.len().max(1) as f64);
    (before / all, (before + 1.0) / all)
}

/// Names of the steps: `2: O2* → OOH*`.
fn step_names(input: &CheInput) -> Vec<String> {
    // what the electrode sees: the adsorbate, or the first species
    let short = |label: &str| {
        let words: Vec<&str> = label.split(" + ").collect();
        let adsorbed = words.iter().find(|w| w.len() > 1 && w.ends_with('*'));
        (*adsorbed.or(words.first()).unwrap_or(&label)).to_owned()
    };
    let states = &input.reaction.states;
    states
        .windows(2)
        .enumerate()
        .map(|(i, w)| format!("{}: {} → {}", i + 1, short(&w[0].label), short(&w[1].label)))
        .collect()
}

/// ΔG of every step over a range.
fn sweep(
    input: &CheInput,
    name: &str,
    title: &str,
    (caption, words): (String, String),
    x: (&str, &str, (f64, f64)),
    electrode: impl Fn(f64) -> Electrode,
) -> Option<Drawing> {
    let (label, column, (lo, hi)) = x;
    let names = step_names(input);
    let mut table = Table::new([column, "step", "delta_g"]);
    let mut series: Vec<Series> = names
        .iter()
        .enumerate()
        .map(|(k, step)| Series {
            label: step.clone(),
            colour: palette::line(k),
            runs: vec![Vec::new()],
            points: Vec::new(),
        })
        .collect();
    for k in 0..=60 {
        let value = lo + (hi - lo) * f64::from(k) / 60.0;
        for (i, step) in input.reaction.steps(&electrode(value)).into_iter().enumerate() {
            series[i].runs[0].push((value, step, f64::NAN));
            table.push(vec![number(value), names[i].clone(), number(step)]);
        }
    }
    let zero = vec![(lo, 0.0, f64::NAN), (hi, 0.0, f64::NAN)];
    series.push(Series { label: String::new(), colour: palette::FAINT, runs: vec![zero], points: Vec::new() });
    let labels = Labels { units: Units::Metal, title: with_words(input, &words) };
    let outline = Chart {
        name: name.into(),
        title: title.into(),
        caption,
        x_label: label.into(),
        y_label: "ΔG of a step [eV]".into(),
        heading: "step".into(),
        notes: Vec::new(),
        log_floor: None,
        from_zero: false,
    };
    chart(&labels, outline, &series, table)
}

fn sweep_potential(input: &CheInput) -> Option<Drawing> {
    let scale = input.scale;
    let caption = format!(
        "ΔG of every step against the potential ({}) at pH {}. A step is downhill below zero.",
        scale.name(),
        text::short(input.ph, 2)
    );
    let label = format!("U [V] against {}", scale.name());
    let axis = (label.as_str(), "potential", input.sweep);
    let words = (caption, format!("pH {}", text::short(input.ph, 2)));
    sweep(input, "che_sweep_potential", "Steps against the potential", words, axis, |u| at(input, u, input.ph, scale))
}

fn sweep_ph(input: &CheInput) -> Option<Drawing> {
    let (limit, _) = input.reaction.limiting()?;
    let caption = format!(
        "ΔG of every step against the pH at U = {} V (SHE). One unit of pH does what {:.4} V do; on the reversible scale \
         the pH does nothing.",
        text::short(limit, 3),
        per_ph(input.temperature)
    );
    let words = (caption, format!("U = {} V against SHE", text::short(limit, 3)));
    sweep(input, "che_sweep_ph", "Steps against the pH", words, ("pH", "ph", PH), |ph| at(input, limit, ph, Scale::She))
}

/// The most stable surface over pH and potential.
fn surfaces(input: &CheInput) -> Drawing {
    let scale = input.scale;
    let planes: Vec<Plane> = input.surfaces.iter().map(|s| s.plane(input.temperature, scale)).collect();
    let regions = lowest_planes(&planes, PH, input.sweep);
    let mut table = Table::new(["from", "to", "ph", "potential"]);
    let mut lines = Vec::new();
    for edge in edges(&regions) {
        let label = |i: usize| input.surfaces[i].label.clone();
        for end in [edge.from, edge.to] {
            table.push(vec![label(edge.planes.0), label(edge.planes.1), number(end.0), number(end.1)]);
        }
        lines.push(vec![edge.from, edge.to]);
    }
    let described = Diagram {
        name: "che_surfaces".into(),
        title: "Most stable surface over pH and potential".into(),
        subtitle: subtitle(input),
        caption: format!(
            "The surface of lowest free energy in contact with water{} and H⁺ + e⁻, over pH and the potential ({}).",
            input
                .supplies
                .iter()
                .map(|(element, molecule)| format!(", {molecule} (for {element})"))
                .collect::<String>(),
            scale.name()
        ),
        x: Axis::linear("pH".into(), PH.0, PH.1),
        y: Axis::linear(format!("U [V] against {}", scale.name()), input.sweep.0, input.sweep.1),
        top: Vec::new(),
        right: Vec::new(),
        names: input.surfaces.iter().map(|s| s.label.clone()).collect(),
        lines,
        table,
    };
    diagram(described, |ph, u| {
        let value = |p: &Plane| p.constant + p.slopes[0] * ph + p.slopes[1] * u;
        (0..planes.len()).min_by(|&a, &b| value(&planes[a]).total_cmp(&value(&planes[b])))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_that_coincide_share_their_bar() {
        let levels = [0.0, 1.0, 0.001, 0.0];
        let shares: Vec<(f64, f64)> = (0..4).map(|k| share(&levels, k, 0.01)).collect();
        assert_eq!(shares[1], (0.0, 1.0));
        assert_eq!([shares[0], shares[2], shares[3]], [0.0, 1.0, 2.0].map(|k: f64| (k / 3.0, (k + 1.0) / 3.0)));
    }
}
