use std::collections::HashSet;

use chat::{
    CannedRepliesUpdated, MessageRejected, PlayerId, ReadState, SessionState, event::Event,
};
use chrono::{DateTime, TimeDelta, Utc};

/// The result of a batch.
#[derive(Debug, Default)]
pub struct Outcome {
    /// When each message that became a row was accepted.
    pub persisted: Vec<DateTime<Utc>>,
    /// Events that were stored already.
    pub duplicates: usize,
    /// Messages that are not written, since another message has their id.
    pub rejected: Vec<MessageRejected>,
    /// Changes and notes that are not written, since another one has their id.
    pub conflicting_changes: usize,
    /// Rows that were added to the audit.
    pub audited: usize,
    /// Rows of read marks that were inserted or updated.
    pub marked: usize,
    /// The sessions to announce, as committed.
    pub session_updates: Vec<SessionState>,
    /// The read marks to announce, as committed.
    pub read_updates: Vec<ReadState>,
    /// The version of the canned replies to announce, as committed.
    pub canned_replies: Option<CannedRepliesUpdated>,
    /// The players whose conversations another transaction had locked. None of their events is
    /// written, except read marks.
    pub locked: HashSet<PlayerId>,
    /// New events that were ahead of the database's clock and were dated by it.
    pub ahead: usize,
    /// The local clock's offset to the database's, as far as the round trip lets it be known.
    pub clock_offset: Option<TimeDelta>,
}

impl Outcome {
    /// Whether `event` was not written since its conversation was locked.
    pub fn is_left_out(&self, event: &Event) -> bool {
        !matches!(event, Event::ReadMark(_))
            && event.player_id().is_some_and(|player| self.locked.contains(player))
    }
}
