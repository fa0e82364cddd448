//! Contours: lines along which a quantity that is known on a grid has a given value.

use super::canvas::{Canvas, Stroke};
use kuva::render::color::Color;
use std::collections::{BTreeMap, BTreeSet};

/// Width of a contour. [px]
pub(crate) const WIDTH: f64 = 1.0;
/// Contours shorter than this are specks that unknown cells leave of longer ones. [px]
const SHORTEST: f64 = 12.0;

/// An edge of the grid that a contour crosses: its lower left corner as (row, column), and whether it leads along the row.
type Edge = (usize, usize, bool);

/// Lines of a level, by straight interpolation along the edges of the grid; none through cells with an unknown corner.
///
/// - `x`, `y`: places of columns and rows
/// - `value`: of (row, column); NaN where it is not known
pub(crate) fn lines(x: &[f64], y: &[f64], value: impl Fn(usize, usize) -> f64, level: f64) -> Vec<Vec<(f64, f64)>> {
    let above = |r: usize, c: usize| value(r, c) >= level;
    let place = |(r, c, along): Edge| {
        let (r2, c2) = if along { (r, c + 1) } else { (r + 1, c) };
        let share = (level - value(r, c)) / (value(r2, c2) - value(r, c));
        (x[c] + share * (x[c2] - x[c]), y[r] + share * (y[r2] - y[r]))
    };
    let mut joined: BTreeMap<Edge, Vec<Edge>> = BTreeMap::new();
    for r in 0..y.len().saturating_sub(1) {
        for c in 0..x.len().saturating_sub(1) {
            let corners = [(r, c), (r, c + 1), (r + 1, c + 1), (r + 1, c)];
            if corners.iter().any(|&(r, c)| !value(r, c).is_finite()) {
                continue;
            }
            // round the cell, from the lower edge on
            let edges = [(r, c, true), (r, c + 1, false), (r + 1, c, true), (r, c, false)];
            let mut crossed: Vec<Edge> = (0..4)
                .filter(|&i| above(corners[i].0, corners[i].1) != above(corners[(i + 1) % 4].0, corners[(i + 1) % 4].1))
                .map(|i| edges[i])
                .collect();
            // Of a saddle the middle decides which corners lie on one side with their opposite.
            let middle = corners.iter().map(|&(r, c)| value(r, c)).sum::<f64>() / 4.0;
            if crossed.len() == 4 && (middle >= level) == above(r, c) {
                crossed.rotate_left(1);
            }
            let mut link = |a: Edge, b: Edge| {
                joined.entry(a).or_default().push(b);
                joined.entry(b).or_default().push(a);
            };
            match crossed[..] {
                [a, b] => link(a, b),
                [a, b, c, d] => {
                    link(a, d);
                    link(b, c);
                }
                _ => {}
            }
        }
    }
    traced(&joined).into_iter().map(|line| line.into_iter().map(place).collect()).collect()
}

/// Draws the lines of a level.
///
/// - `x`, `y`, `value`, `level`: as of [`lines`], in values of the axes
pub(crate) fn draw(
    canvas: &mut Canvas,
    (x, y): (&[f64], &[f64]),
    value: impl Fn(usize, usize) -> f64,
    level: f64,
    colour: &Color,
) {
    for line in lines(x, y, value, level) {
        let pixels: Vec<_> = line.iter().map(|&(x, y)| (canvas.px(x), canvas.py(y))).collect();
        let length: f64 = pixels.windows(2).map(|w| (w[1].0 - w[0].0).hypot(w[1].1 - w[0].1)).sum();
        if length >= SHORTEST {
            canvas.polyline(&pixels, &Stroke::solid(colour.clone(), WIDTH));
        }
    }
}

/// Chains of edges: those with ends first, then closed ones, whose first edge comes again as the last.
fn traced(joined: &BTreeMap<Edge, Vec<Edge>>) -> Vec<Vec<Edge>> {
    let ends = joined.iter().filter(|(_, next)| next.len() == 1).map(|(edge, _)| *edge);
    let mut seen: BTreeSet<Edge> = BTreeSet::new();
    let mut chains = Vec::new();
    for start in ends.chain(joined.keys().copied()) {
        if !seen.insert(start) {
            continue;
        }
        let mut chain = vec![start];
        let mut at = start;
        while let Some(&next) = joined[&at].iter().find(|next| !seen.contains(next)) {
            seen.insert(next);
            chain.push(next);
            at = next;
        }
        if chain.len() > 2 && joined[&at].contains(&start) {
            chain.push(start);
        }
        chains.push(chain);
    }
    chains
}

/// 1, 2 and 5 times powers of ten between two values.
///
/// - `first`: the lowest exponent
pub(crate) fn levels(lo: f64, hi: f64, first: i32) -> Vec<f64> {
    let decades = (first..first + 6).flat_map(|d| [1.0, 2.0, 5.0].map(|m| m * 10_f64.powi(d)));
    decades.filter(|&level| level > lo && level < hi).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 0, 1, …, n − 1.
    fn grid(n: usize) -> Vec<f64> {
        (0..n).map(|i| i as f64).collect()
    }

    #[test]
    fn the_contour_of_a_slope_is_one_straight_line() {
        let lines = lines(&grid(4), &grid(3), |_, c| 2.0 * c as f64, 3.0);
        assert_eq!(lines, vec![vec![(1.5, 0.0), (1.5, 1.0), (1.5, 2.0)]]);
    }

    #[test]
    fn a_hill_has_a_closed_contour() {
        let hill = |r: usize, c: usize| if (r, c) == (1, 1) { 4.0 } else { 0.0 };
        let lines = lines(&grid(3), &grid(3), hill, 1.0);
        assert_eq!(lines.len(), 1);
        assert!(lines[0].len() == 5 && lines[0][0] == lines[0][4]);
        assert!(lines[0].iter().all(|(x, y)| (x - 1.0).abs() + (y - 1.0).abs() == 0.75));
    }

    #[test]
    fn a_contour_ends_where_values_are_unknown() {
        let value = |r: usize, c: usize| if r == 2 { f64::NAN } else { c as f64 };
        assert_eq!(lines(&grid(3), &grid(4), value, 0.5), vec![vec![(0.5, 0.0), (0.5, 1.0)]]);
    }

    #[test]
    fn a_saddle_is_parted_by_its_middle() {
        // high at (0, 0) and (1, 1)
        let saddle = |high: f64| move |r: usize, c: usize| if r == c { high } else { 0.0 };
        let ends = |high: f64| {
            let mut all = lines(&grid(2), &grid(2), saddle(high), 1.0);
            all.iter_mut().for_each(|line| line.sort_by(|a, b| a.partial_cmp(b).expect("numbers")));
            all
        };
        // the high corners are apart: each is cut off by a line of its own
        assert!(ends(1.5).iter().any(|l| l[0].0 == 0.0 && l[1].1 == 0.0), "{:?}", ends(1.5));
        // the high corners are joined: the low ones are cut off
        assert!(ends(8.0).iter().any(|l| l[0].0 == 0.0 && l[1].1 == 1.0), "{:?}", ends(8.0));
    }

    #[test]
    fn levels_are_of_one_two_and_five() {
        assert_eq!(levels(0.3, 21.0, 0), [1.0, 2.0, 5.0, 10.0, 20.0]);
        assert!(levels(2.0, 5.0, 0).is_empty());
        assert_eq!(levels(0.0, 0.3, -1), [0.1, 0.2]);
    }
}
