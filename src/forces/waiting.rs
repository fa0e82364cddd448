//! Threads for callers that wait for answers: as many as there are callers, since they compute nothing.

use super::ForceField;
use crate::base::error::{Error, Result};
use rayon::{ThreadPool, ThreadPoolBuilder};

/// Most threads that wait at the same time.
const MOST: usize = 512;

/// Threads for so many callers of a force field; `None` where it computes on the threads of the caller.
///
/// # Errors
/// [`Error::Threads`].
pub(crate) fn waiting_threads<F: ForceField + ?Sized>(force_field: &F, callers: usize) -> Result<Option<ThreadPool>> {
    if !force_field.waits() {
        return Ok(None);
    }
    let threads = callers.clamp(1, MOST);
    let pool = ThreadPoolBuilder::new().num_threads(threads).build();
    pool.map(Some).map_err(|source| Error::Threads { threads, source })
}

/// Does some work on a pool of threads, or on those of the caller.
pub(crate) fn on<R: Send>(pool: Option<&ThreadPool>, work: impl FnOnce() -> R + Send) -> R {
    match pool {
        Some(pool) => pool.install(work),
        None => work(),
    }
}
