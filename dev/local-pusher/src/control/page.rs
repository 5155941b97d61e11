use std::{collections::VecDeque, sync::Arc};

use serde::{Serialize, Serializer};

use super::AcceptedEvent;

/// Accepted events as an answer shows them; they are not copied for it.
#[derive(Debug)]
pub struct Events(Vec<Arc<AcceptedEvent>>);

/// Some accepted events by their numbers, of which the first since the start or the last reset has 1.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    /// Oldest first.
    last_events: Events,
    /// The number after which the next page begins: that of the last event here.
    next: u64,
    /// How many events, of those that the page could have begun with, are no longer kept.
    forgotten: u64,
}

impl Events {
    /// All that are kept, oldest first.
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
    /// Those of `kept`, which are the last of as many as were `accepted`, that come after the number
    /// `after`; at most `limit`.
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
