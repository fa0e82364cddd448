// stillinger_weber: u = Aε [B (σ/r)⁴ − 1] exp[σ/(r − aσ)].   Twin: src/potential/stillinger_weber/mod.rs
//   pair.form  Aε, Bσ⁴, σ;  pair.r_cut_squared  (aσ)²

// u(r) at squared distance r2.
fn plain_energy(r2: f32, pair: PairCoefficients) -> f32 {
    let inverse2 = 1.0 / r2;
    let behind = min(sqrt(r2) - sqrt(pair.r_cut_squared), -1e-6);
    return pair.form.x * exp(pair.form.z / behind) * (pair.form.y * inverse2 * inverse2 - 1.0);
}

// −u'(r)/r
fn plain_force(r2: f32, pair: PairCoefficients) -> f32 {
    let r = sqrt(r2);
    let inverse2 = 1.0 / r2;
    let to_end = 1.0 / min(r - sqrt(pair.r_cut_squared), -1e-6);
    let scaled = pair.form.z * to_end;
    let repulsion = pair.form.y * inverse2 * inverse2;
    return pair.form.x * exp(scaled) * (4.0 * repulsion * inverse2 + (repulsion - 1.0) * scaled * to_end / r);
}
