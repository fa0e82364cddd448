//! noise: Philox and standard normal numbers for sixteen slots at a time.
//!
//! Twin: `src/base/rng.rs` (same integers, same uniforms; logarithm, sine and cosine are polynomials in f32).

use crate::base::rng::Stream;
use crate::base::rng_lanes::philox_lanes;
use crate::potential::LANES;

/// Where random numbers are taken from; the slot comes last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Address {
    pub(super) key: [u32; 2],
    pub(super) stream: Stream,
    pub(super) step: u64,
    pub(super) replica: u32,
}

/// Words of [`LANES`] consecutive slots at one address.
#[inline(always)]
fn philox(address: Address, first_slot: u32) -> [[u32; LANES]; 4] {
    let Address { key, stream, step, replica } = address;
    philox_lanes(key, stream, step, replica, std::array::from_fn(|l| first_slot + l as u32))
}

/// Three standard normal numbers for each of [`LANES`] consecutive slots.
///
/// - returns: `[3][LANES]`
#[inline(always)]
pub(super) fn gaussians(address: Address, first_slot: u32) -> [[f32; LANES]; 3] {
    let words = philox(address, first_slot);
    let mut out = [[0.0; LANES]; 3];
    for l in 0..LANES {
        let (radius, (sin, cos)) = (radius(uniform(words[0][l])), sin_cos_turn(uniform(words[1][l])));
        out[0][l] = radius * cos;
        out[1][l] = radius * sin;
    }
    for l in 0..LANES {
        out[2][l] = radius(uniform(words[2][l])) * sin_cos_turn(uniform(words[3][l])).1;
    }
    out
}

/// (k + ½)·2⁻²⁴ from the top 24 bits; exact but for the last bit above ½.
#[inline(always)]
fn uniform(word: u32) -> f32 {
    ((word >> 8) as i32 as f32 + 0.5) * (1.0 / 16_777_216.0)
}

/// √(−2 ln u).
#[inline(always)]
fn radius(u: f32) -> f32 {
    (-2.0 * ln(u).min(0.0)).sqrt()
}

/// Natural logarithm of a positive normal number, within 1e-7 relative of the larger of 1 and |ln u|.
/// Source: the minimax polynomial of Cephes (Moshier, 1992).
#[inline(always)]
fn ln(u: f32) -> f32 {
    let bits = u.to_bits();
    // mantissa in [√½, √2)
    let shifted = bits.wrapping_sub(0x3F35_04F3);
    let exponent = (shifted as i32 >> 23) as f32;
    let mantissa = f32::from_bits((shifted & 0x007F_FFFF).wrapping_add(0x3F35_04F3));
    let x = mantissa - 1.0;
    let mut p = 7.037_683_6e-2_f32;
    for c in [
        -1.151_461e-1_f32,
        1.167_699_9e-1,
        -1.242_014_1e-1,
        1.424_932_3e-1,
        -1.666_805_7e-1,
        2.000_071_5e-1,
        -2.499_999_4e-1,
        3.333_333e-1,
    ] {
        p = p * x + c;
    }
    let square = x * x;
    let tail = x * square * p - 0.5 * square + exponent * -2.121_944_4e-4;
    x + tail + exponent * 0.693_359_4
}

/// (sin 2πu, cos 2πu) for u in [0, 1].
#[inline(always)]
fn sin_cos_turn(u: f32) -> (f32, f32) {
    // Adding 1.5 · 2²³ leaves the nearest whole number in the low bits, where a conversion would be no vector code.
    const ROUND: f32 = 12_582_912.0;
    let shifted = 4.0 * u + ROUND;
    // u = quarter/4 + r with |r| ≤ 1/8
    let quarter = shifted - ROUND;
    let angle = (u - 0.25 * quarter) * std::f32::consts::TAU;
    let square = angle * angle;
    let sin = angle + angle * square * (-1.666_665_5e-1 + square * (8.332_161e-3 + square * -1.951_529_6e-4));
    let cos =
        1.0 - 0.5 * square + square * square * (4.166_664_6e-2 + square * (-1.388_731_6e-3 + square * 2.443_315_7e-5));
    let q = shifted.to_bits();
    let (a, b) = if q & 1 == 0 { (sin, cos) } else { (cos, sin) };
    (if q & 2 == 0 { a } else { -a }, if (q + 1) & 2 == 0 { b } else { -b })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;

    #[test]
    fn the_same_numbers_as_the_reference() {
        let rng = Rng::new(0x1234_5678_9abc);
        for (step, replica, first) in [(0, 0, 0), (7, 3, 16), (u64::MAX / 3, 4000, 160)] {
            let address = Address { key: rng.key(), stream: Stream::Thermostat, step, replica };
            let ours = gaussians(address, first);
            for l in 0..LANES {
                let reference = rng.gaussians(Stream::Thermostat, step, replica, first + l as u32);
                for d in 0..3 {
                    let difference = (f64::from(ours[d][l]) - reference[d]).abs();
                    assert!(difference < 2e-6, "{} instead of {}", ours[d][l], reference[d]);
                }
            }
        }
    }

    #[test]
    fn logarithm_and_circle_over_the_whole_range() {
        for k in 0..=1_000 {
            let u = (k as f32 + 0.5) / 1001.0;
            assert!((f64::from(ln(u)) - f64::from(u).ln()).abs() < 3e-7 * f64::from(u).ln().abs().max(1.0));
            let (sin, cos) = sin_cos_turn(u);
            let (exact_sin, exact_cos) = (std::f64::consts::TAU * f64::from(u)).sin_cos();
            assert!((f64::from(sin) - exact_sin).abs() < 3e-7 && (f64::from(cos) - exact_cos).abs() < 3e-7, "{u}");
        }
        let smallest = uniform(0);
        assert!((f64::from(ln(smallest)) - f64::from(smallest).ln()).abs() < 2e-6);
    }
}
