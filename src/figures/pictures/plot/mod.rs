//! What figures are drawn with: canvas, axes, legends, colours, curves, regions.

pub(crate) mod axis;
pub(crate) mod canvas;
pub(crate) mod contours;
pub(crate) mod curves;
pub(crate) mod diagram;
pub(crate) mod doubts;
pub(crate) mod legend;
pub(crate) mod map_slice;
pub(crate) mod of_temperature;
pub(crate) mod palette;
mod raster;
pub(crate) mod regions;
pub(crate) mod text;
