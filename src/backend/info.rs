//! What a backend says of itself.

use serde::{Deserialize, Serialize};

/// Description of a backend.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BackendInfo {
    /// The device, for people and `run.json`.
    pub description: String,
    /// The driver of the device; empty where there is none.
    pub driver: String,
    /// Which kernel runs, by rule on the system and never by a timing.
    pub kernel: String,
    /// What it is, so that a resumed run notices another device.
    pub identity: Identity,
    /// Relative rounding error of a running energy against Σ|u|, for the audit.
    pub energy_tolerance: f64,
    /// What was spent so far; `None` where the host itself does the work.
    pub usage: Option<Usage>,
}

/// What a backend is, so that a resumed run notices another one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// What opens it again: `cpu`, `reference`, `gpu:NAME`, `gpu:0*48,cpu*12`.
    pub open: String,
    /// The device with its driver; nothing that leaves the bits alone, such as the number of threads.
    pub device: String,
    /// Which kernel runs, and the hash of its sources where they are compiled at run time.
    pub kernel: String,
}

/// What a device and its host have spent on measured work since the backend was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// Bytes read back.
    pub bytes_read: u64,
    /// Time that the host has waited for the device. \[s\]
    pub waited: f64,
    /// Time that the device was at work, by its own clock. \[s\] `None` where it has no clock.
    pub busy: Option<f64>,
}
