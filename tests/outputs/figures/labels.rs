//! No label stands on another: the boxes of all texts of a figure, from its SVG.

use super::{default_drawn, drawn, in_metal_units, synthetic};

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

#[test]
fn no_label_stands_on_another() {
    let canonical = drawn(&synthetic::canonical());
    let metal = drawn(&in_metal_units());
    let mut seen = 0;
    for (scene, figures) in [("default", &default_drawn().1), ("metal", &metal.1), ("canonical", &canonical.1)] {
        for figure in figures {
            let labels = labels(&figure.svg);
            seen += labels.len();
            assert_eq!(overlaps(&labels), [], "{scene}: {}", figure.name);
        }
    }
    assert!(seen > 300, "{seen} labels");
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
