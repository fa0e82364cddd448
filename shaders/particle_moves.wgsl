// particle_moves: insertions, deletions, changes of identity and displacements of one replica.   Twin: src/backend/reference/particle_moves.rs
// One workgroup per replica. The threads fall into groups, which weigh attempts in turn at the same time: each as if those before
// it were refused. What follows the first accepted one is weighed anew, so that the result is that of one after the other.
// The lanes of a group share the pairs of its trial atom (shared/trials.wgsl). Policy: src/moves/.
//   positions   [n_replicas * CAPACITY]  [length], w = species, updated
//   velocities  [n_replicas * CAPACITY]  [length / time], updated
//   replicas    [n_replicas]             n, n_events, updated
//   tallies     [n_walkers * n_states][offset(reservoir) + N][kind] of 4 words: tried, accepted, Σ min(1, acc) in units
//               of 2⁻³² (low and high word). A state of a walker is held by one replica.
//   move_log    [n_replicas * log_words], or by states [n_walkers * log_row]  word 0: accepted moves; then slot | reservoir << 16 | kind << 24

// Kinds of moves in tallies and log, in the order of MoveKind::TALLIED.
const MOVE_INSERT = 0u;
const MOVE_DELETE = 1u;
const MOVE_IDENTITY = 2u;
const N_KINDS = 3u;

// Positions that are tried in an attempt, and that a round draws.
override TRIALS: u32 = 1u;
override N_DRAWN: u32 = 64u;
const MAX_TRIALS = 8u;
// Attempts that are weighed at the same time, and threads of each.
const GROUPS = 4u;
override LANES: u32 = WORKGROUP / GROUPS;

// Of the attempts of one round, drawn by one thread each: choice of reservoir and kind, a word, bits of ln u, a word.
// Attempts of other kernels: words.
var<workgroup> drawn_kind: array<vec4<u32>, WORKGROUP>;
// Bits of the positions of an attempt with p(r) V_in, TRIALS in turn; or words.
var<workgroup> drawn_place: array<vec4<u32>, N_DRAWN>;
// Atoms of every species, and of every reservoir inside its region.
var<workgroup> n_total: array<atomic<u32>, MAX_SPECIES>;
var<workgroup> n_inside: array<atomic<u32>, MAX_SPECIES>;
// Attempts of every reservoir since its N changed, by kind.
var<workgroup> booked: array<array<vec4<u32>, N_KINDS>, MAX_SPECIES>;
// Of the attempts that are weighed: their tallies, of which y says whether they are accepted; position and bits of the slot.
var<workgroup> verdicts: array<vec4<u32>, GROUPS>;
var<workgroup> places: array<vec4<f32>, GROUPS>;
// First tally of every reservoir in the row of a state, and the length of a row.
var<workgroup> tally_offset: array<u32, 9>;

fn in_region(r: u32, z: f32) -> bool {
    return z >= table.reservoirs[r].z_lo && z <= table.reservoirs[r].z_hi;
}

// Adds `change` to the counts that an atom enters.
fn count_atom(atom: vec4<f32>, change: u32) {
    atomicAdd(&n_total[species_of(atom)], change);
    for (var r = 0u; r < table.n_reservoirs; r++) {
        if species_of(atom) == table.reservoirs[r].species && in_region(r, atom.z) {
            atomicAdd(&n_inside[r], change);
        }
    }
}

fn load_and_count(replica: u32, n: u32, thread: u32) {
    load_cell();
    load_replica(replica, n, thread);
    for (var s = thread; s < MAX_SPECIES; s += WORKGROUP) {
        atomicStore(&n_total[s], 0u);
        atomicStore(&n_inside[s], 0u);
        booked[s] = array<vec4<u32>, N_KINDS>();
    }
    if thread == 0u {
        tally_offset[0] = 0u;
        for (var r = 0u; r < table.n_reservoirs; r++) {
            tally_offset[r + 1u] = tally_offset[r] + table.reservoirs[r].max_atoms + 1u;
        }
    }
    workgroupBarrier();
    for (var i = thread; i < n; i += WORKGROUP) {
        count_atom(mobile_atom(replica, i), 1u);
    }
    workgroupBarrier();
}

// The slot of the rank-th atom of reservoir r inside its region.
fn slot_of_rank(replica: u32, r: u32, rank: u32, n: u32) -> u32 {
    if atomicLoad(&n_inside[r]) == n {
        return rank;
    }
    var left = rank;
    for (var i = 0u; i < n; i++) {
        let atom = mobile_atom(replica, i);
        if species_of(atom) == table.reservoirs[r].species && in_region(r, atom.z) {
            if left == 0u {
                return i;
            }
            left -= 1u;
        }
    }
    return n;
}

