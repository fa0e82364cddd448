//! Outputs: what the program prints, draws, reports and exports is complete and says what the numbers are; the
//! documentation says what the program does.

mod adsorption;
mod command_line;
mod documentation;
mod exports;
mod figures;
mod poor_runs;
mod report;
mod watch;

// shared with other test binaries
#[path = "../support/announce.rs"]
mod announce;
#[path = "../support/place.rs"]
mod place;
#[path = "../support/refused.rs"]
mod refused;
