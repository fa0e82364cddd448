//! A plane of a map: temperature against one reservoir axis, the other axes at their middle value.

use super::axis::{Axis, Secondary};
use super::text;
use crate::analysis::{Analysis, BoundaryPoint, Map, MapCell};
use crate::base::ids::StateId;
use crate::figures::Labels;
use crate::thermo::Convention;
use crate::thermo::gas_phase::IDEAL;

/// Quantity of the x axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Across {
    /// Chemical potential, linear.
    Mu,
    /// Pressure, logarithmic.
    Pressure,
}

/// Share of an axis by which two quantities must differ to be seen apart.
const VISIBLE: f64 = 0.005;
/// Most rows and columns of a picture; finer ones could not be distinguished.
const FINEST: (usize, usize) = (160, 240);

/// Rows of one temperature and columns of one value of the reservoir axis, both ascending.
pub(crate) struct Slice<'a> {
    map: &'a Map,
    pub(crate) across: Across,
    pub(crate) species: usize,
    /// Ascending temperatures.
    pub(crate) rows: Vec<f64>,
    /// Ascending axis values.
    pub(crate) columns: Vec<f64>,
    row_order: Vec<usize>,
    column_order: Vec<usize>,
    /// Index on every reservoir axis; that of `species` is not used.
    fixed: Vec<usize>,
}

impl<'a> Slice<'a> {
    /// The plane of `species`; `None` if the map is empty.
    pub(crate) fn new(analysis: &'a Analysis, across: Across, species: usize) -> Option<Slice<'a>> {
        let map = match across {
            Across::Mu => &analysis.map,
            Across::Pressure => &analysis.pressure_map,
        };
        let mut slice = Slice::of(map, across, species)?;
        for (o, axis) in analysis.grid.reservoirs.iter().enumerate().take(slice.fixed.len()) {
            // the plane that holds simulated states, where the map's axis means what the grid's axis means
            let same = (across == Across::Pressure) == axis.convention.is_pressure();
            let values = analysis.grid.values(o);
            if let Some(middle) = values.get(values.len() / 2).filter(|_| same) {
                slice.fixed[o] = nearest(&map.axes[o], *middle);
            }
        }
        Some(slice)
    }

    fn of(map: &'a Map, across: Across, species: usize) -> Option<Slice<'a>> {
        let values = map.axes.get(species)?;
        if map.temperatures.is_empty() || values.is_empty() || map.cells.is_empty() {
            return None;
        }
        let row_order = ascending(&map.temperatures);
        let column_order = ascending(values);
        Some(Slice {
            map,
            across,
            species,
            rows: row_order.iter().map(|&i| map.temperatures[i]).collect(),
            columns: column_order.iter().map(|&i| values[i]).collect(),
            row_order,
            column_order,
            fixed: map.axes.iter().map(|axis| axis.len() / 2).collect(),
        })
    }

    /// The plane as a picture shows it: of a map finer than that, every second, third, … row and column.
    pub(crate) fn for_picture(&self) -> Slice<'a> {
        fn thinned<T: Copy>(values: &[T], most: usize) -> Vec<T> {
            values.iter().copied().step_by(values.len().div_ceil(most).max(1)).collect()
        }
        Slice {
            rows: thinned(&self.rows, FINEST.0),
            columns: thinned(&self.columns, FINEST.1),
            row_order: thinned(&self.row_order, FINEST.0),
            column_order: thinned(&self.column_order, FINEST.1),
            fixed: self.fixed.clone(),
            ..*self
        }
    }

    /// Sentence on what [`Self::for_picture`] has left out; empty if nothing.
    pub(crate) fn thinned_words(&self, of: &Slice<'_>) -> &'static str {
        if (self.rows.len(), self.columns.len()) == (of.rows.len(), of.columns.len()) {
            ""
        } else {
            " The map is finer than the picture; the tables in analysis/ hold all of it."
        }
    }

    /// The cell, unless it is masked.
    pub(crate) fn cell(&self, row: usize, column: usize) -> Option<&'a MapCell> {
        self.any_cell(row, column).filter(|cell| !cell.masked)
    }

    /// The cell, masked or not.
    pub(crate) fn any_cell(&self, row: usize, column: usize) -> Option<&'a MapCell> {
        let mut index = self.row_order[row];
        for (s, axis) in self.map.axes.iter().enumerate() {
            let place = if s == self.species { self.column_order[column] } else { self.fixed[s] };
            index = index * axis.len() + place;
        }
        self.map.cells.get(index)
    }

