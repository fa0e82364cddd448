// integrate: MD segment of one replica.   Twin: src/backend/reference/integrators.rs
// One workgroup per replica; a thread takes a tile of two atoms and a share of their partners.
// Source: Leimkuhler & Matthews, Proc. R. Soc. A 472, 20160138 (2016) for BAOAB.
//   positions   [n_replicas * CAPACITY]  [length], w = species, updated
//   velocities  [n_replicas * CAPACITY]  [length / time], updated
//   scratch     [n_replicas * CAPACITY]  forces [energy / length], written by `forces` only

var<workgroup> local_velocity: array<vec4<f32>, CAPACITY>;
var<workgroup> partial: array<vec4<f32>, N_PARTIALS>;
// Gaussians of as many steps as there are threads for.
var<workgroup> noise_of: array<vec4<f32>, N_NOISE>;

// WORKGROUP or CAPACITY, whichever is larger, where there is noise; else 1.
override N_NOISE: u32 = 64u;

// Partial sums stand in rows of an odd length, one for every lane: their banks differ.
fn row_of(n: u32) -> u32 {
    return n | 1u;
}

// Partial sums of the pair forces on every atom: partial[lane * row + i].
fn share_forces(n: u32, share: Share) {
    for (var i = share.tile; i < share.n_tiles; i += WORKGROUP) {
        let paired = i + share.n_tiles < n;
        let k = select(i, i + share.n_tiles, paired);
        let atom_i = local_position[i];
        let atom_k = local_position[k];
        var force_i = vec3<f32>(0.0);
        var force_k = vec3<f32>(0.0);
        if MIXED {
            for (var j = share.lane; j < n; j += share.n_lanes) {
                let atom_j = local_position[j];
                force_i += force_between(atom_i.xyz, atom_j.xyz, pair_of(species_of(atom_i), species_of(atom_j)));
                force_k += force_between(atom_k.xyz, atom_j.xyz, pair_of(species_of(atom_k), species_of(atom_j)));
            }
        } else {
            let pair = pair_of(species_of(atom_i), species_of(atom_i));
            for (var j = share.lane; j < n; j += share.n_lanes) {
                let other = local_position[j].xyz;
                force_i += force_between(atom_i.xyz, other, pair);
                force_k += force_between(atom_k.xyz, other, pair);
            }
        }
        if BINNED {
            force_i += share_of_slab(atom_i, share.lane, share.n_lanes);
            if paired {
                force_k += share_of_slab(atom_k, share.lane, share.n_lanes);
            }
        } else {
            let z_low = min(atom_i.z, atom_k.z);
            let z_high = max(atom_i.z, atom_k.z);
            for (var g = 0u; g < table.n_groups; g++) {
                let group = table.groups[g];
                if !within_reach(group, z_low, z_high, table.lengths.w) {
                    continue;
                }
                let pair_i = pair_of(species_of(atom_i), group.species);
                let pair_k = pair_of(species_of(atom_k), group.species);
                for (var j = group.first + share.lane; j < group.last; j += share.n_lanes) {
                    let other = frozen_atom(j);
                    force_i += force_between(atom_i.xyz, other, pair_i);
                    if MIXED {
                        force_k += force_between(atom_k.xyz, other, pair_k);
                    } else {
                        force_k += force_between(atom_k.xyz, other, pair_i);
                    }
                }
            }
        }
        if TRIPLETS {
            force_i += share_triplet_force(i, n, share.lane, share.n_lanes);
            if paired {
                force_k += share_triplet_force(k, n, share.lane, share.n_lanes);
            }
        }
        let row = share.lane * row_of(n);
        partial[row + i] = vec4<f32>(force_i, 0.0);
        if paired {
            partial[row + k] = vec4<f32>(force_k, 0.0);
        }
    }
}

// Force of one share of the mobile atoms on an atom.
fn share_of_mobile(atom: vec4<f32>, n: u32, share: Share) -> vec3<f32> {
    var force = vec3<f32>(0.0);
    for (var j = share.lane; j < n; j += share.n_lanes) {
        let other = local_position[j];
        force += force_between(atom.xyz, other.xyz, pair_of(species_of(atom), species_of(other)));
    }
    return force;
}

