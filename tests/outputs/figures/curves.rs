//! Curves: isotherms, isobars, distributions, free energies.

use super::well_formed::assert_is_picture;
use super::{column, csv, default_drawn, drawn, names, synthetic};
use adlayer::testing::analysis::{Analysis, AtLimit};
use adlayer::testing::figures::Figure;

#[test]
fn isotherms_show_the_map_and_the_direct_averages() {
    let analysis = synthetic::default_scene();
    let (header, rows) = csv(&default_drawn().0, "isotherms_B");
    assert_eq!(header.iter().collect::<Vec<_>>(), ["layer", "temperature", "mu_B", "n_B", "n_B_err", "at_max_atoms"]);
    assert!(rows.iter().all(|r| &r[5] == "0"));
    let direct: Vec<_> = rows.iter().filter(|r| &r[0] == "direct").collect();
    assert_eq!(direct.len(), analysis.grid.len());
    for (k, row) in direct.iter().enumerate() {
        assert_eq!(row[3], analysis.direct[k].n[0].to_string());
        assert_eq!(row[4], analysis.direct[k].n_err[0].to_string());
    }
    let per_row =
        |t: f64| analysis.map.cells.iter().filter(|c| c.temperature.to_bits() == t.to_bits() && !c.masked).count();
    let expected: usize = analysis.grid.temperatures().iter().map(|&t| per_row(t)).sum();
    assert_eq!(rows.iter().filter(|r| &r[0] == "mbar").count(), expected);
}

#[test]
fn states_at_the_limit_of_n_are_marked() {
    let mut analysis = synthetic::default_scene();
    let limited = [97, 90];
    limited.iter().for_each(|&k| analysis.direct[k].at_limit[0] = AtLimit { p: 0.5, needed: 99 });
    let (dir, figures) = drawn(&analysis);
    let (_, rows) = csv(dir.path(), "isotherms_B");
    let marked: Vec<_> = rows.iter().filter(|r| &r[5] == "1").collect();
    assert_eq!(marked.len(), 2);
    for (row, k) in marked.iter().zip([90, 97]) {
        assert_eq!((&row[0], &row[3]), ("direct", &*analysis.direct[k].n[0].to_string()));
    }
    let caption = |name: &str| figures.iter().find(|f| f.name == name).map(|f| f.caption.clone()).expect("a figure");
    assert!(caption("isotherms_B").contains("Triangles: states at `max_atoms`"));
    let unmarked = default_drawn().1.iter().find(|f| f.name == "isotherms_B").expect("a figure");
    assert!(!unmarked.caption.contains("Triangles"));
    let picture = figures.iter().find(|f| f.name == "isotherms_B").expect("a figure");
    assert!(picture.svg.len() > unmarked.svg.len(), "the marks are drawn");
}

#[test]
fn distributions_in_the_csv_are_those_given() {
    let analysis = synthetic::default_scene();
    let (header, rows) = csv(&default_drawn().0, "p_n_B");
    assert_eq!(header.iter().collect::<Vec<_>>(), ["temperature", "mu_B", "n_B", "p", "p_err"]);
    let shown = |p: &&f64| **p >= 1e-6;
    let expected: usize = analysis.distributions.iter().map(|d| d.p_n.iter().filter(shown).count()).sum();
    assert_eq!(rows.len(), expected);
    let n: usize = rows[0][column(&header, "n_B")].parse().expect("a count");
    assert_eq!(rows[0][column(&header, "p")], analysis.distributions[0].p_n[n].to_string());
}

/// The default scene with an order parameter, which rises with N, at the places of the distributions.
pub(super) fn with_an_order_parameter() -> Analysis {
    let mut analysis = synthetic::default_scene();
    analysis.observables = vec!["order_sqrt3".into()];
    analysis.observable_labels = vec!["Φ of √3×√3".into()];
    let value: Vec<f64> = (0..10).map(|i| 0.05 + 0.1 * f64::from(i)).collect();
    let share = |n: usize, x: f64| (-((x - n as f64 / 60.0) / 0.1).powi(2)).exp();
    for d in &analysis.distributions {
        let joint: Vec<Vec<f64>> = value
            .iter()
            .map(|&x| {
                let of = |(n, p): (usize, &f64)| p * share(n, x) / value.iter().map(|&y| share(n, y)).sum::<f64>();
                d.p_n.iter().enumerate().map(of).collect()
            })
            .collect();
        let p: Vec<f64> = joint.iter().map(|row| row.iter().sum()).collect();
        analysis.profiles.push(adlayer::testing::analysis::Profile {
            observable: 0,
            temperature: d.temperature,
            mu: d.mu.clone(),
            value: value.clone(),
            // the last bin is not known at all
            p_err: (0..10).map(|i| if i == 9 { 2.0 * p[i] } else { 0.1 * p[i] }).collect(),
            p,
            joint_err: joint.iter().map(|row| row.iter().map(|p| 0.2 * p).collect()).collect(),
            joint,
        });
    }
    analysis.profiles.sort_by(|a, b| a.temperature.total_cmp(&b.temperature));
    analysis
}

