//! Commands that must be refused.

use super::place::{Place, stderr};

impl Place {
    /// Runs the program to its end, which must be this exit code.
    pub(crate) fn fail(&self, arguments: &[&str], code: i32) -> String {
        let output = self.adlayer(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", stderr(&output));
        stderr(&output)
    }
}
