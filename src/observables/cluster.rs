//! Clusters: adsorbed atoms that are linked by distances below r, over the periodic borders.

use super::geometry::Images;
use super::{Adsorbed, Geometry, Observable};
use crate::observables::record::{Field, Observed};
use glam::DVec3;

/// Sizes of all clusters, largest first.
///
/// - `positions`: `[n]`, wrapped \[length\]
/// - `images`: of the cell within r
pub fn clusters(positions: &[DVec3], images: &Images) -> Vec<usize> {
    let n = positions.len();
    // Every atom points towards the first atom of its cluster, which points at itself.
    let mut towards: Vec<usize> = (0..n).collect();
    for i in 0..n {
        for j in i + 1..n {
            if images.meet(positions[j] - positions[i]) {
                let (a, b) = (first(&mut towards, i), first(&mut towards, j));
                towards[a.max(b)] = a.min(b);
            }
        }
    }
    let mut sizes = vec![0; n];
    for i in 0..n {
        sizes[first(&mut towards, i)] += 1;
    }
    sizes.retain(|&s| s > 0);
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    sizes
}

/// Root of the cluster of `i`; halves the path to it on the way.
fn first(towards: &mut [usize], mut i: usize) -> usize {
    while towards[i] != i {
        towards[i] = towards[towards[i]];
        i = towards[i];
    }
    i
}

/// `cluster`: atoms of the largest cluster, 0 without an atom.
#[derive(Debug)]
pub(super) struct Cluster {
    images: Images,
}

impl Cluster {
    pub(super) fn new(geometry: &Geometry, r: f64) -> Cluster {
        Cluster { images: Images::within(&geometry.cell, r) }
    }
}

impl Observable for Cluster {
    fn fields(&self) -> Vec<Field> {
        vec![Field::column("cluster")]
    }

    fn evaluate(&self, atoms: &Adsorbed<'_>, observed: &mut Observed) {
        observed.number(clusters(atoms.positions, &self.images).first().copied().unwrap_or(0) as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::cell::Cell;

    #[test]
    fn links_reach_over_the_border() {
        let images = Images::within(&Cell::slab(DVec3::new(10.0, 10.0, 10.0), 0.0), 1.5);
        let at = |x: f64, y: f64, z: f64| DVec3::new(x, y, z);
        let atoms = [at(9.8, 5.0, 1.0), at(0.9, 5.0, 1.0), at(8.5, 5.0, 1.0), at(0.9, 5.0, 9.5), at(4.0, 4.0, 4.0)];
        assert_eq!(clusters(&atoms, &images), [3, 1, 1]);
        // walls are no border to reach over
        assert_eq!(clusters(&[at(1.0, 1.0, 0.1), at(1.0, 1.0, 9.9)], &images), [1, 1]);
        assert!(clusters(&[], &images).is_empty());
    }

    #[test]
    fn chains_are_one_cluster_whatever_the_order() {
        let images = Images::within(&Cell::bulk(DVec3::splat(30.0)), 1.1);
        let chain: Vec<DVec3> = [7, 2, 9, 0, 4, 1, 8, 3, 6, 5].map(|k| DVec3::new(f64::from(k), 3.0, 3.0)).to_vec();
        assert_eq!(clusters(&chain, &images), [10]);
        assert_eq!(clusters(&chain[..5], &images), [1, 1, 1, 1, 1]);
    }
}