#[test]
fn free_energies_are_those_of_the_distributions() {
    let analysis = with_an_order_parameter();
    let (dir, figures) = drawn(&analysis);
    let number = |row: &csv::StringRecord, i: usize| row[i].parse::<f64>().expect("a number");
    let near = |x: f64, y: f64| (x - y).abs() < 1e-12 * y.abs().max(1.0);
    // of N: where P ≥ 10⁻⁶ is known to better than its own size
    let (header, rows) = csv(dir.path(), "free_energy_n_B");
    assert_eq!(header.iter().collect::<Vec<_>>(), ["temperature", "mu_B", "n_B", "free_energy", "error"]);
    let known = |p: f64, err: f64| p >= 1e-6 && err <= p;
    let all = analysis.distributions.iter().flat_map(|d| d.p_n.iter().zip(&d.p_n_err));
    assert_eq!(rows.len(), all.filter(|(p, err)| known(**p, **err)).count());
    for row in &rows {
        let d = analysis
            .distributions
            .iter()
            .find(|d| near(d.temperature, number(row, 0)) && near(d.mu[0], number(row, 1)));
        let (d, n) = (d.expect("a place"), number(row, 2) as usize);
        assert!(near(number(row, 3), -d.temperature * d.p_n[n].ln()), "{row:?}");
        assert!(near(number(row, 4), d.temperature * d.p_n_err[n] / d.p_n[n]), "{row:?}");
    }
    let (header, rows) = csv(dir.path(), "free_energy_order_sqrt3");
    assert_eq!(header.iter().collect::<Vec<_>>(), ["temperature", "mu_B", "order_sqrt3", "free_energy", "error"]);
    assert!(rows.len() > 20 && rows.iter().all(|row| number(row, 2) < 0.9), "the last bin is not shown");
    // over both, at no more than one place of each of three temperatures
    let planes: Vec<&Figure> = figures.iter().filter(|f| f.name.starts_with("free_energy_2d_order_sqrt3_")).collect();
    assert_eq!(planes.len(), 3);
    for figure in planes {
        let (header, rows) = csv(dir.path(), &figure.name);
        let expected = ["temperature", "mu_B", "order_sqrt3", "n_B", "free_energy", "error"];
        assert_eq!(header.iter().collect::<Vec<_>>(), expected);
        let profile = analysis
            .profiles
            .iter()
            .find(|p| near(p.temperature, number(&rows[0], 0)) && near(p.mu[0], number(&rows[0], 1)))
            .expect("a place");
        assert_eq!(rows.len(), profile.joint.iter().flatten().filter(|p| **p >= 1e-6).count());
        for row in &rows {
            let (i, n) = ((number(row, 2) * 10.0) as usize, number(row, 3) as usize);
            let p = profile.joint[i][n];
            assert!(near(number(row, 4), -profile.temperature * p.ln()), "{row:?}");
            assert!(near(number(row, 5), 0.2 * profile.temperature), "{row:?}");
        }
        // white where Φ would be above N/12: a piece for each N from 0 to 10, because bins of a tenth above 11/12 there are none
        let group =
            |i: usize| figure.svg.split("crispEdges").nth(i).and_then(|g| g.split("</g>").next()).expect("tiles");
        assert_eq!(group(1).matches("<rect").count(), 11);
        assert!(figure.svg.contains(">cannot occur: Φ is N/12 at most<"));
        assert_eq!(group(2).matches("<rect").count(), rows.len());
        assert!(figure.svg.contains(">1, 2, 4, 8 kT above the deepest<"));
        assert!(
            figure.svg.contains(">Φ of √3×√3<") && figure.svg.contains(">N of B<") && figure.svg.contains("−kT ln P")
        );
        assert!(figure.caption.contains("One of 4 such maps"), "{}", figure.caption);
        assert_is_picture(&std::fs::read(dir.path().join(format!("figures/{}.png", figure.name))).expect("a PNG"));
    }
}

