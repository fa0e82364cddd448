//! Figures of the section on trust: flow of replicas, exchange on the grid, the two estimators.

use super::{Drawing, Labels};
use crate::analysis::diagnostics::{DEAD, Diagnostics, OVERLAP};
use crate::analysis::{Analysis, transition_matrix};
use crate::base::ids::StateId;
use crate::figures::pictures::plot::axis::Axis as Scale;
use crate::figures::pictures::plot::canvas::{Canvas, Frame, Mark, Stroke, paper_outline};
use crate::figures::pictures::plot::curves::{Chart, Series, chart};
use crate::figures::pictures::plot::legend::{self, Entry, Sign};
use crate::figures::pictures::plot::palette::{self, ColourScale, Steps};
use crate::figures::pictures::plot::text;
use crate::io::csv::{Table, number};
use crate::thermo::states::{Axis, Direction};
use kuva::plot::ColorMap;
use std::collections::BTreeSet;

/// Every figure that the checks support.
pub(crate) fn all(analysis: &Analysis, labels: &Labels) -> Vec<Drawing> {
    let Some(diagnostics) = &analysis.checks.diagnostics else { return Vec::new() };
    let flows = &diagnostics.flows;
    let mut drawings: Vec<Drawing> = flows
        .iter()
        .enumerate()
        .filter_map(|(i, f)| {
            let (name, x) = match f.axis {
                Axis::Temperature => ("flow_temperature".to_owned(), labels.temperature()),
                Axis::Reservoir(r) => {
                    (format!("flow_mu_{}", analysis.grid.reservoirs[r].species), labels.mu(analysis, r))
                }
            };
            // Runs with other grids have one each.
            let before = flows[..i].iter().filter(|other| other.axis == f.axis).count();
            flow(analysis, labels, f, if before == 0 { name } else { format!("{name}_{}", before + 1) }, x)
        })
        .collect();
    for r in 0..analysis.grid.n_reservoirs() {
        drawings.extend(exchange(analysis, diagnostics, labels, r));
        drawings.extend(estimators(analysis, labels, r));
    }
    drawings
}

/// f against the values of one axis, beside the straight line of unhindered diffusion.
fn flow(
    analysis: &Analysis,
    labels: &Labels,
    flow: &crate::analysis::diagnostics::Flow,
    name: String,
    x_label: String,
) -> Option<Drawing> {
    let n = flow.values.len();
    let mut table = Table::new(["value", "fraction", "fraction_err", "unhindered"]);
    let steady = |i: usize| i as f64 / (n - 1) as f64;
    for (i, value) in flow.values.iter().enumerate() {
        table.push([*value, flow.fraction[i], flow.error[i], steady(i)].map(number).to_vec());
    }
    let place = |i: usize| (flow.values[i], flow.fraction[i], flow.error[i]);
    let found: Vec<_> = (0..n).map(place).filter(|(_, f, _)| f.is_finite()).collect();
    let unhindered = flow.values.iter().enumerate().map(|(i, v)| (*v, steady(i), f64::NAN)).collect();
    let series = [
        Series {
            label: "run, ± standard error".into(),
            colour: palette::line(0),
            runs: vec![found.clone()],
            points: found,
        },
        Series { label: "unhindered".into(), colour: palette::FAINT, runs: vec![unhindered], points: Vec::new() },
    ];
    let (along, upper) = match flow.axis {
        Axis::Temperature => ("temperature".to_owned(), "hot end"),
        Axis::Reservoir(r) => {
            (format!("chemical potential of {}", analysis.grid.reservoirs[r].species), "upper end of μ")
        }
    };
    let trips = match flow.round_trips {
        0 => " No replica made a round trip.".to_owned(),
        n => format!(" {n} round trips, one in {:.0} cycles of a replica.", flow.cycles_per_trip),
    };
    let settings = Chart {
        name,
        title: match &flow.runs {
            None => format!("Flow of replicas along the {along}"),
            Some(runs) => format!("Flow of replicas of {runs} along the {along}"),
        },
        caption: format!(
            "Of the replicas that have been at an end of the axis, the fraction whose last one was the upper end. A step \
             is a bottleneck: states there would help the run most.{trips}"
        ),
        x_label,
        y_label: format!("fraction of replicas that came from the {upper}"),
        heading: String::new(),
        notes: Vec::new(),
        log_floor: None,
        from_zero: true,
    };
    chart(labels, settings, &series, table)
}

