//! Which cycles are stored: a deterministic stride that doubles until the samples fit.

/// The stride of stored cycles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thinning {
    stride: u32,
}

impl Thinning {
    /// The smallest stride `sample_every` · 2^m that stores at most `max_samples_per_state` samples of a state.
    ///
    /// - `production_cycles`: length of production
    /// - `sample_every`: the scene's own stride; 0 counts as 1
    /// - `walkers`: each stores one sample per state and stored cycle
    /// - `max_samples_per_state`: summed over walkers; at least one cycle is always stored
    pub fn new(production_cycles: u32, sample_every: u32, walkers: u32, max_samples_per_state: u32) -> Thinning {
        let mut stride = sample_every.max(1);
        let stored = |stride: u32| u64::from(production_cycles.div_ceil(stride)) * u64::from(walkers);
        while stride < production_cycles && stored(stride) > u64::from(max_samples_per_state) {
            stride = stride.saturating_mul(2);
        }
        Thinning { stride }
    }

    /// Whether the samples of this production cycle are stored.
    pub fn keeps(&self, cycle: u32) -> bool {
        cycle.is_multiple_of(self.stride)
    }

    /// Cycles from one stored cycle to the next.
    pub fn stride(&self) -> u32 {
        self.stride
    }

    /// Stored cycles among the first `production_cycles`.
    pub fn stored_cycles(&self, production_cycles: u32) -> u32 {
        production_cycles.div_ceil(self.stride)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_kept_while_it_fits() {
        let thinning = Thinning::new(1500, 1, 1, 20_000);
        assert_eq!(thinning.stride(), 1);
        assert!((0..1500).all(|c| thinning.keeps(c)));
    }

    #[test]
    fn the_stride_doubles_until_the_samples_fit() {
        let thinning = Thinning::new(100_000, 1, 2, 20_000);
        assert_eq!(thinning.stride(), 16);
        let kept = (0..100_000).filter(|&c| thinning.keeps(c)).count();
        assert_eq!(kept, thinning.stored_cycles(100_000) as usize);
        assert!(kept * 2 <= 20_000 && kept * 4 > 20_000);
        assert_eq!(Thinning::new(100_000, 3, 2, 20_000).stride(), 12);
    }

    #[test]
    fn one_cycle_is_always_stored() {
        assert!(Thinning::new(10, 1, 50, 1).keeps(0));
        assert_eq!(Thinning::new(0, 0, 0, 0).stride(), 1);
    }
}
