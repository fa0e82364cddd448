//! Acceptance rules of particle moves and replica exchange.
//!
//! | move | proposal probability | reverse |
//! | --- | --- | --- |
//! | insert (N → N+1) | ½ · 1/S · p(r) d³r | ½ · 1/S · 1/(N+1) |
//! | delete (N → N−1) | ½ · 1/S · 1/N | ½ · 1/S · p(r) d³r |
//! | insert at one of k | ½ · 1/S · Π p(r_j) d³r_j · w_i/W | ½ · 1/S · 1/(N+1) · Π_{j≠i} p(r_j) d³r_j |
//! | delete beside k − 1 | ½ · 1/S · 1/N · Π_{j≠i} p(r_j) d³r_j | ½ · 1/S · Π p(r_j) d³r_j · w_i/W |
//! | identity (A → B) | 1/(S(S − 1)) · 1/N_A | 1/(S(S − 1)) · 1/(N_B + 1) |
//! | segment | velocity Verlet from (x, v) to (x', v') | velocity Verlet from (x', −v') to (x, −v) |
//! | exchange | pair of the schedule | the same pair |
//! | any of them, with a window | as above | as above, times e^{η(after) − η(before)}; 0 where N leaves the window |
//!
//! with S reservoir species and N atoms of one inside its region. p(r) is the density of insertions, 1/V_in where it is
//! uniform; of k trial positions, i is inserted or deleted, w_j = e^{−βu_j}/p(r_j), W = Σ w_j, all energies u_j without
//! the atom in question, and where it is deleted the other k − 1 are drawn anew. With the weight z^N e^{−βE}/N! · N!
//! labelled orderings, detailed balance z^N e^{−βE_N} p(r_i) (w_i/W) acc(insert) = z^{N+1} e^{−βE_{N+1}} acc(delete)/(N+1)
//! gives the rules below for any k, z W/(k (N+1)) and N k/(z W): W/k stands for 1/p(r) e^{−βu}. Balance holds for every set
//! of positions by itself, so the acceptances that are tallied balance too, ⟨acc⟩_N Π(N) = ⟨acc⟩_{N+1} Π(N+1).
//!
//! An identity change keeps its place: z_A e^{−βE} acc(A → B)/N_A = z_B e^{−βE'} acc(B → A)/(N_B+1), N counted inside the
//! regions of both species.
//!
//! A segment is a map that undoes itself with the velocities reversed and keeps the volume of phase space, so e^{−βH(x, v)}
//! acc(→) = e^{−βH(x', −v')} acc(←) with min(1, e^{−βΔH}). An accepted one ends at (x', v'), a rejected one at (x, −v): what
//! reverses velocities after the segment, accepted or not, leaves e^{−βH} as it is, and so do fresh velocities before it.

use super::{Window, reduced_potential};
use crate::base::fault_injection::{Fault, planted};

/// ln acc of an insertion: ln z − ln p(r) − ln(N+1) − βΔE.
///
/// - `ln_z`: activity of the species [1/length³]
/// - `ln_volume`: −ln p(r) of the position, ln V_in where insertions are uniform, [`trials_ln_volume`] where several
///   positions are tried \[ln length³\]
/// - `n`: atoms of the species inside the region before the move
/// - `beta_delta_u`: βΔE of the trial atom
pub fn insert_ln_acc(ln_z: f64, ln_volume: f64, n: usize, beta_delta_u: f64) -> f64 {
    let after = if planted(Fault::NForNPlusOne) { n.max(1) } else { n + 1 };
    ln_z + ln_volume - (after as f64).ln() - beta_delta_u
}

/// ln acc of a deletion: ln N − ln z + ln p(r) − βΔE, with ΔE = −(energy of the atom).
///
/// Arguments as in [`insert_ln_acc`]; `n` ≥ 1 counts the atom to be deleted, which stands at r.
pub fn delete_ln_acc(ln_z: f64, ln_volume: f64, n: usize, beta_delta_u: f64) -> f64 {
    (n as f64).ln() - ln_z - ln_volume - beta_delta_u
}

/// What stands for −ln p(r) in the rules where one of k trial positions is inserted or deleted:
/// −ln p(r_i) + ln[Σ_j (w_j/w_i)/k], so that the rule takes z W/(k (N+1)).
///
/// - `ln_w`: `[k]`, ln w_j = −βu_j − ln p(r_j), finite
/// - `chosen`: ln w_i of the one that is inserted or deleted
/// - `ln_volume`: −ln p(r_i) \[ln length³\]
pub fn trials_ln_volume(ln_w: &[f64], chosen: f64, ln_volume: f64) -> f64 {
    let top = ln_w.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = ln_w.iter().map(|w| (w - top).exp()).sum();
    ln_volume + (top - chosen) + (sum / ln_w.len() as f64).ln()
}

