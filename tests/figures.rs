//! Figures and report, drawn from a model with known averages.

mod synthetic;

use adlayer::figures::{Labels, draw};
use adlayer::units::Units;

#[test]
fn gallery() {
    let Ok(dir) = std::env::var("ADLAYER_GALLERY") else { return };
    let dir = std::path::PathBuf::from(dir);
    let labels = Labels { units: Units::Lj, title: "Two-component Lennard-Jones surface".into() };
    let cases = [
        ("default", synthetic::default_scene()),
        ("canonical", synthetic::canonical()),
        ("single_t", synthetic::analysis(&[0.36], &synthetic::linear(-7.5, -1.0, 14), &[])),
        ("single_mu", synthetic::analysis(&synthetic::TEMPERATURES, &[-4.0], &[])),
        ("two", synthetic::analysis(&synthetic::TEMPERATURES, &synthetic::linear(-7.5, -1.0, 14), &[-6.0, -5.0, -4.0])),
    ];
    for (name, analysis) in cases {
        let figures = draw(&analysis, &labels, &dir.join(name)).expect("drawn");
        for figure in figures {
            println!("{name}/{}: {}", figure.name, figure.caption);
        }
    }
}
