// assign: new states for all replicas.   Twin: Reference::set_states in src/backend/reference/mod.rs
// One workgroup per replica; where the temperature changed, velocities are multiplied by √(T_new/T_old).
//   replicas    [n_replicas]             state, updated
//   velocities  [n_replicas * CAPACITY]  [length / time], updated

@compute @workgroup_size(WORKGROUP)
fn assign(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let replica = group.x;
    let scale = assignments[replica].scale;
    if thread == 0u {
        replicas[replica].state = assignments[replica].state;
    }
    if scale == 1.0 {
        return;
    }
    for (var i = thread; i < replicas[replica].n; i += WORKGROUP) {
        velocities[replica * CAPACITY + i] = scale * velocities[replica * CAPACITY + i];
    }
}
