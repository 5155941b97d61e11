use chrono::{DateTime, Utc};
use tokio_postgres::Client;
use uuid::Uuid;

/// New players, each with a conversation and a session.
#[derive(Debug)]
pub struct Players(Vec<(String, Uuid)>);

/// A row of `chat_messages`.
#[derive(Debug)]
pub struct Row<'a> {
    /// A new id.
    pub id: Uuid,
    /// The session of the player.
    pub session_id: Uuid,
    /// The player, who is the sender.
    pub player_id: &'a str,
    /// The number in the conversation.
    pub seq: i64,
    /// The content.
    pub content: String,
    /// The time at which the row was built.
    pub accepted_at: DateTime<Utc>,
}

impl Players {
    /// Creates `count` players in two statements.
    ///
    /// # Errors
    /// When the database fails, or is not migrated.
    pub async fn create(client: &Client, count: u32) -> anyhow::Result<Self> {
        let (prefix, last) = (Uuid::new_v4().simple().to_string(), i64::from(count));
        let conversations = "
            INSERT INTO chat_conversations (player_id)
            SELECT $1::text || '-' || n FROM generate_series(1, $2::bigint) n";
        client.execute(conversations, &[&prefix, &last]).await?;
        let sessions = "
            INSERT INTO chat_sessions (id, player_id, status, opened_at, last_message_at)
            SELECT gen_random_uuid(), $1::text || '-' || n, 'pending', now(), now()
            FROM generate_series(1, $2::bigint) n
            RETURNING player_id, id";
        let rows = client.query(sessions, &[&prefix, &last]).await?;
        let players = rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
        Ok(Self(players.collect::<Result<_, tokio_postgres::Error>>()?))
    }

    /// The message with this number, counted from 0. The players send in turn.
    pub fn message(&self, number: usize) -> Option<Row<'_>> {
        let (player_id, session_id) = self.0.get(number.checked_rem(self.0.len())?)?;
        let seq = number.checked_div(self.0.len())? + 1;
        Some(Row {
            id: Uuid::now_v7(),
            session_id: *session_id,
            player_id,
            seq: seq.try_into().ok()?,
            content: format!("My sword is gone, and that is message {number} about it"),
            accepted_at: chat::now(),
        })
    }
}