// Force of the entries of a list from one word to another, all of one species or, where species are mixed, of any.
fn listed_force(replica: u32, item: u32, first: u32, last: u32, atom: vec4<f32>, species: u32) -> vec3<f32> {
    var force = vec3<f32>(0.0);
    let pair = pair_of(species_of(atom), species);
    for (var word = first; word < last; word++) {
        let slots = lists[list_word(replica, word, item)];
        let a = local_position[slots & 0xffffu];
        let b = local_position[slots >> 16u];
        if MIXED {
            force += force_between(atom.xyz, a.xyz, pair_of(species_of(atom), species_of(a)));
            force += force_between(atom.xyz, b.xyz, pair_of(species_of(atom), species_of(b)));
        } else {
            force += force_between(atom.xyz, a.xyz, pair);
            force += force_between(atom.xyz, b.xyz, pair);
        }
    }
    return force;
}

// The same sums through lists: partial[lane * row + i].
fn share_listed_forces(replica: u32, n: u32, share: Share) {
    for (var i = share.tile; i < n; i += WORKGROUP) {
        let item = i * share.n_lanes + share.lane;
        let atom = local_position[i];
        let header = lists[list_word(replica, 0u, item)];
        var force = vec3<f32>(0.0);
        if header == OVERFLOW {
            force = share_of_mobile(atom, n, share) + share_of_slab(atom, share.lane, share.n_lanes);
        } else {
            let mobile_end = header & 0xffffu;
            force = listed_force(replica, item, 1u, mobile_end, atom, species_of(atom));
            if BINNED {
                force += share_of_slab(atom, share.lane, share.n_lanes);
            } else {
                force += listed_force(replica, item, mobile_end, header >> 16u, atom, table.groups[0].species);
            }
        }
        partial[share.lane * row_of(n) + i] = vec4<f32>(force, 0.0);
    }
}

// Whether atoms have moved far enough in an even or odd step for the lists to be built anew.
var<workgroup> stale: array<atomic<u32>, 2>;

// Pair forces by the kernel's rule. Lists are rebuilt at the start of a dispatch and when an atom has moved half the
// skin; what they hold beyond r_c adds zeros, and the order of summation is that of the slots, so that the bits do not
// depend on when that was.
fn share_all_forces(replica: u32, n: u32, share: Share, thread: u32, step: u32) {
    if LISTED {
        let rebuild = step == 0u || atomicLoad(&stale[(step + 1u) & 1u]) != 0u;
        if rebuild {
            build_lists(replica, n, share, thread);
        }
        share_listed_forces(replica, n, share);
    } else {
        share_forces(n, share);
    }
}

// Force on atom i: the lanes in order, then the external fields.
fn sum_forces(n: u32, n_lanes: u32, i: u32, atom: vec4<f32>) -> vec3<f32> {
    var force = vec3<f32>(0.0);
    for (var lane = 0u; lane < n_lanes; lane++) {
        force += partial[lane * row_of(n) + i].xyz;
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

    load_cell();
    load_replica(replica, n, thread);
    let share = share_of(n, thread);
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

    // Few atoms leave threads for the noise of later steps.
    let steps_drawn = max(WORKGROUP / n, 1u);
    let own_step = select(0u, thread / n, n < WORKGROUP);
    var drawn_from = 0u;
    // One pass more than there are steps: the first only opens a step, the last only closes one, so that there is a
    // single place where forces are summed and a split segment has the bits of a whole one.
    for (var step = 0u; step <= params.steps; step++) {
        if LANGEVIN && (step == 0u || step == drawn_from + steps_drawn) {
            drawn_from = step;
            for (var k = thread; k < steps_drawn * n; k += WORKGROUP) {
                noise_of[k] = vec4<f32>(gaussians(STREAM_THERMOSTAT, step + own_step, id, k - own_step * n), 0.0);
            }
        }
        share_all_forces(replica, n, share, thread, step);
        workgroupBarrier();
        if LISTED && thread == 0u {
            atomicStore(&stale[(step + 1u) & 1u], 0u);
        }
        for (var i = thread; i < n; i += WORKGROUP) {
            let atom = local_position[i];
            let inverse_mass = table.species[species_of(atom)].inverse_mass;
            let half_kick = half_dt * inverse_mass * sum_forces(n, share.n_lanes, i, atom);
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
                    let gaussian = noise_of[(step - drawn_from) * n + i].xyz;
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
    load_cell();
    load_replica(replica, n, thread);
    let share = share_of(n, thread);
    workgroupBarrier();
    share_all_forces(replica, n, share, thread, 0u);
    workgroupBarrier();
    for (var i = thread; i < n; i += WORKGROUP) {
        scratch[replica * CAPACITY + i] = vec4<f32>(sum_forces(n, share.n_lanes, i, local_position[i]), 0.0);
    }
}
