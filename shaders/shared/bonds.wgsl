// bonds: insertion about atoms of the slab.   Twin: src/system/bonds.rs
// Records of sites of the slab: hosts from table.bonds.x on, partners from table.bonds.z on; w = slot of a mobile atom, or −1 and the
// place of a frozen one.

// Atoms are inserted about hosts; how many there are.
override BONDED: bool = false;
override N_HOSTS: u32 = 1u;
// Squared sum of unit vectors below which bonds cancel; z from which on the x axis says where turns begin.
const CANCELLED = 1e-6;
const STEEP = 0.9;

// Where hosts are now, and the directions of their dangling bonds.
var<workgroup> host_at: array<vec4<f32>, N_HOSTS>;
var<workgroup> host_axis: array<vec4<f32>, N_HOSTS>;

fn site_now(replica: u32, record: u32) -> vec3<f32> {
    let site = frozen[record];
    if site.w >= 0.0 {
        return mobile_atom(replica, u32(site.w)).xyz;
    }
    return site.xyz;
}

// Bonds::hosts. A barrier must follow.
fn load_hosts(replica: u32, thread: u32) {
    for (var h = thread; h < N_HOSTS; h += WORKGROUP) {
        let at = site_now(replica, table.bonds.x + h);
        var sum = vec3<f32>(0.0);
        for (var k = 0u; k < table.bonds.w; k++) {
            let d = minimum_image(site_now(replica, table.bonds.z + k) - at);
            let r2 = dot(d, d);
            if r2 > CANCELLED * table.bond_shell.w && r2 < table.bond_shell.w {
                sum += d / sqrt(r2);
            }
        }
        var axis = vec3<f32>(0.0, 0.0, 1.0);
        if dot(sum, sum) >= CANCELLED {
            axis = -normalize(sum);
        }
        host_at[h] = vec4<f32>(at, 0.0);
        host_axis[h] = vec4<f32>(axis, 0.0);
    }
}

// Hosts::draw: a position about a host, to be wrapped.
//   choice  below table.bond_shares.x a half-shell, else a cap
fn position_at_host(choice: u32, words: vec4<u32>) -> vec3<f32> {
    let h = index_below(words.w, N_HOSTS);
    var axis = vec3<f32>(0.0, 0.0, 1.0);
    var lowest = 0.0;
    if choice >= table.bond_shares.x {
        axis = host_axis[h].xyz;
        lowest = table.bond_shell.z;
    }
    let cube = table.bond_shell.x + uniform_of(words.x) * (table.bond_shell.y - table.bond_shell.x);
    let near = pow(cube, 0.333333333);
    // a step of Newton's: powers are rounded coarsely
    let radius = near - (near - cube / (near * near)) * 0.333333333;
    // 1 − cos θ, from which the sine of a small angle follows without loss
    let versine = uniform_of(words.y) * (1.0 - lowest);
    let cosine = 1.0 - versine;
    let sine = sqrt(versine * (2.0 - versine));
    let other = select(vec3<f32>(1.0, 0.0, 0.0), vec3<f32>(0.0, 0.0, 1.0), abs(axis.z) < STEEP);
    let e1 = normalize(cross(other, axis));
    let e2 = cross(axis, e1);
    let turn = cos_sin_turn(words.z);
    return host_at[h].xyz + radius * (cosine * axis + sine * (turn.x * e1 + turn.y * e2));
}

// Hosts::relative: p(r) V_in.
fn density_at_hosts(r: u32, position: vec3<f32>) -> f32 {
    let reservoir = table.reservoirs[r];
    let volume = table.lengths.x * table.lengths.y * (reservoir.z_hi - reservoir.z_lo);
    var held = vec2<f32>(0.0);
    for (var h = 0u; h < N_HOSTS; h++) {
        let d = minimum_image(position - host_at[h].xyz);
        let r2 = dot(d, d);
        if r2 >= table.bond_range.x && r2 <= table.bond_range.y {
            held.x += select(0.0, 1.0, d.z >= 0.0);
            held.y += select(0.0, 1.0, dot(d, host_axis[h].xyz) >= table.bond_shell.z * sqrt(r2));
        }
    }
    let biased = f32(table.bond_shares.y) * 5.9604644775390625e-8;
    return (1.0 - biased) + volume * dot(table.bond_range.zw, held);
}
