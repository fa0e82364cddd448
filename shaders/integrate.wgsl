// integrate: MD segment of one replica.   Twin: src/backend/reference/integrators.rs
// One workgroup per replica; a thread takes a tile of atoms and a share of their partners.
// Source: Leimkuhler & Matthews, Proc. R. Soc. A 472, 20160138 (2016) for BAOAB.
//   positions   [n_replicas * CAPACITY]  [length], w = species, updated
//   velocities  [n_replicas * CAPACITY]  [length / time], updated
//   scratch     [n_replicas * CAPACITY]  forces [energy / length], written by `forces` only

var<workgroup> local_velocity: array<vec4<f32>, CAPACITY>;
// Three numbers a place: a vector would take four.
var<workgroup> partial: array<array<f32, 3>, N_PARTIALS>;
// Gaussians of as many steps as there are threads for.
var<workgroup> noise_of: array<vec4<f32>, N_NOISE>;

// WORKGROUP or CAPACITY, whichever is larger, where there is noise; else 1.
override N_NOISE: u32 = 64u;

// What an atom meets of the slab: its place in the surface cell, and the frozen atoms from one to another.
var<workgroup> local_site: array<vec4<f32>, N_SITES>;

// CAPACITY where the slab is in bins, else 1.
override N_SITES: u32 = 1u;
// No replica has more atoms than there are threads.
override ONE_ATOM: bool = false;
// Fields act on single atoms.
override FIELDS: bool = true;

// Where mobile atoms are of one species: its pairs with itself and with the slab in bins, its 1/m and the deviation of its
// thermal velocities.
var<private> own_pair: PairCoefficients;
var<private> slab_pair: PairCoefficients;
var<private> own_inverse_mass: f32;
var<private> own_thermal: f32;

fn load_species(replica: u32) {
    let species = species_of(positions[replica * CAPACITY]);
    if !MIXED {
        own_pair = pair_of(species, species);
        slab_pair = pair_of(species, table.groups[0].species);
    }
    own_inverse_mass = table.species[species].inverse_mass;
    own_thermal = sqrt(states[replicas[replica].state].kt * own_inverse_mass);
}

fn set_partial(place: u32, force: vec3<f32>) {
    partial[place] = array<f32, 3>(force.x, force.y, force.z);
}

fn partial_at(place: u32) -> vec3<f32> {
    return vec3<f32>(partial[place][0], partial[place][1], partial[place][2]);
}

// Looks atom i up in the bins of the slab.
fn place_in_slab(i: u32, position: vec3<f32>) {
    if BINNED {
        let site = site_of(position);
        local_site[i] = vec4<f32>(site.position.xy, bitcast<f32>(site.first), bitcast<f32>(site.last));
    }
}

// Force of one share of the frozen atoms on atom i.
fn share_of_slab(i: u32, lane: u32, n_lanes: u32) -> vec3<f32> {
    let atom = local_position[i];
    var force = vec3<f32>(0.0);
    if BINNED {
        let site = local_site[i];
        let position = vec3<f32>(site.xy, atom.z);
        let last = bitcast<u32>(site.w);
        // bins hold an even number
        var k = bitcast<u32>(site.z) + 2u * lane;
        if k < last {
            loop {
                let a = frozen[k];
                let b = frozen[k + 1u];
                let to_a = position - a.xyz;
                let to_b = position - b.xyz;
                if MIXED {
                    force += pair_force(dot(to_a, to_a), pair_of(species_of(atom), species_of(a))) * to_a;
                    force += pair_force(dot(to_b, to_b), pair_of(species_of(atom), species_of(b))) * to_b;
                } else {
                    force += pair_force(dot(to_a, to_a), slab_pair) * to_a;
                    force += pair_force(dot(to_b, to_b), slab_pair) * to_b;
                }
                continuing {
                    k += 2u * n_lanes;
                    break if k >= last;
                }
            }
        }
        return force;
    }
    for (var g = 0u; g < table.n_groups; g++) {
        let group = table.groups[g];
        if !within_reach(group, atom.z, atom.z, table.lengths.w) {
            continue;
        }
        let pair = pair_of(species_of(atom), group.species);
        for (var j = group.first + lane; j < group.last; j += n_lanes) {
            force += force_between(atom.xyz, frozen_atom(j), pair);
        }
    }
    return force;
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
            for (var j = share.lane; j < n; j += share.n_lanes) {
                let other = local_position[j].xyz;
                force_i += force_between(atom_i.xyz, other, own_pair);
                force_k += force_between(atom_k.xyz, other, own_pair);
            }
        }
        force_i += share_of_slab(i, share.lane, share.n_lanes);
        if paired {
            force_k += share_of_slab(k, share.lane, share.n_lanes);
        }
        if TRIPLETS {
            force_i += share_triplet_force(i, n, share.lane, share.n_lanes);
            if paired {
                force_k += share_triplet_force(k, n, share.lane, share.n_lanes);
            }
        }
        let row = share.lane * row_of(n);
        set_partial(row + i, force_i);
        if paired {
            set_partial(row + k, force_k);
        }
    }
}

