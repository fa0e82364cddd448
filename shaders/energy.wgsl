// energy: E, N and status of one replica.   Twin: src/forces/pairwise.rs
// One workgroup per replica; pairs are shared out as for forces, sums run in a fixed order.
//   scratch  [n_replicas * 2 CAPACITY]    energies of the atoms of large replicas, from large_energies
//   results  [n_replicas * result_words]  E (two f32 to be added), status, N_s (two u16 a word)

// Bit of the status word: an atom is not a number or outside its walls.
const STATUS_UNSOUND = 1u;
const N_SUMS = 32u;

var<workgroup> partial: array<f32, N_PARTIALS>;
var<workgroup> sums: array<vec2<f32>, N_SUMS>;
var<workgroup> counts: array<atomic<u32>, MAX_SPECIES>;
var<workgroup> status: atomic<u32>;

// Partial sums of the energy of every atom: half its mobile pairs, all its frozen pairs.
fn share_energies(replica: u32, n: u32, thread: u32) {
    let sharing = sharing_of(n);
    let n_tiles = sharing.n_tiles;
    let n_lanes = sharing.n_lanes;
    for (var item = thread; item < n_tiles * n_lanes; item += WORKGROUP) {
        let lane = item / n_tiles;
        for (var i = item - lane * n_tiles; i < n; i += n_tiles) {
            let atom = mobile_atom(replica, i);
            var energy = 0.0;
            let own_pair = pair_of(species_of(atom), species_of(atom));
            for (var j = lane * n / n_lanes; j < (lane + 1u) * n / n_lanes; j++) {
                let other = mobile_atom(replica, j);
                if MIXED {
                    let pair = pair_of(species_of(atom), species_of(other));
                    energy += 0.5 * energy_between(atom.xyz, other.xyz, pair, i == j);
                } else {
                    energy += 0.5 * energy_between(atom.xyz, other.xyz, own_pair, i == j);
                }
            }
            for (var g = 0u; g < table.n_groups; g++) {
                let group = table.groups[g];
                if !within_reach(group, atom.z, atom.z, table.lengths.w) {
                    continue;
                }
                let size = group.last - group.first;
                let last = group.first + (lane + 1u) * size / n_lanes;
                let pair = pair_of(species_of(atom), group.species);
                for (var j = group.first + lane * size / n_lanes; j < last; j++) {
                    energy += energy_between(atom.xyz, frozen_atom(j), pair, false);
                }
            }
            if TRIPLETS {
                energy += share_triplet_energy(species_of(atom), atom.xyz, i, false, n, lane, n_lanes);
            }
            partial[lane * n + i] = energy;
        }
    }
}

@compute @workgroup_size(WORKGROUP)
fn measure(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let replica = order[params.first_in_order + group.x];
    let n = replicas[replica].n;
    load_cell();
    load_replica(replica, n, thread);
    for (var s = thread; s < MAX_SPECIES; s += WORKGROUP) {
        atomicStore(&counts[s], 0u);
    }
    if thread == 0u {
        atomicStore(&status, 0u);
    }
    workgroupBarrier();
    if n > 0u && LOCAL {
        share_energies(replica, n, thread);
    }
    for (var i = thread; i < n; i += WORKGROUP) {
        let atom = mobile_atom(replica, i);
        atomicAdd(&counts[species_of(atom)], 1u);
        let velocity = velocities[replica * CAPACITY + i].xyz;
        if !(is_finite(atom.xyz) & is_finite(velocity) & contains(atom.xyz)) {
            atomicOr(&status, STATUS_UNSOUND);
        }
    }
    workgroupBarrier();
    if thread < N_SUMS {
        let n_lanes = sharing_of(max(n, 1u)).n_lanes;
        var sum = vec2<f32>(0.0);
        for (var i = thread; i < n; i += N_SUMS) {
            let atom = mobile_atom(replica, i);
            var energy = external_force_energy(species_of(atom), atom.xyz).w;
            if LOCAL {
                for (var lane = 0u; lane < n_lanes; lane++) {
                    energy += partial[lane * n + i];
                }
            } else {
                energy += scratch[(2u * replica + 1u) * CAPACITY + i].x;
            }
            sum = add_to_pair(sum, energy);
        }
        sums[thread] = sum;
    }
    workgroupBarrier();
    if thread == 0u {
        var sum = vec2<f32>(0.0);
        for (var t = 0u; t < N_SUMS; t++) {
            sum = add_to_pair(sum, sums[t].x);
            sum.y += sums[t].y;
        }
        let first = replica * params.result_words;
        results[first] = bitcast<u32>(sum.x);
        results[first + 1u] = bitcast<u32>(sum.y);
        results[first + 2u] = atomicLoad(&status) | replicas[replica].status;
        for (var word = 0u; word + 3u < params.result_words; word++) {
            var packed = 0u;
            for (var half = 0u; half < 2u; half++) {
                let r = 2u * word + half;
                if r < table.n_reservoirs {
                    packed |= atomicLoad(&counts[table.reservoirs[r].species]) << (16u * half);
                }
            }
            results[first + 3u + word] = packed;
        }
    }
}
