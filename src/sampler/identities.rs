//! Identities of all atoms, kept by the host from the log of accepted moves.

use crate::moves::tally::MoveEvent;
use crate::moves::{Direction, MoveKind};
use crate::system::configuration::{Configuration, MAX_SPECIES, Measurement};
use serde::{Deserialize, Serialize};

/// Identities of the atoms of one replica, slot by slot.
///
/// An atom keeps its identity as long as it exists; a new one gets the next number of its replica. A change of species is
/// an atom that went to its reservoir and another that came in its place: a number is of one species throughout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct AtomIdentities {
    /// `[n]`, both things of an atom side by side: thousands of replicas do not stay in the caches from one cycle to the next.
    atoms: Vec<Atom>,
    next: u32,
    /// `[MAX_SPECIES]`, atoms of every species, so that nobody needs to count them.
    counts: [u16; MAX_SPECIES],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Atom {
    identity: u32,
    /// Species index.
    species: u8,
}

/// As checkpoints have it.
#[derive(Serialize, Deserialize)]
struct Stored {
    identities: Vec<u32>,
    species: Vec<u8>,
    next: u32,
}

impl From<AtomIdentities> for Stored {
    fn from(ledger: AtomIdentities) -> Stored {
        let (identities, species) = ledger.atoms.iter().map(|atom| (atom.identity, atom.species)).unzip();
        Stored { identities, species, next: ledger.next }
    }
}

impl TryFrom<Stored> for AtomIdentities {
    type Error = &'static str;

    fn try_from(stored: Stored) -> Result<AtomIdentities, &'static str> {
        if stored.identities.len() != stored.species.len() {
            return Err("not every atom has an identity and a species");
        }
        let both = stored.identities.into_iter().zip(stored.species);
        let atoms: Vec<Atom> = both.map(|(identity, species)| Atom { identity, species }).collect();
        Ok(AtomIdentities { counts: counts_of(&atoms), atoms, next: stored.next })
    }
}

/// Atoms of every species.
fn counts_of(atoms: &[Atom]) -> [u16; MAX_SPECIES] {
    let mut counts = [0; MAX_SPECIES];
    for atom in atoms {
        if let Some(count) = counts.get_mut(usize::from(atom.species)) {
            *count += 1;
        }
    }
    counts
}

impl AtomIdentities {
    /// The atoms of a start, numbered by their slots.
    pub fn new(x: &Configuration) -> AtomIdentities {
        let atom = |(identity, &species): (u32, &u8)| Atom { identity, species };
        let atoms: Vec<Atom> = (0..).zip(&x.species).map(atom).collect();
        AtomIdentities { counts: counts_of(&atoms), next: atoms.len() as u32, atoms }
    }

    /// Whether these can be the identities of these atoms: it may come from a file.
    ///
    /// - `species`: `[n]`, of every slot
    pub(crate) fn is_of(&self, species: &[u8]) -> bool {
        self.atoms.iter().map(|atom| atom.species).eq(species.iter().copied())
            && self.atoms.iter().all(|atom| atom.identity < self.next)
    }

    /// `[n]`, the identity of the atom in every slot.
    pub fn identities(&self) -> impl ExactSizeIterator<Item = u32> {
        self.atoms.iter().map(|atom| atom.identity)
    }

    /// Brings the last atoms of some replicas, where most moves happen, into the caches: no load waits for another, as it would from
    /// one replica to the next.
    pub(super) fn fetch(ledgers: &[AtomIdentities]) {
        let last = |ledger: &AtomIdentities| ledger.atoms.last().map_or(0, |atom| atom.identity);
        std::hint::black_box(ledgers.iter().fold(0, |all, ledger| all ^ last(ledger)));
    }

    /// A new atom of a species.
    fn born(&mut self, species: u8) -> Atom {
        self.counts[usize::from(species)] += 1;
        self.next += 1;
        Atom { identity: self.next - 1, species }
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
                    if slot != self.atoms.len() {
                        let n = self.atoms.len();
                        return Err(format!("an atom was inserted into slot {slot} of {n} atoms"));
                    }
                    let atom = self.born(species);
                    self.atoms.push(atom);
                }
                MoveKind::InsertDelete(Direction::Delete) => {
                    if self.atoms.get(slot).map(|atom| atom.species) != Some(species) {
                        return Err(format!("slot {slot} was emptied but holds no atom of species {species}"));
                    }
                    self.counts[usize::from(species)] -= 1;
                    self.atoms.swap_remove(slot);
                }
                MoveKind::Identity => {
                    let before = self.atoms.get(slot).map(|atom| atom.species);
                    let Some(before) = before.filter(|have| *have != species && reservoirs.contains(have)) else {
                        return Err(format!("slot {slot} holds no atom that could become one of species {species}"));
                    };
                    self.counts[usize::from(before)] -= 1;
                    self.atoms[slot] = self.born(species);
                }
                // the atom stays in its slot
                MoveKind::Displace => {}
            }
        }
        for (s, &count) in reservoirs.iter().zip(measured.counts.iter()) {
            let followed = self.counts[usize::from(*s)];
            if followed != count {
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
        assert!(ledger.identities().eq([3, 1, 2]));
        let measured = Measurement { energy: 0.0, counts: [3, 0].into_iter().collect() };
        assert_eq!(
            ledger.follow(&RESERVOIRS, &[event(MoveKind::DELETE, 1, 0), event(MoveKind::INSERT, 0, 2)], &measured),
            Ok(())
        );
        assert!(ledger.identities().eq([2, 1, 4]));
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
        assert!(ledger.identities().eq([3, 1, 2]));
        assert_eq!(follow(&mut ledger, 0, 1, [1, 1]), Ok(()));
        assert!(ledger.identities().eq([3, 4, 2]));
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

    #[test]
    fn a_ledger_is_stored_column_by_column_and_counts_its_atoms_again() {
        let mut x = Configuration::default();
        [1, 0, 1].iter().for_each(|&s| x.insert(s, DVec3::ZERO, DVec3::ZERO));
        let mut ledger = AtomIdentities::new(&x);
        let measured = |a, b| Measurement { energy: 0.0, counts: [a, b].into_iter().collect() };
        assert_eq!(ledger.follow(&RESERVOIRS, &[event(MoveKind::DELETE, 1, 0)], &measured(1, 1)), Ok(()));
        let bytes = postcard::to_stdvec(&ledger).expect("plain data");
        assert_eq!(bytes, postcard::to_stdvec(&(vec![2_u32, 1], vec![1_u8, 0], 3_u32)).expect("plain data"));
        let again: AtomIdentities = postcard::from_bytes(&bytes).expect("as stored");
        assert_eq!(again, ledger);
        assert!(again.is_of(&[1, 0]) && !again.is_of(&[0, 1]) && !again.is_of(&[1]));
        let lopsided = postcard::to_stdvec(&(vec![2_u32, 1], vec![1_u8], 3_u32)).expect("plain data");
        assert!(postcard::from_bytes::<AtomIdentities>(&lopsided).is_err());
    }
}
