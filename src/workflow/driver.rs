//! A client of an i-PI server that computes with the potential of a scene.

use crate::base::error::{Error, Result};
use crate::forces::ForceField;
use crate::forces::external::Outgoing;
use crate::forces::external::driver::{Planted, serve};
use crate::forces::external::protocol::{Answer, Atoms, Question, WireUnits};
use crate::forces::external::socket::{Address, Stream};
use crate::input::scene::CheckedScene;
use crate::input::scene::compile::force_field;
use crate::system::cell::Cell;
use crate::system::configuration::Configuration;
use crate::system::{FrozenAtoms, System};
use glam::DVec3;
use rayon::prelude::*;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Time between two tries to connect.
const AGAIN: Duration = Duration::from_millis(20);
/// Two lengths are the same within this. \[length\]
const SAME: f64 = 1e-6;
/// Part of a delay by which it varies.
const JITTER: f64 = 0.3;

/// How a client connects and answers.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// How long it tries to connect.
    pub connect_timeout: Duration,
    /// How many configurations it takes at once.
    pub at_once: usize,
    /// How long it waits before it answers; it varies by 30 % either way.
    pub delay: Duration,
    /// What it does wrong.
    pub planted: Option<Planted>,
}

/// Answers a server until it says that it has no more questions.
///
/// A configuration of the scene (its cell, its frozen atoms) has the energy that the scene gives it, without that of the
/// frozen atoms among themselves; atoms of any other cell are all free and have all energies.
///
/// # Errors
/// [`Error::Argument`] if the scene has no potential of its own, [`Error::Client`] if there is no server or it is lost.
pub fn drive(loaded: &CheckedScene, address: &Address, manner: &Manner) -> Result<()> {
    if loaded.scene.potential.external().is_some() {
        let problem =
            format!("{} has an `External` potential, so there is nothing to answer with", loaded.path.display());
        return Err(Error::argument(problem, "give a scene with a potential of its own"));
    }
    let lost = |problem: String| Error::Client { replica: None, problem, atoms: None };
    let stream = connect(address, manner.connect_timeout).map_err(lost)?;
    let potential = Native::new(loaded)?;
    let units = WireUnits::of(loaded.scene.units);
    let random = RandomState::new();
    let mut asked = 0_u64;
    let answers = |questions: &[Question]| {
        asked += 1;
        if !manner.delay.is_zero() {
            let mut hasher = random.build_hasher();
            hasher.write_u64(asked);
            let uniform = hasher.finish() as f64 / u64::MAX as f64;
            std::thread::sleep(manner.delay.mul_f64(1.0 + JITTER * (2.0 * uniform - 1.0)));
        }
        let answer = |question| potential.answer(question).map_err(|e| e.to_string());
        questions.par_iter().map(answer).collect()
    };
    serve(stream, units, manner.planted, manner.at_once, answers)
        .map_err(|e| lost(format!("the server at {address} is lost: {e}")))
}

fn connect(address: &Address, patience: Duration) -> std::result::Result<Stream, String> {
    let until = Instant::now() + patience;
    loop {
        match address.connect() {
            Ok(stream) => return Ok(stream),
            Err(e) if Instant::now() >= until => {
                return Err(format!("no server listens at {address}: {e}; start it first"));
            }
            Err(_) => std::thread::sleep(AGAIN),
        }
    }
}

/// The potential of a scene, for any cell.
struct Native<'a> {
    loaded: &'a CheckedScene,
    system: Arc<System>,
    /// How the scene's own configurations come.
    own: Outgoing,
    force_field: Arc<dyn ForceField>,
}