/// Acceptance of late of every edge in the plane of T and one μ; overlap where acceptance is not known.
fn exchange(analysis: &Analysis, diagnostics: &Diagnostics, labels: &Labels, r: usize) -> Option<Drawing> {
    let grid = &analysis.grid;
    let species = &grid.reservoirs[r].species;
    let known = diagnostics.edges.iter().any(|e| e.recent.is_finite());
    let value = |e: &crate::analysis::diagnostics::EdgeCheck| if known { e.recent } else { e.overlap };
    // Of several species the others where they stand in the maps.
    let plane: BTreeSet<usize> = grid.plane(r).into_iter().collect();
    let inside = |k: StateId| plane.contains(&(k.0 as usize));
    let drawn = |e: &&crate::analysis::diagnostics::EdgeCheck| {
        e.edge.direction != Direction::Window && inside(e.edge.a) && inside(e.edge.b) && value(e).is_finite()
    };
    let edges: Vec<_> = diagnostics.edges.iter().filter(drawn).collect();
    if edges.is_empty() {
        return None;
    }
    let place = |k: StateId| (grid.mu(k, r), grid.state(k).temperature);
    let ends = || edges.iter().flat_map(|e| [place(e.edge.a), place(e.edge.b)]);
    let scale = ColourScale { lo: 0.0, hi: 1.0, steps: Steps::Linear, map: ColorMap::Viridis };
    let name = format!("exchange_{species}");
    let title = if known { "Exchange between neighbouring states" } else { "Overlap of neighbouring states" };
    let (quantity, least) = if known { ("acceptance", DEAD) } else { ("overlap", OVERLAP) };
    let dead = Stroke::dashed(palette::line(1), 3.0);
    let mut entries =
        vec![Entry { sign: Sign::Mark(Mark::Disc, 3.5, palette::INK, paper_outline()), label: "state".into() }];
    if edges.iter().any(|e| e.edge.axis().is_some() && !e.usable) {
        entries.push(Entry {
            sign: Sign::Line(dead.clone(), None),
            label: format!("{quantity} below {:.0} %", 100.0 * least),
        });
    }
    let is_excluded = |k: usize| analysis.checks.excluded.iter().any(|f| f.state == k);
    if plane.iter().copied().any(is_excluded) {
        let sign = Sign::Mark(Mark::Diamond, 5.0, palette::line(1), paper_outline());
        entries.push(Entry { sign, label: "frozen in by its start".into() });
    }
    let others = labels.plane(analysis, r);
    let parts = [labels.title.as_str(), &others].into_iter().filter(|part| !part.is_empty());
    let subtitle = parts.collect::<Vec<_>>().join("; ");
    let frame = Frame {
        title: title.into(),
        subtitle,
        x: Scale::around(labels.mu(analysis, r), ends().map(|p| p.0)),
        y: Scale::around(labels.temperature(), ends().map(|p| p.1)),
        right: legend::COLOUR_BAR_ROOM,
        bottom: legend::bottom_room(&entries),
    };
    let mut canvas = Canvas::new(&name, frame);
    canvas.axes(true);
    let mut table =
        Table::new(["state_a", "state_b", "mu_a", "temperature_a", "mu_b", "temperature_b", quantity, "usable"]);
    for e in &edges {
        let (a, b) = (place(e.edge.a), place(e.edge.b));
        match (e.edge.axis(), e.usable) {
            (Some(_), true) => canvas.curve(&[a, b], &Stroke::solid(scale.colour(value(e)), 5.0)),
            (Some(_), false) => canvas.curve(&[a, b], &dead),
            (None, true) => canvas.curve(&[a, b], &Stroke::solid(scale.colour(value(e)), 1.5)),
            // Replicas walk around a dead diagonal; it is in the table.
            (None, false) => {}
        }
        table.push(vec![
            e.edge.a.0.to_string(),
            e.edge.b.0.to_string(),
            number(a.0),
            number(a.1),
            number(b.0),
            number(b.1),
            number(value(e)),
            u8::from(e.usable).to_string(),
        ]);
    }
    for &k in &plane {
        let (mu, t) = place(StateId(k as u32));
        match is_excluded(k) {
            true => canvas.mark(mu, t, Mark::Diamond, 5.0, palette::line(1), paper_outline()),
            false => canvas.mark(mu, t, Mark::Disc, 3.0, palette::INK, paper_outline()),
        }
    }
    legend::colour_bar(&mut canvas, &scale, quantity);
    legend::bottom_legend(&mut canvas, &entries);
    let mut caption = if known {
        format!(
            "Accepted exchanges per attempt over the later half of production, along each edge of the grid; thin lines \
             are diagonals. Below {:.0} % (dashed) an edge does not join its states; dead diagonals are not drawn.",
            100.0 * DEAD
        )
    } else {
        "Overlap O_ab of the samples of neighbouring states; below 3 % (dashed) they do not join.".to_owned()
    };
    if !others.is_empty() {
        caption.push_str(&format!(" Of the grid the plane at {others} is shown; the other edges are in exchange.csv."));
    }
    Some(Drawing { name, title: title.into(), caption, canvas, table })
}

