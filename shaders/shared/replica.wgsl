// replica: one replica in workgroup memory.   Twin: src/backend/reference/replica.rs
// Slots 0..CAPACITY hold mobile atoms (w = species), the slots after them the frozen atoms.

// CAPACITY, plus N_FROZEN where frozen atoms are local.
override LOCAL_SLOTS: u32 = 64u;
// Places for partial sums.
override N_PARTIALS: u32 = 128u;
// The pair table where mobile atoms are of several species, else 1.
override N_LOCAL_PAIRS: u32 = 1u;
// Most threads that share one tile of atoms.
const MAX_LANES = 16u;
// Atoms from which forces of mobile pairs are evaluated once for both, in tiles of four.
override HALVED_FROM: u32 = 0xffffffffu;

// Whether that is so for n atoms: never, as the compiler should know, where it is the largest number.
fn is_halved(n: u32) -> bool {
    return HALVED_FROM != 0xffffffffu && n >= HALVED_FROM;
}

var<workgroup> local_position: array<vec4<f32>, LOCAL_SLOTS>;
var<workgroup> local_pairs: array<PairCoefficients, N_LOCAL_PAIRS>;

fn mobile_atom(replica: u32, slot: u32) -> vec4<f32> {
    if LOCAL {
        return local_position[slot];
    }
    return positions[replica * CAPACITY + slot];
}

fn frozen_atom(j: u32) -> vec3<f32> {
    if FROZEN_LOCAL {
        return local_position[CAPACITY + j].xyz;
    }
    return frozen[j].xyz;
}

fn species_of(atom: vec4<f32>) -> u32 {
    return u32(atom.w);
}

// Whether a group of frozen atoms can be within reach of atoms between two heights. What is skipped would add zeros.
fn within_reach(group: FrozenGroup, z_low: f32, z_high: f32, reach: f32) -> bool {
    return (group.z_high >= z_low - reach) & (group.z_low <= z_high + reach);
}

// Copies the atoms of a replica into workgroup memory. A barrier must follow.
fn load_replica(replica: u32, n: u32, thread: u32) {
    if LOCAL {
        for (var i = thread; i < n; i += WORKGROUP) {
            local_position[i] = positions[replica * CAPACITY + i];
        }
    }
    if FROZEN_LOCAL {
        for (var j = thread; j < N_FROZEN; j += WORKGROUP) {
            local_position[CAPACITY + j] = frozen[j];
        }
    }
    load_pairs(thread);
}

// Copies the pair table where it is looked up in the inner loop. A barrier must follow.
fn load_pairs(thread: u32) {
    if MIXED {
        for (var p = thread; p < N_LOCAL_PAIRS; p += WORKGROUP) {
            local_pairs[p] = table.pairs[p];
        }
    }
}

// The coefficients of a pair of species, in the inner loop.
fn pair_of(a: u32, b: u32) -> PairCoefficients {
    if MIXED {
        return local_pairs[a * MAX_SPECIES + b];
    }
    return table.pairs[a * MAX_SPECIES + b];
}

// Partial sums of all atoms stand in rows of an odd number, so that the banks of rows differ: of as many as there are atoms, or,
// where pairs are evaluated once for both, of a number that the compiler knows.
override HALVED_ROW: u32 = 1u;

fn row_of(n: u32) -> u32 {
    return n | 1u;
}

// How the pairs of n atoms are shared out: every thread takes tiles of two atoms, i and i + n_tiles (of one atom where
// lists are kept, of four where pairs are evaluated once for both), and `n_lanes` threads share the partners of a tile. A
// function of n only, and with it the order of summation.
//   n_rows  rows of partial sums: one for every lane; where pairs are evaluated once, one for every tile ahead too
struct Sharing {
    n_tiles: u32,
    n_lanes: u32,
    n_rows: u32,
}

fn sharing_of(n: u32) -> Sharing {
    let halved = is_halved(n);
    let n_tiles = select(select((n + 1u) / 2u, (n + 3u) / 4u, halved), n, LISTED);
    let ahead = n_tiles / 2u;
    let n_lanes = clamp(WORKGROUP / n_tiles, 1u, MAX_LANES);
    return Sharing(n_tiles, n_lanes, n_lanes + select(0u, ahead, halved));
}

// The share of one thread: its first tile, and which of the partners of that it takes: every n_lanes-th from `lane` on.
// Where there are more tiles than threads, the next one is WORKGROUP further.
struct Share {
    n_tiles: u32,
    n_lanes: u32,
    n_rows: u32,
    tile: u32,
    lane: u32,
}

fn share_of(n: u32, thread: u32) -> Share {
    let sharing = sharing_of(n);
    let tile = thread / sharing.n_lanes;
    let lane = thread - tile * sharing.n_lanes;
    return Share(sharing.n_tiles, sharing.n_lanes, sharing.n_rows, tile, lane);
}

// Free flight and reflection; the position is not wrapped.
fn drift(position: ptr<function, vec3<f32>>, velocity: ptr<function, vec3<f32>>, dt: f32) {
    *position += dt * *velocity;
    reflect_at_walls(position, velocity);
}
