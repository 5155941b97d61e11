use std::collections::BTreeMap;

use chat::PlayerId;
use chrono::{DateTime, Utc};
use database::schema::chat_conversations;
use diesel::{
    OptionalExtension, QueryDsl, QueryResult, QueryableByName, sql_query,
    sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};

use super::{
    attachments::StoredAttachments, attempt::Locks, lock::lock_conversations, record::MessageRecord,
};

/// Conversations that one statement scans for messages to archive. It locks none.
const SCANNED_TOGETHER: i64 = 500;

/// Upper bound of the conversations that one transaction locks: one `fsync` and one commit for all.
const LOCKED_TOGETHER: usize = 100;

/// Upper bound of the messages of one conversation that one transaction archives, so that
/// persisters wait only briefly for its lock.
const MESSAGES_PER_CONVERSATION: i64 = 50;

/// A line of an archive: a message in the form of an export, with its player.
#[derive(Debug, QueryableByName, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ArchivedMessage {
    /// The player of its conversation.
    #[diesel(sql_type = Text)]
    pub player_id: String,
    /// The message.
    #[diesel(embed)]
    #[serde(flatten)]
    pub message: MessageRecord,
}

#[derive(QueryableByName)]
struct Candidate {
    #[diesel(sql_type = Text)]
    player_id: String,
    #[diesel(sql_type = Bool)]
    is_due: bool,
}

/// Moves the messages of sessions that were resolved before `resolved_before` out of the database:
/// passes them to `keep`, some at a time, and deletes them once `keep` has returned. Returns the
/// number of messages. After an interruption nothing is lost, and the last messages that `keep`
/// received are passed to it again by the next run.
///
/// The archived messages of a conversation are its first ones by `seq`, so that the rest has no
/// gaps: a message of an old session that was persisted after one of a newer session waits for that
/// one.
///
/// # Errors
/// When the database cannot be used, or `keep` fails.
pub async fn archive(
    connection: &mut AsyncPgConnection,
    resolved_before: DateTime<Utc>,
    keep: &mut (impl FnMut(&[ArchivedMessage]) -> anyhow::Result<()> + Send),
) -> anyhow::Result<usize> {
    let mut archived = 0;
    let mut after = String::new();
    loop {
        let scanned = scan(connection, &after, resolved_before).await?;
        let Some(last) = scanned.last() else {
            return Ok(archived);
        };
        after.clone_from(&last.player_id);
        let due = scanned.into_iter().filter(|candidate| candidate.is_due);
        let due: Vec<_> = due
            .map(|candidate| PlayerId::try_from(candidate.player_id))
            .collect::<Result<_, _>>()?;
        for players in due.chunks(LOCKED_TOGETHER) {
            let mut players: Vec<_> = players.iter().collect();
            while !players.is_empty() {
                let moved = connection
                    .transaction(async |connection| {
                        archive_first(connection, &players, resolved_before, &mut *keep).await
                    })
                    .await?;
                archived += moved.values().map(|moved| moved.messages).sum::<usize>();
                let may_have_more =
                    |moved: &Moved| i64::try_from(moved.messages) == Ok(MESSAGES_PER_CONVERSATION);
                players.retain(|player| moved.get(player.as_str()).is_some_and(may_have_more));
            }
        }
    }
}

/// When the last archived message of `player` was accepted. `None` if none was archived.
///
/// # Errors
/// When the database cannot be used.
pub async fn archived_through(
    connection: &mut AsyncPgConnection,
    player: &PlayerId,
) -> QueryResult<Option<DateTime<Utc>>> {
    let through: Option<Option<DateTime<Utc>>> = chat_conversations::table
        .find(player.as_str())
        .select(chat_conversations::archived_through)
        .first(connection)
        .await
        .optional()?;
    Ok(through.flatten())
}

/// The next conversations after `after`, by player id. A conversation is due if its first message
/// belongs to a session that was resolved before `resolved_before`.
async fn scan(
    connection: &mut AsyncPgConnection,
    after: &str,
    resolved_before: DateTime<Utc>,
) -> QueryResult<Vec<Candidate>> {
    sql_query(
        "SELECT c.player_id, coalesce((
             SELECT s.resolved_at < $2
             FROM (SELECT m.session_id FROM chat_messages m
                   WHERE m.player_id = c.player_id ORDER BY m.seq LIMIT 1) AS first
             JOIN chat_sessions s ON s.player_id = c.player_id AND s.id = first.session_id
             WHERE c.last_message_id IS NOT NULL), false) AS is_due
         FROM chat_conversations c WHERE c.player_id > $1 ORDER BY c.player_id LIMIT $3",
    )
    .bind::<Text, _>(after)
    .bind::<Timestamptz, _>(resolved_before)
    .bind::<BigInt, _>(SCANNED_TOGETHER)
    .load(connection)
    .await
}

/// The archived part of a conversation.
struct Moved {
    messages: usize,
    /// When the last of these messages was accepted.
    through: DateTime<Utc>,
}

/// Archives the first messages of each conversation, under its lock. Returns the archived part of
/// each.
async fn archive_first(
    connection: &mut AsyncPgConnection,
    players: &[&PlayerId],
    resolved_before: DateTime<Utc>,
    keep: &mut (impl FnMut(&[ArchivedMessage]) -> anyhow::Result<()> + Send),
) -> anyhow::Result<BTreeMap<String, Moved>> {
    lock_conversations(connection, players, Locks::Wait).await?;
    let messages = first_messages(connection, players, resolved_before).await?;
    let mut moved = BTreeMap::new();
    for ArchivedMessage { player_id, message } in &messages {
        let of_player = moved
            .entry(player_id.clone())
            .or_insert(Moved { messages: 0, through: message.accepted_at });
        of_player.messages += 1;
        of_player.through = of_player.through.max(message.accepted_at);
    }
    if !messages.is_empty() {
        keep(&messages)?;
        delete(connection, &messages).await?;
        update_conversations(connection, &moved).await?;
    }
    Ok(moved)
}

