//! Colours that survive colour blindness and a grey printer.

use kuva::plot::ColorMap;
use kuva::render::color::Color;

/// Ink of lines and markers.
pub(crate) const INK: Color = Color::Rgb(0x1a, 0x1a, 0x1a);
/// Paper.
pub(crate) const PAPER: Color = Color::Rgb(0xff, 0xff, 0xff);
/// Where nothing is known: no colour of any map here is a grey.
pub(crate) const MASKED: Color = Color::Rgb(0xe3, 0xe3, 0xe3);
/// Lines of a grid.
pub(crate) const GRID: Color = Color::Rgb(0xcc, 0xcc, 0xcc);
/// Brightness of a colour, of 255, from which on a white line is lost on it.
const LIGHT: f64 = 140.0;
/// Secondary text.
pub(crate) const FAINT: Color = Color::Rgb(0x55, 0x55, 0x55);

/// Fills of phases: P. Tol's light scheme, legible under black labels.
const FILLS: [Color; 8] = [
    Color::Rgb(0x99, 0xdd, 0xff),
    Color::Rgb(0xee, 0xdd, 0x88),
    Color::Rgb(0xee, 0x88, 0x66),
    Color::Rgb(0x44, 0xbb, 0x99),
    Color::Rgb(0xff, 0xaa, 0xbb),
    Color::Rgb(0x77, 0xaa, 0xdd),
    Color::Rgb(0xbb, 0xcc, 0x33),
    Color::Rgb(0xaa, 0xaa, 0x00),
];

/// Lines: the Okabe–Ito scheme without its yellow, which is lost on white.
const LINES: [Color; 7] = [
    Color::Rgb(0x00, 0x72, 0xb2),
    Color::Rgb(0xd5, 0x5e, 0x00),
    Color::Rgb(0x00, 0x9e, 0x73),
    Color::Rgb(0xcc, 0x79, 0xa7),
    Color::Rgb(0x56, 0xb4, 0xe9),
    Color::Rgb(0xe6, 0x9f, 0x00),
    Color::Rgb(0x1a, 0x1a, 0x1a),
];

/// Fill of the phase with this index.
///
/// After the eighth the colours come again, paler.
pub(crate) fn fill(index: usize) -> Color {
    let colour = FILLS[index % FILLS.len()].clone();
    match colour {
        Color::Rgb(r, g, b) if index >= FILLS.len() => {
            let pale = |v: u8| v / 2 + 127;
            Color::Rgb(pale(r), pale(g), pale(b))
        }
        colour => colour,
    }
}

/// Colour of line number `index`.
pub(crate) fn line(index: usize) -> Color {
    LINES[index % LINES.len()].clone()
}

/// A colour mixed with white: itself at 0, white at 1.
pub(crate) fn lighter(colour: &Color, share: f64) -> Color {
    let Color::Rgb(r, g, b) = *colour else { return colour.clone() };
    let mix = |v: u8| (f64::from(v) + share * (255.0 - f64::from(v))).round() as u8;
    Color::Rgb(mix(r), mix(g), mix(b))
}

/// Shade `index` of `n` of the hue of `group`: dark to light. Ink has no shades.
pub(crate) fn shade(group: usize, index: usize, n: usize) -> Color {
    let Color::Rgb(r, g, b) = LINES[group % (LINES.len() - 1)] else { return line(group) };
    let place = if n > 1 { index as f64 / (n - 1) as f64 } else { 0.5 };
    let mix = |v: u8| {
        let v = f64::from(v);
        (if place < 0.5 { v * (0.6 + 0.8 * place) } else { v + (255.0 - v) * (place - 0.5) }) as u8
    };
    Color::Rgb(mix(r), mix(g), mix(b))
}

/// Colour of step `index` of `n` ordered lines: dark blue to orange, none too light on white.
pub(crate) fn ordered(index: usize, n: usize) -> Color {
    if n <= 1 {
        return LINES[0].clone();
    }
    sample(&ColorMap::Plasma, 0.85 * index as f64 / (n - 1) as f64)
}

/// Colour at `position` in 0..=1.
pub(crate) fn sample(map: &ColorMap, position: f64) -> Color {
    // 256 steps: neighbouring cells of one colour can be drawn as one
    let step = (position.clamp(0.0, 1.0) * 255.0).round() / 255.0;
    match map.map_rgb(step) {
        Some((r, g, b)) => Color::Rgb(r, g, b),
        None => Color::from(map.map(step)),
    }
}

/// What the colours of a scale are even steps of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Steps {
    /// The value.
    Linear,
    /// Its square root: small values take more of the colours than large ones.
    Root,
    /// Its decimal logarithm.
    Log,
}

impl Steps {
    /// Place of a value on the scale.
    pub(crate) fn place(self, value: f64) -> f64 {
        match self {
            Steps::Linear => value,
            Steps::Root => value.max(0.0).sqrt(),
            Steps::Log => value.max(1e-300).log10(),
        }
    }
}

