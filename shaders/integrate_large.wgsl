// integrate_large: one MD step of replicas too large for workgroup memory.   Twin: src/backend/reference/integrators.rs
// One thread per atom; one dispatch per step, which closes the step before it and opens the next, as in integrate.wgsl.
// Positions alternate between two buffers, because atoms of other workgroups read them in the same dispatch.
//   positions    [n_replicas * CAPACITY]      [length], w = species, updated in the last dispatch
//   scratch      [n_replicas * 2 CAPACITY]    the other buffer, then positions at the last rebuild of the lists
//   lists        [n_replicas * LIST_STRIDE]   word 0: mobile neighbours, all neighbours; then atoms, ascending; then bins
//   stale_steps  [n_replicas * 3]             whether atoms have moved half the skin, for three steps in turn

const OVERFLOW = 0xffffffffu;

// Most neighbours that a thread can sort: LIST_WORDS is not larger.
const MOST_WORDS = 192u;

fn list_word(replica: u32, word: u32, item: u32) -> u32 {
    return replica * LIST_STRIDE + word * LIST_ITEMS + item;
}

// Neighbours of atom i in the order of slots, mobile ones first, found in the cells around it; returns the header.
fn build_list(replica: u32, n: u32, i: u32, atom: vec4<f32>) -> u32 {
    var found: array<u32, MOST_WORDS>;
    var count = 0u;
    var mobile = 0u;
    let around = neighbourhood_of(atom.xyz);
    for (var c = 0u; c < around.count; c++) {
        let cell = neighbour_cell(around, c);
        let end = lists[cell_start(replica, cell + 1u)];
        for (var place = lists[cell_start(replica, cell)]; place < end; place++) {
            let id = lists[binned(replica, place)];
            let d = minimum_image(atom.xyz - any_atom(replica, id).xyz);
            if id == i || dot(d, d) >= table.walls.z {
                continue;
            }
            mobile += u32(id < CAPACITY);
            if count + 1u < LIST_WORDS {
                // The order of a list must not tell when it was built.
                var hole = count;
                while hole > 0u && found[hole - 1u] > id {
                    found[hole] = found[hole - 1u];
                    hole -= 1u;
                }
                found[hole] = id;
            }
            count += 1u;
        }
    }
    let header = select(OVERFLOW, mobile | (count << 16u), count < LIST_WORDS);
    lists[list_word(replica, 0u, i)] = header;
    for (var k = 0u; k < min(count, LIST_WORDS - 1u); k++) {
        lists[list_word(replica, k + 1u, i)] = found[k];
    }
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
        let other = frozen[lists[list_word(replica, k, i)] - CAPACITY];
        force += force_between(atom.xyz, other.xyz, pair_of(species_of(atom), species_of(other)));
    }
    return force;
}

@compute @workgroup_size(WORKGROUP)
fn large_step(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let replica = order[params.first_in_order + group.y];
    let id = params.first_replica + replica;
    let n = replicas[replica].n;
    load_cell();
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
        if lists_due(replica) {
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
        position = wrap(position);
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
    load_cell();
    load_pairs(thread);
    workgroupBarrier();
    let i = group.x * WORKGROUP + thread;
    if i < n {
        let atom = positions[replica * CAPACITY + i];
        let field = external_force_energy(species_of(atom), atom.xyz).xyz;
        scratch[replica * CAPACITY + i] = vec4<f32>(listed_force(replica, n, i, atom, OVERFLOW) + field, 0.0);
    }
}

// Energy of every atom: half its mobile pairs, all its frozen pairs. scratch[(2 replica + 1) CAPACITY + i].x
@compute @workgroup_size(WORKGROUP)
fn large_energies(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let replica = order[params.first_in_order + group.y];
    let n = replicas[replica].n;
    load_cell();
    load_pairs(thread);
    workgroupBarrier();
    let i = group.x * WORKGROUP + thread;
    if i >= n {
        return;
    }
    let atom = positions[replica * CAPACITY + i];
    var energy = 0.0;
    if LISTED {
        let around = neighbourhood_of(atom.xyz);
        for (var c = 0u; c < around.count; c++) {
            let cell = neighbour_cell(around, c);
            let end = lists[cell_start(replica, cell + 1u)];
            for (var place = lists[cell_start(replica, cell)]; place < end; place++) {
                let id = lists[binned(replica, place)];
                let other = any_atom(replica, id);
                let pair = pair_of(species_of(atom), species_of(other));
                energy += select(1.0, 0.5, id < CAPACITY) * energy_between(atom.xyz, other.xyz, pair, id == i);
            }
        }
    } else {
        for (var j = 0u; j < n; j++) {
            let other = positions[replica * CAPACITY + j];
            let pair = pair_of(species_of(atom), species_of(other));
            energy += 0.5 * energy_between(atom.xyz, other.xyz, pair, i == j);
        }
        for (var j = 0u; j < N_FROZEN; j++) {
            let other = frozen[j];
            energy += energy_between(atom.xyz, other.xyz, pair_of(species_of(atom), species_of(other)), false);
        }
    }
    scratch[(2u * replica + 1u) * CAPACITY + i] = vec4<f32>(energy, 0.0, 0.0, 0.0);
}
