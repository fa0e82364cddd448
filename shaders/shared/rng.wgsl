// rng: addressed random numbers.   Twin: src/base/rng.rs
// Source: Salmon et al., Proc. SC'11, 16 (2011).

const STREAM_THERMOSTAT = 0u;
const STREAM_VELOCITY_REDRAW = 1u;
const STREAM_PARTICLE_MOVE = 2u;
const STREAM_INSERT_POSITION = 3u;
const STREAM_INSERT_VELOCITY = 4u;
const STREAM_DISPLACEMENT = 5u;
const STREAM_DISPLACEMENT_ACCEPT = 6u;
const STREAM_IDENTITY = 13u;
const STREAM_SEGMENT_VELOCITY = 14u;
const STREAM_SEGMENT_ACCEPT = 15u;

// Two rounds of Philox4x32 with their keys.
fn two_rounds(counter: vec4<u32>, keys: vec4<u32>) -> vec4<u32> {
    return one_round(one_round(counter, keys.xy), keys.zw);
}

fn one_round(c: vec4<u32>, key: vec2<u32>) -> vec4<u32> {
    let first = multiply_wide(c.x, 0xD2511F53u);
    let second = multiply_wide(c.z, 0xCD9E8D57u);
    return vec4<u32>(second.y ^ c.y ^ key.x, second.x, first.y ^ c.w ^ key.y, first.x);
}

// The four words at an address; `step` counts from the first step of the dispatch. Keys of rounds come from the host: most
// compilers add them up anew in every thread.
fn block(stream: u32, step: u32, replica: u32, slot: u32) -> vec4<u32> {
    let low = params.step_low + step;
    let high = params.step_high + select(0u, 1u, low < step);
    var words = vec4<u32>(slot | (stream << 24u), replica, low, high);
    for (var k = 0u; k < 5u; k++) {
        words = two_rounds(words, params.round_keys[k]);
    }
    return words;
}

// (k + ½)·2⁻²⁴ from the top 24 bits of a word.
fn uniform_of(word: u32) -> f32 {
    return f32(2u * (word >> 8u) + 1u) * 2.98023223876953125e-8;
}

// 2u − 1 without rounding.
fn symmetric_of(word: u32) -> f32 {
    return f32(i32(2u * (word >> 8u) + 1u) - 16777216) * 5.9604644775390625e-8;
}

// ⌊u·n⌋ without rounding.
fn index_below(word: u32, n: u32) -> u32 {
    return multiply_wide((word & 0xffffff00u) | 0x80u, n).y;
}

// ln x for x = m·2ᵉ. Cephes, logf.
fn ln_from(m_minus_1: f32, e: f32) -> f32 {
    let x = m_minus_1;
    let z = x * x;
    var y = 7.0376836292e-2 * x - 1.1514610310e-1;
    y = y * x + 1.1676998740e-1;
    y = y * x - 1.2420140846e-1;
    y = y * x + 1.4249322787e-1;
    y = y * x - 1.6668057665e-1;
    y = y * x + 2.0000714765e-1;
    y = y * x - 2.4999993993e-1;
    y = y * x + 3.3333331174e-1;
    y = y * x * z - 2.12194440e-4 * e - 0.5 * z;
    return x + y + 0.693359375 * e;
}

// A positive normal number as (m, e) of m·2ᵉ, m from √½ to √2.
fn split(x: f32) -> vec2<f32> {
    let bits = bitcast<u32>(x);
    let e = i32(bits >> 23u) - 127;
    let m = bitcast<f32>((bits & 0x007fffffu) | 0x3f800000u);
    let above = m > 1.41421356;
    return vec2<f32>(select(m, 0.5 * m, above), f32(select(e, e + 1, above)));
}

// ln x of a positive normal number.
fn ln(x: f32) -> f32 {
    let parts = split(x);
    return ln_from(parts.x - 1.0, parts.y);
}

// ln of the uniform number of a word, exact to the last bits near 1 too.
fn ln_uniform(word: u32) -> f32 {
    let k = word >> 8u;
    let parts = split(f32(2u * k + 1u) * 2.98023223876953125e-8);
    let below_1 = -f32(2u * (16777215u - k) + 1u) * 2.98023223876953125e-8;
    let near_1 = k >= 11863283u;
    return ln_from(select(parts.x - 1.0, below_1, near_1), select(parts.y, 0.0, near_1));
}

// (cos, sin) of 2π times the uniform number of a word. Cephes, sinf and cosf, after an exact reduction to ±π/4.
fn cos_sin_turn(word: u32) -> vec2<f32> {
    let turn = 2u * (word >> 8u) + 1u;
    let quadrant = (turn + 0x400000u) >> 23u;
    let x = f32(i32(turn) - i32(quadrant << 23u)) * 1.87253932e-7;
    let z = x * x;
    let c = ((2.443315711809948e-5 * z - 1.388731625493765e-3) * z + 4.166664568298827e-2) * z * z - 0.5 * z + 1.0;
    let s = ((-1.9515295891e-4 * z + 8.3321608736e-3) * z - 1.6666654611e-1) * z * x + x;
    let rotated = select(vec2<f32>(c, s), vec2<f32>(-s, c), (quadrant & 1u) == 1u);
    return select(rotated, -rotated, (quadrant & 2u) == 2u);
}

// Three independent standard normal numbers at an address. Box & Muller, Ann. Math. Stat. 29, 610 (1958).
fn gaussians(stream: u32, step: u32, replica: u32, slot: u32) -> vec3<f32> {
    let words = block(stream, step, replica, slot);
    let xy = sqrt(-2.0 * ln_uniform(words.x)) * cos_sin_turn(words.y);
    let z = sqrt(-2.0 * ln_uniform(words.z)) * cos_sin_turn(words.w).x;
    return vec3<f32>(xy, z);
}
