use chat::{SenderType, SessionStatus};
use chrono::{DateTime, Utc};
use database::{
    LastMessageAt, last_message_at,
    schema::{chat_messages, chat_sessions},
};
use diesel::{ExpressionMethods, Queryable, Selectable};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A message as the history returns it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Queryable, Selectable, ToSchema)]
#[diesel(table_name = chat_messages)]
#[serde(rename_all = "camelCase")]
pub struct HistoryMessage {
    /// Tells this message from every other.
    #[diesel(column_name = id)]
    pub message_id: Uuid,
    /// Whose conversation it belongs to.
    pub player_id: String,
    /// The session that it belongs to.
    pub session_id: Uuid,
    /// Its number in the conversation, in the order in which messages were persisted, without gaps
    /// from the first that is not archived on.
    pub seq: i64,
    /// Who of the two sent it.
    #[schema(value_type = SenderType)]
    pub sender_type: String,
    /// Who sent it, as the portal knows them; null for a player where staff sent it.
    #[schema(required = true)]
    pub sender_id: Option<String>,
    /// What the sender is called.
    #[schema(required = true)]
    pub sender_name: Option<String>,
    /// What it says; empty when it is erased, and never otherwise.
    #[schema(max_length = 4000)]
    pub content: String,
    /// When it was accepted; messages sort by it, then by their ids.
    #[serde(serialize_with = "chat::timestamp::serialize")]
    pub accepted_at: DateTime<Utc>,
    /// `true` when what it said and the sender's name were erased; not there otherwise.
    #[diesel(
        select_expression = chat_messages::content.eq(""),
        select_expression_type = diesel::dsl::Eq<chat_messages::content, &'static str>
    )]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub erased: bool,
}

impl HistoryMessage {
    /// How many bytes of JSON it is, or a few more.
    pub(crate) fn json_bytes(&self) -> usize {
        /// The names of the fields, ids, numbers and times.
        const OTHERS: usize = 400;
        let texts = [Some(&self.player_id), self.sender_id.as_ref(), self.sender_name.as_ref()];
        let texts = texts.into_iter().flatten().chain([&self.content]);
        OTHERS + texts.map(|text| json_bytes(text)).sum::<usize>()
    }
}

/// How many bytes `text` takes in JSON.
fn json_bytes(text: &str) -> usize {
    let of_byte = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
        0..0x20 => 6,
        _ => 1,
    };
    text.bytes().map(of_byte).sum()
}

/// A session as the history returns it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Queryable, Selectable, ToSchema)]
#[diesel(table_name = chat_sessions)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// The session's id.
    pub id: Uuid,
    /// What the player is called.
    #[schema(required = true)]
    pub player_name: Option<String>,
    /// How far it has come.
    #[schema(value_type = SessionStatus)]
    pub status: String,
    /// When its first message was accepted.
    #[serde(serialize_with = "chat::timestamp::serialize")]
    pub opened_at: DateTime<Utc>,
    /// When its last message was accepted.
    #[diesel(
        select_expression = last_message_at(),
        select_expression_type = LastMessageAt
    )]
    #[serde(serialize_with = "chat::timestamp::serialize")]
    pub last_message_at: DateTime<Utc>,
    /// When staff resolved it; null before.
    #[schema(required = true)]
    #[serde(serialize_with = "chat::timestamp::optional::serialize")]
    pub resolved_at: Option<DateTime<Utc>>,
    /// Of two states of one session, the higher is the newer; a message alone may leave it as it is.
    pub version: i64,
    /// The member of the staff whose change was the last to have an effect on it; for staff alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor_id: Option<String>,
    /// The name of that member of the staff; for staff alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor_name: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_not_larger_as_json_than_it_says() {
        for content in ["hello", "\u{1}\n\"\\", "\u{e9}\u{1f600}", ""] {
            let message = HistoryMessage {
                message_id: Uuid::max(),
                player_id: "p".repeat(128),
                session_id: Uuid::max(),
                seq: i64::MIN,
                sender_type: "player".to_owned(),
                sender_id: Some("\"".repeat(128)),
                sender_name: Some("\u{1f600}".repeat(128)),
                content: content.repeat(100),
                accepted_at: DateTime::from_timestamp_nanos(1_700_000_000_123_456_000),
                erased: true,
            };
            let (estimate, actual) =
                (message.json_bytes(), serde_json::to_vec(&message).unwrap().len());
            assert!((actual..actual + 200).contains(&estimate), "{estimate} {actual}");
        }
    }
}
