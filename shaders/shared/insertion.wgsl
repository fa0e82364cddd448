// insertion: where atoms are inserted, and with which density.   Twin: src/system/insertion.rs
//   frozen[table.voxels[r].counts.w / 4 ..]  tables of insertion, four numbers a record

// Atoms are inserted by tables, or about hosts.
override BIASED: bool = false;

// Number e of the tables of insertion.
fn shares_before(e: u32) -> f32 {
    return frozen[e / 4u][e % 4u];
}

// Where the table of a reservoir begins in a state.
fn first_share(state: u32, r: u32) -> u32 {
    return table.voxels[r].counts.w + states[state].temperature * table.voxels[r].repeats.z;
}

// Voxels::of: the voxel that holds a position of the region.
fn voxel_of(r: u32, position: vec3<f32>) -> u32 {
    let voxels = table.voxels[r];
    let at = max((position - vec3<f32>(0.0, 0.0, voxels.per_length.w)) * voxels.per_length.xyz, vec3<f32>(0.0));
    let most = voxels.counts.xyz * vec3<u32>(voxels.repeats.xy, 1u) - vec3<u32>(1u);
    var v = min(vec3<u32>(at), most);
    if OBLIQUE {
        let n = f32(voxels.counts.x);
        let x = at.x - voxels.to_length.w * f32(v.y / voxels.counts.y);
        v.x = min(u32(max(x - n * floor(x / n), 0.0)), voxels.counts.x - 1u);
    }
    v = v % voxels.counts.xyz;
    return (v.x * voxels.counts.y + v.y) * voxels.counts.z + v.z;
}

// Density::relative: p(r) V_in.
fn relative_density(state: u32, r: u32, position: vec3<f32>) -> f32 {
    if !BIASED {
        return 1.0;
    }
    if BONDED {
        return density_at_hosts(r, position);
    }
    let counts = table.voxels[r].counts;
    let e = first_share(state, r) + voxel_of(r, position);
    let shares = shares_before(e + 1u) - shares_before(e);
    let weight = f32(states[state].weights[r / 4u][r % 4u]) * 5.9604644775390625e-8;
    return (1.0 - weight) + weight * f32(counts.x * counts.y * counts.z) * (shares * 5.9604644775390625e-8);
}

// Density::draw: a position in the voxel that the share falls into.
fn position_in_table(state: u32, r: u32, words: vec4<u32>) -> vec3<f32> {
    let voxels = table.voxels[r];
    let first = first_share(state, r);
    let share = f32(words.w >> 8u);
    var below = 0u;
    var above = voxels.counts.x * voxels.counts.y * voxels.counts.z;
    while above - below > 1u {
        let middle = (below + above) / 2u;
        if shares_before(first + middle) <= share {
            below = middle;
        } else {
            above = middle;
        }
    }
    let column = below / voxels.counts.z;
    let corner = vec3<f32>(vec3<u32>(column / voxels.counts.y, column % voxels.counts.y, below % voxels.counts.z));
    let place = vec3<f32>(uniform_of(words.x), uniform_of(words.y), uniform_of(words.z));
    let cells = place.xy * vec2<f32>(voxels.repeats.xy);
    var start = corner + vec3<f32>(floor(cells) * vec2<f32>(voxels.counts.xy), 0.0);
    if OBLIQUE {
        // wrapped by the caller
        start.x += voxels.to_length.w * floor(cells.y);
    }
    let at = (start + vec3<f32>(cells - floor(cells), place.z)) * voxels.to_length.xyz;
    return at + vec3<f32>(0.0, 0.0, voxels.per_length.w);
}

// moves::fresh_position; w = p(r) V_in.
fn draw_position(state: u32, r: u32, words: vec4<u32>) -> vec4<f32> {
    let reservoir = table.reservoirs[r];
    let depth = reservoir.z_hi - reservoir.z_lo;
    let place = vec2<f32>(uniform_of(words.x), uniform_of(words.y)) * table.lengths.xy;
    var position = vec3<f32>(place, reservoir.z_lo + uniform_of(words.z) * depth);
    if BIASED {
        let choice = (words.x & 0xffu) | ((words.y & 0xffu) << 8u) | ((words.z & 0xffu) << 16u);
        if BONDED {
            if choice < table.bond_shares.y {
                // it may lie outside the region, and is not tried then
                position = wrap(position_at_host(choice, words));
                return vec4<f32>(position, density_at_hosts(r, position));
            }
        } else if choice < states[state].weights[r / 4u][r % 4u] {
            position = position_in_table(state, r, words);
        }
    }
    position.z = clamp(position.z, reservoir.z_lo, reservoir.z_hi);
    position = wrap(position);
    return vec4<f32>(position, relative_density(state, r, position));
}
