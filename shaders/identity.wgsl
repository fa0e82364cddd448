// identity: changes of identity of one replica, a stage of particle_moves.   Twin: src/moves/identity.rs
// One workgroup per replica; bindings and books are those of particle_moves.

// An ordered pair of reservoir species; x becomes y.
fn pair_of_reservoirs(word: u32) -> vec2<u32> {
    let others = table.n_reservoirs - 1u;
    let choice = index_below(word, table.n_reservoirs * others);
    let x = choice / others;
    let other = choice % others;
    return vec2<u32>(x, other + u32(other >= x));
}

// Whether an atom is of reservoir r, inside the regions of r and of another.
fn is_changeable(atom: vec4<f32>, r: u32, other: u32) -> bool {
    return species_of(atom) == table.reservoirs[r].species && in_region(r, atom.z) && in_region(other, atom.z);
}

// Atoms of reservoir r inside the regions of r and of another.
fn inside_both(replica: u32, r: u32, other: u32, n: u32) -> u32 {
    let here = table.reservoirs[r];
    let there = table.reservoirs[other];
    if there.z_lo <= here.z_lo && there.z_hi >= here.z_hi {
        return atomicLoad(&n_inside[r]);
    }
    var inside = 0u;
    for (var i = 0u; i < n; i++) {
        inside += u32(is_changeable(mobile_atom(replica, i), r, other));
    }
    return inside;
}

// identity::propose. Every ordered pair of reservoir species with equal probability.
fn propose_identity(replica: u32, words: vec4<u32>, changes: vec2<u32>, inside: u32, n: u32) -> Trial {
    let other = table.reservoirs[changes.y];
    if inside == 0u || atomicLoad(&n_total[other.species]) >= other.max_atoms {
        return Trial(TRIAL_NONE, other.species, 0u, vec3<f32>(0.0));
    }
    var left = index_below(words.y, inside);
    var slot = 0u;
    for (; slot + 1u < n; slot++) {
        if is_changeable(mobile_atom(replica, slot), changes.x, changes.y) {
            if left == 0u {
                break;
            }
            left -= 1u;
        }
    }
    return Trial(TRIAL_IDENTITY, other.species, slot, mobile_atom(replica, slot).xyz);
}

// ln z of a reservoir but for the area of the cell, which all share.
fn ln_z_of_depth(state: u32, r: u32) -> f32 {
    return states[state].ln_zv[r / 4u][r % 4u] - ln(table.reservoirs[r].z_hi - table.reservoirs[r].z_lo);
}

// Attempts at changes of identity.
@compute @workgroup_size(WORKGROUP)
fn identity_changes(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let replica = order[params.first_in_order + group.x];
    let id = params.first_replica + replica;
    let state = replicas[replica].state;
    let n = replicas[replica].n;
    let log_start = log_start_of(replica, state);
    var n_events = select(replicas[replica].n_events, 0u, params.fresh_log != 0u);
    load_and_count(replica, n, thread);
    for (var round = 0u; round < params.steps; round += WORKGROUP) {
        let attempts = min(WORKGROUP, params.steps - round);
        if thread < attempts {
            drawn_kind[thread] = block(STREAM_IDENTITY, round + thread, id, 0u);
        }
        workgroupBarrier();
        for (var attempt = 0u; attempt < attempts; attempt++) {
            let words = drawn_kind[attempt];
            let changes = pair_of_reservoirs(words.x);
            let inside = inside_both(replica, changes.x, changes.y, n);
            let trial = propose_identity(replica, words, changes, inside, n);
            partial[thread] = share_change_energy(replica, trial, n, thread, WORKGROUP);
            let there = inside_both(replica, changes.y, changes.x, n);
            workgroupBarrier();
            // identity_ln_acc: ln z_B − ln z_A + ln N_A − ln(N_B + 1) − βΔE
            let ln_z = ln_z_of_depth(state, changes.y) - ln_z_of_depth(state, changes.x);
            let ln_n = ln(f32(max(inside, 1u))) - ln(f32(there + 1u));
            let ln_probability = ln_z + ln_n - states[state].beta * sum_shares(0u, WORKGROUP);
            let weights = weight_change(state, changes.x, false) + weight_change(state, changes.y, true);
            let accepted = trial.kind != TRIAL_NONE && ln_uniform(words.z) < ln_probability + weights;
            workgroupBarrier();
            if thread == 0u {
                let tally = tally_of(accepted, trial.kind != TRIAL_NONE, ln_probability);
                booked[changes.x][MOVE_IDENTITY] = add_to_tally(booked[changes.x][MOVE_IDENTITY], tally);
            }
            if thread == 0u && accepted {
                flush_tally(replica, state, changes.x);
                flush_tally(replica, state, changes.y);
                move_log[log_start + 1u + n_events] = trial.slot | (changes.y << 16u) | (MOVE_IDENTITY << 24u);
                let old = mobile_atom(replica, trial.slot);
                count_atom(old, 0xffffffffu);
                put_atom(replica, trial.slot, trial.species, trial.position);
                count_atom(mobile_atom(replica, trial.slot), 1u);
                let old_mass = table.species[species_of(old)].mass;
                let mass = table.species[trial.species].mass;
                let scale = select(sqrt(old_mass / mass), 1.0, old_mass == mass);
                velocities[replica * CAPACITY + trial.slot] *= scale;
            }
            n_events += u32(accepted);
            atoms_barrier();
        }
    }
    if thread == 0u {
        replicas[replica].n_events = n_events;
        move_log[log_start] = n_events;
        for (var r = 0u; r < table.n_reservoirs; r++) {
            flush_tally(replica, state, r);
        }
    }
}
