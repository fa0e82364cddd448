//! Truncated pairs of one functional form, and the table of all pairs of species.

use super::lanes::Lanes;
use super::{Forms, OVERLAP_ENERGY, ThreeBody, Truncation, with_form};
use pulp::Simd;
use std::f64::consts::PI;
use std::fmt::Debug;
use std::sync::Arc;

/// One functional form: the bare u(r) of a pair of species, without truncation.
pub trait PairForm: Debug + Clone + PartialEq + Send + Sync + 'static {
    /// Stem of its file here and in `shaders/potential/`.
    const STEM: &'static str;
    /// Its WGSL source.
    const SHADER: &'static str;
    /// Coefficients of the form that a vector kernel keeps for every partner: the first so many of [`PairForm::lanes`].
    const WIDTH: usize;
    /// Vector kernels sum forces in units of this, which saves a multiplication for every pair.
    const FORCE_UNIT: f32;

    /// The pairs of a system of this form.
    fn forms(pairs: Pairs<Self>) -> Forms;

    /// u at squared distance `r2`. \[energy\]
    fn energy(&self, r2: f64) -> f64;

    /// u and −u'(r)/r at squared distance `r2`. (\[energy\], [energy/length²])
    fn energy_force(&self, r2: f64) -> (f64, f64);

    /// Where u ends for good, if that is before the cutoff of the system. \[length\]
    fn range(&self, r_cut: f64) -> f64 {
        r_cut
    }

    /// u and u'(r) at `r_cut`. (\[energy\], [energy/length])
    fn at_cutoff(&self, r_cut: f64) -> (f64, f64) {
        let (energy, force) = self.energy_force(r_cut * r_cut);
        (energy, -force * r_cut)
    }

    /// Whether the species interact at all.
    fn interacts(&self) -> bool;

    /// Atoms closer than this overlap. \[length\]
    fn core(&self) -> f64;

    /// Depth of the well, the scale of energies. \[energy\]
    fn depth(&self) -> f64;

    /// σ-like size: 2^{1/6} of it is where the pair attracts most. 0 if the scene does not name the pair. \[length\]
    fn length(&self) -> f64;

    /// ∫ u(√s) ds from h² to r_c². [energy·length²]
    fn plane_integral(&self, h: f64, r_cut: f64) -> f64;

    /// ∫ u r² dr from r_c to infinity. [energy·length³]
    fn tail_integral(&self, r_cut: f64) -> f64;

    /// Lays out tables that its vector kernels and its shader look up; most forms have none.
    fn lay_out(_: &mut [Truncated<Self>]) -> Vec<[f32; 4]> {
        Vec::new()
    }

    /// Numbers that a file gave, so that a changed file is noticed; most forms have none.
    fn tabulated(&self) -> &[f64] {
        &[]
    }

    /// The form's own coefficients in f32, as its shader takes them.
    fn record(&self) -> [f32; 3];

    /// The same as the vector kernels take them.
    fn lanes(&self) -> [f32; 4] {
        let [a, b, c] = self.record();
        [a, b, c, 0.0]
    }

    /// u − `shift` of lane `l` at squared distance `r2`, in f32.
    ///
    /// - `c`: `[WIDTH]`, coefficients of the form
    /// - `lookup`: what [`PairForm::lay_out`] laid out
    fn lane_energy<S: Simd>(c: &[Lanes], lookup: &[[f32; 4]], l: usize, r2: f32, shift: f32) -> f32;

    /// −u'(r)/r of lane `l` in units of [`PairForm::FORCE_UNIT`], in f32; arguments as for the energy.
    fn lane_force<S: Simd>(c: &[Lanes], lookup: &[[f32; 4]], l: usize, r2: f32) -> f32;
}

/// Where a pair begins and ends, and what is subtracted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cut {
    /// u(r_c) where it is subtracted, else 0 \[energy\]
    pub shift: f64,
    /// u'(r_c) where it is subtracted, else 0 [energy/length]
    pub slope: f64,
    /// (core radius)²; 0 without interaction \[length²\]
    pub core_squared: f64,
    /// r_c² \[length²\]; 0 without interaction
    pub r_cut_squared: f64,
    /// r_c \[length\]
    pub r_cut: f64,
}

