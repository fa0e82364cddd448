//! Which kernels run and how large they are: rules on the system and the limits, never a timing.

use super::device::Traits;
use super::dynamics::DeviceDynamics;
use super::layout::{MAX_SPECIES, PairCoefficients, SKIN, TALLY_BYTES};
use super::shaders::{Module, Product};
use super::slab::SlabBins;
use super::system_table::CellGrid;
use super::tuning::Tuning;
use crate::base::error::{DeviceError, Result};
use crate::system::System;

/// Partners of an atom from which lists pay: all slots, and frozen atoms that are in no bins.
const LISTS_FROM: u32 = 160;
/// Atoms from which it pays to evaluate pairs once for both, with 64 threads a replica and with more.
const HALVED_FROM: [u32; 2] = [40, 48];
/// Workgroup memory that this may take: more leaves too few replicas beside one another on a processor. \[bytes\]
const HALVED_MEMORY: u32 = 24 * 1024;
/// Most threads that share the partners of a tile: MAX_LANES of the kernels.
const MAX_LANES: u32 = 16;
/// Words of one list, with its header: twice as many neighbours fit, less what pads the halves.
const LIST_WORDS: u32 = 80;
/// The same where every neighbour has a word of its own.
pub(super) const LARGE_LIST_WORDS: u32 = 192;

/// Ways of the kernels that lead to the same numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// No neighbour lists.
    AllPairs,
    /// Neighbour lists, but where images are summed, or an oblique cell is too narrow for them.
    Lists,
    /// Every pair of mobile atoms once for both, whatever their number; where there are no bins of a slab or lists would do it
    /// otherwise, nothing changes.
    Halved,
    /// Every pair of mobile atoms twice, once for each.
    Doubled,
    /// All frozen atoms instead of bins.
    WholeSlab,
    /// As on adapters that reorder sums and have no 64-bit integers.
    PlainArithmetic,
}

/// Sizes of the kernels for one system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    /// Slots of a replica.
    pub(super) capacity: u32,
    /// Threads of a workgroup for segments and measurements.
    pub(super) workgroup: u32,
    /// Threads of a workgroup for particle moves.
    pub(super) moves_workgroup: u32,
    /// Frozen atoms.
    pub(super) n_frozen: u32,
    /// Whether frozen atoms fit into workgroup memory.
    pub(super) frozen_local: bool,
    /// Trial positions of an attempt; none where insertions are uniform.
    trials: Option<u32>,
    /// Hosts about which atoms are inserted.
    n_hosts: u32,
    /// Tallies of particle moves of one state: an N of every reservoir species.
    n_tallies: u64,
    /// Words of one measurement.
    pub(super) result_words: u32,
    /// Pair evaluations of one dispatch, to keep it under 100 ms.
    pub(super) pairs_per_dispatch: u64,
    /// Whether mobile atoms are of several species: known when the atoms are, the worst until then.
    pub(super) mixed: bool,
    /// Whether segments go through neighbour lists.
    listed: bool,
    /// Atoms from which segments evaluate every pair once for both, where they can.
    halved_from: Option<u32>,
    list_words: u32,
    /// Cells of a large replica.
    n_cells: u32,
    several_frozen_species: bool,
    /// Records of a bin of the slab where it is in bins, and what these are called.
    bins: Option<(u32, String)>,
    /// Whether replicas stay in storage, one dispatch a step.
    pub(super) large: bool,
    force_shifted: bool,
    /// WGSL source of the functional form of the pairs.
    pub(super) form: &'static str,
    periodic_z: bool,
    oblique: bool,
    /// Whether a list can hold all that it reaches: one image is all there is, in an oblique cell within the skin too.
    listable: bool,
    langevin: bool,
    /// Whether segments are accepted or rejected as a whole.
    segments: bool,
    /// Whether all atoms move in every step; else single atoms are displaced.
    pub(super) is_molecular: bool,
    magic_round: bool,
    /// How random numbers are multiplied.
    pub(super) product: Product,
    n_shifts: u32,
    /// Whether there are triplets.
    triplets: bool,
    /// Whether fields act on single atoms.
    fields: bool,
}

