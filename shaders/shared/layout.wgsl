// layout: what the host and every kernel share.   Twin: src/backend/gpu/layout.rs
// Fixed sizes are those of layout.rs; sizes that follow from the system are overrides.

const MAX_SPECIES = 8u;
const MAX_FIELDS_PER_SPECIES = 4u;
const MAX_SHIFTS = 128u;
const MAX_GROUPS = 32u;
const OVERLAP_ENERGY = 1e30;
// Height of atoms that only fill a place: 2⁵⁰, out of every reach, and its square is finite.
const FAR = 1125899906842624.0;

// Threads of a workgroup, slots of a replica, frozen atoms, periodic images of a pair.
override WORKGROUP: u32 = 64u;
override CAPACITY: u32 = 64u;
override N_FROZEN: u32 = 0u;
override N_SHIFTS: u32 = 1u;
// Mobile atoms are of several species; u' is shifted too; z is periodic; the second period leads along x; friction and noise act.
override MIXED: bool = false;
override FORCE_SHIFTED: bool = false;
override PERIODIC_Z: bool = false;
override OBLIQUE: bool = false;
override LANGEVIN: bool = true;
// Mobile atoms are copied into workgroup memory; frozen atoms too.
override LOCAL: bool = true;
override FROZEN_LOCAL: bool = true;
// Segments go through neighbour lists of at most 2 LIST_WORDS entries for each of LIST_ITEMS shares.
override LISTED: bool = false;
override LIST_WORDS: u32 = 1u;
override LIST_ITEMS: u32 = 1u;
// Round to the nearest integer by adding 1.5·2²³ and taking it away: for compilers that keep the order of float operations.
override MAGIC_ROUND: bool = false;

// One dispatch.
struct Params {
    first_in_order: u32,
    n_replicas: u32,
    first_replica: u32,
    steps: u32,
    step_low: u32,
    step_high: u32,
    redraw: u32,
    book: u32,
    result_words: u32,
    step: u32,
    n_states: u32,
    first_walker: u32,
    log_words: u32,
    fresh_log: u32,
    // Attempts of the cycle that earlier dispatches made.
    before: u32,
    // Words of the logs of one walker, where they stand by states: log_words is 0 then.
    log_row: u32,
    // Of Philox, two rounds a vector.
    round_keys: array<vec4<u32>, 5>,
}

// The form's own coefficients, what is subtracted at r_c, and where the pair begins and ends.
struct PairCoefficients {
    form: vec3<f32>,
    shift: f32,
    slope: f32,
    core_squared: f32,
    r_cut_squared: f32,
    tail: f32,
}

struct Species {
    mass: f32,
    inverse_mass: f32,
    self_image: f32,
    n_fields: u32,
}

// kind 0: harmonic (strength = k, place = centre); 1: Steele; 2: 9-3 wall (place = spacing, floor, σ⁴/3Δ).
struct ExternalField {
    kind: u32,
    strength: f32,
    sigma: f32,
    core: f32,
    place: vec4<f32>,
}

struct Reservoir {
    species: u32,
    max_atoms: u32,
    z_lo: f32,
    z_hi: f32,
}

// Voxels of the table of insertion of one reservoir species.
//   counts      along x, y, z of a surface cell; where its table of the first temperature begins
//   repeats     surface cells along x and y; numbers between the tables of two temperatures
//   per_length  voxels of a unit of length along x, y, z; lower end of the region
//   to_length   edges of a voxel; voxels along x by which a row of surface cells is ahead of the one below
struct Voxels {
    counts: vec4<u32>,
    repeats: vec4<u32>,
    per_length: vec4<f32>,
    to_length: vec4<f32>,
}

// Frozen atoms first..last are of one species and lie between two heights; without walls every height is within reach.
struct FrozenGroup {
    first: u32,
    last: u32,
    species: u32,
    spare: u32,
    z_low: f32,
    z_high: f32,
    spare_a: f32,
    spare_b: f32,
}

