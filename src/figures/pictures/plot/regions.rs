//! Where the name of a region fits inside it.

/// Edge of a pixel of the raster in which regions are searched. [px]
const FINE: f64 = 3.0;

/// Labels keep this distance from what is drawn already. [px]
const NEAR: f64 = 9.0;

/// A raster of region indices over a drawing area.
pub(crate) struct Raster {
    left: f64,
    top: f64,
    nx: usize,
    ny: usize,
    /// `[ny][nx]`, row 0 at the top
    region: Vec<Option<usize>>,
}

/// A place for a label.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spot {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) size: u32,
    pub(crate) upwards: bool,
}

impl Raster {
    /// Samples `region_at(x, y)` over the area (left, top, right, bottom). [px]
    pub(crate) fn new(area: (f64, f64, f64, f64), mut region_at: impl FnMut(f64, f64) -> Option<usize>) -> Raster {
        let (left, top, right, bottom) = area;
        let (nx, ny) = (((right - left) / FINE) as usize, ((bottom - top) / FINE) as usize);
        let mut region = Vec::with_capacity(nx * ny);
        for j in 0..ny {
            for i in 0..nx {
                region.push(region_at(left + (i as f64 + 0.5) * FINE, top + (j as f64 + 0.5) * FINE));
            }
        }
        Raster { left, top, nx, ny, region }
    }

    /// Connected parts of a region that take at least `share` of the area, largest first.
    pub(crate) fn parts(&self, index: usize, share: f64) -> Vec<Vec<bool>> {
        let mut seen = vec![false; self.region.len()];
        let mut parts: Vec<(usize, Vec<bool>)> = Vec::new();
        for start in 0..self.region.len() {
            if seen[start] || self.region[start] != Some(index) {
                continue;
            }
            let mut part = vec![false; self.region.len()];
            let (mut stack, mut size) = (vec![start], 0);
            seen[start] = true;
            while let Some(at) = stack.pop() {
                part[at] = true;
                size += 1;
                let (i, j) = (at % self.nx, at / self.nx);
                let next = [
                    (i > 0).then(|| at - 1),
                    (i + 1 < self.nx).then(|| at + 1),
                    (j > 0).then(|| at - self.nx),
                    (j + 1 < self.ny).then(|| at + self.nx),
                ];
                for to in next.into_iter().flatten() {
                    if !seen[to] && self.region[to] == Some(index) {
                        seen[to] = true;
                        stack.push(to);
                    }
                }
            }
            if size as f64 >= share * self.region.len() as f64 {
                parts.push((size, part));
            }
        }
        parts.sort_by_key(|(size, _)| std::cmp::Reverse(*size));
        parts.into_iter().map(|(_, part)| part).collect()
    }

    /// The place with most room for a text in a part of a region; `None` if it fits nowhere.
    ///
    /// - `width`: of the text at one pixel of font size
    /// - `taken`: pixels with something on them already
    pub(crate) fn spot(&self, part: &[bool], width: f64, taken: &[(f64, f64)]) -> Option<Spot> {
        let mut free = part.to_vec();
        let reach = (NEAR / FINE) as i64;
        for (x, y) in taken {
            let (i, j) = (((x - self.left) / FINE) as i64, ((y - self.top) / FINE) as i64);
            for j in (j - reach).max(0)..=(j + reach).min(self.ny as i64 - 1) {
                for i in (i - reach).max(0)..=(i + reach).min(self.nx as i64 - 1) {
                    free[j as usize * self.nx + i as usize] = false;
                }
            }
        }
        let sums = self.sums(&free);
        for (size, upwards) in [(17, false), (14, false), (12, false), (14, true), (12, true)] {
            let (long, high) = (width * f64::from(size) + 10.0, 1.5 * f64::from(size));
            let (w, h) = if upwards { (high, long) } else { (long, high) };
            for room in [3.0, 2.5, 2.0, 1.7, 1.4, 1.2, 1.0] {
                if let Some((x, y)) = self.fit(&sums, room * w, room * h) {
                    return Some(Spot { x, y, size, upwards });
                }
            }
        }
        None
    }

