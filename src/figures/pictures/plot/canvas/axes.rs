//! Axes of a drawing area: their lines, ticks and labels, and further axes above and beside the plot.

use super::{BESIDE_ROOM, Canvas, LABEL, SECONDARY_ROOM, Stroke, TEXT, UPRIGHT_ROOM, own_ticks};
use crate::figures::pictures::plot::axis::Secondary;
use crate::figures::pictures::plot::{palette, text};
use kuva::render::axis::{add_axes_and_grid, add_labels_and_title};
use kuva::render::render::TextAnchor;

impl Canvas {
    /// A label with subscripts that reads upwards, centred on a pixel.
    fn label_upwards(&mut self, x: f64, y: f64, content: &str, size: u32) {
        let mut y = y + 0.5 * text::label_width(content, f64::from(size));
        for (content, sub) in text::runs(content) {
            let small = if sub { text::SUBSCRIPT } else { 1.0 };
            let run_size = (f64::from(size) * small).round();
            let (x, width) = (x + if sub { 0.38 * f64::from(size) } else { 0.0 }, text::width(&content, run_size));
            self.text_upwards(x, y - 0.5 * width, &content, run_size as u32, palette::INK);
            y -= width;
        }
    }

    /// Grid lines, axes and labels. Before curves, or with `grid` off after tiles.
    pub(crate) fn axes(&mut self, grid: bool) {
        self.layout.show_grid = grid;
        add_axes_and_grid(&mut self.scene, &self.computed, &self.layout);
        add_labels_and_title(&mut self.scene, &self.computed, &self.layout);
        let (left, top, right, bottom) = self.area();
        let (x_label, y_label) = (self.x.label.clone(), self.y.label.clone());
        let under = self.scene.height - self.bottom - 20.0;
        self.label(0.5 * (left + right), under, &x_label, LABEL, TextAnchor::Middle);
        if self.top.is_empty() {
            let x = (left - self.computed.y_tick_label_px - 8.0).max(8.0);
            self.label(x, top - 16.0, &y_label, LABEL, TextAnchor::Start);
        } else {
            self.label_upwards(0.5 * UPRIGHT_ROOM + 2.0, 0.5 * (top + bottom), &y_label, LABEL);
        }
        self.short_log_ticks(grid);
        self.secondary_axes();
    }

    /// Ticks of short logarithmic axes, which are not evenly spaced, with their grid lines.
    fn short_log_ticks(&mut self, grid: bool) {
        let (left, top, right, bottom) = self.area();
        let (thin, stroke) = (Stroke::solid(palette::GRID, 1.0), Stroke::solid(palette::INK, 1.0));
        if self.x.is_short_log() {
            for (place, label) in own_ticks(&self.x.clone()) {
                let x = self.computed.map_x(place);
                if grid {
                    self.polyline(&[(x, top), (x, bottom)], &thin);
                }
                self.polyline(&[(x, bottom), (x, bottom + 5.0)], &stroke);
                self.text(x, bottom + 16.0, &label, TEXT, TextAnchor::Middle, palette::INK);
            }
        }
        if self.y.is_short_log() {
            for (place, label) in own_ticks(&self.y.clone()) {
                let y = self.computed.map_y(place);
                if grid {
                    self.polyline(&[(left, y), (right, y)], &thin);
                }
                self.polyline(&[(left - 5.0, y), (left, y)], &stroke);
                self.text(left - 9.0, y, &label, TEXT, TextAnchor::End, palette::INK);
            }
        }
    }

    /// The axes above the plot: a line with ticks, and the label over it.
    fn secondary_axes(&mut self) {
        let (left, top, right, _) = self.area();
        for (k, axis) in self.top.clone().into_iter().enumerate() {
            let y = top - SECONDARY_ROOM * k as f64;
            let stroke = Stroke::solid(palette::INK, 1.0);
            self.polyline(&[(left, y), (right, y)], &stroke);
            for (place, content) in &axis.ticks {
                let x = self.computed.map_x(*place);
                // What stands right of the plot (the label of a colour bar) keeps its room.
                if x > right - 0.03 * (right - left) {
                    continue;
                }
                self.polyline(&[(x, y), (x, y - 5.0)], &stroke);
                self.text(x, y - 13.0, content, TEXT - 2, TextAnchor::Middle, palette::INK);
            }
            self.label(0.5 * (left + right), y - 30.0, &axis.label, TEXT, TextAnchor::Middle);
        }
    }

    /// Axes beside the plot, the y axis in other quantities; the frame must have [`BESIDE_ROOM`] for each.
    pub(crate) fn right_axes(&mut self, axes: &[Secondary]) {
        for (k, axis) in axes.iter().enumerate() {
            self.right_axis(BESIDE_ROOM * k as f64, axis);
        }
    }

    /// One axis beside the plot.
    ///
    /// - `away`: from the edge of the plot \[px\]
    pub(crate) fn right_axis(&mut self, away: f64, axis: &Secondary) {
        let (_, top, right, bottom) = self.area();
        let (x, stroke) = (right + away, Stroke::solid(palette::INK, 1.0));
        self.polyline(&[(x, top), (x, bottom)], &stroke);
        for (place, content) in &axis.ticks {
            let y = self.computed.map_y(*place);
            // What stands over the plot keeps its room.
            if y > top + 8.0 {
                self.polyline(&[(x, y), (x + 5.0, y)], &stroke);
                self.text(x + 8.0, y, content, TEXT - 2, TextAnchor::Start, palette::INK);
            }
        }
        self.text_upwards(x + 60.0, 0.5 * (top + bottom), &axis.label, TEXT, palette::INK);
    }
}