// moves::propose. Insert and delete with equal probability, every reservoir species with equal probability.
//   kind  as drawn_kind
fn propose(replica: u32, kind: vec4<u32>, position: vec3<f32>, n: u32) -> Trial {
    let choice = kind.x;
    let r = choice / 2u;
    let reservoir = table.reservoirs[r];
    if choice % 2u == 0u {
        if atomicLoad(&n_total[reservoir.species]) >= reservoir.max_atoms || (BONDED && !in_region(r, position.z)) {
            return Trial(TRIAL_NONE, reservoir.species, 0u, vec3<f32>(0.0));
        }
        return Trial(TRIAL_INSERT, reservoir.species, n, position);
    }
    let inside = atomicLoad(&n_inside[r]);
    if inside == 0u {
        return Trial(TRIAL_NONE, reservoir.species, 0u, vec3<f32>(0.0));
    }
    let slot = slot_of_rank(replica, r, index_below(kind.y, inside), n);
    return Trial(TRIAL_DELETE, reservoir.species, slot, mobile_atom(replica, slot).xyz);
}

// StateRef::weight_change: η(N ± 1) − η(N) of the window of a state when an atom of reservoir r comes (or goes); far below any
// ln of a uniform number where N leaves it.
fn weight_change(state: u32, r: u32, comes: bool) -> f32 {
    let first = states[state].window;
    if first == 0u || states[state].weighted != r {
        return 0.0;
    }
    let lo = states[state].bounds & 0xffffu;
    let n = atomicLoad(&n_total[table.reservoirs[r].species]);
    if comes {
        if n < lo || n >= states[state].bounds >> 16u {
            return -OVERLAP_ENERGY;
        }
        return weight(first, n + 1u - lo) - weight(first, n - lo);
    }
    if n <= lo || n > states[state].bounds >> 16u {
        return -OVERLAP_ENERGY;
    }
    return weight(first, n - 1u - lo) - weight(first, n - lo);
}

// η of the place-th N of a window.
fn weight(first: u32, place: u32) -> f32 {
    return states[first + place / 8u].ln_zv[place / 4u % 2u][place % 4u];
}

// What is inserted, −ln[p(r) V_in] or what stands for it, and ΔE.
struct Weighed {
    trial: Trial,
    ln_volume: f32,
    delta_u: f32,
}

// moves::weigh. The lanes of a group try the same positions and share their pairs; a barrier must stand before.
//   first    ΔE of the first trial position, or of the victim
//   density  p(r) V_in there
fn weigh(replica: u32, state: u32, attempt: u32, trial: Trial, first: f32, density: f32, n: u32, thread: u32) -> Weighed {
    if TRIALS == 1u {
        return Weighed(trial, select(0.0, -ln(density), BIASED), first);
    }
    let insert = trial.kind == TRIAL_INSERT;
    let beta = states[state].beta;
    let choice = uniform_of(drawn_kind[attempt].w);
    let except = select(trial.slot, n, insert);
    let lane = thread % LANES;
    var energies: array<f32, MAX_TRIALS>;
    var ln_densities: array<f32, MAX_TRIALS>;
    var ln_w: array<f32, MAX_TRIALS>;
    energies[0] = select(-first, first, insert);
    ln_densities[0] = ln(density);
    ln_w[0] = -beta * energies[0] - ln_densities[0];
    var top = ln_w[0];
    for (var j = 1u; j < TRIALS; j++) {
        let place = bitcast<vec4<f32>>(drawn_place[attempt * TRIALS + j]);
        partial[thread] = share_atom_energy(replica, trial.species, place.xyz, except, n, lane, LANES);
        if lane == 0u {
            // of one more atom than without the victim
            partial[thread] += select(-tail_change(trial.species, -1.0), tail_change(trial.species, 1.0), insert);
        }
        workgroupBarrier();
        energies[j] = sum_shares(thread - lane, thread - lane + LANES);
        workgroupBarrier();
        ln_densities[j] = ln(place.w);
        ln_w[j] = -beta * energies[j] - ln_densities[j];
        top = max(top, ln_w[j]);
    }
    var sum = 0.0;
    for (var j = 0u; j < TRIALS; j++) {
        sum += exp(max(ln_w[j] - top, -80.0));
    }
    // acceptance::choose_trial; a deletion is of the victim
    var chosen = 0u;
    var left = choice * sum;
    var found = !insert;
    for (var j = 0u; j < TRIALS; j++) {
        left -= exp(max(ln_w[j] - top, -80.0));
        if !found && (left < 0.0 || j + 1u == TRIALS) {
            chosen = j;
            found = true;
        }
    }
    // acceptance::trials_ln_volume
    let ln_volume = (top - ln_w[chosen]) - ln_densities[chosen] + ln(sum / f32(TRIALS));
    var one = trial;
    if insert {
        one.position = bitcast<vec3<f32>>(drawn_place[attempt * TRIALS + chosen].xyz);
    }
    return Weighed(one, ln_volume, select(-energies[chosen], energies[chosen], insert));
}

