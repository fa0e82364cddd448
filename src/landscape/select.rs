//! Selection of configurations to quench.

use crate::sample::trajectory::StoredFrame;
use crate::system::System;
use crate::system::configuration::Configuration;
use std::collections::BTreeMap;

/// At most `most` configurations of each composition: half of them the lowest in energy, where the minima are near, and
/// half spread evenly over the rest, so that other basins are not missed. The selection depends on the frames alone.
pub(crate) fn starts(system: &System, frames: &[StoredFrame], most: usize) -> Vec<Configuration> {
    let mut by_counts: BTreeMap<Vec<u16>, Vec<&StoredFrame>> = BTreeMap::new();
    for frame in frames {
        by_counts.entry(system.counts(&frame.species)).or_default().push(frame);
    }
    let mut chosen = Vec::new();
    for (_, mut of_counts) in by_counts {
        of_counts.sort_by(|a, b| a.energy.total_cmp(&b.energy).then((a.cycle, a.replica).cmp(&(b.cycle, b.replica))));
        let lowest = most.div_ceil(2).min(of_counts.len());
        let rest = &of_counts[lowest..];
        let spread = (most - lowest.min(most)).min(rest.len());
        chosen.extend(of_counts[..lowest].iter().map(|f| f.configuration()));
        chosen.extend((0..spread).map(|k| rest[k * rest.len() / spread].configuration()));
    }
    chosen
}
