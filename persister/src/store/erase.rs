use std::collections::BTreeSet;

use chat::{PlayerId, RequestedStatus, StatusChange, event::Event};
use chrono::{DateTime, Utc};
use database::schema::chat_reads;
use diesel::{
    ExpressionMethods, QueryDsl, QueryableByName, sql_query,
    sql_types::{BigInt, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::{
    attempt::{Attempt, Locks},
    batch::Batch,
    error::StoreError,
    lock::lock_conversations,
    persist::write_batch,
};

/// Messages that one transaction erases, so that persisters wait only briefly for the conversation.
const ERASED_TOGETHER: i64 = 1_000;

/// The erased part of a conversation.
#[derive(Debug, PartialEq, Eq)]
pub struct Erased {
    /// The number of messages.
    pub messages: usize,
    /// The number of sessions to which these messages belong.
    pub sessions: usize,
    /// The number of internal notes.
    pub notes: usize,
}

#[derive(QueryableByName)]
struct ErasedThrough {
    #[diesel(sql_type = Timestamptz)]
    erased_through: DateTime<Utc>,
}

#[derive(QueryableByName)]
struct ErasedMessage {
    #[diesel(sql_type = SqlUuid)]
    session_id: Uuid,
}

/// Erases the contents of the messages and notes of `player`'s conversation that were accepted until
/// now, the descriptions of their files, all names in it, and the player's language. The rows stay, with
/// their ids, times and `seq`. The files themselves are the gateways' to delete.
/// Deletes how far its readers have read. Messages and notes that were accepted until now and are
/// persisted later are erased when they are persisted, and marks of that time have no effect.
///
/// # Errors
/// When the database cannot be used; a part may be erased then, and the caller may call again.
pub async fn erase(
    connection: &mut AsyncPgConnection,
    player: &PlayerId,
) -> Result<Erased, StoreError> {
    let (last_seq, notes) =
        connection.transaction(async |connection| close(connection, player).await).await?;
    let (mut messages, mut sessions) = (0, BTreeSet::new());
    let mut from = 0;
    while from < last_seq {
        let to = last_seq.min(from + ERASED_TOGETHER);
        let erased = connection
            .transaction(async |connection| erase_messages(connection, player, from, to).await)
            .await?;
        messages += erased.len();
        sessions.extend(erased.into_iter().map(|message| message.session_id));
        from = to;
    }
    connection.transaction(async |connection| delete_marks(connection, player).await).await?;
    Ok(Erased { messages, sessions: sessions.len(), notes })
}

/// Marks the conversation as erased until now, erases its notes, removes the player's name and
/// language from its sessions, resolves its open session, and returns its last `seq` and the number
/// of notes. The conversation is in no inbox until a later message. The ids of staff stay, and their
/// names beside what they did.
async fn close(
    connection: &mut AsyncPgConnection,
    player: &PlayerId,
) -> Result<(i64, usize), StoreError> {
    let players = [player];
    // Messages of the player may be in the queue though none is stored yet.
    let conversations = lock_conversations(connection, &players, Locks::Wait).await?;
    let erased: ErasedThrough = sql_query(
        "UPDATE chat_conversations SET erased_through = greatest(erased_through, $2)
         WHERE player_id = $1 RETURNING erased_through",
    )
    .bind::<Text, _>(player.as_str())
    .bind::<Timestamptz, _>(conversations.clock.unwrap_or_else(chat::now))
    .get_result(connection)
    .await?;
    sql_query(
        "UPDATE chat_sessions SET player_name = NULL, language = NULL, version = version + 1
         WHERE player_id = $1 AND (player_name IS NOT NULL OR language IS NOT NULL)",
    )
    .bind::<Text, _>(player.as_str())
    .execute(connection)
    .await?;
    // Staff writes few notes, so that one statement erases all.
    let notes = sql_query(
        "UPDATE chat_notes SET content = '', author_name = NULL, mentions = '{}'
         WHERE player_id = $1 AND content <> ''",
    )
    .bind::<Text, _>(player.as_str())
    .execute(connection)
    .await?;
    // A message that is archived from now on is archived as erased.
    sql_query(
        "UPDATE chat_archived_messages SET attachment_ids = NULL
         WHERE player_id = $1 AND attachment_ids IS NOT NULL",
    )
    .bind::<Text, _>(player.as_str())
    .execute(connection)
    .await?;
    // An erased conversation waits for no answer. The resolution names nothing, so that it also
    // ends a session of messages that were accepted before and are persisted later.
    let resolution = Event::StatusChange(StatusChange {
        change_id: Uuid::now_v7(),
        player_id: player.clone(),
        status: RequestedStatus::Resolved,
        accepted_at: erased.erased_through,
        session_id: None,
        last_seq: None,
        actor_id: None,
        actor_name: None,
        traceparent: None,
    });
    write_batch(connection, Batch::new(&[resolution]), &Attempt::default()).await?;
    let last_seq = conversations.rows.iter().map(|row| row.last_seq).max().unwrap_or_default();
    Ok((last_seq, notes))
}

async fn erase_messages(
    connection: &mut AsyncPgConnection,
    player: &PlayerId,
    after: i64,
    through: i64,
) -> Result<Vec<ErasedMessage>, StoreError> {
    lock_conversations(connection, &[player], Locks::Wait).await?;
    Ok(sql_query(
        "UPDATE chat_messages SET content = '', sender_name = NULL, attachments = NULL
         WHERE player_id = $1 AND seq > $2 AND seq <= $3 AND content <> ''
         RETURNING session_id",
    )
    .bind::<Text, _>(player.as_str())
    .bind::<BigInt, _>(after)
    .bind::<BigInt, _>(through)
    .load(connection)
    .await?)
}

/// Deletes how far the readers of the conversation have read. It locks the rows in the order in which
/// persisters write them.
async fn delete_marks(
    connection: &mut AsyncPgConnection,
    player: &PlayerId,
) -> Result<(), StoreError> {
    let of_player = || chat_reads::table.filter(chat_reads::player_id.eq(player.as_str()));
    let _locked: Vec<String> = of_player()
        .order(chat_reads::reader)
        .select(chat_reads::reader)
        .for_update()
        .load(connection)
        .await?;
    diesel::delete(of_player()).execute(connection).await?;
    Ok(())
}
