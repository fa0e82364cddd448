//! `adlayer export`: runs in the formats of other programs.

use super::args::ExportArguments;
use crate::base::{Error, Result};
use crate::cli::diagnostics::warn;
use crate::cli::stdout::write_stdout;
use crate::workflow::export::configurations::{Configurations, Options};
use crate::workflow::export::{Selection, Source, pymbar};
use serde_json::json;
use std::path::{Path, PathBuf};

pub(crate) fn export(arguments: &ExportArguments) -> Result<()> {
    let selection = Selection {
        states: arguments.states.as_ref().map(|s| s.0.clone()),
        temperatures: arguments.temperature.as_ref().map(|t| t.0.clone()),
    };
    let source = Source::open(&arguments.directories, &selection)?;
    let folder = |name: &str| arguments.output.clone().unwrap_or_else(|| source.folder(name));
    let mut written = Vec::new();
    if arguments.extxyz || arguments.lammps_data {
        let options = Options { last: arguments.last, slab: !arguments.no_slab, fixed_slots: arguments.fixed_slots };
        let configurations = Configurations::read(&source, options)?;
        if arguments.extxyz {
            let paths = configurations.write_xyz(&folder("trajectory"))?;
            let what = format!("extended XYZ: {} configurations of {} states", configurations.len(), paths.len());
            written.push((what, paths));
        }
        if arguments.lammps_data {
            let paths = configurations.write_lammps(&folder("lammps"))?;
            written.push((format!("LAMMPS data: {} configurations", paths.len()), paths));
        }
    }
    if let Some(file) = &arguments.pymbar {
        let path = npz_path(file.as_deref(), arguments.output.as_deref(), &source)?;
        let size = pymbar::write(&source, &path, arguments.stride.unwrap_or(1))?;
        if let Some(left_out) = size.left_out {
            warn(&format!(
                "the file holds what the analysis leaves out ({left_out}): all of `samples`, from cycle 0 of production on"
            ));
        }
        written.push((format!("pymbar: {} states × {} samples", size.states, size.samples), vec![path]));
    }
    if arguments.json {
        let all: Vec<_> = written.iter().map(|(what, files)| json!({ "what": what, "files": files })).collect();
        return write_stdout(&format!("{:#}\n", json!(all)));
    }
    for (what, files) in &written {
        let more = if files.len() > 1 { format!(" … ({} files)", files.len()) } else { String::new() };
        let first = files.first().map_or_else(String::new, |f| f.display().to_string());
        write_stdout(&format!("{what}: {first}{more}\n"))?;
    }
    Ok(())
}

/// The file of arrays: as named, in the folder of -o if that is given; its folder is made.
fn npz_path(file: Option<&Path>, output: Option<&Path>, source: &Source) -> Result<PathBuf> {
    let path = match (file, output) {
        (Some(file), Some(folder)) => folder.join(file),
        (Some(file), None) => file.to_owned(),
        (None, Some(folder)) => folder.join("pymbar.npz"),
        (None, None) => source.folder("pymbar.npz"),
    };
    if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(Error::io("cannot create", folder))?;
    }
    Ok(path)
}
