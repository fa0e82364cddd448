//! Lower envelopes of lines and planes: which structure is the most stable where.

/// Two values closer than this part of the range are one.
const TOL: f64 = 1e-12;

/// A line g(x) = constant + slope · x.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// g at x = 0.
    pub constant: f64,
    /// dg/dx.
    pub slope: f64,
}

/// A segment of the lower envelope.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Segment {
    /// Index of the lowest line.
    pub line: usize,
    /// Where it becomes the lowest.
    pub from: f64,
    /// Where it ceases to be.
    pub to: f64,
}

/// The lowest line over `from..to`, as segments from left to right; of equal lines the first counts.
///
/// - returns: at least one segment if there is a line
pub fn lowest_line(lines: &[Line], from: f64, to: f64) -> Vec<Segment> {
    let value = |i: usize, x: f64| lines[i].constant + lines[i].slope * x;
    let mut segments = Vec::new();
    // At the left end the lowest; among equals the one that falls fastest.
    let order = |&a: &usize, &b: &usize| {
        value(a, from).total_cmp(&value(b, from)).then(lines[a].slope.total_cmp(&lines[b].slope)).then(a.cmp(&b))
    };
    let Some(mut current) = (0..lines.len()).min_by(order) else { return segments };
    let mut x = from;
    loop {
        let crossing = |j: &usize| {
            let steeper = lines[current].slope - lines[*j].slope;
            (steeper > 0.0).then(|| ((lines[*j].constant - lines[current].constant) / steeper, *j))
        };
        let next = (0..lines.len())
            .filter_map(|j| crossing(&j))
            .map(|(at, j)| (at.max(x), j))
            // Of lines that cross at one place the steepest is the lowest beyond it.
            .min_by(|a, b| a.0.total_cmp(&b.0).then(lines[a.1].slope.total_cmp(&lines[b.1].slope)).then(a.1.cmp(&b.1)));
        match next {
            Some((at, j)) if at < to => {
                if at > x + TOL * (to - from) || segments.is_empty() && at > x {
                    segments.push(Segment { line: current, from: x, to: at });
                }
                (x, current) = (at, j);
            }
            _ => {
                segments.push(Segment { line: current, from: x, to });
                return segments;
            }
        }
    }
}

/// A plane g(x, y) = constant + slopes · (x, y).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plane {
    /// g at the origin.
    pub constant: f64,
    /// ∂g/∂x and ∂g/∂y.
    pub slopes: [f64; 2],
}

/// Where a plane is the lowest: a convex polygon.
#[derive(Debug, Clone, PartialEq)]
pub struct Region {
    /// Index of the plane.
    pub plane: usize,
    /// Corners in order.
    pub corners: Vec<(f64, f64)>,
    /// `[n_corners]`: across the edge from this corner to the next lies this plane; `None` at the frame.
    pub beyond: Vec<Option<usize>>,
}

/// The regions of the lowest planes within a rectangle; of equal planes the first counts.
///
/// - `x`, `y`: low and high end
pub fn lowest_planes(planes: &[Plane], x: (f64, f64), y: (f64, f64)) -> Vec<Region> {
    // A plane that only touches the envelope in a line would take its edge away; without region it is left out.
    let mut candidates: Vec<usize> = (0..planes.len()).collect();
    loop {
        let regions = regions_of(planes, &candidates, x, y);
        if regions.len() == candidates.len() {
            return regions;
        }
        candidates = regions.iter().map(|r| r.plane).collect();
    }
}

/// The regions of some of the planes among each other.
fn regions_of(planes: &[Plane], candidates: &[usize], x: (f64, f64), y: (f64, f64)) -> Vec<Region> {
    let mut regions = Vec::new();
    for &i in candidates {
        let plane = &planes[i];
        let mut corners = vec![(x.0, y.0), (x.1, y.0), (x.1, y.1), (x.0, y.1)];
        let mut beyond: Vec<Option<usize>> = vec![None; 4];
        for (j, other) in candidates.iter().filter(|&&j| j != i).map(|&j| (j, &planes[j])) {
            let above = |&(x, y): &(f64, f64)| {
                plane.constant - other.constant
                    + (plane.slopes[0] - other.slopes[0]) * x
                    + (plane.slopes[1] - other.slopes[1]) * y
            };
            let same = plane.slopes == other.slopes;
            if same && (plane.constant > other.constant || plane.constant == other.constant && j < i) {
                corners.clear();
            }
            if same || corners.is_empty() {
                continue;
            }
            (corners, beyond) = clip(&corners, &beyond, j, above);
        }
        if area(&corners) > TOL * (x.1 - x.0) * (y.1 - y.0) {
            regions.push(Region { plane: i, corners, beyond });
        }
    }
    regions
}

/// Keeps the part of a polygon where `above` is at most 0; the cut edge borders on `other`.
fn clip(
    corners: &[(f64, f64)],
    beyond: &[Option<usize>],
    other: usize,
    above: impl Fn(&(f64, f64)) -> f64,
) -> (Vec<(f64, f64)>, Vec<Option<usize>>) {
    let (mut kept, mut borders) = (Vec::new(), Vec::new());
    let n = corners.len();
    for k in 0..n {
        let (a, b) = (corners[k], corners[(k + 1) % n]);
        let (fa, fb) = (above(&a), above(&b));
        let cut = || {
            let share = fa / (fa - fb);
            (a.0 + share * (b.0 - a.0), a.1 + share * (b.1 - a.1))
        };
        if fa <= 0.0 {
            kept.push(a);
            borders.push(beyond[k]);
            if fb > 0.0 {
                kept.push(cut());
                borders.push(Some(other));
            }
        } else if fb <= 0.0 {
            kept.push(cut());
            borders.push(beyond[k]);
        }
    }
    (kept, borders)
}

