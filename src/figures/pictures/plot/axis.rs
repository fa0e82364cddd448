//! Axes: range, logarithm, ticks.

use super::text;
use kuva::render::layout::TickFormat;
use std::sync::Arc;

/// Intended number of ticks on a secondary axis.
const SECONDARY_TICKS: usize = 6;

/// Decades below which a logarithmic axis has ticks within them.
const SHORT: f64 = 3.0;

/// An axis of a picture. Logarithmic axes are linear in the decimal logarithm.
#[derive(Debug, Clone)]
pub(crate) struct Axis {
    /// Label with unit.
    pub(crate) label: String,
    /// Low end, or its decimal logarithm.
    pub(crate) lo: f64,
    /// High end, or its decimal logarithm.
    pub(crate) hi: f64,
    /// Whether values are drawn at their logarithm.
    pub(crate) log: bool,
    /// Whether only whole numbers mean something.
    pub(crate) whole: bool,
}

impl Axis {
    /// A linear axis from `lo` to `hi`.
    pub(crate) fn linear(label: String, lo: f64, hi: f64) -> Axis {
        let (lo, hi) = open(lo, hi);
        Axis { label, lo, hi, log: false, whole: false }
    }

    /// A linear axis of whole numbers, such as places in a row.
    pub(crate) fn counting(label: String, lo: f64, hi: f64) -> Axis {
        Axis { whole: true, ..Axis::linear(label, lo, hi) }
    }

    /// A logarithmic axis; the ends are given as decimal logarithms.
    pub(crate) fn log10(label: String, lo: f64, hi: f64) -> Axis {
        let (lo, hi) = open(lo, hi);
        Axis { label, lo, hi, log: true, whole: false }
    }

    /// A linear axis around the finite values, with a margin of 4 %.
    pub(crate) fn around(label: String, values: impl Iterator<Item = f64>) -> Axis {
        let (lo, hi) = span(values).unwrap_or((0.0, 1.0));
        let margin = 0.04 * (hi - lo);
        Axis::linear(label, lo - margin, hi + margin)
    }

    /// Place of a value on the axis.
    pub(crate) fn place(&self, value: f64) -> f64 {
        if self.log { value.max(1e-300).log10() } else { value }
    }

    /// Whether a place on the axis is within its ends.
    pub(crate) fn holds(&self, place: f64) -> bool {
        place >= self.lo && place <= self.hi
    }

    /// Distance between labelled ticks.
    pub(crate) fn step(&self, target: usize) -> f64 {
        // Labels of decades are short.
        let most = target as f64 * if self.log { 1.3 } else { 1.0 };
        let step = step(self.lo, self.hi, most);
        if self.whole || self.log && self.hi - self.lo >= 2.0 { step.ceil().max(1.0) } else { step }
    }

    /// Whether it is logarithmic and too short for whole decades: then ticks stand at 1, 2 and 5 of each.
    pub(crate) fn is_short_log(&self) -> bool {
        self.log && self.hi - self.lo < SHORT
    }

    /// Places of ticks at 1, 2 and 5 of each decade, or at even steps where the axis is within about one of these.
    fn short_log_ticks(&self) -> Vec<f64> {
        let decades = self.lo.floor() as i32..=self.hi.ceil() as i32;
        let all = decades.flat_map(|d| [1.0, 2.0, 5.0].map(|f: f64| f64::from(d) + f.log10()));
        let inside: Vec<f64> = all.filter(|&v| v >= self.lo - 1e-9 && v <= self.hi + 1e-9).collect();
        if inside.len() > 2 {
            return inside;
        }
        let (lo, hi) = (10_f64.powf(self.lo), 10_f64.powf(self.hi));
        multiples(step(lo, hi, SECONDARY_TICKS as f64), lo, hi).into_iter().map(f64::log10).collect()
    }

    /// Places of the labelled ticks.
    pub(crate) fn ticks(&self, target: usize) -> Vec<f64> {
        if self.is_short_log() {
            return self.short_log_ticks();
        }
        multiples(self.step(target), self.lo, self.hi)
    }

