//! `adlayer new`: a scene to start from.

use super::args::{NewArguments, Template};
use crate::base::{Error, Result};
use crate::cli::stdout::write_stdout;
use clap::ValueEnum;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

impl Template {
    /// The scene, comments included.
    fn text(self) -> &'static str {
        match self {
            Template::Surface => include_str!("../../scenes/lj_surface.ron"),
            Template::Graphite => include_str!("../../scenes/krypton_graphite.ron"),
            Template::Bulk => include_str!("../../scenes/argon_fluid.ron"),
            Template::Mixture => include_str!("../../scenes/mixture.ron"),
            Template::Canonical => include_str!("../../scenes/canonical.ron"),
            Template::Si100 => include_str!("../../scenes/si100_d2_sw.ron"),
        }
    }

    /// Files that the scene names, with their texts.
    fn files(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Template::Si100 => &[
                ("si100_2x2.xyz", include_str!("../../scenes/si100_2x2.xyz")),
                ("SiH_monovalent.sw", include_str!("../../scenes/SiH_monovalent.sw")),
            ],
            _ => &[],
        }
    }
}

pub(crate) fn new(arguments: &NewArguments) -> Result<()> {
    let Some(name) = arguments.name.as_ref().filter(|_| !arguments.list) else { return write_stdout(&list()) };
    let mut path = name.clone();
    if path.extension().is_none_or(|e| e != "ron") {
        path.as_mut_os_string().push(".ron");
    }
    let template = arguments.template;
    let beside = template.files().iter().map(|(name, text)| (path.with_file_name(name), *text));
    // What is there already, as another scene of this template has left it, stays.
    let is_there = |(path, text): &(PathBuf, &str)| std::fs::read_to_string(path).is_ok_and(|found| found == *text);
    let beside: Vec<(PathBuf, &str)> = beside.filter(|file| !is_there(file)).collect();
    let mut out = String::new();
    for (path, text) in beside.into_iter().chain(std::iter::once((path.clone(), template.text()))) {
        write_new(&path, text)?;
        out.push_str(&format!("wrote {}\n", path.display()));
    }
    write_stdout(&format!("{out}next: adlayer run {}\n", path.display()))
}

/// Writes a file that must not be there yet.
fn write_new(path: &Path, text: &str) -> Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(|e| match e.kind() {
        ErrorKind::AlreadyExists => {
            let problem = "exists already; choose another name";
            Error::AlreadyExists { action: "write", path: path.to_owned(), problem }
        }
        _ => Error::io("cannot write", path)(e),
    })?;
    file.write_all(text.as_bytes()).map_err(Error::io("cannot write", path))
}

/// The templates with what they hold.
fn list() -> String {
    let values = Template::value_variants().iter().filter_map(Template::to_possible_value);
    values
        .map(|v| format!("{:<10} {}\n", v.get_name(), v.get_help().map_or_else(String::new, ToString::to_string)))
        .collect()
}
