//! Canned replies. One transaction at a time changes them: it holds an advisory lock, which it takes
//! after every other lock.

use std::{cmp::Ordering, collections::HashSet};

use chat::{CannedRepliesUpdated, CannedReply, CannedReplyChange};
use chrono::{DateTime, Utc};
use diesel::{
    QueryableByName, sql_query,
    sql_types::{BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::{clock, error::StoreError};

/// Key of the advisory lock, an arbitrary number.
const LOCK: i64 = 4_091_775_306_128_846;

/// The most characters of a shortcut.
const MAX_SHORTCUT: usize = 40;

#[derive(QueryableByName)]
struct Clock {
    #[diesel(sql_type = Timestamptz)]
    clock: DateTime<Utc>,
}

/// A stored reply without its text.
#[derive(QueryableByName)]
struct StoredReply {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    shortcut: String,
    #[diesel(sql_type = BigInt)]
    version: i64,
    #[diesel(sql_type = SqlUuid)]
    change_id: Uuid,
    #[diesel(sql_type = Timestamptz)]
    updated_at: DateTime<Utc>,
    #[diesel(sql_type = Bool)]
    is_deleted: bool,
}

/// Applies the changes: of each reply the one that was accepted last counts, whatever the order in
/// which they arrive. The version of the list grows by one with each change that has an effect.
/// Returns the version to announce; none without a change.
///
/// # Errors
/// See [`StoreError`].
pub(super) async fn write(
    connection: &mut AsyncPgConnection,
    changes: &[&CannedReplyChange],
) -> Result<Option<CannedRepliesUpdated>, StoreError> {
    if changes.is_empty() {
        return Ok(None);
    }
    // Within the transaction of a batch it is a savepoint. The lock lasts until the commit.
    let version =
        connection.transaction(async |connection| apply_all(connection, changes).await).await?;
    // A redelivered change announces again: the persister that wrote it may have died before it
    // announced it.
    Ok(Some(CannedRepliesUpdated { version }))
}

async fn apply_all(
    connection: &mut AsyncPgConnection,
    changes: &[&CannedReplyChange],
) -> Result<i64, StoreError> {
    let Clock { clock } =
        sql_query(format!("SELECT clock_timestamp() AS clock FROM pg_advisory_xact_lock({LOCK})"))
            .get_result(connection)
            .await?;
    let stored = sql_query(
        "SELECT id, shortcut, version, change_id, updated_at, deleted_at IS NOT NULL AS is_deleted
         FROM chat_canned_replies",
    )
    .load(connection)
    .await?;
    let mut replies = Replies(stored);
    let mut changes: Vec<_> =
        changes.iter().map(|change| (clock::bounded(change.accepted_at, clock), *change)).collect();
    changes.sort_by_key(|(accepted_at, change)| (*accepted_at, change.change_id));
    for (accepted_at, change) in changes {
        if replies.is_outdated(change, accepted_at) {
            continue;
        }
        let shortcut = change.reply.as_ref().map(|reply| replies.free_shortcut(change, reply));
        let row = StoredReply {
            id: change.reply_id,
            is_deleted: shortcut.is_none(),
            shortcut: shortcut.unwrap_or_default(),
            version: replies.version() + 1,
            change_id: change.change_id,
            updated_at: accepted_at,
        };
        match &change.reply {
            Some(reply) => upsert(connection, &row, reply, change).await?,
            None => delete(connection, &row, change).await?,
        }
        replies.replace(row);
    }
    Ok(replies.version())
}

/// All replies that are stored, also the deleted ones.
struct Replies(Vec<StoredReply>);

impl Replies {
    /// The version of the list.
    fn version(&self) -> i64 {
        self.0.iter().map(|reply| reply.version).max().unwrap_or_default()
    }

    /// Whether the change, or a later one of the same reply, is stored.
    fn is_outdated(&self, change: &CannedReplyChange, accepted_at: DateTime<Utc>) -> bool {
        let stored = self.0.iter().find(|reply| reply.id == change.reply_id);
        stored.is_some_and(|reply| {
            // Its stored time may be the database's, and not its own.
            let is_repeat = reply.change_id == change.change_id;
            let order = (accepted_at, change.change_id).cmp(&(reply.updated_at, reply.change_id));
            is_repeat || order == Ordering::Less
        })
    }

    /// The shortcut of `reply`, with a number appended if another reply has it.
    fn free_shortcut(&self, change: &CannedReplyChange, reply: &CannedReply) -> String {
        let others = self.0.iter().filter(|other| !other.is_deleted && other.id != change.reply_id);
        let taken: HashSet<_> = others.map(|other| other.shortcut.as_str()).collect();
        let shortcut = reply.shortcut.as_str();
        if !taken.contains(shortcut) {
            return shortcut.to_owned();
        }
        let numbered = |number: usize| {
            let suffix = format!("-{number}");
            // A shortcut is ASCII.
            let room = MAX_SHORTCUT.saturating_sub(suffix.len());
            format!("{}{suffix}", shortcut.get(..room).unwrap_or(shortcut))
        };
        // Of one more candidate than there are others, one is free.
        let candidates = (2..=taken.len() + 2).map(numbered);
        let free = candidates.into_iter().find(|candidate| !taken.contains(candidate.as_str()));
        free.unwrap_or_else(|| shortcut.to_owned())
    }

    fn replace(&mut self, row: StoredReply) {
        self.0.retain(|reply| reply.id != row.id);
        self.0.push(row);
    }
}

async fn upsert(
    connection: &mut AsyncPgConnection,
    row: &StoredReply,
    reply: &CannedReply,
    change: &CannedReplyChange,
) -> Result<(), StoreError> {
    let bodies = serde_json::to_string(&reply.bodies)
        .map_err(|error| StoreError::Refused(error.to_string()))?;
    sql_query(
        "INSERT INTO chat_canned_replies
             (id, shortcut, title, team, bodies, version, change_id, updated_at, updated_by)
         VALUES ($1, $2, $3, $4, $5::jsonb, $6, $7, $8, $9)
         ON CONFLICT (id) DO UPDATE SET
             shortcut = excluded.shortcut,
             title = excluded.title,
             team = excluded.team,
             bodies = excluded.bodies,
             version = excluded.version,
             change_id = excluded.change_id,
             updated_at = excluded.updated_at,
             updated_by = excluded.updated_by,
             deleted_at = NULL",
    )
    .bind::<SqlUuid, _>(row.id)
    .bind::<Text, _>(&row.shortcut)
    .bind::<Text, _>(reply.title.as_str())
    .bind::<Nullable<Text>, _>(reply.team.as_ref().map(|team| team.as_str()))
    .bind::<Text, _>(bodies)
    .bind::<BigInt, _>(row.version)
    .bind::<SqlUuid, _>(row.change_id)
    .bind::<Timestamptz, _>(row.updated_at)
    .bind::<Nullable<Text>, _>(change.by.as_ref().map(|by| by.as_str()))
    .execute(connection)
    .await?;
    Ok(())
}

/// Keeps the row, and its text. A reply that is not stored becomes a row without text, so that an
/// older change that arrives later does not create it.
async fn delete(
    connection: &mut AsyncPgConnection,
    row: &StoredReply,
    change: &CannedReplyChange,
) -> Result<(), StoreError> {
    sql_query(
        "INSERT INTO chat_canned_replies
             (id, shortcut, title, bodies, version, change_id, updated_at, updated_by, deleted_at)
         VALUES ($1, '', '', '{}', $2, $3, $4, $5, $4)
         ON CONFLICT (id) DO UPDATE SET
             version = excluded.version,
             change_id = excluded.change_id,
             updated_at = excluded.updated_at,
             updated_by = excluded.updated_by,
             deleted_at = excluded.deleted_at",
    )
    .bind::<SqlUuid, _>(row.id)
    .bind::<BigInt, _>(row.version)
    .bind::<SqlUuid, _>(row.change_id)
    .bind::<Timestamptz, _>(row.updated_at)
    .bind::<Nullable<Text>, _>(change.by.as_ref().map(|by| by.as_str()))
    .execute(connection)
    .await?;
    Ok(())
}