// Where pairs are evaluated once for both: the force on the atom of a thread of those of its own tile.
var<private> force_within: vec3<f32>;

// A tile of four atoms, tile + k n_tiles, meets the atoms of the tiles that follow it round the ring of tiles, so many that each
// two tiles meet once.
fn tiles_ahead(share: Share) -> u32 {
    let half = share.n_tiles / 2u;
    // opposite tiles of an even ring meet by way of the first
    return half - select(0u, 1u, share.tile >= half && 2u * half == share.n_tiles);
}

// A lane takes every n_lanes-th of the tiles ahead. Rows of partial sums: one for every lane, one for every tile ahead.
fn share_halved_forces(n: u32, share: Share, ahead: u32, thread: u32) {
    if thread < n {
        force_within = force_within_tile(thread, share.n_tiles);
    }
    let first = share.tile;
    let n_tiles = share.n_tiles;
    if first >= n_tiles {
        return;
    }
    let tile = Tile(
        local_position[first],
        local_position[first + n_tiles],
        local_position[first + 2u * n_tiles],
        local_position[first + 3u * n_tiles]
    );
    var force_a = share_of_slab(first, share.lane, share.n_lanes);
    var force_b = share_of_slab(first + n_tiles, share.lane, share.n_lanes);
    var force_c = share_of_slab(first + 2u * n_tiles, share.lane, share.n_lanes);
    var force_d = share_of_slab(first + 3u * n_tiles, share.lane, share.n_lanes);
    var place = share.lane;
    if place < ahead {
        loop {
            let next = first + 1u + place;
            let j = select(next, next - n_tiles, next >= n_tiles);
            let row = (share.n_lanes + place) * HALVED_ROW;
            // written out: a turn of a loop costs as much as a pair
            meet(&force_a, &force_b, &force_c, &force_d, tile, j, row);
            meet(&force_a, &force_b, &force_c, &force_d, tile, j + n_tiles, row);
            meet(&force_a, &force_b, &force_c, &force_d, tile, j + 2u * n_tiles, row);
            meet(&force_a, &force_b, &force_c, &force_d, tile, j + 3u * n_tiles, row);
            continuing {
                place += share.n_lanes;
                break if place >= ahead;
            }
        }
    }
    let own_row = share.lane * HALVED_ROW;
    set_partial(own_row + first, force_a);
    set_partial(own_row + first + n_tiles, force_b);
    set_partial(own_row + first + 2u * n_tiles, force_c);
    set_partial(own_row + first + 3u * n_tiles, force_d);
}

struct Tile {
    a: vec4<f32>,
    b: vec4<f32>,
    c: vec4<f32>,
    d: vec4<f32>,
}

// The atoms of a tile meet atom j; what it takes of them goes to its place in a row.
fn meet(
    force_a: ptr<function, vec3<f32>>,
    force_b: ptr<function, vec3<f32>>,
    force_c: ptr<function, vec3<f32>>,
    force_d: ptr<function, vec3<f32>>,
    tile: Tile,
    j: u32,
    row: u32
) {
    let other = local_position[j];
    var reaction = vec3<f32>(0.0);
    add_both(force_a, &reaction, tile.a, other);
    add_both(force_b, &reaction, tile.b, other);
    add_both(force_c, &reaction, tile.c, other);
    add_both(force_d, &reaction, tile.d, other);
    set_partial(row + j, reaction);
}

