//! Identities of all atoms, kept by the host from the log of accepted moves.

use crate::moves::tally::MoveEvent;
use crate::moves::{Direction, MoveKind};
use crate::system::configuration::{Configuration, Measurement};
use serde::{Deserialize, Serialize};

/// Identities of the atoms of one replica, slot by slot.
///
/// An atom keeps its identity as long as it exists; a new one gets the next number of its replica. A change of species is
/// an atom that went to its reservoir and another that came in its place: a number is of one species throughout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AtomIdentities {
    /// `[n]`
    identities: Vec<u32>,
    /// `[n]`, species index.
    species: Vec<u8>,
    next: u32,
}

impl AtomIdentities {
    /// The atoms of a start, numbered by their slots.
    pub fn new(x: &Configuration) -> AtomIdentities {
        let n = x.len() as u32;
        AtomIdentities { identities: (0..n).collect(), species: x.species.clone(), next: n }
    }

    /// Whether these can be the identities of these atoms: it may come from a file.
    ///
    /// - `species`: `[n]`, of every slot
    pub(crate) fn is_of(&self, species: &[u8]) -> bool {
        self.species == species
            && self.identities.len() == species.len()
            && self.identities.iter().all(|&i| i < self.next)
    }

    /// `[n]`, the identity of the atom in every slot.
    pub fn identities(&self) -> &[u32] {
        &self.identities
    }

    /// Follows accepted moves and compares the counts they lead to with what was measured.
    ///
    /// - `reservoirs`: `[n_reservoirs]`, species index
    ///
    /// # Errors
    /// What does not fit, in words.
    pub fn follow(&mut self, reservoirs: &[u8], events: &[MoveEvent], measured: &Measurement) -> Result<(), String> {
        for event in events {
            let (slot, species) = (usize::from(event.slot), reservoirs[usize::from(event.reservoir)]);
            match event.kind {
                MoveKind::InsertDelete(Direction::Insert) => {
                    if slot != self.identities.len() {
                        let n = self.identities.len();
                        return Err(format!("an atom was inserted into slot {slot} of {n} atoms"));
                    }
                    self.identities.push(self.next);
                    self.species.push(species);
                    self.next += 1;
                }
                MoveKind::InsertDelete(Direction::Delete) => {
                    if self.species.get(slot) != Some(&species) {
                        return Err(format!("slot {slot} was emptied but holds no atom of species {species}"));
                    }
                    self.identities.swap_remove(slot);
                    self.species.swap_remove(slot);
                }
                MoveKind::Identity => {
                    let other =
                        self.species.get(slot).is_some_and(|have| *have != species && reservoirs.contains(have));
                    if !other {
                        return Err(format!("slot {slot} holds no atom that could become one of species {species}"));
                    }
                    (self.identities[slot], self.species[slot]) = (self.next, species);
                    self.next += 1;
                }
                // the atom stays in its slot
                MoveKind::Displace => {}
            }
        }
        for (s, &count) in reservoirs.iter().zip(measured.counts.iter()) {
            let followed = self.species.iter().filter(|&have| have == s).count();
            if followed != usize::from(count) {
                return Err(format!("accepted moves lead to {followed} atoms of species {s}, but {count} are there"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use glam::DVec3;

    /// Species A and B, each with a reservoir.
    const RESERVOIRS: [u8; 2] = [0, 1];

    fn event(kind: MoveKind, reservoir: u8, slot: u16) -> MoveEvent {
        MoveEvent { kind, reservoir, slot }
    }

    #[test]
    fn identities_follow_the_atoms() {
        let mut x = Configuration::default();
        (0..3).for_each(|_| x.insert(0, DVec3::ZERO, DVec3::ZERO));
        let mut ledger = AtomIdentities::new(&x);
        let measured = Measurement { energy: 0.0, counts: [2, 1].into_iter().collect() };
        // B comes as atom 3, atom 0 goes and B takes its slot
        let events = [event(MoveKind::INSERT, 1, 3), event(MoveKind::DELETE, 0, 0)];
        assert_eq!(ledger.follow(&RESERVOIRS, &events, &measured), Ok(()));
        assert_eq!(ledger.identities(), [3, 1, 2]);
        let measured = Measurement { energy: 0.0, counts: [3, 0].into_iter().collect() };
        assert_eq!(
            ledger.follow(&RESERVOIRS, &[event(MoveKind::DELETE, 1, 0), event(MoveKind::INSERT, 0, 2)], &measured),
            Ok(())
        );
        assert_eq!(ledger.identities(), [2, 1, 4]);
    }

    #[test]
    fn a_number_is_of_one_species() {
        let mut x = Configuration::default();
        [0, 1, 2].iter().for_each(|&s| x.insert(s, DVec3::ZERO, DVec3::ZERO));
        let mut ledger = AtomIdentities::new(&x);
        let follow = |ledger: &mut AtomIdentities, reservoir, slot, counts: [u16; 2]| {
            let measured = Measurement { energy: 0.0, counts: counts.into_iter().collect() };
            ledger.follow(&RESERVOIRS, &[event(MoveKind::Identity, reservoir, slot)], &measured)
        };
        assert_eq!(follow(&mut ledger, 1, 0, [0, 2]), Ok(()));
        assert_eq!(ledger.identities(), [3, 1, 2]);
        assert_eq!(follow(&mut ledger, 0, 1, [1, 1]), Ok(()));
        assert_eq!(ledger.identities(), [3, 4, 2]);
        // species 2 has no reservoir; slot 0 holds species 1 already; slot 9 holds nothing; the counts are others
        for (reservoir, slot, counts) in [(0, 2, [2, 1]), (1, 0, [1, 1]), (0, 9, [2, 1]), (1, 1, [1, 1])] {
            assert!(follow(&mut ledger.clone(), reservoir, slot, counts).is_err(), "{reservoir} {slot}");
        }
    }

    #[test]
    fn a_log_that_does_not_fit_is_noticed() {
        let mut x = Configuration::default();
        x.insert(0, DVec3::ZERO, DVec3::ZERO);
        let ledger = AtomIdentities::new(&x);
        let measured = |a, b| Measurement { energy: 0.0, counts: [a, b].into_iter().collect() };
        for (events, counts) in [
            (vec![event(MoveKind::INSERT, 0, 0)], measured(2, 0)),
            (vec![event(MoveKind::DELETE, 1, 0)], measured(0, 0)),
            (vec![event(MoveKind::DELETE, 0, 1)], measured(0, 0)),
            (vec![event(MoveKind::INSERT, 0, 1)], measured(1, 0)),
            (Vec::new(), measured(1, 1)),
        ] {
            assert!(ledger.clone().follow(&RESERVOIRS, &events, &counts).is_err(), "{events:?}");
        }
    }
}
