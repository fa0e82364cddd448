//! Pictures as PNG. What reads upwards is drawn on a sheet of its own and turned: the raster of kuva loses the soft edges of
//! turned text.

use kuva::RasterBackend;
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
    let mut upright = Scene::new(scene.width, scene.height);
    upright.background_color.clone_from(&scene.background_color);
    upright.text_color.clone_from(&scene.text_color);
    upright.elements.extend(scene.elements.iter().filter(|e| !reads_upwards(e)).cloned());
    // The sheet lies on its right side: (x, y) is at (height − y, x).
    let mut lying = Scene::new(scene.height, scene.width);
    for element in upwards {
        if let Primitive::Text { x, y, content, size, anchor, bold, color, .. } = element {
            lying.add(Primitive::Text {
                x: scene.height - y,
                y: *x,
                content: content.clone(),
                size: *size,
                anchor: *anchor,
                rotate: None,
                bold: *bold,
                color: color.clone(),
            });
        }
    }
    let mut picture = decoded(&raster.render_scene(&upright)?)?;
    let sheet = decoded(&raster.render_scene(&lying)?)?;
    picture.darken(&sheet);
    picture.encoded()
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
    /// Multiplies with a white sheet that lies on its right side.
    fn darken(&mut self, lying: &Pixels) {
        let colours = self.channels.min(lying.channels).min(3);
        for y in 0..self.height.min(lying.width) {
            let column = lying.width - 1 - y;
            for x in 0..self.width.min(lying.height) {
                let (to, from) = ((y * self.width + x) * self.channels, (x * lying.width + column) * lying.channels);
                for k in 0..colours {
                    let shade = u16::from(lying.bytes[from + k]);
                    self.bytes[to + k] = (u16::from(self.bytes[to + k]) * shade / 255) as u8;
                }
            }
        }
    }

    fn encoded(&self) -> Result<Vec<u8>, String> {
        let mut out = Vec::new();
        let mut encoder = png::Encoder::new(&mut out, self.width as u32, self.height as u32);
        encoder.set_color(self.color);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header().map_err(|e| e.to_string())?;
        writer.write_image_data(&self.bytes).map_err(|e| e.to_string())?;
        writer.finish().map_err(|e| e.to_string())?;
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kuva::render::color::Color;
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
