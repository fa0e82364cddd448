// lennard_jones: u = 4ε[(σ/r)¹² − (σ/r)⁶].   Twin: src/potential/lennard_jones.rs
//   pair.form  4εσ¹², 4εσ⁶

// u(r) at squared distance r2.
fn plain_energy(r2: f32, pair: PairCoefficients) -> f32 {
    let inverse2 = 1.0 / r2;
    let inverse6 = inverse2 * inverse2 * inverse2;
    return (pair.form.x * inverse6 - pair.form.y) * inverse6;
}

// −u'(r)/r
fn plain_force(r2: f32, pair: PairCoefficients) -> f32 {
    let inverse2 = 1.0 / r2;
    let inverse6 = inverse2 * inverse2 * inverse2;
    return (12.0 * pair.form.x * inverse6 - 6.0 * pair.form.y) * (inverse6 * inverse2);
}
