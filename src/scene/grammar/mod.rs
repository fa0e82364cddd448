//! The scene as the user writes it: every field under its normative name, defaults filled in.

use crate::units::Units;
use serde::{Deserialize, Serialize};

/// A whole scene.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scene {
    /// Free text for reports.
    #[serde(default)]
    pub title: String,
    /// Unit system of every number below.
    pub units: Units,
    /// Planck's constant in reduced units; needed by the `Absolute` convention.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planck: Option<f64>,
    /// Every kind of atom, frozen or mobile.
    pub species: Vec<Species>,
    /// Interactions between atoms.
    pub potential: Potential,
    /// Fields that act on single atoms.
    #[serde(default)]
    pub external: Vec<External>,
    /// Shape of the simulation cell.
    pub cell: CellSpec,
    /// The slab, if there is one.
    #[serde(default)]
    pub substrate: Option<Substrate>,
    /// Species whose number fluctuates.
    #[serde(default)]
    pub reservoir: Vec<Reservoir>,
    /// Mobile atoms present at the start.
    #[serde(default)]
    pub initial: Vec<Initial>,
    /// The grid of states.
    pub grid: Grid,
    /// How atoms move between particle moves.
    pub dynamics: Dynamics,
    /// Particle moves of a cycle.
    #[serde(default)]
    pub moves: Moves,
    /// Replica exchange.
    #[serde(default)]
    pub exchange: Exchange,
    /// Length of the run.
    pub schedule: Schedule,
    /// Seed of every random number.
    #[serde(default = "one_u64")]
    pub seed: u64,
    /// Order parameters to evaluate while sampling.
    #[serde(default)]
    pub observables: Vec<Observable>,
    /// Where the first adsorbed layer ends, for observables that look at it alone; unset: what the slab's potential says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_layer: Option<FirstLayer>,
}

fn one_u64() -> u64 {
    1
}

fn one_u32() -> u32 {
    1
}

/// A kind of atom.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Species {
    /// Name used throughout the scene and in output columns.
    pub name: String,
    /// Chemical symbol for trajectories and slab files.
    pub symbol: String,
    /// Mass [mass unit].
    pub mass: f64,
}

/// Interactions between atoms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Potential {
    /// u = 4ε[(σ/r)¹² − (σ/r)⁶] with free cross parameters.
    LennardJones {
        /// One absolute cutoff for all pairs [length].
        cutoff: f64,
        /// What happens at the cutoff.
        truncation: Truncation,
        /// How periodic images enter; unset: `Sum`, refused if the cutoff exceeds half a period.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        images: Option<Images>,
        /// Long-range correction of a homogeneous fluid (bulk cells with `Plain` only).
        #[serde(default)]
        tail_correction: bool,
        /// Parameters of pairs of species.
        pairs: Vec<Pair>,
        /// Rule for unlike pairs that are not listed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mixing: Option<Mixing>,
    },
}

/// What happens at the cutoff.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Truncation {
    /// Cut; energies jump, so Monte Carlo only.
    Plain,
    /// u(r) − u(r_c).
    Shifted,
    /// u(r) − u(r_c) − (r − r_c) u'(r_c).
    ForceShifted,
}

/// How periodic images enter a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Images {
    /// Every image within the cutoff.
    Sum,
    /// The nearest image only, also where the cutoff exceeds half a period.
    Minimum,
}

/// Parameters of one pair of species.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// The two names, in either order.
    pub between: (String, String),
    /// Well depth [energy]; 0 = no interaction.
    pub epsilon: f64,
    /// Zero crossing [length].
    pub sigma: f64,
}

/// Rules for unlike pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mixing {
    /// ε_AB = √(ε_A ε_B), σ_AB = (σ_A + σ_B)/2.
    LorentzBerthelot,
}

