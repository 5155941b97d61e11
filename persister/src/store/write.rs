//! The statements with which a batch is written.

use chat::{Language, Name, SenderId, SessionState, StatusChange, Tag, Team};
use diesel::sql_types::{BigInt, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::{
    attempt::Attempt,
    error::StoreError,
    plan::NewMessage,
    rows::{ConversationRow, Key},
    statement::Statement,
};

/// Inserts the status changes.
pub(super) async fn insert_changes(
    connection: &mut AsyncPgConnection,
    changes: &[&StatusChange],
) -> Result<(), StoreError> {
    if changes.is_empty() {
        return Ok(());
    }
    Statement::new(
        "INSERT INTO chat_status_changes
             (id, player_id, status, accepted_at, session_id, last_seq, actor_id, actor_name)
         SELECT * FROM unnest(",
        ")",
    )
    .column::<SqlUuid, _, _>(changes, |change| change.change_id)
    .column::<Text, _, _>(changes, |change| change.player_id.as_str())
    .column::<Text, _, _>(changes, |change| change.status.as_str())
    .column::<Timestamptz, _, _>(changes, |change| change.accepted_at)
    .column::<Nullable<SqlUuid>, _, _>(changes, |change| change.session_id)
    .column::<Nullable<BigInt>, _, _>(changes, |change| change.last_seq)
    .column::<Nullable<Text>, _, _>(changes, |change| {
        change.actor_id.as_ref().map(SenderId::as_str)
    })
    .column::<Nullable<Text>, _, _>(changes, |change| change.actor_name.as_ref().map(Name::as_str))
    .execute(connection)
    .await?;
    Ok(())
}

/// Marks the changes as without effect.
pub(super) async fn mark_ineffective(
    connection: &mut AsyncPgConnection,
    changes: &[Key],
) -> Result<(), StoreError> {
    if changes.is_empty() {
        return Ok(());
    }
    Statement::new(
        "UPDATE chat_status_changes AS c SET effective = false FROM unnest(",
        ") AS key (player_id, id) WHERE c.player_id = key.player_id AND c.id = key.id",
    )
    .column::<Text, _, _>(changes, |(player_id, _)| player_id.as_str())
    .column::<SqlUuid, _, _>(changes, |(_, id)| *id)
    .execute(connection)
    .await?;
    Ok(())
}

/// Inserts or updates the sessions. What staff keeps about them is written only if it changed in one
/// of them: most batches change it in none.
pub(super) async fn upsert_sessions(
    connection: &mut AsyncPgConnection,
    sessions: &[SessionState],
    are_facts_changed: bool,
) -> Result<(), StoreError> {
    if sessions.is_empty() {
        return Ok(());
    }
    if !are_facts_changed {
        let statement = Statement::new(
            "INSERT INTO chat_sessions AS s
                 (id, player_id, player_name, status, opened_at, last_message_at, resolved_at,
                  version, actor_id, actor_name)
             SELECT * FROM unnest(",
            ")
             ON CONFLICT (player_id, id) DO UPDATE SET
                 player_name = excluded.player_name,
                 status = excluded.status,
                 opened_at = excluded.opened_at,
                 last_message_at = excluded.last_message_at,
                 resolved_at = excluded.resolved_at,
                 version = excluded.version,
                 actor_id = excluded.actor_id,
                 actor_name = excluded.actor_name",
        );
        with_session_columns(statement, sessions).execute(connection).await?;
        return Ok(());
    }
    let statement = Statement::new(
        "INSERT INTO chat_sessions AS s
             (id, player_id, player_name, status, opened_at, last_message_at, resolved_at, version,
              actor_id, actor_name, assignee_id, assignee_name, assigned_at, team, tags, priority,
              language)
         SELECT id, player_id, player_name, status, opened_at, last_message_at, resolved_at, version,
             actor_id, actor_name, assignee_id, assignee_name, assigned_at, team,
             string_to_array(tags, ','), priority, language
         FROM unnest(",
        ") AS new (id, player_id, player_name, status, opened_at, last_message_at, resolved_at,
             version, actor_id, actor_name, assignee_id, assignee_name, assigned_at, team, tags,
             priority, language)
         ON CONFLICT (player_id, id) DO UPDATE SET
             player_name = excluded.player_name,
             status = excluded.status,
             opened_at = excluded.opened_at,
             last_message_at = excluded.last_message_at,
             resolved_at = excluded.resolved_at,
             version = excluded.version,
             actor_id = excluded.actor_id,
             actor_name = excluded.actor_name,
             assignee_id = excluded.assignee_id,
             assignee_name = excluded.assignee_name,
             assigned_at = excluded.assigned_at,
             team = excluded.team,
             tags = excluded.tags,
             priority = excluded.priority,
             language = excluded.language",
    );
    with_session_columns(statement, sessions)
        .column::<Nullable<Text>, _, _>(sessions, |session| {
            session.staff.assignee_id.as_ref().map(SenderId::as_str)
        })
        .column::<Nullable<Text>, _, _>(sessions, |session| {
            session.staff.assignee_name.as_ref().map(Name::as_str)
        })
        .column::<Nullable<Timestamptz>, _, _>(sessions, |session| session.staff.assigned_at)
        .column::<Nullable<Text>, _, _>(sessions, |session| {
            session.staff.team.as_ref().map(Team::as_str)
        })
        .column::<Text, _, _>(sessions, |session| {
            session.staff.tags.iter().map(Tag::as_str).collect::<Vec<_>>().join(",")
        })
        .column::<SmallInt, _, _>(sessions, |session| session.staff.priority.number())
        .column::<Nullable<Text>, _, _>(sessions, |session| {
            session.staff.language.as_ref().map(Language::as_str)
        })
        .execute(connection)
        .await?;
    Ok(())
}

fn with_session_columns<'a>(
    statement: Statement<'a>,
    sessions: &'a [SessionState],
) -> Statement<'a> {
    statement
        .column::<SqlUuid, _, _>(sessions, |session| session.id)
        .column::<Text, _, _>(sessions, |session| session.player_id.as_str())
        .column::<Nullable<Text>, _, _>(sessions, |session| {
            session.player_name.as_ref().map(Name::as_str)
        })
        .column::<Text, _, _>(sessions, |session| session.status.as_str())
        .column::<Timestamptz, _, _>(sessions, |session| session.opened_at)
        .column::<Timestamptz, _, _>(sessions, |session| session.last_message_at)
        .column::<Nullable<Timestamptz>, _, _>(sessions, |session| session.resolved_at)
        .column::<BigInt, _, _>(sessions, |session| session.version)
        .column::<Nullable<Text>, _, _>(sessions, |session| {
            session.staff.actor_id.as_ref().map(SenderId::as_str)
        })
        .column::<Nullable<Text>, _, _>(sessions, |session| {
            session.staff.actor_name.as_ref().map(Name::as_str)
        })
}

/// Messages that one statement moves, so that it stays within the statement timeout.
const MOVED_TOGETHER: usize = 5_000;

/// Moves stored messages to their new sessions, in steps, each of which counts as progress of the
/// `attempt`.
pub(super) async fn move_messages(
    connection: &mut AsyncPgConnection,
    moves: &[(Key, Uuid)],
    attempt: &Attempt,
) -> Result<(), StoreError> {
    for moves in moves.chunks(MOVED_TOGETHER) {
        Statement::new(
            "UPDATE chat_messages AS m SET session_id = moved.session_id FROM unnest(",
            ") AS moved (player_id, id, session_id)
             WHERE m.player_id = moved.player_id AND m.id = moved.id",
        )
        .column::<Text, _, _>(moves, |((player_id, _), _)| player_id.as_str())
        .column::<SqlUuid, _, _>(moves, |((_, message_id), _)| *message_id)
        .column::<SqlUuid, _, _>(moves, |(_, session_id)| *session_id)
        .execute(connection)
        .await?;
        attempt.advance();
    }
    Ok(())
}

/// Inserts the messages. The column of files is written only if one of them has any: most batches have
/// none.
pub(super) async fn insert_messages(
    connection: &mut AsyncPgConnection,
    messages: &[NewMessage<'_>],
) -> Result<(), StoreError> {
    if messages.is_empty() {
        return Ok(());
    }
    if messages.iter().all(|new| new.attachments().is_empty()) {
        let statement = Statement::new(
            "INSERT INTO chat_messages
                 (id, session_id, player_id, seq, sender_type, sender_id, sender_name, content,
                  accepted_at)
             SELECT * FROM unnest(",
            ")",
        );
        with_message_columns(statement, messages).execute(connection).await?;
        return Ok(());
    }
    let statement = Statement::new(
        "INSERT INTO chat_messages
             (id, session_id, player_id, seq, sender_type, sender_id, sender_name, content,
              accepted_at, attachments)
         SELECT id, session_id, player_id, seq, sender_type, sender_id, sender_name, content,
             accepted_at, attachments::jsonb
         FROM unnest(",
        ") AS new (id, session_id, player_id, seq, sender_type, sender_id, sender_name, content,
             accepted_at, attachments)",
    );
    let attachments = messages.iter().map(attachments_json).collect::<Result<Vec<_>, _>>()?;
    with_message_columns(statement, messages)
        .column::<Nullable<Text>, _, _>(&attachments, Option::as_deref)
        .execute(connection)
        .await?;
    Ok(())
}

/// The message's files as a JSON array; `None` if it has none.
fn attachments_json(new: &NewMessage<'_>) -> Result<Option<String>, StoreError> {
    let attachments = new.attachments();
    if attachments.is_empty() {
        return Ok(None);
    }
    let json = serde_json::to_string(attachments);
    json.map(Some).map_err(|error| StoreError::Refused(error.to_string()))
}

/// Adds the columns that every message has.
fn with_message_columns<'a>(
    statement: Statement<'a>,
    messages: &'a [NewMessage<'_>],
) -> Statement<'a> {
    statement
        .column::<SqlUuid, _, _>(messages, |new| new.message.message_id)
        .column::<SqlUuid, _, _>(messages, |new| new.session_id)
        .column::<Text, _, _>(messages, |new| new.message.player_id.as_str())
        .column::<BigInt, _, _>(messages, |new| new.seq)
        .column::<Text, _, _>(messages, |new| new.message.sender_type.as_str())
        .column::<Nullable<Text>, _, _>(messages, |new| {
            new.message.sender_id.as_ref().map(SenderId::as_str)
        })
        .column::<Nullable<Text>, _, _>(messages, NewMessage::sender_name)
        .column::<Text, _, _>(messages, NewMessage::content)
        .column::<Timestamptz, _, _>(messages, |new| new.message.accepted_at)
}

