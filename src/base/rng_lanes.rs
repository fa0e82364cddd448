//! Random numbers of several slots at a time, for vector code.
//!
//! Twin: `src/base/rng.rs` (same integers, same uniforms). Logarithms are additions, multiplications and a division, so that their
//! bits depend neither on the instruction set that `pulp` finds nor on the mathematical library of the machine.

use super::rng::{Rng, Stream, uniform};
use pulp::{Arch, Simd, WithSimd};

/// Ten rounds of Philox for several slots at one address.
///
/// A word stands in the low half of 64 bits, whatever is in the high half: so a product needs no packing, and the high
/// half of one is a shift away.
///
/// - `slots`: of 24 bits
/// - returns: `[4][L]`
#[inline(always)]
pub(crate) fn philox_lanes<const L: usize>(
    key: [u32; 2],
    stream: Stream,
    step: u64,
    replica: u32,
    slots: [u32; L],
) -> [[u32; L]; 4] {
    const M: [u64; 2] = [0xD251_1F53, 0xCD9E_8D57];
    const W: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
    const LOW: u64 = 0xFFFF_FFFF;
    let (mut a, mut b, mut c, mut d) = ([0; L], [u64::from(replica); L], [step; L], [step >> 32; L]);
    for l in 0..L {
        a[l] = u64::from(slots[l] | (stream as u32) << 24);
    }
    let mut k = key;
    for _ in 0..10 {
        let [k0, k1] = k.map(u64::from);
        for l in 0..L {
            let (p0, p1) = (M[0] * (a[l] & LOW), M[1] * (c[l] & LOW));
            (a[l], b[l]) = ((p1 >> 32) ^ b[l] ^ k0, p1);
            (c[l], d[l]) = ((p0 >> 32) ^ d[l] ^ k1, p0);
        }
        k = [k[0].wrapping_add(W[0]), k[1].wrapping_add(W[1])];
    }
    let mut words = [[0; L]; 4];
    for l in 0..L {
        [words[0][l], words[1][l], words[2][l], words[3][l]] = [a[l], b[l], c[l], d[l]].map(|word| word as u32);
    }
    words
}

/// ln of the first uniform number at an address, of [`Rng::uniforms`].
#[inline]
pub(crate) fn ln_uniform(rng: &Rng, stream: Stream, step: u64, replica: u32, slot: u32) -> f64 {
    ln(uniform(rng.block(stream, step, replica, slot)[0]))
}

/// [`ln_uniform`] of many slots, to the bit.
///
/// - `out`: `[slots.len()]`, overwritten
pub(crate) fn ln_uniforms(rng: &Rng, stream: Stream, step: u64, replica: u32, slots: &[u32], out: &mut [f64]) {
    assert_eq!(slots.len(), out.len(), "a number for every slot");
    Arch::new().dispatch(LnUniforms { rng, stream, step, replica, slots, out });
}

/// Slots drawn at once: two vectors of the widest instruction set, so that one is at work while the other waits.
const LANES: usize = 16;

/// The entry to the vector code of [`ln_uniforms`].
struct LnUniforms<'a> {
    rng: &'a Rng,
    stream: Stream,
    step: u64,
    replica: u32,
    slots: &'a [u32],
    out: &'a mut [f64],
}

impl WithSimd for LnUniforms<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let LnUniforms { rng, stream, step, replica, slots, out } = self;
        let ((all, rest), (outs, last)) = (slots.as_chunks::<LANES>(), out.as_chunks_mut::<LANES>());
        for (slots, out) in all.iter().zip(outs) {
            let [words, ..] = philox_lanes(rng.key(), stream, step, replica, *slots);
            for l in 0..LANES {
                out[l] = ln(uniform_of(words[l]));
            }
        }
        for (slot, out) in rest.iter().zip(last) {
            *out = ln_uniform(rng, stream, step, replica, *slot);
        }
    }
}

/// [`uniform`], where a conversion would be no vector code.
#[inline(always)]
fn uniform_of(word: u32) -> f64 {
    (whole(u64::from(word >> 8)) + 0.5) * (1.0 / 16_777_216.0)
}

