use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::PlayerId;

/// An accepted message that the persister dropped, so that no history has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageRejected {
    /// The id of the message.
    pub message_id: Uuid,
    /// The player of the conversation.
    pub player_id: PlayerId,
    /// Why the persister dropped it.
    pub reason: RejectionReason,
    /// When the gateway accepted the message, in whole microseconds.
    #[serde(with = "super::timestamp")]
    pub accepted_at: DateTime<Utc>,
}

/// Why the persister dropped an accepted message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RejectionReason {
    /// Another message of the player has its `messageId`.
    MessageIdTaken,
}