// moves::ln_acc: ln z − ln p(r) − ln(N+1) − βΔE, or ln N − ln z + ln p(r) − βΔE.
fn ln_acc(trial: Trial, state: u32, r: u32, ln_volume: f32, delta_u: f32) -> f32 {
    let ln_zv = states[state].ln_zv[r / 4u][r % 4u] + ln_volume;
    let inside = f32(atomicLoad(&n_inside[r]));
    if trial.kind == TRIAL_INSERT {
        return ln_zv - ln(inside + 1.0) - states[state].beta * delta_u;
    }
    return ln(inside) - ln_zv - states[state].beta * delta_u;
}

// After atoms were changed by one thread.
fn atoms_barrier() {
    if !LOCAL {
        storageBarrier();
    }
    workgroupBarrier();
}

// Puts an atom into slot `slot` (insertion, displacement, change of identity), here and in storage. One thread only.
fn put_atom(replica: u32, slot: u32, species: u32, position: vec3<f32>) {
    let atom = vec4<f32>(position, f32(species));
    if LOCAL {
        local_position[slot] = atom;
    }
    positions[replica * CAPACITY + slot] = atom;
}

// Removes the atom of a slot; the last one moves, with its velocity, into the hole. One thread only.
fn delete_atom(replica: u32, slot: u32, n: u32) {
    let first = replica * CAPACITY;
    let last = n - 1u;
    let moved = mobile_atom(replica, last);
    if LOCAL {
        local_position[slot] = moved;
    }
    positions[first + slot] = moved;
    velocities[first + slot] = velocities[first + last];
}

// Adds to a tally of attempts; its third and fourth word are one number.
fn add_to_tally(tally: vec4<u32>, more: vec4<u32>) -> vec4<u32> {
    var sum = tally + more;
    sum.w += u32(sum.z < more.z);
    return sum;
}

// One attempt of acceptance probability min(1, e^ln_probability) as a tally. One thread only.
fn tally_of(accepted: bool, possible: bool, ln_probability: f32) -> vec4<u32> {
    if !possible {
        return vec4<u32>(1u, 0u, 0u, 0u);
    }
    if ln_probability >= 0.0 {
        return vec4<u32>(1u, u32(accepted), 0u, 1u);
    }
    return vec4<u32>(1u, u32(accepted), u32(min(exp(ln_probability), 0.99999994) * 4294967296.0), 0u);
}

// The walker of a replica, of those whose tallies and logs these are. A state of it is held by one replica.
fn walker_of(replica: u32) -> u32 {
    return (params.first_replica + replica) / params.n_states - params.first_walker;
}

// First word of the log of a replica.
fn log_start_of(replica: u32, state: u32) -> u32 {
    if params.log_words == 0u {
        return walker_of(replica) * params.log_row + states[state].log_start;
    }
    return replica * params.log_words;
}

// Moves what was booked of a reservoir into the tallies of its N. One thread only.
fn flush_tally(replica: u32, state: u32, r: u32) {
    if params.book != 0u {
        let row = (walker_of(replica) * params.n_states + state) * tally_offset[table.n_reservoirs];
        let n = atomicLoad(&n_total[table.reservoirs[r].species]);
        for (var kind = 0u; kind < N_KINDS; kind++) {
            let first = 4u * (N_KINDS * (row + tally_offset[r] + n) + kind);
            let have = vec4<u32>(tallies[first], tallies[first + 1u], tallies[first + 2u], tallies[first + 3u]);
            let sum = add_to_tally(have, booked[r][kind]);
            for (var c = 0u; c < 4u; c++) {
                tallies[first + c] = sum[c];
            }
        }
    }
    booked[r] = array<vec4<u32>, N_KINDS>();
}

