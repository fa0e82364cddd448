//! kept: configurations at the end of a cycle, read while the next one runs.

use super::Gpu;
use super::chunk::Chunk;
use super::recorder::Mapped;
use crate::base::error::Result;
use crate::system::configuration::Batch;

/// What the cycle being made is to keep, and what the one measured last kept.
#[derive(Default)]
pub(super) struct Kept {
    /// Whether the next measurement reads configurations too.
    pub(super) wanted: bool,
    /// What the last measurement mapped, positions and records of every chunk in turn; empty when nothing was kept.
    mapped: Vec<Mapped>,
}

impl Kept {
    /// The measurement has come.
    pub(super) fn turn(&mut self, mapped: Vec<Mapped>) {
        self.mapped = mapped;
        self.wanted = false;
    }
}

impl Gpu {
    /// The next measurement keeps configurations, or does not.
    pub(super) fn keep(&mut self, wanted: bool) -> Result<()> {
        self.loaded.kept.wanted = wanted;
        if wanted {
            for chunk in &mut self.loaded.chunks {
                chunk.make_room_to_keep(&self.device, &self.plan)?;
            }
        }
        Ok(())
    }

    /// Hands over what the last measurement kept.
    pub(super) fn take_kept(&mut self, batch: &mut Batch) -> Result<()> {
        batch.configurations.clear();
        let mapped = std::mem::take(&mut self.loaded.kept.mapped);
        for pair in mapped.chunks_exact(2) {
            let (positions, records) = (pair[0].bytes(&self.device)?, pair[1].bytes(&self.device)?);
            let (positions, records) = (bytemuck::cast_slice(&positions), bytemuck::cast_slice(&records));
            batch.configurations.extend(Chunk::configurations(&self.plan, positions, None, records));
        }
        Ok(())
    }
}
