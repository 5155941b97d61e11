use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Name, PlayerId, TraceParent};

/// How far a session has come.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum SessionStatus {
    /// Nobody of the staff has answered yet.
    Pending,
    /// Staff answered or took it.
    Active,
    /// Staff closed it; the player's next message opens another.
    Resolved,
}

impl SessionStatus {
    /// Every status, in the order in which a session goes through them.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Active, Self::Resolved];

    /// Its name in JSON and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Resolved => "resolved",
        }
    }

    /// The status of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }
}

/// Staff's wish that a conversation's open session be taken or resolved, as the gateway accepted it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusChange {
    /// Tells this change from every other; the same id sent again is the same change.
    pub change_id: Uuid,
    /// Whose conversation it concerns.
    pub player_id: PlayerId,
    /// What the session shall become.
    pub status: RequestedStatus,
    /// When the gateway took it, in whole microseconds: the session that was open then is meant.
    #[serde(deserialize_with = "super::timestamp::read")]
    pub accepted_at: DateTime<Utc>,
    /// The trace that it belongs to.
    #[serde(
        default,
        deserialize_with = "TraceParent::read",
        skip_serializing_if = "Option::is_none"
    )]
    pub traceparent: Option<TraceParent>,
}

/// A status that staff can ask for; `pending` only comes from a player's message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RequestedStatus {
    /// Staff takes the session.
    Active,
    /// Staff closes the session.
    Resolved,
}

impl RequestedStatus {
    /// Its name in JSON and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Resolved => "resolved",
        }
    }
}

/// All that a client needs to know of a session, as committed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionState {
    /// The session's id.
    pub id: Uuid,
    /// Whose conversation it is part of.
    pub player_id: PlayerId,
    /// What the player is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub player_name: Option<Name>,
    /// How far it has come.
    pub status: SessionStatus,
    /// When its first message was accepted.
    pub opened_at: DateTime<Utc>,
    /// When its last message was accepted.
    pub last_message_at: DateTime<Utc>,
    /// When staff resolved it.
    pub resolved_at: Option<DateTime<Utc>>,
    /// Grows with each change of this session but that of `last_message_at` while it is open, so that
    /// an older state that arrives later is known.
    pub version: i64,
}
