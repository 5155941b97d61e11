//! The events between the services.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    CannedRepliesUpdated, CannedReplyChange, ConversationRead, Message, MessageRejected, Note,
    PlayerId, ReadMark, ReadState, SessionChange, SessionState, StaffAvailability, StatusChange,
    Subject,
};

/// Most events are smaller, so that encoding one allocates once.
const USUAL_BYTES: usize = 512;

/// An event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Event {
    /// The gateway accepted a message.
    Message(Box<Message>),
    /// The gateway accepted a request to take or resolve a session.
    StatusChange(StatusChange),
    /// The persister committed a session's new state.
    SessionUpdated(Box<SessionState>),
    /// The persister dropped an accepted message.
    MessageRejected(MessageRejected),
    /// A member of staff read a conversation.
    ConversationRead(ConversationRead),
    /// The gateway accepted requests to mark messages as read or as unread.
    ReadMark(ReadMark),
    /// The persister committed how far a reader has read.
    ReadUpdated(ReadState),
    /// The gateway accepted a change of what staff keeps about a session.
    SessionChange(Box<SessionChange>),
    /// The gateway accepted an internal note of staff.
    Note(Box<Note>),
    /// A member of the staff is at the desk.
    StaffAvailability(Box<StaffAvailability>),
    /// The gateway accepted a change of a canned reply.
    CannedReplyChange(Box<CannedReplyChange>),
    /// The persister committed changes of canned replies.
    CannedRepliesUpdated(CannedRepliesUpdated),
}

impl Event {
    /// The player of its conversation; `None` for an event of no conversation.
    pub fn player_id(&self) -> Option<&PlayerId> {
        match self {
            Self::Message(message) => Some(&message.player_id),
            Self::StatusChange(change) => Some(&change.player_id),
            Self::SessionUpdated(session) => Some(&session.player_id),
            Self::MessageRejected(rejected) => Some(&rejected.player_id),
            Self::ConversationRead(read) => Some(&read.player_id),
            Self::ReadMark(mark) => Some(&mark.player_id),
            Self::ReadUpdated(state) => Some(&state.player_id),
            Self::SessionChange(change) => Some(&change.player_id),
            Self::Note(note) => Some(&note.player_id),
            Self::StaffAvailability(_)
            | Self::CannedReplyChange(_)
            | Self::CannedRepliesUpdated(_) => None,
        }
    }

    /// The event in JSON, for a body.
    ///
    /// # Errors
    /// None in practice: every event can be serialized.
    pub fn encode(&self) -> Result<EncodedEvent, serde_json::Error> {
        let mut json = Vec::with_capacity(USUAL_BYTES);
        serde_json::to_writer(&mut json, self)?;
        Ok(EncodedEvent(json))
    }

    /// Its ids, for logs and traces.
    pub fn subject(&self) -> Subject {
        match self {
            Self::Message(message) => {
                let message_id = Some(message.message_id);
                Subject { message_id, trace: message.traceparent, ..Subject::default() }
            }
            Self::StatusChange(change) => {
                let change_id = Some(change.change_id);
                Subject { change_id, trace: change.traceparent, ..Subject::default() }
            }
            Self::SessionUpdated(session) => {
                Subject { session_id: Some(session.id), ..Subject::default() }
            }
            Self::MessageRejected(rejected) => {
                Subject { message_id: Some(rejected.message_id), ..Subject::default() }
            }
            Self::ReadUpdated(state) => {
                Subject { message_id: Some(state.message_id), ..Subject::default() }
            }
            Self::ReadMark(mark) => {
                Subject { message_id: mark.message_ids.last().copied(), ..Subject::default() }
            }
            Self::SessionChange(change) => {
                let change_id = Some(change.change_id);
                Subject { change_id, trace: change.traceparent, ..Subject::default() }
            }
            Self::Note(note) => {
                let message_id = Some(note.note_id);
                Subject { message_id, trace: note.traceparent, ..Subject::default() }
            }
            Self::CannedReplyChange(change) => {
                Subject { change_id: Some(change.change_id), ..Subject::default() }
            }
            Self::ConversationRead(_)
            | Self::StaffAvailability(_)
            | Self::CannedRepliesUpdated(_) => Subject::default(),
        }
    }

    /// When a gateway accepted it; nothing if the persister published it.
    pub fn accepted_at(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Message(message) => Some(message.accepted_at),
            Self::StatusChange(change) => Some(change.accepted_at),
            Self::SessionUpdated(_)
            | Self::MessageRejected(_)
            | Self::ReadUpdated(_)
            | Self::CannedRepliesUpdated(_) => None,
            Self::SessionChange(change) => Some(change.accepted_at),
            Self::Note(note) => Some(note.accepted_at),
            Self::StaffAvailability(availability) => Some(availability.accepted_at),
            Self::CannedReplyChange(change) => Some(change.accepted_at),
            Self::ConversationRead(read) => Some(read.accepted_at),
            Self::ReadMark(mark) => Some(mark.accepted_at),
        }
    }
}

/// An event in JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedEvent(pub(crate) Vec<u8>);

impl EncodedEvent {
    /// Its size in a body, in bytes, with a comma.
    pub fn size(&self) -> usize {
        self.0.len() + 1
    }
}
