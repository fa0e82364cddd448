//! Pictures as PNG. What reads upwards is drawn on a sheet below the picture and turned: the raster of kuva loses the soft edges of
//! turned text.

use kuva::RasterBackend;
use kuva::render::color::Color;
use kuva::render::render::{Primitive, Scene};
use std::io::Cursor;

/// Pixels of the PNG per pixel of the SVG.
const SCALE: f32 = 2.0;

/// A scene as PNG.
///
/// # Errors
/// What the raster or the format says.
pub(super) fn png(scene: &Scene) -> Result<Vec<u8>, String> {
    let raster = RasterBackend::new().with_scale(SCALE);
    let upwards: Vec<&Primitive> = scene.elements.iter().filter(|e| reads_upwards(e)).collect();
    if upwards.is_empty() {
        return raster.render_scene(scene);
    }
    // Below the picture, a white sheet that lies on its right side: (x, y) of the picture is at (height − y, x) of the sheet.
    let mut both = Scene::new(scene.width.max(scene.height), scene.height + scene.width);
    both.background_color.clone_from(&scene.background_color);
    both.text_color.clone_from(&scene.text_color);
    both.elements.extend(scene.elements.iter().filter(|e| !reads_upwards(e)).cloned());
    both.add(Primitive::Rect {
        x: 0.0,
        y: scene.height,
        width: both.width,
        height: scene.width,
        fill: Color::Rgb(255, 255, 255),
        stroke: None,
        stroke_width: None,
        opacity: None,
    });
    for element in upwards {
        if let Primitive::Text { x, y, content, size, anchor, bold, color, .. } = element {
            both.add(Primitive::Text {
                x: scene.height - y,
                y: scene.height + x,
                content: content.clone(),
                size: *size,
                anchor: *anchor,
                rotate: None,
                bold: *bold,
                color: color.clone(),
            });
        }
    }
    let pixels = |length: f64| (length * f64::from(SCALE)).ceil() as usize;
    let whole = decoded(&raster.render_scene(&both)?)?;
    whole.with_sheet((pixels(scene.width), pixels(scene.height))).encoded()
}

fn reads_upwards(element: &Primitive) -> bool {
    matches!(element, Primitive::Text { rotate: Some(angle), .. } if *angle == -90.0)
}

/// Pixels row by row, `channels` bytes each: red, green, blue, and what follows.
struct Pixels {
    width: usize,
    height: usize,
    channels: usize,
    color: png::ColorType,
    bytes: Vec<u8>,
}

fn decoded(png: &[u8]) -> Result<Pixels, String> {
    let mut reader = png::Decoder::new(Cursor::new(png)).read_info().map_err(|e| e.to_string())?;
    let size = reader.output_buffer_size().ok_or("the picture is too large")?;
    let mut bytes = vec![0; size];
    let info = reader.next_frame(&mut bytes).map_err(|e| e.to_string())?;
    let (width, height) = (info.width as usize, info.height as usize);
    Ok(Pixels { width, height, channels: info.color_type.samples(), color: info.color_type, bytes })
}

impl Pixels {
    /// The upper left corner, multiplied with the white sheet that lies on its right side below it.
    ///
    /// - `width`, `height`: of the corner
    fn with_sheet(&self, (width, height): (usize, usize)) -> Pixels {
        let colours = self.channels.min(3);
        let mut bytes = Vec::with_capacity(width * height * self.channels);
        for y in 0..height {
            for x in 0..width {
                let of = |x: usize, y: usize| &self.bytes[(y * self.width + x) * self.channels..][..self.channels];
                let sheet = of(height - 1 - y, height + x);
                let shaded = |(k, &own): (usize, &u8)| match k < colours {
                    true => (u16::from(own) * u16::from(sheet[k]) / 255) as u8,
                    false => own,
                };
                bytes.extend(of(x, y).iter().enumerate().map(shaded));
            }
        }
        Pixels { width, height, bytes, ..*self }
    }

    fn encoded(&self) -> Result<Vec<u8>, String> {
        let mut out = Vec::new();
        let mut encoder = png::Encoder::new(&mut out, self.width as u32, self.height as u32);
        encoder.set_color(self.color);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::Fast);
        let mut writer = encoder.write_header().map_err(|e| e.to_string())?;
        writer.write_image_data(&self.bytes).map_err(|e| e.to_string())?;
        writer.finish().map_err(|e| e.to_string())?;
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kuva::render::render::TextAnchor;

    /// The ink of a picture of one word: (left, top, right, bottom) of it [px of the PNG], and its sum.
    fn ink(x: f64, y: f64, rotate: Option<f64>) -> ([usize; 4], u64) {
        let mut scene = Scene::new(120.0, 80.0);
        let (content, color) = ("word".to_owned(), Some(Color::Rgb(0, 0, 0)));
        scene.add(Primitive::Text { x, y, content, size: 14, anchor: TextAnchor::Middle, rotate, bold: false, color });
        let picture = decoded(&png(&scene).expect("a picture")).expect("a PNG");
        assert_eq!((picture.width, picture.height), (240, 160));
        let (mut found, mut sum) = ([usize::MAX, usize::MAX, 0, 0], 0);
        for (i, pixel) in picture.bytes.chunks(picture.channels).enumerate().filter(|(_, p)| p[0] < 255) {
            let (x, y) = (i % picture.width, i / picture.width);
            found = [found[0].min(x), found[1].min(y), found[2].max(x), found[3].max(y)];
            sum += u64::from(255 - pixel[0]);
        }
        (found, sum)
    }

    #[test]
    fn what_reads_upwards_has_the_ink_of_what_lies_in_its_place() {
        let (lying, black) = ink(60.0, 40.0, None);
        let (upwards, as_black) = ink(60.0, 40.0, Some(-90.0));
        assert_eq!(black, as_black);
        // about (120, 80): right is up, up is left
        let turned = [lying[1] + 40, 199 - lying[2], lying[3] + 40, 199 - lying[0]];
        for (a, b) in upwards.into_iter().zip(turned) {
            assert!(a.abs_diff(b) <= 1, "{upwards:?} {turned:?}");
        }
    }
}
