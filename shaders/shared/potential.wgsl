// potential: truncated pairs and fields on single atoms.   Twin: src/potential/
// plain_energy and plain_force are those of the form, shaders/potential/

// Pair energy at squared distance r2; OVERLAP_ENERGY inside the core.
fn pair_energy(r2: f32, pair: PairCoefficients) -> f32 {
    var energy = plain_energy(r2, pair) - pair.shift;
    if FORCE_SHIFTED {
        energy -= (sqrt(r2) - table.lengths.w) * pair.slope;
    }
    energy = select(energy, OVERLAP_ENERGY, r2 < pair.core_squared);
    return select(0.0, energy, r2 < pair.r_cut_squared);
}

// Whether core² ≤ r2 < r_c²: numbers that are not negative are in the order of their bits, so that one difference tells.
fn within_range(r2: f32, pair: PairCoefficients) -> bool {
    let core = bitcast<u32>(pair.core_squared);
    return bitcast<u32>(r2) - core < bitcast<u32>(pair.r_cut_squared) - core;
}

// −u'(r)/r, so that the force on i is this times (r_i − r_j); 0 inside the core, hence also for an atom with itself.
fn pair_force(r2: f32, pair: PairCoefficients) -> f32 {
    var force = plain_force(r2, pair);
    if FORCE_SHIFTED {
        force += pair.slope * inverseSqrt(r2);
    }
    return select(0.0, force, within_range(r2, pair));
}

// Force on p from q, from its nearest image or from every image within reach.
fn force_between(p: vec3<f32>, q: vec3<f32>, pair: PairCoefficients) -> vec3<f32> {
    let d = minimum_image(p - q);
    if N_SHIFTS == 1u {
        return pair_force(dot(d, d), pair) * d;
    }
    var force = vec3<f32>(0.0);
    for (var s = 0u; s < N_SHIFTS; s++) {
        let image = d + table.shifts[s].xyz;
        force += pair_force(dot(image, image), pair) * image;
    }
    return force;
}

// Energy of p with q; `self_pair`: only with the images of itself.
fn energy_between(p: vec3<f32>, q: vec3<f32>, pair: PairCoefficients, self_pair: bool) -> f32 {
    let d = minimum_image_precise(p - q);
    let nearest = select(pair_energy(dot(d, d), pair), 0.0, self_pair);
    if N_SHIFTS == 1u {
        return nearest;
    }
    var energy = nearest;
    for (var s = 1u; s < N_SHIFTS; s++) {
        let image = d + table.shifts[s].xyz;
        energy += pair_energy(dot(image, image), pair);
    }
    return energy;
}

// (force, energy) of one field on an atom.
fn field_force_energy(field: ExternalField, position: vec3<f32>) -> vec4<f32> {
    if field.kind == 0u {
        let d = position - field.place.xyz;
        return vec4<f32>(-field.strength * d, 0.5 * field.strength * dot(d, d));
    }
    let z = position.z - field.place.y;
    if z < field.core {
        return vec4<f32>(0.0, 0.0, 0.0, OVERLAP_ENERGY);
    }
    let ratio = field.sigma / z;
    if field.kind == 1u {
        let ratio2 = ratio * ratio;
        let ratio4 = ratio2 * ratio2;
        let ratio10 = ratio4 * ratio4 * ratio2;
        let depth = z + 0.61 * field.place.x;
        let tail = field.place.z / (depth * depth * depth);
        let energy = field.strength * (0.4 * ratio10 - ratio4 - tail);
        let force = field.strength * (4.0 * ratio10 / z - 4.0 * ratio4 / z - 3.0 * tail / depth);
        return vec4<f32>(0.0, 0.0, force, energy);
    }
    let ratio3 = ratio * ratio * ratio;
    let ratio9 = ratio3 * ratio3 * ratio3;
    let force = field.strength * (1.2 * ratio9 - 3.0 * ratio3) / z;
    return vec4<f32>(0.0, 0.0, force, field.strength * (2.0 / 15.0 * ratio9 - ratio3));
}

// (force, energy) of all fields on an atom.
fn external_force_energy(species: u32, position: vec3<f32>) -> vec4<f32> {
    var sum = vec4<f32>(0.0);
    for (var k = 0u; k < table.species[species].n_fields; k++) {
        sum += field_force_energy(table.fields[species * MAX_FIELDS_PER_SPECIES + k], position);
    }
    return sum;
}
