//! Ridges of Var E and β Var N: maxima along μ at each temperature, an independent check of the boundaries.

use crate::analysis::{Map, MapCell, Ridge, RidgeOf};

/// Factor by which a local maximum must stand out over the lower of its two sides.
const STANDS_OUT: f64 = 2.0;

/// The ridges of a map.
pub(crate) fn ridges(map: &Map) -> Vec<Ridge> {
    let width: usize = map.axes.iter().map(Vec::len).product();
    let mut found = Vec::new();
    for (t, &temperature) in map.temperatures.iter().enumerate() {
        let mut stride = width;
        for (reservoir, axis) in map.axes.iter().enumerate() {
            stride /= axis.len();
            for start in (0..width).filter(|i| (i / stride).is_multiple_of(axis.len())) {
                let line: Vec<&MapCell> =
                    (0..axis.len()).map(|i| &map.cells[t * width + start + i * stride]).filter(|c| !c.masked).collect();
                let energy: Vec<f64> = line.iter().map(|c| c.energy_fluctuation).collect();
                let number: Vec<f64> = line.iter().map(|c| c.susceptibility[reservoir]).collect();
                for (of, values) in [(RidgeOf::Energy, energy), (RidgeOf::Susceptibility, number)] {
                    for i in maxima(&values) {
                        found.push(Ridge { of, reservoir, temperature, mu: line[i].mu.clone(), height: values[i] });
                    }
                }
            }
        }
    }
    found
}

/// Local maxima that fall on both sides to less than half before they rise above themselves.
fn maxima(values: &[f64]) -> Vec<usize> {
    let falls = |i: usize, side: &mut dyn Iterator<Item = usize>| {
        side.take_while(|&j| values[j] <= values[i]).any(|j| values[j] * STANDS_OUT < values[i])
    };
    (1..values.len().saturating_sub(1))
        .filter(|&i| values[i] > values[i - 1] && values[i] >= values[i + 1])
        .filter(|&i| falls(i, &mut (0..i).rev()) && falls(i, &mut (i + 1..values.len())))
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_what_stands_out_is_a_ridge() {
        assert_eq!(super::maxima(&[1.0, 3.0, 2.9, 3.1, 1.0, 1.1, 1.0, 9.0, 0.0]), [3, 7]);
        assert!(super::maxima(&[1.0, 1.2, 1.1, 2.0]).is_empty());
    }
}
