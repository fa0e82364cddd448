//! Stored configurations as extended XYZ (one file a state) and as LAMMPS data (one file a configuration).
//!
//! Frozen slab atoms come first, then the mobile atoms slot by slot. With fixed slots every species has a block of its
//! own with room for all the atoms it may have: real atoms first, then ghosts. Ghosts carry the symbol `X` and a 1 in
//! the column `ghost` (in LAMMPS data the last type); each sits at a place of its own that never changes, a lattice in
//! the plane one cutoff above the ceiling, or at z = 0 in a cell that is periodic in z.

use super::Source;
use crate::base::error::{Error, Result};
use crate::base::ids::StateId;
use crate::base::units::Units;
use crate::io::atomic::write_whole;
use crate::io::lammps::{self, AtomType, Data};
use crate::io::xyz::{self, Frame};
use crate::sample::trajectory::{StoredFrame, read_trajectory};
use glam::{DVec3, Vec3};
use std::path::{Path, PathBuf};

/// Files that one export writes at most.
const MOST_FILES: usize = 10_000;
/// Symbol of a ghost: atomic number 0 where elements have numbers.
const GHOST: &str = "X";

/// What goes into the files.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Of each state, only so many configurations from the end of the run; all if absent.
    pub last: Option<u32>,
    /// Whether frozen slab atoms are written.
    pub slab: bool,
    /// Whether ghosts fill the slots that are not used.
    pub fixed_slots: bool,
}

/// Configurations of the chosen states.
#[derive(Debug)]
pub struct Configurations<'a> {
    source: &'a Source,
    options: Options,
    /// By state, then cycle, then walker; walkers and replicas numbered over all runs.
    frames: Vec<StoredFrame>,
}

/// An atom or a ghost on its way into a file.
struct Atom {
    species: usize,
    position: DVec3,
    ghost: bool,
}

