//! No label stands on another: the boxes of all texts of a figure, from its SVG.

use super::{drawn, in_metal_units, synthetic, with_an_order_parameter};
use adlayer::testing::analysis::Analysis;
use adlayer::testing::thermo::Convention;
use std::collections::BTreeSet;

/// Width of a character over the size of its font, on average; DejaVu Sans has 0.55 to 0.65.
const WIDE: f64 = 0.56;
/// Pixels by which boxes may touch: they are estimates.
const TOUCH: f64 = 2.0;
/// The same on one line, where a label with a subscript goes on in a text of its own.
const GOES_ON: f64 = 14.0;

/// A text with its box: left, top, right, bottom \[px\], and the size of its font.
type Label = (String, [f64; 4], f64);

/// The texts of an SVG.
fn labels(svg: &str) -> Vec<Label> {
    let mut labels = Vec::new();
    for part in svg.split("<text").skip(1) {
        let (head, rest) = part.split_once('>').expect("an end of the tag");
        let body = rest.split("</text>").next().expect("a text");
        let mut words = String::new();
        let mut in_tag = false;
        for c in body.chars() {
            match c {
                '<' => in_tag = true,
                '>' => in_tag = false,
                c if !in_tag => words.push(c),
                _ => {}
            }
        }
        let words = words.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
        let attribute = |name: &str| {
            let from = head.find(&format!(" {name}=\""))? + name.len() + 3;
            head[from..].split('"').next()
        };
        let number = |name: &str| attribute(name).and_then(|v| v.parse::<f64>().ok()).unwrap_or(0.0);
        let (x, y, size) = (number("x"), number("y"), number("font-size"));
        let width = WIDE * size * words.chars().count() as f64;
        let left = match attribute("text-anchor") {
            Some("middle") => x - 0.5 * width,
            Some("end") => x - width,
            _ => x,
        };
        let flat = [left, y - 0.7 * size, left + width, y + 0.1 * size];
        let is_upright =
            attribute("transform").is_some_and(|t| t.starts_with("rotate(-90") || t.starts_with("rotate(270"));
        // turned about (x, y): to the right becomes up
        let upright = [x + (flat[1] - y), y - (flat[2] - x), x + (flat[3] - y), y - (flat[0] - x)];
        if !words.trim().is_empty() {
            labels.push((words, if is_upright { upright } else { flat }, size));
        }
    }
    labels
}

/// Pairs of texts that stand on each other.
fn overlaps(labels: &[Label]) -> Vec<(String, String)> {
    let meet = |a: &[f64; 4], b: &[f64; 4]| {
        let across = if (a[3] - b[3]).abs() < 0.01 { GOES_ON } else { TOUCH };
        a[2].min(b[2]) - a[0].max(b[0]) > across && a[3].min(b[3]) - a[1].max(b[1]) > TOUCH
    };
    let pairs = labels.iter().enumerate().flat_map(|(i, a)| labels[..i].iter().map(move |b| (a, b)));
    // A subscript is a text of its own behind what it belongs to, wherever estimates put it.
    let is_subscript = |a: &Label, b: &Label| a.2 < 0.9 * b.2 && a.0.chars().count() <= 3;
    pairs
        .filter(|(a, b)| meet(&a.1, &b.1) && !is_subscript(a, b) && !is_subscript(b, a))
        .map(|(a, b)| (b.0.clone(), a.0.clone()))
        .collect()
}

/// Fails where a label of a picture stands on another.
///
/// - `whose`: named in the message
/// - returns: number of labels
pub(crate) fn assert_no_overlap(svg: &str, whose: &str) -> usize {
    let labels = labels(svg);
    assert_eq!(overlaps(&labels), [], "{whose}");
    labels.len()
}

#[test]
fn no_label_stands_on_another() {
    let mus = synthetic::linear(-7.5, -1.0, 14);
    let pressures = |mut analysis: Analysis| {
        let unit = 1.0;
        analysis.grid.reservoirs.iter_mut().for_each(|r| r.convention = Convention::Pressure { unit });
        analysis
    };
    let two = || synthetic::analysis(&synthetic::TEMPERATURES, &mus, &[-6.0, -5.0, -4.0]);
    let cases = [
        ("default", synthetic::with_observables(synthetic::default_scene())),
        ("order", synthetic::with_observables(with_an_order_parameter())),
        ("metal", synthetic::with_observables(in_metal_units())),
        ("metal in pressure", pressures(in_metal_units())),
        ("two species", synthetic::with_observables(two())),
        ("two in pressure", pressures(two())),
        ("canonical", synthetic::with_observables(synthetic::canonical())),
        ("one temperature", synthetic::analysis(&[0.36], &mus, &[])),
        (
            "one chemical potential",
            synthetic::with_observables(synthetic::analysis(&synthetic::TEMPERATURES, &[-4.0], &[])),
        ),
        ("sampled", synthetic::sampled()),
    ];
    let (mut seen, mut kinds) = (0, BTreeSet::new());
    for (scene, analysis) in cases {
        for figure in drawn(&analysis).1 {
            seen += assert_no_overlap(&figure.svg, &format!("{scene}: {}", figure.name));
            kinds.insert(figure.name);
        }
    }
    assert!(seen > 2_000, "{seen} labels");
    for kind in ["phase_diagram_B", "mean_n_C", "heat_capacity", "isosteric_heat_B", "observable_psi6", "rdf_layer"] {
        assert!(kinds.contains(kind), "{kind} is not among {kinds:?}");
    }
}

#[test]
fn labels_on_each_other_are_found() {
    let svg = |second: &str| format!("<svg><text x=\"10\" y=\"20\" font-size=\"10\">first</text>{second}</svg>");
    let found = |second: &str| overlaps(&labels(&svg(second))).len();
    assert_eq!(found("<text x=\"30\" y=\"22\" font-size=\"10\">second</text>"), 1);
    assert_eq!(found("<text x=\"60\" y=\"22\" font-size=\"10\" text-anchor=\"end\"><tspan>se</tspan>cond</text>"), 1);
    assert_eq!(found("<text x=\"60\" y=\"22\" font-size=\"10\">second</text>"), 0);
    assert_eq!(found("<text x=\"30\" y=\"40\" font-size=\"10\">second</text>"), 0);
    let upright = "<text x=\"20\" y=\"40\" font-size=\"10\" transform=\"rotate(-90,20,40)\">upright</text>";
    assert_eq!(found(upright), 1);
}
