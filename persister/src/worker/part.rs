use std::ops::Range;

use service::backoff::{self, Waits};
use tokio::time::Instant;

/// Parts into which a failing batch is split. With eight, four failures find one event among a
/// thousand.
const PARTS: usize = 8;

/// A range of a batch that is written in one transaction.
pub(super) struct Part {
    pub indices: Range<usize>,
    /// Failures while the database accepted other events.
    pub failures: usize,
    /// When the database last refused it alone.
    pub refused_at: Option<Instant>,
    pub waits: Waits,
}

impl Part {
    pub fn new(indices: Range<usize>) -> Self {
        Self { indices, failures: 0, refused_at: None, waits: backoff::waits() }
    }

    /// Splits the part; the last of the new parts comes first.
    pub fn split(&self) -> Vec<Self> {
        let size = self.indices.len().div_ceil(PARTS).max(1);
        let starts = self.indices.clone().step_by(size).rev();
        starts.map(|start| Self::new(start..self.indices.end.min(start + size))).collect()
    }
}
