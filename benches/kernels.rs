//! Writes the kernels of scenes as their compilers are given them: `kernels OUT [--keeps-order] [SCENE.ron ...]`, by default W1,
//! W5 and the default scene. `benches/statistics` reads registers, spills and loops from what compilers make of them.
//!
//! OUT gets `SCENE-ENTRY.wgsl` and `SCENE-ENTRY.constants`, a line `NAME VALUE` for every override constant.

use adlayer::testing::backend::gpu::kernel_texts;
use adlayer::testing::base::rng::Rng;
use adlayer::testing::input::scene;
use adlayer::testing::sampler::Setup;
use std::path::{Path, PathBuf};

/// The scenes of the table, as benches/gpu.sh names them.
const SCENES: [(&str, &str); 3] =
    [("W1", "bench_surface.ron"), ("W5", "bench_grid.ron"), ("default", "lj_surface.ron")];

fn write(out: &Path, name: &str, file: &Path, keeps_order: bool) {
    let loaded = scene::load(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let setup = Setup { rng: Rng::new(1), ..Setup::from_scene(&loaded).expect("pairs") };
    let start = setup.start().expect("a start without overlaps");
    for kernel in kernel_texts(&setup.system, &start, keeps_order).expect("kernels that fit") {
        let path = out.join(format!("{name}-{}", kernel.entry));
        let constants: String = kernel.constants.iter().map(|(name, value)| format!("{name} {value}\n")).collect();
        std::fs::write(path.with_extension("wgsl"), kernel.source).expect("a file");
        std::fs::write(path.with_extension("constants"), constants).expect("a file");
    }
}

fn main() {
    let (flags, rest): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|a| a.starts_with("--"));
    let Some((out, files)) = rest.split_first() else {
        panic!("kernels OUT [--keeps-order] [SCENE.ron ...]");
    };
    let (out, keeps_order) = (PathBuf::from(out), flags.iter().any(|f| f == "--keeps-order"));
    std::fs::create_dir_all(&out).expect("a folder");
    let folder = std::env::var_os("ADLAYER_SCENES").map_or_else(|| PathBuf::from("scenes"), PathBuf::from);
    if files.is_empty() {
        SCENES.iter().for_each(|(name, file)| write(&out, name, &folder.join(file), keeps_order));
    }
    for file in files.iter().map(PathBuf::from) {
        let name = file.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        write(&out, &name, &file, keeps_order);
    }
}
