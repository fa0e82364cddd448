//! Figures of ab initio thermodynamics from a list of structures.

use super::axis::{Axis, span};
use super::canvas::{Canvas, Frame, Secondary, Stroke};
use super::diagram::{Diagram, diagram};
use super::furniture::{self, Entry, Sign};
use super::table::{Table, number};
use super::{Drawing, Figure, palette, text, write_all};
use crate::Result;
use crate::scene::inputs::aiat::AiatInput;
use crate::thermochemistry::envelope::{edges, lowest_planes};
use std::path::Path;

/// Draws ΔG over Δμ (one gas) or the stable structures over both Δμ (two gases), and the (T, p) diagram, into
/// `dir/figures`.
///
/// # Errors
/// [`crate::Error::Io`] if a file cannot be written.
pub fn draw(input: &AiatInput, dir: &Path) -> Result<Vec<Figure>> {
    let mut drawings = Vec::new();
    for &temperature in named(input) {
        drawings.push(match input.axes.len() {
            1 => lines(input, temperature)?,
            _ => plane(input, temperature)?,
        });
    }
    drawings.push(temperature_pressure(input)?);
    write_all(drawings, dir)
}

/// A boundary: the two structures, and its points (p in the shown unit, T).
type JoinedLine = ((usize, usize), Vec<(f64, f64)>);

/// Temperatures that have a figure over Δμ of their own: one suffices without vibrations.
fn named(input: &AiatInput) -> &[f64] {
    let all = &input.named_temperatures;
    if input.surface.has_vibrations() { all } else { &all[..1] }
}

fn subtitle(input: &AiatInput) -> String {
    let note = if input.illustrative { "illustrative energies" } else { "" };
    [input.title.as_str(), note].into_iter().filter(|s| !s.is_empty()).collect::<Vec<_>>().join(": ")
}

/// Pressure axes over the Δμ of one gas, at every named temperature.
fn pressure_axes(input: &AiatInput, gas: usize, x: &Axis) -> Result<Vec<Secondary>> {
    let unit = input.pressure_unit;
    let (molecule, _) = input.surface.gas(gas);
    input
        .named_temperatures
        .iter()
        .map(|&t| {
            let log_p = |mu: f64| -> Result<f64> {
                Ok((input.surface.pressure(gas, t, mu)? / unit.pascals()).max(1e-300).log10())
            };
            let label = format!("p of {} [{}] at T = {} K", molecule.name, unit.symbol(), text::short(t, 2));
            Ok(Secondary::linear(x, &Axis::log10(label, log_p(x.lo)?, log_p(x.hi)?)))
        })
        .collect()
}