/// The trial position that is inserted, i with probability w_i/W.
///
/// - `ln_w`: as for [`trials_ln_volume`]
/// - `uniform`: in (0, 1)
pub fn choose_trial(ln_w: &[f64], uniform: f64) -> usize {
    let top = ln_w.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut left = uniform * ln_w.iter().map(|w| (w - top).exp()).sum::<f64>();
    for (j, w) in ln_w.iter().enumerate() {
        left -= (w - top).exp();
        if left < 0.0 {
            return j;
        }
    }
    // Rounding may leave a rest; it belongs to the best one.
    ln_w.iter().position(|&w| w == top).unwrap_or(0)
}

/// ln acc of a change of identity A → B: ln z_B − ln z_A + ln N_A − ln(N_B + 1) − βΔE.
///
/// Activities hold the thermal wavelengths; a velocity that is multiplied by √(m_A/m_B) adds nothing.
///
/// - `ln_z_from`, `ln_z_to`: activities of A and B [1/length³]
/// - `n_from`: atoms of A inside the regions of both species before the move, the one to be changed included (≥ 1)
/// - `n_to`: atoms of B inside them before the move
/// - `beta_delta_u`: βΔE
pub fn identity_ln_acc(ln_z_from: f64, ln_z_to: f64, n_from: usize, n_to: usize, beta_delta_u: f64) -> f64 {
    let counts = if planted(Fault::IdentityWithoutCounts) { 1.0 } else { n_from as f64 / (n_to + 1) as f64 };
    ln_z_to - ln_z_from + counts.ln() - beta_delta_u
}

/// ln acc of a segment of dynamics: −β(ΔU + ΔK).
///
/// - `delta_u`, `delta_k`: changes of potential and kinetic energy \[energy\]
pub fn segment_ln_acc(beta: f64, delta_u: f64, delta_k: f64) -> f64 {
    -beta * if planted(Fault::KineticLeftOut) { delta_u } else { delta_u + delta_k }
}

/// What an exchange needs to know of a state: β and ln z of every reservoir species.
#[derive(Debug, Clone, Copy)]
pub struct StateRef<'a> {
    /// 1/kT [1/energy]
    pub beta: f64,
    /// `[n_reservoirs]`
    pub ln_z: &'a [f64],
    /// Weights η(N), if it has any.
    pub window: Option<&'a Window>,
}

impl StateRef<'_> {
    /// Reduced potential u(x) = βE − Σ_s N_s ln z_s − η(N), +∞ where N lies outside the window.
    pub fn reduced_potential(&self, energy: f64, counts: &[u16]) -> f64 {
        let u = reduced_potential(self.beta, self.ln_z, energy, counts);
        match self.window {
            Some(window) => u - window.eta(counts[window.reservoir]),
            None => u,
        }
    }

    /// What the window adds to the ln acc of a move of one atom: η(after) − η(before), −∞ where N leaves the window; 0
    /// without a window, and for other species.
    ///
    /// - `before`, `after`: atoms of the reservoir species with this index, inside the insertion region or not
    pub fn weight_change(&self, reservoir: usize, before: u16, after: u16) -> f64 {
        match self.window.filter(|w| w.reservoir == reservoir) {
            Some(window) => window.eta(after) - window.eta(before),
            None => 0.0,
        }
    }
}

/// What an exchange needs to know of a configuration: E and N of every reservoir species.
#[derive(Debug, Clone, Copy)]
pub struct ConfigurationRef<'a> {
    /// Potential energy \[energy\]
    pub energy: f64,
    /// `[n_reservoirs]`
    pub counts: &'a [u16],
}

/// ln acc of exchanging the states `a` (held by configuration `i`) and `b` (held by `j`):
/// [u_a(i) + u_b(j)] − [u_a(j) + u_b(i)].
///
/// The velocity rescaling √(T_new/T_old) that follows an exchange carries the Λ factor as its Jacobian;
/// it must not be counted here again.
#[inline]
pub fn exchange_ln_acc(a: StateRef, b: StateRef, i: ConfigurationRef, j: ConfigurationRef) -> f64 {
    if let Some(wrong) = wrong_exchange(a, b, i, j) {
        return wrong;
    }
    let u = |s: StateRef, x: ConfigurationRef| match planted(Fault::ExchangeWithoutWeights) {
        // The bounds hold, so that no replica leaves its window.
        true if s.reduced_potential(x.energy, x.counts).is_finite() => {
            reduced_potential(s.beta, s.ln_z, x.energy, x.counts)
        }
        _ => s.reduced_potential(x.energy, x.counts),
    };
    (u(a, i) + u(b, j)) - (u(a, j) + u(b, i))
}

