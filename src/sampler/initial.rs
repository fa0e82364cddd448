//! The start: mobile slab atoms, the atoms of `initial`, velocities; overlaps relaxed.

use super::setup::Setup;
use crate::base::error::{Error, Result};
use crate::base::ids::ReplicaId;
use crate::base::rng::Stream;
use crate::forces::relax::relax;
use crate::forces::{on, waiting_threads};
use crate::input::scene::compile::species_index;
use crate::system::configuration::{Batch, Configuration};
use crate::thermo::Window;
use crate::thermo::states::StatePoint;
use glam::DVec3;
use rayon::prelude::*;
use std::ops::Range;

/// Random placements tried for one atom before the best one is taken and relaxed.
const TRIES: u64 = 200;

/// The configuration in which a walker's replica of a state starts, where there is one.
pub type Given<'a> = dyn Fn(usize, &StatePoint) -> Option<Configuration> + Sync + 'a;

/// The first configuration of some replicas; replica `walker * n_states + k` starts in state k.
///
/// - `replicas`: their global indices
/// - `given`: takes the place of what `initial` says
///
/// # Errors
/// [`Error::ReplicaFault`] when overlaps cannot be relaxed or the force field fails.
pub(super) fn initial_batch(setup: &Setup, replicas: Range<usize>, given: &Given<'_>) -> Result<Batch> {
    let Setup { system, grid, rng, .. } = setup;
    let force_field = &*setup.force_field;
    let n_replicas = replicas.len();
    let configurations = replicas.into_par_iter().with_max_len(1).map(|replica| {
        let (walker, state) = (replica / grid.len(), &grid.states[replica % grid.len()]);
        let kt = state.kt;
        let places = Places { setup, replica: replica as u32, kt };
        let start = given(walker, state).map_or_else(|| places.initial(walker as u32), Ok);
        let placed = start.and_then(|mut x| {
            if let Some(window) = &state.window {
                places.bound(&mut x, window)?;
            }
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

/// Places for the atoms of one replica.
struct Places<'a> {
    setup: &'a Setup,
    replica: u32,
    kt: f64,
}

impl Places<'_> {
    /// Positions before relaxation: mobile slab atoms first, then `initial` in scene order.
    fn initial(&self, walker: u32) -> Result<Configuration> {
        let Setup { loaded, system, .. } = self.setup;
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
                let position = self.random(species, &x)?;
                x.insert(species, position, DVec3::ZERO);
            }
        }
        Ok(x)
    }

    /// Leaves no more atoms of the species of a window than its upper bound, the first ones, and fills up to its lower bound at
    /// random.
    fn bound(&self, x: &mut Configuration, window: &Window) -> Result<()> {
        let species = self.setup.system.reservoirs[window.reservoir].species;
        let slots: Vec<usize> = (0..x.len()).filter(|&slot| x.species[slot] == species).collect();
        // From the last one on: a deletion moves the last atom only.
        slots.iter().skip(usize::from(window.hi())).rev().for_each(|&slot| x.delete(slot));
        for _ in slots.len()..usize::from(window.lo) {
            let position = self.random(species, x)?;
            x.insert(species, position, DVec3::ZERO);
        }
        Ok(())
    }

    /// A random position in the species' region without violent overlap, or the best of [`TRIES`].
    fn random(&self, species: u8, x: &Configuration) -> Result<DVec3> {
        let Setup { system, rng, .. } = self.setup;
        let cell = &system.cell;
        let (z_lo, z_hi) = match system.reservoir_of(species) {
            Some(r) => (system.reservoirs[r].z_lo, system.reservoirs[r].z_hi),
            None => (cell.floor, cell.ceiling()),
        };
        let mut best = (f64::INFINITY, DVec3::ZERO);
        for attempt in 0..TRIES {
            let [a, b, c, _] = rng.uniforms(Stream::InitialPosition, attempt, self.replica, x.len() as u32);
            let position = DVec3::new(a * cell.lengths.x, b * cell.lengths.y, z_lo + c * (z_hi - z_lo));
            let energy = self.setup.force_field.contact_energy(x, species, position)?;
            if energy < best.0 {
                best = (energy, position);
            }
            if energy < self.kt {
                break;
            }
        }
        Ok(best.1)
    }
}
