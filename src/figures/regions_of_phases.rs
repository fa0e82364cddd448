//! Regions of phases over a map: cells say which phases there are, lines where they end.

/// Columns by which a line may be off the edge of a cell that it replaces, or a share of the axis where columns are fine.
const REACH: (f64, f64) = (3.0, 0.06);

/// A line between two phases: their indices, a temperature and a place near which it is wanted; its place there.
pub(super) type Line<'a> = &'a dyn Fn((usize, usize), f64, f64) -> Option<f64>;

/// An outline (x, T) and the index of the phase in it.
pub(super) type Patch = (Vec<(f64, f64)>, usize);

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
    /// Patches of one phase each, that cover what is not masked.
    ///
    /// Between two phases the border is the line of their boundary where there is one; else that of the cells, straight from
    /// the middle of a row to the middle of the next instead of in steps. Masked cells keep their edges.
    pub(super) fn patches(&self, phase_at: impl Fn(usize, usize) -> Option<usize>) -> Vec<Patch> {
        let rows: Vec<Vec<Border>> = (0..self.rows.len()).map(|r| self.borders(r, &phase_at)).collect();
        let mut patches = Vec::new();
        for (r, borders) in rows.iter().enumerate() {
            let middle = self.rows[r];
            for (from, to, other) in [(self.t[r], middle, r.checked_sub(1)), (middle, self.t[r + 1], Some(r + 1))] {
                let next = other.and_then(|o| Some((*self.rows.get(o)?, rows.get(o)?)));
                let at = |t: f64| ascending(borders.iter().map(|b| self.place(b, middle, t, next)).collect());
                let (low, high) = (at(from), at(to));
                for i in 1..borders.len() {
                    if let Some(phase) = borders[i].left {
                        patches
                            .push((vec![(low[i - 1], from), (low[i], from), (high[i], to), (high[i - 1], to)], phase));
                    }
                }
            }
        }
        patches
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

    /// Place of a border at a temperature of its row.
    ///
    /// - `middle`: temperature of the row
    /// - `next`: temperature and borders of the row on the other side of `t`
    fn place(&self, border: &Border, middle: f64, t: f64, next: Option<(f64, &Vec<Border>)>) -> f64 {
        let (Some(left), Some(right)) = (border.left, border.right) else { return border.x };
        let width = self.x[self.x.len() - 1] - self.x[0];
        let reach = width * REACH.1.max(REACH.0 / (self.x.len() - 1) as f64);
        if let Some(x) = (self.line)((left, right), t, border.x).filter(|x| (x - border.x).abs() <= reach) {
            return x;
        }
        let Some((other, borders)) = next else { return border.x };
        let same = borders.iter().filter(|b| (b.left, b.right) == (border.left, border.right));
        let nearest = same.min_by(|a, b| (a.x - border.x).abs().total_cmp(&(b.x - border.x).abs()));
        match nearest.filter(|b| (b.x - border.x).abs() <= 2.0 * reach) {
            Some(b) => border.x + (b.x - border.x) * (t - middle) / (other - middle),
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
        let patches = Regions { x: &X, t: &T, rows: &ROWS, line: &line }.patches(cells);
        for t in [0.01, 0.4, 0.9, 1.2, 1.99] {
            let edge = 1.2 + 0.3 * t;
            assert_eq!((phase(&patches, edge - 0.01, t), phase(&patches, edge + 0.01, t)), (Some(0), Some(1)), "{t}");
            assert_eq!((phase(&patches, 2.99, t), phase(&patches, 3.01, t)), (Some(1), None), "masked at {t}");
        }
    }

    #[test]
    fn without_a_line_borders_are_straight_between_rows() {
        let patches = Regions { x: &X, t: &T, rows: &ROWS, line: &|_, _, _| None }.patches(cells);
        for (t, edge) in [(0.25, 1.0), (0.5, 1.0), (1.0, 1.5), (1.25, 1.75), (1.75, 2.0)] {
            assert_eq!((phase(&patches, edge - 0.02, t), phase(&patches, edge + 0.02, t)), (Some(0), Some(1)), "{t}");
        }
    }

    #[test]
    fn a_line_far_from_the_cells_is_not_theirs() {
        let patches = Regions { x: &X, t: &T, rows: &ROWS, line: &|_, _, _| Some(40.0) }.patches(cells);
        assert_eq!(phase(&patches, 1.02, 0.25), Some(1));
    }
}
