// three_body: triplets that one mobile atom is part of.   Twin: src/forces/three_body.rs
// Every atom looks for its triplets itself: those about it, and those about whoever is within a leg of it. So each is looked at
// by all its mobile atoms, and none writes what is another's.
//   frozen[N_FROZEN ..]  legs [n_species²]: γσ, aσ; angles [n_species³]: λε, cos θ₀

override TRIPLETS: bool = false;

// γσ, aσ of the leg from a centre to an end.
fn leg_of(centre: u32, end: u32) -> vec2<f32> {
    return frozen[N_FROZEN + centre * table.n_species + end].xy;
}

// λε, cos θ₀ of two ends about a centre.
fn angle_of(centre: u32, j: u32, k: u32) -> vec2<f32> {
    let n = table.n_species;
    return frozen[N_FROZEN + n * n + (centre * n + j) * n + k].xy;
}

// An end as its centre sees it: the direction to it (0 where both coincide), 1/r, e and de/dr of its leg.
struct End {
    direction: vec3<f32>,
    inverse_r: f32,
    decay: f32,
    slope: f32,
}

// The end at `d` from its centre, within the leg.
fn end_of(d: vec3<f32>, leg: vec2<f32>) -> End {
    let r2 = dot(d, d);
    let r = sqrt(r2);
    let inverse_r = select(0.0, 1.0 / r, r2 > 0.0);
    let to_end = 1.0 / min(r - leg.y, -1e-6);
    let scaled = leg.x * to_end;
    let decay = exp(scaled);
    return End(d * inverse_r, inverse_r, decay, -decay * scaled * to_end);
}

// Energy of a triplet.
fn triplet_energy(angle: vec2<f32>, j: End, k: End) -> f32 {
    let bend = dot(j.direction, k.direction) - angle.y;
    return angle.x * bend * bend * (j.decay * k.decay);
}

// Force on end j of a triplet.
fn triplet_force(angle: vec2<f32>, j: End, k: End) -> vec3<f32> {
    let cosine = dot(j.direction, k.direction);
    let bend = cosine - angle.y;
    let turn = 2.0 * angle.x * bend * (j.decay * k.decay);
    let stretch = angle.x * bend * bend * j.slope * k.decay;
    return -turn * j.inverse_r * (k.direction - cosine * j.direction) - stretch * j.direction;
}

// Atom a of the replica in workgroup memory: its mobile atoms, then the frozen ones.
fn atom_of_all(n: u32, a: u32) -> vec4<f32> {
    if a < n {
        return local_position[a];
    }
    if FROZEN_LOCAL {
        return local_position[CAPACITY + a - n];
    }
    return frozen[a - n];
}

// One share of the force of all triplets on mobile atom i.
fn share_triplet_force(i: u32, n: u32, lane: u32, n_lanes: u32) -> vec3<f32> {
    let atom = local_position[i];
    let own = species_of(atom);
    var force = vec3<f32>(0.0);
    for (var a = lane; a < n + N_FROZEN; a += n_lanes) {
        if a == i {
            continue;
        }
        let first = atom_of_all(n, a);
        let of_first = species_of(first);
        let d = minimum_image(first.xyz - atom.xyz);
        let leg = leg_of(own, of_first);
        if dot(d, d) >= leg.y * leg.y {
            continue;
        }
        let to_first = end_of(d, leg);
        let from_first = end_of(-d, leg_of(of_first, own));
        for (var b = 0u; b < n + N_FROZEN; b++) {
            if b == i || b == a {
                continue;
            }
            let second = atom_of_all(n, b);
            let of_second = species_of(second);
            let from_own = minimum_image(second.xyz - atom.xyz);
            let own_leg = leg_of(own, of_second);
            if dot(from_own, from_own) < own_leg.y * own_leg.y {
                force -= triplet_force(angle_of(own, of_first, of_second), to_first, end_of(from_own, own_leg));
            }
            let between = minimum_image(second.xyz - first.xyz);
            let leg_between = leg_of(of_first, of_second);
            if dot(between, between) < leg_between.y * leg_between.y {
                force += triplet_force(angle_of(of_first, own, of_second), from_first, end_of(between, leg_between));
            }
        }
    }
    return force;
}

// One share of the energy of the triplets of an atom of `own` at `position` with all but the atom in slot `except`.
//   whole   every triplet counts whole, as for an atom that comes or goes; else so that the sum over all mobile atoms has each
//           once: with its centre, or with its mobile ends in equal parts where that is frozen
fn share_triplet_energy(
    own: u32,
    position: vec3<f32>,
    except: u32,
    whole: bool,
    n: u32,
    lane: u32,
    n_lanes: u32
) -> f32 {
    // a slot that nobody has is no frozen atom
    let left_out = select(except, 0xffffffffu, except >= n);
    var energy = 0.0;
    for (var a = lane; a < n + N_FROZEN; a += n_lanes) {
        if a == left_out {
            continue;
        }
        let first = atom_of_all(n, a);
        let of_first = species_of(first);
        let d = minimum_image_precise(first.xyz - position);
        let leg = leg_of(own, of_first);
        if dot(d, d) >= leg.y * leg.y {
            continue;
        }
        let to_first = end_of(d, leg);
        let from_first = end_of(-d, leg_of(of_first, own));
        for (var b = 0u; b < n + N_FROZEN; b++) {
            if b == left_out || b == a {
                continue;
            }
            let second = atom_of_all(n, b);
            let of_second = species_of(second);
            let own_leg = leg_of(own, of_second);
            let from_own = minimum_image_precise(second.xyz - position);
            if b > a && dot(from_own, from_own) < own_leg.y * own_leg.y {
                energy += triplet_energy(angle_of(own, of_first, of_second), to_first, end_of(from_own, own_leg));
            }
            let between = minimum_image_precise(second.xyz - first.xyz);
            let leg_between = leg_of(of_first, of_second);
            if (whole || a >= n) && dot(between, between) < leg_between.y * leg_between.y {
                let share = select(1.0, 0.5, !whole && b < n);
                let angle = angle_of(of_first, own, of_second);
                energy += share * triplet_energy(angle, from_first, end_of(between, leg_between));
            }
        }
    }
    return energy;
}
