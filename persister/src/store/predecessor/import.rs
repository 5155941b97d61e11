use std::pin::pin;

use chat::{
    Content, Message, Name, PlayerId, RequestedStatus, SenderId, SenderType, StatusChange,
    ValidationError, event::Event,
};
use chrono::{DateTime, Utc};
use diesel::{
    QueryableByName, sql_query,
    sql_types::{Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::TryStreamExt;
use uuid::Uuid;

use super::PredecessorSchema;
use crate::store::{Attempt, StoreError, persist};

/// Events that one transaction writes.
const WRITTEN_TOGETHER: usize = 500;

/// The sessions that V1.2 resolved and this system did not, each with its end: the time of its last
/// message, since V1.2 stores no other.
const RESOLUTIONS: &str = "SELECT ended.player_id, ended.ended_at FROM (
        SELECT s.id, s.player_id COLLATE \"C\" AS player_id, max(m.created_at) AS ended_at
        FROM v1_2.chat_sessions s JOIN v1_2.chat_messages m ON m.session_id = s.id
        WHERE s.status = 'resolved' GROUP BY s.id, s.player_id
    ) AS ended
    WHERE NOT EXISTS (
            SELECT 1 FROM chat_sessions k
            WHERE k.player_id = ended.player_id AND k.id = ended.id AND k.resolved_at IS NOT NULL
        )
        AND NOT EXISTS (
            SELECT 1 FROM chat_status_changes c
            WHERE c.player_id = ended.player_id AND c.accepted_at = ended.ended_at
                AND c.status = 'resolved' AND c.effective
        )
    ORDER BY ended.player_id, ended.ended_at";

/// V1.2's messages that are neither in this system's history nor in its archive.
const MESSAGES: &str = "SELECT m.id, m.player_id, m.player_name, m.sender_type, m.sender_id, m.sender_name,
        m.content, m.created_at
    FROM (
        SELECT m.id, m.player_id COLLATE \"C\" AS player_id, s.player_name, m.sender_type, m.sender_id,
            m.sender_name, m.content, m.created_at
        FROM v1_2.chat_messages m LEFT JOIN v1_2.chat_sessions s ON s.id = m.session_id
    ) AS m
    WHERE NOT EXISTS (
            SELECT 1 FROM chat_messages k WHERE k.player_id = m.player_id AND k.id = m.id
        )
        AND NOT EXISTS (
            SELECT 1 FROM chat_archived_messages a WHERE a.player_id = m.player_id AND a.id = m.id
        )
    ORDER BY m.player_id, m.created_at, m.id";

/// The result of an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// V1.2's messages that became rows.
    pub messages: usize,
    /// V1.2's resolutions that became rows.
    pub resolutions: usize,
}

/// A row of V1.2's that this system cannot have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} of player {player_id:?}: {field} {reason}")]
pub struct LeftOut {
    /// The row.
    pub what: String,
    /// Its player.
    pub player_id: String,
    /// The invalid column.
    pub field: &'static str,
    /// What the column must be like.
    pub reason: ValidationError,
}

/// Writes V1.2's resolutions and messages that this system lacks, as a persister writes those of its
/// queue: they get their sessions and their `seq`, and nothing is announced. Rows that are invalid here
/// are passed to `left_out`. `reader` reads V1.2's tables while `writer` writes.
///
/// # Errors
/// When the database cannot be used; a part may be written then, and the caller may call again.
pub async fn import(
    reader: &mut AsyncPgConnection,
    writer: &mut AsyncPgConnection,
    schema: &PredecessorSchema,
    left_out: &mut impl FnMut(&LeftOut),
) -> Result<Imported, StoreError> {
    // Each message then joins its session at once, and does not move to it later.
    let mut import = Import { reader, writer, left_out };
    Ok(Imported {
        resolutions: import.copy(&schema.of(RESOLUTIONS), resolution).await?,
        messages: import.copy(&schema.of(MESSAGES), message).await?,
    })
}

