//! WGSL sources: shared files in front of each stage, nothing more.

const LAYOUT: &str = include_str!("../../../shaders/shared/layout.wgsl");
const RNG: &str = include_str!("../../../shaders/shared/rng.wgsl");
const CELL: &str = include_str!("../../../shaders/shared/cell.wgsl");
const POTENTIAL: &str = include_str!("../../../shaders/shared/potential.wgsl");
const LISTS: &str = include_str!("../../../shaders/shared/lists.wgsl");
const BINS: &str = include_str!("../../../shaders/shared/bins.wgsl");
const REPLICA: &str = include_str!("../../../shaders/shared/replica.wgsl");

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
    /// New states.
    Assign,
    /// What an adapter must be able to do.
    SelfTest,
}

impl Module {
    /// All modules.
    pub const ALL: [Module; 6] = [
        Module::Integrate,
        Module::IntegrateLarge,
        Module::Energy,
        Module::ParticleMoves,
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
            Module::Assign => "assign",
            Module::SelfTest => "self_test",
        }
    }

    /// Its whole source.
    ///
    /// - `form`: source of the functional form of the pairs, one of [`crate::potential::SHADERS`]
    pub fn source(self, form: &str) -> String {
        let replica = [LAYOUT, RNG, CELL, form, POTENTIAL, REPLICA, LISTS];
        let large = [LAYOUT, RNG, CELL, form, POTENTIAL, REPLICA, BINS];
        let (shared, stage): (&[&str], &str) = match self {
            Module::Integrate => (&replica, include_str!("../../../shaders/integrate.wgsl")),
            Module::IntegrateLarge => (&large, include_str!("../../../shaders/integrate_large.wgsl")),
            Module::Energy => (&replica[..6], include_str!("../../../shaders/energy.wgsl")),
            Module::ParticleMoves => (&replica[..6], include_str!("../../../shaders/particle_moves.wgsl")),
            Module::Assign => (&replica[..1], include_str!("../../../shaders/assign.wgsl")),
            Module::SelfTest => (&replica[..2], include_str!("../../../shaders/self_test.wgsl")),
        };
        let mut source = shared.join("\n");
        source.push('\n');
        source.push_str(stage);
        source
    }
}

/// Hash of all sources with a functional form: a run that is resumed with others has other bits.
pub fn hash(form: &str) -> String {
    let all: String = Module::ALL.iter().map(|module| module.source(form)).collect();
    format!("{:016x}", xxhash_rust::xxh3::xxh3_64(all.as_bytes()))
}
