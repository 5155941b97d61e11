use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Name, PlayerId, SenderId};

/// The audit record of a member of staff who read a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConversationRead {
    /// Unique id of this read.
    pub read_id: Uuid,
    /// The player of the conversation.
    pub player_id: PlayerId,
    /// The reader's id at the portal.
    pub actor_id: SenderId,
    /// The reader's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_name: Option<Name>,
    /// When the gateway responded, in whole microseconds.
    #[serde(with = "super::timestamp")]
    pub accepted_at: DateTime<Utc>,
}
