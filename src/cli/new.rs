//! `adlayer new`: a scene to start from.

use super::args::{NewArguments, Template};
use crate::base::{Error, Result};
use crate::cli::stdout::write_stdout;
use clap::ValueEnum;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};

impl Template {
    /// The scene, comments included.
    fn text(self) -> &'static str {
        match self {
            Template::Surface => include_str!("../../scenes/lj_surface.ron"),
            Template::Graphite => include_str!("../../scenes/krypton_graphite.ron"),
            Template::Bulk => include_str!("../../scenes/argon_fluid.ron"),
            Template::Mixture => include_str!("../../scenes/mixture.ron"),
            Template::Canonical => include_str!("../../scenes/canonical.ron"),
        }
    }
}

pub(crate) fn new(arguments: &NewArguments) -> Result<()> {
    let Some(name) = arguments.name.as_ref().filter(|_| !arguments.list) else { return write_stdout(&list()) };
    let mut path = name.clone();
    if path.extension().is_none_or(|e| e != "ron") {
        path.as_mut_os_string().push(".ron");
    }
    let mut file = OpenOptions::new().write(true).create_new(true).open(&path).map_err(|e| match e.kind() {
        ErrorKind::AlreadyExists => {
            let problem = "exists already; choose another name";
            Error::AlreadyExists { action: "write", path: path.clone(), problem }
        }
        _ => Error::io("cannot write", &path)(e),
    })?;
    file.write_all(arguments.template.text().as_bytes()).map_err(Error::io("cannot write", &path))?;
    write_stdout(&format!("wrote {0}\nnext: adlayer run {0}\n", path.display()))
}

/// The templates with what they hold.
fn list() -> String {
    let values = Template::value_variants().iter().filter_map(Template::to_possible_value);
    values
        .map(|v| format!("{:<10} {}\n", v.get_name(), v.get_help().map_or_else(String::new, ToString::to_string)))
        .collect()
}
