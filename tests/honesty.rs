//! Errors are as large as they say: z-scores over seeds, within what χ² allows for so few. 200 seeds are in `long.rs`.

mod honest;

use honest::{Scores, boundary_scores, trap_scores};

fn assert_honest(label: &str, scores: &Scores) {
    let (mean, width) = (scores.mean(), scores.width());
    let (widths, means) = scores.limits();
    assert!(
        widths.contains(&width) && mean.abs() < means,
        "{label}: z = {mean:.3} ± {width:.3} over {} values; allowed {widths:.2?} and |mean| < {means:.2}",
        scores.count()
    );
}

#[test]
fn averages_of_the_trap_have_honest_errors() {
    assert_honest("trap", &trap_scores(40, 1500));
}

#[test]
fn boundary_bands_have_honest_errors() {
    assert_honest("boundaries", &boundary_scores(40, 1500));
}
