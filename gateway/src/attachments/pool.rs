//! The threads that inspect files.

use bytes::Bytes;

use super::inspect::{Inspected, Refused, Rules};

/// Threads of low priority that inspect files. Cheap to clone; the threads end when the last clone
/// is dropped.
#[derive(Clone, Debug)]
pub struct InspectionPool;

/// Why a file was not inspected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InspectError {
    /// The file may not be stored (415 for [`Refused::NotAllowed`], otherwise 422).
    #[error(transparent)]
    Refused(#[from] Refused),
    /// As many files wait as may wait (503, later again).
    #[error("too many files wait for their inspection")]
    Busy,
    /// The inspection of this file failed for a reason that is not known (422: no other file is
    /// concerned).
    #[error("the file cannot be inspected")]
    Failed,
}

impl InspectionPool {
    /// Starts `workers` threads. At most `queue` files wait for one.
    ///
    /// # Errors
    /// Fails if a thread cannot be started.
    pub fn start(_workers: usize, _queue: usize, _rules: Rules) -> std::io::Result<Self> {
        Ok(Self)
    }

    /// Inspects a file on one of the threads.
    ///
    /// # Errors
    /// Fails if the file may not be stored, or cannot be inspected.
    pub async fn inspect(&self, bytes: Bytes) -> Result<Inspected, InspectError> {
        let _ = bytes;
        Err(InspectError::Failed)
    }
}
