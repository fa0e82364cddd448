//! Responses of ⟨E⟩ and ⟨N⟩ to temperature along named paths, from covariances.
