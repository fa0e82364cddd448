//! Figures of ab initio thermodynamics from a list of structures.

use super::{Drawing, Figure, write_all};
use crate::base::Result;
use crate::figures::pictures::plot::axis::{Axis, Secondary, span};
use crate::figures::pictures::plot::canvas::{Canvas, Frame, Stroke};
use crate::figures::pictures::plot::diagram::{Diagram, diagram};
use crate::figures::pictures::plot::legend::{self, Entry, Sign};
use crate::figures::pictures::plot::{palette, text};
use crate::input::aiat::AiatInput;
use crate::io::csv::{Table, number};
use crate::thermochemistry::envelope::{edges, lowest_planes};
use std::path::Path;

/// Draws ΔG over Δμ (one gas) or the stable structures over both Δμ (two gases), and a (T, p) diagram of each gas, into
/// `dir/figures`.
///
/// # Errors
/// [`crate::base::Error::Io`] if a file cannot be written.
pub fn draw(input: &AiatInput, dir: &Path) -> Result<Vec<Figure>> {
    let mut drawings = Vec::new();
    for &temperature in named(input) {
        drawings.push(match input.axes.len() {
            1 => lines(input, temperature)?,
            _ => plane(input, temperature)?,
        });
    }
    for gas in 0..input.axes.len() {
        drawings.push(temperature_pressure(input, gas)?);
    }
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

/// ΔG per area against Δμ: a line for each structure, the lower envelope drawn wide.
fn lines(input: &AiatInput, temperature: f64) -> Result<Drawing> {
    let (surface, axis) = (&input.surface, &input.axes[0]);
    let (lo, hi) = axis.delta_mu;
    let at = |i: usize, mu: f64| 1e3 * surface.gamma(i, temperature, &[mu]);
    let n = surface.structures.len();
    let segments = surface.segments(0, temperature, &[0.0], axis.delta_mu);
    let stable: Vec<f64> = segments.iter().flat_map(|s| [at(s.line, s.from), at(s.line, s.to)]).collect();
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
        right: legend::side_room(&entries, ""),
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
    for s in &segments {
        let colour = palette::line(s.line);
        canvas.curve(&[(s.from, at(s.line, s.from)), (s.to, at(s.line, s.to))], &Stroke::solid(colour, 3.4));
        row("stable", s.line, s.from);
        row("stable", s.line, s.to);
    }
    canvas.unclip();
    legend::side_legend(&mut canvas, &entries, "", 0.0);
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
            "The most stable structure over Δμ of {} and of {}, each zero at its molecule at 0 K; pressures of the gases \
             above and beside.",
            a.species, b.species
        ),
        top: pressure_axes(input, 0, &x)?,
        right: pressure_axes(input, 1, &y)?,
        x,
        y,
        names: surface.structures.iter().map(|s| s.label.clone()).collect(),
        lines: boundaries,
        table,
    };
    Ok(diagram(described, |x, y| Some(surface.stablest(temperature, &[x, y]))))
}

/// The most stable structure over T and the pressure of one gas, the other at its fixed pressure.
///
/// - `gas`: position among the axes
fn temperature_pressure(input: &AiatInput, gas: usize) -> Result<Drawing> {
    let (surface, unit) = (&input.surface, input.pressure_unit);
    let axis = &input.axes[gas];
    let (molecule, atoms) = surface.gas(gas);
    let (t_lo, t_hi) = span(input.temperatures.iter().copied()).unwrap_or((300.0, 300.0));
    let log = |p: f64| (p / unit.pascals()).log10();
    let x =
        Axis::log10(format!("p of {} [{}]", molecule.name, unit.symbol()), log(axis.pressure.0), log(axis.pressure.1));
    let y = Axis::linear("T [K]".into(), t_lo, t_hi);
    let mut top = Vec::new();
    for &t in &input.named_temperatures {
        let mu = |place: f64| surface.delta_mu(gas, t, 10_f64.powf(place) * unit.pascals());
        let label = format!("Δμ of {} [eV] at T = {} K", axis.species, text::short(t, 2));
        top.push(Secondary::linear(&x, &Axis::linear(label, mu(x.lo)?, mu(x.hi)?)));
    }
    let (steep, level) = (steep_lines(input, gas, &x, &y)?, level_lines(input, gas, &x, &y)?);
    let mut table = Table::new(["from", "to", "temperature", "pressure_Pa", "delta_mu"]);
    let label = |i: usize| surface.structures[i].label.clone();
    for ((from, to), line) in steep.iter().chain(&level) {
        // lines reach a little beyond the frame, the table does not
        let inside = |p: f64| x.place(p) >= x.lo - 1e-9 && x.place(p) <= x.hi + 1e-9;
        for &(p, t) in line.iter().filter(|(p, _)| inside(*p)) {
            let pascals = p * unit.pascals();
            let mu = surface.delta_mu(gas, t, pascals)?;
            table.push(vec![label(*from), label(*to), number(t), number(pascals), number(mu)]);
        }
    }
    let fixed: Vec<String> = (0..input.axes.len())
        .filter(|&g| g != gas)
        .map(|g| {
            let p = text::power_of_ten(log(input.axes[g].fixed_pressure));
            format!("p of {} = {p} {}", surface.gas(g).0.name, unit.symbol())
        })
        .collect();
    let caption = [format!("The most stable structure over temperature and the pressure of {}", molecule.name)];
    let described = Diagram {
        name: match gas {
            0 => "aiat_temperature_pressure".into(),
            _ => format!("aiat_temperature_pressure_{}", axis.species),
        },
        title: "Most stable structure in temperature and pressure".into(),
        subtitle: [subtitle(input)]
            .into_iter()
            .chain(fixed.clone())
            .filter(|s| !s.is_empty())
            .collect::<Vec<_>>()
            .join("; "),
        caption: format!("{}.", caption.into_iter().chain(fixed).collect::<Vec<_>>().join("; ")),
        x,
        y,
        top,
        right: Vec::new(),
        names: surface.structures.iter().map(|s| s.label.clone()).collect(),
        lines: steep.into_iter().chain(level).map(|(_, line)| line).collect(),
        table,
    };
    // Thermal functions once a row of tiles, not once a tile.
    let remembered = std::cell::RefCell::new((f64::NAN, 0.0, Vec::new()));
    Ok(diagram(described, |place, t| {
        let mut row = remembered.borrow_mut();
        if row.0.to_bits() != t.to_bits() {
            *row = (t, surface.delta_mu(gas, t, 1.0).ok()?, others(input, t).ok()?);
        }
        let kt = crate::base::units::BOLTZMANN_EV * t;
        let mut delta_mu = row.2.clone();
        delta_mu[gas] = row.1 + kt * (10_f64.powf(place) * unit.pascals()).ln() / atoms;
        Some(surface.stablest(t, &delta_mu))
    }))
}

