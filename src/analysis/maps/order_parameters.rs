//! Order parameters of the samples as columns that MBAR averages: each with its square, for its variance.

use crate::analysis::LayerEdge;
use crate::analysis::mbar::Collapsed;
use crate::observables::layers::{edges, occupation};
use crate::observables::record::{Column, Histogram, Role};
use crate::sample::Samples;

/// The order parameters of all samples.
#[derive(Debug, Clone, Default)]
pub(crate) struct Observed {
    /// `[n_observables]`
    pub(crate) names: Vec<String>,
    /// `[n_observables]`, names under an axis
    pub(crate) labels: Vec<String>,
    /// `[n_observables]`, as the observables declare them
    pub(crate) roles: Vec<Role>,
    /// `[2 n_observables][n_samples]`, sorted by composition: A of every observable, then A² of every observable
    pub(crate) columns: Vec<Vec<f32>>,
    /// Layers in the profile of all samples.
    pub(crate) edges: Vec<LayerEdge>,
    /// Atoms in that profile that no reservoir exchanges, the same in every sample.
    pub(crate) n_kept: f64,
}

impl Observed {
    /// The columns of the samples in the order of `collapsed`.
    pub(crate) fn new(samples: &Samples, collapsed: &Collapsed) -> Observed {
        let sorted = |values: &[f32]| collapsed.origin().iter().map(|&n| values[n as usize]).collect::<Vec<f32>>();
        let (edges, layers) = layers_of(samples);
        let n_kept = n_kept(samples);
        let all = || layers.iter().chain(&samples.columns);
        let mut columns: Vec<Vec<f32>> = all().map(|c| sorted(&c.values)).collect();
        let squares: Vec<Vec<f32>> = columns.iter().map(|c| c.iter().map(|a| a * a).collect()).collect();
        columns.extend(squares);
        let names = all().map(|c| c.name.clone()).collect();
        let labels = all().map(|c| c.label.clone()).collect();
        let roles = all().map(|c| c.role.clone()).collect();
        Observed { names, labels, roles, columns, edges, n_kept }
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
    pub(crate) fn orders(&self) -> Vec<(usize, String)> {
        let order = |(i, role): (usize, &Role)| match role {
            Role::Order(structure) => Some((i, structure.clone())),
            _ => None,
        };
        self.roles.iter().enumerate().filter_map(order).collect()
    }
}

/// The histograms that layers are found in, one a species.
fn profiles(samples: &Samples) -> Vec<&Histogram> {
    samples.histograms.iter().filter(|h| h.role == Role::LayerProfile).collect()
}

/// Atoms in the profile that no reservoir exchanges.
fn n_kept(samples: &Samples) -> f64 {
    let profiles = profiles(samples);
    if samples.is_empty() || profiles.is_empty() {
        return 0.0;
    }
    let seen: f64 = profiles.iter().flat_map(|h| h.of(0)).map(|n| n.to_f64()).sum();
    seen - samples.counts.iter().map(|n| f64::from(n[0])).sum::<f64>()
}

/// Atoms of every sample in each layer, `n_layer1`, `n_layer2`, … from the slab outwards, all species together; the layers
/// end at the minima of the profile of all samples. Nothing without the observable `Layers`.
fn layers_of(samples: &Samples) -> (Vec<LayerEdge>, Vec<Column>) {
    let histograms = profiles(samples);
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
    let column = |(k, values)| {
        let name = format!("n_layer{}", k + 1);
        Column { label: name.clone(), name, role: Role::Layer(k + 1), values }
    };
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
