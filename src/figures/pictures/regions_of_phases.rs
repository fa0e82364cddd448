//! Regions of phases over a map: cells say which phases there are, lines where they end.

/// Columns by which a line may be off the edge of a cell that it replaces, or a share of the axis where columns are fine.
const REACH: (f64, f64) = (3.0, 0.06);

/// A line between two phases: their indices, a temperature and a place near which it is wanted; its place there.
pub(super) type Line<'a> = &'a dyn Fn((usize, usize), f64, f64) -> Option<f64>;

/// An outline (x, T) and the index of the phase in it.
pub(super) type Patch = (Vec<(f64, f64)>, usize);

/// Rows on either side over which borders of cells are smoothed.
const SMOOTH: usize = 3;

/// Indices of two phases, and points (x, T) of their border.
pub(super) type Criterion = ((usize, usize), Vec<(f64, f64)>);

/// Regions as they are drawn.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// Patches of one phase each, that cover what is not masked.
    pub(super) patches: Vec<Patch>,
    /// Borders of two phases between which no boundary was found.
    pub(super) criteria: Vec<Criterion>,
}

impl Layout {
    /// Adds a piece to the border of two phases.
    fn add(&mut self, phases: (usize, usize), from: (f64, f64), to: (f64, f64)) {
        let goes_on = |line: &&mut Criterion| {
            line.0 == phases && line.1.last().is_some_and(|end| end.1 == from.1 && (end.0 - from.0).abs() < 1e-9)
        };
        match self.criteria.iter_mut().find(goes_on) {
            Some(line) => line.1.push(to),
            None => self.criteria.push((phases, vec![from, to])),
        }
    }
}

/// The map on which regions are laid out; x are places on the axis.
pub(super) struct Regions<'a> {
    /// Edges of the columns, ascending.
    pub(super) x: &'a [f64],
    /// Edges of the rows, ascending.
    pub(super) t: &'a [f64],
    /// Temperatures of the rows.
    pub(super) rows: &'a [f64],
    pub(super) line: Line<'a>,
}

/// Where the phase changes in a row.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Border {
    x: f64,
    left: Option<usize>,
    right: Option<usize>,
}

