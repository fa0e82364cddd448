//! `adlayer completions` and `adlayer man`: what shells and `man` read.

use super::args::{Arguments, CompletionsArguments, ManArguments};
use crate::base::{Error, Result};
use crate::cli::stdout::write_stdout;
use clap::CommandFactory;

/// Prints the completions of a shell.
pub(crate) fn completions(arguments: &CompletionsArguments) -> Result<()> {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "adlayer", &mut text);
    write_stdout(&String::from_utf8_lossy(&text))
}

/// Prints the page of the program, or writes that of every command into a folder.
pub(crate) fn man(arguments: &ManArguments) -> Result<()> {
    let command = Arguments::command();
    let Some(folder) = &arguments.output else {
        let mut text = Vec::new();
        clap_mangen::Man::new(command).render(&mut text).map_err(Error::io("cannot write to", "stdout"))?;
        return write_stdout(&String::from_utf8_lossy(&text));
    };
    std::fs::create_dir_all(folder).map_err(Error::io("cannot create", folder))?;
    clap_mangen::generate_to(command, folder).map_err(Error::io("cannot write into", folder))?;
    write_stdout(&format!("wrote {}\n", folder.display()))
}