/// The first messages of each conversation, by `seq`, up to the first whose session was not
/// resolved before `resolved_before`. Messages that `persister erase` is about to erase are
/// returned as erased.
async fn first_messages(
    connection: &mut AsyncPgConnection,
    players: &[&PlayerId],
    resolved_before: DateTime<Utc>,
) -> QueryResult<Vec<ArchivedMessage>> {
    sql_query(
        "SELECT m.player_id, m.id, m.session_id, m.seq, m.sender_type, m.sender_id,
             CASE WHEN m.is_erased THEN NULL ELSE m.sender_name END AS sender_name,
             CASE WHEN m.is_erased THEN '' ELSE m.content END AS content,
             m.accepted_at, m.persisted_at,
             CASE WHEN NOT m.is_erased THEN m.attachments END AS attachments
         FROM chat_conversations c
         CROSS JOIN LATERAL (
             SELECT first.*,
                 coalesce(first.accepted_at <= c.erased_through, false) AS is_erased,
                 bool_and(coalesce(s.resolved_at < $2, false)) OVER (ORDER BY first.seq) AS is_over
             FROM (SELECT m.* FROM chat_messages m
                   WHERE m.player_id = c.player_id ORDER BY m.seq LIMIT $3) AS first
             JOIN chat_sessions s ON s.player_id = c.player_id AND s.id = first.session_id
         ) AS m
         WHERE c.player_id = ANY ($1) AND m.is_over
         ORDER BY m.player_id, m.seq",
    )
    .bind::<Array<Text>, _>(players.iter().map(|player| player.as_str()).collect::<Vec<_>>())
    .bind::<Timestamptz, _>(resolved_before)
    .bind::<BigInt, _>(MESSAGES_PER_CONVERSATION)
    .load(connection)
    .await
}

/// Deletes the messages and stores their ids and those of their files.
async fn delete(
    connection: &mut AsyncPgConnection,
    messages: &[ArchivedMessage],
) -> anyhow::Result<()> {
    let players: Vec<_> = messages.iter().map(|archived| archived.player_id.as_str()).collect();
    let ids: Vec<_> = messages.iter().map(|archived| archived.message.message_id).collect();
    let attachments: Vec<_> = messages
        .iter()
        .map(|archived| archived.message.attachments.as_ref().map(StoredAttachments::to_json))
        .collect();
    // The id of a message that was restored from an archive is stored already.
    let deleted = sql_query(
        "WITH gone AS (
             DELETE FROM chat_messages m USING unnest($1, $2, $3) AS key (player_id, id, attachments)
             WHERE m.player_id = key.player_id AND m.id = key.id
             RETURNING m.player_id, m.id, key.attachments::jsonb AS attachments
         )
         INSERT INTO chat_archived_messages (player_id, id, attachment_ids)
         SELECT player_id, id, CASE WHEN attachments IS NOT NULL THEN ARRAY(
             SELECT (file->>'attachmentId')::uuid FROM jsonb_array_elements(attachments) AS file
         ) END
         FROM gone
         ON CONFLICT (player_id, id) DO UPDATE SET
             archived_at = excluded.archived_at, attachment_ids = excluded.attachment_ids",
    )
    .bind::<Array<Text>, _>(players)
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Array<Nullable<Text>>, _>(attachments)
    .execute(connection)
    .await?;
    anyhow::ensure!(
        deleted == messages.len(),
        "of {} messages that were written to the archive, {deleted} were still in the database",
        messages.len()
    );
    Ok(())
}

/// Updates the last message of the conversations and how far they are archived. A conversation
/// without messages is in no inbox.
async fn update_conversations(
    connection: &mut AsyncPgConnection,
    moved: &BTreeMap<String, Moved>,
) -> QueryResult<()> {
    let players: Vec<_> = moved.keys().map(String::as_str).collect();
    let through: Vec<_> = moved.values().map(|moved| moved.through).collect();
    sql_query(
        "UPDATE chat_conversations c SET
             status = CASE WHEN kept.id IS NOT NULL THEN c.status END,
             last_message_id = kept.id,
             last_message_at = kept.accepted_at,
             inbox_at = CASE WHEN c.status = 'resolved' THEN kept.accepted_at END,
             archived_through = greatest(c.archived_through, moved.through)
         FROM unnest($1, $2) AS moved (player_id, through), (
             SELECT stored.player_id, last.id, last.accepted_at FROM chat_conversations stored
             LEFT JOIN LATERAL (
                 SELECT m.id, m.accepted_at FROM chat_messages m
                 WHERE m.player_id = stored.player_id
                 ORDER BY m.accepted_at DESC, m.id DESC LIMIT 1
             ) AS last ON true
             WHERE stored.player_id = ANY ($1)
         ) AS kept
         WHERE c.player_id = moved.player_id AND c.player_id = kept.player_id",
    )
    .bind::<Array<Text>, _>(players)
    .bind::<Array<Timestamptz>, _>(through)
    .execute(connection)
    .await
    .map(drop)
}