impl Regions<'_> {
    /// The map laid out as patches and lines.
    ///
    /// Between two phases the border is the line of their boundary where there is one; else that of the cells, smoothed over
    /// some rows instead of in steps, as is the edge of what is masked. A phase that ends between two rows ends in a point on
    /// the border that goes on.
    pub(super) fn layout(&self, phase_at: impl Fn(usize, usize) -> Option<usize>) -> Layout {
        let rows: Vec<Vec<Border>> = (0..self.rows.len()).map(|r| self.borders(r, &phase_at)).collect();
        let rows: Vec<Vec<Border>> = (0..rows.len()).map(|r| self.smoothed(&rows, r)).collect();
        let mut layout = Layout::default();
        for (r, borders) in rows.iter().enumerate() {
            let middle = self.rows[r];
            for (from, to, other) in [(self.t[r], middle, r.checked_sub(1)), (middle, self.t[r + 1], Some(r + 1))] {
                let next = other.and_then(|o| Some((*self.rows.get(o)?, rows.get(o)?)));
                let at = |t: f64| ascending(self.places(borders, middle, t, next));
                let (low, high) = (at(from), at(to));
                for i in 1..borders.len() {
                    if let Some(phase) = borders[i].left {
                        let outline = vec![(low[i - 1], from), (low[i], from), (high[i], to), (high[i - 1], to)];
                        layout.patches.push((outline, phase));
                    }
                }
                for (i, border) in borders.iter().enumerate() {
                    if let (Some(left), Some(right)) = (border.left, border.right)
                        && self.on_line(border, middle).is_none()
                    {
                        layout.add((left, right), (low[i], from), (high[i], to));
                    }
                }
            }
        }
        layout
    }

    /// The borders of a row, its ends included.
    fn borders(&self, row: usize, phase_at: impl Fn(usize, usize) -> Option<usize>) -> Vec<Border> {
        let n = self.x.len() - 1;
        let phase = |column: Option<usize>| column.filter(|&c| c < n).and_then(|c| phase_at(row, c));
        (0..=n)
            .map(|c| Border { x: self.x[c], left: phase(c.checked_sub(1)), right: phase(Some(c)) })
            .enumerate()
            .filter(|(c, b)| *c == 0 || *c == n || b.left != b.right)
            .map(|(_, b)| b)
            .collect()
    }

    /// The borders of a row, each but the ends on average over up to [`SMOOTH`] rows on both sides through which it runs.
    fn smoothed(&self, rows: &[Vec<Border>], row: usize) -> Vec<Border> {
        let (first, last) = (self.x[0], self.x[self.x.len() - 1]);
        let follow = |border: &Border, up: bool| -> Vec<f64> {
            let (mut places, mut here, mut at) = (Vec::new(), *border, row);
            while places.len() < SMOOTH {
                let next = if up { at + 1 } else { at.wrapping_sub(1) };
                let Some(same) = rows.get(next).and_then(|borders| self.nearest(borders, &here)) else { break };
                (here, at) = (*same, next);
                places.push(here.x);
            }
            places
        };
        let average = |border: &Border| {
            if border.x == first || border.x == last {
                return *border;
            }
            let (up, down) = (follow(border, true), follow(border, false));
            let reach = up.len().min(down.len());
            let (mut sum, mut weights) = (border.x * (reach + 1) as f64, (reach + 1) as f64);
            for k in 0..reach {
                let weight = (reach - k) as f64;
                (sum, weights) = (sum + weight * (up[k] + down[k]), weights + 2.0 * weight);
            }
            Border { x: sum / weights, ..*border }
        };
        rows[row].iter().map(average).collect()
    }

    /// How far a line or the border of another row may be away.
    fn reach(&self) -> f64 {
        let width = self.x[self.x.len() - 1] - self.x[0];
        width * REACH.1.max(REACH.0 / (self.x.len() - 1) as f64)
    }

    /// The border between the same phases in another row, if it is near.
    fn nearest<'b>(&self, borders: &'b [Border], to: &Border) -> Option<&'b Border> {
        let same = borders.iter().filter(|b| (b.left, b.right) == (to.left, to.right));
        let nearest = same.min_by(|a, b| (a.x - to.x).abs().total_cmp(&(b.x - to.x).abs()));
        nearest.filter(|b| (b.x - to.x).abs() <= 2.0 * self.reach())
    }

    /// Place of the line of a boundary on which a border lies.
    fn on_line(&self, border: &Border, t: f64) -> Option<f64> {
        let phases = (border.left?, border.right?);
        (self.line)(phases, t, border.x).filter(|x| (x - border.x).abs() <= self.reach())
    }

    /// Places of the borders of a row at a temperature of it.
    ///
    /// - `middle`: temperature of the row
    /// - `next`: temperature and borders of the row on the other side of `t`
    fn places(&self, borders: &[Border], middle: f64, t: f64, next: Option<(f64, &Vec<Border>)>) -> Vec<f64> {
        let mut places: Vec<f64> = borders.iter().map(|b| self.place(b, middle, t, next)).collect();
        let Some((other, beyond)) = next.filter(|_| t != middle) else { return places };
        for i in 1..borders.len() {
            // A phase that the next row does not have, between two that meet there.
            let (left, right) = (borders[i - 1], borders[i]);
            let ends = left.right.is_some() && self.nearest(beyond, &left).is_none();
            if ends && self.nearest(beyond, &right).is_none() {
                let met = Border { x: 0.5 * (left.x + right.x), left: left.left, right: right.right };
                if let Some(border) = self.nearest(beyond, &met) {
                    let point = self.place(border, other, t, None);
                    (places[i - 1], places[i]) = (point, point);
                }
            }
        }
        places
    }

    /// Place of a border at a temperature of its row.
    fn place(&self, border: &Border, middle: f64, t: f64, next: Option<(f64, &Vec<Border>)>) -> f64 {
        if let Some(x) = self.on_line(border, t) {
            return x;
        }
        match next.and_then(|(other, borders)| Some((other, self.nearest(borders, border)?))) {
            Some((other, b)) => border.x + (b.x - border.x) * (t - middle) / (other - middle),
            None => border.x,
        }
    }
}

