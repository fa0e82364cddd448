//! Axes: range, logarithm, ticks.

use super::text;
use kuva::render::layout::TickFormat;
use kuva::render::render_utils::{compute_tick_step, generate_ticks};
use std::sync::Arc;

/// Intended number of ticks on a secondary axis.
const SECONDARY_TICKS: usize = 6;

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
        let step = compute_tick_step(self.lo, self.hi, target);
        if self.whole || self.log && self.hi - self.lo >= 2.0 { step.ceil().max(1.0) } else { step }
    }

    /// Places of the labelled ticks.
    pub(crate) fn ticks(&self, target: usize) -> Vec<f64> {
        let step = self.step(target);
        if self.log && self.hi - self.lo >= 2.0 {
            let first = (self.lo / step - 1e-9).ceil() as i64;
            let last = (self.hi / step + 1e-9).floor() as i64;
            (first..=last).map(|i| i as f64 * step).collect()
        } else {
            generate_ticks(self.lo, self.hi, target)
        }
    }

    /// Format of ticks: equal decimals on a linear axis, powers of ten on a logarithmic one.
    pub(crate) fn format(&self, target: usize) -> TickFormat {
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
    fn decades_are_whole() {
        let axis = Axis::log10("p".into(), -31.2, -0.4);
        assert!(axis.ticks(6).iter().all(|t| (t - t.round()).abs() < 1e-12));
        assert!(axis.ticks(6).len() >= 4);
        assert!((axis.place(0.01) + 2.0).abs() < 1e-12);
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
