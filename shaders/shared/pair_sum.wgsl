// pair_sum: sums of many f32 in two of them, to be added.

// Adds a number to an unevaluated sum of two. Knuth, Seminumerical Algorithms, 4.2.2.
fn add_to_pair(sum: vec2<f32>, x: f32) -> vec2<f32> {
    let high = sum.x + x;
    let part = high - sum.x;
    return vec2<f32>(high, sum.y + ((sum.x - (high - part)) + (x - part)));
}