    /// Centre of a box of this size that lies wholly in the part: the one nearest to the middle of all such.
    fn fit(&self, sums: &[u32], width: f64, height: f64) -> Option<(f64, f64)> {
        let (w, h) = ((width / FINE).ceil() as usize, (height / FINE).ceil() as usize);
        if w > self.nx || h > self.ny {
            return None;
        }
        let stride = self.nx + 1;
        let mut places = Vec::new();
        for j in 0..=self.ny - h {
            for i in 0..=self.nx - w {
                let corner = |i: usize, j: usize| sums[j * stride + i] as usize;
                if corner(i + w, j + h) + corner(i, j) - corner(i, j + h) - corner(i + w, j) == w * h {
                    places.push((i as f64 + 0.5 * w as f64, j as f64 + 0.5 * h as f64));
                }
            }
        }
        let n = places.len() as f64;
        let middle = places.iter().fold((0.0, 0.0), |m, p| (m.0 + p.0 / n, m.1 + p.1 / n));
        let distance = |p: &(f64, f64)| (p.0 - middle.0).hypot(p.1 - middle.1);
        let best = places.into_iter().min_by(|a, b| distance(a).total_cmp(&distance(b)))?;
        Some((self.left + best.0 * FINE, self.top + best.1 * FINE))
    }

    /// Summed-area table: entry (i, j) counts the part above and left of it.
    fn sums(&self, part: &[bool]) -> Vec<u32> {
        let stride = self.nx + 1;
        let mut sums = vec![0; stride * (self.ny + 1)];
        for j in 0..self.ny {
            for i in 0..self.nx {
                let above = sums[j * stride + i + 1] + sums[(j + 1) * stride + i] - sums[j * stride + i];
                sums[(j + 1) * stride + i + 1] = above + u32::from(part[j * self.nx + i]);
            }
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_stand_inside_their_region() {
        // left third 0, the rest 1, a hole of nothing in the middle of 1
        let area = (10.0, 20.0, 610.0, 460.0);
        let region = |x: f64, y: f64| {
            if (x - 400.0).hypot(y - 240.0) < 60.0 { None } else { Some(usize::from(x > 210.0)) }
        };
        let raster = Raster::new(area, region);
        for index in [0, 1] {
            let parts = raster.parts(index, 0.01);
            assert_eq!(parts.len(), 1);
            let spot = raster.spot(&parts[0], 3.0, &[]).expect("fits");
            let half = 1.5 * f64::from(spot.size);
            for dx in [-half, 0.0, half] {
                assert_eq!(region(spot.x + dx, spot.y), Some(index), "{spot:?}");
            }
        }
        assert!(raster.parts(2, 0.0).is_empty());
    }

    #[test]
    fn labels_keep_away_from_points() {
        let raster = Raster::new((0.0, 0.0, 600.0, 440.0), |_, _| Some(0));
        let part = &raster.parts(0, 0.0)[0];
        let free = raster.spot(part, 3.0, &[]).expect("fits");
        let moved = raster.spot(part, 3.0, &[(free.x, free.y)]).expect("fits");
        assert!((moved.x - free.x).abs() > 25.0 || (moved.y - free.y).abs() > 12.0, "{moved:?}");
    }

    #[test]
    fn narrow_regions_are_labelled_upwards_or_not_at_all() {
        let region = |wide: f64| move |x: f64, _: f64| (x < wide).then_some(0);
        let raster = Raster::new((0.0, 0.0, 600.0, 440.0), region(30.0));
        assert!(raster.spot(&raster.parts(0, 0.0)[0], 5.0, &[]).expect("fits").upwards);
        let raster = Raster::new((0.0, 0.0, 600.0, 440.0), region(9.0));
        assert_eq!(raster.spot(&raster.parts(0, 0.0)[0], 5.0, &[]), None);
    }
}
