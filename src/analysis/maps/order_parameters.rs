//! Order parameters of the samples as columns that MBAR averages: each with its square, for its variance.

use crate::analysis::LayerEdge;
use crate::analysis::mbar::Collapsed;
use crate::observables::layers::{edges, occupation};
use crate::observables::record::{Column, Histogram};
use crate::sample::Samples;

/// What an order parameter says of a phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Atoms in a layer, counted from 1 at the slab.
    Layer(usize),
    /// Φ at a star of wave vectors, by the name of the ordered structure.
    Order(&'static str),
    /// Nothing: it is averaged and no more.
    None,
}

impl Role {
    /// The role of a column, from its name.
    fn of(name: &str) -> Role {
        match name {
            "order_sqrt3" => Role::Order("√3×√3"),
            "order_1x1" => Role::Order("1×1"),
            _ => name.strip_prefix("n_layer").and_then(|k| k.parse().ok()).map_or(Role::None, Role::Layer),
        }
    }
}

/// The order parameters of all samples.
#[derive(Debug, Clone, Default)]
pub(crate) struct Observed {
    /// `[n_observables]`
    pub(crate) names: Vec<String>,
    /// `[n_observables]`
    pub(crate) roles: Vec<Role>,
    /// `[2 n_observables][n_samples]`, sorted by composition: A of every observable, then A² of every observable
    pub(crate) columns: Vec<Vec<f32>>,
    /// Where the layers lie that the profile of all samples shows.
    pub(crate) edges: Vec<LayerEdge>,
}

impl Observed {
    /// The columns of the samples in the order of `collapsed`.
    pub(crate) fn new(samples: &Samples, collapsed: &Collapsed) -> Observed {
        let sorted = |values: &[f32]| collapsed.origin().iter().map(|&n| values[n as usize]).collect::<Vec<f32>>();
        let (edges, layers) = layers_of(samples);
        let all = || layers.iter().chain(&samples.columns);
        let mut columns: Vec<Vec<f32>> = all().map(|c| sorted(&c.values)).collect();
        let squares: Vec<Vec<f32>> = columns.iter().map(|c| c.iter().map(|a| a * a).collect()).collect();
        columns.extend(squares);
        let names: Vec<String> = all().map(|c| c.name.clone()).collect();
        Observed { roles: names.iter().map(|name| Role::of(name)).collect(), names, columns, edges }
    }

    /// Number of observables.
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    /// Indices of the layers, from the slab outwards.
    pub(crate) fn layers(&self) -> Vec<usize> {
        let mut layers: Vec<(usize, usize)> = self
            .roles
            .iter()
            .enumerate()
            .filter_map(|(i, role)| if let Role::Layer(k) = role { Some((*k, i)) } else { None })
            .collect();
        layers.sort_unstable();
        layers.into_iter().map(|(_, i)| i).collect()
    }

    /// Indices of the order parameters with the names of their structures.
    pub(crate) fn orders(&self) -> Vec<(usize, &'static str)> {
        let order = |(i, role): (usize, &Role)| if let Role::Order(name) = role { Some((i, *name)) } else { None };
        self.roles.iter().enumerate().filter_map(order).collect()
    }
}

/// Atoms of every sample in each layer, `n_layer1`, `n_layer2`, … from the slab outwards, all species together; the layers
/// end at the minima of the profile of all samples. Nothing without the observable `Layers`.
fn layers_of(samples: &Samples) -> (Vec<LayerEdge>, Vec<Column>) {
    let histograms: Vec<&Histogram> = samples.histograms.iter().filter(|h| h.name.starts_with("layers_")).collect();
    let Some(finest) = histograms.iter().copied().max_by_key(|h| h.bins) else { return Default::default() };
    // Species of another size have wider bins; each is counted where its own bins say it is.
    let width = (finest.hi - finest.lo) / finest.bins as f64;
    let centre = |h: &Histogram, bin: usize| h.lo + (h.hi - h.lo) * (bin as f64 + 0.5) / h.bins as f64;
    let mut profile = vec![0.0; finest.bins];
    for h in &histograms {
        for n in 0..samples.len() {
            for (bin, count) in h.of(n).iter().enumerate().filter(|(_, count)| count.to_f32() > 0.0) {
                let place = (centre(h, bin) - finest.lo) / width;
                profile[(place as usize).min(finest.bins - 1)] += count.to_f64() / samples.len() as f64;
            }
        }
    }
    let ends = edges(&profile);
    let z = |bin: usize| finest.lo + width * bin as f64;
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let found = starts.zip(&ends).map(|(from, &to)| LayerEdge { from: z(from), to: z(to) }).collect();
    let mut counts = vec![vec![0.0_f32; samples.len()]; ends.len()];
    for h in &histograms {
        // The same heights in the bins of this species.
        let own: Vec<usize> =
            ends.iter().map(|&end| (end as f64 * h.bins as f64 / finest.bins as f64).round() as usize).collect();
        for n in 0..samples.len() {
            for (count, atoms) in counts.iter_mut().zip(occupation(h.of(n), &own)) {
                count[n] += atoms as f32;
            }
        }
    }
    let column = |(k, values)| Column { name: format!("n_layer{}", k + 1), values };
    (found, counts.into_iter().enumerate().map(column).collect())
}

/// Averages of the columns at a point, over all compositions or some of them.
///
/// - `means`: `[n_columns][n_compositions]`, of [`crate::analysis::mbar::Bins::column_means`]
/// - `p`: `[n_compositions]`, probabilities
/// - `within`: which compositions count; ⟨A⟩ is over these alone
/// - returns: `[n_columns]`; NaN where these have no probability
pub(crate) fn averages(means: &[Vec<f64>], p: &[f64], within: impl Fn(usize) -> bool) -> Vec<f64> {
    let members: Vec<usize> = (0..p.len()).filter(|&c| p[c] > 0.0 && within(c)).collect();
    let total: f64 = members.iter().map(|&c| p[c]).sum();
    means.iter().map(|mean| members.iter().map(|&c| p[c] * mean[c]).sum::<f64>() / total).collect()
}
