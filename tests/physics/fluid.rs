//! Case e: the Lennard-Jones fluid, the two thinner state points (all four are in the long suite).

use crate::backends::on_every_backend;
use crate::common::fluid::compare;
use crate::common::reference::{case, number, rows};

#[test]
fn e_fluid_at_given_activity() {
    on_every_backend(|device| {
        let case = case("e_fluid_muVT");
        for row in rows(&case).iter().filter(|row| number(row, "activity_z") < 0.1) {
            compare(device, row, (60, 240), 0.01);
        }
    });
}