impl Plan {
    /// The plan for a system on a device.
    ///
    /// # Errors
    /// [`DeviceError`] when a replica does not fit.
    pub(super) fn new(system: &System, device: &Traits, tuning: &Tuning, bins: Option<&SlabBins>) -> Result<Plan> {
        let capacity = system.capacity.max(1) as u32;
        let n_frozen = system.frozen.positions.len() as u32;
        let workgroup = tuning.workgroup.unwrap_or(match capacity {
            0..=64 => 64,
            65..=256 => 128,
            _ => 256,
        });
        let partners = capacity + if bins.is_some() { 0 } else { n_frozen };
        let moves_workgroup = match capacity + n_frozen {
            0..=512 => 32,
            513..=2048 => 64,
            _ => 128,
        };
        let n_shifts = system.image_shifts().len();
        let dynamics = DeviceDynamics::new(&system.dynamics);
        let (reach, oblique) = ((1.0 + SKIN) * system.pairs.r_cut, system.cell.is_oblique());
        let listable = n_shifts == 1 && (!oblique || 1.000_1 * reach <= 0.5 * system.cell.shortest_period());
        let has_triplets = system.pairs.three_body().is_some();
        let mut plan = Plan {
            capacity,
            workgroup,
            moves_workgroup,
            n_frozen,
            frozen_local: true,
            trials: system.insertion.as_ref().map(|tables| tables.trials as u32),
            n_hosts: system.bonds.as_ref().map_or(0, |bonds| bonds.hosts.len() as u32),
            n_tallies: system.reservoirs.iter().map(|r| u64::from(r.max_atoms) + 1).sum(),
            result_words: (3 + (system.reservoirs.len() as u32).div_ceil(2)).next_multiple_of(4),
            pairs_per_dispatch: device.pairs_per_dispatch,
            mixed: true,
            listed: partners >= tuning.lists_from.unwrap_or(LISTS_FROM) && listable && !has_triplets,
            halved_from: Some(HALVED_FROM[usize::from(workgroup > 64)]).filter(|&from| capacity >= from),
            list_words: LIST_WORDS,
            n_cells: CellGrid::new(system).n_cells(),
            large: false,
            bins: bins.map(|bins| (bins.records_of_bin, bins.name())),
            several_frozen_species: system.frozen.species.iter().any(|&s| s != system.frozen.species[0]),
            force_shifted: system.pairs.truncation == crate::potential::Truncation::ForceShifted,
            form: system.pairs.shader(),
            periodic_z: system.cell.periodic_z,
            oblique,
            listable,
            langevin: dynamics.langevin,
            segments: system.dynamics.segment().is_some(),
            is_molecular: dynamics.is_molecular,
            magic_round: device.keeps_order,
            product: device.product,
            n_shifts: n_shifts as u32,
            triplets: has_triplets,
            fields: system.external.iter().any(|fields| !fields.is_empty()),
        };
        if plan.triplets && n_shifts > 1 {
            let problem = format!(
                "device `gpu` takes the nearest image of a triplet only, but the cutoff {} exceeds half the shortest period or \
                 width {}",
                system.pairs.r_cut,
                system.cell.shortest_period()
            );
            return Err(DeviceError::TooLarge { problem, remedy: "use --device reference" }.into());
        }
        let limit = device.workgroup_memory;
        if plan.integrate_memory() > HALVED_MEMORY.min(limit) {
            plan.halved_from = None;
        }
        if plan.workgroup_memory() > limit {
            plan.listed = false;
        }
        if plan.workgroup_memory() > limit {
            plan.frozen_local = false;
        }
        if plan.workgroup_memory() > limit {
            plan.make_large();
        }
        if plan.triplets && plan.large {
            let problem = format!(
                "a replica of {capacity} atoms with triplets does not fit the workgroup memory of adapter `{}`, and larger ones go \
                 without triplets",
                device.name
            );
            return Err(DeviceError::TooLarge { problem, remedy: "use --device cpu" }.into());
        }
        if plan.workgroup_memory() > limit || capacity + n_frozen > u32::from(u16::MAX) {
            let problem = format!(
                "a replica of {capacity} atoms needs {} bytes of workgroup memory, adapter `{}` has {limit}",
                plan.workgroup_memory(),
                device.name
            );
            return Err(DeviceError::TooLarge { problem, remedy: "lower max_atoms or use --device reference" }.into());
        }
        Ok(plan)
    }

