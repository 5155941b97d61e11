use std::collections::BTreeSet;

use chat::{
    Attachment, Message, MessageRejected, Name, PlayerId, SessionChange, SessionState, StatusChange,
};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::rows::{ConversationRow, Key};
use crate::staff_facts::Source;

/// What a batch writes and announces.
#[derive(Default)]
pub(super) struct Plan<'a> {
    pub conversations: Vec<ConversationRow>,
    /// The players whose unanswered messages must be counted anew.
    pub recounts: Vec<PlayerId>,
    /// Resolved sessions before open ones, so that a player never has two open sessions.
    pub sessions: Vec<SessionState>,
    /// Whether what staff keeps about one of them changed.
    pub are_facts_changed: bool,
    /// The stored messages that move, each with its new session.
    pub moves: Vec<(Key, Uuid)>,
    pub messages: Vec<NewMessage<'a>>,
    /// The changes that become rows.
    pub status_changes: Vec<&'a StatusChange>,
    /// The changes whose rows must become ineffective, new ones among them.
    pub ineffective: Vec<Key>,
    /// The changes of what staff keeps about sessions that become rows.
    pub session_changes: Vec<NewSessionChange>,
    /// The conversations with such changes, each with the time of its latest.
    pub desk_changed_at: Vec<(PlayerId, DateTime<Utc>)>,
    pub duplicates: usize,
    pub rejected: Vec<MessageRejected>,
    pub conflicting_changes: usize,
    /// The sessions that the batch opened, assigned, resolved or reopened.
    pub session_updates: Vec<SessionState>,
    /// Further sessions to announce: those of redelivered events, since the persister that wrote them
    /// may have died before it announced them, and those of changes of what staff keeps about them,
    /// whose authors wait for an answer even if nothing changed.
    pub sessions_to_announce: BTreeSet<Key>,
    /// The ineffective changes, to be announced to their authors.
    pub stale: Vec<StaleChange>,
}

/// A message that becomes a row.
pub(super) struct NewMessage<'a> {
    pub message: &'a Message,
    pub session_id: Uuid,
    pub seq: i64,
    /// It was accepted before its conversation was erased: its row has no content, no files and no
    /// sender's name.
    pub erased: bool,
}

impl NewMessage<'_> {
    pub fn content(&self) -> &str {
        if self.erased { "" } else { self.message.content.as_str() }
    }

    pub fn attachments(&self) -> &[Attachment] {
        if self.erased { &[] } else { &self.message.attachments }
    }

    pub fn sender_name(&self) -> Option<&str> {
        self.message.sender_name.as_ref().filter(|_| !self.erased).map(Name::as_str)
    }
}

/// A change of the conversation of `player_id` that has no effect.
pub(super) struct StaleChange {
    pub change_id: Uuid,
    pub player_id: PlayerId,
    /// The session that the change names, or that it had resolved.
    pub session_id: Option<Uuid>,
    /// The conversation's latest session.
    pub latest: Option<Uuid>,
}

/// A change of what staff keeps about a session, which becomes a row.
pub(super) struct NewSessionChange {
    pub change: SessionChange,
    pub source: Source,
    /// The session to which it belongs.
    pub session_id: Option<Uuid>,
    /// Whether it changed that session.
    pub is_effective: bool,
}