@compute @workgroup_size(WORKGROUP)
fn insert_delete(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let replica = order[params.first_in_order + workgroup.x];
    let id = params.first_replica + replica;
    let state = replicas[replica].state;
    var n = replicas[replica].n;
    let log_start = log_start_of(replica, state);
    var n_events = select(replicas[replica].n_events, 0u, params.fresh_log != 0u);
    load_and_count(replica, n, thread);
    if BONDED {
        load_hosts(replica, thread);
        workgroupBarrier();
    }
    let group = thread / LANES;
    let lane = thread % LANES;
    // The first so many attempts of the cycle are made in this state.
    let steps = min(params.steps, max(states[state].attempts, params.before) - params.before);
    for (var round = 0u; round < steps; round += WORKGROUP) {
        let attempts = min(WORKGROUP, steps - round);
        if thread < attempts {
            let words = block(STREAM_PARTICLE_MOVE, round + thread, id, 0u);
            let choice = index_below(words.x, 2u * table.n_reservoirs);
            drawn_kind[thread] = vec4<u32>(choice, words.y, bitcast<u32>(ln_uniform(words.z)), words.w);
            for (var j = 0u; j < TRIALS; j++) {
                let place = draw_position(state, choice / 2u, block(STREAM_INSERT_POSITION, round + thread, id, j));
                drawn_place[thread * TRIALS + j] = bitcast<vec4<u32>>(place);
            }
        }
        workgroupBarrier();
        for (var next = 0u; next < attempts;) {
            let attempt = min(next + group, attempts - 1u);
            let kind = drawn_kind[attempt];
            let r = kind.x / 2u;
            let insert = kind.x % 2u == 0u;
            let place = bitcast<vec4<f32>>(drawn_place[attempt * TRIALS]);
            let first = propose(replica, kind, place.xyz, n);
            var density = place.w;
            if BIASED && first.kind == TRIAL_DELETE {
                density = relative_density(state, r, first.position);
            }
            partial[thread] = share_exchange_energy(replica, first, n, lane, LANES);
            workgroupBarrier();
            let first_u = sum_shares(thread - lane, thread - lane + LANES);
            if TRIALS > 1u {
                workgroupBarrier();
            }
            let weighed = weigh(replica, state, attempt, first, first_u, density, n, thread);
            let trial = weighed.trial;
            let ln_probability = ln_acc(trial, state, r, weighed.ln_volume, weighed.delta_u);
            let biased = ln_probability + weight_change(state, r, insert);
            let accepted = trial.kind != TRIAL_NONE && bitcast<f32>(kind.z) < biased;
            if lane == 0u {
                verdicts[group] = tally_of(accepted, trial.kind != TRIAL_NONE, ln_probability);
                places[group] = vec4<f32>(trial.position, bitcast<f32>(trial.slot));
            }
            // Every thread has read the counts before one changes them.
            workgroupBarrier();
            var count = 0u;
            var is_accepted = false;
            while count < min(GROUPS, attempts - next) && !is_accepted {
                is_accepted = verdicts[count].y != 0u;
                count += 1u;
            }
            let last = count - 1u;
            let chosen = drawn_kind[next + last].x;
            let comes = chosen % 2u == 0u;
            if thread == 0u {
                for (var k = 0u; k < count; k++) {
                    let choice = drawn_kind[next + k].x;
                    let tried = select(MOVE_DELETE, MOVE_INSERT, choice % 2u == 0u);
                    booked[choice / 2u][tried] = add_to_tally(booked[choice / 2u][tried], verdicts[k]);
                }
                if is_accepted {
                    let chosen_r = chosen / 2u;
                    let slot = bitcast<u32>(places[last].w);
                    flush_tally(replica, state, chosen_r);
                    let tried = select(MOVE_DELETE, MOVE_INSERT, comes);
                    move_log[log_start + 1u + n_events] = select(slot, n, comes) | (chosen_r << 16u) | (tried << 24u);
                    if comes {
                        let species = table.reservoirs[chosen_r].species;
                        put_atom(replica, n, species, places[last].xyz);
                        let thermal = sqrt(states[state].kt * table.species[species].inverse_mass);
                        let gaussian = gaussians(STREAM_INSERT_VELOCITY, round + next + last, id, 0u);
                        velocities[replica * CAPACITY + n] = vec4<f32>(thermal * gaussian, 0.0);
                        count_atom(mobile_atom(replica, n), 1u);
                    } else {
                        count_atom(mobile_atom(replica, slot), 0xffffffffu);
                        delete_atom(replica, slot, n);
                    }
                }
            }
            if is_accepted {
                n = select(n - 1u, n + 1u, comes);
                n_events += 1u;
            }
            next += count;
            atoms_barrier();
        }
    }
    if thread == 0u {
        replicas[replica].n = n;
        replicas[replica].n_events = n_events;
        move_log[log_start] = n_events;
        for (var r = 0u; r < table.n_reservoirs; r++) {
            flush_tally(replica, state, r);
        }
    }
}

