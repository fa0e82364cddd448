//! Whether `max_atoms` will shape the result, as far as that is known before sampling.
//!
//! Atoms that do not meet are Poisson distributed with mean λ = z Q₁: an ideal gas has λ = zV, a surface follows Henry's law.
//! Where they meet, λ says no more than that they will come; then what a cell holds at most in a layer (slab) or in all
//! (bulk) of close-packed spheres is set against the limit.

use super::exchange::{Model, STRANGERS};
use crate::input::scene::CheckedScene;
use crate::system::slab::close_packed;
use crate::thermo::Convention;
use crate::thermo::states::{StateGrid, StatePoint};

/// Standard deviations of a Poisson distribution that a limit must leave above the mean.
const ROOM: f64 = 4.5;
/// Mobile atoms that fit a replica.
const MOST_ATOMS: f64 = u16::MAX as f64;
/// Largest packing of spheres of diameter σ in a volume.
const SPHERES: f64 = std::f64::consts::SQRT_2;

/// Warnings, one for each species whose limit is too low.
pub(super) fn limits(model: &mut Model, loaded: &CheckedScene, grid: &StateGrid) -> Vec<String> {
    if model.slab_moves {
        return Vec::new();
    }
    (0..grid.n_reservoirs()).filter_map(|r| limit(model, loaded, grid, r)).collect()
}

fn limit(model: &mut Model, loaded: &CheckedScene, grid: &StateGrid, r: usize) -> Option<String> {
    let own = model.species[r] as u8;
    let pair = model.system.pairs.pair(own, own);
    let sigma = pair.length();
    let (lengths, bulk) = (model.system.cell.lengths, loaded.scene.is_bulk());
    let packed = match (pair.interacts() && sigma > 0.0, bulk) {
        (false, _) => f64::INFINITY,
        (true, true) => SPHERES * model.system.cell.volume() / sigma.powi(3),
        (true, false) => close_packed(lengths.x * lengths.y, sigma),
    };
    let most = f64::from(model.most[r]);
    let needed = |lambda: f64, reach: f64| {
        let enough = lambda + ROOM * lambda.sqrt();
        if lambda * reach <= STRANGERS { enough } else { enough.min(packed) }
    };
    let of = |state: &StatePoint, model: &mut Model| {
        let (lambda, reach) = model.unhindered(state, r);
        (needed(lambda, reach), lambda, lambda * reach <= STRANGERS)
    };
    let all: Vec<(f64, f64, bool)> = grid.points().iter().map(|state| of(state, model)).collect();
    let over: Vec<usize> = (0..all.len()).filter(|&k| all[k].0 > most).collect();
    let worst = over.iter().copied().max_by(|&a, &b| all[a].0.total_cmp(&all[b].0))?;
    let (needed, lambda, strangers) = all[worst];
    let species = &grid.reservoirs[r].species;
    let law = if model.has_surface(r) { "Henry's law" } else { "the ideal gas" };
    let start = format!("`max_atoms: {most}` of {species} is too low in {} of {} states: ", over.len(), all.len());
    let (needed, layer) = (needed.ceil(), packed.ceil());
    // Other atoms of a replica need slots too.
    let highest = most + (MOST_ATOMS - loaded.capacity() as f64).max(0.0);
    let axis = match grid.reservoirs[r].convention {
        Convention::Pressure { .. } | Convention::Gas(_) => "pressures",
        _ => "μ",
    };
    let lambda = if lambda < 1e5 { format!("{lambda:.1}") } else { format!("{lambda:.1e}") };
    let dense = format!("{start}{law} has {lambda} atoms at the densest");
    Some(if needed > highest {
        format!("{dense}, and it can be {highest} at most: lower the highest {axis} of {species}")
    } else if strangers || needed < layer {
        format!("{dense}; set it to {needed} or more")
    } else if bulk {
        format!("{dense}, and the cell holds up to {layer} close-packed ones; if so many are expected, set it higher")
    } else {
        format!("{dense}, and one close-packed layer holds {layer}; set it to that and more for further layers")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// What is said of a scene.
    fn said(text: &str) -> Vec<String> {
        let loaded = crate::input::scene::parse(text, Path::new("x.ron")).unwrap_or_else(|e| panic!("{e}"));
        limits(&mut Model::new(&loaded), &loaded, &loaded.grid())
    }

    const IDEAL: &str = include_str!("../../../scenes/ideal_gas.ron");

    /// The ideal gas of the scene has V e^(μ'/T) atoms.
    #[test]
    fn nothing_is_advised_that_is_refused() {
        assert_eq!(said(IDEAL), Vec::<String>::new());
        let of = |mu: f64| said(&IDEAL.replace("to: -4.0, n: 5", &format!("to: {mu:?}, n: 2"))).join("; ");
        let words = of(0.0);
        assert!(words.contains("1000.0 atoms at the densest; set it to 1143 or more"), "{words}");
        let words = of(9.0);
        assert!(words.contains("and it can be 65535 at most: lower the highest μ of B"), "{words}");
        assert!(!words.contains("set it to"), "{words}");
    }

    #[test]
    fn a_layer_is_named_where_it_is_what_limits() {
        let surface = include_str!("../../../scenes/lj_surface.ron");
        let words = said(&surface.replace("max_atoms: 64", "max_atoms: 5")).join("; ");
        assert!(words.contains("one close-packed layer holds 13; set it to that and more"), "{words}");
    }
}
