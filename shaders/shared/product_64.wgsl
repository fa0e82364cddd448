// product_64: the upper half of a product, for adapters with 64-bit integers.   Twin: src/base/rng.rs

// The upper 32 bits of a·b.
fn multiply_high(a: u32, b: u32) -> u32 {
    return u32((u64(a) * u64(b)) >> 32u);
}
