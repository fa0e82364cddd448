// product_64: products of 64 bits, for adapters with 64-bit integers.   Twin: src/base/rng.rs

// The lower and the upper 32 bits of a·b.
fn multiply_wide(a: u32, b: u32) -> vec2<u32> {
    let product = u64(a) * u64(b);
    return vec2<u32>(u32(product), u32(product >> 32u));
}
