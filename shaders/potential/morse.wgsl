// morse: u = D [e^{−2α(r − r₀)} − 2 e^{−α(r − r₀)}].   Twin: src/potential/morse.rs
//   pair.form  D, α, r₀

// u(r) at squared distance r2.
fn plain_energy(r2: f32, pair: PairCoefficients) -> f32 {
    let x = exp(pair.form.y * (pair.form.z - sqrt(r2)));
    return pair.form.x * (x * (x - 2.0));
}

// −u'(r)/r
fn plain_force(r2: f32, pair: PairCoefficients) -> f32 {
    let x = exp(pair.form.y * (pair.form.z - sqrt(r2)));
    return 2.0 * pair.form.x * pair.form.y * (x * (x - 1.0)) * inverseSqrt(r2);
}
