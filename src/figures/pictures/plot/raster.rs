//! Pictures as PNG. What reads upwards is drawn lying on a sheet of its own and turned: the raster of kuva loses the soft edges of
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
    let (upwards, level): (Vec<_>, Vec<_>) = scene.elements.iter().partition(|element| columns(element).is_some());
    if upwards.is_empty() {
        return raster.render_scene(scene);
    }
    let mut picture = Scene::new(scene.width, scene.height);
    picture.background_color.clone_from(&scene.background_color);
    picture.text_color.clone_from(&scene.text_color);
    picture.elements = level.into_iter().cloned().collect();
    let mut pixels = decoded(&raster.render_scene(&picture)?)?;
    let (left, sheet) = sheet(&upwards, scene);
    pixels.multiply_with_turned(&decoded(&raster.render_scene(&sheet)?)?, left * SCALE as usize);
    pixels.encoded()
}

/// Where a text that reads upwards may have ink, from left to right; `None` for anything else. \[px of the SVG\]
fn columns(element: &Primitive) -> Option<(f64, f64)> {
    match element {
        Primitive::Text { x, size, rotate: Some(angle), .. } if *angle == -90.0 => {
            // No letter reaches further from its base line.
            let reach = 1.5 * f64::from(*size);
            Some((x - reach, x + reach))
        }
        _ => None,
    }
}

/// What reads upwards, lying on a white sheet as long as the picture is high: (x, y) of the picture is at (height − y, x − left).
/// It is only as wide as these texts, because all of it is packed and unpacked once.
///
/// - returns: `left` \[px of the SVG\], the sheet
fn sheet(upwards: &[&Primitive], scene: &Scene) -> (usize, Scene) {
    let ink = upwards.iter().filter_map(|element| columns(element));
    let (left, right) = ink.fold((scene.width, 0.0), |(l, r): (f64, f64), (left, right)| (l.min(left), r.max(right)));
    let left = left.floor().max(0.0);
    let mut sheet = Scene::new(scene.height, (right - left).max(1.0));
    sheet.text_color.clone_from(&scene.text_color);
    for element in upwards {
        let mut lying = (*element).clone();
        if let Primitive::Text { x, y, rotate, .. } = &mut lying {
            (*x, *y, *rotate) = (scene.height - *y, *x - left, None);
        }
        sheet.add(lying);
    }
    (left as usize, sheet)
}

/// Red, green and blue of opaque pixels, row by row.
struct Pixels {
    width: usize,
    height: usize,
    colours: Vec<[u8; 3]>,
}

fn decoded(png: &[u8]) -> Result<Pixels, String> {
    let mut reader = png::Decoder::new(Cursor::new(png)).read_info().map_err(|e| e.to_string())?;
    let size = reader.output_buffer_size().ok_or("the picture is too large")?;
    let mut bytes = vec![0; size];
    let info = reader.next_frame(&mut bytes).map_err(|e| e.to_string())?;
    let colours = match (info.color_type, info.bit_depth) {
        (png::ColorType::Rgba, png::BitDepth::Eight) => {
            bytes.as_chunks().0.iter().map(|&[r, g, b, _]| [r, g, b]).collect()
        }
        (png::ColorType::Rgb, png::BitDepth::Eight) => bytes.as_chunks().0.to_vec(),
        other => return Err(format!("the raster has pixels of the kind {other:?}")),
    };
    Ok(Pixels { width: info.width as usize, height: info.height as usize, colours })
}

impl Pixels {
    /// Multiplies with a white sheet that lies on its right side, its upper edge at the column `left`.
    fn multiply_with_turned(&mut self, sheet: &Pixels, left: usize) {
        for (y, row) in self.colours.chunks_exact_mut(self.width).enumerate() {
            for (x, own) in row.iter_mut().skip(left).take(sheet.height).enumerate() {
                let shade = sheet.colours[x * sheet.width + self.height - 1 - y];
                let colours = own.iter_mut().zip(shade);
                colours.for_each(|(own, shade)| *own = (u16::from(*own) * u16::from(shade) / 255) as u8);
            }
        }
    }

    fn encoded(&self) -> Result<Vec<u8>, String> {
        let mut out = Vec::new();
        let mut encoder = png::Encoder::new(&mut out, self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        // As small as what the raster packs itself, in a third of the time.
        encoder.set_deflate_compression(png::DeflateCompression::Level(2));
        encoder.set_filter(png::Filter::Up);
        let mut writer = encoder.write_header().map_err(|e| e.to_string())?;
        writer.write_image_data(self.colours.as_flattened()).map_err(|e| e.to_string())?;
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
        for (i, pixel) in picture.colours.iter().enumerate().filter(|(_, p)| p[0] < 255) {
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