    /// Format of ticks: equal decimals on a linear axis, powers of ten on a logarithmic one.
    pub(crate) fn format(&self, target: usize) -> TickFormat {
        if self.is_short_log() {
            // One way of writing on one axis.
            let plain = self.short_log_ticks().into_iter().all(text::is_short_decimal);
            return TickFormat::Custom(Arc::new(if plain { text::decimal } else { text::power_of_ten }));
        }
        if self.log {
            return TickFormat::Custom(Arc::new(text::power_of_ten));
        }
        let step = self.step(target);
        let decimals = (0..6).find(|&d| {
            let scaled = step * 10_f64.powi(d);
            (scaled - scaled.round()).abs() < 1e-6 * scaled
        });
        let large = self.lo.abs().max(self.hi.abs());
        match decimals {
            Some(d) if large < 1e5 => TickFormat::Custom(Arc::new(move |v| text::fixed(v, d as usize))),
            _ => TickFormat::Custom(Arc::new(scientific)),
        }
    }
}

/// Distance of ticks, 1, 2 or 5 times a power of ten, so that there are at most about `most` of them.
fn step(lo: f64, hi: f64, most: f64) -> f64 {
    let raw = (hi - lo) / most;
    let decade = 10_f64.powf(raw.log10().floor());
    let nice = [1.0, 2.0, 5.0].into_iter().find(|nice| raw <= nice * decade * (1.0 + 1e-9));
    nice.unwrap_or(10.0) * decade
}

/// The multiples of a step from `lo` to `hi`.
fn multiples(step: f64, lo: f64, hi: f64) -> Vec<f64> {
    let (first, last) = ((lo / step - 1e-9).ceil() as i64, (hi / step + 1e-9).floor() as i64);
    (first..=last).map(|i| i as f64 * step).collect()
}

/// The smallest and the largest of the finite values.
pub(crate) fn span(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.filter(|v| v.is_finite()).fold(None, |ends, v| match ends {
        None => Some((v, v)),
        Some((lo, hi)) => Some((lo.min(v), hi.max(v))),
    })
}

fn open(lo: f64, hi: f64) -> (f64, f64) {
    let width = hi - lo;
    if width > 1e-12 * lo.abs().max(hi.abs()) && width > 0.0 {
        (lo, hi)
    } else {
        let half = if lo == 0.0 { 0.5 } else { 0.05 * lo.abs() };
        (lo - half, lo + half)
    }
}

fn scientific(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    let sign = if value < 0.0 { "−" } else { "" };
    format!("{sign}{}", text::power_of_ten(value.abs().log10()))
}

/// A second axis above or beside the plot: the x or the y axis in another quantity.
#[derive(Debug, Clone)]
pub(crate) struct Secondary {
    /// Label with unit.
    pub(crate) label: String,
    /// Places on the axis of the plot with their labels.
    pub(crate) ticks: Vec<(f64, String)>,
}

impl Secondary {
    /// A positive quantity that rises with the axis of the plot, on a logarithmic axis of its own; `None` if there is no room
    /// for two ticks.
    ///
    /// - `points`: places on the axis of the plot with values of the quantity, ascending
    pub(crate) fn rising(label: String, points: &[(f64, f64)]) -> Option<Secondary> {
        let points: Vec<(f64, f64)> = points.iter().map(|&(place, v)| (place, v.log10())).collect();
        let (first, last) = (points.first()?, points.last()?);
        if points.len() < 2 || points.windows(2).any(|w| w[1].1 <= w[0].1) {
            return None;
        }
        let own = Axis::log10(label, first.1, last.1);
        let format = own.format(SECONDARY_TICKS);
        let place = |v: f64| {
            let after = points.partition_point(|p| p.1 < v).clamp(1, points.len() - 1);
            let (a, b) = (points[after - 1], points[after]);
            a.0 + (v - a.1) / (b.1 - a.1) * (b.0 - a.0)
        };
        let inside = own.ticks(SECONDARY_TICKS).into_iter().filter(|&v| own.holds(v));
        let ticks: Vec<(f64, String)> = inside.map(|v| (place(v), format.format(v))).collect();
        (ticks.len() > 1).then_some(Secondary { label: own.label, ticks })
    }

