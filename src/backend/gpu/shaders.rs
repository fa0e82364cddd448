//! WGSL sources: shared files in front of each stage, nothing more.

const LAYOUT: &str = include_str!("../../../shaders/shared/layout.wgsl");
const RNG: &str = include_str!("../../../shaders/shared/rng.wgsl");
const PRODUCT_32: &str = include_str!("../../../shaders/shared/product_32.wgsl");
const PRODUCT_64: &str = include_str!("../../../shaders/shared/product_64.wgsl");
const CELL: &str = include_str!("../../../shaders/shared/cell.wgsl");
const POTENTIAL: &str = include_str!("../../../shaders/shared/potential.wgsl");
const LISTS: &str = include_str!("../../../shaders/shared/lists.wgsl");
const BINS: &str = include_str!("../../../shaders/shared/bins.wgsl");
const REPLICA: &str = include_str!("../../../shaders/shared/replica.wgsl");
const THREE_BODY: &str = include_str!("../../../shaders/shared/three_body.wgsl");
const BONDS: &str = include_str!("../../../shaders/shared/bonds.wgsl");
const PAIR_SUM: &str = include_str!("../../../shaders/shared/pair_sum.wgsl");
const SLAB: &str = include_str!("../../../shaders/shared/slab.wgsl");
const INSERTION: &str = include_str!("../../../shaders/shared/insertion.wgsl");
const TRIALS: &str = include_str!("../../../shaders/shared/trials.wgsl");
const IDENTITY: &str = include_str!("../../../shaders/identity.wgsl");

/// How random numbers are multiplied; the bits are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Product {
    /// From halves of 16 bits.
    Halves,
    /// As 64-bit integers, on adapters that have them.
    Wide,
}

impl Product {
    /// All of them.
    pub const ALL: [Product; 2] = [Product::Halves, Product::Wide];
}

/// One WGSL module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Module {
    /// MD segments and forces.
    Integrate,
    /// MD steps of replicas too large for workgroup memory.
    IntegrateLarge,
    /// Energies and counts.
    Energy,
    /// Insertions, deletions, displacements, trials.
    ParticleMoves,
    /// Segments that are accepted or rejected as a whole.
    Segment,
    /// New states.
    Assign,
    /// What an adapter must be able to do.
    SelfTest,
}

impl Module {
    /// All modules.
    pub const ALL: [Module; 7] = [
        Module::Integrate,
        Module::IntegrateLarge,
        Module::Energy,
        Module::ParticleMoves,
        Module::Segment,
        Module::Assign,
        Module::SelfTest,
    ];

    /// The stem of its file.
    pub fn stem(self) -> &'static str {
        match self {
            Module::Integrate => "integrate",
            Module::IntegrateLarge => "integrate_large",
            Module::Energy => "energy",
            Module::ParticleMoves => "particle_moves",
            Module::Segment => "segment",
            Module::Assign => "assign",
            Module::SelfTest => "self_test",
        }
    }

    /// Its whole source.
    ///
    /// - `form`: source of the functional form of the pairs, one of [`crate::potential::SHADERS`]
    pub fn source(self, form: &str, product: Product) -> String {
        let product = match product {
            Product::Halves => PRODUCT_32,
            Product::Wide => PRODUCT_64,
        };
        let replica = [LAYOUT, product, RNG, CELL, form, POTENTIAL, REPLICA, THREE_BODY, SLAB, LISTS];
        let large = [LAYOUT, product, RNG, CELL, form, POTENTIAL, REPLICA, BINS];
        let energy = [LAYOUT, product, RNG, CELL, form, POTENTIAL, REPLICA, THREE_BODY, PAIR_SUM];
        let in_front = [LAYOUT, product, RNG, CELL, form, POTENTIAL, REPLICA, THREE_BODY, SLAB];
        let moves = [&in_front[..], &[BONDS, INSERTION, TRIALS, IDENTITY]].concat();
        let segment = [LAYOUT, product, RNG, CELL, PAIR_SUM];
        let (shared, stage): (&[&str], &str) = match self {
            Module::Integrate => (&replica, include_str!("../../../shaders/integrate.wgsl")),
            Module::IntegrateLarge => (&large, include_str!("../../../shaders/integrate_large.wgsl")),
            Module::Energy => (&energy, include_str!("../../../shaders/energy.wgsl")),
            Module::ParticleMoves => (&moves, include_str!("../../../shaders/particle_moves.wgsl")),
            Module::Segment => (&segment, include_str!("../../../shaders/segment.wgsl")),
            Module::Assign => (&replica[..1], include_str!("../../../shaders/assign.wgsl")),
            Module::SelfTest => (&replica[..3], include_str!("../../../shaders/self_test.wgsl")),
        };
        let mut source = shared.join("\n");
        source.push('\n');
        source.push_str(stage);
        source
    }
}

/// Hash of all sources with a functional form: a run that is resumed with others has other bits. How random numbers are
/// multiplied does not change them.
pub fn hash(form: &str) -> String {
    let all: String = Module::ALL.iter().map(|module| module.source(form, Product::Halves)).collect();
    format!("{:016x}", xxhash_rust::xxh3::xxh3_64(all.as_bytes()))
}
