use std::ops::Range;

use service::backoff::{self, Waits};

/// Parts that a batch which fails is tried in. In eight, an event among a thousand that fails slowly is
/// found after four failures.
const PARTS: usize = 8;

/// Events of a batch, next to one another, that are written together.
pub(super) struct Part {
    pub places: Range<usize>,
    /// Failures while the database took other events.
    pub failures: usize,
    /// Whether it was put behind the other parts.
    pub is_deferred: bool,
    pub waits: Waits,
}

impl Part {
    /// The events at `places` of the batch.
    pub fn new(places: Range<usize>) -> Self {
        Self { places, failures: 0, is_deferred: false, waits: backoff::waits() }
    }

    /// This part in smaller ones, the last of which comes first.
    pub fn split(&self) -> Vec<Self> {
        let size = self.places.len().div_ceil(PARTS).max(1);
        let starts = self.places.clone().step_by(size).rev();
        starts.map(|start| Self::new(start..self.places.end.min(start + size))).collect()
    }
}