    /// Atoms stay in storage and segments go step by step, through lists where one image is all there is.
    pub(super) fn make_large(&mut self) {
        (self.large, self.frozen_local, self.listed) = (true, false, self.listable);
        self.list_words = LARGE_LIST_WORDS;
    }

    /// Goes a way that the rules would not have chosen.
    pub(super) fn go(&mut self, way: Way) {
        match way {
            Way::AllPairs => self.listed = false,
            Way::Lists => self.listed = self.listable && !self.triplets,
            Way::Halved => (self.listed, self.halved_from) = (false, Some(1)),
            Way::Doubled => self.halved_from = None,
            Way::WholeSlab => self.bins = None,
            Way::PlainArithmetic => (self.magic_round, self.product) = (false, Product::Halves),
        }
    }

    /// Lowers the room for lists; none without room for a header and one word.
    pub(super) fn limit_lists(&mut self, words: u32) {
        self.list_words = words.max(1);
        self.listed &= words > 1;
    }

    /// Its name in run.json.
    pub(super) fn name(&self) -> String {
        if self.large {
            let lists = if self.listed { "neighbour lists" } else { "all pairs" };
            return format!(
                "f32, {lists} in storage, one dispatch a step, moves with {} threads",
                self.moves_workgroup
            );
        }
        let pairs = match (self.listed, self.halves_from()) {
            (true, _) => "neighbour lists".to_owned(),
            (false, None) => "all pairs".to_owned(),
            (false, Some(from)) => format!("all pairs, once from {from} atoms,"),
        };
        let frozen = match (&self.bins, self.frozen_local) {
            (Some((_, bins)), _) => bins,
            (None, true) => "frozen atoms local",
            (None, false) => "frozen atoms in storage",
        };
        let pairs = if self.triplets { "all pairs and triplets" } else { &pairs };
        format!(
            "f32, {pairs} in workgroup memory, {} threads a replica, {frozen}, moves with {} threads",
            self.workgroup, self.moves_workgroup
        )
    }

    /// Whether a module has the frozen atoms in workgroup memory: not where it finds them in bins.
    fn frozen_local_in(&self, module: Module) -> bool {
        self.frozen_local && !self.binned_in(module)
    }

    /// Whether a module looks frozen atoms up in bins.
    fn binned_in(&self, module: Module) -> bool {
        self.bins.is_some() && matches!(module, Module::Integrate | Module::ParticleMoves)
    }

    /// Atoms in workgroup memory.
    fn local_slots(&self, module: Module) -> u32 {
        if self.large {
            return 1;
        }
        let filled =
            if self.halves_from_in(module).is_some() { self.capacity.next_multiple_of(4) } else { self.capacity };
        filled + if self.frozen_local_in(module) { self.n_frozen } else { 0 }
    }

    /// Atoms from which segments evaluate every pair once for both: where every atom has a thread, and the last tile can be filled
    /// up out of reach, behind the last slot.
    fn halves_from(&self) -> Option<u32> {
        let rigid = self.periodic_z || self.triplets || self.listed || self.large || !self.one_atom();
        let frozen_behind = self.bins.is_none() && self.n_frozen > 0;
        self.halved_from.filter(|_| !rigid && !frozen_behind)
    }

    /// As [`Plan::halves_from`], of a module.
    fn halves_from_in(&self, module: Module) -> Option<u32> {
        self.halves_from().filter(|_| module == Module::Integrate)
    }

    /// Whether no thread has two atoms.
    fn one_atom(&self) -> bool {
        self.capacity <= self.workgroup
    }

    /// A row of partial sums where pairs are evaluated once for both: odd, so that the banks of rows differ.
    fn halved_row(&self) -> u32 {
        self.capacity.next_multiple_of(4) | 1
    }