fn area(corners: &[(f64, f64)]) -> f64 {
    let n = corners.len();
    let twice: f64 =
        (0..n).map(|k| (corners[k], corners[(k + 1) % n])).map(|(a, b)| a.0 * b.1 - b.0 * a.1).sum::<f64>();
    0.5 * twice.abs()
}

/// An edge between two regions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Edge {
    /// Planes on either side, the lower index first.
    pub planes: (usize, usize),
    /// One end.
    pub from: (f64, f64),
    /// The other end.
    pub to: (f64, f64),
}

/// The edges between regions, each once.
pub fn edges(regions: &[Region]) -> Vec<Edge> {
    let mut found: Vec<Edge> = Vec::new();
    for region in regions {
        let n = region.corners.len();
        for (k, other) in region.beyond.iter().enumerate().filter_map(|(k, b)| Some((k, (*b)?))) {
            let (from, to) = (region.corners[k], region.corners[(k + 1) % n]);
            let planes = (region.plane.min(other), region.plane.max(other));
            let neighbour = regions.iter().any(|r| r.plane == other);
            let long = (to.0 - from.0).hypot(to.1 - from.1) > 0.0;
            if neighbour && long && !found.iter().any(|e| e.planes == planes) {
                found.push(Edge { planes, from, to });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_of_lines() {
        let energies = [0.0, -2.10, -3.90, -5.20, -6.10];
        let lines: Vec<Line> =
            energies.iter().enumerate().map(|(n, &constant)| Line { constant, slope: -(n as f64) }).collect();
        let found = lowest_line(&lines, -3.0, 0.0);
        assert_eq!(found.iter().map(|s| s.line).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
        for (segment, at) in found[1..].iter().zip([-2.1, -1.8, -1.3, -0.9]) {
            assert!((segment.from - at).abs() < 1e-12, "{}", segment.from);
        }
        assert_eq!((found[0].from, found[4].to), (-3.0, 0.0));
    }

    #[test]
    fn lines_that_meet_in_a_point_or_never_win_are_left_out() {
        let line = |constant, slope| Line { constant, slope };
        // The second touches the crossing of the other two; the fourth is always above.
        let lines = [line(0.0, 0.0), line(1.0, -1.0), line(2.0, -2.0), line(9.0, 0.0)];
        let found = lowest_line(&lines, 0.0, 3.0);
        assert_eq!(found.iter().map(|s| s.line).collect::<Vec<_>>(), [0, 2]);
        assert!((found[1].from - 1.0).abs() < 1e-12);
        // Against brute force.
        for k in 0..300 {
            let x = 0.01 * f64::from(k);
            let lowest = lines.iter().map(|l| l.constant + l.slope * x).fold(f64::INFINITY, f64::min);
            let s = found.iter().find(|s| s.from <= x && x <= s.to).map_or(0, |s| s.line);
            assert!((lines[s].constant + lines[s].slope * x - lowest).abs() < 1e-9);
        }
    }

    #[test]
    fn a_plane_that_only_touches_the_envelope_takes_no_edge() {
        // Clean, OH and O of a surface whose three lines meet at U = 0.8 for every pH.
        let step = 0.0591593;
        let plane = |g, n: f64| Plane { constant: g, slopes: [-n * step, -n] };
        let regions = lowest_planes(&[plane(0.0, 0.0), plane(0.8, 1.0), plane(1.6, 2.0)], (0.0, 14.0), (-0.2, 1.6));
        assert_eq!(regions.iter().map(|r| r.plane).collect::<Vec<_>>(), [0, 2]);
        let edges = edges(&regions);
        assert_eq!(edges.len(), 1);
        let (a, b) = (edges[0].from, edges[0].to);
        assert!((a.0 - b.0).abs() > 13.999, "{a:?} {b:?}");
    }

    #[test]
    fn regions_tile_the_rectangle_and_share_their_edges() {
        let plane = |constant, sx, sy| Plane { constant, slopes: [sx, sy] };
        let planes = [
            plane(0.0, 0.0, 0.0),
            plane(-1.0, -1.0, 0.0),
            plane(-1.0, 0.0, -1.0),
            plane(-1.5, -1.0, -1.0),
            plane(9.0, 0.0, 0.0),
            plane(0.0, 0.0, 0.0),
        ];
        let regions = lowest_planes(&planes, (-3.0, 1.0), (-3.0, 1.0));
        let total: f64 = regions.iter().map(|r| area(&r.corners)).sum();
        assert!((total - 16.0).abs() < 1e-9, "{total}");
        assert_eq!(regions.iter().map(|r| r.plane).collect::<Vec<_>>(), [0, 1, 2, 3]);
        for region in &regions {
            let n = region.corners.len() as f64;
            let (x, y) = region.corners.iter().fold((0.0, 0.0), |c, p| (c.0 + p.0 / n, c.1 + p.1 / n));
            let g = |p: &Plane| p.constant + p.slopes[0] * x + p.slopes[1] * y;
            let lowest = planes.iter().map(g).fold(f64::INFINITY, f64::min);
            assert!((g(&planes[region.plane]) - lowest).abs() < 1e-12);
        }
        let edges = edges(&regions);
        let pairs: Vec<(usize, usize)> = edges.iter().map(|e| e.planes).collect();
        for pair in [(0, 1), (0, 2), (1, 3), (2, 3)] {
            assert!(pairs.contains(&pair), "{pairs:?}");
        }
        for e in &edges {
            for p in [e.from, e.to] {
                let g = |i: usize| planes[i].constant + planes[i].slopes[0] * p.0 + planes[i].slopes[1] * p.1;
                assert!((g(e.planes.0) - g(e.planes.1)).abs() < 1e-9);
            }
        }
    }
}