/// ΔG per area against Δμ: a line a structure, the lower envelope drawn wide.
fn lines(input: &AiatInput, temperature: f64) -> Result<Drawing> {
    let (surface, axis) = (&input.surface, &input.axes[0]);
    let (lo, hi) = axis.delta_mu;
    let at = |i: usize, mu: f64| 1e3 * surface.gamma(i, temperature, &[mu]);
    let n = surface.structures.len();
    let stretches = surface.stretches(0, temperature, &[0.0], axis.delta_mu);
    let stable: Vec<f64> = stretches.iter().flat_map(|s| [at(s.line, s.from), at(s.line, s.to)]).collect();
    let (low, high) = span(stable.into_iter()).unwrap_or((0.0, 1.0));
    let room = (high - low).max(1e-3);
    let x = Axis::linear(format!("Δμ of {} [eV]", axis.species), lo, hi);
    let y = Axis::linear("ΔG per area [meV/Å²]".into(), low - 0.08 * room, high + 0.35 * room);
    let top = pressure_axes(input, 0, &x)?;
    let entries: Vec<Entry> = (0..n)
        .map(|i| Entry {
            sign: Sign::Line(Stroke::solid(palette::line(i), 2.2), None),
            label: surface.structures[i].label.clone(),
        })
        .collect();
    let name = match surface.has_vibrations() {
        true => format!("aiat_delta_mu_{}K", text::short(temperature, 2)),
        false => "aiat_delta_mu".to_owned(),
    };
    let title = "Free energy of adsorption".to_owned();
    let frame = Frame {
        title: title.clone(),
        subtitle: subtitle(input),
        x,
        y,
        right: furniture::side_room(&entries, ""),
        bottom: 0.0,
    };
    let mut canvas = Canvas::with_top(&name, frame, top);
    canvas.axes(true);
    canvas.clip(&name);
    let mut table = Table::new(["layer", "structure", "delta_mu", "gamma_eV_per_A2"]);
    let mut row = |layer: &str, i: usize, mu: f64| {
        let label = surface.structures[i].label.clone();
        table.push(vec![layer.into(), label, number(mu), number(1e-3 * at(i, mu))]);
    };
    for i in 0..n {
        canvas.curve(&[(lo, at(i, lo)), (hi, at(i, hi))], &Stroke::dashed(palette::line(i), 1.3));
        row("line", i, lo);
        row("line", i, hi);
    }
    for s in &stretches {
        let colour = palette::line(s.line);
        canvas.curve(&[(s.from, at(s.line, s.from)), (s.to, at(s.line, s.to))], &Stroke::solid(colour, 3.4));
        row("stable", s.line, s.from);
        row("stable", s.line, s.to);
    }
    canvas.unclip();
    furniture::side_legend(&mut canvas, &entries, "");
    let mut caption = format!(
        "ΔG of adsorption per area against Δμ of {}, zero at the molecule at 0 K. Wide: the most stable structure.",
        axis.species
    );
    if surface.has_vibrations() {
        caption.push_str(&format!(" Vibrations at {} K.", text::short(temperature, 2)));
    }
    Ok(Drawing { name, title, caption, canvas, table })
}

/// The most stable structure over the Δμ of two gases.
fn plane(input: &AiatInput, temperature: f64) -> Result<Drawing> {
    let surface = &input.surface;
    let (a, b) = (&input.axes[0], &input.axes[1]);
    let regions = lowest_planes(&surface.planes(temperature), a.delta_mu, b.delta_mu);
    let x = Axis::linear(format!("Δμ of {} [eV]", a.species), a.delta_mu.0, a.delta_mu.1);
    let y = Axis::linear(format!("Δμ of {} [eV]", b.species), b.delta_mu.0, b.delta_mu.1);
    let mut table = Table::new(["from", "to", &format!("delta_mu_{}", a.species), &format!("delta_mu_{}", b.species)]);
    let mut boundaries = Vec::new();
    for edge in edges(&regions) {
        let label = |i: usize| surface.structures[i].label.clone();
        for end in [edge.from, edge.to] {
            table.push(vec![label(edge.planes.0), label(edge.planes.1), number(end.0), number(end.1)]);
        }
        boundaries.push(vec![edge.from, edge.to]);
    }
    let suffix = if surface.has_vibrations() { format!("_{}K", text::short(temperature, 2)) } else { String::new() };
    let described = Diagram {
        name: format!("aiat_delta_mu{suffix}"),
        title: "Most stable structure".into(),
        subtitle: subtitle(input),
        caption: format!(
            "The most stable structure over Δμ of {} and of {}, each zero at its molecule at 0 K; pressures of the first \
             gas above.",
            a.species, b.species
        ),
        top: pressure_axes(input, 0, &x)?,
        x,
        y,
        names: surface.structures.iter().map(|s| s.label.clone()).collect(),
        lines: boundaries,
        table,
    };
    Ok(diagram(described, |x, y| Some(surface.stablest(temperature, &[x, y]))))
}

