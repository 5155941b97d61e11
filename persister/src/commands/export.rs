use std::io::{BufWriter, Write, stdout};

use anyhow::Context;
use chat::{PlayerId, Priority};
use chrono::{DateTime, Utc};
use clap::Args;
use database::{
    DatabaseSettings, LastMessageAt, connect, last_message_at,
    schema::{
        chat_assignments, chat_audit, chat_conversations, chat_messages, chat_notes, chat_reads,
        chat_session_changes, chat_sessions, chat_status_changes,
    },
};
use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, QueryResult, Queryable, Selectable,
    SelectableHelper, dsl::sql, expression::SqlLiteral, sql_query, sql_types::Text,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Serialize, Serializer, ser::Error};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::arguments::id;
use crate::store::{AuditRow, MessageRecord, attachment_prefix};

/// Messages in memory at a time.
const PAGE: i64 = 1_000;

/// How long the reader of the export may pause before PostgreSQL ends the transaction.
const IDLE_TIMEOUT: &str = "10min";

/// Write all stored data of one player to standard output, as JSON
///
/// A message has the descriptions of its attachments. The files are in the gateways' store, below
/// attachmentPrefix, each as {attachmentId}/original.
#[derive(Args, Clone, Debug)]
pub struct ExportCommand {
    /// The player whose data is exported
    #[arg(long, value_name = "ID", value_parser = id::<PlayerId>)]
    player: PlayerId,

    #[command(flatten)]
    database: DatabaseSettings,
}

impl ExportCommand {
    /// Prints the export.
    ///
    /// # Errors
    /// When the database cannot be used. The printed JSON is incomplete then.
    pub async fn run(self) -> anyhow::Result<()> {
        self.database.check().map_err(anyhow::Error::msg)?;
        let mut connection = connect(&self.database).await?;
        export(&mut connection, &self.player, &mut BufWriter::new(stdout())).await
    }
}

/// The export without its messages.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary<'a> {
    player_id: &'a PlayerId,
    #[serde(serialize_with = "chat::timestamp::optional::serialize")]
    erased_through: Option<DateTime<Utc>>,
    #[serde(serialize_with = "chat::timestamp::optional::serialize")]
    archived_through: Option<DateTime<Utc>>,
    sessions: Vec<Session>,
    status_changes: Vec<StatusChange>,
    assignments: Vec<Assignment>,
    session_changes: Vec<SessionChange>,
    notes: Vec<Note>,
    reads: Vec<Read>,
    audit: Vec<AuditRow>,
    /// Below which prefix the gateways' store has the files, each as `{attachmentId}/original`.
    #[serde(skip_serializing_if = "Option::is_none")]
    attachment_prefix: Option<String>,
}

#[derive(Queryable, Selectable, Serialize)]
#[diesel(table_name = chat_sessions)]
#[serde(rename_all = "camelCase")]
struct Session {
    id: Uuid,
    player_name: Option<String>,
    status: String,
    #[serde(serialize_with = "chat::timestamp::serialize")]
    opened_at: DateTime<Utc>,
    #[diesel(
        select_expression = last_message_at(),
        select_expression_type = LastMessageAt
    )]
    #[serde(serialize_with = "chat::timestamp::serialize")]
    last_message_at: DateTime<Utc>,
    #[serde(serialize_with = "chat::timestamp::optional::serialize")]
    resolved_at: Option<DateTime<Utc>>,
    version: i64,
    actor_id: Option<String>,
    actor_name: Option<String>,
    assignee_id: Option<String>,
    assignee_name: Option<String>,
    #[serde(serialize_with = "chat::timestamp::optional::serialize")]
    assigned_at: Option<DateTime<Utc>>,
    team: Option<String>,
    tags: Vec<Option<String>>,
    #[serde(serialize_with = "priority")]
    priority: i16,
    language: Option<String>,
}

/// Serializes the name of a priority.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn priority<S: Serializer>(number: &i16, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(Priority::from_number(*number).unwrap_or_default().as_str())
}

