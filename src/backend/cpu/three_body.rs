//! three_body: triplets of one replica in f32.   Twin: `src/forces/three_body.rs`
//!
//! A centre looks for its ends sixteen at a time, as pairs are looked for, and puts the few that are within their legs side
//! by side; legs are weighed sixteen at a time, triplets one by one. Frozen centres need no search: whoever meets one of them
//! tells it. Ends are visited in the order of slots, or of the lists in force, so the bits follow from the configuration.

mod ends;

use super::clusters::Lists;
use super::model::Model;
use super::pair::{Geometry, Spot, Strengths, chunks};
use super::replica::{Columns, Replica};
use crate::potential::{LANES, ThreeBody, fma};
use crate::system::System;
use ends::Ends;
use pulp::Simd;
use std::cell::RefCell;

/// Marks a frozen atom among ends.
const FROZEN: u32 = 1 << 31;
/// No entry of a chain.
const NONE: u32 = u32::MAX;

/// What all replicas share of the triplets.
#[derive(Debug)]
pub(super) struct Triplets {
    n_species: usize,
    /// `[n_species²]`, γσ and aσ of a leg.
    legs: Vec<[f32; 2]>,
    /// `[n_species³]`, λε and cos θ₀.
    angles: Vec<[f32; 2]>,
    /// `[n_frozen]`, the frozen ends of frozen centres: which, and the vector from it to the centre. [length]
    frozen: Vec<Vec<(u32, [f32; 3])>>,
}

impl Triplets {
    /// The triplets of a system.
    ///
    /// - `row`, `species`: frozen atoms in their order
    pub(super) fn new(three: &ThreeBody, system: &System, g: &Geometry, row: &[Spot], species: &[u8]) -> Triplets {
        let n = three.n_species();
        let of = |k: usize| k as u8;
        let position = |atom: usize| g.position(row[atom / LANES].get(atom % LANES));
        let ends = |centre: usize| -> Vec<(u32, [f32; 3])> {
            let vector = |other: usize| system.cell.minimum_image(position(centre) - position(other));
            let near =
                |&other: &usize| other != centre && three.end(species[centre], species[other], vector(other)).is_some();
            (0..species.len()).filter(near).map(|other| (other as u32, vector(other).as_vec3().to_array())).collect()
        };
        Triplets {
            n_species: n,
            legs: (0..n * n)
                .map(|k| three.leg(of(k / n), of(k % n)))
                .map(|l| [l.softness as f32, l.end as f32])
                .collect(),
            angles: (0..n * n * n)
                .map(|k| three.angle(of(k / (n * n)), of(k / n % n), of(k % n)))
                .map(|a| [a.strength as f32, a.cosine as f32])
                .collect(),
            frozen: (0..species.len()).map(ends).collect(),
        }
    }

    #[inline(always)]
    fn leg(&self, centre: u8, end: u8) -> [f32; 2] {
        self.legs[usize::from(centre) * self.n_species + usize::from(end)]
    }

    /// Angles of two ends about a centre, by the species of the one and then of the other.
    #[inline(always)]
    fn angles_of(&self, centre: u8) -> &[[f32; 2]] {
        let square = self.n_species * self.n_species;
        &self.angles[usize::from(centre) * square..][..square]
    }
}

/// A mobile atom as a frozen one sees it.
#[derive(Debug, Clone, Copy)]
struct Met {
    slot: u32,
    /// From the mobile atom to the frozen one. [length]
    d: [f32; 3],
    r2: f32,
    /// The next one that met the same.
    next: u32,
}

/// Room for the work of one thread.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    ends: Ends,
    around: Ends,
    met: Vec<Met>,
    /// `[n_frozen]`, the last that met each.
    last: Vec<u32>,
    /// Frozen atoms that were met.
    touched: Vec<u32>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

impl Scratch {
    /// The room of this thread; to be given back.
    pub(super) fn take() -> Scratch {
        SCRATCH.take()
    }

    /// Gives it back.
    pub(super) fn give_back(self) {
        SCRATCH.set(self);
    }
}

/// Atoms in chunks among which ends are looked for.
#[derive(Clone, Copy)]
struct Row<'a> {
    row: &'a [Spot],
    strengths: &'a Strengths,
}