// Metropolis displacements of single atoms, uniform in a cube of half-width `displacement`.
@compute @workgroup_size(WORKGROUP)
fn displace(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let replica = order[params.first_in_order + group.x];
    let id = params.first_replica + replica;
    let beta = states[replicas[replica].state].beta;
    let n = replicas[replica].n;
    if n == 0u {
        return;
    }
    load_and_count(replica, n, thread);
    for (var round = 0u; round < params.steps; round += WORKGROUP) {
        let attempts = min(WORKGROUP, params.steps - round);
        if thread < attempts {
            drawn_kind[thread] = block(STREAM_DISPLACEMENT, round + thread, id, 0u);
            drawn_place[thread] = block(STREAM_DISPLACEMENT_ACCEPT, round + thread, id, 0u);
        }
        workgroupBarrier();
        for (var attempt = 0u; attempt < attempts; attempt++) {
            let words = drawn_kind[attempt];
            let slot = index_below(words.x, n);
            let atom = mobile_atom(replica, slot);
            let step = table.dynamics.w * vec3<f32>(symmetric_of(words.y), symmetric_of(words.z), symmetric_of(words.w));
            let position = wrap(atom.xyz + step);
            let possible = contains(position);
            let trial = Trial(select(TRIAL_NONE, TRIAL_DISPLACE, possible), species_of(atom), slot, position);
            partial[thread] = share_change_energy(replica, trial, n, thread, WORKGROUP);
            workgroupBarrier();
            let delta_u = sum_shares(0u, WORKGROUP);
            let accepted = possible && ln_uniform(drawn_place[attempt].x) < -beta * delta_u;
            workgroupBarrier();
            if accepted && thread == 0u {
                put_atom(replica, slot, trial.species, position);
            }
            atoms_barrier();
        }
    }
}

// ΔE of one trial per replica: results[replica].
@compute @workgroup_size(WORKGROUP)
fn trial_energies(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let replica = order[params.first_in_order + group.x];
    let n = replicas[replica].n;
    load_and_count(replica, n, thread);
    let asked = trials[replica];
    var trial = Trial(asked.kind, asked.species, asked.slot, asked.position.xyz);
    if trial.kind == TRIAL_DELETE {
        trial.position = mobile_atom(replica, trial.slot).xyz;
        trial.species = species_of(mobile_atom(replica, trial.slot));
    } else if trial.kind == TRIAL_DISPLACE {
        trial.species = species_of(mobile_atom(replica, trial.slot));
    } else if trial.kind == TRIAL_IDENTITY {
        trial.position = mobile_atom(replica, trial.slot).xyz;
    }
    partial[thread] = share_trial_energy(replica, trial, n, thread, WORKGROUP);
    workgroupBarrier();
    if thread == 0u {
        results[replica] = bitcast<u32>(sum_shares(0u, WORKGROUP));
    }
}

// Applies one edit per replica.
@compute @workgroup_size(WORKGROUP)
fn apply(@builtin(global_invocation_id) at: vec3<u32>) {
    let replica = at.x;
    if replica >= params.n_replicas {
        return;
    }
    let edit = trials[replica];
    let n = replicas[replica].n;
    let first = replica * CAPACITY;
    if edit.kind == TRIAL_INSERT {
        positions[first + n] = vec4<f32>(edit.position.xyz, f32(edit.species));
        velocities[first + n] = vec4<f32>(edit.velocity.xyz, 0.0);
        replicas[replica].n = n + 1u;
    } else if edit.kind == TRIAL_DELETE {
        positions[first + edit.slot] = positions[first + n - 1u];
        velocities[first + edit.slot] = velocities[first + n - 1u];
        replicas[replica].n = n - 1u;
    } else if edit.kind == TRIAL_DISPLACE {
        positions[first + edit.slot] = vec4<f32>(edit.position.xyz, positions[first + edit.slot].w);
    } else if edit.kind == TRIAL_IDENTITY {
        positions[first + edit.slot].w = f32(edit.species);
        velocities[first + edit.slot] *= edit.velocity.x;
    }
}