impl Cut {
    /// What a squared distance near the cutoff may be off by where the coordinates of a cell are rounded. \[length²\]
    #[inline]
    fn rounding(&self, length: f64) -> f64 {
        // Sixteen roundings of a coordinate in single precision; distances are a few of them off.
        const ROUNDING: f64 = 16.0 * (f32::EPSILON / 2.0) as f64;
        ROUNDING * self.r_cut * (self.r_cut + length)
    }
}

/// A pair of species: its form, truncated.
#[derive(Debug, Clone, PartialEq)]
pub struct Truncated<F> {
    pub(super) form: F,
    cut: Cut,
}

impl<F: PairForm> Truncated<F> {
    /// The form, cut off at `r_cut`.
    pub fn new(form: F, r_cut: f64, truncation: Truncation) -> Truncated<F> {
        let r_cut = form.range(r_cut);
        let (at_cutoff, slope_at_cutoff) = form.at_cutoff(r_cut);
        let interacts = form.interacts();
        let cut = Cut {
            shift: if truncation == Truncation::Plain { 0.0 } else { at_cutoff },
            slope: if truncation == Truncation::ForceShifted { slope_at_cutoff } else { 0.0 },
            core_squared: if interacts { form.core().powi(2) } else { 0.0 },
            r_cut_squared: if interacts { r_cut * r_cut } else { 0.0 },
            r_cut,
        };
        Truncated { form, cut }
    }

    /// Pair energy at squared distance `r2`; [`OVERLAP_ENERGY`] inside the core. [energy]
    #[inline]
    pub fn energy(&self, r2: f64) -> f64 {
        let cut = &self.cut;
        if r2 >= cut.r_cut_squared {
            return 0.0;
        }
        if r2 < cut.core_squared {
            return OVERLAP_ENERGY;
        }
        let plain = self.form.energy(r2) - cut.shift;
        if cut.slope == 0.0 { plain } else { plain - (r2.sqrt() - cut.r_cut) * cut.slope }
    }

    /// Whether a pair at squared distance `r2` has an energy, or would have one by rounding.
    ///
    /// - `length`: of the cell, whose coordinates are rounded
    #[inline]
    pub fn may_reach(&self, r2: f64, length: f64) -> bool {
        r2 < self.cut.r_cut_squared + self.cut.rounding(length)
    }

    /// Whether a pair at squared distance `r2` is so near the cutoff that rounding decides on which side it is, and what
    /// hangs on that: the jump of the energy there, 0 unless the truncation is plain. [energy]
    ///
    /// - `length`: of the cell, whose coordinates are rounded
    #[inline]
    pub fn undecided(&self, r2: f64, length: f64) -> f64 {
        let cut = &self.cut;
        if (r2 - cut.r_cut_squared).abs() > cut.rounding(length) || cut.r_cut_squared == 0.0 {
            return 0.0;
        }
        (self.form.energy(cut.r_cut_squared) - cut.shift).abs()
    }

    /// Pair energy and −u'(r)/r, so that the force on i is the second times (r_i − r_j).
    ///
    /// - returns: ([energy], [energy/length²])
    #[inline]
    pub fn energy_force(&self, r2: f64) -> (f64, f64) {
        let cut = &self.cut;
        if r2 >= cut.r_cut_squared {
            return (0.0, 0.0);
        }
        if r2 < cut.core_squared {
            return (OVERLAP_ENERGY, 0.0);
        }
        let (plain, mut force) = self.form.energy_force(r2);
        let mut energy = plain - cut.shift;
        if cut.slope != 0.0 {
            let r = r2.sqrt();
            energy -= (r - cut.r_cut) * cut.slope;
            force += cut.slope / r;
        }
        (energy, force)
    }
}

/// A pair of species whatever its form: for code outside the loops over pairs.
pub trait Pair {
    /// [`Truncated::energy`]
    fn energy(&self, r2: f64) -> f64;

    /// [`Truncated::energy_force`]
    fn energy_force(&self, r2: f64) -> (f64, f64);

    /// Energy of an atom above a plane of others, averaged over the plane, per atom of the plane and unit area.
    ///
    /// ∫ π u(√s) ds from h² to r_c²: exact for planes without an end, whatever their lattice.
    ///
    /// - `height`: distance from the plane \[length\], above 0
    /// - returns: [energy·length²]
    fn plane_mean(&self, height: f64) -> f64;

