// table: u and −u'/r as cubics in every interval of r².   Twin: src/potential/table/
//   pair.form           first row of the table, 1/Δ, intervals
//   frozen[N_FROZEN ..] two rows for every interval: energy, force; coefficients of 1, b, b², b³ with b from 0 to 1

fn table_value(r2: f32, pair: PairCoefficients, which: u32) -> f32 {
    let x = clamp((r2 - pair.core_squared) * pair.form.y, 0.0, pair.form.z);
    let k = floor(x);
    let b = x - k;
    let c = frozen[N_FROZEN + u32(pair.form.x) + 2u * u32(k) + which];
    return c.x + b * (c.y + b * (c.z + b * c.w));
}

// u(r) at squared distance r2.
fn plain_energy(r2: f32, pair: PairCoefficients) -> f32 {
    return table_value(r2, pair, 0u);
}

// −u'(r)/r
fn plain_force(r2: f32, pair: PairCoefficients) -> f32 {
    return table_value(r2, pair, 1u);
}
