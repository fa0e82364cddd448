//! What a configuration costs in another state: the difference of two reduced potentials.

use crate::thermo::states::StatePoint;

/// w = u_b − u_a of configurations, without rounding where the states differ in nothing that it depends on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Work<'a> {
    a: &'a StatePoint,
    b: &'a StatePoint,
    /// β_b − β_a [1/energy]
    beta: f64,
}

impl<'a> Work<'a> {
    pub(crate) fn new(a: &'a StatePoint, b: &'a StatePoint) -> Work<'a> {
        let beta = if a.kt.to_bits() == b.kt.to_bits() { 0.0 } else { b.beta() - a.beta() };
        Work { a, b, beta }
    }

    /// Of a configuration with this energy and these numbers of atoms of each reservoir.
    pub(crate) fn of(&self, energy: f64, count: impl Fn(usize) -> u16) -> f64 {
        let eta = |state: &StatePoint| state.window.as_ref().map_or(0.0, |w| w.eta(count(w.reservoir)));
        let pairs = self.a.ln_z.iter().zip(&self.b.ln_z).enumerate();
        let chemical: f64 = pairs.map(|(r, (a, b))| f64::from(count(r)) * (b - a)).sum();
        let thermal = if self.beta == 0.0 { 0.0 } else { self.beta * energy };
        thermal - chemical - eta(self.b) + eta(self.a)
    }
}
