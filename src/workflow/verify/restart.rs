//! A run that is cut and goes on has the bits of one that was not cut.

use super::Worst;
use crate::base::error::{Error, Result};
use crate::input::scene;
use crate::moves::exchange::Period;
use crate::run::checkpoint;
use crate::sample::read_samples;
use crate::sampler::SamplerState;
use crate::workflow::verify::fixture::{Fixture, setup};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A small surface in contact with a gas.
const SURFACE: &str = r#"Scene(
    units: Lj,
    species: [ (name: "A", symbol: "Cu", mass: 1.0), (name: "B", symbol: "Ar", mass: 1.0) ],
    potential: LennardJones(cutoff: 2.5, truncation: Shifted,
        pairs: [ (between: ("A","A"), epsilon: 1.0, sigma: 1.0), (between: ("A","B"), epsilon: 1.5, sigma: 1.0),
                 (between: ("B","B"), epsilon: 0.6, sigma: 1.3) ]),
    cell: Slab(height: 5.0),
    substrate: Fcc111(species: "A", nearest_neighbour: 1.10, repeat: (5, 3), layers: 1),
    reservoir: [ (species: "B", max_atoms: 24) ],
    grid: ( temperature: List([0.6, 0.8]), reservoir: [ (species: "B", convention: Activity, values: List([-4.0, -3.0])) ] ),
    dynamics: Baoab(dt: 0.004, friction: 1.0, steps: 5),
    moves: (insert_delete: 20),
    schedule: (equilibration: 10, production: 60),
)"#;

/// A fluid large enough for neighbour lists, which a restored run must find as they were.
const FLUID: &str = r#"Scene(
    units: Lj,
    species: [ (name: "B", symbol: "Ar", mass: 1.0) ],
    potential: LennardJones(cutoff: 2.5, truncation: Shifted, pairs: [ (between: ("B","B"), epsilon: 1.0, sigma: 1.0) ]),
    cell: Bulk(lengths: (9.0, 9.0, 9.0)),
    initial: [ (species: "B", atoms: 380, placement: Random) ],
    grid: ( temperature: List([1.5, 1.52]) ),
    dynamics: Baoab(dt: 0.004, friction: 1.0, steps: 5),
    schedule: (equilibration: 10, production: 20),
)"#;

/// Two gases of unequal masses that change into each other.
const MIXTURE: &str = r#"Scene(
    units: Lj,
    species: [ (name: "B", symbol: "Ar", mass: 1.0), (name: "C", symbol: "Kr", mass: 3.0) ],
    potential: LennardJones(cutoff: 2.5, truncation: Shifted,
        pairs: [ (between: ("B","B"), epsilon: 1.0, sigma: 1.0), (between: ("B","C"), epsilon: 0.8, sigma: 1.1),
                 (between: ("C","C"), epsilon: 0.9, sigma: 1.1) ]),
    cell: Bulk(lengths: (6.0, 6.0, 6.0)),
    reservoir: [ (species: "B", max_atoms: 30), (species: "C", max_atoms: 30) ],
    initial: [ (species: "B", atoms: 12, placement: Random), (species: "C", atoms: 12, placement: Random) ],
    grid: ( temperature: List([1.0, 1.2]), reservoir: [
        (species: "B", convention: Activity, values: List([-3.0])), (species: "C", convention: Activity, values: List([-3.0])) ] ),
    dynamics: Baoab(dt: 0.004, friction: 1.0, steps: 5),
    moves: (insert_delete: 20, identity: 20),
    schedule: (equilibration: 10, production: 20),
)"#;

/// Saves a sampler in the middle, restores it into a new backend, and compares the ends.
pub(crate) fn resume(bench: &Fixture) -> Result<Worst> {
    let mut worst = Worst::default();
    for (text, cycles) in [(SURFACE, 12), (MIXTURE, 12), (FLUID, 6)] {
        let setup = setup(text)?;
        let mut whole = bench.sampler(&setup)?;
        let mut middle = None;
        for cycle in 0..cycles {
            if cycle == cycles / 2 {
                middle = Some(whole.save()?);
            }
            whole.advance(Period::Production)?;
        }
        let Some(middle) = middle else { unreachable!("cycles / 2 lies among the cycles") };
        let mut cut = setup.restore(bench.open(&setup)?, &middle)?;
        while cut.cycle() < whole.cycle() {
            cut.advance(Period::Production)?;
        }
        compare_states(&whole.save()?, &cut.save()?, &mut worst);
    }
    Ok(worst)
}