    /// Where it begins and ends.
    fn cut(&self) -> &Cut;

    /// [`PairForm::interacts`]
    fn interacts(&self) -> bool;

    /// [`PairForm::depth`]
    fn depth(&self) -> f64;

    /// [`PairForm::length`]
    fn length(&self) -> f64;

    /// [`PairForm::tail_integral`] from its cutoff on
    fn tail_integral(&self) -> f64;

    /// [`PairForm::tabulated`]
    fn tabulated(&self) -> &[f64];

    /// [`PairForm::record`]
    fn record(&self) -> [f32; 3];

    /// [`PairForm::lanes`]
    fn lanes(&self) -> [f32; 4];
}

impl<F: PairForm> Pair for Truncated<F> {
    fn energy(&self, r2: f64) -> f64 {
        Truncated::energy(self, r2)
    }

    fn energy_force(&self, r2: f64) -> (f64, f64) {
        Truncated::energy_force(self, r2)
    }

    fn plane_mean(&self, height: f64) -> f64 {
        let (h, r) = (height.abs(), self.cut.r_cut);
        if h * h >= self.cut.r_cut_squared {
            return 0.0;
        }
        let area = r * r - h * h;
        let slope = 2.0 / 3.0 * (r.powi(3) - h.powi(3)) - r * area;
        PI * (self.form.plane_integral(h, r) - self.cut.shift * area - self.cut.slope * slope)
    }

    fn cut(&self) -> &Cut {
        &self.cut
    }

    fn interacts(&self) -> bool {
        self.form.interacts()
    }

    fn depth(&self) -> f64 {
        self.form.depth()
    }

    fn length(&self) -> f64 {
        self.form.length()
    }

    fn tail_integral(&self) -> f64 {
        self.form.tail_integral(self.cut.r_cut)
    }

    fn tabulated(&self) -> &[f64] {
        self.form.tabulated()
    }

    fn record(&self) -> [f32; 3] {
        self.form.record()
    }

    fn lanes(&self) -> [f32; 4] {
        self.form.lanes()
    }
}

/// All pairs of one form.
#[derive(Debug, Clone, PartialEq)]
pub struct Pairs<F> {
    n_species: usize,
    coefficients: Vec<Truncated<F>>,
    lookup: Vec<[f32; 4]>,
}

impl<F: PairForm> Pairs<F> {
    /// What [`PairForm::lay_out`] laid out.
    #[inline(always)]
    pub fn lookup(&self) -> &[[f32; 4]] {
        &self.lookup
    }

    /// A pair of species.
    #[inline]
    pub fn pair(&self, a: u8, b: u8) -> &Truncated<F> {
        &self.coefficients[usize::from(a) * self.n_species + usize::from(b)]
    }

    /// One species with every species, for use in inner loops.
    #[inline]
    pub fn row(&self, a: u8) -> &[Truncated<F>] {
        let first = usize::from(a) * self.n_species;
        &self.coefficients[first..first + self.n_species]
    }
}

/// Pairs of all species of a system.
#[derive(Debug, Clone, PartialEq)]
pub struct PairTable {
    n_species: usize,
    forms: Forms,
    /// Triplets beside the pairs.
    three_body: Option<Arc<ThreeBody>>,
    /// r_c \[length\]
    pub r_cut: f64,
    /// What happens at r_c.
    pub truncation: Truncation,
    /// Whether the long-range correction of a homogeneous fluid is added.
    pub tail_correction: bool,
}

impl PairTable {
    /// A table of `form_of(a, b)`, a not above b, for every pair of `n_species` species.
    pub fn new<F: PairForm>(
        n_species: usize,
        r_cut: f64,
        truncation: Truncation,
        tail_correction: bool,
        form_of: impl Fn(usize, usize) -> F,
    ) -> PairTable {
        let mut coefficients: Vec<_> = (0..n_species * n_species)
            .map(|k| {
                let (a, b) = (k / n_species, k % n_species);
                Truncated::new(form_of(a.min(b), a.max(b)), r_cut, truncation)
            })
            .collect();
        let lookup = F::lay_out(&mut coefficients);
        let forms = F::forms(Pairs { n_species, coefficients, lookup });
        PairTable { n_species, forms, three_body: None, r_cut, truncation, tail_correction }
    }