/// ln acc of an exchange under a planted fault; `None` when none is planted.
#[inline]
fn wrong_exchange(a: StateRef, b: StateRef, i: ConfigurationRef, j: ConfigurationRef) -> Option<f64> {
    let chemical = |s: StateRef, x: ConfigurationRef, per_atom: f64| -> f64 {
        s.ln_z.iter().zip(x.counts).map(|(l, &n)| (l + per_atom) * f64::from(n)).sum()
    };
    let u = |s: StateRef, x: ConfigurationRef| {
        if planted(Fault::MuSign) {
            s.beta * x.energy + chemical(s, x, 0.0)
        } else {
            // ln z = βμ − 3 ln Λ, and 3 ln Λ = (3/2) ln β but for a constant
            s.beta * x.energy - chemical(s, x, 1.5 * s.beta.ln())
        }
    };
    let wrong = planted(Fault::MuSign) || planted(Fault::LostLambda);
    wrong.then(|| (u(a, i) + u(b, j)) - (u(a, j) + u(b, i)))
}

/// Acceptance probability min(1, acc); 0 for a NaN.
pub fn probability(ln_acc: f64) -> f64 {
    if ln_acc.is_nan() { 0.0 } else { ln_acc.min(0.0).exp() }
}

/// Metropolis decision: accept when ln(`uniform`) < `ln_acc`. A NaN never passes.
pub fn accept(uniform: f64, ln_acc: f64) -> bool {
    accept_ln_drawn(|| uniform.ln(), ln_acc)
}

/// As [`accept`], with the logarithm of a number in (0, 1) that is drawn only where it decides: it must have an address
/// of its own.
#[inline]
pub fn accept_ln_drawn(ln_uniform: impl FnOnce() -> f64, ln_acc: f64) -> bool {
    ln_acc >= 0.0 || (ln_acc >= LEAST_LN_UNIFORM && accept_ln(ln_uniform(), ln_acc))
}

/// The same decision of a number that was drawn already.
///
/// - `ln_uniform`: below 0
#[inline]
pub fn accept_ln(ln_uniform: f64, ln_acc: f64) -> bool {
    ln_uniform < ln_acc
}

/// Below ln 2⁻²⁵, that of the least number that `base::rng::uniform` gives, nothing is accepted.
const LEAST_LN_UNIFORM: f64 = -17.4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn insertion_and_its_deletion_cancel() {
        let (ln_z, volume, n, beta_delta_u) = (-2.1, 37.0_f64.ln(), 5, 0.83);
        let there = insert_ln_acc(ln_z, volume, n, beta_delta_u);
        let back = delete_ln_acc(ln_z, volume, n + 1, -beta_delta_u);
        assert!((there + back).abs() < 1e-14);
    }

    #[test]
    fn an_identity_change_and_its_reverse_cancel() {
        let there = identity_ln_acc(-2.1, -3.4, 5, 2, 0.83);
        let back = identity_ln_acc(-3.4, -2.1, 3, 4, -0.83);
        assert!((there + back).abs() < 1e-14);
    }

    #[test]
    fn one_trial_is_the_plain_rule_and_several_are_their_mean() {
        assert_eq!(trials_ln_volume(&[-3.7], -3.7, 1.25), 1.25);
        assert_eq!(choose_trial(&[-3.7], 0.999), 0);
        // ln(W/k) = ln_volume − βu of the chosen one
        let (ln_p, beta_u) = ([-1.0, 0.5, -2.0], [0.3_f64, -1.2, 1e30]);
        let ln_w: Vec<f64> = (0..3).map(|j| -beta_u[j] - ln_p[j]).collect();
        let mean = (ln_w[0].exp() + ln_w[1].exp()) / 3.0;
        for i in 0..2 {
            assert!((trials_ln_volume(&ln_w, ln_w[i], -ln_p[i]) - beta_u[i] - mean.ln()).abs() < 1e-14);
        }
        let first = ln_w[0].exp() / (3.0 * mean);
        assert_eq!((choose_trial(&ln_w, first - 1e-9), choose_trial(&ln_w, first + 1e-9)), (0, 1));
        // nothing but overlaps: some position, and never accepted
        let hopeless = [-1e30, -2e30];
        let ln_volume = trials_ln_volume(&hopeless, hopeless[choose_trial(&hopeless, 0.5)], 0.0);
        assert_eq!(probability(insert_ln_acc(0.0, ln_volume, 0, 1e30)), 0.0);
    }

    #[test]
    fn a_nan_is_never_accepted() {
        assert!(!accept(1e-7, f64::NAN));
        assert!(!accept(1e-7, f64::NEG_INFINITY));
        assert!(accept(0.999, 0.0));
    }

    #[test]
    fn exchange_equals_the_expanded_form() {
        let (a, b) = ((1.3, [-2.0]), (0.7, [-1.1]));
        let (i, j) = ((-4.0, [3_u16]), (-9.5, [6_u16]));
        let expanded = (a.0 - b.0) * (i.0 - j.0) + (a.1[0] - b.1[0]) * f64::from(j.1[0] as i16 - i.1[0] as i16);
        let ours = exchange_ln_acc(
            StateRef { beta: a.0, ln_z: &a.1, window: None },
            StateRef { beta: b.0, ln_z: &b.1, window: None },
            ConfigurationRef { energy: i.0, counts: &i.1 },
            ConfigurationRef { energy: j.0, counts: &j.1 },
        );
        assert!((ours - expanded).abs() < 1e-13);
    }
}
