// integrate: MD segment of one replica.   Twin: src/backend/reference/integrators.rs
// One workgroup per replica; a thread takes a tile of two atoms and a share of their partners.
// Source: Leimkuhler & Matthews, Proc. R. Soc. A 472, 20160138 (2016) for BAOAB.
//   positions   [n_replicas * CAPACITY]  [length], w = species, updated
//   velocities  [n_replicas * CAPACITY]  [length / time], updated
//   scratch     [n_replicas * CAPACITY]  forces [energy / length], written by `forces` only

var<workgroup> local_velocity: array<vec4<f32>, CAPACITY>;
var<workgroup> partial: array<vec4<f32>, N_PARTIALS>;

// Partial sums of the pair forces on every atom: partial[lane * n + i].
fn share_forces(n: u32, thread: u32) {
    let sharing = sharing_of(n);
    let n_tiles = sharing.n_tiles;
    let n_lanes = sharing.n_lanes;
    for (var item = thread; item < n_tiles * n_lanes; item += WORKGROUP) {
        let lane = item / n_tiles;
        let i = item - lane * n_tiles;
        let paired = i + n_tiles < n;
        let k = select(i, i + n_tiles, paired);
        let atom_i = local_position[i];
        let atom_k = local_position[k];
        var force_i = vec3<f32>(0.0);
        var force_k = vec3<f32>(0.0);
        if MIXED {
            for (var j = lane * n / n_lanes; j < (lane + 1u) * n / n_lanes; j++) {
                let atom_j = local_position[j];
                force_i += force_between(atom_i.xyz, atom_j.xyz, pair_of(species_of(atom_i), species_of(atom_j)));
                force_k += force_between(atom_k.xyz, atom_j.xyz, pair_of(species_of(atom_k), species_of(atom_j)));
            }
        } else {
            let pair = pair_of(species_of(atom_i), species_of(atom_i));
            for (var j = lane * n / n_lanes; j < (lane + 1u) * n / n_lanes; j++) {
                let other = local_position[j].xyz;
                force_i += force_between(atom_i.xyz, other, pair);
                force_k += force_between(atom_k.xyz, other, pair);
            }
        }
        let z_low = min(atom_i.z, atom_k.z);
        let z_high = max(atom_i.z, atom_k.z);
        for (var g = 0u; g < table.n_groups; g++) {
            let group = table.groups[g];
            if !within_reach(group, z_low, z_high, table.lengths.w) {
                continue;
            }
            let size = group.last - group.first;
            let last = group.first + (lane + 1u) * size / n_lanes;
            let pair_i = pair_of(species_of(atom_i), group.species);
            if MIXED {
                let pair_k = pair_of(species_of(atom_k), group.species);
                for (var j = group.first + lane * size / n_lanes; j < last; j++) {
                    let other = frozen_atom(j);
                    force_i += force_between(atom_i.xyz, other, pair_i);
                    force_k += force_between(atom_k.xyz, other, pair_k);
                }
            } else {
                for (var j = group.first + lane * size / n_lanes; j < last; j++) {
                    let other = frozen_atom(j);
                    force_i += force_between(atom_i.xyz, other, pair_i);
                    force_k += force_between(atom_k.xyz, other, pair_i);
                }
            }
        }
        partial[lane * n + i] = vec4<f32>(force_i, 0.0);
        if paired {
            partial[lane * n + k] = vec4<f32>(force_k, 0.0);
        }
    }
}

// The same through lists: partial[lane * n + i].
fn share_listed_forces(replica: u32, n: u32, thread: u32) {
    let n_lanes = sharing_of(n).n_lanes;
    for (var item = thread; item < n * n_lanes; item += WORKGROUP) {
        let lane = item / n;
        let i = item - lane * n;
        let atom = local_position[i];
        let header = lists[list_word(replica, 0u, item)];
        if header == OVERFLOW {
            partial[item] = vec4<f32>(share_of_all_pairs(replica, atom, n, lane, n_lanes), 0.0);
            continue;
        }
        let mobile_end = header & 0xffffu;
        let end = header >> 16u;
        var force = vec3<f32>(0.0);
        if MIXED {
            for (var word = 1u; word < end; word++) {
                let slots = lists[list_word(replica, word, item)];
                let a = local_position[slots & 0xffffu];
                let b = local_position[slots >> 16u];
                force += force_between(atom.xyz, a.xyz, pair_of(species_of(atom), species_of(a)));
                force += force_between(atom.xyz, b.xyz, pair_of(species_of(atom), species_of(b)));
            }
        } else {
            let pair = pair_of(species_of(atom), species_of(atom));
            for (var word = 1u; word < mobile_end; word++) {
                let slots = lists[list_word(replica, word, item)];
                force += force_between(atom.xyz, local_position[slots & 0xffffu].xyz, pair);
                force += force_between(atom.xyz, local_position[slots >> 16u].xyz, pair);
            }
            let frozen_pair = pair_of(species_of(atom), table.groups[0].species);
            for (var word = mobile_end; word < end; word++) {
                let slots = lists[list_word(replica, word, item)];
                force += force_between(atom.xyz, local_position[slots & 0xffffu].xyz, frozen_pair);
                force += force_between(atom.xyz, local_position[slots >> 16u].xyz, frozen_pair);
            }
        }
        partial[item] = vec4<f32>(force, 0.0);
    }
}

