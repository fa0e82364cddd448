//! Verdict by samples, in words: where those of different states do not overlap, and where N stands at its limit.

use super::checks::{Diagnostics, Mood, Sentence};
use super::gaps::Gap;
use super::verdict::FEW;
use super::words::{first, number_words, ranges, short};
use crate::thermo::states::StateGrid;

/// Whether samples join all states; if not, what to add between the parts.
pub(super) fn parts(grid: &StateGrid, diagnostics: &Diagnostics, gaps: &[Gap]) -> Option<Sentence> {
    if diagnostics.n_parts <= 1 {
        return None;
    }
    let mut sizes = vec![0; diagnostics.n_parts];
    diagnostics.states.iter().filter_map(|s| s.part).for_each(|part| sizes[part as usize] += 1);
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    let outside = sizes[1..].iter().sum::<usize>() as f64;
    let sizes = match sizes[..] {
        _ if sizes.iter().all(|&n| n == 1) => "single".to_owned(),
        [a, b] => format!("{a} and {b}"),
        _ => first(&sizes.iter().map(usize::to_string).collect::<Vec<_>>()),
    };
    // Where no replica crosses either, the values have been named with the splits of the grid.
    let lacking = || gaps.iter().filter(|g| g.parts && g.lacking > 1);
    let between: Vec<String> =
        lacking().filter(|g| !g.whole || diagnostics.n_components <= 1).map(|g| g.words(grid)).collect();
    let remedy = match (between.is_empty(), lacking().count()) {
        (true, 0) => "lengthen production, or add states between".to_owned(),
        (true, _) => "add the states named above".to_owned(),
        (false, _) => format!("add states at {}", between.join(" and at ")),
    };
    let words = format!(
        "The states fall into {} parts of {sizes} states whose samples do not overlap: each is analysed by itself, free energies \
         between them are not known, and maps are masked between; {remedy}.",
        number_words(diagnostics.n_parts)
    );
    let many = outside > FEW * diagnostics.states.len() as f64;
    Some(Sentence { mood: if many { Mood::Poor } else { Mood::Remark }, words })
}

/// Species whose N stands at its limit in some states.
pub(super) fn limits(grid: &StateGrid, diagnostics: &Diagnostics) -> Vec<Sentence> {
    let of_species = |(s, reservoir): (usize, &crate::thermo::states::Reservoir)| {
        let limit = |k: usize| diagnostics.states[k].at_limit.get(s).filter(|limit| limit.is_reached());
        let reached: Vec<usize> = (0..diagnostics.states.len()).filter(|&k| limit(k).is_some()).collect();
        let most = reached.iter().filter_map(|&k| limit(k)).map(|l| l.p).reduce(f64::max)?;
        let needed = reached.iter().filter_map(|&k| limit(k)).map(|l| l.needed).max()?;
        let words = format!(
            "{} of {} states {} at `max_atoms` of {} ({}): P(N_max) up to {}, so averages there are those of a full box; set \
             `max_atoms` of {} to {needed} or more.",
            reached.len(),
            grid.n_points(),
            if reached.len() == 1 { "stands" } else { "stand" },
            reservoir.species,
            ranges(grid, &reached),
            short(most),
            reservoir.species
        );
        Some(Sentence { mood: Mood::Poor, words })
    };
    grid.reservoirs.iter().enumerate().filter_map(of_species).collect()
}
