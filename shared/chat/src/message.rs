use chrono::{DateTime, Utc};
use pusher::SocketId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Content, Name, PlayerId, SenderId, TraceParent};

/// The two kinds of sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(examples("player"))]
pub enum SenderType {
    /// The player whose conversation it is.
    Player,
    /// Somebody of the portal's staff.
    Staff,
}

impl SenderType {
    /// Its name in JSON and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Player => "player",
            Self::Staff => "staff",
        }
    }
}

/// A message as the gateway accepted it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// Tells this message from every other; the same id sent again is the same message.
    pub message_id: Uuid,
    /// Whose conversation it belongs to.
    pub player_id: PlayerId,
    /// What the player is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub player_name: Option<Name>,
    /// Who of the two sent it.
    pub sender_type: SenderType,
    /// Who sent it, as the portal knows them; the player's own id for a player's message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender_id: Option<SenderId>,
    /// What the sender is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender_name: Option<Name>,
    /// What it says.
    pub content: Content,
    /// When the gateway took it, in whole microseconds; messages sort by it, then by their ids.
    #[serde(with = "super::timestamp")]
    pub accepted_at: DateTime<Utc>,
    /// The sender's Pusher connection, which does not receive the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub socket_id: Option<SocketId>,
    /// The trace that it belongs to.
    #[serde(
        default,
        deserialize_with = "TraceParent::read",
        skip_serializing_if = "Option::is_none"
    )]
    pub traceparent: Option<TraceParent>,
}
