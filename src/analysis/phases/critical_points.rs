//! Points where boundaries end or meet: critical points, where the valley vanishes, and triple points.

/// A first-order line as points of rising temperature.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// Phases on the two sides.
    pub(crate) phases: (usize, usize),
    /// Index of each point among all crossings.
    pub(crate) points: Vec<usize>,
    /// First-order, else continuous.
    pub(crate) first_order: bool,
}

/// Points from which the end of a line is extrapolated.
const LAST: usize = 4;
/// Depth [kT] of a last point from which the end is in sight.
const IN_SIGHT: f64 = 3.0;

/// Temperature and μ at which the depth of the valley along a line falls to zero, by straight lines through the last
/// points: of the depth against 1/kT, of which a barrier of constant height makes one, and of μ against kT.
///
/// `None` if the depth does not fall, is still above 3 kT where the line breaks off, or falls to zero only beyond the
/// highest temperature that was simulated.
///
/// - `at`: (kT, μ, depth [kT]) of the points, by rising temperature
/// - `highest`: kT
pub(crate) fn critical(at: &[(f64, f64, f64)], highest: f64) -> Option<(f64, f64)> {
    let last: Vec<_> = at.iter().rev().take(LAST).filter(|x| x.1.is_finite() && x.2.is_finite()).collect();
    let n = last.len() as f64;
    if last.len() < 3 {
        return None;
    }
    let line = |x: &dyn Fn(&(f64, f64, f64)) -> f64, y: &dyn Fn(&(f64, f64, f64)) -> f64| {
        let mean = |f: &dyn Fn(&(f64, f64, f64)) -> f64| last.iter().map(|p| f(p)).sum::<f64>() / n;
        let (mx, my) = (mean(x), mean(y));
        let slope = mean(&|p| (x(p) - mx) * (y(p) - my)) / mean(&|p| (x(p) - mx).powi(2));
        (slope, my - slope * mx)
    };
    let (slope, at_zero) = line(&|p| 1.0 / p.0, &|p| p.2);
    if slope <= 0.0 {
        return None;
    }
    let end = -slope / at_zero;
    let (slope_mu, mu_at_zero) = line(&|p| p.0, &|p| p.1);
    (last[0].2 < IN_SIGHT && end >= last[0].0 && end <= highest).then_some((end, mu_at_zero + slope_mu * end))
}

/// Whether a first-order line can end in a critical point at kT: not where the same transition goes on as a continuous one,
/// and not above a triple point up to which the line leads, where it ends before.
///
/// - `last`: kT of the last point of the line
/// - `continuous`: kT of the points of the continuous line between the same phases
/// - `meetings`: kT of the points in which the line meets another
pub(crate) fn can_end(kt: f64, last: f64, continuous: &[f64], meetings: &[f64]) -> bool {
    let goes_on = continuous.iter().any(|&c| c >= last);
    let ends_before = meetings.iter().any(|&m| last <= m * (1.0 + 1e-9) && m < kt);
    !goes_on && !ends_before
}

/// Whether a line runs through a point.
///
/// - `path`: (kT, μ) by rising temperature
/// - `near`: distance in μ
pub(crate) fn runs_through(path: &[(f64, f64)], kt: f64, mu: f64, near: f64) -> bool {
    let between = path.windows(2).find(|w| w[0].0 <= kt && kt <= w[1].0);
    let at = |w: &[(f64, f64)]| w[0].1 + (w[1].1 - w[0].1) * (kt - w[0].0) / (w[1].0 - w[0].0);
    between.is_some_and(|w| (at(w) - mu).abs() <= near)
}

