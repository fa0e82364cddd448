//! The start: mobile slab atoms, the atoms of `initial`, velocities; overlaps relaxed.

use crate::base::error::{Error, Result};
use crate::base::ids::ReplicaId;
use crate::base::rng::{Rng, Stream};
use crate::forces::relax::relax;
use crate::forces::{ForceField, on, waiting_threads};
use crate::input::scene::CheckedScene;
use crate::input::scene::compile::species_index;
use crate::system::System;
use crate::system::configuration::{Batch, Configuration};
use crate::thermo::states::{StateGrid, StatePoint};
use glam::DVec3;
use rayon::prelude::*;
use std::ops::Range;

/// Random placements tried for one atom before the best one is taken and relaxed.
const TRIES: u64 = 200;

/// The first configuration of some replicas; replica `walker * n_states + k` starts in state k.
///
/// - `replicas`: their global indices
///
/// # Errors
/// [`Error::ReplicaFault`] when overlaps cannot be relaxed or the force field fails.
pub(super) fn initial_batch(
    loaded: &CheckedScene,
    system: &System,
    force_field: &dyn ForceField,
    grid: &StateGrid,
    rng: &Rng,
    replicas: Range<usize>,
) -> Result<Batch> {
    let n_replicas = replicas.len();
    let configurations = replicas.into_par_iter().with_max_len(1).map(|replica| {
        let (walker, state) = ((replica / grid.len()) as u32, &grid.states[replica % grid.len()]);
        let kt = state.kt;
        let placed = place(loaded, system, force_field, rng, replica as u32, walker, state).and_then(|mut x| {
            let relaxed = relax(system, force_field, rng, replica as u32, kt, &mut x)?;
            Ok(relaxed.map(|_| x))
        });
        let placed = placed.map_err(|e| e.of_replica(ReplicaId(replica as u32)))?;
        let mut x = placed.ok_or_else(|| Error::ReplicaFault {
            replica,
            cycle: 0,
            problem: "atoms of the start still overlap after relaxation; place fewer atoms or enlarge the cell".into(),
        })?;
        for slot in 0..x.len() {
            let thermal = (kt / system.species[usize::from(x.species[slot])].mass).sqrt();
            x.velocities[slot] = thermal * rng.gaussians(Stream::InitialVelocity, 0, replica as u32, slot as u32);
        }
        Ok(x)
    });
    let waiting = waiting_threads(force_field, n_replicas)?;
    let configurations = on(waiting.as_ref(), || configurations.collect::<Result<Vec<_>>>())?;
    Ok(Batch { configurations })
}

/// Positions before relaxation: mobile slab atoms first, then `initial` in scene order. A window takes no more of its
/// species than its upper bound, the first ones, and is filled up to its lower bound at random.
fn place(
    loaded: &CheckedScene,
    system: &System,
    force_field: &dyn ForceField,
    rng: &Rng,
    replica: u32,
    walker: u32,
    state: &StatePoint,
) -> Result<Configuration> {
    let kt = state.kt;
    let mut x = Configuration::default();
    for atom in loaded.slab.atoms.iter().filter(|a| a.mobile) {
        x.insert(atom.species as u8, system.cell.wrap(atom.position), DVec3::ZERO);
    }
    for (index, entry) in loaded.scene.initial_of(walker) {
        let fixed = &loaded.placed[index];
        let species = species_index(&loaded.scene, &entry.species);
        for &position in fixed {
            x.insert(species, system.cell.wrap(position), DVec3::ZERO);
        }
        for _ in fixed.len()..entry.atoms.map_or(fixed.len(), usize::from) {
            let position = random_place(system, force_field, rng, replica, species, kt, &x)?;
            x.insert(species, position, DVec3::ZERO);
        }
    }
    if let Some(window) = &state.window {
        let species = system.reservoirs[window.reservoir].species;
        let slots: Vec<usize> = (0..x.len()).filter(|&slot| x.species[slot] == species).collect();
        // From the last one on: a deletion moves the last atom only.
        slots.iter().skip(usize::from(window.hi())).rev().for_each(|&slot| x.delete(slot));
        for _ in slots.len()..usize::from(window.lo) {
            let position = random_place(system, force_field, rng, replica, species, kt, &x)?;
            x.insert(species, position, DVec3::ZERO);
        }
    }
    Ok(x)
}

/// A random position in the species' region without violent overlap, or the best of [`TRIES`].
fn random_place(
    system: &System,
    force_field: &dyn ForceField,
    rng: &Rng,
    replica: u32,
    species: u8,
    kt: f64,
    x: &Configuration,
) -> Result<DVec3> {
    let cell = &system.cell;
    let (z_lo, z_hi) = match system.reservoir_of(species) {
        Some(r) => (system.reservoirs[r].z_lo, system.reservoirs[r].z_hi),
        None => (cell.floor, cell.ceiling()),
    };
    let mut best = (f64::INFINITY, DVec3::ZERO);
    for attempt in 0..TRIES {
        let [a, b, c, _] = rng.uniforms(Stream::InitialPosition, attempt, replica, x.len() as u32);
        let position = DVec3::new(a * cell.lengths.x, b * cell.lengths.y, z_lo + c * (z_hi - z_lo));
        let energy = force_field.contact_energy(x, species, position)?;
        if energy < best.0 {
            best = (energy, position);
        }
        if energy < kt {
            break;
        }
    }
    Ok(best.1)
}