/// Updates the conversations. Only the previous release reads `counted_seq`.
pub(super) async fn update_conversations(
    connection: &mut AsyncPgConnection,
    conversations: &[ConversationRow],
) -> Result<(), StoreError> {
    Statement::new(
        "UPDATE chat_conversations AS c SET
             last_seq = new.last_seq,
             session_id = new.session_id,
             status = new.status,
             last_message_id = new.last_message_id,
             last_message_at = new.last_message_at,
             inbox_at = CASE WHEN new.status = 'resolved' THEN new.last_message_at END,
             unanswered = new.unanswered,
             waiting_since = new.waiting_since,
             answered_at = new.answered_at,
             counted_seq = new.last_seq
         FROM unnest(",
        ")
             AS new (player_id, last_seq, session_id, status, last_message_id, last_message_at,
                 unanswered, waiting_since, answered_at)
         WHERE c.player_id = new.player_id",
    )
    .column::<Text, _, _>(conversations, |row| row.player_id.as_str())
    .column::<BigInt, _, _>(conversations, |row| row.last_seq)
    .column::<Nullable<SqlUuid>, _, _>(conversations, |row| row.session_id)
    .column::<Nullable<Text>, _, _>(conversations, |row| row.status.as_deref())
    .column::<Nullable<SqlUuid>, _, _>(conversations, |row| row.last_message_id)
    .column::<Nullable<Timestamptz>, _, _>(conversations, |row| row.last_message_at)
    .column::<SmallInt, _, _>(conversations, |row| row.unanswered)
    .column::<Nullable<Timestamptz>, _, _>(conversations, |row| row.waiting_since)
    .column::<Nullable<Timestamptz>, _, _>(conversations, |row| row.answered_at)
    .execute(connection)
    .await?;
    Ok(())
}