    /// The same pairs with triplets, none of which reaches beyond the cutoff.
    pub fn with_three_body(self, three_body: ThreeBody) -> PairTable {
        assert!(three_body.reach() <= self.r_cut, "triplets end with the pairs");
        assert_eq!(three_body.n_species(), self.n_species, "triplets of the same species");
        PairTable { three_body: Some(Arc::new(three_body)), ..self }
    }

    /// Triplets beside the pairs.
    pub fn three_body(&self) -> Option<&ThreeBody> {
        self.three_body.as_deref()
    }

    /// Number of species.
    pub fn n_species(&self) -> usize {
        self.n_species
    }

    /// The pairs, by their form.
    #[inline]
    pub fn forms(&self) -> &Forms {
        &self.forms
    }

    /// A pair of species, whatever its form.
    pub fn pair(&self, a: u8, b: u8) -> &dyn Pair {
        with_form!(self, pairs => pairs.pair(a, b))
    }

    /// What [`PairForm::lay_out`] laid out, then what triplets look up.
    pub fn lookup(&self) -> Vec<[f32; 4]> {
        let mut rows = with_form!(self, pairs => pairs.lookup()).to_vec();
        rows.extend(self.three_body().into_iter().flat_map(ThreeBody::records));
        rows
    }

    /// Numbers of all pairs and triplets that files gave.
    pub fn tabulated(&self) -> impl Iterator<Item = f64> {
        let n = self.n_species;
        let of_pairs = (0..n * n).flat_map(move |k| self.pair((k / n) as u8, (k % n) as u8).tabulated()).copied();
        of_pairs.chain(self.three_body().into_iter().flat_map(ThreeBody::numbers))
    }

    /// WGSL source of the form.
    pub fn shader(&self) -> &'static str {
        fn shader<F: PairForm>(_: &Pairs<F>) -> &'static str {
            F::SHADER
        }
        with_form!(self, pairs => shader(pairs))
    }

    /// Coefficients of a form that a vector kernel keeps for every partner.
    pub fn lane_width(&self) -> usize {
        fn width<F: PairForm>(_: &Pairs<F>) -> usize {
            F::WIDTH
        }
        with_form!(self, pairs => width(pairs))
    }

    /// U_lrc = Σ_ab 2π N_a N_b/V ∫ u_ab r² dr from r_c on, 0 unless the scene asks for it. [energy]
    ///
    /// - `counts`: `[n_species]`, all mobile atoms
    /// - `volume`: [length³]
    ///
    /// # Source
    /// Frenkel & Smit, Understanding Molecular Simulation (2002), Eq. (3.2.5); N² as in the NIST reference data.
    pub fn tail(&self, counts: &[usize], volume: f64) -> f64 {
        if !self.tail_correction {
            return 0.0;
        }
        let mut sum = 0.0;
        for (a, &n_a) in counts.iter().enumerate() {
            for (b, &n_b) in counts.iter().enumerate() {
                sum += (n_a * n_b) as f64 * self.pair(a as u8, b as u8).tail_integral();
            }
        }
        2.0 * PI / volume * sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::potential::lennard_jones::LennardJones;

    #[test]
    fn what_hangs_on_the_side_of_the_cutoff_is_the_jump_there() {
        let cut = |truncation| Truncated::new(LennardJones::new(1.0, 1.0), 2.5, truncation);
        let (plain, jump) = (cut(Truncation::Plain), 4.0 * (2.5_f64.powi(-6) - 2.5_f64.powi(-12)));
        // the rounding of single precision on both sides, and what is plainly inside or outside
        for (r, undecided) in [(2.5 - 3e-7, jump), (2.5 + 3e-7, jump), (2.4999, 0.0), (2.5001, 0.0)] {
            assert!((plain.undecided(r * r, 8.0) - undecided).abs() < 1e-12, "{r}");
        }
        for truncation in [Truncation::Shifted, Truncation::ForceShifted] {
            assert!(cut(truncation).undecided(6.25, 8.0) < 1e-12);
        }
        assert_eq!(Truncated::new(LennardJones::new(0.0, 1.0), 2.5, Truncation::Plain).undecided(6.25, 8.0), 0.0);
    }
}
