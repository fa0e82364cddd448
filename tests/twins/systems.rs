//! Systems, configurations and states that the GPU and the reference are loaded with alike.

use adlayer::testing::backend::Backend;
use adlayer::testing::backend::gpu::{Gpu, GpuDevice};
use adlayer::testing::backend::reference::Reference;
use adlayer::testing::base::ids::StateId;
use adlayer::testing::base::rng::{Rng, Stream};
use adlayer::testing::input::scene::grammar::{Images, Truncation};
use adlayer::testing::potential::{LennardJones, PairTable};
use adlayer::testing::system::cell::Cell;
use adlayer::testing::system::configuration::{Batch, Configuration};
use adlayer::testing::system::{Dynamics, FrozenAtoms, Reservoir, Species, System};
use adlayer::testing::thermo::states::StatePoint;
use glam::DVec3;
use std::sync::Arc;

/// A system of named parts; tests change what they are about.
pub(crate) fn system(lengths: DVec3, slab: bool) -> System {
    let species = |name: &str| Species { name: name.into(), symbol: name.into(), mass: 1.0 };
    System {
        species: vec![species("A"), species("B")],
        pairs: PairTable::new(2, 2.5, Truncation::Shifted, false, |a, b| {
            LennardJones::new(1.0 + 0.25 * (a + b) as f64, 1.0)
        }),
        external: vec![Vec::new(); 2],
        cell: if slab { Cell::slab(lengths, 0.0) } else { Cell::bulk(lengths) },
        images: Images::Sum,
        frozen: FrozenAtoms::default(),
        reservoirs: Vec::new(),
        insertion: None,
        bonds: None,
        capacity: 64,
        dynamics: Dynamics::Baoab { dt: 0.004, friction: 1.0, steps: 50 },
    }
}

/// A slab cell over a frozen square layer of A at z = −0.9, with a reservoir of B.
pub(crate) fn slab(max_atoms: u16) -> System {
    let mut slab = system(DVec3::new(6.6, 5.715_767_664_977_296, 6.0), true);
    for k in 0..36_u32 {
        let (i, j) = (f64::from(k % 6), f64::from(k / 6));
        slab.frozen.positions.push(DVec3::new(1.1 * i, 0.952_627_944 * j, -0.9));
        slab.frozen.species.push(0);
    }
    slab.capacity = usize::from(max_atoms);
    slab.reservoirs = vec![reservoir(&slab.cell, max_atoms)];
    slab
}

/// A slab cell over two layers of hexagonal sites of A, whose tilt is half an edge, with a reservoir of B.
pub(crate) fn hexagonal_slab(max_atoms: u16) -> System {
    let mut slab = system(DVec3::new(6.6, 6.6 * 0.75_f64.sqrt(), 6.0), true);
    slab.cell.tilt = 3.3;
    let [a, b, _] = slab.cell.vectors();
    for k in 0..72_u32 {
        let (i, j, layer) = (f64::from(k % 6), f64::from(k / 6 % 6), f64::from(k / 36));
        let site = (i + layer / 3.0) / 6.0 * a + (j + layer / 3.0) / 6.0 * b;
        slab.frozen.positions.push(slab.cell.wrap(site).with_z(-0.9 * (1.0 + layer)));
        slab.frozen.species.push(0);
    }
    slab.capacity = usize::from(max_atoms);
    slab.reservoirs = vec![reservoir(&slab.cell, max_atoms)];
    slab
}

/// A reservoir of species B over the whole cell.
pub(crate) fn reservoir(cell: &Cell, max_atoms: u16) -> Reservoir {
    let (z_lo, z_hi) = (cell.floor, cell.ceiling());
    Reservoir { species: 1, max_atoms, z_lo, z_hi, volume: cell.volume() }
}

/// `n` atoms on a distorted lattice that fills the cell, with thermal velocities; species by `species_of(slot)`.
pub(crate) fn configuration(system: &System, seed: u64, n: usize, species_of: impl Fn(usize) -> u8) -> Configuration {
    let rng = Rng::new(seed);
    let per_side = (system.capacity.max(n) as f64).cbrt().ceil().max(1.0) as usize;
    let spacing = system.cell.lengths / per_side as f64;
    let mut x = Configuration::default();
    for slot in 0..n {
        let at = slot * 7919 % per_side.pow(3);
        let site =
            DVec3::new((at % per_side) as f64, (at / per_side % per_side) as f64, (at / per_side / per_side) as f64);
        let [a, b, c, _] = rng.uniforms(Stream::InitialPosition, 0, 0, slot as u32);
        let inside = (site + 0.5 + 0.25 * (2.0 * DVec3::new(a, b, c) - 1.0)) * spacing;
        let position = system.cell.wrap(inside + DVec3::new(0.0, 0.0, system.cell.floor));
        x.insert(species_of(slot), position, rng.gaussians(Stream::InitialVelocity, 0, 0, slot as u32));
    }
    x
}

/// States of rising temperature and activity.
pub(crate) fn states(n: usize, n_reservoirs: usize) -> Vec<StatePoint> {
    let point = |k: usize| {
        let kt = 0.7 + 0.1 * k as f64;
        StatePoint { temperature: kt, kt, ln_z: vec![-3.0 + 0.3 * k as f64; n_reservoirs], window: None }
    };
    (0..n).map(point).collect()
}

/// One backend of each kind, loaded alike; the configurations are those that the GPU holds, exact in f32.
pub(crate) fn pair_of_backends(
    device: &Arc<GpuDevice>,
    system: &System,
    batch: &Batch,
    states: &[StatePoint],
    assignment: &[StateId],
    prepare: impl Fn(&mut Gpu),
) -> (Gpu, Reference, Batch) {
    let (shared, rng) = (Arc::new(system.clone()), Rng::new(20_26));
    let mut gpu = Gpu::new(Arc::clone(device), Arc::clone(&shared), rng).expect("the system fits");
    let mut reference = Reference::new(shared, rng);
    prepare(&mut gpu);
    gpu.load(batch, states, assignment).expect("the batch fits");
    let mut held = Batch::default();
    gpu.store(&mut held).expect("store");
    reference.load(&held, states, assignment).expect("load");
    (gpu, reference, held)
}
