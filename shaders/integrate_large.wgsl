// integrate_large: one MD step of replicas too large for workgroup memory.   Twin: src/backend/reference/integrate.rs
// One thread per atom; one dispatch per step, which closes the step before it and opens the next, as in integrate.wgsl.
// Positions alternate between two buffers, because atoms of other workgroups read them in the same dispatch.
//   positions    [n_replicas * CAPACITY]      [length], w = species, updated in the last dispatch
//   scratch      [n_replicas * 2 CAPACITY]    the other buffer, then positions at the last rebuild of the lists
//   lists        [n_replicas * LIST_WORDS * LIST_ITEMS]  word 0: mobile neighbours, all neighbours; then slots, ascending
//   stale_steps  [n_replicas * 3]             whether atoms have moved half the skin, for three steps in turn

const OVERFLOW = 0xffffffffu;

fn atom_now(replica: u32, slot: u32) -> vec4<f32> {
    if (params.step & 1u) == 1u {
        return scratch[replica * 2u * CAPACITY + slot];
    }
    return positions[replica * CAPACITY + slot];
}

fn list_word(replica: u32, word: u32, item: u32) -> u32 {
    return (replica * LIST_WORDS + word) * LIST_ITEMS + item;
}

// Neighbours of atom i in the order of slots; returns the header.
fn build_list(replica: u32, n: u32, i: u32, atom: vec4<f32>) -> u32 {
    let reach = sqrt(table.walls.z);
    var count = 0u;
    for (var j = 0u; j < n; j++) {
        let d = minimum_image(atom.xyz - atom_now(replica, j).xyz);
        if dot(d, d) < table.walls.z && j != i {
            count += 1u;
            if count < LIST_WORDS {
                lists[list_word(replica, count, i)] = j;
            }
        }
    }
    let mobile = count;
    for (var g = 0u; g < table.n_groups; g++) {
        let group = table.groups[g];
        if !within_reach(group, atom.z, atom.z, reach) {
            continue;
        }
        for (var j = group.first; j < group.last; j++) {
            let d = minimum_image(atom.xyz - frozen[j].xyz);
            if dot(d, d) < table.walls.z {
                count += 1u;
                if count < LIST_WORDS {
                    lists[list_word(replica, count, i)] = j;
                }
            }
        }
    }
    let header = select(OVERFLOW, mobile | (count << 16u), count < LIST_WORDS);
    lists[list_word(replica, 0u, i)] = header;
    return header;
}

// Pair forces on atom i, through its list or, where that did not fit or images are summed, through all pairs. What a
// list holds beyond r_c adds zeros: the bits do not depend on when it was built.
fn listed_force(replica: u32, n: u32, i: u32, atom: vec4<f32>, header: u32) -> vec3<f32> {
    var force = vec3<f32>(0.0);
    if header == OVERFLOW {
        for (var j = 0u; j < n; j++) {
            let other = atom_now(replica, j);
            force += force_between(atom.xyz, other.xyz, pair_of(species_of(atom), species_of(other)));
        }
        for (var j = 0u; j < N_FROZEN; j++) {
            let other = frozen[j];
            force += force_between(atom.xyz, other.xyz, pair_of(species_of(atom), species_of(other)));
        }
        return force;
    }
    let mobile = header & 0xffffu;
    for (var k = 1u; k <= mobile; k++) {
        let other = atom_now(replica, lists[list_word(replica, k, i)]);
        force += force_between(atom.xyz, other.xyz, pair_of(species_of(atom), species_of(other)));
    }
    for (var k = mobile + 1u; k <= (header >> 16u); k++) {
        let other = frozen[lists[list_word(replica, k, i)]];
        force += force_between(atom.xyz, other.xyz, pair_of(species_of(atom), species_of(other)));
    }
    return force;
}

@compute @workgroup_size(WORKGROUP)
fn large_step(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let replica = order[params.first_in_order + group.y];
    let id = params.first_replica + replica;
    let n = replicas[replica].n;
    load_pairs(thread);
    workgroupBarrier();
    let i = group.x * WORKGROUP + thread;
    if i >= n {
        return;
    }
    let step = params.step;
    let slot = replica * CAPACITY + i;
    let reference = replica * 2u * CAPACITY + CAPACITY + i;
    let atom = atom_now(replica, i);
    // Of three flags one is read, one is set and one is cleared for the next step.
    let flags = 3u * replica;
    if i == 0u {
        atomicStore(&stale_steps[flags + (step + 1u) % 3u], 0u);
    }
    var header = OVERFLOW;
    if LISTED {
        if step == 0u || atomicLoad(&stale_steps[flags + (step + 2u) % 3u]) != 0u {
            header = build_list(replica, n, i, atom);
            scratch[reference] = atom;
        } else {
            header = lists[list_word(replica, 0u, i)];
        }
    }
    let kt = states[replicas[replica].state].kt;
    let half_dt = table.dynamics.x;
    let inverse_mass = table.species[species_of(atom)].inverse_mass;
    let thermal = sqrt(kt * inverse_mass);
    let force = listed_force(replica, n, i, atom, header) + external_force_energy(species_of(atom), atom.xyz).xyz;
    let half_kick = half_dt * inverse_mass * force;
    var position = atom.xyz;
    var velocity = velocities[slot].xyz;
    if step == 0u && params.redraw != 0u {
        velocity = thermal * gaussians(STREAM_VELOCITY_REDRAW, 0u, id, i);
    }
    if step > 0u {
        velocity += half_kick;
    }
    if step < params.steps {
        velocity += half_kick;
        if LANGEVIN {
            drift(&position, &velocity, half_dt);
            let gaussian = gaussians(STREAM_THERMOSTAT, step, id, i);
            velocity = table.dynamics.y * velocity + table.dynamics.z * thermal * gaussian;
            drift(&position, &velocity, half_dt);
        } else {
            drift(&position, &velocity, 2.0 * half_dt);
        }
        let moved = minimum_image(position - scratch[reference].xyz);
        if dot(moved, moved) > table.walls.w {
            atomicStore(&stale_steps[flags + step % 3u], 1u);
        }
    }
    velocities[slot] = vec4<f32>(velocity, 0.0);
    // The last dispatch moves nothing: it only brings the atoms home.
    if (step & 1u) == 1u {
        positions[slot] = vec4<f32>(position, atom.w);
    } else if step < params.steps {
        scratch[replica * 2u * CAPACITY + i] = vec4<f32>(position, atom.w);
    }
}

// The forces alone, for tests: scratch[replica * CAPACITY + i].
@compute @workgroup_size(WORKGROUP)
fn large_forces(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let replica = order[params.first_in_order + group.y];
    let n = replicas[replica].n;
    load_pairs(thread);
    workgroupBarrier();
    let i = group.x * WORKGROUP + thread;
    if i < n {
        let atom = positions[replica * CAPACITY + i];
        let field = external_force_energy(species_of(atom), atom.xyz).xyz;
        scratch[replica * CAPACITY + i] = vec4<f32>(listed_force(replica, n, i, atom, OVERFLOW) + field, 0.0);
    }
}