    /// All unmasked cells as (row, column, cell).
    pub(crate) fn cells(&self) -> impl Iterator<Item = (usize, usize, &'a MapCell)> + '_ {
        (0..self.rows.len())
            .flat_map(move |r| (0..self.columns.len()).map(move |c| (r, c)))
            .filter_map(move |(r, c)| self.cell(r, c).map(|cell| (r, c, cell)))
    }

    /// Whether there is more than one value on both axes.
    pub(crate) fn is_plane(&self) -> bool {
        self.rows.len() > 1 && self.columns.len() > 1
    }

    /// Edges of the columns, in places of the x axis.
    pub(crate) fn column_edges(&self) -> Vec<f64> {
        match self.across {
            Across::Mu => edges(&self.columns),
            Across::Pressure => edges(&self.columns.iter().map(|p| p.max(1e-300).log10()).collect::<Vec<_>>()),
        }
    }

    /// Edges of the rows.
    pub(crate) fn row_edges(&self) -> Vec<f64> {
        edges(&self.rows)
    }

    /// The x axis that just holds the columns.
    pub(crate) fn x_axis(&self, label: String) -> Axis {
        let edges = self.column_edges();
        let (lo, hi) = (edges[0], edges[edges.len() - 1]);
        match self.across {
            Across::Mu => Axis::linear(label, lo, hi),
            Across::Pressure => Axis::log10(label, lo, hi),
        }
    }

    /// Axes above the plot where the grid is one of pressures: over μ the pressure at the lowest and the highest
    /// temperature, over a pressure μ (for a gas Δμ, the 0 K molecule as zero) at these.
    ///
    /// - `x`: the axis of the figure
    pub(crate) fn secondary(&self, analysis: &Analysis, labels: &Labels, x: &Axis) -> Vec<Secondary> {
        let grid = &analysis.grid;
        let axis = &grid.reservoirs[self.species];
        let unit = labels.units.pressure_unit();
        let ends = [self.rows.first(), self.rows.last()];
        let mut named: Vec<f64> = ends.into_iter().flatten().copied().collect();
        named.dedup();
        let mut pressures = self.gas_pressures(analysis, labels, x);
        if !axis.convention.is_pressure() {
            return pressures;
        }
        let gas = match &axis.convention {
            Convention::Gas(gas) => Some(gas),
            _ => None,
        };
        let own = named.into_iter().map(|t| {
            let kt = labels.units.boltzmann() * t;
            let at = format!("at T = {} {}", text::short(t, 3), labels.units.temperature_label());
            let own = match self.across {
                Across::Mu => {
                    let log_p = |mu: f64| {
                        let ln_z = axis.convention.ln_z_of_mu(mu, kt);
                        axis.convention.pressure(ln_z, kt, unit).max(1e-300).log10()
                    };
                    Axis::log10(format!("{} {at}", labels.pressure(analysis, self.species)), log_p(x.lo), log_p(x.hi))
                }
                Across::Pressure => {
                    let mu = |place: f64| {
                        let ln_z = axis.convention.ln_z_of_pressure(10_f64.powf(place), kt, unit);
                        let mu = axis.convention.mu(ln_z, kt);
                        gas.map_or(mu, |gas| gas.delta_mu(mu))
                    };
                    let symbol = if gas.is_some() { "Δμ" } else { labels.mu_symbol(&axis.convention) };
                    let energy = labels.units.energy_label();
                    Axis::linear(format!("{symbol} of {} [{energy}] {at}", axis.species), mu(x.lo), mu(x.hi))
                }
            };
            Secondary::linear(x, &own)
        });
        pressures.extend(own);
        pressures
    }

    /// Axes of the pressure of the gas above one of its fugacity, at the lowest and the highest temperature, where it is
    /// known and differs visibly, by more than 1 %.
    pub(crate) fn gas_pressures(&self, analysis: &Analysis, labels: &Labels, x: &Axis) -> Vec<Secondary> {
        if self.across != Across::Pressure || self.rows.is_empty() {
            return Vec::new();
        }
        let mut rows = vec![0, self.rows.len() - 1];
        rows.dedup();
        rows.into_iter().filter_map(|row| self.gas_pressure(analysis, labels, row, x)).collect()
    }

    /// Axis of the pressure of the gas at the temperature of a row.
    pub(crate) fn gas_pressure(&self, analysis: &Analysis, labels: &Labels, row: usize, x: &Axis) -> Option<Secondary> {
        let several = analysis.grid.n_reservoirs() > 1;
        let symbol = labels.pressure_symbol(analysis, self.species);
        let known = |c: usize| {
            let cell = if analysis.cell.holds_gas_alone { self.cell(row, c) } else { self.any_cell(row, c) }?;
            let pressure = cell.adsorption.gas_pressure.filter(|p| *p > 0.0)?;
            Some((x.place(self.columns[c]), self.columns[c], pressure))
        };
        let all: Vec<(f64, f64, f64)> = (0..self.columns.len()).filter_map(known).filter(|p| x.holds(p.0)).collect();
        // An axis that shows no difference to the eye would only be another with the same numbers.
        let seen = VISIBLE * (x.hi - x.lo);
        let departs = |p: &(f64, f64, f64)| (p.1 / p.2).ln().abs() > IDEAL && (p.1 / p.2).log10().abs() > seen;
        // Of several species only the pressure of all is known, which is no matter of one fugacity.
        if several || symbol == "p" || !all.iter().any(departs) {
            return None;
        }
        let gas = labels.pressure(analysis, self.species).replacen(symbol, "p", 1);
        let at = text::short(self.rows[row], 3);
        let label = format!("{gas} at T = {at} {}", labels.units.temperature_label());
        Secondary::rising(label, &all.iter().map(|p| (p.0, p.2)).collect::<Vec<_>>())
    }

    /// The y axis that just holds the rows.
    pub(crate) fn y_axis(&self, label: String) -> Axis {
        let edges = self.row_edges();
        Axis::linear(label, edges[0], edges[edges.len() - 1])
    }

    /// Value of the x axis at a boundary point, with the ends of its error bar.
    pub(crate) fn x_of(&self, point: &BoundaryPoint) -> Option<(f64, f64, f64)> {
        let s = self.species;
        let ends = match self.across {
            Across::Mu => {
                let mu = *point.mu.get(s)?;
                (mu, mu - point.mu_err, mu + point.mu_err)
            }
            Across::Pressure => (*point.pressure.get(s)?, point.pressure_low, point.pressure_high),
        };
        ends.0.is_finite().then_some(ends)
    }

    /// Whether a boundary point lies in this plane: within half a step of the fixed values.
    pub(crate) fn holds(&self, point: &BoundaryPoint) -> bool {
        self.others_stand_as(|o| {
            let value = if self.across == Across::Pressure { point.pressure.get(o) } else { point.mu.get(o) };
            value.copied().unwrap_or(f64::NAN)
        })
    }

    /// Whether values of the other axes are those of this plane, within half a step of the map; an axis of one value holds all.
    ///
    /// - `value`: of the axis with this index
    fn others_stand_as(&self, value: impl Fn(usize) -> f64) -> bool {
        let log = self.across == Across::Pressure;
        let place = |v: f64| if log { v.max(1e-300).log10() } else { v };
        (0..self.map.axes.len()).filter(|&o| o != self.species).all(|o| {
            let axis = &self.map.axes[o];
            if axis.len() == 1 {
                return true;
            }
            let (first, last) = (axis.first().map_or(0.0, |&v| place(v)), axis.last().map_or(0.0, |&v| place(v)));
            let half = 0.5 * (last - first).abs() / (axis.len() - 1) as f64;
            (place(value(o)) - place(axis[self.fixed[o]])).abs() <= half * 1.001 + 1e-12
        })
    }

    /// Simulated states in this plane as (T, μ, index of the state): those where the other axes stand as in the plane, within
    /// half a step of the map.
    pub(crate) fn states(&self, analysis: &Analysis, labels: &Labels) -> Vec<(f64, f64, usize)> {
        let grid = &analysis.grid;
        let is_here = |&k: &usize| {
            self.others_stand_as(|o| match self.across {
                Across::Mu => grid.mu(StateId(k as u32), o),
                Across::Pressure => {
                    let (state, unit) = (&grid.states[k], labels.units.pressure_unit());
                    grid.reservoirs[o].convention.pressure(state.ln_z[o], state.kt, unit)
                }
            })
        };
        grid.plane(self.species)
            .into_iter()
            .filter(is_here)
            .map(|k| (grid.states[k].temperature, grid.mu(StateId(k as u32), self.species), k))
            .collect()
    }

    /// The same as (T, value of the x axis, index of the state), whether that is μ or a pressure.
    pub(crate) fn simulated(&self, analysis: &Analysis, labels: &Labels) -> Vec<(f64, f64, usize)> {
        let grid = &analysis.grid;
        let convention = &grid.reservoirs[self.species].convention;
        let place = |k: usize, mu: f64| match self.across {
            Across::Mu => mu,
            Across::Pressure => {
                let state = &grid.states[k];
                convention.pressure(state.ln_z[self.species], state.kt, labels.units.pressure_unit())
            }
        };
        self.states(analysis, labels).into_iter().map(|(t, mu, k)| (t, place(k, mu), k)).collect()
    }

    /// Values of the other reservoir axes; empty if there are none.
    fn fixed_values(&self, analysis: &Analysis, labels: &Labels) -> String {
        let others: Vec<String> = (0..self.map.axes.len())
            .filter(|&o| o != self.species)
            .map(|o| {
                let value = self.map.axes[o][self.fixed[o]];
                match self.across {
                    Across::Mu => labels.mu_at(analysis, o, value),
                    Across::Pressure => labels.pressure_at(analysis, o, value),
                }
            })
            .collect();
        others.join(", ")
    }

    /// Sentence on the values of the other reservoir axes; empty if there are none.
    pub(crate) fn fixed_words(&self, analysis: &Analysis, labels: &Labels) -> String {
        let values = self.fixed_values(analysis, labels);
        if values.is_empty() { values } else { format!(" The other axes stand at {values}.") }
    }

    /// Labels whose title says where the other reservoir axes stand, for the line under the title of a figure.
    pub(crate) fn labelled(&self, analysis: &Analysis, labels: &Labels) -> Labels {
        let values = self.fixed_values(analysis, labels);
        let parts = [labels.title.clone(), values].into_iter().filter(|part| !part.is_empty());
        Labels { title: parts.collect::<Vec<_>>().join("; "), ..labels.clone() }
    }
}

/// Index of the value nearest to `target`.
pub(crate) fn nearest(values: &[f64], target: f64) -> usize {
    let distance = |i: usize| (values[i] - target).abs();
    (0..values.len()).min_by(|&a, &b| distance(a).total_cmp(&distance(b))).unwrap_or(0)
}

fn ascending(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    order
}

/// Edges of cells around ascending centres: midpoints, and as far beyond the ends.
fn edges(centres: &[f64]) -> Vec<f64> {
    let n = centres.len();
    if n < 2 {
        return centres.iter().flat_map(|c| [c - 0.5, c + 0.5]).collect();
    }
    let mut edges = Vec::with_capacity(n + 1);
    edges.push(1.5 * centres[0] - 0.5 * centres[1]);
    edges.extend(centres.windows(2).map(|w| 0.5 * (w[0] + w[1])));
    edges.push(1.5 * centres[n - 1] - 0.5 * centres[n - 2]);
    edges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_of_fine_maps_leave_out_rows_and_columns() {
        let map = Map {
            temperatures: (0..700).map(f64::from).collect(),
            axes: vec![(0..200).map(f64::from).collect()],
            cells: (0..140_000).map(|i| MapCell { energy: f64::from(i), ..MapCell::default() }).collect(),
        };
        let slice = Slice::of(&map, Across::Mu, 0).expect("a map");
        let picture = slice.for_picture();
        assert_eq!((picture.rows.len(), picture.columns.len()), (140, 200));
        assert_eq!(picture.rows[..3], [0.0, 5.0, 10.0]);
        assert!((picture.cell(2, 7).expect("a cell").energy - 2007.0).abs() < 1e-12);
        assert!(!picture.thinned_words(&slice).is_empty() && slice.thinned_words(&slice).is_empty());
    }

    #[test]
    fn edges_enclose_the_centres() {
        assert_eq!(edges(&[1.0, 2.0, 4.0]), vec![0.5, 1.5, 3.0, 5.0]);
        assert_eq!(edges(&[1.0]), vec![0.5, 1.5]);
    }

    #[test]
    fn rows_and_columns_ascend_whatever_the_order_of_the_map() {
        let map = Map {
            temperatures: vec![2.0, 1.0],
            axes: vec![vec![-1.0, -2.0], vec![5.0, 6.0, 7.0]],
            cells: (0..12).map(|i| MapCell { energy: f64::from(i), masked: i == 4, ..MapCell::default() }).collect(),
        };
        let slice = Slice::of(&map, Across::Mu, 0).expect("a map");
        assert_eq!((&slice.rows[..], &slice.columns[..]), (&[1.0, 2.0][..], &[-2.0, -1.0][..]));
        // T = 1 is index 1, μ₁ = −2 index 1, the other axis at index 1: (1·2 + 1)·3 + 1
        assert!((slice.cell(0, 0).expect("not masked").energy - 10.0).abs() < 1e-12);
        // T = 2, μ₁ = −2: index 4, masked
        assert!(slice.cell(1, 0).is_none());
        assert_eq!(slice.cells().count(), 3);
    }
}