// Whether atoms have moved far enough in an even or odd step for the lists to be built anew.
var<workgroup> stale: array<atomic<u32>, 2>;

// Pair forces by the kernel's rule. Lists are rebuilt at the start of a dispatch and when an atom has moved half the
// skin; what they hold beyond r_c adds zeros, and the order of summation is that of the slots, so that the bits do not
// depend on when that was.
fn share_all_forces(replica: u32, n: u32, thread: u32, step: u32) {
    if LISTED {
        let rebuild = step == 0u || atomicLoad(&stale[(step + 1u) & 1u]) != 0u;
        if rebuild {
            build_lists(replica, n, thread);
        }
        share_listed_forces(replica, n, thread);
    } else {
        share_forces(n, thread);
    }
}

// Force on atom i: the lanes in order, then the external fields.
fn sum_forces(n: u32, i: u32, atom: vec4<f32>) -> vec3<f32> {
    let n_lanes = sharing_of(n).n_lanes;
    var force = vec3<f32>(0.0);
    for (var lane = 0u; lane < n_lanes; lane++) {
        force += partial[lane * n + i].xyz;
    }
    return force + external_force_energy(species_of(atom), atom.xyz).xyz;
}

@compute @workgroup_size(WORKGROUP)
fn integrate(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let replica = order[params.first_in_order + group.x];
    let id = params.first_replica + replica;
    let n = replicas[replica].n;
    if n == 0u {
        return;
    }
    let kt = states[replicas[replica].state].kt;
    let half_dt = table.dynamics.x;
    let decay = table.dynamics.y;
    let noise = table.dynamics.z;

    load_replica(replica, n, thread);
    if thread < 2u {
        atomicStore(&stale[thread], 0u);
    }
    for (var i = thread; i < n; i += WORKGROUP) {
        var velocity = velocities[replica * CAPACITY + i];
        if params.redraw != 0u {
            let thermal = sqrt(kt * table.species[species_of(positions[replica * CAPACITY + i])].inverse_mass);
            velocity = vec4<f32>(thermal * gaussians(STREAM_VELOCITY_REDRAW, 0u, id, i), 0.0);
        }
        local_velocity[i] = velocity;
    }
    workgroupBarrier();

    // One pass more than there are steps: the first only opens a step, the last only closes one, so that there is a
    // single place where forces are summed and a split segment has the bits of a whole one.
    for (var step = 0u; step <= params.steps; step++) {
        share_all_forces(replica, n, thread, step);
        workgroupBarrier();
        if LISTED && thread == 0u {
            atomicStore(&stale[(step + 1u) & 1u], 0u);
        }
        for (var i = thread; i < n; i += WORKGROUP) {
            let atom = local_position[i];
            let inverse_mass = table.species[species_of(atom)].inverse_mass;
            let half_kick = half_dt * inverse_mass * sum_forces(n, i, atom);
            var position = atom.xyz;
            var velocity = local_velocity[i].xyz;
            if step > 0u {
                velocity += half_kick;
            }
            if step < params.steps {
                velocity += half_kick;
                if LANGEVIN {
                    drift(&position, &velocity, half_dt);
                    let thermal = sqrt(kt * inverse_mass);
                    let gaussian = gaussians(STREAM_THERMOSTAT, step, id, i);
                    velocity = decay * velocity + noise * thermal * gaussian;
                    drift(&position, &velocity, half_dt);
                } else {
                    drift(&position, &velocity, 2.0 * half_dt);
                }
                local_position[i] = vec4<f32>(position, atom.w);
                if LISTED {
                    let moved = minimum_image(position - local_reference[i].xyz);
                    if dot(moved, moved) > table.walls.w {
                        atomicStore(&stale[step & 1u], 1u);
                    }
                }
            }
            local_velocity[i] = vec4<f32>(velocity, 0.0);
        }
        workgroupBarrier();
    }
    for (var i = thread; i < n; i += WORKGROUP) {
        positions[replica * CAPACITY + i] = local_position[i];
        velocities[replica * CAPACITY + i] = local_velocity[i];
    }
}

// The forces alone, for tests and the self-test.
@compute @workgroup_size(WORKGROUP)
fn forces(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let replica = order[params.first_in_order + group.x];
    let n = replicas[replica].n;
    if n == 0u {
        return;
    }
    load_replica(replica, n, thread);
    workgroupBarrier();
    share_all_forces(replica, n, thread, 0u);
    workgroupBarrier();
    for (var i = thread; i < n; i += WORKGROUP) {
        scratch[replica * CAPACITY + i] = vec4<f32>(sum_forces(n, i, local_position[i]), 0.0);
    }
}