/// A whole number below 2⁵² as f64: the low bits of 2⁵² + n are those of n.
#[inline(always)]
fn whole(n: u64) -> f64 {
    const TWO_52: f64 = 4_503_599_627_370_496.0;
    f64::from_bits(TWO_52.to_bits() | n) - TWO_52
}

/// Natural logarithm of a positive normal number, within a unit of its last place.
///
/// x = 2^k (1 + f) with 1 + f in [√½, √2), ln(1 + f) = f − f²/2 + s (f²/2 + R(s²)), s = f/(2 + f).
///
/// # Source
/// FreeBSD msun, e_log.c (Sun Microsystems, 1993).
#[inline(always)]
pub(crate) fn ln(x: f64) -> f64 {
    const ROOT_HALF: u64 = 0x3FE6_A09E_667F_3BCD;
    const LN_2: [f64; 2] = [6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10];
    let shifted = x.to_bits() + (1.0_f64.to_bits() - ROOT_HALF);
    let k = whole(shifted >> 52) - 1023.0;
    let f = f64::from_bits((shifted & 0x000F_FFFF_FFFF_FFFF) + ROOT_HALF) - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let mut r = 1.479_819_860_511_658_6e-1;
    for c in [
        1.531_383_769_920_937_3e-1,
        1.818_357_216_161_805e-1,
        2.222_219_843_214_978_4e-1,
        2.857_142_874_366_239e-1,
        3.999_999_999_940_942e-1,
        6.666_666_666_666_735e-1,
    ] {
        r = r * z + c;
    }
    let half_square = 0.5 * f * f;
    k * LN_2[0] - ((half_square - (s * (half_square + r * z) + k * LN_2[1])) - f)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::{KNOWN_ANSWERS, philox4x32_10};

    #[test]
    fn lanes_are_the_words_of_the_reference() {
        for (counter, key, answer) in KNOWN_ANSWERS {
            assert_eq!(philox4x32_10(counter, key), answer);
        }
        let rng = Rng::new(0x1234_5678_9abc);
        for (step, replica) in [(0, 0), (7, 3), (u64::MAX / 3, 4000)] {
            let slots = [0, 5, 77, (1 << 24) - 1];
            let words = philox_lanes(rng.key(), Stream::Exchange, step, replica, slots);
            for (l, &slot) in slots.iter().enumerate() {
                assert_eq!(words.map(|word| word[l]), rng.block(Stream::Exchange, step, replica, slot));
            }
        }
    }

    #[test]
    fn numbers_drawn_together_are_those_drawn_one_by_one() {
        let rng = Rng::new(3);
        for n in [0, 1, 15, 16, 17, 1000] {
            let slots: Vec<u32> = (0..n).map(|i| i * i % 7919).collect();
            let mut out = vec![0.0; slots.len()];
            ln_uniforms(&rng, Stream::Exchange, 1 << 40, 9, &slots, &mut out);
            for (slot, found) in slots.iter().zip(out) {
                let alone = ln_uniform(&rng, Stream::Exchange, 1 << 40, 9, *slot);
                assert_eq!(found.to_bits(), alone.to_bits());
                let exact = rng.uniforms(Stream::Exchange, 1 << 40, 9, *slot)[0].ln();
                assert!((found - exact).abs() <= 3e-16 * exact.abs());
            }
        }
    }

    #[test]
    fn logarithms_are_good_to_the_last_place() {
        // from the least to the largest uniform, whose logarithms are far from each other and close to 0
        for word in (0..1 << 24).step_by(97).chain([(1 << 24) - 1]) {
            let u = uniform(word << 8);
            assert_eq!(u, uniform_of(word << 8));
            assert!((ln(u) - u.ln()).abs() <= 3e-16 * u.ln().abs(), "{u}");
        }
        for x in [1.0_f64, 2.0, 0.5, 0.75, 1e300, 1e-300, f64::MIN_POSITIVE] {
            assert!((ln(x) - x.ln()).abs() <= 3e-16 * x.ln().abs(), "{x}");
        }
    }
}
