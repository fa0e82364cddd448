//! Faults that tests plant to see that `verify` finds them (feature `planted-faults`; otherwise none can be planted).

/// What can be planted, by the name that `ADLAYER_PLANTED_FAULT` gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(feature = "planted-faults"), allow(dead_code, reason = "nothing is planted without the feature"))]
pub(crate) enum Fault {
    /// `mu-sign`: the exchange takes the μ term with the wrong sign.
    MuSign,
    /// `lost-lambda`: the exchange forgets 3N ln Λ.
    LostLambda,
    /// `zero-velocity`: an inserted atom stands still.
    ZeroVelocity,
    /// `unscaled-velocities`: a swap of temperatures leaves the velocities alone.
    UnscaledVelocities,
    /// `n-for-n-plus-1`: insertions are accepted as if they were into N instead of N + 1.
    NForNPlusOne,
    /// `mbar-without-weights`: MBAR takes samples of a window as if its weights were zero.
    MbarWithoutWeights,
    /// `exchange-without-weights`: the exchange takes the weights of a window for zero.
    ExchangeWithoutWeights,
    /// `p-left-out`: insertions from a table are accepted as if they were uniform.
    PLeftOut,
    /// `n-for-n-in`: particle moves count atoms outside the region too.
    NForNIn,
    /// `victim-left-out`: with several trial positions, W of a deletion is that of the k − 1 fresh ones.
    VictimLeftOut,
    /// `late-list`: neighbour lists are rebuilt one step too late.
    LateList,
    /// `identity-without-counts`: identity changes are accepted without N_A/(N_B + 1).
    IdentityWithoutCounts,
    /// `shear-sign`: differences in an oblique cell lean the wrong way.
    ShearSign,
    /// `kinetic-left-out`: a segment is accepted by its potential energy alone.
    KineticLeftOut,
    /// `no-flip`: velocities go on after a rejected segment as if it had not been tried.
    NoFlip,
    /// `half-kick-missing`: a segment ends without its last half kick.
    HalfKickMissing,
    /// `attempts-by-n`: how many insertions and deletions a cycle tries depends on N, not on the state.
    AttemptsByN,
}

/// Whether a fault is planted.
#[cfg(feature = "planted-faults")]
pub(crate) fn planted(fault: Fault) -> bool {
    static PLANTED: std::sync::OnceLock<Option<Fault>> = std::sync::OnceLock::new();
    let named = PLANTED.get_or_init(|| {
        let name = std::env::var("ADLAYER_PLANTED_FAULT").ok()?;
        Some(match name.as_str() {
            "mu-sign" => Fault::MuSign,
            "lost-lambda" => Fault::LostLambda,
            "zero-velocity" => Fault::ZeroVelocity,
            "unscaled-velocities" => Fault::UnscaledVelocities,
            "n-for-n-plus-1" => Fault::NForNPlusOne,
            "mbar-without-weights" => Fault::MbarWithoutWeights,
            "exchange-without-weights" => Fault::ExchangeWithoutWeights,
            "p-left-out" => Fault::PLeftOut,
            "n-for-n-in" => Fault::NForNIn,
            "victim-left-out" => Fault::VictimLeftOut,
            "late-list" => Fault::LateList,
            "identity-without-counts" => Fault::IdentityWithoutCounts,
            "shear-sign" => Fault::ShearSign,
            "kinetic-left-out" => Fault::KineticLeftOut,
            "no-flip" => Fault::NoFlip,
            "half-kick-missing" => Fault::HalfKickMissing,
            "attempts-by-n" => Fault::AttemptsByN,
            other => panic!("no fault `{other}` can be planted"),
        })
    });
    *named == Some(fault)
}

/// Whether a fault is planted: never, without the feature.
#[cfg(not(feature = "planted-faults"))]
#[inline(always)]
pub(crate) const fn planted(_: Fault) -> bool {
    false
}
