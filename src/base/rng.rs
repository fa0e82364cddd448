//! Addressed random numbers: Philox4x32-10, the same integers on every backend.
//!
//! Every number has an address (seed, stream, step, replica, slot); nothing is drawn from a shared state, so a
//! replica's noise does not depend on what runs beside it or on how a segment is split.
//! Source: Salmon et al., Proc. SC'11, 16 (2011).

use glam::DVec3;
use serde::{Deserialize, Serialize};

/// Every use of random numbers, so that no two share noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Stream {
    /// Langevin noise; step = MD step, slot = atom.
    Thermostat = 0,
    /// Velocities redrawn at the start of a segment; step = MD step, slot = atom.
    VelocityRedraw = 1,
    /// Kind, species, victim and acceptance of a particle move; step = attempt.
    ParticleMove = 2,
    /// Position of an inserted atom; step = attempt.
    InsertPosition = 3,
    /// Velocity of an inserted atom; step = attempt.
    InsertVelocity = 4,
    /// Atom and step of a displacement; step = attempt.
    Displacement = 5,
    /// Acceptance of a displacement; step = attempt.
    DisplacementAccept = 6,
    /// Acceptance of an exchange; step = round, replica = walker, slot = edge.
    Exchange = 7,
    /// Positions of the start; slot = atom, step = try.
    InitialPosition = 8,
    /// Velocities of the start; slot = atom.
    InitialVelocity = 9,
    /// Direction in which exactly coinciding atoms are pulled apart; slot = atom, step = iteration.
    Relaxation = 10,
    /// Species, atom and acceptance of an identity change; step = attempt.
    Identity = 13,
    /// Velocities at the start of a segment that is accepted or rejected; step = its first MD step, slot = atom.
    SegmentVelocity = 14,
    /// Acceptance of a segment; step = its first MD step.
    SegmentAccept = 15,
}

/// The seed of a run as a Philox key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rng {
    key: [u32; 2],
}

impl Rng {
    /// The generator of a run.
    pub fn new(seed: u64) -> Rng {
        Rng { key: [seed as u32, (seed >> 32) as u32] }
    }

    /// The key, for kernels that spell the generator themselves.
    pub fn key(&self) -> [u32; 2] {
        self.key
    }

    /// The keys of its rounds, two of them in a row, for kernels that are given them.
    pub fn round_keys(&self) -> [[u32; 4]; 5] {
        let keys = round_keys(self.key);
        std::array::from_fn(|k| {
            let ([a, b], [c, d]) = (keys[2 * k], keys[2 * k + 1]);
            [a, b, c, d]
        })
    }

    /// The four words at an address. `slot` uses 24 bits.
    #[inline]
    pub fn block(&self, stream: Stream, step: u64, replica: u32, slot: u32) -> [u32; 4] {
        debug_assert!(slot < 1 << 24, "slot {slot} does not fit into 24 bits");
        let counter = [slot | (stream as u32) << 24, replica, step as u32, (step >> 32) as u32];
        philox4x32_10(counter, self.key)
    }

    /// Four uniforms in (0, 1).
    #[inline]
    pub fn uniforms(&self, stream: Stream, step: u64, replica: u32, slot: u32) -> [f64; 4] {
        self.block(stream, step, replica, slot).map(uniform)
    }

    /// Three independent standard normal numbers.
    #[inline]
    pub fn gaussians(&self, stream: Stream, step: u64, replica: u32, slot: u32) -> DVec3 {
        let [a, b, c, d] = self.uniforms(stream, step, replica, slot);
        let (x, y) = box_muller(a, b);
        let (z, _) = box_muller(c, d);
        DVec3::new(x, y, z)
    }
}

/// (k + ½)·2⁻²⁴ from the top 24 bits of a word: in (0, 1), exact in f32 too.
#[inline]
pub fn uniform(word: u32) -> f64 {
    (f64::from(word >> 8) + 0.5) * (1.0 / 16_777_216.0)
}

/// An index below `n` from a uniform number in (0, 1).
#[inline]
pub fn index_below(u: f64, n: usize) -> usize {
    ((u * n as f64) as usize).min(n - 1)
}

/// Two normal numbers from two uniforms. Box & Muller, Ann. Math. Stat. 29, 610 (1958).
#[inline]
fn box_muller(a: f64, b: f64) -> (f64, f64) {
    let radius = (-2.0 * a.ln()).sqrt();
    let (sin, cos) = (2.0 * std::f64::consts::PI * b).sin_cos();
    (radius * cos, radius * sin)
}

/// Known answers of Philox4x32-10: (counter, key, output).
///
/// # Source
/// Random123, kat_vectors, philox4x32 10.
pub(crate) const KNOWN_ANSWERS: [([u32; 4], [u32; 2], [u32; 4]); 3] = [
    ([0; 4], [0; 2], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
    ([u32::MAX; 4], [u32::MAX; 2], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
    (
        [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
        [0xa409_3822, 0x299f_31d0],
        [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
    ),
];

/// The keys of the ten rounds of Philox.
#[inline]
fn round_keys(key: [u32; 2]) -> [[u32; 2]; 10] {
    const W: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
    std::array::from_fn(|round| [0, 1].map(|k| key[k].wrapping_add(W[k].wrapping_mul(round as u32))))
}

/// Ten rounds of Philox on a 128-bit counter under a 64-bit key.
#[inline]
pub fn philox4x32_10(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    const M: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
    let mut c = counter;
    for k in round_keys(key) {
        let p0 = u64::from(M[0]) * u64::from(c[0]);
        let p1 = u64::from(M[1]) * u64::from(c[2]);
        c = [(p1 >> 32) as u32 ^ c[1] ^ k[0], p1 as u32, (p0 >> 32) as u32 ^ c[3] ^ k[1], p0 as u32];
    }
    c
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn philox_known_answers() {
        for (counter, key, answer) in KNOWN_ANSWERS {
            assert_eq!(philox4x32_10(counter, key), answer);
        }
    }

    #[test]
    fn the_stream_separates_equal_slots() {
        let rng = Rng::new(7);
        assert_ne!(rng.block(Stream::Thermostat, 1, 2, 3), rng.block(Stream::InsertVelocity, 1, 2, 3));
        assert_ne!(
            Rng::new(1).block(Stream::Thermostat, 1, 2, 3),
            Rng::new(1 << 32).block(Stream::Thermostat, 1, 2, 3)
        );
    }

    #[test]
    fn uniforms_stay_inside_the_open_interval() {
        assert!(uniform(0) > 0.0 && uniform(u32::MAX) < 1.0);
        assert_eq!(index_below(uniform(u32::MAX), 5), 4);
    }

    #[test]
    fn gaussians_have_unit_variance() {
        let rng = Rng::new(3);
        let n = 40_000;
        let (mut mean, mut square, mut fourth) = (DVec3::ZERO, DVec3::ZERO, DVec3::ZERO);
        for step in 0..n {
            let g = rng.gaussians(Stream::Thermostat, step, 0, 0);
            mean += g;
            square += g * g;
            fourth += g * g * g * g;
        }
        let n = n as f64;
        for d in 0..3 {
            assert!((mean[d] / n).abs() < 4.0 / n.sqrt());
            assert!((square[d] / n - 1.0).abs() < 4.0 * (2.0 / n).sqrt());
            assert!((fourth[d] / n - 3.0).abs() < 4.0 * (96.0 / n).sqrt());
        }
    }
}
