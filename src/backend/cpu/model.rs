//! What all replicas share: the system, and what is prepared from it once.

use super::clusters::{Clusters, LISTS_FROM, uses_lists};
use super::frozen::Frozen;
use super::pair::Geometry;
use super::slab::Slab;
use super::three_body::Triplets;
use crate::base::error::{DeviceError, Result};
use crate::base::rng::Rng;
use crate::potential::{PairForm, Pairs, with_form};
use crate::system::System;
use pulp::Arch;
use std::sync::Arc;

/// What every replica shares.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) system: Arc<System>,
    pub(super) rng: Rng,
    pub(super) arch: Arch,
    pub(super) geometry: Geometry,
    pub(super) frozen: Frozen,
    pub(super) frozen_clusters: Clusters,
    pub(super) slab: Slab,
    /// [`PairForm::FORCE_UNIT`] of the pairs.
    pub(super) force_unit: f64,
    /// Where the potential has any.
    pub(super) triplets: Option<Triplets>,
    /// `[n_species]`, species that can occur as mobile atoms.
    pub(super) mobile: Vec<bool>,
    /// `[n_reservoirs]`, whether the insertion region is all that mobile atoms can reach.
    pub(super) region_is_cell: Vec<bool>,
}

impl Model {
    /// The model of a system.
    ///
    /// # Errors
    /// [`DeviceError`] if the system needs the sum over periodic images beyond the nearest.
    pub(super) fn new(system: Arc<System>, rng: Rng) -> Result<Model> {
        if !system.minimum_image_suffices() {
            let problem = format!(
                "device `cpu` takes the nearest image only, but the cutoff {} exceeds half the shortest period or width {}",
                system.pairs.r_cut,
                system.cell.shortest_period()
            );
            return Err(DeviceError::TooLarge { problem, remedy: "use --device reference" }.into());
        }
        let cell = &system.cell;
        let mobile: Vec<bool> = vec![true; system.species.len()];
        let geometry = Geometry::new(&system);
        let frozen = Frozen::new(&system, &geometry, &mobile);
        let triplets = |three| Triplets::new(three, &system, &geometry, &frozen.row, &frozen.species);
        Ok(Model {
            triplets: system.pairs.three_body().map(triplets),
            arch: Arch::new(),
            geometry,
            slab: Slab::new(&system, &geometry, &frozen),
            force_unit: with_form!(&system.pairs, pairs => force_unit(pairs)),
            frozen_clusters: Clusters::new(&system, &geometry, &mobile, &frozen.row, &frozen.species),
            frozen,
            region_is_cell: system
                .reservoirs
                .iter()
                .map(|r| r.z_lo <= cell.floor && r.z_hi >= cell.ceiling())
                .collect(),
            mobile,
            rng,
            system,
        })
    }

    /// Which kernel runs: by rule on the system.
    pub(super) fn kernel(&self) -> String {
        let lists = match uses_lists(&self.system, self.system.capacity) {
            true => format!("neighbour lists from {LISTS_FROM} atoms"),
            false => "all pairs".to_owned(),
        };
        // The bits differ only where multiplication and addition cannot be fused.
        let unfused = if matches!(self.arch, Arch::Scalar) { ", unfused" } else { "" };
        let triplets = if self.triplets.is_some() { " and triplets" } else { "" };
        let slab = self.slab.name().map(|name| format!(", {name}")).unwrap_or_default();
        format!("f32 pairs{triplets} on an integer grid, f64 state, {lists}{slab}{unfused}")
    }
}

/// [`PairForm::FORCE_UNIT`] of some pairs.
fn force_unit<F: PairForm>(_: &Pairs<F>) -> f64 {
    f64::from(F::FORCE_UNIT)
}
