//! Whether `max_atoms` will shape the result, as far as that is known before sampling.
//!
//! Atoms that do not meet are Poisson distributed with mean λ = z Q₁: an ideal gas has λ = zV, a surface follows Henry's law.
//! Where they meet, λ says no more than that they will come; then what a cell holds at most in a layer (slab) or in all
//! (bulk) of close-packed spheres is set against the limit.

use super::exchange::{Model, STRANGERS};
use crate::input::scene::CheckedScene;
use crate::system::slab::close_packed;
use crate::thermo::states::{StateGrid, StatePoint};

/// Standard deviations of a Poisson distribution that a limit must leave above the mean.
const ROOM: f64 = 4.5;
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
    let needed = needed.ceil();
    let lambda = if lambda < 1e5 { format!("{lambda:.1}") } else { format!("{lambda:.1e}") };
    Some(match (strangers, bulk) {
        (true, _) => format!("{start}{law} has {lambda} atoms at the densest; set it to {needed} or more"),
        (false, true) => format!(
            "{start}{law} has {lambda} atoms at the densest, and the cell holds up to {needed} close-packed ones; if so \
             many are expected, set it higher"
        ),
        (false, false) => format!(
            "{start}{law} has {lambda} atoms at the densest, and one close-packed layer holds {needed}; set it to that and \
             more for further layers"
        ),
    })
}
