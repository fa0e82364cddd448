// bins: atoms of one large replica sorted into cells at least as wide as the reach.   Twin: src/forces/pairwise.rs
// (which needs none)
//   lists  [n_replicas * LIST_STRIDE]  after the lists of a replica: N_CELLS + 1 first places, then all atoms cell by cell,
//          ascending within a cell; mobile atoms by slot, frozen atoms from CAPACITY on

// Words of the lists and bins of one replica, and cells of its grid.
override LIST_STRIDE: u32 = 1u;
override N_CELLS: u32 = 1u;

// Atoms of every cell, then the next free place of every cell.
var<workgroup> cell_fill: array<atomic<u32>, N_CELLS>;
var<workgroup> cells_before: array<u32, WORKGROUP>;
var<workgroup> bins_due: u32;

fn atom_now(replica: u32, slot: u32) -> vec4<f32> {
    if (params.step & 1u) == 1u {
        return scratch[replica * 2u * CAPACITY + slot];
    }
    return positions[replica * CAPACITY + slot];
}

// A mobile atom, or from CAPACITY on a frozen one.
fn any_atom(replica: u32, id: u32) -> vec4<f32> {
    if id >= CAPACITY {
        return frozen[id - CAPACITY];
    }
    return atom_now(replica, id);
}

fn cell_start(replica: u32, cell: u32) -> u32 {
    return replica * LIST_STRIDE + LIST_WORDS * LIST_ITEMS + cell;
}

fn binned(replica: u32, place: u32) -> u32 {
    return cell_start(replica, N_CELLS + 1u) + place;
}

fn cell_of(position: vec3<f32>) -> vec3<u32> {
    let at = (position - table.grid_origin.xyz) * table.grid_scale.xyz;
    // the second bound is for what is not a number
    return min(vec3<u32>(clamp(at, vec3<f32>(0.0), vec3<f32>(table.grid.xyz) - 1.0)), table.grid.xyz - 1u);
}

fn cell_number(cell: vec3<u32>) -> u32 {
    return (cell.z * table.grid.y + cell.y) * table.grid.x + cell.x;
}

// First cell and number of cells along one axis within reach of cell c; a cell beyond the last is the first again.
fn cells_around(c: u32, n: u32, periodic: bool) -> vec2<u32> {
    if periodic {
        return select(vec2<u32>((c + n - 1u) % n, 3u), vec2<u32>(0u, n), n < 3u);
    }
    let low = max(c, 1u) - 1u;
    return vec2<u32>(low, min(c + 1u, n - 1u) + 1u - low);
}

// The cells within reach of a position.
struct Neighbourhood {
    x: vec2<u32>,
    y: vec2<u32>,
    z: vec2<u32>,
    count: u32,
    // In an oblique cell: the row that the position is in; the first cell along x of the row below the lowest and of that above
    // the highest one.
    row: u32,
    below: u32,
    above: u32,
}

fn neighbourhood_of(position: vec3<f32>) -> Neighbourhood {
    let home = cell_of(position);
    var x = cells_around(home.x, table.grid.x, true);
    let y = cells_around(home.y, table.grid.y, true);
    let z = cells_around(home.z, table.grid.z, PERIODIC_Z);
    var below = 0u;
    var above = 0u;
    if OBLIQUE {
        // A row that is below and above at once, or beside itself, is needed whole.
        x = select(x, vec2<u32>(0u, table.grid.x), table.grid.y < 3u);
        below = first_of_row(position, table.shear.x);
        above = first_of_row(position, -table.shear.x);
    }
    return Neighbourhood(x, y, z, x.y * y.y * z.y, home.y, below, above);
}

// The first cell along x within reach of a position that is moved along x.
fn first_of_row(position: vec3<f32>, ahead: f32) -> u32 {
    let x = wrap_one(position.x + ahead, table.lengths.x, table.inverse_lengths.x);
    return cells_around(cell_of(vec3<f32>(x, position.yz)).x, table.grid.x, true).x;
}

fn neighbour_cell(around: Neighbourhood, c: u32) -> u32 {
    var first = around.x.x;
    if OBLIQUE && around.y.y == 3u && table.grid.y >= 3u {
        let row = c / around.x.y % around.y.y;
        first = select(first, around.below, row == 0u && around.row == 0u);
        first = select(first, around.above, row == 2u && around.row == table.grid.y - 1u);
    }
    let x = (first + c % around.x.y) % table.grid.x;
    let y = (around.y.x + c / around.x.y % around.y.y) % table.grid.y;
    let z = (around.z.x + c / (around.x.y * around.y.y)) % table.grid.z;
    return cell_number(vec3<u32>(x, y, z));
}

// Whether atoms have moved half the skin since the lists of this segment were built, or there are none yet.
fn lists_due(replica: u32) -> bool {
    return params.step == 0u || atomicLoad(&stale_steps[3u * replica + (params.step + 2u) % 3u]) != 0u;
}

// Sorts the atoms of one replica into cells, when its lists are due. One workgroup per replica.
@compute @workgroup_size(WORKGROUP)
fn bin(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let replica = order[params.first_in_order + group.x];
    if thread == 0u {
        bins_due = u32(lists_due(replica));
    }
    if workgroupUniformLoad(&bins_due) == 0u {
        return;
    }
    let n = replicas[replica].n;
    for (var c = thread; c < N_CELLS; c += WORKGROUP) {
        atomicStore(&cell_fill[c], 0u);
    }
    workgroupBarrier();
    for (var k = thread; k < n + N_FROZEN; k += WORKGROUP) {
        let id = select(CAPACITY + k - n, k, k < n);
        atomicAdd(&cell_fill[cell_number(cell_of(any_atom(replica, id).xyz))], 1u);
    }
    workgroupBarrier();
    // Every thread takes a run of cells; their first places follow from the sums over the runs before.
    let run = (N_CELLS + WORKGROUP - 1u) / WORKGROUP;
    let first = min(thread * run, N_CELLS);
    let last = min(first + run, N_CELLS);
    var sum = 0u;
    for (var c = first; c < last; c++) {
        sum += atomicLoad(&cell_fill[c]);
    }
    cells_before[thread] = sum;
    workgroupBarrier();
    var place = 0u;
    for (var t = 0u; t < thread; t++) {
        place += cells_before[t];
    }
    for (var c = first; c < last; c++) {
        let count = atomicLoad(&cell_fill[c]);
        lists[cell_start(replica, c)] = place;
        atomicStore(&cell_fill[c], place);
        place += count;
    }
    if thread == 0u {
        lists[cell_start(replica, N_CELLS)] = n + N_FROZEN;
    }
    workgroupBarrier();
    for (var k = thread; k < n + N_FROZEN; k += WORKGROUP) {
        let id = select(CAPACITY + k - n, k, k < n);
        let free = atomicAdd(&cell_fill[cell_number(cell_of(any_atom(replica, id).xyz))], 1u);
        lists[binned(replica, free)] = id;
    }
    storageBarrier();
    workgroupBarrier();
    // The order in which atoms arrived is chance: sorting takes it out.
    for (var c = first; c < last; c++) {
        let end = lists[cell_start(replica, c + 1u)];
        for (var k = lists[cell_start(replica, c)] + 1u; k < end; k++) {
            let id = lists[binned(replica, k)];
            var hole = k;
            while hole > lists[cell_start(replica, c)] && lists[binned(replica, hole - 1u)] > id {
                lists[binned(replica, hole)] = lists[binned(replica, hole - 1u)];
                hole -= 1u;
            }
            lists[binned(replica, hole)] = id;
        }
    }
}