impl Row<'_> {
    /// Visits the atoms of a chunk within the legs of a centre at `p`: lane, vector to the centre and its square.
    #[inline(always)]
    fn within<S: Simd, const OBLIQUE: bool>(
        self,
        g: &Geometry,
        chunk: usize,
        p: [i32; 3],
        mut visit: impl FnMut(usize, [f32; 3], f32),
    ) {
        let (spot, end) = (&self.row[chunk], self.strengths.ends(chunk));
        let (mut d, mut r2, mut within) = ([[0.0_f32; LANES]; 3], [0.0_f32; LANES], [0_u32; LANES]);
        for l in 0..LANES {
            [d[0][l], d[1][l], d[2][l]] = g.difference::<S, OBLIQUE>(p, spot, l);
            r2[l] = fma::<S>(d[2][l], d[2][l], fma::<S>(d[1][l], d[1][l], d[0][l] * d[0][l]));
            within[l] = u32::from(r2[l] < end.0[l] * end.0[l]) << l;
        }
        let mut mask = within.iter().fold(0, |mask, bit| mask | bit);
        while mask != 0 {
            let l = mask.trailing_zeros() as usize;
            mask &= mask - 1;
            visit(l, [d[0][l], d[1][l], d[2][l]], r2[l]);
        }
    }
}

/// What is done with the triplets of a centre.
trait Task {
    /// - `centre`: slot of a mobile one
    /// - `n_first`: ends that are first of a triplet; the others only follow
    fn take<S: Simd>(&mut self, model: &Triplets, centre: Option<usize>, species: u8, ends: &mut Ends, n_first: usize);
}

/// Sums their energy. [energy]
struct Energy(f64);

impl Task for Energy {
    #[inline(always)]
    fn take<S: Simd>(&mut self, model: &Triplets, _: Option<usize>, species: u8, ends: &mut Ends, n_first: usize) {
        self.0 += ends.energy::<S>(model.angles_of(species), model.n_species, n_first);
    }
}

/// Adds their forces to those of the replica.
struct Forces<'a>(&'a mut Columns);

impl Forces<'_> {
    #[inline(always)]
    fn add(&mut self, slot: usize, force: [f32; 3]) {
        for axis in 0..3 {
            self.0[axis][slot / LANES][slot % LANES] += f64::from(force[axis]);
        }
    }
}

impl Task for Forces<'_> {
    #[inline(always)]
    fn take<S: Simd>(&mut self, model: &Triplets, centre: Option<usize>, species: u8, ends: &mut Ends, n_first: usize) {
        let on_centre = ends.add_forces::<S>(model.angles_of(species), model.n_species, n_first);
        if let Some(slot) = centre {
            self.add(slot, on_centre);
        }
        for k in (0..ends.n).filter(|&k| ends.who[k] < FROZEN) {
            self.add(ends.who[k] as usize, [ends.force[0][k], ends.force[1][k], ends.force[2][k]]);
        }
    }
}

/// A replica without the columns that a task may write.
#[derive(Clone, Copy)]
struct Atoms<'a> {
    model: &'a Model,
    triplets: &'a Triplets,
    n: usize,
    species: &'a [u8],
    /// Mobile atoms in the order of slots, or of the clusters of the lists in force.
    row: &'a [Spot],
    strengths: &'a [Strengths],
    lists: Option<&'a Lists>,
}

impl<'a> Atoms<'a> {
    /// Slot of a place.
    #[inline(always)]
    fn slot(self, place: usize) -> usize {
        self.lists.map_or(place, |lists| lists.clusters.order[place] as usize)
    }