// The force between two atoms, to that on the first and, reversed, to that on the second.
fn add_both(force: ptr<function, vec3<f32>>, reaction: ptr<function, vec3<f32>>, p: vec4<f32>, q: vec4<f32>) {
    if N_SHIFTS == 1u && !MIXED {
        let d = minimum_image(p.xyz - q.xyz);
        let over_r = pair_force(dot(d, d), own_pair);
        *force = fma(vec3<f32>(over_r), d, *force);
        *reaction = fma(vec3<f32>(-over_r), d, *reaction);
        return;
    }
    var pair = own_pair;
    if MIXED {
        pair = pair_of(species_of(p), species_of(q));
    }
    let between = force_between(p.xyz, q.xyz, pair);
    *force += between;
    *reaction -= between;
}

// Force on atom i of those of its own tile.
fn force_within_tile(i: u32, n_tiles: u32) -> vec3<f32> {
    let atom = local_position[i];
    var force = vec3<f32>(0.0);
    let slots = 4u * n_tiles;
    var j = i;
    for (var k = 1u; k < 4u; k++) {
        j = select(j + n_tiles, j + n_tiles - slots, j + n_tiles >= slots);
        let other = local_position[j];
        if MIXED {
            force += force_between(atom.xyz, other.xyz, pair_of(species_of(atom), species_of(other)));
        } else {
            force += force_between(atom.xyz, other.xyz, own_pair);
        }
    }
    return force;
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
            force = share_of_mobile(atom, n, share) + share_of_slab(i, share.lane, share.n_lanes);
        } else {
            let mobile_end = header & 0xffffu;
            force = listed_force(replica, item, 1u, mobile_end, atom, species_of(atom));
            if BINNED {
                force += share_of_slab(i, share.lane, share.n_lanes);
            } else {
                force += listed_force(replica, item, mobile_end, header >> 16u, atom, table.groups[0].species);
            }
        }
        set_partial(share.lane * row_of(n) + i, force);
    }
}

// Whether atoms have moved far enough in an even or odd step for the lists to be built anew.
var<workgroup> stale: array<atomic<u32>, 2>;

// Pair forces by the kernel's rule. Lists are rebuilt at the start of a dispatch and when an atom has moved half the
// skin; what they hold beyond r_c adds zeros, and the order of summation is that of the slots, so that the bits do not
// depend on when that was.
fn share_all_forces(replica: u32, n: u32, share: Share, ahead: u32, thread: u32, step: u32) {
    if LISTED {
        let rebuild = step == 0u || atomicLoad(&stale[(step + 1u) & 1u]) != 0u;
        if rebuild {
            build_lists(replica, n, share, thread);
        }
        share_listed_forces(replica, n, share);
    } else if is_halved(n) {
        share_halved_forces(n, share, ahead, thread);
    } else {
        share_forces(n, share);
    }
}

// Partial sums of atom i in `n_rows` rows, in order: two where there are no more, or four at a time of which what is too many is
// zero.
fn sum_rows(start: vec3<f32>, i: u32, n_rows: u32, row: u32, two: bool) -> vec3<f32> {
    var force = start;
    let end = n_rows * row;
    var place = i;
    loop {
        force += partial_at(place);
        force += partial_at(place + row);
        if two {
            break;
        }
        force += partial_at(place + 2u * row);
        force += partial_at(place + 3u * row);
        continuing {
            place += 4u * row;
            break if place >= end;
        }
    }
    return force;
}

// Force on atom i: that of its tile, the rows, the external fields.
fn sum_forces(n: u32, share: Share, i: u32, atom: vec4<f32>) -> vec3<f32> {
    var force = vec3<f32>(0.0);
    if is_halved(n) {
        force = sum_rows(force_within, i, share.n_rows, HALVED_ROW, false);
    } else {
        force = sum_rows(force, i, share.n_rows, row_of(n), share.n_rows <= 2u);
    }
    if FIELDS {
        force += external_force_energy(species_of(atom), atom.xyz).xyz;
    }
    return force;
}

