// segment: begin and end of a segment of dynamics that is accepted or rejected.   Twin: src/backend/reference/segments.rs
// One workgroup per replica. The potential energies of both ends are those that `measure` has left in the results.
//   positions   [n_replicas * CAPACITY]       [length], w = species; after a rejection those of the start
//   velocities  [n_replicas * CAPACITY]       [length / time]; refreshed, after a rejection those of the start reversed
//   scratch     [n_replicas * STEP_SLOTS]     of the steps; then [n_replicas * (2 CAPACITY + 1)] positions and velocities of the
//                                             start, its potential and its kinetic energy, each in two f32 to be added
//   replicas    [n_replicas]                  status, with the accepted segments << 8

// Slots of a replica that large steps take from the scratch.
override STEP_SLOTS: u32 = 0u;
// Bit of the status word: an atom is not a number or outside its walls.
const STATUS_UNSOUND = 1u;
const ONE_ACCEPTED = 256u;

var<workgroup> sums: array<vec2<f32>, WORKGROUP>;
var<workgroup> accepted: u32;

fn start_of(replica: u32) -> u32 {
    return params.n_replicas * STEP_SLOTS + replica * (2u * CAPACITY + 1u);
}

// Adds the kinetic energy of an atom to the sum of this thread.
fn add_kinetic(thread: u32, atom: vec4<f32>, velocity: vec3<f32>) {
    sums[thread] = add_to_pair(sums[thread], 0.5 * table.species[u32(atom.w)].mass * dot(velocity, velocity));
}

// The sums of all threads, in their order. One thread only.
fn total() -> vec2<f32> {
    var sum = vec2<f32>(0.0);
    for (var t = 0u; t < WORKGROUP; t++) {
        sum = add_to_pair(sum, sums[t].x);
        sum.y += sums[t].y;
    }
    return sum;
}

// The energy that was measured, in two f32.
fn measured(replica: u32) -> vec2<f32> {
    let first = replica * params.result_words;
    return vec2<f32>(bitcast<f32>(results[first]), bitcast<f32>(results[first + 1u]));
}

// Refreshes velocities and keeps the start.
@compute @workgroup_size(WORKGROUP)
fn open_segment(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let replica = group.x;
    let id = params.first_replica + replica;
    let n = replicas[replica].n;
    let kt = states[replicas[replica].state].kt;
    let keep = table.dynamics.y;
    let start = start_of(replica);
    sums[thread] = vec2<f32>(0.0);
    for (var i = thread; i < n; i += WORKGROUP) {
        let slot = replica * CAPACITY + i;
        let atom = positions[slot];
        let thermal = sqrt(kt * table.species[u32(atom.w)].inverse_mass);
        var velocity = table.dynamics.z * thermal * gaussians(STREAM_SEGMENT_VELOCITY, 0u, id, i);
        if keep != 0.0 {
            velocity += keep * velocities[slot].xyz;
        }
        velocities[slot] = vec4<f32>(velocity, 0.0);
        scratch[start + i] = atom;
        scratch[start + CAPACITY + i] = vec4<f32>(velocity, 0.0);
        add_kinetic(thread, atom, velocity);
    }
    workgroupBarrier();
    if thread == 0u {
        scratch[start + 2u * CAPACITY] = vec4<f32>(measured(replica), total());
        // params.redraw: the first segment of a cycle
        if params.redraw != 0u {
            replicas[replica].status &= ONE_ACCEPTED - 1u;
        }
    }
}

// Accepts the segment, or takes the start back with its velocities reversed.
@compute @workgroup_size(WORKGROUP)
fn close_segment(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let replica = group.x;
    let id = params.first_replica + replica;
    let n = replicas[replica].n;
    let start = start_of(replica);
    sums[thread] = vec2<f32>(0.0);
    for (var i = thread; i < n; i += WORKGROUP) {
        add_kinetic(thread, positions[replica * CAPACITY + i], velocities[replica * CAPACITY + i].xyz);
    }
    workgroupBarrier();
    if thread == 0u {
        let before = scratch[start + 2u * CAPACITY];
        let after = vec4<f32>(measured(replica), total());
        let change = after - before;
        let delta_u = change.x + change.y;
        let delta_k = change.z + change.w;
        let sound = (results[replica * params.result_words + 2u] & STATUS_UNSOUND) == 0u && is_finite(vec3<f32>(delta_u, delta_k, 0.0));
        let ln_probability = -states[replicas[replica].state].beta * (delta_u + delta_k);
        let drawn = ln_uniform(block(STREAM_SEGMENT_ACCEPT, 0u, id, 0u).x);
        accepted = u32(sound && (ln_probability >= 0.0 || drawn < ln_probability));
        replicas[replica].status += accepted * ONE_ACCEPTED;
    }
    if workgroupUniformLoad(&accepted) == 0u {
        for (var i = thread; i < n; i += WORKGROUP) {
            positions[replica * CAPACITY + i] = scratch[start + i];
            velocities[replica * CAPACITY + i] = -scratch[start + CAPACITY + i];
        }
    }
}
