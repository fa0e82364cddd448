//! A scene written out with every default.

use super::CheckedScene;
use super::grammar::{ConventionSpec, Placement, Scene, Substrate};
use crate::input::beside;
use crate::input::gas::is_file;
use ron::extensions::Extensions;
use ron::ser::PrettyConfig;
use std::path::Path;

/// The scene as RON with every default written out; it parses back to the same scene.
///
/// Paths of files are made absolute, so that the text means the same wherever it is stored. A run directory that is
/// moved to another machine therefore needs those files at the same place, or its paths edited.
pub fn resolved(loaded: &CheckedScene) -> String {
    let scene = with_absolute_paths(&loaded.scene, &loaded.path);
    let unwrapped = match scene.potential.external() {
        Some(_) => Extensions::UNWRAP_VARIANT_NEWTYPES,
        None => Extensions::empty(),
    };
    let extensions = Extensions::IMPLICIT_SOME | unwrapped;
    let config = PrettyConfig::new().extensions(extensions).depth_limit(3).indentor("    ");
    let text = ron::ser::to_string_pretty(&scene, config)
        .unwrap_or_else(|e| unreachable!("a scene is plain data and always has a text: {e}"));
    // The grammar's outermost name; ron leaves all names out, or writes all of them.
    text.replacen("\n(", "\nScene(", 1) + "\n"
}

/// The same scene with absolute paths.
fn with_absolute_paths(scene: &Scene, scene_path: &Path) -> Scene {
    let absolute = |path: &str| {
        let path = beside(scene_path, path);
        std::path::absolute(&path).unwrap_or(path).to_string_lossy().into_owned()
    };
    let mut scene = scene.clone();
    if let Some(Substrate::File { path, .. }) = &mut scene.substrate {
        *path = absolute(path);
    }
    for path in scene.potential.paths_mut() {
        *path = absolute(path);
    }
    for entry in &mut scene.initial {
        if let Placement::File { path } = &mut entry.placement {
            *path = absolute(path);
        }
    }
    for axis in &mut scene.grid.reservoir {
        if let ConventionSpec::Gas(name) = &mut axis.convention
            && is_file(name)
        {
            *name = absolute(name);
        }
    }
    scene
}
