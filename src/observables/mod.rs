//! Observables: what a scene asks to be evaluated of every sample, in its list `observables`.
//!
//! Adsorbed atoms alone count: species of a reservoir and of fixed number, not the mobile part of the slab. Each
//! file holds one of them: a pure function of positions, what it stores, and its tests; [`ObservableSpec`] lists them all.
//! Numbers become f32 columns of the samples, histograms f16 columns ([`crate::observables::record::Field`]).
//!
//! | observable | stored | meaning |
//! | --- | --- | --- |
//! | `Layers` | histogram `layers_<s>` | atoms over z in bins of at most 0.05 σ ([`layers`]) |
//! | `Order(wave_vector)` | `order_sqrt3`, `order_1x1` | Φ of the first layer ([`order`]) |
//! | `Psi6` | `psi6`, `psi6_local` | sixfold bond order of the first layer ([`psi6`]) |
//! | `Coordination(r)` | `coordination`, histogram `coordination_histogram` | neighbours within r ([`coordination`]) |
//! | `Sites` | `site_top`, `site_bridge`, `site_fcc`, `site_hcp` | sites of the atoms of the first layer ([`sites`]) |
//! | `Composition` | `first_layer_<s>` | atoms of each species in the first layer ([`composition`]) |
//! | `Cluster(r)` | `cluster` | atoms of the largest cluster ([`cluster`]) |
//! | `Rdf(r_max, bins, between)` | histograms `rdf`, `rdf_layer`, `rdf_<s>_<t>` | pairs over their distance ([`rdf`]) |
//! | `Density(bins)` | histogram `density_<s>` | atoms over z ([`density`]) |
//! | `Chemisorbed(r, bond)` | `chemisorbed`, `molecular` | atoms bound to the slab, or to each other ([`chemisorbed`]) |
//! | `Hydrides(r)` | `hydride_0` … `hydride_3` | surface atoms by how many adsorbed ones they hold ([`hydrides`]) |
//! | `Dimers(r, buckled)` | `dimers_symmetric`, `dimers_buckled`, `dimers_broken`, `dimer_order`, histogram `dimer_buckling` | pairs of surface atoms ([`dimers`]) |

pub mod chemisorbed;
pub mod cluster;
pub mod composition;
pub mod coordination;
pub mod density;
pub mod dimers;
pub mod geometry;
pub mod hosts;
pub mod hydrides;
pub mod layers;
pub mod order;
pub mod psi6;
pub mod rdf;
pub mod record;
pub mod sites;

pub use geometry::{Adsorbed, Geometry};
pub use order::WaveVector;

use crate::observables::record::{Field, Observed};
use crate::system::configuration::{Batch, Configuration};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::fmt::Debug;

/// An observable as a scene names it, in its list `observables`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum ObservableSpec {
    /// Atoms per layer.
    Layers,
    /// Φ at a named star of wave vectors.
    Order {
        /// Which star.
        wave_vector: WaveVector,
    },
    /// Bond-orientational order ψ6.
    Psi6,
    /// Coordination numbers.
    Coordination {
        /// Neighbour distance \[length\].
        r: f64,
    },
    /// Occupation of top, bridge, fcc and hcp sites.
    Sites,
    /// Atoms of each species in the first layer.
    Composition,
    /// Largest cluster.
    Cluster {
        /// Neighbour distance \[length\].
        r: f64,
    },
    /// Pair distribution function.
    Rdf {
        /// Range \[length\].
        r_max: f64,
        /// Bins.
        bins: u32,
        /// Pairs of species to be counted by themselves, with atoms of the slab.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        between: Vec<(String, String)>,
    },
    /// Atoms bound to the slab, and to each other.
    Chemisorbed {
        /// Longest bond to the slab \[length\].
        r: f64,
        /// Longest bond of two adsorbed atoms \[length\]; unset: there are none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bond: Option<f64>,
    },
    /// Atoms of the top layer by how many adsorbed ones they hold.
    Hydrides {
        /// Longest bond \[length\].
        r: f64,
    },
    /// Pairs of atoms of the top layer.
    Dimers {
        /// Longest dimer \[length\].
        r: f64,
        /// |Δz| from which one is buckled \[length\].
        buckled: f64,
    },
    /// Density profile along z.
    Density {
        /// Bins.
        bins: u32,
    },
}