impl<'a> Configurations<'a> {
    /// Reads the stored configurations of the chosen states.
    ///
    /// # Errors
    /// [`Error::NothingStored`] if there are none, [`Error::InputMissing`] and [`Error::BadInput`] if parts are missing or
    /// damaged.
    pub fn read(source: &'a Source, options: Options) -> Result<Configurations<'a>> {
        let mut all = Vec::new();
        let (mut walkers, mut replicas) = (0_u16, 0_u32);
        for ((directory, &of_run), member) in source.directories.iter().zip(&source.walkers).zip(&source.members) {
            if directory.join("trajectory").is_dir() {
                let own = read_trajectory(directory)?;
                all.extend(own.into_iter().map(|f| StoredFrame {
                    walker: f.walker + walkers,
                    replica: f.replica + replicas,
                    ..member.frame(f)
                }));
            }
            walkers += of_run as u16;
            replicas += of_run * member.states.len() as u32;
        }
        let name = source.directories[0].display();
        if all.is_empty() {
            return Err(Error::NothingStored {
                path: source.directories[0].clone(),
                found: "it holds no stored configurations (trajectory/part-*.parquet), which are kept in production"
                    .to_owned(),
                remedy: format!("restore the folder, or sample further: adlayer resume {name} --cycles +N"),
            });
        }
        let mut frames: Vec<StoredFrame> = Vec::new();
        for &state in &source.states {
            let mut own: Vec<StoredFrame> = all.iter().filter(|f| f.state == state.0).cloned().collect();
            own.sort_by_key(|f| (f.cycle, f.walker));
            let skipped = options.last.map_or(0, |n| own.len().saturating_sub(n as usize));
            frames.extend(own.drain(skipped..));
        }
        if frames.is_empty() {
            return Err(Error::NothingStored {
                path: source.directories[0].clone(),
                found: format!("it holds {} stored configurations, but none of the chosen states", all.len()),
                remedy: format!("choose others, or sample further: adlayer resume {name} --cycles +N"),
            });
        }
        Ok(Configurations { source, options, frames })
    }

    /// Number of configurations.
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    /// Whether there is none; never so after [`Self::read`].
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Writes `state_NNNNN.xyz` of every state into a folder, which is made if it is absent.
    ///
    /// # Errors
    /// [`Error::Io`] if a file cannot be written.
    pub fn write_xyz(&self, folder: &Path) -> Result<Vec<PathBuf>> {
        std::fs::create_dir_all(folder).map_err(Error::io("cannot create", folder))?;
        let mut paths = Vec::new();
        for frames in self.frames.chunk_by(|a, b| a.state == b.state) {
            let path = folder.join(format!("state_{:05}.xyz", frames[0].state));
            let mut text = Vec::new();
            for frame in frames {
                xyz::write(&mut text, &self.extended_xyz(frame)).map_err(Error::io("cannot write", &path))?;
            }
            write_whole(&path, &text)?;
            paths.push(path);
        }
        Ok(paths)
    }

    /// Writes `state_NNNNN_cycle_NNNNNNN_walker_N.data` of every configuration into a folder, which is made if it is
    /// absent.
    ///
    /// # Errors
    /// [`Error::Argument`] if these were more than 10,000 files, [`Error::Io`] if a file cannot be written.
    pub fn write_lammps(&self, folder: &Path) -> Result<Vec<PathBuf>> {
        if self.len() > MOST_FILES {
            return Err(Error::argument(
                format!("{} configurations would be as many files, more than {MOST_FILES}", self.len()),
                "choose some with --states, --temperature or --last",
            ));
        }
        std::fs::create_dir_all(folder).map_err(Error::io("cannot create", folder))?;
        let mut paths = Vec::new();
        for frame in &self.frames {
            let name = format!("state_{:05}_cycle_{:07}_walker_{}.data", frame.state, frame.cycle, frame.walker);
            let path = folder.join(name);
            write_whole(&path, lammps::text(&self.lammps(frame)).as_bytes())?;
            paths.push(path);
        }
        Ok(paths)
    }

    /// One frame with everything that is known of it in its comment line.
    fn extended_xyz(&self, frame: &StoredFrame) -> Frame {
        let (system, grid) = (&self.source.system, &self.source.grid);
        let (lo, hi) = self.corners();
        let [a, b, _] = system.cell.vectors();
        let atoms = self.atoms(frame);
        let mut info: Vec<(String, String)> = Vec::new();
        let mut say = |key: &str, value: String| info.push((key.to_owned(), value));
        if lo != DVec3::ZERO {
            say("Origin", format!("{} {} {}", lo.x, lo.y, lo.z));
        }
        say("energy", frame.energy.to_string());
        let counts = system.counts(&frame.species);
        say("N", counts.iter().map(|&n| u32::from(n)).sum::<u32>().to_string());
        say("state", frame.state.to_string());
        say("walker", frame.walker.to_string());
        say("replica", frame.replica.to_string());
        say("cycle", frame.cycle.to_string());
        say("temperature", grid.state(StateId(frame.state)).temperature.to_string());
        for (s, (axis, n)) in grid.reservoirs.iter().zip(&counts).enumerate() {
            say(&format!("n_{}", axis.species), n.to_string());
            say(&format!("mu_{}", axis.species), grid.mu(StateId(frame.state), s).to_string());
        }
        say("frozen", self.frozen().to_string());
        say("units", lammps::unit_style(self.source.loaded.scene.units).to_owned());
        let symbol = |a: &Atom| if a.ghost { GHOST.to_owned() } else { system.species[a.species].symbol.clone() };
        let ghosts = || ("ghost".to_owned(), atoms.iter().map(|a| i64::from(a.ghost)).collect());
        Frame {
            lattice: Some([a.into(), b.into(), [0.0, 0.0, hi.z - lo.z]]),
            periodic: Some([true, true, system.cell.periodic_z]),
            info,
            symbols: atoms.iter().map(symbol).collect(),
            positions: atoms.iter().map(|a| a.position).collect(),
            movable: None,
            integers: if self.options.fixed_slots { vec![ghosts()] } else { Vec::new() },
        }
    }

    /// One data file; where the cell has walls, the box reaches one unit of length beyond all that is in it.
    fn lammps(&self, frame: &StoredFrame) -> Data {
        let scene = &self.source.loaded.scene;
        let cell = &self.source.system.cell;
        let (mut lo, mut hi) = self.corners();
        let walls = if cell.periodic_z {
            "boundary p p p".to_owned()
        } else {
            lo.z -= 1.0;
            hi.z += 1.0;
            format!("boundary p p f, walls at z = {} and {}", cell.floor, cell.ceiling())
        };
        let mut types: Vec<AtomType> =
            scene.species.iter().map(|s| AtomType { symbol: s.symbol.clone(), mass: s.mass }).collect();
        if self.options.fixed_slots {
            types.push(AtomType { symbol: GHOST.to_owned(), mass: 1.0 });
        }
        let atoms = self.atoms(frame);
        let energy = match scene.units {
            Units::Lj => "energy",
            Units::Metal => "energy [eV]",
        };
        Data {
            title: format!(
                "state {}, cycle {}, walker {}, {energy} {}, {walls}, first {} atoms frozen",
                frame.state,
                frame.cycle,
                frame.walker,
                frame.energy,
                self.frozen()
            ),
            units: scene.units,
            corners: (lo, hi),
            tilt: cell.tilt,
            type_of: atoms.iter().map(|a| if a.ghost { scene.species.len() + 1 } else { a.species + 1 }).collect(),
            types,
            positions: atoms.into_iter().map(|a| a.position).collect(),
        }
    }

    /// Frozen atoms that are written.
    fn frozen(&self) -> usize {
        if self.options.slab { self.source.system.frozen.positions.len() } else { 0 }
    }

    /// Everything that goes into a frame, in order.
    fn atoms(&self, frame: &StoredFrame) -> Vec<Atom> {
        let system = &self.source.system;
        let frozen = system.frozen.positions.iter().zip(&system.frozen.species).take(self.frozen());
        let real = |species: u8, position: DVec3| Atom {
            species: usize::from(species),
            position: system.cell.in_parallelogram(position),
            ghost: false,
        };
        let mut atoms: Vec<Atom> = frozen.map(|(&position, &s)| real(s, position)).collect();
        let real = |i: usize| real(frame.species[i], short(frame.positions[i]));
        if !self.options.fixed_slots {
            atoms.extend((0..frame.species.len()).map(real));
            return atoms;
        }
        let slots: usize = system.reservoirs.iter().map(|r| usize::from(r.max_atoms)).sum();
        let mut slot = 0;
        for species in 0..system.species.len() {
            let own: Vec<usize> =
                (0..frame.species.len()).filter(|&i| usize::from(frame.species[i]) == species).collect();
            atoms.extend(own.iter().map(|&i| real(i)));
            if let Some(s) = system.reservoir_of(species as u8) {
                let room = usize::from(system.reservoirs[s].max_atoms);
                let empty = slot + own.len()..slot + room;
                atoms.extend(empty.map(|k| Atom { species, position: self.ghost_place(k, slots), ghost: true }));
                slot += room;
            }
        }
        atoms
    }

    /// Where the ghost of a reservoir slot sits, outside the reach of every atom where the cell has a ceiling.
    fn ghost_place(&self, slot: usize, slots: usize) -> DVec3 {
        let cell = &self.source.system.cell;
        let side = (1..).find(|n| n * n >= slots.max(1)).unwrap_or(1);
        let along = |k: usize, length: f64| (k as f64 + 0.5) / side as f64 * length;
        let z = if cell.periodic_z { 0.0 } else { self.ghost_plane() };
        cell.in_parallelogram(DVec3::new(along(slot % side, cell.lengths.x), along(slot / side, cell.lengths.y), z))
    }

    fn ghost_plane(&self) -> f64 {
        self.source.system.cell.ceiling() + self.source.system.pairs.r_cut
    }

    /// Lower and upper corner of the box: from the lowest slab atom (or the floor) to the ceiling (or the ghosts).
    fn corners(&self) -> (DVec3, DVec3) {
        let system = &self.source.system;
        let cell = &system.cell;
        let (mut low, mut high) = (cell.floor, cell.ceiling());
        if !cell.periodic_z {
            low = system.frozen.positions.iter().take(self.frozen()).map(|r| r.z).fold(low, f64::min);
            if self.options.fixed_slots {
                high = self.ghost_plane();
            }
        }
        (DVec3::new(0.0, 0.0, low), DVec3::new(cell.lengths.x, cell.lengths.y, high))
    }
}

/// A stored position in the digits of single precision, which is all it has.
fn short(position: Vec3) -> DVec3 {
    let digits = |x: f32| x.to_string().parse().unwrap_or_else(|_| f64::from(x));
    DVec3::new(digits(position.x), digits(position.y), digits(position.z))
}
