//! The zero of energy: what a client says of the slab, of molecules and of atoms alone.

use super::outgoing::Outgoing;
use super::pool::{Failure, Pool};
use super::protocol::Question;
use super::spec::{ExternalSpec, ReferenceEnergies, SlabReference, SpeciesReference};
use crate::system::System;
use crate::system::configuration::Configuration;
use std::sync::Arc;

/// Distances between which the two atoms of a molecule are bound, in lengths of their pair.
const NEAREST: f64 = 0.6;
const FARTHEST: f64 = 2.4;
/// Ratio of two distances tried one after the other.
const STRIDE: f64 = 1.1;
/// The distance is known when it is known to this part of itself.
const PRECISION: f64 = 1e-5;
/// Most questions about one molecule.
const MOST: usize = 60;

/// A question about the reference that has no answer.
#[derive(Debug)]
pub(super) struct Unanswered {
    /// Why there is none.
    pub(super) why: String,
    /// What was asked.
    pub(super) question: Question,
}

fn unanswered(why: String, question: &Question) -> Box<Unanswered> {
    Box::new(Unanswered { why, question: question.clone() })
}

/// Asks for the energies that a scene wants taken off.
///
/// - `slab`: mobile atoms of the slab as the scene has them
///
/// # Errors
/// Why a client has no answer, or that there is no molecule.
pub(super) fn energies(
    pool: &Pool,
    outgoing: &Outgoing,
    system: &System,
    slab: &Configuration,
    spec: &ExternalSpec,
) -> Result<ReferenceEnergies, Box<Unanswered>> {
    let reference = spec.reference.as_ref();
    if let Some(computed) = reference.and_then(|r| r.computed.clone()) {
        return Ok(computed);
    }
    let ask = |question: &Question| {
        let asked = pool.ask(&outgoing.key(question), &Arc::new(question.clone()), f64::INFINITY);
        asked.map(|(answer, _)| answer).map_err(|failure| match failure {
            Failure::OfQuestion(why) | Failure::OfClients(why) => unanswered(why, question),
        })
    };
    let of_slab = match reference.map_or(SlabReference::Compute, |r| r.slab) {
        SlabReference::Given(energy) => energy,
        SlabReference::Compute if slab.is_empty() && system.frozen.positions.is_empty() => 0.0,
        SlabReference::Compute => ask(&outgoing.question(system, slab, false))?.energy,
    };
    let mut species = Vec::new();
    for (s, known) in system.species.iter().enumerate() {
        species.push(match spec.reference_of(&known.name) {
            None => 0.0,
            Some(SpeciesReference::Given(energy)) => energy,
            Some(SpeciesReference::Atom) => ask(&outgoing.molecule(s as u8, None))?.energy,
            Some(SpeciesReference::HalfMolecule) => {
                let length = system.pairs.pair(s as u8, s as u8).length();
                let question = |r: f64| outgoing.molecule(s as u8, Some(r));
                let bound = lowest(length, |r| ask(&question(r)).map(|a| (a.energy, a.forces[1].x)))?;
                let unbound = || {
                    let why = format!(
                        "two atoms of `{}` are not bound at any distance from {:.3} to {:.3}; give \
                         `(\"{}\", Given(energy))`, or `Atom`",
                        known.name,
                        NEAREST * length,
                        FARTHEST * length,
                        known.name
                    );
                    unanswered(why, &question(length))
                };
                0.5 * bound.ok_or_else(unbound)?
            }
        });
    }
    Ok(ReferenceEnergies { slab: of_slab, species })
}

/// The lowest energy of two atoms; `None` if nothing binds them.
///
/// - `length`: scale of their distance
/// - `at`: energy, and force on the second atom away from the first, at a distance
fn lowest<E>(length: f64, mut at: impl FnMut(f64) -> Result<(f64, f64), E>) -> Result<Option<f64>, E> {
    let mut near = (NEAREST * length, f64::NAN);
    let mut r = near.0;
    let mut far = loop {
        let (_, force) = at(r)?;
        if force <= 0.0 && near.1 > 0.0 {
            break (r, force);
        }
        near = (r, force);
        r *= STRIDE;
        if r > FARTHEST * length {
            return Ok(None);
        }
    };
    // Regula falsi with the weight of a side halved that stays (Illinois).
    let mut best = f64::INFINITY;
    let mut stays = 0;
    for _ in 0..MOST {
        let r = (near.0 * far.1 - far.0 * near.1) / (far.1 - near.1);
        let (energy, force) = at(r)?;
        best = best.min(energy);
        let moved = if force > 0.0 { r - near.0 } else { far.0 - r };
        if force > 0.0 {
            near = (r, force);
            far.1 *= if stays == 1 { 0.5 } else { 1.0 };
            stays = 1;
        } else {
            far = (r, force);
            near.1 *= if stays == -1 { 0.5 } else { 1.0 };
            stays = -1;
        }
        if force == 0.0 || moved < PRECISION * r || far.0 - near.0 < PRECISION * r {
            break;
        }
    }
    Ok(Some(best))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    #[test]
    fn the_minimum_of_a_pair_is_found_and_a_repulsive_one_has_none() {
        for sigma in [0.7, 1.0, 1.6] {
            let lj = |r: f64| {
                let s6 = (sigma / r).powi(6);
                Ok::<_, Infallible>((4.0 * (s6 * s6 - s6), 24.0 * (2.0 * s6 * s6 - s6) / r))
            };
            let Ok(found) = lowest(1.0, lj);
            assert!((found.expect("bound") + 1.0).abs() < 1e-9, "{sigma}: {found:?}");
        }
        let Ok(none) = lowest(1.0, |r: f64| Ok::<_, Infallible>((1.0 / r, 1.0 / (r * r))));
        assert_eq!(none, None);
    }
}
