//! Scenes: what the user writes, checked as a whole.

pub mod grammar;

pub use grammar::Scene;

/// What is wrong with a scene, and where.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct SceneError {
    /// The user's value and the remedy.
    pub message: String,
}