/// A field that acts on single atoms of one species.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum External {
    /// k r²/2 about the centre of the cell.
    Harmonic {
        /// Species it acts on.
        species: String,
        /// k [energy/length²]
        spring: f64,
    },
    /// Steele 10-4-3 wall at the floor.
    Steele {
        /// Species it acts on.
        species: String,
        /// ε [energy]
        epsilon: f64,
        /// σ [length]
        sigma: f64,
        /// ρ, number density of the solid [1/length³]
        density: f64,
        /// Δ, spacing of its layers [length]
        spacing: f64,
    },
    /// 9-3 wall at the floor.
    Wall93 {
        /// Species it acts on.
        species: String,
        /// ε [energy]
        epsilon: f64,
        /// σ [length]
        sigma: f64,
    },
}

impl External {
    /// The species it acts on.
    pub fn species(&self) -> &str {
        match self {
            External::Harmonic { species, .. }
            | External::Steele { species, .. }
            | External::Wall93 { species, .. } => species,
        }
    }
}

/// Shape of the simulation cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum CellSpec {
    /// Periodic in x and y, hard walls in z.
    Slab {
        /// z of the ceiling above the floor [length].
        height: f64,
        /// Periods in x and y; taken from the substrate if there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lengths: Option<(f64, f64)>,
        /// z of the floor; default: the top slab layer, or the uppermost frozen one, or 0.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        floor: Option<f64>,
    },
    /// Periodic in all three directions.
    Bulk {
        /// Periods [length].
        lengths: (f64, f64, f64),
    },
}

/// The slab.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Substrate {
    /// fcc(111), rectangular d × √3 d cells, top layer at z = 0.
    Fcc111 {
        /// Species of its atoms.
        species: String,
        /// d [length]
        nearest_neighbour: f64,
        /// Repeats of the rectangular cell in x and y.
        repeat: (u32, u32),
        /// Number of layers.
        layers: u32,
        /// How many of the top layers move.
        #[serde(default)]
        mobile_layers: u32,
    },
    /// fcc(100), square d × d cells, top layer at z = 0.
    Fcc100 {
        /// Species of its atoms.
        species: String,
        /// d [length]
        nearest_neighbour: f64,
        /// Repeats of the square cell in x and y.
        repeat: (u32, u32),
        /// Number of layers.
        layers: u32,
        /// How many of the top layers move.
        #[serde(default)]
        mobile_layers: u32,
    },
    /// Atoms from an extended XYZ file; elements become species by `symbol`, z as in the file.
    File {
        /// Path relative to the scene file.
        path: String,
        /// Which atoms move; unset: none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mobile: Option<MobileSelection>,
    },
}

/// Which atoms of a slab file move.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum MobileSelection {
    /// Atoms with z greater than this.
    Above(f64),
}

/// A species whose number fluctuates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reservoir {
    /// Its name.
    pub species: String,
    /// N_max, the same in every state.
    pub max_atoms: u16,
    /// Where atoms are inserted and deleted; unset: the whole cell above the floor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
}

/// A part of the cell.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Region {
    /// Lower and upper z [length].
    pub z: (f64, f64),
}

/// Mobile atoms present at the start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Initial {
    /// Their species.
    pub species: String,
    /// How many; unset with `File`: as many as the file holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub atoms: Option<u16>,
    /// Where they go.
    pub placement: Placement,
    /// In which walkers.
    #[serde(default)]
    pub walkers: Walkers,
}

/// Where initial atoms go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Placement {
    /// Uniformly over the region (or the cell).
    Random,
    /// On the next lattice layers of the slab.
    Layers,
    /// From an extended XYZ file.
    File {
        /// Path relative to the scene file.
        path: String,
    },
}

/// A subset of the walkers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Walkers {
    /// Every walker.
    #[default]
    All,
    /// Walkers 0, 2, 4, …
    Even,
    /// Walkers 1, 3, 5, …
    Odd,
}

/// The grid of states.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grid {
    /// Temperatures.
    pub temperature: AxisValues,
    /// One axis per reservoir species.
    #[serde(default)]
    pub reservoir: Vec<GridReservoir>,
    /// Independent copies of the whole grid.
    #[serde(default = "one_u32")]
    pub walkers: u32,
}

/// The axis of one reservoir species.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GridReservoir {
    /// Its name.
    pub species: String,
    /// What the values mean.
    pub convention: ConventionSpec,
    /// The values.
    pub values: AxisValues,
}