#[test]
fn isobars_are_columns_of_the_map_in_pressure_and_ln_xi_is_that_of_the_map() {
    let analysis = synthetic::default_scene();
    let (header, rows) = csv(&default_drawn().0, "isobars_B");
    let columns = ["layer", "temperature", "pressure_B", "n_B", "n_B_err", "at_max_atoms"];
    assert_eq!(header.iter().collect::<Vec<_>>(), columns);
    let number = |row: &csv::StringRecord, i: usize| row[i].parse::<f64>().expect("a number");
    let mut pressures: Vec<f64> = rows.iter().map(|row| number(row, 2)).collect();
    pressures.dedup();
    assert!((3..=9).contains(&pressures.len()) && pressures.is_sorted(), "{pressures:?}");
    let n_t = analysis.pressure_map.temperatures.len();
    let columns = analysis.pressure_map.cells.len() / n_t;
    let mut expected = 0;
    for &p in &pressures {
        let c = analysis.pressure_map.axes[0].iter().position(|x| x.to_bits() == p.to_bits()).expect("a column");
        for t in 0..n_t {
            let cell = &analysis.pressure_map.cells[t * columns + c];
            let row = rows.iter().find(|row| {
                &row[0] == "mbar"
                    && number(row, 2).to_bits() == p.to_bits()
                    && number(row, 1).to_bits() == analysis.pressure_map.temperatures[t].to_bits()
            });
            assert_eq!(row.is_none(), cell.masked);
            if let Some(row) = row {
                assert_eq!((row[3].to_owned(), row[4].to_owned()), (cell.n[0].to_string(), cell.n_err[0].to_string()));
                expected += 1;
            }
        }
    }
    assert_eq!(rows.iter().filter(|row| &row[0] == "mbar").count(), expected);
    let (_, rows) = csv(&default_drawn().0, "ln_xi");
    let shown: Vec<f64> = rows.iter().filter(|r| &r[0] == "map").map(|r| number(r, 3)).collect();
    let of_map: Vec<f64> = analysis.map.cells.iter().filter(|c| !c.masked).map(|c| c.ln_xi).collect();
    assert_eq!(shown, of_map);
}

#[test]
fn small_grids_and_canonical_runs_are_drawn_as_curves() {
    let mus = synthetic::linear(-7.5, -1.0, 14);
    let (_dir, figures) = drawn(&synthetic::analysis(&[0.36], &mus, &[]));
    let of_adsorption = ["isotherms_pressure_B", "excess_B", "isosteric_heat_B"];
    let first = ["energy_fluctuation", "ln_xi", "isotherms_B"];
    assert_eq!(names(&figures), [&first[..], &of_adsorption, &["p_n_B", "free_energy_n_B"]].concat());
    let (_dir, figures) = drawn(&synthetic::analysis(&synthetic::TEMPERATURES, &[-4.0], &[]));
    assert_eq!(
        names(&figures),
        ["mean_n_B", "energy_fluctuation", "ln_xi", "isobars_B", "henry_B", "p_n_B", "free_energy_n_B"]
    );
    let (_dir, figures) = drawn(&synthetic::analysis(&[0.36], &[-4.0], &[]));
    assert_eq!(names(&figures), ["p_n_B", "free_energy_n_B"]);
    let analysis = synthetic::canonical();
    let (dir, figures) = drawn(&analysis);
    assert_eq!(names(&figures), ["energy", "heat_capacity"]);
    let (header, rows) = csv(dir.path(), "energy");
    assert_eq!(header.iter().collect::<Vec<_>>(), ["layer", "temperature", "energy", "energy_err"]);
    let of = |layer: &str| rows.iter().filter(|row| &row[0] == layer).collect::<Vec<_>>();
    assert_eq!((of("mbar").len(), of("direct").len()), (analysis.map.cells.len(), analysis.direct.len()));
    // k_B is 1: Var E = F T²
    let number = |row: &csv::StringRecord, i: usize| row[i].parse::<f64>().expect("a number");
    for (layer, sign) in [("low", -1.0), ("high", 1.0)] {
        assert_eq!(of(layer).len(), analysis.map.cells.len());
        for row in of(layer) {
            let at = |c: &&adlayer::testing::analysis::MapCell| c.temperature.to_bits() == number(row, 1).to_bits();
            let cell = analysis.map.cells.iter().find(at).expect("a cell");
            let expected = cell.energy + sign * cell.energy_fluctuation.sqrt() * cell.temperature;
            assert!((number(row, 2) - expected).abs() < 1e-9 * expected.abs(), "{row:?}");
        }
    }
}
