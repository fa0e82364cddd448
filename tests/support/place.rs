//! Runs of the program in folders of their own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A small surface in contact with a gas: six states, two walkers.
pub(crate) fn surface(steps: u32, cycles: [u32; 2]) -> String {
    let [equilibration, production] = cycles;
    format!(
        r#"Scene(
    units: Lj,
    species: [ (name: "A", symbol: "Cu", mass: 1.0), (name: "B", symbol: "Ar", mass: 1.0) ],
    potential: LennardJones(cutoff: 2.5, truncation: Shifted,
        pairs: [ (between: ("A","A"), epsilon: 1.0, sigma: 1.0), (between: ("A","B"), epsilon: 1.5, sigma: 1.0),
                 (between: ("B","B"), epsilon: 0.6, sigma: 1.3) ]),
    cell: Slab(height: 5.0),
    substrate: Fcc111(species: "A", nearest_neighbour: 1.10, repeat: (5, 3), layers: 1),
    reservoir: [ (species: "B", max_atoms: 24) ],
    grid: ( temperature: List([0.6, 0.8]), walkers: 2,
            reservoir: [ (species: "B", convention: Activity, values: List([-4.5, -3.8, -3.0])) ] ),
    dynamics: Baoab(dt: 0.004, friction: 1.0, steps: {steps}),
    moves: (insert_delete: 20),
    schedule: (equilibration: {equilibration}, production: {production}),
)"#
    )
}

/// A folder with a scene in it.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new(scene: &str) -> Place {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("scene.ron"), scene).expect("the scene");
        Place { folder }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A run directory in it.
    pub(crate) fn run(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_adlayer"));
        command.current_dir(self.path()).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs the program to its end.
    pub(crate) fn adlayer(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program starts")
    }

    /// Runs the program to its end, which must be good.
    pub(crate) fn succeed(&self, arguments: &[&str]) -> Output {
        let output = self.adlayer(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
        output
    }
}

/// What a process wrote to its standard error.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