/// What the values of a reservoir axis mean.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConventionSpec {
    /// μ' = kT ln(z σ³).
    Activity,
    /// Absolute μ.
    Absolute,
    /// Pressure of the ideal monatomic gas.
    Pressure,
    /// Pressure of the molecules of a gas of one element: a name of the library, or a file of gases with the name after
    /// a colon where it holds several, e.g. `gases.ron:D2`.
    Gas(String),
}

/// Values along an axis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum AxisValues {
    /// As listed.
    List(Vec<f64>),
    /// `n` values, equal steps, both ends included.
    Linear {
        /// First value.
        from: f64,
        /// Last value.
        to: f64,
        /// How many.
        n: u32,
    },
    /// `n` values, equal ratios, both ends included.
    Geometric {
        /// First value.
        from: f64,
        /// Last value.
        to: f64,
        /// How many.
        n: u32,
    },
}

/// How atoms move between particle moves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Dynamics {
    /// Langevin dynamics, BAOAB splitting.
    Baoab {
        /// Time step [time].
        dt: f64,
        /// γ [1/time]
        friction: f64,
        /// Steps of a cycle.
        steps: u32,
    },
    /// Velocity Verlet; canonical only with velocities redrawn.
    Verlet {
        /// Time step [time].
        dt: f64,
        /// Steps of a cycle.
        steps: u32,
        /// Draw all velocities anew at the start of every segment.
        redraw: bool,
    },
    /// Single-particle displacements.
    MonteCarlo {
        /// Half-width of the step along each axis [length].
        displacement: f64,
        /// Attempts per replica and cycle.
        attempts: u32,
    },
    /// Hybrid Monte Carlo.
    Hmc {
        /// Time step [time].
        dt: f64,
        /// Steps of a segment.
        steps: u32,
    },
    /// Generalised hybrid Monte Carlo.
    Ghmc {
        /// Time step [time].
        dt: f64,
        /// Steps of a segment.
        steps: u32,
        /// γ [1/time]
        friction: f64,
    },
}

/// Particle moves of a cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moves {
    /// Insertion and deletion attempts per replica and cycle.
    pub insert_delete: u32,
}

/// Replica exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Exchange {
    /// Deterministic even/odd pairs, alternating axes.
    EvenOdd {
        /// Cycles between exchange rounds.
        every: u32,
    },
}

impl Default for Exchange {
    fn default() -> Self {
        Exchange::EvenOdd { every: 1 }
    }
}

/// Length of the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Cycles that are not sampled.
    pub equilibration: u32,
    /// Cycles that are.
    pub production: u32,
    /// Cycles between stored samples.
    #[serde(default = "one_u32")]
    pub sample_every: u32,
    /// Stored samples are thinned to this many per state.
    #[serde(default = "max_samples_per_state")]
    pub max_samples_per_state: u32,
    /// Sample until an error is small enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Until>,
    /// Production cycles after which `until` gives up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_cycles: Option<u32>,
}

fn max_samples_per_state() -> u32 {
    20_000
}

/// When to stop.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Until {
    /// Every phase boundary known to this standard error of μ.
    BoundaryError {
        /// [energy]
        mu: f64,
    },
}

/// The first adsorbed layer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirstLayer {
    /// Its atoms lie below this z [length].
    pub z_max: f64,
}

/// An order parameter evaluated while sampling.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Observable {
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
        /// Neighbour distance [length].
        r: f64,
    },
    /// Occupation of top, bridge, fcc and hcp sites.
    Sites,
    /// Largest cluster.
    Cluster {
        /// Neighbour distance [length].
        r: f64,
    },
    /// Pair distribution function.
    Rdf {
        /// Range [length].
        r_max: f64,
        /// Bins.
        bins: u32,
    },
    /// Density profile along z.
    Density {
        /// Bins.
        bins: u32,
    },
}

/// Named stars of wave vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum WaveVector {
    /// (√3×√3)R30°.
    Sqrt3,
    /// (1×1).
    OneByOne,
}