#[derive(Queryable, Selectable, Serialize)]
#[diesel(table_name = chat_status_changes)]
#[serde(rename_all = "camelCase")]
struct StatusChange {
    #[diesel(column_name = id)]
    change_id: Uuid,
    status: String,
    session_id: Option<Uuid>,
    last_seq: Option<i64>,
    actor_id: Option<String>,
    actor_name: Option<String>,
    effective: bool,
    #[serde(serialize_with = "chat::timestamp::serialize")]
    accepted_at: DateTime<Utc>,
    #[serde(serialize_with = "chat::timestamp::serialize")]
    persisted_at: DateTime<Utc>,
}

/// A change of who has a session.
#[derive(Queryable, Selectable, Serialize)]
#[diesel(table_name = chat_assignments)]
#[serde(rename_all = "camelCase")]
struct Assignment {
    #[diesel(column_name = id)]
    change_id: Uuid,
    session_id: Option<Uuid>,
    action: String,
    assignee_id: Option<String>,
    assignee_name: Option<String>,
    team: Option<String>,
    by_id: Option<String>,
    by_name: Option<String>,
    reason: String,
    #[serde(serialize_with = "chat::timestamp::serialize")]
    accepted_at: DateTime<Utc>,
    #[serde(serialize_with = "chat::timestamp::serialize")]
    persisted_at: DateTime<Utc>,
}

/// A change of a session's team, tags or priority.
#[derive(Queryable, Selectable, Serialize)]
#[diesel(table_name = chat_session_changes)]
#[serde(rename_all = "camelCase")]
struct SessionChange {
    #[diesel(column_name = id)]
    change_id: Uuid,
    session_id: Option<Uuid>,
    what: String,
    #[diesel(
        select_expression = sql("chat_session_changes.value::text"),
        select_expression_type = SqlLiteral<Text>
    )]
    #[serde(serialize_with = "json")]
    value: String,
    by_id: Option<String>,
    by_name: Option<String>,
    #[serde(serialize_with = "chat::timestamp::serialize")]
    accepted_at: DateTime<Utc>,
    #[serde(serialize_with = "chat::timestamp::serialize")]
    persisted_at: DateTime<Utc>,
}

/// Serializes a text that is JSON.
fn json<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    let value: &RawValue = serde_json::from_str(text).map_err(Error::custom)?;
    value.serialize(serializer)
}

/// An internal note.
#[derive(Queryable, Selectable, Serialize)]
#[diesel(table_name = chat_notes)]
#[serde(rename_all = "camelCase")]
struct Note {
    #[diesel(column_name = id)]
    note_id: Uuid,
    session_id: Option<Uuid>,
    author_id: Option<String>,
    author_name: Option<String>,
    content: String,
    mentions: Vec<Option<String>>,
    #[serde(serialize_with = "chat::timestamp::serialize")]
    accepted_at: DateTime<Utc>,
    #[serde(serialize_with = "chat::timestamp::serialize")]
    persisted_at: DateTime<Utc>,
}

/// How far the player or a member of the staff has read.
#[derive(Queryable, Selectable, Serialize)]
#[diesel(table_name = chat_reads)]
#[serde(rename_all = "camelCase")]
struct Read {
    #[serde(rename = "readerType", serialize_with = "reader_type")]
    reader: String,
    seq: i64,
    message_id: Option<Uuid>,
    #[serde(serialize_with = "chat::timestamp::serialize")]
    read_at: DateTime<Utc>,
    #[serde(serialize_with = "chat::timestamp::optional::serialize")]
    unread_at: Option<DateTime<Utc>>,
}

/// Serializes whether the reader is the player or staff. Which member of the staff read is not the
/// player's data.
fn reader_type<S: Serializer>(reader: &str, serializer: S) -> Result<S::Ok, S::Error> {
    let is_player = reader == "player";
    serializer.serialize_str(if is_player { "player" } else { "staff" })
}

/// Writes all data of `player` in the database to `out`, as one JSON object: the sessions, their
/// changes, the internal notes, how far each reader has read, the audit, where the files of messages
/// are, and the messages by `seq`.
/// It reads one snapshot, takes no locks, and keeps one page of messages in memory.
///
/// # Errors
/// When the database cannot be used, or `out` cannot be written. The written JSON is incomplete
/// then.
pub async fn export(
    connection: &mut AsyncPgConnection,
    player: &PlayerId,
    out: &mut (impl Write + Send),
) -> anyhow::Result<()> {
    let mut snapshot = connection.build_transaction().repeatable_read().read_only();
    snapshot.run(async |connection| write_export(connection, player, out).await).await
}

