//! Amounts of the species of a surface that hold given elements: oxygen and ruthenium of a slab as RuO₂ and O, hydrogen from
//! steam and oxygen.

/// Elements with real numbers, each once.
pub type Elements = Vec<(String, f64)>;

/// Why elements cannot be told apart into species.
#[derive(Debug, Clone, PartialEq)]
pub enum Unresolved {
    /// No species holds the element, or what holds it brings others along that none takes back.
    Missing(String),
    /// Several sets of amounts would do: species that hold the element.
    Ambiguous(String, Vec<usize>),
}

/// Adds n of an element.
pub fn add(sum: &mut Elements, element: &str, n: f64) {
    match sum.iter_mut().find(|(e, _)| e == element) {
        Some((_, total)) => *total += n,
        None => sum.push((element.to_owned(), n)),
    }
}

fn of(elements: &Elements, element: &str) -> f64 {
    elements.iter().find(|(e, _)| e == element).map_or(0.0, |e| e.1)
}

/// Amounts below 0 are right: a surface with fewer oxygen than its RuO₂ units would have.
///
/// An element that is a species by itself is that species. The others come from compounds, whose amounts are solved for; what
/// compounds bring beyond is taken from the elements that are species.
///
/// - `wanted`: the elements
/// - `species`: `[n_species]` elements of one unit of each; empty where a name is no formula
/// - returns: `[n_species]`
///
/// # Errors
/// [`Unresolved`] if no amounts give the elements, or more than one set does.
pub fn amounts(wanted: &Elements, species: &[Elements]) -> Result<Vec<f64>, Unresolved> {
    let own = |element: &str| species.iter().position(|s| matches!(&s[..], [(e, _)] if e == element));
    let is_compound = |s: &Elements| s.len() > 1;
    // Elements without a species of their own, and the compounds that hold them, until neither brings more of the other.
    let mut lacking: Vec<String> = Vec::new();
    let mut compounds: Vec<usize> = Vec::new();
    let mut new: Vec<String> =
        wanted.iter().filter(|(e, n)| *n != 0.0 && own(e).is_none()).map(|(e, _)| e.clone()).collect();
    while let Some(element) = new.pop() {
        if lacking.contains(&element) {
            continue;
        }
        for (i, s) in species.iter().enumerate().filter(|(_, s)| is_compound(s) && of(s, &element) != 0.0) {
            if !compounds.contains(&i) {
                compounds.push(i);
                new.extend(s.iter().filter(|(e, _)| own(e).is_none()).map(|(e, _)| e.clone()));
            }
        }
        lacking.push(element);
    }
    compounds.sort_unstable();
    let mut amounts = vec![0.0; species.len()];
    let equations: Vec<(Vec<f64>, f64)> =
        lacking.iter().map(|e| (compounds.iter().map(|&c| of(&species[c], e)).collect(), of(wanted, e))).collect();
    for (amount, &c) in solve(equations, &lacking, &compounds)?.into_iter().zip(&compounds) {
        amounts[c] = amount;
    }
    let mut rest = wanted.clone();
    for &c in &compounds {
        species[c].iter().for_each(|(e, n)| add(&mut rest, e, -amounts[c] * n));
    }
    for (element, n) in rest {
        if let Some(s) = own(&element) {
            amounts[s] += n / species[s][0].1;
        }
    }
    Ok(amounts)
}

/// Differences that are rounding.
const TOL: f64 = 1e-9;

/// Gauss–Jordan with row exchange; as many unknowns as compounds, an equation for each element.
fn solve(
    mut equations: Vec<(Vec<f64>, f64)>,
    elements: &[String],
    compounds: &[usize],
) -> Result<Vec<f64>, Unresolved> {
    let n = compounds.len();
    let mut names: Vec<usize> = (0..equations.len()).collect();
    for column in 0..n {
        let pivot = (column..equations.len())
            .max_by(|&a, &b| equations[a].0[column].abs().total_cmp(&equations[b].0[column].abs()));
        let Some(pivot) = pivot.filter(|&p| equations[p].0[column].abs() > TOL) else {
            let element = elements.first().cloned().unwrap_or_default();
            return Err(Unresolved::Ambiguous(element, compounds.to_vec()));
        };
        equations.swap(column, pivot);
        names.swap(column, pivot);
        let (row, value) = equations[column].clone();
        for (_, (other, right)) in equations.iter_mut().enumerate().filter(|(k, _)| *k != column) {
            let factor = other[column] / row[column];
            if factor != 0.0 {
                other.iter_mut().zip(&row).for_each(|(x, y)| *x -= factor * y);
                *right -= factor * value;
            }
        }
    }
    if let Some(k) = (n..equations.len()).find(|&k| equations[k].1.abs() > TOL) {
        return Err(Unresolved::Missing(elements[names[k]].clone()));
    }
    Ok((0..n).map(|k| equations[k].1 / equations[k].0[k]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elements(text: &str) -> Elements {
        let parsed = crate::thermochemistry::formula::parse(text).unwrap_or_else(|| panic!("{text}"));
        parsed.into_iter().map(|(e, n)| (e, f64::from(n))).collect()
    }

    fn told(wanted: &str, species: &[&str]) -> Result<Vec<f64>, Unresolved> {
        amounts(&elements(wanted), &species.iter().map(|s| elements(s)).collect::<Vec<_>>())
    }

    #[test]
    fn elements_become_species() {
        for (wanted, species, expected) in [
            ("O2", &["O"][..], &[2.0][..]),
            ("O2", &["O2"], &[1.0]),
            // the termination of RuO2(110) that lacks two oxygen
            ("Ru5O8", &["O", "RuO2"], &[-2.0, 5.0]),
            // hydroxyl from steam and oxygen, oxygen from steam and hydrogen
            ("OH", &["O", "H2O"], &[0.5, 0.5]),
            ("O", &["H2O", "H"], &[1.0, -2.0]),
            // oxygen from carbon monoxide and dioxide
            ("O", &["CO", "CO2"], &[-1.0, 1.0]),
            ("CO", &["CO", "CO2"], &[1.0, 0.0]),
            ("Sr2Ti2O7", &["O", "SrTiO3"], &[1.0, 2.0]),
            ("SrTi2O5", &["SrO", "TiO2"], &[1.0, 2.0]),
        ] {
            let found = told(wanted, species).unwrap_or_else(|e| panic!("{wanted} of {species:?}: {e:?}"));
            assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{wanted}: {found:?}");
            // What is told apart adds up again.
            let mut sum = elements(wanted);
            for (n, s) in found.iter().zip(species) {
                elements(s).iter().for_each(|(e, m)| add(&mut sum, e, -n * m));
            }
            assert!(sum.iter().all(|(_, n)| n.abs() < 1e-12), "{sum:?}");
        }
    }

    #[test]
    fn what_cannot_be_told_is_named() {
        assert_eq!(told("N", &["O"]), Err(Unresolved::Missing("N".into())));
        assert_eq!(told("SrTi2O6", &["O", "SrTiO3"]), Err(Unresolved::Missing("Ti".into())));
        assert_eq!(told("O", &["RuO2"]), Err(Unresolved::Missing("Ru".into())));
        assert_eq!(told("C", &["O", "CO", "CO2"]), Err(Unresolved::Ambiguous("C".into(), vec![1, 2])));
    }
}