/// A scale of colours.
#[derive(Clone)]
pub(crate) struct ColourScale {
    /// Place of the low end.
    pub(crate) lo: f64,
    /// Place of the high end.
    pub(crate) hi: f64,
    /// How places follow from values.
    pub(crate) steps: Steps,
    /// The colours.
    pub(crate) map: ColorMap,
}

impl ColourScale {
    /// Spans the finite values; logarithmic if they are positive and spread over more than `log_ratio`.
    ///
    /// `None` if no value is finite.
    pub(crate) fn spanning(values: impl Iterator<Item = f64>, log_ratio: f64, map: ColorMap) -> Option<ColourScale> {
        let finite: Vec<f64> = values.filter(|v| v.is_finite()).collect();
        let lo = finite.iter().copied().fold(f64::INFINITY, f64::min);
        let hi = finite.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if finite.is_empty() {
            return None;
        }
        let log = lo >= 0.0 && hi > 0.0 && hi > log_ratio * lo;
        let (lo, hi) = if log { (lo.max(hi * 1e-4).log10(), hi.log10()) } else { (lo, hi) };
        let (lo, hi) = if hi - lo > 1e-12 * hi.abs() { (lo, hi) } else { (lo - 0.5, hi + 0.5) };
        Some(ColourScale { lo, hi, steps: if log { Steps::Log } else { Steps::Linear }, map })
    }

    /// The same from 0 to the high end of a linear scale, in even steps of the root.
    pub(crate) fn of_roots(self) -> ColourScale {
        ColourScale { lo: 0.0, hi: Steps::Root.place(self.hi), steps: Steps::Root, ..self }
    }

    /// Share of the scale below a value.
    pub(crate) fn share(&self, value: f64) -> f64 {
        (self.steps.place(value) - self.lo) / (self.hi - self.lo)
    }

    /// The colour of a value.
    pub(crate) fn colour(&self, value: f64) -> Color {
        sample(&self.map, self.share(value))
    }

    /// A thin line that is seen on the colour of a value: white on a dark one, ink on a light one.
    pub(crate) fn line_on(&self, value: f64) -> Color {
        let Color::Rgb(r, g, b) = self.colour(value) else { return INK };
        let light = 0.299 * f64::from(r) + 0.587 * f64::from(g) + 0.114 * f64::from(b);
        if light < LIGHT { PAPER } else { INK }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_groups_of_three_shades_are_eighteen_colours() {
        let all = || (0..6).flat_map(|group| (0..3).map(move |index| shade(group, index, 3)));
        for (i, a) in all().enumerate() {
            let Color::Rgb(r, g, b) = a else { panic!("{a:?}") };
            let far = |(x, y, z): (u8, u8, u8)| r.abs_diff(x).max(g.abs_diff(y)).max(b.abs_diff(z)) >= 12;
            let others = all().skip(i + 1).map(|c| if let Color::Rgb(x, y, z) = c { (x, y, z) } else { (0, 0, 0) });
            assert!(others.into_iter().all(far), "{a:?} twice");
        }
    }

    #[test]
    fn scales_span_the_finite_values_and_no_map_has_the_grey_of_the_mask() {
        let values = [f64::NAN, 2.0, 5.0];
        let scale = ColourScale::spanning(values.into_iter(), 50.0, ColorMap::Viridis).expect("finite values");
        assert!(scale.steps == Steps::Linear && (scale.lo - 2.0).abs() < 1e-12 && (scale.hi - 5.0).abs() < 1e-12);
        assert!(ColourScale::spanning([f64::NAN].into_iter(), 50.0, ColorMap::Viridis).is_none());
        let wide = ColourScale::spanning([1.0, 100.0].into_iter(), 50.0, ColorMap::Viridis).expect("finite values");
        assert!(wide.steps == Steps::Log && wide.lo.abs() < 1e-12 && (wide.hi - 2.0).abs() < 1e-12);
        // half of the colours for the first quarter
        let roots = ColourScale { lo: 0.0, hi: 48.0, ..scale }.of_roots();
        assert!(
            roots.share(0.0) == 0.0
                && (roots.share(12.0) - 0.5).abs() < 1e-12
                && (roots.share(48.0) - 1.0).abs() < 1e-12
        );
        let is_white = |value: f64| matches!(roots.line_on(value), Color::Rgb(0xff, 0xff, 0xff));
        assert!(is_white(0.0) && !is_white(48.0), "white on dark violet, ink on yellow");
        for map in [ColorMap::Viridis, ColorMap::Plasma] {
            for i in 0..=255 {
                let Color::Rgb(r, g, b) = sample(&map, f64::from(i) / 255.0) else { panic!("not rgb") };
                assert!(r.abs_diff(g).max(g.abs_diff(b)) > 20, "grey at {i}: {r} {g} {b}");
            }
        }
    }
}
