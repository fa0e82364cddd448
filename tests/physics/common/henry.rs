//! Case i: the configuration integral of one atom on a slab, by quadrature over trial insertions.

use super::reference::{case, number, rows};
use super::run::{Run, load};
use super::scene::{SLAB, Spec};
use super::stats::assert_relative;
use crate::backends::on_every_backend;
use adlayer::testing::moves::Trial;
use adlayer::testing::system::configuration::{Batch, Configuration};
use glam::DVec3;
use serde_json::Value;

/// Energies of one atom at many places, asked of the backend as trial insertions into empty replicas.
pub(crate) fn energies(device: &str, text: &str, places: &[DVec3]) -> Vec<f64> {
    let batch = Batch { configurations: vec![Configuration::default(); places.len()] };
    let mut loaded = load(text);
    loaded.scene.grid.walkers = 1;
    let mut run = Run::from_batch(device, loaded, &batch);
    let trials: Vec<Trial> = places.iter().map(|&position| Trial::Insert { species: 1, position }).collect();
    let backend = run.sampler.backend_mut().trial_energies_mut().expect("every backend of today has them");
    backend.trial_energies(&trials).expect("energies")
}

/// The scene of a table of Henry constants.
pub(crate) fn scene(of: &Value) -> String {
    let pair = format!("epsilon: {:?}, sigma: {:?}", number(of, "eps_AB"), number(of, "sigma_AB"));
    let spec = Spec { pair: pair.leak(), cell: "Slab(height: 6.0)".into(), substrate: SLAB.into(), ..Spec::default() };
    spec.text()
}

/// Sites, weights excluded, of a uniform grid: trapezoid in z between the walls, periodic in x and y.
fn places(points: (usize, usize, usize)) -> (Vec<DVec3>, Vec<f64>) {
    let (nx, ny, nz) = points;
    let cell = DVec3::new(1.1, 1.1 * 3f64.sqrt(), 6.0);
    let (mut at, mut weights) = (Vec::new(), Vec::new());
    for i in 0..nx {
        for j in 0..ny {
            for k in 0..=nz {
                at.push(cell * DVec3::new(i as f64 / nx as f64, j as f64 / ny as f64, k as f64 / nz as f64));
                let end = if k == 0 || k == nz { 0.5 } else { 1.0 };
                // 18 such cells make up the cell of the scene
                weights.push(18.0 * end * cell.element_product() / (nx * ny * nz) as f64);
            }
        }
    }
    (at, weights)
}

/// Compares Q₁, ⟨u⟩ and ⟨u²⟩ at every temperature of both tables.
///
/// - `points`: along each axis of one surface cell
pub(crate) fn compare(points: (usize, usize, usize), tolerance: f64) {
    on_every_backend(|device| {
        let case = case("i_henry");
        for (name, of) in case.as_object().expect("tables") {
            let (at, weights) = places(points);
            let u = energies(device, &scene(of), &at);
            for row in rows(&of["T_table"]) {
                let t = number(row, "T");
                let (mut q, mut qu, mut quu) = (0.0, 0.0, 0.0);
                for (u, w) in u.iter().zip(&weights) {
                    let boltzmann = w * (-u / t).exp();
                    q += boltzmann;
                    if boltzmann > 0.0 {
                        qu += boltzmann * u;
                        quu += boltzmann * u * u;
                    }
                }
                let label = format!("{device} {name} T {t}");
                assert_relative(&format!("{label} Q₁"), q, number(row, "Q1=int_0^H exp(-beta u) dV"), tolerance);
                assert_relative(&format!("{label} ⟨u⟩"), qu / q, number(row, "u_mean"), tolerance);
                assert_relative(&format!("{label} ⟨u²⟩"), quu / q, number(row, "u2_mean"), tolerance);
            }
        }
    });
}