struct SystemTable {
    // w = r_c
    lengths: vec4<f32>,
    // w = 1.5·2²³
    lengths_low: vec4<f32>,
    // w = 1.5·2²³
    inverse_lengths: vec4<f32>,
    // floor, ceiling, (r_c + skin)², (½ skin)²
    walls: vec4<f32>,
    // ½ dt, e^{−γ dt}, √(1 − e^{−2γ dt}), half-width of a displacement
    dynamics: vec4<f32>,
    // Cells of large replicas: their numbers, the corner of the first, how many a length holds.
    grid: vec4<u32>,
    grid_origin: vec4<f32>,
    grid_scale: vec4<f32>,
    // Bins of the slab: their numbers, the first record; how many a length holds, the height of the lowest.
    slab_bins: vec4<u32>,
    slab_scale: vec4<f32>,
    // Surface cells that a length holds along x and y; their edges in two pieces, x and y of each.
    slab_cells: vec4<f32>,
    slab_edges: vec4<f32>,
    n_species: u32,
    n_groups: u32,
    n_reservoirs: u32,
    tail_correction: u32,
    pairs: array<PairCoefficients, 64>,
    species: array<Species, 8>,
    fields: array<ExternalField, 32>,
    reservoirs: array<Reservoir, 8>,
    voxels: array<Voxels, 8>,
    groups: array<FrozenGroup, 32>,
    shifts: array<vec4<f32>, 128>,
    // Of an oblique cell: the tilt; the tilt in two pieces.
    shear: vec4<f32>,
    // L_x in two pieces, whole multiples of which add exactly to those of the tilt; the tilt of a surface cell in two pieces.
    shear_edges: vec4<f32>,
    // Records of hosts and their number, records of partners and their number.
    bonds: vec4<u32>,
    // Shares of 2²⁴ below which a position is drawn in a half-shell, and about a host at all.
    bond_shares: vec4<u32>,
    // Cubes of the least and greatest length of a bond, cosine of the half-angle of a cap, squared reach of bonds of the slab.
    bond_shell: vec4<f32>,
    // Squares of those lengths, shares of half-shells and caps over M V.
    bond_range: vec4<f32>,
}

struct ReplicaRecord {
    n: u32,
    state: u32,
    status: u32,
    n_events: u32,
}

// ln_zv[s] = ln z_s + ln V_in; which tables of insertion, and their weights in shares of 2²⁴. Records of η follow those of
// the states: η of the first N of a window in ln_zv[0].x, eight of them a record.
// window: first record of its η; 0 without a window. bounds: fewest atoms | most << 16. weighted: its reservoir.
struct StateRecord {
    beta: f32,
    kt: f32,
    temperature: u32,
    window: u32,
    bounds: u32,
    weighted: u32,
    // Most insertion and deletion attempts of a cycle.
    attempts: u32,
    // First word of the log among those of a walker.
    log_start: u32,
    ln_zv: array<vec4<f32>, 2>,
    weights: array<vec4<u32>, 2>,
}

// kind 0: nothing; 1: insert; 2: delete; 3: displace; 4: change the species, velocity.x a factor
struct TrialRecord {
    kind: u32,
    species: u32,
    slot: u32,
    spare: u32,
    position: vec4<f32>,
    velocity: vec4<f32>,
}

// The state a replica holds from now on, and what its velocities are multiplied by.
struct AssignmentRecord {
    state: u32,
    scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> table: SystemTable;
// Frozen atoms, what the form of the pairs looks up, the tables of insertion: shares before every voxel, bins of the slab.
@group(0) @binding(2) var<storage, read> frozen: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> positions: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> velocities: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> replicas: array<ReplicaRecord>;
@group(0) @binding(6) var<storage, read> order: array<u32>;
@group(0) @binding(7) var<storage, read> states: array<StateRecord>;
@group(0) @binding(8) var<storage, read_write> tallies: array<u32>;
@group(0) @binding(9) var<storage, read_write> results: array<u32>;
@group(0) @binding(10) var<storage, read> trials: array<TrialRecord>;
@group(0) @binding(11) var<storage, read> assignments: array<AssignmentRecord>;
@group(0) @binding(12) var<storage, read_write> scratch: array<vec4<f32>>;
@group(0) @binding(13) var<storage, read_write> lists: array<u32>;
@group(0) @binding(14) var<storage, read_write> stale_steps: array<atomic<u32>>;
@group(0) @binding(15) var<storage, read_write> move_log: array<u32>;
