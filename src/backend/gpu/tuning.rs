//! tuning: what the environment may choose of a plan, so that every way can be tried on a card without building anew.

use super::slab::SlabBins;
use crate::base::error::{DeviceError, Result};
use crate::system::System;
use std::time::Duration;

/// Choices of the environment; `None` leaves one to the rules of the plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tuning {
    /// `ADLAYER_GPU_LISTS_FROM`: partners of an atom from which its neighbours are listed.
    pub(super) lists_from: Option<u32>,
    /// `ADLAYER_GPU_WORKGROUP`: threads of a workgroup for segments and measurements.
    pub(super) workgroup: Option<u32>,
    /// `ADLAYER_GPU_SLAB`: whether frozen atoms are looked up in bins (`candidates`) or all are gone through (`all`).
    pub(super) slab: Option<bool>,
    /// `ADLAYER_GPU_PATIENCE`: seconds after which a card that does not answer hangs.
    pub(super) patience: Option<Duration>,
}

impl Tuning {
    /// What the environment of the process says.
    ///
    /// # Errors
    /// [`DeviceError::Setting`] with the values that are allowed.
    pub(super) fn from_environment() -> Result<Tuning> {
        Tuning::read(|name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
    }

    /// Bins of the slab of a system, unless they are not wanted.
    pub(super) fn bins(&self, system: &System) -> Option<SlabBins> {
        if self.slab == Some(false) { None } else { SlabBins::new(system) }
    }

    fn read(value_of: impl Fn(&str) -> Option<String>) -> Result<Tuning> {
        let number = |name, allowed: &'static str, fits: fn(u32) -> bool| match value_of(name) {
            None => Ok(None),
            Some(value) => match value.parse().ok().filter(|&n| fits(n)) {
                Some(n) => Ok(Some(n)),
                None => Err(DeviceError::Setting { name, value, allowed }),
            },
        };
        let slab = match value_of("ADLAYER_GPU_SLAB").as_deref() {
            None => None,
            Some("candidates") => Some(true),
            Some("all") => Some(false),
            Some(value) => {
                let (name, allowed) = ("ADLAYER_GPU_SLAB", "candidates or all");
                return Err(DeviceError::Setting { name, value: value.to_owned(), allowed }.into());
            }
        };
        let patience = match value_of("ADLAYER_GPU_PATIENCE") {
            None => None,
            Some(value) => match value.parse().ok().and_then(|s| Duration::try_from_secs_f64(s).ok()) {
                Some(patience) if !patience.is_zero() => Some(patience),
                _ => {
                    let (name, allowed) = ("ADLAYER_GPU_PATIENCE", "a number of seconds above 0");
                    return Err(DeviceError::Setting { name, value, allowed }.into());
                }
            },
        };
        Ok(Tuning {
            lists_from: number("ADLAYER_GPU_LISTS_FROM", "a number of atoms", |_| true)?,
            workgroup: number("ADLAYER_GPU_WORKGROUP", "32, 64, 128 or 256", |n| [32, 64, 128, 256].contains(&n))?,
            slab,
            patience,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, value: &str) -> Result<Tuning> {
        Tuning::read(|asked| (asked == name).then(|| value.to_owned()))
    }

    #[test]
    fn what_is_not_set_is_left_to_the_plan() {
        assert_eq!(Tuning::read(|_| None).expect("nothing"), Tuning::default());
        assert_eq!(read("ADLAYER_GPU_LISTS_FROM", "90").expect("a number").lists_from, Some(90));
        assert_eq!(read("ADLAYER_GPU_WORKGROUP", "32").expect("a size").workgroup, Some(32));
        assert_eq!(read("ADLAYER_GPU_SLAB", "all").expect("a word").slab, Some(false));
        let half = Some(Duration::from_millis(500));
        assert_eq!(read("ADLAYER_GPU_PATIENCE", "0.5").expect("seconds").patience, half);
    }

    #[test]
    fn a_wrong_value_is_told_with_the_right_ones() {
        for (name, value, allowed) in [
            ("ADLAYER_GPU_LISTS_FROM", "-3", "a number of atoms"),
            ("ADLAYER_GPU_WORKGROUP", "48", "32, 64, 128 or 256"),
            ("ADLAYER_GPU_SLAB", "some", "candidates or all"),
            ("ADLAYER_GPU_PATIENCE", "0", "a number of seconds above 0"),
            ("ADLAYER_GPU_PATIENCE", "NaN", "a number of seconds above 0"),
        ] {
            let message = read(name, value).expect_err("refused").to_string();
            assert!([name, value, allowed].iter().all(|part| message.contains(part)), "{message}");
        }
    }
}
