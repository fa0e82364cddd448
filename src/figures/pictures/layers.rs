//! How many atoms a full layer holds, which contours and colours of a map of ⟨N⟩ go by.

use crate::analysis::Analysis;

/// Share of its room that the first layer must hold somewhere on the map if it is to count as full there.
const FILLED: f64 = 0.8;
/// Layers from which on a linear scale of colours would hide the first.
const DEEP: f64 = 2.0;
/// Most contours.
const MOST: usize = 8;

/// The layers of the only species.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layers {
    /// Atoms of a full one.
    pub(super) full: f64,
}

impl Layers {
    /// The layers, if atoms of one species alone make them: what the first holds where it is fullest, or where it is full nowhere on the
    /// map (or is not observed) what there is room for.
    pub(super) fn of(analysis: &Analysis) -> Option<Layers> {
        let room = analysis.cell.room.filter(|room| *room >= 1.0)?;
        if analysis.grid.n_reservoirs() != 1 || analysis.cell.fixed_adsorbates > 0 {
            return None;
        }
        let first = analysis.observables.iter().position(|name| name == "n_layer1");
        let held = |i: usize| {
            let known =
                analysis.map.cells.iter().filter(|cell| !cell.masked).filter_map(|cell| cell.observables.get(i));
            known.copied().filter(|n| n.is_finite()).fold(0.0, f64::max)
        };
        let full = first.map(held).filter(|n| *n >= FILLED * room).unwrap_or(room);
        Some(Layers { full })
    }

    /// ⟨N⟩ at which a layer is half full, between two values. Where layers are full ⟨N⟩ hardly changes over a large part of a map, so that
    /// a contour there would have no place; between them it has.
    pub(super) fn half_full(&self, lo: f64, hi: f64) -> Vec<f64> {
        let all = (0..).map(|k| (f64::from(k) + 0.5) * self.full).take_while(|n| *n < hi);
        all.filter(|n| *n > lo).take(MOST).collect()
    }

    /// Whether a map up to `most` atoms is one of so many layers that even colours would hide the first.
    pub(super) fn are_many(&self, most: f64) -> bool {
        most > DEEP * self.full
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contours_lie_between_full_layers() {
        let layers = Layers { full: 12.0 };
        assert_eq!(layers.half_full(0.01, 48.0), [6.0, 18.0, 30.0, 42.0]);
        assert_eq!(layers.half_full(7.0, 17.0), [0.0; 0]);
        assert_eq!(layers.half_full(0.0, 1e9).len(), MOST);
        assert!(layers.are_many(48.0) && !layers.are_many(23.0));
    }
}