// The atoms of a replica and what forces need besides them. A barrier must follow.
fn load_atoms(replica: u32, n: u32, share: Share, thread: u32) {
    load_cell();
    load_replica(replica, n, thread);
    load_species(replica);
    for (var i = thread; i < n; i += WORKGROUP) {
        place_in_slab(i, positions[replica * CAPACITY + i].xyz);
    }
    if is_halved(n) {
        for (var i = n + thread; i < 4u * share.n_tiles; i += WORKGROUP) {
            local_position[i] = vec4<f32>(0.0, 0.0, FAR, 0.0);
            if BINNED {
                local_site[i] = vec4<f32>(0.0);
            }
        }
    }
    // what no tile writes adds nothing
    let row = select(row_of(n), HALVED_ROW, is_halved(n));
    let n_rows = select((share.n_rows + 3u) & ~3u, 2u, share.n_rows <= 2u);
    for (var place = thread; place < n_rows * row; place += WORKGROUP) {
        set_partial(place, vec3<f32>(0.0));
    }
}

// The noise of atom k − later · n, so many steps later than `step`.
fn draw_noise(k: u32, n: u32, id: u32, step: u32, later: u32) {
    noise_of[k] = vec4<f32>(gaussians(STREAM_THERMOSTAT, step + later, id, k - later * n), 0.0);
}

// Atom i closes a step, unless it is the first, and opens the next, unless it is the last.
//   noise_first  place of the noise of this step
fn advance(n: u32, share: Share, i: u32, kt: f32, step: u32, noise_first: u32) {
    let half_dt = table.dynamics.x;
    let atom = local_position[i];
    var inverse_mass = own_inverse_mass;
    var thermal = own_thermal;
    if MIXED {
        inverse_mass = table.species[species_of(atom)].inverse_mass;
        thermal = sqrt(kt * inverse_mass);
    }
    let half_kick = half_dt * inverse_mass * sum_forces(n, share, i, atom);
    var position = atom.xyz;
    var velocity = local_velocity[i].xyz;
    if step > 0u {
        velocity += half_kick;
    }
    if step < params.steps {
        velocity += half_kick;
        if LANGEVIN {
            drift(&position, &velocity, half_dt);
            velocity = table.dynamics.y * velocity + table.dynamics.z * thermal * noise_of[noise_first + i].xyz;
            drift(&position, &velocity, half_dt);
        } else {
            drift(&position, &velocity, 2.0 * half_dt);
        }
        position = wrap(position);
        place_in_slab(i, position);
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

@compute @workgroup_size(WORKGROUP)
fn integrate(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let replica = order[params.first_in_order + group.x];
    let id = params.first_replica + replica;
    let n = replicas[replica].n;
    if n == 0u {
        return;
    }
    let kt = states[replicas[replica].state].kt;
    let share = share_of(n, thread);
    load_atoms(replica, n, share, thread);
    let ahead = tiles_ahead(share);
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
    let later = select(0u, thread / n, n < WORKGROUP);
    var drawn_from = 0u;
    // One pass more than there are steps: the first only opens a step, the last only closes one, so that there is a
    // single place where forces are summed and a split segment has the bits of a whole one.
    for (var step = 0u; step <= params.steps; step++) {
        if LANGEVIN && (step == 0u || step == drawn_from + steps_drawn) {
            drawn_from = step;
            if !ONE_ATOM {
                for (var k = thread; k < steps_drawn * n; k += WORKGROUP) {
                    draw_noise(k, n, id, step, later);
                }
            } else if thread < steps_drawn * n {
                draw_noise(thread, n, id, step, later);
            }
        }
        share_all_forces(replica, n, share, ahead, thread, step);
        workgroupBarrier();
        if LISTED && thread == 0u {
            atomicStore(&stale[(step + 1u) & 1u], 0u);
        }
        let noise_first = (step - drawn_from) * n;
        if !ONE_ATOM {
            for (var i = thread; i < n; i += WORKGROUP) {
                advance(n, share, i, kt, step, noise_first);
            }
        } else if thread < n {
            advance(n, share, thread, kt, step, noise_first);
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
    let share = share_of(n, thread);
    load_atoms(replica, n, share, thread);
    workgroupBarrier();
    share_all_forces(replica, n, share, tiles_ahead(share), thread, 0u);
    workgroupBarrier();
    for (var i = thread; i < n; i += WORKGROUP) {
        scratch[replica * CAPACITY + i] = vec4<f32>(sum_forces(n, share, i, local_position[i]), 0.0);
    }
}