/// `1 state`, `2 states`.
fn counted(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

/// ⟨N⟩ of the transition matrix less that of MBAR, in units of its error, against μ.
fn estimators(analysis: &Analysis, labels: &Labels, r: usize) -> Option<Drawing> {
    let grid = &analysis.grid;
    let found = analysis.checks.estimators.as_ref()?;
    let of_species: Vec<_> = found.states.iter().filter(|s| s.reservoir == r && s.n_z.is_finite()).collect();
    if of_species.is_empty() {
        return None;
    }
    let mut temperatures: Vec<f64> = of_species.iter().map(|s| grid.states[s.state].temperature).collect();
    temperatures.sort_by(f64::total_cmp);
    temperatures.dedup();
    let decimals = text::decimals(temperatures.iter().copied(), 4);
    let mut table = Table::new(["state", "temperature", "mu", "n_tm", "n_mbar", "z", "worst_z"]);
    let mut series: Vec<Series> = temperatures
        .iter()
        .enumerate()
        .map(|(i, &t)| Series {
            label: text::fixed(t, decimals),
            colour: palette::ordered(i, temperatures.len()),
            runs: Vec::new(),
            points: of_species
                .iter()
                .filter(|s| grid.states[s.state].temperature == t)
                .map(|s| (grid.mu(StateId(s.state as u32), r), s.n_z, f64::NAN))
                .collect(),
        })
        .collect();
    for s in &of_species {
        let mut row = vec![s.state.to_string(), number(grid.states[s.state].temperature)];
        row.push(number(grid.mu(StateId(s.state as u32), r)));
        row.extend([s.n_tm, s.n_mbar, s.n_z, s.worst()].map(number));
        table.push(row);
    }
    // The limits beyond which there is an alarm.
    let mus = || of_species.iter().map(|s| grid.mu(StateId(s.state as u32), r));
    let (lo, hi) = (mus().fold(f64::INFINITY, f64::min), mus().fold(f64::NEG_INFINITY, f64::max));
    for limit in [-transition_matrix::ALARM, transition_matrix::ALARM] {
        let run = vec![(lo, limit, f64::NAN), (hi, limit, f64::NAN)];
        series.push(Series { label: String::new(), colour: palette::FAINT, runs: vec![run], points: Vec::new() });
    }
    let alarms = found.alarms().iter().filter(|a| a.reservoir == r).count();
    let species = &grid.reservoirs[r].species;
    let settings = Chart {
        name: format!("estimators_{species}"),
        title: "Transition matrix against MBAR".into(),
        caption: format!(
            "⟨N⟩ of {species} from the acceptance probabilities of each state's own insertions and deletions, less that of \
             MBAR, in units of the error of the difference (joint bootstrap). Lines: 4 standard errors. {} beyond them in ⟨N⟩ or ln Π(N); \
             {} that hold one N only, or change it too rarely, are not compared.",
            counted(alarms, "state"),
            counted(found.skipped, "state")
        ),
        x_label: labels.mu(analysis, r),
        y_label: "⟨N⟩ of TM − ⟨N⟩ of MBAR [standard errors]".into(),
        heading: format!("T [{}]", labels.units.temperature_label()),
        notes: vec![Entry {
            sign: Sign::Line(Stroke::solid(palette::FAINT, 2.2), None),
            label: format!("± {} standard errors: beyond it there is an alarm", transition_matrix::ALARM),
        }],
        log_floor: None,
        from_zero: false,
    };
    chart(labels, settings, &series, table)
}
