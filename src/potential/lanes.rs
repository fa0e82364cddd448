//! Sixteen numbers at a time in f32: what the compiler turns into vector code.

use pulp::Simd;

/// Atoms that are handled together.
pub const LANES: usize = 16;

/// a·b + c, rounded once where the instruction set can.
#[inline(always)]
pub fn fma<S: Simd>(a: f32, b: f32, c: f32) -> f32 {
    if S::IS_SCALAR { a * b + c } else { a.mul_add(b, c) }
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