    /// Visits every triplet that holds a mobile atom, centre by centre.
    #[inline(always)]
    fn for_each<S: Simd, const OBLIQUE: bool>(self, scratch: &mut Scratch, task: &mut impl Task) {
        let Atoms { model, triplets, species, .. } = self;
        let (g, frozen) = (&model.geometry, &model.frozen);
        let Scratch { ends, met, last, touched, .. } = scratch;
        last.resize(frozen.species.len(), NONE);
        met.clear();
        touched.clear();
        for place in 0..self.n {
            let (slot, p) = (self.slot(place), self.row[place / LANES].get(place % LANES));
            let own = species[slot];
            ends.clear();
            let mobile = Row { row: self.row, strengths: &self.strengths[usize::from(own)] };
            let mut look = |chunk: usize| {
                mobile.within::<S, OBLIQUE>(g, chunk, p, |l, d, r2| {
                    let other = chunk * LANES + l;
                    if other != place {
                        let other = self.slot(other);
                        ends.push(other as u32, species[other], d, r2, triplets.leg(own, species[other]));
                    }
                });
            };
            match self.lists {
                Some(lists) => lists.of(place)[0].iter().for_each(|&chunk| look(usize::from(chunk))),
                None => (0..self.row.len()).for_each(look),
            }
            let slab = Row { row: &frozen.row, strengths: &frozen.strengths[usize::from(own)] };
            for chunk in 0..frozen.row.len() {
                slab.within::<S, OBLIQUE>(g, chunk, p, |l, d, r2| {
                    let atom = chunk * LANES + l;
                    let other = frozen.species[atom];
                    ends.push(FROZEN | atom as u32, other, d, r2, triplets.leg(own, other));
                    if last[atom] == NONE {
                        touched.push(atom as u32);
                    }
                    met.push(Met { slot: slot as u32, d, r2, next: last[atom] });
                    last[atom] = met.len() as u32 - 1;
                });
            }
            ends.weigh::<S>();
            task.take::<S>(triplets, Some(slot), own, ends, ends.n);
        }
        for &centre in &*touched {
            let own = frozen.species[centre as usize];
            ends.clear();
            let mut at = std::mem::replace(&mut last[centre as usize], NONE);
            while at != NONE {
                let Met { slot, d, r2, next } = met[at as usize];
                let other = species[slot as usize];
                ends.push(slot, other, d.map(|x| -x), r2, triplets.leg(own, other));
                at = next;
            }
            let n_mobile = ends.n;
            self.push_frozen::<S>(centre as usize, ends);
            ends.weigh::<S>();
            task.take::<S>(triplets, None, own, ends, n_mobile);
        }
    }

    /// Adds the frozen ends of a frozen centre.
    #[inline(always)]
    fn push_frozen<S: Simd>(self, centre: usize, ends: &mut Ends) {
        let frozen = &self.model.frozen;
        for &(atom, d) in &self.triplets.frozen[centre] {
            let other = frozen.species[atom as usize];
            let r2 = fma::<S>(d[2], d[2], fma::<S>(d[1], d[1], d[0] * d[0]));
            ends.push(FROZEN | atom, other, d, r2, self.triplets.leg(frozen.species[centre], other));
        }
    }

    /// Adds the ends of a centre at `p`, but for the atoms in two slots.
    #[inline(always)]
    fn push_all<S: Simd, const OBLIQUE: bool>(
        self,
        own: u8,
        p: [i32; 3],
        except: [usize; 2],
        slab: bool,
        ends: &mut Ends,
    ) {
        let Atoms { model, triplets, species, .. } = self;
        let (g, frozen) = (&model.geometry, &model.frozen);
        let mobile = Row { row: self.row, strengths: &self.strengths[usize::from(own)] };
        for chunk in 0..self.row.len() {
            mobile.within::<S, OBLIQUE>(g, chunk, p, |l, d, r2| {
                let slot = chunk * LANES + l;
                if !except.contains(&slot) {
                    ends.push(slot as u32, species[slot], d, r2, triplets.leg(own, species[slot]));
                }
            });
        }
        let slab = Row { row: if slab { &frozen.row } else { &[] }, strengths: &frozen.strengths[usize::from(own)] };
        for chunk in 0..slab.row.len() {
            slab.within::<S, OBLIQUE>(g, chunk, p, |l, d, r2| {
                let (atom, other) = (chunk * LANES + l, frozen.species[chunk * LANES + l]);
                ends.push(FROZEN | atom as u32, other, d, r2, triplets.leg(own, other));
            });
        }
    }

