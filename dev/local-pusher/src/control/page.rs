use std::{collections::VecDeque, sync::Arc};

use serde::{Serialize, Serializer};

use super::AcceptedEvent;

/// Accepted events, shared with the ledger.
#[derive(Debug)]
pub struct Events(Vec<Arc<AcceptedEvent>>);

/// Accepted events by number. The first since the start or the last reset has number 1.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    /// Oldest first.
    last_events: Events,
    /// The `after` of the next page: the number of the last event.
    next: u64,
    /// The number of events after `after` that are no longer kept.
    forgotten: u64,
}

impl Events {
    /// All kept events, oldest first.
    pub(super) fn all(kept: &VecDeque<Arc<AcceptedEvent>>) -> Self {
        Self(kept.iter().cloned().collect())
    }
}

impl Serialize for Events {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Arc::as_ref))
    }
}

impl Page {
    /// At most `limit` events after number `after`. `kept` are the last of `accepted` events.
    pub(super) fn of(
        kept: &VecDeque<Arc<AcceptedEvent>>,
        accepted: u64,
        after: u64,
        limit: usize,
    ) -> Self {
        let gone = accepted.saturating_sub(kept.len() as u64);
        let begins_after = after.max(gone);
        let skipped = usize::try_from(begins_after - gone).unwrap_or(usize::MAX);
        let events: Vec<_> = kept.iter().skip(skipped).take(limit).cloned().collect();
        let next = if events.is_empty() { after } else { begins_after + events.len() as u64 };
        Self { last_events: Events(events), next, forgotten: gone.saturating_sub(after) }
    }
}
