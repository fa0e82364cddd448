//! Triplets: an angle about a centre, weakened by the length of its legs.
//! Twins: `src/backend/cpu/three_body.rs`, `shaders/shared/three_body.wgsl`

use glam::DVec3;

/// The leg from a centre to one of its two ends: e(r) = exp[γσ/(r − aσ)] below aσ, and 0 beyond.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Leg {
    /// γσ \[length\]
    pub softness: f64,
    /// aσ, where the leg ends; 0 without one \[length\]
    pub end: f64,
}

impl Leg {
    /// e and de/dr at a distance below the end. (–, [1/length])
    #[inline]
    pub fn decay(&self, r: f64) -> (f64, f64) {
        let to_end = 1.0 / (r - self.end);
        let decay = (self.softness * to_end).exp();
        (decay, -decay * self.softness * to_end * to_end)
    }
}

/// The angle of a triplet: h = λε (cos θ − cos θ₀)² e_j e_k.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Angle {
    /// λε \[energy\]
    pub strength: f64,
    /// cos θ₀
    pub cosine: f64,
}

/// An end of a triplet as its centre sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct End {
    /// Species.
    pub species: u8,
    /// Unit vector from the centre; 0 where both coincide.
    pub direction: DVec3,
    /// 1/r [1/length]; 0 where both coincide.
    pub inverse_r: f64,
    /// e of its leg.
    pub decay: f64,
    /// de/dr of its leg. [1/length]
    pub slope: f64,
}

/// The triplets of a system by species: an angle about a centre, with two legs.
///
/// h = λε_ijk (cos θ_jik − cos θ₀_ijk)² exp[γσ_ij/(r_ij − aσ_ij)] exp[γσ_ik/(r_ik − aσ_ik)]
///
/// # Source
/// Stillinger & Weber, Phys. Rev. B 31, 5262 (1985), Eqs. (2.4) and (2.5); mixtures as in LAMMPS' `pair_style sw`.
#[derive(Debug, Clone, PartialEq)]
pub struct ThreeBody {
    n_species: usize,
    legs: Vec<Leg>,
    angles: Vec<Angle>,
}

impl ThreeBody {
    /// The triplets of `n_species` species.
    ///
    /// - `leg_of(centre, end)`, `angle_of(centre, end, end)`: the latter the same with its ends exchanged
    pub fn new(
        n_species: usize,
        leg_of: impl Fn(usize, usize) -> Leg,
        angle_of: impl Fn(usize, usize, usize) -> Angle,
    ) -> ThreeBody {
        let n = n_species;
        ThreeBody {
            n_species,
            legs: (0..n * n).map(|k| leg_of(k / n, k % n)).collect(),
            angles: (0..n * n * n).map(|k| angle_of(k / (n * n), k / n % n, k % n)).collect(),
        }
    }

    /// Number of species.
    pub fn n_species(&self) -> usize {
        self.n_species
    }

    /// The leg from a centre to an end.
    #[inline]
    pub fn leg(&self, centre: u8, end: u8) -> &Leg {
        &self.legs[usize::from(centre) * self.n_species + usize::from(end)]
    }

    /// The angle of two ends about a centre.
    #[inline]
    pub fn angle(&self, centre: u8, j: u8, k: u8) -> &Angle {
        let n = self.n_species;
        &self.angles[(usize::from(centre) * n + usize::from(j)) * n + usize::from(k)]
    }

    /// The longest leg. \[length\]
    pub fn reach(&self) -> f64 {
        self.legs.iter().map(|leg| leg.end).fold(0.0, f64::max)
    }

    /// The end of a triplet at `d` from its centre, if it is within the leg. \[length\]
    #[inline]
    pub fn end(&self, centre: u8, species: u8, d: DVec3) -> Option<End> {
        let (leg, r2) = (self.leg(centre, species), d.length_squared());
        if r2 >= leg.end * leg.end {
            return None;
        }
        let r = r2.sqrt();
        let (decay, slope) = leg.decay(r);
        let inverse_r = if r > 0.0 { 1.0 / r } else { 0.0 };
        Some(End { species, direction: d * inverse_r, inverse_r, decay, slope })
    }

    /// Energy of a triplet. \[energy\]
    #[inline]
    pub fn energy(&self, centre: u8, j: &End, k: &End) -> f64 {
        let angle = self.angle(centre, j.species, k.species);
        let bend = j.direction.dot(k.direction) - angle.cosine;
        angle.strength * bend * bend * j.decay * k.decay
    }

    /// Energy of a triplet, and the forces on its two ends; that on its centre is minus their sum.
    ///
    /// - returns: (\[energy\], [energy/length], [energy/length])
    #[inline]
    pub fn energy_forces(&self, centre: u8, j: &End, k: &End) -> (f64, DVec3, DVec3) {
        let angle = self.angle(centre, j.species, k.species);
        let cosine = j.direction.dot(k.direction);
        let bend = cosine - angle.cosine;
        let turn = 2.0 * angle.strength * bend * j.decay * k.decay;
        let stretch = angle.strength * bend * bend;
        let on = |own: &End, other: &End| {
            -turn * own.inverse_r * (other.direction - cosine * own.direction)
                - stretch * own.slope * other.decay * own.direction
        };
        (0.5 * turn * bend, on(j, k), on(k, j))
    }

    /// Legs, then angles, as `shaders/shared/three_body.wgsl` takes them.
    pub(in crate::potential) fn records(&self) -> impl Iterator<Item = [f32; 4]> {
        let legs = self.legs.iter().map(|leg| [leg.softness as f32, leg.end as f32, 0.0, 0.0]);
        legs.chain(self.angles.iter().map(|angle| [angle.strength as f32, angle.cosine as f32, 0.0, 0.0]))
    }

    /// All its numbers, so that a changed file is noticed.
    pub(in crate::potential) fn numbers(&self) -> impl Iterator<Item = f64> {
        let legs = self.legs.iter().flat_map(|leg| [leg.softness, leg.end]);
        legs.chain(self.angles.iter().flat_map(|angle| [angle.strength, angle.cosine]))
    }
}
