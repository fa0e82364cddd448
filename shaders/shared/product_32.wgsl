// product_32: products of 64 bits, for adapters without 64-bit integers.   Twin: src/base/rng.rs

// The lower and the upper 32 bits of a·b. No sum below exceeds 32 bits.
fn multiply_wide(a: u32, b: u32) -> vec2<u32> {
    let a_low = a & 0xffffu;
    let a_high = a >> 16u;
    let b_low = b & 0xffffu;
    let b_high = b >> 16u;
    let middle = ((a_low * b_low) >> 16u) + ((a_low * b_high) & 0xffffu) + a_high * b_low;
    return vec2<u32>(a * b, a_high * b_high + ((a_low * b_high) >> 16u) + (middle >> 16u));
}