async fn write_export(
    connection: &mut AsyncPgConnection,
    player: &PlayerId,
    out: &mut (impl Write + Send),
) -> anyhow::Result<()> {
    sql_query(format!("SET LOCAL idle_in_transaction_session_timeout = '{IDLE_TIMEOUT}'"))
        .execute(connection)
        .await?;
    let summary = serde_json::to_string(&summary(connection, player).await?)?;
    let open = summary.strip_suffix('}').context("the summary is not a JSON object")?;
    write!(out, "{open},\"messages\":[")?;
    let (mut after, mut separator) = (0, "\n");
    loop {
        let page = messages(connection, player, after).await?;
        let Some(last) = page.last().map(|message| message.seq) else {
            break;
        };
        for message in page {
            write!(out, "{separator}{}", serde_json::to_string(&message)?)?;
            separator = ",\n";
        }
        after = last;
    }
    writeln!(out, "\n]}}")?;
    out.flush().context("cannot write")
}

async fn summary<'a>(
    connection: &mut AsyncPgConnection,
    player: &'a PlayerId,
) -> QueryResult<Summary<'a>> {
    let through: Option<(Option<_>, Option<_>)> = chat_conversations::table
        .find(player.as_str())
        .select((chat_conversations::erased_through, chat_conversations::archived_through))
        .first(connection)
        .await
        .optional()?;
    let sessions = chat_sessions::table
        .inner_join(chat_conversations::table)
        .filter(chat_sessions::player_id.eq(player.as_str()))
        .order((chat_sessions::opened_at, chat_sessions::id))
        .select(Session::as_select())
        .load(connection)
        .await?;
    let status_changes = chat_status_changes::table
        .filter(chat_status_changes::player_id.eq(player.as_str()))
        .order((chat_status_changes::accepted_at, chat_status_changes::id))
        .select(StatusChange::as_select())
        .load(connection)
        .await?;
    let assignments = chat_assignments::table
        .filter(chat_assignments::player_id.eq(player.as_str()))
        .order((chat_assignments::accepted_at, chat_assignments::id))
        .select(Assignment::as_select())
        .load(connection)
        .await?;
    let session_changes = chat_session_changes::table
        .filter(chat_session_changes::player_id.eq(player.as_str()))
        .order((chat_session_changes::accepted_at, chat_session_changes::id))
        .select(SessionChange::as_select())
        .load(connection)
        .await?;
    let notes = chat_notes::table
        .filter(chat_notes::player_id.eq(player.as_str()))
        .order((chat_notes::accepted_at, chat_notes::id))
        .select(Note::as_select())
        .load(connection)
        .await?;
    let (erased_through, archived_through) = through.unwrap_or_default();
    let reads = chat_reads::table
        .filter(chat_reads::player_id.eq(player.as_str()))
        .order((chat_reads::read_at, chat_reads::reader))
        .select(Read::as_select())
        .load(connection)
        .await?;
    let audit = chat_audit::table
        .filter(chat_audit::player_id.eq(player.as_str()))
        .order((chat_audit::accepted_at, chat_audit::id))
        .select(AuditRow::as_select())
        .load(connection)
        .await?;
    Ok(Summary {
        player_id: player,
        erased_through,
        archived_through,
        sessions,
        status_changes,
        assignments,
        session_changes,
        notes,
        reads,
        audit,
        attachment_prefix: attachment_prefix(connection, player).await?,
    })
}

async fn messages(
    connection: &mut AsyncPgConnection,
    player: &PlayerId,
    after: i64,
) -> QueryResult<Vec<MessageRecord>> {
    chat_messages::table
        .filter(chat_messages::player_id.eq(player.as_str()))
        .filter(chat_messages::seq.gt(after))
        .order(chat_messages::seq)
        .limit(PAGE)
        .select(MessageRecord::as_select())
        .load(connection)
        .await
}
