//! Pictures of a surface from minima alone: the most stable minimum of each composition, and points where two are equally
//! stable.

use crate::analysis::MapCell;
use crate::landscape::Minimum;
use crate::thermo::states::StateGrid;
use crate::thermochemistry::envelope::Line;
use std::collections::BTreeMap;

/// Free energy that a picture gives each minimum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Picture {
    /// The energy of the minimum.
    Minima,
    /// With the classical harmonic integral.
    Harmonic,
    /// With quantum vibrations, from ħ/√m of the mobile atoms [energy^½·length].
    Quantum(f64),
}

impl Picture {
    /// Spelling in the column `picture` of `aiat_steps.csv`.
    pub fn as_str(self) -> &'static str {
        match self {
            Picture::Minima => "minima",
            Picture::Harmonic => "harmonic",
            Picture::Quantum(_) => "quantum",
        }
    }

    /// Free energy of a minimum without its −Σ Nμ.
    fn free_energy(self, minimum: &Minimum, kt: f64) -> Option<f64> {
        match self {
            Picture::Minima => Some(minimum.energy),
            Picture::Harmonic => minimum.ln_z(kt).map(|ln_z| -kt * ln_z),
            Picture::Quantum(quantum) => minimum.quantum_ln_z(quantum, kt).map(|ln_z| -kt * ln_z),
        }
    }
}

/// The most stable minimum of each composition at one temperature.
pub(crate) struct Lowest<'a> {
    pub(crate) picture: Picture,
    /// [energy]
    pub(crate) kt: f64,
    /// (minimum, free energy)
    pub(crate) of: Vec<(&'a Minimum, f64)>,
}

impl<'a> Lowest<'a> {
    /// Of the minima that are given; saddles and loose atoms are left out.
    pub(crate) fn new(picture: Picture, minima: &'a [Minimum], kt: f64) -> Lowest<'a> {
        let mut lowest: BTreeMap<&[u16], (&Minimum, f64)> = BTreeMap::new();
        for minimum in minima {
            // A saddle or a loose atom has no place in either picture.
            let Some(f) = picture.free_energy(minimum, kt).filter(|_| minimum.negative == 0) else { continue };
            match lowest.get(&minimum.counts[..]) {
                Some((_, known)) if *known <= f => {}
                _ => {
                    lowest.insert(&minimum.counts, (minimum, f));
                }
            }
        }
        Lowest { picture, kt, of: lowest.into_values().collect() }
    }

    /// What an atom of each species is worth at a cell: μ, or kT ln z. `[n_reservoirs]`
    pub(crate) fn worth(&self, cell: &MapCell) -> Vec<f64> {
        match self.picture {
            Picture::Minima => cell.mu.clone(),
            Picture::Harmonic | Picture::Quantum(_) => cell.ln_z.iter().map(|l| self.kt * l).collect(),
        }
    }

    /// The minimum that is most stable where an atom of each species is worth this, with its free energy less that.
    pub(crate) fn at(&self, worth: &[f64]) -> Option<(&'a Minimum, f64)> {
        let g = |&(minimum, f): &(&'a Minimum, f64)| {
            let paid: f64 = minimum.counts.iter().zip(worth).map(|(&n, w)| f64::from(n) * w).sum();
            (minimum, f - paid)
        };
        self.of.iter().map(g).min_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// Free energies as lines over the column `mu` of the only species.
    pub(crate) fn lines(&self, grid: &StateGrid) -> Vec<Line> {
        // kT ln z = μ + offset in every convention
        let offset = match self.picture {
            Picture::Minima => 0.0,
            Picture::Harmonic | Picture::Quantum(_) => self.kt * grid.reservoirs[0].convention.ln_z_of_mu(0.0, self.kt),
        };
        self.of
            .iter()
            .map(|(minimum, f)| {
                let n = f64::from(minimum.counts[0]);
                Line { constant: f - n * offset, slope: -n }
            })
            .collect()
    }
}

/// μ at which the most stable minima of two ranges of N are equally stable, with these minima.
pub(crate) fn boundary_in<'a>(
    lowest: &Lowest<'a>,
    grid: &StateGrid,
    from: (f64, f64),
    to: (f64, f64),
) -> Option<(f64, &'a Minimum, &'a Minimum)> {
    let lines = lowest.lines(grid);
    let within = |range: (f64, f64)| {
        let inside = |i: &usize| (range.0..range.1).contains(&f64::from(lowest.of[*i].0.counts[0]));
        (0..lines.len()).filter(inside).collect::<Vec<usize>>()
    };
    let (a, b) = (within(from), within(to));
    let best = |of: &[usize], mu: f64| {
        let g = |i: usize| lines[i].constant + lines[i].slope * mu;
        of.iter().copied().min_by(|&i, &j| g(i).total_cmp(&g(j))).map(|i| (i, g(i)))
    };
    // The far side always holds more atoms, so the difference rises with μ; widen until it changes sign.
    let difference = |mu: f64| Some(best(&a, mu)?.1 - best(&b, mu)?.1);
    let scale = lines.iter().map(|l| l.constant.abs() / l.slope.abs().max(1.0)).fold(lowest.kt, f64::max);
    let (mut lo, mut hi) = (-2.0 * scale, 2.0 * scale);
    for _ in 0..60 {
        if difference(lo)? <= 0.0 && difference(hi)? >= 0.0 {
            break;
        }
        (lo, hi) = (2.0 * lo, 2.0 * hi);
    }
    if difference(lo)? > 0.0 || difference(hi)? < 0.0 {
        return None;
    }
    for _ in 0..200 {
        let middle = 0.5 * (lo + hi);
        if difference(middle)? <= 0.0 {
            lo = middle;
        } else {
            hi = middle;
        }
    }
    let mu = 0.5 * (lo + hi);
    Some((mu, lowest.of[best(&a, mu)?.0].0, lowest.of[best(&b, mu)?.0].0))
}

/// μ at which the empty surface and the lowest minimum with `atoms` atoms of the only species are equally stable, from
/// minimum energies alone and with the classical harmonic integral.
pub fn boundary_of(minima: &[Minimum], grid: &StateGrid, atoms: u16, kt: f64) -> Option<(f64, f64)> {
    let range = (f64::from(atoms) - 0.5, f64::from(atoms) + 0.5);
    let of = |picture| boundary_in(&Lowest::new(picture, minima, kt), grid, (0.0, 0.5), range).map(|b| b.0);
    Some((of(Picture::Minima)?, of(Picture::Harmonic)?))
}
