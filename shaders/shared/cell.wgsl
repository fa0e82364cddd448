// cell: periodic directions and hard walls.   Twin: src/system/cell.rs
// In an oblique cell the rows of periods are taken off first, and each takes the tilt off x; the twin says why that finds the image.

// The periods and their inverses, w = 1.5·2²³: every kernel that needs an image calls load_cell first.
var<private> periods: vec4<f32>;
var<private> inverse_periods: vec4<f32>;

fn load_cell() {
    periods = vec4<f32>(table.lengths.xyz, table.lengths_low.w);
    inverse_periods = table.inverse_lengths;
}

// Two numbers that a compiler does not know to be equal, or it takes (x + c) − c for x.
fn nearest_integer(x: f32) -> f32 {
    if MAGIC_ROUND {
        return (x + periods.w) - inverse_periods.w;
    }
    return round(x);
}

// Minimum-image vector of a difference of two wrapped positions, with the periods rounded to f32: for forces.
fn minimum_image(d: vec3<f32>) -> vec3<f32> {
    if OBLIQUE {
        return minimum_image_oblique(d);
    }
    let x = d.x - periods.x * nearest_integer(d.x * inverse_periods.x);
    let y = d.y - periods.y * nearest_integer(d.y * inverse_periods.y);
    if PERIODIC_Z {
        return vec3<f32>(x, y, d.z - periods.z * nearest_integer(d.z * inverse_periods.z));
    }
    return vec3<f32>(x, y, d.z);
}

fn minimum_image_oblique(d: vec3<f32>) -> vec3<f32> {
    let row = nearest_integer(d.y * inverse_periods.y);
    let x = d.x - table.shear.x * row;
    var image = vec3<f32>(x - periods.x * nearest_integer(x * inverse_periods.x), d.y - periods.y * row, d.z);
    if PERIODIC_Z {
        image.z -= periods.z * nearest_integer(d.z * inverse_periods.z);
    }
    return image;
}

// The same with the periods in two pieces: for energies.
fn minimum_image_precise(d: vec3<f32>) -> vec3<f32> {
    if OBLIQUE {
        return minimum_image_oblique_precise(d);
    }
    let x = nearest_integer(d.x * inverse_periods.x);
    let y = nearest_integer(d.y * inverse_periods.y);
    var image = vec3<f32>(x, y, 0.0);
    if PERIODIC_Z {
        image.z = nearest_integer(d.z * inverse_periods.z);
    }
    return (d - image * periods.xyz) - image * table.lengths_low.xyz;
}

fn minimum_image_oblique_precise(d: vec3<f32>) -> vec3<f32> {
    let row = nearest_integer(d.y * inverse_periods.y);
    let column = nearest_integer((d.x - table.shear.x * row) * inverse_periods.x);
    // without rounding: x is left as exact as a single period leaves it
    let along_x = column * table.shear_edges.x + row * table.shear.y;
    var high = vec3<f32>(along_x, row * periods.y, 0.0);
    var low = vec3<f32>(column * table.shear_edges.y + row * table.shear.z, row * table.lengths_low.y, 0.0);
    if PERIODIC_Z {
        let layer = nearest_integer(d.z * inverse_periods.z);
        high.z = layer * periods.z;
        low.z = layer * table.lengths_low.z;
    }
    return (d - high) - low;
}

fn wrap_one(x: f32, length: f32, inverse: f32) -> f32 {
    let near = x - length * floor(x * inverse);
    let wrapped = select(near, near + length, near < 0.0);
    return select(wrapped, 0.0, wrapped >= length);
}

fn wrap(position: vec3<f32>) -> vec3<f32> {
    var z = position.z;
    if PERIODIC_Z {
        z = wrap_one(z, table.lengths.z, table.inverse_lengths.z);
    }
    if OBLIQUE {
        // the row that y is taken back from, also where −tiny becomes 0
        let y = wrap_one(position.y, table.lengths.y, table.inverse_lengths.y);
        let row = round((position.y - y) * table.inverse_lengths.y);
        let x = position.x - table.shear.x * row;
        return vec3<f32>(wrap_one(x, table.lengths.x, table.inverse_lengths.x), y, z);
    }
    return vec3<f32>(
        wrap_one(position.x, table.lengths.x, table.inverse_lengths.x),
        wrap_one(position.y, table.lengths.y, table.inverse_lengths.y),
        z
    );
}

// Between the walls (slab) or anywhere (bulk).
fn contains(position: vec3<f32>) -> bool {
    return PERIODIC_Z || (position.z >= table.walls.x && position.z <= table.walls.y);
}

// Specular reflection: z mirrored, v_z flipped, as often as needed.
fn reflect_at_walls(position: ptr<function, vec3<f32>>, velocity: ptr<function, vec3<f32>>) {
    if PERIODIC_Z || ((*position).z >= table.walls.x && (*position).z <= table.walls.y) {
        return;
    }
    for (var bounce = 0u; bounce < 8u; bounce++) {
        let z = (*position).z;
        if z < table.walls.x {
            (*position).z = 2.0 * table.walls.x - z;
        } else if z > table.walls.y {
            (*position).z = 2.0 * table.walls.y - z;
        } else {
            break;
        }
        (*velocity).z = -(*velocity).z;
    }
}

// Neither infinite nor not a number, asked of the bits.
fn is_finite(v: vec3<f32>) -> bool {
    let exponents = bitcast<vec3<u32>>(v) & vec3<u32>(0x7f800000u);
    return all(exponents != vec3<u32>(0x7f800000u));
}
