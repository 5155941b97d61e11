use chrono::{DateTime, Utc};
use pusher::SocketId;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Attachment, Content, Language, Name, PlayerId, SenderId, Team, TraceParent};

/// The two kinds of sender.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr, ToSchema,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
#[schema(examples("player"))]
pub enum SenderType {
    /// The player whose conversation it is.
    Player,
    /// A member of the portal's staff.
    Staff,
}

impl SenderType {
    /// Its name in JSON and in the database.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A message that the gateway accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// Id of the message; a message of the same player with the same id is a repeat.
    pub message_id: Uuid,
    /// The player of its conversation.
    pub player_id: PlayerId,
    /// The player's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub player_name: Option<Name>,
    /// Whether the player or staff sent it.
    pub sender_type: SenderType,
    /// The sender's id at the portal; the player's id for a player's message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender_id: Option<SenderId>,
    /// The sender's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender_name: Option<Name>,
    /// The text; without one, the name of the first attachment.
    pub content: Content,
    /// Its files, at most [`Attachment::MAX_OF_MESSAGE`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// When the gateway accepted it, in whole microseconds; messages are ordered by it, then by their ids.
    #[serde(with = "super::timestamp")]
    pub accepted_at: DateTime<Utc>,
    /// The sender's Pusher connection, which does not receive the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub socket_id: Option<SocketId>,
    /// The topic and the language for the session that this message opens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intake: Option<Box<Intake>>,
    /// The trace that it belongs to.
    #[serde(
        default,
        deserialize_with = "TraceParent::read",
        skip_serializing_if = "Option::is_none"
    )]
    pub traceparent: Option<TraceParent>,
}

/// The topic and the language for the session that a player's message opens.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Intake {
    /// The topic that the player chose: the team that the session goes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<Team>,
    /// The player's language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
}
