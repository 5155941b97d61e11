use std::collections::HashMap;

use chat::PlayerId;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::look_up::NamedMessage;
use crate::store::{plan::NewMessage, rows::ConversationRow};

/// What the batch has stored before its marks: most marks of a backlog name messages of their own
/// batch, which need not be looked up.
#[derive(Default)]
pub(in crate::store) struct NewMessages<'a> {
    /// The messages.
    pub messages: &'a [NewMessage<'a>],
    /// Their conversations.
    pub conversations: &'a [ConversationRow],
    /// The database's clock. `None` without messages.
    pub clock: Option<DateTime<Utc>>,
}

/// The new messages by player and id.
pub(super) type NewMessagesById<'a> = HashMap<(&'a PlayerId, Uuid), NamedMessage>;

impl<'a> NewMessages<'a> {
    pub(super) fn by_id(&self) -> NewMessagesById<'a> {
        let Some(clock) = self.clock else { return HashMap::new() };
        let erased: HashMap<_, _> = self
            .conversations
            .iter()
            .filter_map(|row| Some((&row.player_id, row.erased_through?)))
            .collect();
        let named = |new: &NewMessage<'a>| {
            let player_id = &new.message.player_id;
            let erased_through = erased.get(player_id).copied();
            let id = new.message.message_id;
            ((player_id, id), NamedMessage { id, seq: new.seq, erased_through, clock })
        };
        self.messages.iter().map(named).collect()
    }
}