/// The places, none before the one before it.
fn ascending(mut places: Vec<f64>) -> Vec<f64> {
    let last = places.last().copied().unwrap_or(0.0);
    let mut before = f64::NEG_INFINITY;
    for x in &mut places {
        *x = x.clamp(before.min(last), last).max(before);
        before = *x;
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Phase of the patch that holds a point.
    fn phase(patches: &[Patch], x: f64, t: f64) -> Option<usize> {
        let inside = |outline: &[(f64, f64)]| {
            let (low, high) = (outline[0].1, outline[2].1);
            let share = (t - low) / (high - low);
            let at = |a: (f64, f64), b: (f64, f64)| a.0 + share * (b.0 - a.0);
            (low..high).contains(&t) && (at(outline[0], outline[3])..at(outline[1], outline[2])).contains(&x)
        };
        patches.iter().find(|(outline, _)| inside(outline)).map(|(_, phase)| *phase)
    }

    const X: [f64; 5] = [0.0, 1.0, 2.0, 3.0, 4.0];
    const T: [f64; 3] = [0.0, 1.0, 2.0];
    const ROWS: [f64; 2] = [0.5, 1.5];

    fn cells(row: usize, column: usize) -> Option<usize> {
        match (row, column) {
            (_, 3) => None,
            (0, 0) | (1, 0 | 1) => Some(0),
            _ => Some(1),
        }
    }

    #[test]
    fn regions_end_at_the_line_of_their_boundary() {
        let line = |phases: (usize, usize), t: f64, _: f64| (phases == (0, 1)).then_some(1.2 + 0.3 * t);
        let patches = Regions { x: &X, t: &T, rows: &ROWS, line: &line }.layout(cells).patches;
        for t in [0.01, 0.4, 0.9, 1.2, 1.99] {
            let edge = 1.2 + 0.3 * t;
            assert_eq!((phase(&patches, edge - 0.01, t), phase(&patches, edge + 0.01, t)), (Some(0), Some(1)), "{t}");
            assert_eq!((phase(&patches, 2.99, t), phase(&patches, 3.01, t)), (Some(1), None), "masked at {t}");
        }
    }

    #[test]
    fn without_a_line_borders_are_straight_between_rows() {
        let patches = Regions { x: &X, t: &T, rows: &ROWS, line: &|_, _, _| None }.layout(cells).patches;
        for (t, edge) in [(0.25, 1.0), (0.5, 1.0), (1.0, 1.5), (1.25, 1.75), (1.75, 2.0)] {
            assert_eq!((phase(&patches, edge - 0.02, t), phase(&patches, edge + 0.02, t)), (Some(0), Some(1)), "{t}");
        }
    }

    #[test]
    fn a_line_far_from_the_cells_is_not_theirs() {
        let patches = Regions { x: &X, t: &T, rows: &ROWS, line: &|_, _, _| Some(40.0) }.layout(cells).patches;
        assert_eq!(phase(&patches, 1.02, 0.25), Some(1));
    }

    const TALL: [f64; 7] = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    const MIDDLES: [f64; 6] = [0.5, 1.5, 2.5, 3.5, 4.5, 5.5];

    #[test]
    fn a_phase_that_ends_does_so_in_a_point() {
        // 0 | 1 | 2 below T = 3, 0 | 2 above; the border that goes on stands at x = 3.
        let cells = |row: usize, column: usize| match column {
            0 | 1 => Some(0),
            5 => Some(2),
            2 => Some(if row < 3 { 1 } else { 0 }),
            _ => Some(if row < 3 { 1 } else { 2 }),
        };
        let regions = Regions { x: &TALL, t: &TALL, rows: &MIDDLES, line: &|_, _, _| None };
        let layout = regions.layout(cells);
        for (t, ends) in [(2.4, (2.0, 5.0)), (2.75, (2.5, 4.0))] {
            for (x, inside) in [(ends.0 - 0.05, 0), (ends.0 + 0.05, 1), (ends.1 - 0.05, 1), (ends.1 + 0.05, 2)] {
                assert_eq!(phase(&layout.patches, x, t), Some(inside), "({x}, {t})");
            }
        }
        assert_eq!((phase(&layout.patches, 2.95, 3.1), phase(&layout.patches, 3.05, 3.1)), (Some(0), Some(2)));
        let of = |phases: (usize, usize)| layout.criteria.iter().filter(|(p, _)| *p == phases).collect::<Vec<_>>();
        let [(_, line)] = &of((0, 1))[..] else { panic!("one line") };
        assert_eq!((line[0], line[line.len() - 1]), ((2.0, 0.0), (3.0, 3.0)));
        assert_eq!((of((1, 2)).len(), of((0, 2)).len()), (1, 1));
    }

    #[test]
    fn borders_of_cells_run_without_steps() {
        // The border moves by a column at every third row.
        let cells = |row: usize, column: usize| Some(usize::from(column >= 2 + row / 3));
        let regions = Regions { x: &TALL, t: &TALL, rows: &MIDDLES, line: &|_, _, _| None };
        let layout = regions.layout(cells);
        let [(_, line)] = &layout.criteria[..] else { panic!("one line") };
        let inner = line.iter().filter(|p| p.1 > 1.0 && p.1 < 5.0);
        let steps: Vec<f64> = inner.collect::<Vec<_>>().windows(2).map(|w| w[1].0 - w[0].0).collect();
        assert!(steps.iter().all(|step| (0.0..0.3).contains(step)), "{steps:?}");
        assert_eq!((line[0].0, line[line.len() - 1].0), (2.0, 3.0));
        // along a boundary there is none
        let on_line = Regions { x: &TALL, t: &TALL, rows: &MIDDLES, line: &|_, _, near| Some(near) };
        assert!(on_line.layout(cells).criteria.is_empty());
    }
}
