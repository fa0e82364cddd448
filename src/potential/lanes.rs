//! Sixteen numbers at a time in f32: what the compiler turns into vector code.

use pulp::Simd;

/// Atoms that are handled together.
pub const LANES: usize = 16;

/// a·b + c, rounded once where the instruction set can.
#[inline(always)]
pub fn fma<S: Simd>(a: f32, b: f32, c: f32) -> f32 {
    if S::IS_SCALAR { a * b + c } else { a.mul_add(b, c) }
}

/// eˣ in f32 within two units in the last place; below −87 as at −87. Not for x above 88.
///
/// Written out, because a call into the system's library is no vector code.
///
/// # Source
/// Cephes, expf: x = n ln 2 + y with |y| ≤ ½ ln 2, and a polynomial for eʸ.
#[inline(always)]
pub fn exp<S: Simd>(x: f32) -> f32 {
    // Adding 1.5 · 2²³ leaves the nearest whole number in the low bits.
    const ROUND: f32 = 12_582_912.0;
    const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    const COEFFICIENTS: [f32; 5] = [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_66, 0.5];
    let x = x.max(-87.0);
    let shifted = fma::<S>(x, std::f32::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let y = fma::<S>(-n, LN_2[1], fma::<S>(-n, LN_2[0], x));
    let mut p = 1.987_569_1e-4;
    for c in COEFFICIENTS {
        p = fma::<S>(p, y, c);
    }
    let power_of_two = f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3f80_0000));
    (fma::<S>(p, y * y, y) + 1.0) * power_of_two
}

/// A vector of lanes, aligned to a cache line.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(align(64))]
pub struct Lanes(pub [f32; LANES]);

impl Lanes {
    /// The same value in every lane.
    pub const fn splat(value: f32) -> Lanes {
        Lanes([value; LANES])
    }

    /// Sum over lanes, the last ones in f64, in a fixed order.
    #[inline(always)]
    pub fn sum(&self) -> f64 {
        let mut eight = [0.0_f32; 8];
        for k in 0..8 {
            eight[k] = self.0[k] + self.0[k + 8];
        }
        let mut four = [0.0_f64; 4];
        for k in 0..4 {
            four[k] = f64::from(eight[k]) + f64::from(eight[k + 4]);
        }
        (four[0] + four[2]) + (four[1] + four[3])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_right_to_two_units_in_the_last_place() {
        for k in -8_700..8_700 {
            let x = 0.01 * k as f32 + 1e-4;
            let (ours, exact) = (f64::from(exp::<pulp::Scalar>(x)), f64::from(x).exp());
            assert!((ours / exact - 1.0).abs() < 2.0 * f64::from(f32::EPSILON), "{x}: {ours} {exact}");
        }
        assert!(exp::<pulp::Scalar>(-1e6) < 1e-37);
    }
}