    /// Partial sums of the hungriest number of atoms: `Sharing` of the kernels, with rows that are summed two or four at a time. A
    /// multiple of four, so that vectors behind them are aligned.
    fn n_partials(&self, module: Module) -> u32 {
        let of = |n: u32| {
            let halved = self.halves_from_in(module).is_some_and(|from| n >= from);
            let n_tiles = match (self.listed, halved) {
                (true, _) => n,
                (false, true) => n.div_ceil(4),
                (false, false) => n.div_ceil(2),
            };
            let n_lanes = (self.workgroup / n_tiles).clamp(1, MAX_LANES);
            let (row, more) = if halved { (self.halved_row(), n_tiles / 2) } else { (n | 1, 0) };
            (n_lanes + more).next_multiple_of(if n_lanes + more > 2 { 4 } else { 2 }) * row
        };
        (1..=self.capacity).map(of).max().unwrap_or(0).next_multiple_of(4)
    }

    /// Atoms that noise is drawn for at a time: of several steps where they are few.
    fn n_noise(&self) -> u32 {
        if self.langevin { self.workgroup.max(self.capacity) } else { 1 }
    }

    /// Atoms whose places in the slab are kept, and those that fill up the last tile.
    fn n_sites(&self) -> u32 {
        if self.binned_in(Module::Integrate) { self.capacity.next_multiple_of(4) } else { 1 }
    }

    /// Shares of partners that a replica can have.
    fn list_items(&self) -> u32 {
        if self.listed { self.workgroup.max(self.capacity) } else { 1 }
    }

    /// Words of the lists of one replica; those of a large one with its bins.
    fn list_stride(&self) -> u64 {
        let lists = u64::from(self.list_words) * u64::from(self.list_items());
        let bins = u64::from(self.n_cells) + 1 + u64::from(self.capacity) + u64::from(self.n_frozen);
        match (self.listed, self.large) {
            (false, _) => 0,
            (true, false) => lists,
            (true, true) => lists + bins,
        }
    }

    /// Slots of a replica in the scratch that large steps take.
    fn step_slots(&self) -> u32 {
        if self.large { 2 * self.capacity } else { 0 }
    }

    /// Bytes of the scratch of one replica: those of large steps, and the start of a segment with its energies.
    pub(super) fn scratch_bytes(&self) -> u64 {
        let start = if self.segments { 2 * self.capacity + 1 } else { 0 };
        16 * (u64::from(self.step_slots()) + u64::from(start))
    }

    /// Bytes of the lists of one replica.
    pub(super) fn list_bytes(&self) -> u64 {
        4 * self.list_stride()
    }

    /// Whether segments of large replicas go through bins and lists.
    pub(super) fn binned(&self) -> bool {
        self.large && self.listed
    }

    /// Bytes of the tallies of one state.
    pub(super) fn tally_bytes(&self) -> u64 {
        TALLY_BYTES * self.n_tallies
    }

    /// Most frozen atoms that an atom is paired with.
    pub(super) fn slab_partners(&self) -> u64 {
        u64::from(self.bins.as_ref().map_or(self.n_frozen, |(records, _)| records - 1))
    }

    /// Positions that the attempts of one round draw.
    fn n_drawn(&self) -> u32 {
        self.moves_workgroup * self.trials.unwrap_or(1)
    }

    fn n_local_pairs(&self) -> u32 {
        if self.mixed || self.several_frozen_species { (MAX_SPECIES * MAX_SPECIES) as u32 } else { 1 }
    }

    /// Bytes of the kernel of segments, without the pair table.
    fn integrate_memory(&self) -> u32 {
        let references = if self.listed { self.capacity } else { 1 };
        let atoms = self.local_slots(Module::Integrate) + self.capacity + self.n_noise() + references + self.n_sites();
        16 * atoms + 12 * self.n_partials(Module::Integrate) + 8
    }

