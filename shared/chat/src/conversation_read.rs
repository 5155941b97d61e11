use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Name, PlayerId, SenderId};

/// That a member of the staff read a conversation, for the audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConversationRead {
    /// Tells this read from every other.
    pub read_id: Uuid,
    /// Whose conversation was read.
    pub player_id: PlayerId,
    /// The member of the staff who read it, as the portal knows them.
    pub actor_id: SenderId,
    /// The name of that member of the staff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_name: Option<Name>,
    /// When the gateway answered, in whole microseconds.
    #[serde(with = "super::timestamp")]
    pub accepted_at: DateTime<Utc>,
}
