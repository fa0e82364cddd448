//! `adlayer new`: a scene to start from.

use super::args::NewArguments;
use crate::base::{Error, Result};
use crate::cli::stdout::write_stdout;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};

/// The default scene, comments included.
const TEMPLATE: &str = include_str!("../../scenes/lj_surface.ron");

pub(crate) fn new(arguments: &NewArguments) -> Result<()> {
    let mut path = arguments.name.clone();
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
    file.write_all(TEMPLATE.as_bytes()).map_err(Error::io("cannot write", &path))?;
    write_stdout(&format!("wrote {0}\nnext: adlayer run {0}\n", path.display()))
}
