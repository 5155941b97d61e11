use anyhow::Context;
use chrono::{DateTime, Utc};
use futures_util::future::try_join;
use serde::Serialize;
use tokio_postgres::{Client, Row, Statement};
use uuid::Uuid;

const SUMMARY: &str = "
    SELECT c.last_seq, s.id, s.player_name, s.status, s.opened_at, s.last_message_at, s.resolved_at,
        s.version
    FROM chat_conversations c LEFT JOIN chat_sessions s ON s.player_id = c.player_id AND s.id = c.session_id
    WHERE c.player_id = $1 LIMIT 1";

const BEFORE: &str = "
    SELECT id, player_id, session_id, seq, sender_type, sender_id, sender_name, content, accepted_at
    FROM chat_messages
    WHERE player_id = $1 AND accepted_at <= $2 AND (accepted_at < $2 OR id < $3)
    ORDER BY accepted_at DESC, id DESC LIMIT $4";

/// A connection with the gateway's two queries of a page, prepared.
pub struct Pages {
    client: Client,
    summary: Statement,
    before: Statement,
}

/// A page of history in the gateway's format.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HistoryPage {
    player_id: String,
    session: Option<Session>,
    messages: Vec<Message>,
    next_cursor: Option<String>,
    last_seq: i64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Session {
    id: Uuid,
    player_name: Option<String>,
    status: String,
    opened_at: DateTime<Utc>,
    last_message_at: DateTime<Utc>,
    resolved_at: Option<DateTime<Utc>>,
    version: i64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    message_id: Uuid,
    player_id: String,
    session_id: Uuid,
    seq: i64,
    sender_type: String,
    sender_id: Option<String>,
    sender_name: Option<String>,
    content: String,
    accepted_at: DateTime<Utc>,
}

impl Message {
    fn cursor(&self) -> String {
        format!("{}:{}", self.accepted_at.timestamp_micros(), self.message_id)
    }
}

impl Pages {
    /// Prepares the queries.
    ///
    /// # Errors
    /// When the database fails, or is not migrated.
    pub async fn prepare(client: Client) -> anyhow::Result<Self> {
        let (summary, before) = (client.prepare(SUMMARY).await?, client.prepare(BEFORE).await?);
        Ok(Self { client, summary, before })
    }

    /// Reads at most `limit` messages before a cursor, with both queries at once.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn before(
        &self,
        player_id: String,
        (time, id): (DateTime<Utc>, Uuid),
        limit: i64,
    ) -> anyhow::Result<HistoryPage> {
        // A further row shows whether there are more.
        let rows = limit + 1;
        let (summary, rows) = try_join(
            self.client.query_opt(&self.summary, &[&player_id]),
            self.client.query(&self.before, &[&player_id, &time, &id, &rows]),
        )
        .await?;
        let last_seq = summary.as_ref().map_or(Ok(0), |row| row.try_get(0))?;
        let session = summary.as_ref().map(session).transpose()?.flatten();
        let messages: Result<Vec<_>, _> = rows.iter().map(message).collect();
        let mut messages = messages?;
        let has_more = messages.len() > usize::try_from(limit)?;
        if has_more {
            messages.pop();
        }
        messages.reverse();
        let next_cursor = messages.first().filter(|_| has_more).map(Message::cursor);
        Ok(HistoryPage { player_id, session, messages, next_cursor, last_seq })
    }
}

/// Parses a cursor of the gateway.
///
/// # Errors
/// When it is invalid.
pub fn parse_cursor(cursor: &str) -> anyhow::Result<(DateTime<Utc>, Uuid)> {
    let (micros, id) = cursor.split_once(':').context("not a cursor")?;
    let time = DateTime::from_timestamp_micros(micros.parse()?).context("not a time")?;
    Ok((time, id.parse()?))
}

fn session(row: &Row) -> Result<Option<Session>, tokio_postgres::Error> {
    let Some(id) = row.try_get(1)? else { return Ok(None) };
    Ok(Some(Session {
        id,
        player_name: row.try_get(2)?,
        status: row.try_get(3)?,
        opened_at: row.try_get(4)?,
        last_message_at: row.try_get(5)?,
        resolved_at: row.try_get(6)?,
        version: row.try_get(7)?,
    }))
}

fn message(row: &Row) -> Result<Message, tokio_postgres::Error> {
    Ok(Message {
        message_id: row.try_get(0)?,
        player_id: row.try_get(1)?,
        session_id: row.try_get(2)?,
        seq: row.try_get(3)?,
        sender_type: row.try_get(4)?,
        sender_id: row.try_get(5)?,
        sender_name: row.try_get(6)?,
        content: row.try_get(7)?,
        accepted_at: row.try_get(8)?,
    })
}