    /// Bytes of the hungriest kernel.
    fn workgroup_memory(&self) -> u32 {
        let pairs = size_of::<PairCoefficients>() as u32 * self.n_local_pairs();
        let moves = 16 * self.n_drawn() + 20 * self.moves_workgroup + 640 + 32 * self.n_hosts.max(1);
        if self.large {
            let steps = 4 * (self.n_cells + self.workgroup).max(self.n_partials(Module::Energy)) + 512;
            return steps.max(if self.n_hosts > 0 { moves } else { 0 }) + pairs;
        }
        let slots = |module| 16 * self.local_slots(module);
        let integrate = self.integrate_memory();
        let energy = slots(Module::Energy) + 4 * self.n_partials(Module::Energy) + 512;
        let moves = slots(Module::ParticleMoves) + moves;
        integrate.max(energy).max(moves) + pairs
    }

    /// Override constants of a module.
    pub(super) fn constants(&self, module: Module) -> Vec<(&'static str, f64)> {
        let workgroup = if module == Module::ParticleMoves { self.moves_workgroup } else { self.workgroup };
        let flag = |on: bool| f64::from(u8::from(on));
        // frozen atoms of all species in one list
        let lumped = self.listed || self.large || self.binned_in(module);
        let mut constants = vec![
            ("WORKGROUP", f64::from(workgroup)),
            ("CAPACITY", f64::from(self.capacity)),
            ("N_FROZEN", f64::from(self.n_frozen)),
            ("N_SHIFTS", f64::from(self.n_shifts)),
            ("MIXED", flag(self.mixed || (lumped && self.several_frozen_species))),
            ("LOCAL", flag(!self.large)),
            ("LISTED", flag(self.listed)),
            ("LIST_WORDS", f64::from(self.list_words)),
            ("LIST_ITEMS", f64::from(self.list_items())),
            ("FORCE_SHIFTED", flag(self.force_shifted)),
            ("PERIODIC_Z", flag(self.periodic_z)),
            ("OBLIQUE", flag(self.oblique)),
            ("LANGEVIN", flag(self.langevin)),
            ("FROZEN_LOCAL", flag(self.frozen_local_in(module))),
            ("MAGIC_ROUND", flag(self.magic_round)),
        ];
        if module == Module::Segment {
            constants.push(("STEP_SLOTS", f64::from(self.step_slots())));
        } else if module != Module::Assign {
            constants.push(("LOCAL_SLOTS", f64::from(self.local_slots(module))));
            constants.push(("N_PARTIALS", f64::from(self.n_partials(module))));
            constants.push(("HALVED_ROW", f64::from(self.halved_row())));
            constants.push(("HALVED_FROM", f64::from(self.halves_from_in(module).unwrap_or(u32::MAX))));
            if module == Module::IntegrateLarge {
                constants.push(("LIST_STRIDE", self.list_stride() as f64));
                constants.push(("N_CELLS", f64::from(self.n_cells)));
            }
            if module == Module::ParticleMoves {
                constants.push(("BIASED", flag(self.trials.is_some() || self.n_hosts > 0)));
                constants.push(("BONDED", flag(self.n_hosts > 0)));
                constants.push(("N_HOSTS", f64::from(self.n_hosts.max(1))));
                constants.push(("TRIALS", f64::from(self.trials.unwrap_or(1))));
                constants.push(("N_DRAWN", f64::from(self.n_drawn())));
            }
            if module == Module::Integrate {
                constants.push(("N_NOISE", f64::from(self.n_noise())));
                constants.push(("REFERENCE_SLOTS", f64::from(if self.listed { self.capacity } else { 1 })));
                constants.push(("N_SITES", f64::from(self.n_sites())));
                constants.push(("FIELDS", flag(self.fields)));
                constants.push(("ONE_ATOM", flag(self.one_atom())));
            }
            if matches!(module, Module::Integrate | Module::ParticleMoves) {
                constants.push(("BINNED", flag(self.binned_in(module))));
                constants.push(("SLAB_RECORDS", f64::from(self.bins.as_ref().map_or(1, |bins| bins.0))));
            }
            constants.push(("N_LOCAL_PAIRS", f64::from(self.n_local_pairs())));
            if matches!(module, Module::Integrate | Module::Energy | Module::ParticleMoves) {
                constants.push(("TRIPLETS", flag(self.triplets)));
            }
        }
        constants
    }
}