struct Import<'a, Report> {
    reader: &'a mut AsyncPgConnection,
    writer: &'a mut AsyncPgConnection,
    left_out: &'a mut Report,
}

impl<Report: FnMut(&LeftOut)> Import<'_, Report> {
    /// Writes the events of all rows of `query`; returns their number.
    async fn copy<Row>(
        &mut self,
        query: &str,
        to_event: fn(Row) -> Result<Event, LeftOut>,
    ) -> Result<usize, StoreError>
    where
        Row: QueryableByName<diesel::pg::Pg> + Send + 'static,
    {
        let (mut events, mut written) = (Vec::with_capacity(WRITTEN_TOGETHER), 0);
        let mut rows = pin!(sql_query(query).load_stream::<Row>(self.reader).await?);
        while let Some(row) = rows.try_next().await? {
            match to_event(row) {
                Ok(event) => events.push(event),
                Err(row) => (self.left_out)(&row),
            }
            if events.len() == WRITTEN_TOGETHER {
                written += write(self.writer, &mut events).await?;
            }
        }
        Ok(written + write(self.writer, &mut events).await?)
    }
}

/// Writes the events, and forgets them.
async fn write(
    connection: &mut AsyncPgConnection,
    events: &mut Vec<Event>,
) -> Result<usize, StoreError> {
    persist(connection, events, &Attempt::default()).await?;
    let written = events.len();
    events.clear();
    Ok(written)
}

#[derive(QueryableByName)]
struct ResolutionRow {
    #[diesel(sql_type = Text)]
    player_id: String,
    #[diesel(sql_type = Timestamptz)]
    ended_at: DateTime<Utc>,
}

/// The change that resolves the session that was open at that time.
fn resolution(row: ResolutionRow) -> Result<Event, LeftOut> {
    let player_id = row.player_id;
    let what = || format!("the session that ended at {}", chat::timestamp::to_text(&row.ended_at));
    Ok(Event::StatusChange(StatusChange {
        change_id: Uuid::now_v7(),
        player_id: player(&player_id, what)?,
        status: RequestedStatus::Resolved,
        accepted_at: row.ended_at,
        session_id: None,
        last_seq: None,
        actor_id: None,
        actor_name: None,
        traceparent: None,
    }))
}

#[derive(QueryableByName)]
struct MessageRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    player_id: String,
    #[diesel(sql_type = Nullable<Text>)]
    player_name: Option<String>,
    #[diesel(sql_type = Text)]
    sender_type: String,
    #[diesel(sql_type = Nullable<Text>)]
    sender_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    sender_name: Option<String>,
    #[diesel(sql_type = Text)]
    content: String,
    #[diesel(sql_type = Timestamptz)]
    created_at: DateTime<Utc>,
}

/// The message, without a name or an id of its sender that is invalid here.
fn message(row: MessageRow) -> Result<Event, LeftOut> {
    let id = row.id;
    let what = || format!("message {id}");
    let sender_type = if row.sender_type == SenderType::Staff.as_str() {
        SenderType::Staff
    } else {
        SenderType::Player
    };
    let player_id = player(&row.player_id, what)?;
    let content = Content::try_from(row.content).map_err(|reason| LeftOut {
        what: what(),
        player_id: row.player_id,
        field: "content",
        reason,
    })?;
    let name = |name: Option<String>| name.and_then(|name| Name::try_from(name).ok());
    Ok(Event::Message(Box::new(Message {
        message_id: id,
        player_id,
        player_name: name(row.player_name),
        sender_type,
        sender_id: row.sender_id.and_then(|id| SenderId::try_from(id).ok()),
        sender_name: name(row.sender_name),
        content,
        attachments: Vec::new(),
        accepted_at: row.created_at,
        socket_id: None,
        intake: None,
        traceparent: None,
    })))
}

fn player(id: &str, what: impl FnOnce() -> String) -> Result<PlayerId, LeftOut> {
    PlayerId::try_from(id.to_owned()).map_err(|reason| LeftOut {
        what: what(),
        player_id: id.to_owned(),
        field: "player_id",
        reason,
    })
}
