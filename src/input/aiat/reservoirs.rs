//! Reservoirs of a list of structures.

use super::{ReservoirSpec, catmap};
use crate::base::Result;
use crate::input::gas::find;
use crate::input::source::{Source, ensure};
use crate::thermochemistry::aiat::{Reservoir, Species};
use crate::thermochemistry::formula;
use crate::thermochemistry::gas::zero_point_energy;
use std::path::Path;

/// A reservoir with its gas and the energy that its Δμ counts from.
pub(super) fn checked(
    source: &Source,
    index: usize,
    spec: &ReservoirSpec,
    before: &[Species],
    table: Option<&catmap::Table>,
    path: &Path,
) -> Result<Species> {
    let at = format!("reservoirs[{index}]");
    let name = spec.species().to_owned();
    ensure!(
        source,
        !before.iter().any(|s| s.name == name),
        format!("{at}.species"),
        format!("species `{name}` has two reservoirs"),
        "keep one of them",
    );
    let reservoir = match spec {
        ReservoirSpec::Bulk { energy, .. } => Reservoir::Bulk { energy: *energy },
        ReservoirSpec::Gas { gas: gas_name, energy, add_zero_point, .. } => {
            let gas = find(source, &format!("{at}.gas"), gas_name, path)?;
            let itself = gas.name == name || formula::parse(&name).is_some_and(|e| same(e, &gas.elements));
            let atoms = match gas.single_element() {
                _ if itself => 1,
                Some((element, n)) if element == name => n,
                _ => {
                    return Err(source.error(
                        &format!("{at}.gas"),
                        format!("species `{name}` is neither `{}` itself nor the element it is made of", gas.name),
                        "take a gas of that element, or name the species as the gas",
                    ));
                }
            };
            let listed = table.and_then(|t| t.gases.iter().find(|g| g.name == gas.name));
            // As CatMAP does it: the modes of the row are what its formation energy lacks of the molecule at 0 K.
            let listed =
                listed.map(|g| g.energy + if *add_zero_point { 0.0 } else { zero_point_energy(&g.wavenumbers) });
            let Some(energy) = energy.or(listed) else {
                return Err(source.error(
                    &at,
                    format!("the reference energy of `{}` is missing", gas.name),
                    "add `energy: …` of its molecule, on the scale of the structures (or its `gas` row to the table)",
                ));
            };
            ensure!(
                source,
                !(*add_zero_point && gas.is_table() && gas.zero_point_energy() == 0.0),
                format!("{at}.add_zero_point"),
                format!("`{}` is a table, which does not know its zero-point energy: nothing would be added", gas.name),
                "give `zero_point: …` (eV) in the file of gases, or add it to `energy`",
            );
            let energy = energy + if *add_zero_point { gas.zero_point_energy() } else { 0.0 };
            Reservoir::Gas { gas, atoms, energy }
        }
    };
    Ok(Species { name, reservoir })
}

/// Whether two formulas hold the same elements, in whatever order.
fn same(mut a: Vec<(String, u32)>, b: &[(String, u32)]) -> bool {
    let mut b = b.to_vec();
    a.sort();
    b.sort();
    a == b
}