    /// Energy of the triplets that an atom of `own` at `p` is part of, without the atom in slot `except`. [energy]
    #[inline(always)]
    fn of_atom<S: Simd, const OBLIQUE: bool>(self, scratch: &mut Scratch, own: u8, p: [i32; 3], except: usize) -> f64 {
        const NOBODY: usize = usize::MAX;
        let (triplets, frozen) = (self.triplets, &self.model.frozen);
        let Scratch { ends, around, .. } = scratch;
        ends.clear();
        self.push_all::<S, OBLIQUE>(own, p, [except, NOBODY], true, ends);
        // what the ends need to know as centres, before it becomes directions
        let n = ends.n;
        let to_atom = |ends: &Ends, k: usize| ([-ends.d[0][k], -ends.d[1][k], -ends.d[2][k]], ends.r[k]);
        let mut energy = 0.0;
        for k in 0..n {
            let (who, centre, (d, r2)) = (ends.who[k], ends.species[k], to_atom(ends, k));
            around.clear();
            around.push(NONE, own, d, r2, triplets.leg(centre, own));
            if who < FROZEN {
                let slot = who as usize;
                let at = self.row[slot / LANES].get(slot % LANES);
                self.push_all::<S, OBLIQUE>(centre, at, [except, slot], true, around);
            } else {
                let atom = (who ^ FROZEN) as usize;
                let at = frozen.row[atom / LANES].get(atom % LANES);
                self.push_all::<S, OBLIQUE>(centre, at, [except, NOBODY], false, around);
                self.push_frozen::<S>(atom, around);
            }
            around.weigh::<S>();
            energy += around.energy::<S>(triplets.angles_of(centre), triplets.n_species, 1);
        }
        ends.weigh::<S>();
        energy + ends.energy::<S>(triplets.angles_of(own), triplets.n_species, n)
    }
}

/// Adds the forces of all triplets; lists, if the replica has any, must be up to date.
#[inline(always)]
pub(super) fn add_forces<S: Simd, const OBLIQUE: bool>(
    model: &Model,
    replica: &mut Replica,
    listed: bool,
    scratch: &mut Scratch,
) {
    let Some(triplets) = &model.triplets else { return };
    let Replica { n, species, row, strengths, lists, forces, .. } = replica;
    let row = &row[..chunks(*n)];
    let atoms = atoms(model, triplets, *n, species, row, strengths, listed.then_some(lists));
    atoms.for_each::<S, OBLIQUE>(scratch, &mut Forces(forces));
}

/// Energy of all triplets; lists, if the replica has any, must be up to date. [energy]
#[inline(always)]
pub(super) fn energy<S: Simd, const OBLIQUE: bool>(
    model: &Model,
    replica: &Replica,
    listed: bool,
    scratch: &mut Scratch,
) -> f64 {
    let Some(triplets) = &model.triplets else { return 0.0 };
    let Replica { n, species, strengths, lists, .. } = replica;
    let row = &replica.row[..replica.chunks()];
    let mut energy = Energy(0.0);
    let atoms = atoms(model, triplets, *n, species, row, strengths, listed.then_some(lists));
    atoms.for_each::<S, OBLIQUE>(scratch, &mut energy);
    energy.0
}

/// Energy of the triplets of one atom of `species` at `p` with everything but the atom in slot `except`. [energy]
#[inline(always)]
pub(super) fn atom_energy<S: Simd, const OBLIQUE: bool>(
    model: &Model,
    replica: &Replica,
    own: u8,
    p: [i32; 3],
    except: usize,
    scratch: &mut Scratch,
) -> f64 {
    let Some(triplets) = &model.triplets else { return 0.0 };
    let row = &replica.row[..replica.chunks()];
    let atoms = atoms(model, triplets, replica.n, &replica.species, row, &replica.strengths, None);
    atoms.of_atom::<S, OBLIQUE>(scratch, own, p, except)
}

#[inline(always)]
fn atoms<'a>(
    model: &'a Model,
    triplets: &'a Triplets,
    n: usize,
    species: &'a [u8],
    row: &'a [Spot],
    strengths: &'a [Strengths],
    lists: Option<&'a Lists>,
) -> Atoms<'a> {
    match lists {
        Some(lists) => {
            let (row, strengths) = (&lists.clusters.row[..], &lists.clusters.strengths[..]);
            Atoms { model, triplets, n, species, row, strengths, lists: Some(lists) }
        }
        None => Atoms { model, triplets, n, species, row, strengths, lists: None },
    }
}