/// Steps of the ladders on which boundaries are searched.
const LADDER: u32 = 160;

/// Boundaries that are crossed by changing the pressure: at every temperature of a fine ladder, joined between the same two
/// structures. Points are (p in the shown unit, T); the lines reach beyond the ends of `x`, so that none ends before it.
fn steep_lines(input: &AiatInput, gas: usize, x: &Axis, y: &Axis) -> Result<Vec<JoinedLine>> {
    let (surface, unit) = (&input.surface, input.pressure_unit.pascals());
    let margin = 0.06 * (x.hi - x.lo);
    let end = |place: f64| 10_f64.powf(place) * unit;
    let mut joined: Vec<JoinedLine> = Vec::new();
    for k in 0..=LADDER {
        let t = y.lo + (y.hi - y.lo) * f64::from(k) / f64::from(LADDER);
        if t <= 0.0 || surface.gas(gas).0.thermal(t, 1.0).is_err() {
            continue;
        }
        let range = (surface.delta_mu(gas, t, end(x.lo - margin))?, surface.delta_mu(gas, t, end(x.hi + margin))?);
        for b in surface.boundaries(gas, t, &others(input, t)?, range)? {
            let point = (b.pressure / unit, t);
            match joined.iter_mut().find(|(pair, _)| *pair == (b.from, b.to)) {
                Some((_, line)) => line.push(point),
                None => joined.push(((b.from, b.to), vec![point])),
            }
        }
    }
    Ok(joined)
}

/// Boundaries that no change of the pressure crosses, because both structures hold as much of its gas: two ends each, at the
/// temperature where one takes over from the other. Points as in [`steep_lines`].
fn level_lines(input: &AiatInput, gas: usize, x: &Axis, y: &Axis) -> Result<Vec<JoinedLine>> {
    let surface = &input.surface;
    let n = surface.structures.len();
    let temperature = |k: u32| y.lo + (y.hi - y.lo) * f64::from(k) / f64::from(LADDER);
    // γ without the part of the gas whose pressure varies
    let rest = |i: usize, t: f64| -> Result<f64> {
        let mut mu = others(input, t)?;
        mu[gas] = 0.0;
        Ok(surface.gamma(i, t, &mu))
    };
    let mut lines: Vec<JoinedLine> = Vec::new();
    for i in 0..n {
        for j in i + 1..n {
            let slope = |s: usize| surface.plane(s, y.lo).1[gas];
            if (slope(i) - slope(j)).abs() > 1e-12 {
                continue;
            }
            let difference = |t: f64| -> Result<f64> { Ok(rest(i, t)? - rest(j, t)?) };
            for k in 0..LADDER {
                let (mut lo, mut hi) = (temperature(k), temperature(k + 1));
                let at_lo = difference(lo)?;
                if (at_lo < 0.0) == (difference(hi)? < 0.0) {
                    continue;
                }
                for _ in 0..50 {
                    let middle = 0.5 * (lo + hi);
                    if (difference(middle)? < 0.0) == (at_lo < 0.0) { lo = middle } else { hi = middle }
                }
                let pair = if at_lo < 0.0 { (i, j) } else { (j, i) };
                lines.extend(stretches_at(input, gas, x, 0.5 * (lo + hi), pair)?);
            }
        }
    }
    Ok(lines)
}

/// The pressures at which one of two structures that are equally stable at a temperature is the stablest of all.
fn stretches_at(input: &AiatInput, gas: usize, x: &Axis, t: f64, pair: (usize, usize)) -> Result<Vec<JoinedLine>> {
    let (surface, unit) = (&input.surface, input.pressure_unit.pascals());
    let range =
        (surface.delta_mu(gas, t, 10_f64.powf(x.lo) * unit)?, surface.delta_mu(gas, t, 10_f64.powf(x.hi) * unit)?);
    let of_pair = surface.segments(gas, t, &others(input, t)?, range).into_iter();
    let ends = of_pair.filter(|s| [pair.0, pair.1].contains(&s.line)).map(|s| -> Result<JoinedLine> {
        let p = |mu: f64| Ok::<f64, crate::base::Error>(surface.pressure(gas, t, mu)? / unit);
        Ok((pair, vec![(p(s.from)?, t), (p(s.to)?, t)]))
    });
    ends.collect()
}

/// `[n_gases]` Δμ of the gases at their fixed pressures; that of the gas whose pressure varies is not used.
fn others(input: &AiatInput, temperature: f64) -> Result<Vec<f64>> {
    (0..input.axes.len()).map(|g| input.surface.delta_mu(g, temperature, input.axes[g].fixed_pressure)).collect()
}
