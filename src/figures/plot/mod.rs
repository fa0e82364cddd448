//! What figures are drawn with: canvas, axes, legends, colours, curves, regions.

pub(crate) mod axis;
pub(crate) mod canvas;
pub(crate) mod curves;
pub(crate) mod diagram;
pub(crate) mod legend;
pub(crate) mod map_slice;
pub(crate) mod palette;
pub(crate) mod regions;
pub(crate) mod text;