/// The most stable structure over T and the pressure of the first gas.
fn temperature_pressure(input: &AiatInput) -> Result<Drawing> {
    let (surface, unit) = (&input.surface, input.pressure_unit);
    let axis = &input.axes[0];
    let (molecule, _) = surface.gas(0);
    let (t_lo, t_hi) = span(input.temperatures.iter().copied()).unwrap_or((300.0, 300.0));
    let log = |p: f64| (p / unit.pascals()).log10();
    let x =
        Axis::log10(format!("p of {} [{}]", molecule.name, unit.symbol()), log(axis.pressure.0), log(axis.pressure.1));
    let y = Axis::linear("T [K]".into(), t_lo, t_hi);
    let mut top = Vec::new();
    for &t in &input.named_temperatures {
        let mu = |place: f64| surface.delta_mu(0, t, 10_f64.powf(place) * unit.pascals());
        let label = format!("Δμ of {} [eV] at T = {} K", axis.species, text::short(t, 2));
        top.push(Secondary::linear(&x, &Axis::linear(label, mu(x.lo)?, mu(x.hi)?)));
    }
    // Boundaries: at every temperature of a fine ladder, joined between the same two structures.
    let steps = 160;
    let mut table = Table::new(["from", "to", "temperature", "pressure_Pa", "delta_mu"]);
    let mut joined: Vec<JoinedLine> = Vec::new();
    for k in 0..=steps {
        let t = y.lo + (y.hi - y.lo) * f64::from(k) / f64::from(steps);
        if t <= 0.0 || surface.gas(0).0.thermal(t, 1.0).is_err() {
            continue;
        }
        let others = others(input, t)?;
        let range = (surface.delta_mu(0, t, axis.pressure.0)?, surface.delta_mu(0, t, axis.pressure.1)?);
        for b in surface.boundaries(0, t, &others, range)? {
            let label = |i: usize| surface.structures[i].label.clone();
            table.push(vec![label(b.from), label(b.to), number(t), number(b.pressure), number(b.delta_mu)]);
            let point = (b.pressure / unit.pascals(), t);
            match joined.iter_mut().find(|(pair, _)| *pair == (b.from, b.to)) {
                Some((_, line)) => line.push(point),
                None => joined.push(((b.from, b.to), vec![point])),
            }
        }
    }
    let mut caption = format!("The most stable structure over temperature and the pressure of {}.", molecule.name);
    if let Some(other) = input.axes.get(1) {
        let p = text::power_of_ten(log(other.fixed_pressure));
        caption.push_str(&format!(" The gas of {} stands at {p} {}.", other.species, unit.symbol()));
    }
    let described = Diagram {
        name: "aiat_temperature_pressure".into(),
        title: "Most stable structure in temperature and pressure".into(),
        subtitle: subtitle(input),
        caption,
        x,
        y,
        top,
        names: surface.structures.iter().map(|s| s.label.clone()).collect(),
        lines: joined.into_iter().map(|(_, line)| line).collect(),
        table,
    };
    // Thermal functions once a row of tiles, not once a tile.
    let remembered = std::cell::RefCell::new((f64::NAN, 0.0, Vec::new()));
    Ok(diagram(described, |place, t| {
        let mut row = remembered.borrow_mut();
        if row.0.to_bits() != t.to_bits() {
            *row = (t, surface.delta_mu(0, t, 1.0).ok()?, others(input, t).ok()?);
        }
        let (gas_atoms, kt) = (surface.gas(0).1, crate::units::BOLTZMANN_EV * t);
        let mut delta_mu = row.2.clone();
        delta_mu[0] = row.1 + kt * (10_f64.powf(place) * unit.pascals()).ln() / gas_atoms;
        Some(surface.stablest(t, &delta_mu))
    }))
}

/// `[n_gases]` Δμ of the gases at their fixed pressures; that of the first is not used.
fn others(input: &AiatInput, temperature: f64) -> Result<Vec<f64>> {
    (0..input.axes.len()).map(|g| input.surface.delta_mu(g, temperature, input.axes[g].fixed_pressure)).collect()
}
