//! Observables: what a scene asks to be evaluated of every sample, in its list `observables`.
//!
//! Adsorbed atoms alone count: species of a reservoir and of fixed number, not the mobile part of the slab. Each
//! file holds one of them: a pure function of positions, what it stores, and its tests; [`of_scene`] knows them all.
//! Numbers become f32 columns of the samples, histograms f16 columns ([`crate::observables::record::Field`]).
//!
//! | observable | stored | meaning |
//! | --- | --- | --- |
//! | `Layers` | histogram `layers_<s>` | atoms over z in bins of at most 0.05 σ ([`layers`]) |
//! | `Order(wave_vector)` | `order_sqrt3`, `order_1x1` | Φ of the first layer ([`order`]) |
//! | `Psi6` | `psi6`, `psi6_local` | sixfold bond order of the first layer ([`psi6`]) |
//! | `Coordination(r)` | `coordination`, histogram `coordination_histogram` | neighbours within r ([`coordination`]) |
//! | `Sites` | `site_top`, `site_bridge`, `site_fcc`, `site_hcp` | sites of the atoms of the first layer ([`sites`]) |
//! | `Cluster(r)` | `cluster` | atoms of the largest cluster ([`cluster`]) |
//! | `Rdf(r_max, bins)` | histograms `rdf`, `rdf_layer` | pairs over their distance ([`rdf`]) |
//! | `Density(bins)` | histogram `density_<s>` | atoms over z ([`density`]) |

pub mod cluster;
pub mod coordination;
pub mod density;
pub mod geometry;
pub mod layers;
pub mod order;
pub mod psi6;
pub mod rdf;
pub mod record;
pub mod sites;

pub use geometry::{Adsorbed, Geometry};

use crate::input::scene::{CheckedScene, grammar};
use crate::observables::record::{Field, Observed};
use crate::system::configuration::{Batch, Configuration};
use rayon::prelude::*;
use std::fmt::Debug;

/// A function of every configuration, evaluated while sampling.
pub trait Observable: Debug + Send + Sync {
    /// Fields that it stores with each sample, in the order in which [`Observable::evaluate`] adds it.
    fn fields(&self) -> Vec<Field>;

    /// Evaluates one configuration: one number or histogram for every field.
    fn evaluate(&self, atoms: &Adsorbed<'_>, observed: &mut Observed);
}

/// The observables of a scene.
#[derive(Debug, Default)]
pub struct Observables {
    geometry: Geometry,
    all: Vec<Box<dyn Observable>>,
}

/// One entry of a scene's list.
fn of_scene(entry: &grammar::Observable, geometry: &Geometry) -> Box<dyn Observable> {
    match *entry {
        grammar::Observable::Layers => Box::new(layers::Layers::new(geometry)),
        grammar::Observable::Order { wave_vector } => Box::new(order::Order::new(geometry, wave_vector)),
        grammar::Observable::Psi6 => Box::new(psi6::Psi6::new(geometry)),
        grammar::Observable::Coordination { r } => Box::new(coordination::Coordination::new(geometry, r)),
        grammar::Observable::Sites => Box::new(sites::Sites::new(geometry)),
        grammar::Observable::Cluster { r } => Box::new(cluster::Cluster::new(geometry, r)),
        grammar::Observable::Rdf { r_max, bins } => Box::new(rdf::Rdf::new(geometry, r_max, bins)),
        grammar::Observable::Density { bins } => Box::new(density::Density::new(geometry, bins)),
    }
}

impl Observables {
    /// Those of a scene that has passed its checks.
    pub fn from_scene(loaded: &CheckedScene) -> Observables {
        let entries = &loaded.scene.observables;
        if entries.is_empty() {
            return Observables::default();
        }
        let geometry = Geometry::of(loaded);
        Observables { all: entries.iter().map(|entry| of_scene(entry, &geometry)).collect(), geometry }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Fields that they store with each sample.
    pub fn fields(&self) -> Vec<Field> {
        self.all.iter().flat_map(|o| o.fields()).collect()
    }

    /// Evaluates all of them for one configuration.
    pub fn evaluate(&self, configuration: &Configuration) -> Observed {
        let (atoms, mut observed) = (Adsorbed::of(&self.geometry, configuration), Observed::default());
        self.all.iter().for_each(|o| o.evaluate(&atoms, &mut observed));
        observed
    }

    /// Evaluates all of them for every replica, in parallel; the result does not depend on the number of threads.
    ///
    /// - returns: `[n_replicas]`; nothing if there is no observable
    pub fn evaluate_all(&self, batch: &Batch) -> Vec<Observed> {
        if self.is_empty() {
            return Vec::new();
        }
        batch.configurations.par_iter().map(|x| self.evaluate(x)).collect()
    }
}