/// Where two lines meet that share a phase: kT and μ, by straight pieces, up to one step beyond their ends.
///
/// - `a`, `b`: (kT, μ) by rising temperature
pub(crate) fn meeting(a: &[(f64, f64)], b: &[(f64, f64)]) -> Option<(f64, f64)> {
    if a.len() < 2 || b.len() < 2 {
        return None;
    }
    let step = |l: &[(f64, f64)]| l.windows(2).map(|w| w[1].0 - w[0].0).fold(0.0, f64::max);
    let reach = 1.01 * step(a).min(step(b));
    let (lo, hi) = (a[0].0.max(b[0].0) - reach, a[a.len() - 1].0.min(b[b.len() - 1].0) + reach);
    let value = |l: &[(f64, f64)], kt: f64| {
        let i = l.partition_point(|x| x.0 <= kt).clamp(1, l.len() - 1);
        let (p, q) = (l[i - 1], l[i]);
        p.1 + (q.1 - p.1) * (kt - p.0) / (q.0 - p.0)
    };
    let difference = |kt: f64| value(a, kt) - value(b, kt);
    if hi <= lo {
        return None;
    }
    let steps = 200;
    let at = |i: usize| lo + (hi - lo) * i as f64 / steps as f64;
    let i = (0..steps).find(|&i| difference(at(i)) * difference(at(i + 1)) <= 0.0)?;
    let (d0, d1) = (difference(at(i)), difference(at(i + 1)));
    let kt = if d0 == d1 { at(i) } else { at(i) + (at(i + 1) - at(i)) * d0 / (d0 - d1) };
    Some((kt, value(a, kt)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_ends_twice() {
        // alone; a continuous line above it, or only below; a triple point above the line, or below it
        assert!(can_end(1.3, 1.2, &[], &[]));
        assert!(!can_end(1.3, 1.2, &[1.1, 1.25], &[]));
        assert!(can_end(1.3, 1.2, &[0.9, 1.0], &[]));
        assert!(!can_end(1.3, 1.2, &[], &[1.25]));
        assert!(can_end(1.3, 1.2, &[], &[0.7]), "gas and liquid, above the solid");
        assert!(can_end(1.3, 1.2, &[], &[1.35]));
    }

    #[test]
    fn a_line_runs_through_what_lies_on_it() {
        let path = [(1.0, -3.0), (1.2, -2.0), (1.4, -1.0)];
        assert!(runs_through(&path, 1.3, -1.52, 0.05) && !runs_through(&path, 1.3, -1.6, 0.05));
        assert!(!runs_through(&path, 0.9, -3.5, 0.05) && !runs_through(&path, 1.5, -0.5, 0.05));
    }

    #[test]
    fn a_valley_that_flattens_ends_in_a_critical_point() {
        let point = |i: i32| {
            let kt = 1.0 + 0.1 * f64::from(i);
            (kt, -3.0 + 2.0 * (kt - 1.0), 12.0 * (1.0 / kt - 1.0 / 1.6))
        };
        let line: Vec<_> = (0..6).map(point).collect();
        let (kt, mu) = critical(&line, 2.0).expect("an end");
        assert!((kt - 1.6).abs() < 1e-12 && (mu + 1.8).abs() < 1e-12, "{kt} {mu}");
        assert_eq!(critical(&line, 1.55), None, "beyond what was simulated");
        let deepening: Vec<_> = line.iter().map(|x| (x.0, x.1, 7.0 - x.2)).collect();
        assert_eq!(critical(&deepening, 9.0), None);
        // Far from flat where the line is cut off: its end is not in sight.
        let cut: Vec<_> = line.iter().map(|x| (x.0, x.1, x.2 + 20.0)).collect();
        assert_eq!(critical(&cut, 9.0), None);
    }

    #[test]
    fn lines_meet_in_a_triple_point() {
        let a: Vec<_> = (0..5).map(|i| (1.0 + f64::from(i), f64::from(i))).collect();
        let b: Vec<_> = (0..5).map(|i| (1.0 + f64::from(i), 5.0 - f64::from(i))).collect();
        let (kt, mu) = meeting(&a, &b).expect("a meeting");
        assert!((kt - 3.5).abs() < 1e-9 && (mu - 2.5).abs() < 1e-9);
        let parallel: Vec<_> = a.iter().map(|x| (x.0, x.1 + 1.0)).collect();
        assert_eq!(meeting(&a, &parallel), None);
    }
}