/// Something that an observable needs of its scene, beside adsorbed atoms; the checks of a scene refuse where it lacks.
#[derive(Debug, Clone, PartialEq)]
pub enum Need {
    /// A surface, low enough for bins of layers.
    LayerBins,
    /// A first layer of every adsorbed species.
    FirstLayer,
    /// The sites of an fcc(111) surface.
    Fcc111Sites,
    /// A superstructure of the slab, which fits into the cell.
    Superstructure(WaveVector),
    /// A distance `r` of at most a period \[length\].
    Distance(f64),
    /// Bins of a histogram of pairs up to `r_max` \[length\], enough of them.
    PairBins {
        /// Range \[length\].
        r_max: f64,
        /// Bins.
        bins: u32,
    },
    /// Bins of a histogram.
    Bins(u32),
    /// A slab, whose top layer is known.
    TopLayer,
    /// A length above 0, with the name of its field.
    Length(&'static str, f64),
    /// Two species of the scene, by the index of their entry in `between`.
    Species(usize, String, String),
}

impl ObservableSpec {
    /// What it needs of its scene.
    pub fn needs(&self) -> Vec<Need> {
        match self {
            ObservableSpec::Layers => vec![Need::LayerBins],
            &ObservableSpec::Order { wave_vector } => vec![Need::FirstLayer, Need::Superstructure(wave_vector)],
            ObservableSpec::Psi6 | ObservableSpec::Composition => vec![Need::FirstLayer],
            ObservableSpec::Sites => vec![Need::Fcc111Sites, Need::FirstLayer],
            &ObservableSpec::Coordination { r } | &ObservableSpec::Cluster { r } => vec![Need::Distance(r)],
            &ObservableSpec::Rdf { r_max, bins, ref between } => {
                let species = |(i, (a, b)): (usize, &(String, String))| Need::Species(i, a.clone(), b.clone());
                let pairs = between.iter().enumerate().map(species);
                std::iter::once(Need::PairBins { r_max, bins }).chain(pairs).collect()
            }
            &ObservableSpec::Density { bins } => vec![Need::Bins(bins)],
            &ObservableSpec::Chemisorbed { r, bond } => {
                let bond = bond.map(|bond| Need::Length("bond", bond));
                [Need::TopLayer, Need::Distance(r)].into_iter().chain(bond).collect()
            }
            &ObservableSpec::Hydrides { r } => vec![Need::TopLayer, Need::Distance(r)],
            &ObservableSpec::Dimers { r, buckled } => {
                vec![Need::TopLayer, Need::Distance(r), Need::Length("buckled", buckled)]
            }
        }
    }

    fn observable(&self, geometry: &Geometry) -> Box<dyn Observable> {
        match *self {
            ObservableSpec::Layers => Box::new(layers::Layers::new(geometry)),
            ObservableSpec::Order { wave_vector } => Box::new(order::Order::new(geometry, wave_vector)),
            ObservableSpec::Psi6 => Box::new(psi6::Psi6::new(geometry)),
            ObservableSpec::Coordination { r } => Box::new(coordination::Coordination::new(geometry, r)),
            ObservableSpec::Sites => Box::new(sites::Sites::new(geometry)),
            ObservableSpec::Composition => Box::new(composition::Composition::new(geometry)),
            ObservableSpec::Cluster { r } => Box::new(cluster::Cluster::new(geometry, r)),
            ObservableSpec::Rdf { r_max, bins, ref between } => Box::new(rdf::Rdf::new(geometry, r_max, bins, between)),
            ObservableSpec::Chemisorbed { r, bond } => Box::new(chemisorbed::Chemisorbed::new(geometry, r, bond)),
            ObservableSpec::Hydrides { r } => Box::new(hydrides::Hydrides::new(geometry, r)),
            ObservableSpec::Dimers { r, buckled } => Box::new(dimers::Dimers::new(geometry, r, buckled)),
            ObservableSpec::Density { bins } => Box::new(density::Density::new(geometry, bins)),
        }
    }
}

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

impl Observables {
    /// The observables of a list, for a system of this geometry.
    pub fn new(geometry: Geometry, list: &[ObservableSpec]) -> Observables {
        let all = list.iter().map(|spec| spec.observable(&geometry)).collect();
        Observables::of_geometry(geometry, all)
    }

    /// Any observables, for a system of this geometry.
    pub fn of_geometry(geometry: Geometry, all: Vec<Box<dyn Observable>>) -> Observables {
        Observables { geometry, all }
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