/// Every part of two states, bit for bit.
fn compare_states(a: &SamplerState, b: &SamplerState, worst: &mut Worst) {
    let mut equal = |what: &str, is: bool| worst.add(f64::from(u8::from(!is)), || what.to_owned());
    equal("cycle", a.cycle == b.cycle);
    equal("states of the replicas", a.assignment == b.assignment);
    equal("measurements", a.measurements == b.measurements);
    equal("averages", a.moments == b.moments);
    equal("tallies of exchange", a.edges == b.edges);
    equal("positions", a.backend.positions == b.backend.positions);
    equal("velocities", a.backend.velocities == b.backend.velocities);
    equal("tallies of particle moves", a.backend.transitions == b.backend.transitions);
    equal("identities", a.ledgers == b.ledgers);
    equal("everything of the device", a.backend == b.backend);
}

/// Longest wait for a process that should end or get on.
const PATIENCE: Duration = Duration::from_secs(300);

/// Runs the program itself on a small scene, kills it, resumes it, and compares with an uninterrupted run.
pub(crate) fn kill_and_resume(bench: &Fixture, program: &Path) -> Result<Worst> {
    let folder = tempfile::tempdir().map_err(Error::io("cannot create", "a temporary folder"))?;
    let scene_path = folder.path().join("surface.ron");
    std::fs::write(&scene_path, SURFACE).map_err(Error::io("cannot write", &scene_path))?;
    let (whole, cut) = (folder.path().join("whole"), folder.path().join("cut"));
    let start = |arguments: &[&str]| {
        let mut command = Command::new(program);
        command.current_dir(folder.path()).args(arguments).args(["--quiet", "--checkpoint-every", "0"]);
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().map_err(Error::io("cannot start", program))
    };
    let device = bench.device();
    finish(start(&["run", "surface.ron", "--device", device, "-o", "whole"])?)?;
    let mut child = start(&["run", "surface.ron", "--device", device, "-o", "cut"])?;
    // a third of the way: the checkpoint before the last one is there as soon as two cycles are made
    let begun = Instant::now();
    while !cut.join("samples/part-00020.parquet").exists() && begun.elapsed() < PATIENCE {
        if child.try_wait().map_err(Error::io("cannot watch", program))?.is_some() {
            break;
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    child.kill().map_err(Error::io("cannot kill", program))?;
    child.wait().map_err(Error::io("cannot watch", program))?;
    let loaded = scene::parse(SURFACE, &scene_path)?;
    let most = checkpoint::most_bytes(&loaded);
    let cycle_when_killed = checkpoint::read(&cut, most)?.0.state.sampler.cycle;
    finish(start(&["resume", "cut"])?)?;

    let mut worst = Worst::default();
    let (a, b) = (checkpoint::read(&whole, most)?.0, checkpoint::read(&cut, most)?.0);
    compare_states(&a.state.sampler, &b.state.sampler, &mut worst);
    for table in ["states.csv", "exchange.csv"] {
        let read = |directory: &Path| {
            let path = directory.join(table);
            std::fs::read(&path).map_err(Error::io("cannot read", &path))
        };
        let unequal = read(&whole)? != read(&cut)?;
        worst.add(f64::from(u8::from(unequal)), || table.to_owned());
    }
    let names = ["B".to_owned()];
    let unequal = read_samples(&whole, &names)? != read_samples(&cut, &names)?;
    worst.add(f64::from(u8::from(unequal)), || "samples".to_owned());
    let finished = cycle_when_killed >= a.state.sampler.cycle;
    worst.add(f64::from(u8::from(finished)), || "it was finished before it could be killed".to_owned());
    Ok(worst)
}

/// Waits for a process that must succeed.
fn finish(child: std::process::Child) -> Result<()> {
    let output = child.wait_with_output().map_err(Error::io("cannot wait for", "adlayer"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(Error::ChildFailed { stderr: String::from_utf8_lossy(&output.stderr).trim().to_owned() }),
    }
}