impl Native<'_> {
    fn new(loaded: &CheckedScene) -> Result<Native<'_>> {
        let system = Arc::new(System::from_scene(loaded));
        let force_field = force_field(loaded, &system)?;
        Ok(Native { own: Outgoing::of(&system, 0.0), loaded, system, force_field })
    }

    fn answer(&self, question: &Question) -> Result<Answer> {
        let known = |name: &String| {
            let index = self.system.species.iter().position(|s| s.name == *name);
            let names = || self.system.species.iter().map(|s| s.name.as_str()).collect::<Vec<_>>().join(", ");
            index.map(|i| i as u8).ok_or_else(|| {
                Error::argument(
                    format!("there is no species `{name}` in {}", self.loaded.path.display()),
                    format!("it has {}", names()),
                )
            })
        };
        let Atoms { names, species: of_atoms, .. } = &question.atoms;
        let index: Vec<u8> = if names.is_empty() {
            vec![self.only_species()?]
        } else {
            let used = |s: usize| of_atoms.iter().any(|&a| usize::from(a) == s);
            names
                .iter()
                .enumerate()
                .map(|(s, name)| if used(s) { known(name) } else { Ok(0) })
                .collect::<Result<_>>()?
        };
        if let Some((atom, s)) = of_atoms.iter().enumerate().find(|&(_, &s)| usize::from(s) >= index.len()) {
            return Err(Error::argument(
                format!("atom {atom} is of species {s}, and `names` has {}", index.len()),
                "count species from 0",
            ));
        }
        let species = |a: usize| index[usize::from(of_atoms[a])];
        let frozen = self.frozen_in(question, species);
        let mut x = Configuration::default();
        for a in frozen.unwrap_or(0)..question.positions.len() {
            let at = question.positions[a] - DVec3::Z * if frozen.is_some() { self.own.shift } else { 0.0 };
            x.insert(species(a), at, DVec3::ZERO);
        }
        let mut forces = Vec::new();
        let energy = match frozen {
            Some(_) => self.evaluate(&*self.force_field, &self.system, x, &mut forces)?,
            None => {
                let system = Arc::new(System {
                    cell: cell_of(question)?,
                    frozen: FrozenAtoms::default(),
                    external: vec![Vec::new(); self.system.species.len()],
                    ..(*self.system).clone()
                });
                self.evaluate(&*force_field(self.loaded, &system)?, &system, x, &mut forces)?
            }
        };
        let mut all = vec![DVec3::ZERO; frozen.unwrap_or(0)];
        all.append(&mut forces);
        Ok(Answer { energy, forces: all, extra: String::new() })
    }

    /// The species of all atoms where the server does not say what they are.
    fn only_species(&self) -> Result<u8> {
        match self.system.species.len() {
            1 => Ok(0),
            n => Err(Error::argument(
                format!(
                    "the server does not say what the atoms are, and {} has {n} species",
                    self.loaded.path.display()
                ),
                "give a scene of one species, or a server that names them in INIT",
            )),
        }
    }

    fn evaluate(
        &self,
        force_field: &dyn ForceField,
        system: &System,
        mut x: Configuration,
        forces: &mut Vec<DVec3>,
    ) -> Result<f64> {
        x.positions.iter_mut().for_each(|p| *p = system.cell.wrap(*p));
        force_field.energy_and_forces(&x, forces)
    }

    /// How many frozen atoms of the scene come first in a question about the scene's own cell; `None` if it is about
    /// something else.
    fn frozen_in(&self, question: &Question, species: impl Fn(usize) -> u8) -> Option<usize> {
        let [a, b, c] = self.own.cell;
        let same = |x: DVec3, y: DVec3| (x - y).length() < SAME;
        let frozen = &self.system.frozen;
        let n = frozen.positions.len();
        // The vacuum is the server's.
        let own_cell = same(a, question.cell[0])
            && same(b, question.cell[1])
            && (if self.system.cell.periodic_z { same(c, question.cell[2]) } else { question.cell[2].z > c.z - SAME });
        let there = |k: usize| {
            let at = self.system.cell.in_parallelogram(frozen.positions[k]) + DVec3::Z * self.own.shift;
            species(k) == frozen.species[k]
                && same(self.system.cell.minimum_image(at - question.positions[k]), DVec3::ZERO)
        };
        (own_cell && question.positions.len() >= n && (0..n).all(there)).then_some(n)
    }
}

/// The cell of a question, all of it periodic.
fn cell_of(question: &Question) -> Result<Cell> {
    let [a, b, c] = question.cell;
    let upright = a.y.abs() + a.z.abs() + b.z.abs() + c.x.abs() + c.y.abs() < SAME;
    if !upright || a.x <= 0.0 || b.y <= 0.0 || c.z <= 0.0 {
        let problem = "the cell has its first vector not along x, or its third not along z".to_owned();
        return Err(Error::argument(problem, "ask about a cell as adlayer has it"));
    }
    Ok(Cell::bulk(DVec3::new(a.x, b.y, c.z)).tilted(b.x))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scene(species: &str, pairs: &str) -> CheckedScene {
        let text = format!(
            r#"Scene(
                units: Lj, species: [{species}],
                potential: LennardJones(cutoff: 2.5, truncation: Shifted, pairs: [{pairs}]),
                cell: Bulk(lengths: (6.0, 6.0, 6.0)),
                initial: [(species: "A", atoms: 2, placement: Random)],
                grid: (temperature: List([1.2])),
                dynamics: MonteCarlo(displacement: 0.2, attempts: 5),
                schedule: (equilibration: 5, production: 5),
            )"#
        );
        crate::input::scene::parse(&text, std::path::Path::new("x.ron")).unwrap_or_else(|e| panic!("{e}"))
    }

    const A: &str = r#"(name: "A", symbol: "Ar", mass: 1.0)"#;
    const AA: &str = r#"(between: ("A", "A"), epsilon: 1.0, sigma: 1.0)"#;

    fn asked(names: &[&str], species: &[u8]) -> Question {
        let cell = [DVec3::X, DVec3::Y, DVec3::Z].map(|v| 6.0 * v);
        let positions = (0..species.len()).map(|i| DVec3::new(1.0 + 1.2 * i as f64, 1.0, 1.0)).collect();
        let names = names.iter().map(|&name| name.to_owned()).collect();
        Question {
            cell,
            atoms: Atoms { names, species: species.to_vec(), forces: true, ..Atoms::default() },
            positions,
        }
    }

    #[test]
    fn atoms_of_no_species_are_refused_and_those_that_nobody_names_are_of_the_only_one() {
        let one = scene(A, AA);
        let native = Native::new(&one).unwrap_or_else(|e| panic!("{e}"));
        let named = native.answer(&asked(&["A"], &[0, 0])).unwrap_or_else(|e| panic!("{e}"));
        assert!(named.energy < -0.5, "{named:?}");
        assert_eq!(native.answer(&asked(&[], &[0, 0])).unwrap_or_else(|e| panic!("{e}")), named);
        for (names, species) in [(&["A"][..], [0, 1]), (&[], [0, 1])] {
            let error = native.answer(&asked(names, &species)).map(|_| ()).expect_err("no such species");
            assert!(error.to_string().contains("atom 1 is of species 1, and `names` has 1"), "{error}");
        }
        let b = r#"(name: "B", symbol: "Kr", mass: 1.0)"#;
        let ab = r#"(between: ("A", "B"), epsilon: 1.0, sigma: 1.0), (between: ("B", "B"), epsilon: 1.0, sigma: 1.0)"#;
        let two = scene(&format!("{A}, {b}"), &format!("{AA}, {ab}"));
        let native = Native::new(&two).unwrap_or_else(|e| panic!("{e}"));
        let error = native.answer(&asked(&[], &[0, 0])).map(|_| ()).expect_err("two species");
        assert!(error.to_string().contains("does not say what the atoms are"), "{error}");
    }
}