    /// A quantity that is linear in the places of an axis of the plot.
    ///
    /// - `own`: the quantity as an axis; its ends stand at the ends of `x`
    pub(crate) fn linear(x: &Axis, own: &Axis) -> Secondary {
        let format = own.format(SECONDARY_TICKS);
        let place = |v: f64| x.lo + (v - own.lo) / (own.hi - own.lo) * (x.hi - x.lo);
        let inside = own.ticks(SECONDARY_TICKS).into_iter().filter(|&v| own.holds(v));
        Secondary { label: own.label.clone(), ticks: inside.map(|v| (place(v), format.format(v))).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: usize = 7;

    #[test]
    fn a_single_value_still_gives_an_axis() {
        let axis = Axis::around("T".into(), [300.0].into_iter());
        assert!(axis.lo < 300.0 && axis.hi > 300.0);
        let axis = Axis::around("N".into(), [0.0, f64::NAN].into_iter());
        assert!(axis.lo < 0.0 && axis.hi > 0.0);
    }

    #[test]
    fn ticks_stand_at_multiples_of_one_two_or_five() {
        for (lo, hi, expected) in [
            (0.172, 0.388, 0.05),
            (0.0, 13.5, 2.0),
            (0.0, 1.0, 0.2),
            (99.0, 125.0, 5.0),
            (-7.5, -1.0, 1.0),
            (0.0, 7.0, 1.0),
        ] {
            let axis = Axis::linear("x".into(), lo, hi);
            assert!((axis.step(TARGET) / expected - 1.0).abs() < 1e-9, "{lo} {hi}: {}", axis.step(TARGET));
            let ticks = axis.ticks(TARGET);
            assert!((3..=TARGET + 1).contains(&ticks.len()) && ticks.iter().all(|&t| axis.holds(t)), "{ticks:?}");
        }
    }

    #[test]
    fn decades_are_whole() {
        let axis = Axis::log10("p".into(), -31.2, -0.4);
        assert!(axis.ticks(6).iter().all(|t| (t - t.round()).abs() < 1e-12));
        assert!(axis.ticks(6).len() >= 4);
        assert!((axis.place(0.01) + 2.0).abs() < 1e-12);
    }

    #[test]
    fn short_decades_have_ticks_at_one_two_and_five() {
        let axis = Axis::log10("p".into(), 0.0, 1.7);
        let format = axis.format(6);
        let labels: Vec<String> = axis.ticks(6).into_iter().map(|v| format.format(v)).collect();
        assert_eq!(labels, ["1", "2", "5", "10", "20", "50"]);
        let axis = Axis::log10("p".into(), 2e3_f64.log10(), 2.6e3_f64.log10());
        let format = axis.format(6);
        let labels: Vec<String> = axis.ticks(6).into_iter().map(|v| format.format(v)).collect();
        assert!(labels.contains(&"2200".to_owned()) && labels.len() > 3, "{labels:?}");
        let axis = Axis::log10("p".into(), -7.1, -5.2);
        let format = axis.format(6);
        assert_eq!(format.format(axis.ticks(6)[0]), "10⁻⁷");
    }

    #[test]
    fn one_axis_has_one_way_of_writing() {
        let labels = |lo: f64, hi: f64| -> Vec<String> {
            let axis = Axis::log10("p".into(), lo, hi);
            let format = axis.format(6);
            axis.ticks(6).into_iter().map(|v| format.format(v)).collect()
        };
        assert_eq!(labels(-4.05, -2.4), ["10⁻⁴", "2×10⁻⁴", "5×10⁻⁴", "10⁻³", "2×10⁻³"]);
        assert_eq!(labels(-3.0, -1.9), ["0.001", "0.002", "0.005", "0.01"]);
    }

    #[test]
    fn a_rising_quantity_stands_where_it_has_its_values() {
        let points: Vec<(f64, f64)> =
            (0..=40).map(|i| f64::from(i) / 20.0).map(|x| (x, 10_f64.powf(x + 0.02 * x * x))).collect();
        let axis = Secondary::rising("p".into(), &points).expect("rises");
        let (place, label) = &axis.ticks[axis.ticks.len() - 1];
        assert_eq!(label, "100");
        assert!((place + 0.02 * place * place - 2.0).abs() < 1e-3, "{place}");
        assert!(Secondary::rising("p".into(), &[(0.0, 2.0), (1.0, 1.0)]).is_none());
        assert!(Secondary::rising("p".into(), &[(0.0, 2.0)]).is_none() && Secondary::rising("p".into(), &[]).is_none());
    }

    #[test]
    fn decimals_follow_the_step() {
        let written = |lo: f64, hi: f64, value: f64| {
            let axis = Axis::linear("x".into(), lo, hi);
            (axis.step(TARGET), axis.format(TARGET).format(value))
        };
        let (step, text) = written(-7.5, -1.0, -7.0);
        assert!((step - 1.0).abs() < 1e-9 && text == "−7", "{step} {text}");
        let (step, text) = written(0.0, 1.2, 0.4);
        assert!((step - 0.2).abs() < 1e-9 && text == "0.4", "{step} {text}");
        let (_, text) = written(0.0, 1e7, 2e6);
        assert_eq!(text, "2×10⁶");
    }
}
