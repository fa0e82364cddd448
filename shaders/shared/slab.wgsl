// slab: frozen atoms in reach of every place, their images included.   Twin: src/backend/gpu/slab.rs
// Bins over one surface cell of the slab, which repeats itself. Records of a bin: how many follow, an even number; then frozen
// atoms, x and y counted from the corner of the surface cell that an atom is in, w = species.
//   frozen[table.slab_bins.w ..]  [bins along x * along y * along z][SLAB_RECORDS]

// Frozen atoms are looked up in bins; records of one bin.
override BINNED: bool = false;
override SLAB_RECORDS: u32 = 1u;

// The frozen atoms that an atom can meet are frozen[first..last]; the atom, counted from the corner of its surface cell.
struct Site {
    first: u32,
    last: u32,
    position: vec3<f32>,
}

fn site_of(position: vec3<f32>) -> Site {
    var cell = floor(position.xy * table.slab_cells.xy);
    // the edges in two pieces, of which the first times a number of cells is exact
    var inside = (position.xy - cell * table.slab_edges.xy) - cell * table.slab_edges.zw;
    if OBLIQUE {
        // each row of surface cells is ahead of the one below
        let ahead = table.shear_edges.zw;
        cell.x = floor((position.x - cell.y * (ahead.x + ahead.y)) * table.slab_cells.x);
        let x = position.x - (cell.x * table.slab_edges.x + cell.y * ahead.x);
        inside.x = x - (cell.x * table.slab_edges.z + cell.y * ahead.y);
    }
    let at = vec3<f32>(inside, position.z - table.slab_scale.w) * table.slab_scale.xyz;
    // conversion keeps what is below 0 there; the highest bins are empty
    let bin = min(vec3<u32>(at), table.slab_bins.xyz - 1u);
    let number = (bin.x * table.slab_bins.y + bin.y) * table.slab_bins.z + bin.z;
    let first = table.slab_bins.w + number * SLAB_RECORDS;
    return Site(first + 1u, first + 1u + u32(frozen[first].x), vec3<f32>(inside, position.z));
}

// Energy of one share of the frozen atoms with an atom of `species` at `position`.
fn share_slab_energy(species: u32, position: vec3<f32>, lane: u32, n_lanes: u32) -> f32 {
    var energy = 0.0;
    if BINNED {
        let site = site_of(position);
        let pair = pair_of(species, table.groups[0].species);
        for (var k = site.first + lane; k < site.last; k += n_lanes) {
            let other = frozen[k];
            let d = site.position - other.xyz;
            if MIXED {
                energy += pair_energy(dot(d, d), pair_of(species, species_of(other)));
            } else {
                energy += pair_energy(dot(d, d), pair);
            }
        }
        return energy;
    }
    for (var g = 0u; g < table.n_groups; g++) {
        let group = table.groups[g];
        if !within_reach(group, position.z, position.z, table.lengths.w) {
            continue;
        }
        let pair = pair_of(species, group.species);
        for (var j = group.first + lane; j < group.last; j += n_lanes) {
            energy += energy_between(position, frozen_atom(j), pair, false);
        }
    }
    return energy;
}
