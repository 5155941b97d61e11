//! What is stored about the marks of a batch.

use std::collections::HashMap;

use chat::{Mark, ReadMark};
use chrono::{DateTime, Utc};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::{
    ReaderKey,
    new_messages::{NewMessages, NewMessagesById},
};
use crate::store::{error::StoreError, statement::Statement};

/// A mark of the batch, and what is stored about it.
pub(super) struct StoredMark<'a> {
    /// The mark.
    pub mark: &'a ReadMark,
    /// The messages that it names, without those that are not stored.
    pub messages: Vec<NamedMessage>,
    /// The message before the first of these. `None` for a mark as read.
    pub previous_id: Option<Uuid>,
    /// `None` for the only mark of its reader in the batch, whose row the upsert compares.
    pub times: Option<StoredTimes>,
}

/// A stored message that a mark names.
#[derive(Clone, Copy, QueryableByName)]
pub(super) struct NamedMessage {
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    #[diesel(sql_type = BigInt)]
    pub seq: i64,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub erased_through: Option<DateTime<Utc>>,
    /// The database's clock.
    #[diesel(sql_type = Timestamptz)]
    pub clock: DateTime<Utc>,
}

/// A stored message, and the mark that names it.
#[derive(QueryableByName)]
struct FoundMessage {
    /// The index of the mark in the batch.
    #[diesel(sql_type = BigInt)]
    mark: i64,
    #[diesel(embed)]
    message: NamedMessage,
}

/// The message before those that a mark as unread names.
#[derive(QueryableByName)]
struct PreviousMessage {
    /// The index of the mark in the batch.
    #[diesel(sql_type = BigInt)]
    mark: i64,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// The times of the stored row of a mark's reader.
#[derive(QueryableByName)]
pub(super) struct StoredTimes {
    /// The index of the mark in the batch.
    #[diesel(sql_type = BigInt)]
    mark: i64,
    #[diesel(sql_type = Timestamptz)]
    pub read_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub unread_at: Option<DateTime<Utc>>,
}

impl StoredMark<'_> {
    /// The position of the first message.
    pub fn first_seq(&self) -> Option<i64> {
        self.messages.iter().map(|message| message.seq).min()
    }
}

/// Looks up what is stored about the marks, apart from the messages of `new`. What only some marks need is looked up for these alone:
/// joined for every mark, PostgreSQL may read whole tables.
pub(super) async fn look_up<'a>(
    connection: &mut AsyncPgConnection,
    marks: &[&'a ReadMark],
    new: &NewMessages<'_>,
) -> Result<Vec<StoredMark<'a>>, StoreError> {
    let mut messages = named_messages(connection, marks, &new.by_id()).await?;
    let times = stored_times(connection, marks).await?;
    let mut times: HashMap<_, _> = times.into_iter().map(|times| (times.mark, times)).collect();
    let mut stored: Vec<_> = (0_i64..)
        .zip(marks)
        .map(|(index, mark)| StoredMark {
            mark,
            messages: messages.remove(&index).unwrap_or_default(),
            previous_id: None,
            times: times.remove(&index),
        })
        .collect();
    let previous = previous_messages(connection, &stored).await?;
    let previous: HashMap<_, _> =
        previous.into_iter().map(|message| (message.mark, message.id)).collect();
    for (index, stored) in (0_i64..).zip(&mut stored) {
        stored.previous_id = previous.get(&index).copied();
    }
    Ok(stored)
}

/// The stored messages that the marks name, by the mark's index. Those that are not `new` are looked
/// up.
async fn named_messages(
    connection: &mut AsyncPgConnection,
    marks: &[&ReadMark],
    new: &NewMessagesById<'_>,
) -> Result<HashMap<i64, Vec<NamedMessage>>, StoreError> {
    let mut messages: HashMap<i64, Vec<_>> = HashMap::new();
    let mut others = Vec::new();
    for (index, mark) in (0_i64..).zip(marks) {
        for id in &mark.message_ids {
            match new.get(&(&mark.player_id, *id)) {
                Some(message) => messages.entry(index).or_default().push(*message),
                None => others.push((index, &mark.player_id, *id)),
            }
        }
    }
    if others.is_empty() {
        return Ok(messages);
    }
    let found: Vec<FoundMessage> = Statement::new(
        "SELECT key.mark, m.id, m.seq, c.erased_through, now() AS clock FROM unnest(",
        ") AS key (mark, player_id, id)
         JOIN chat_messages m ON m.player_id = key.player_id AND m.id = key.id
         JOIN chat_conversations c ON c.player_id = m.player_id",
    )
    .column::<BigInt, _, _>(&others, |(mark, ..)| *mark)
    .column::<Text, _, _>(&others, |(_, player_id, _)| player_id.as_str())
    .column::<SqlUuid, _, _>(&others, |(.., id)| *id)
    .load(connection)
    .await?;
    for FoundMessage { mark, message } in found {
        messages.entry(mark).or_default().push(message);
    }
    Ok(messages)
}

/// The times of the stored rows of the readers with several marks in the batch, for each mark.
async fn stored_times(
    connection: &mut AsyncPgConnection,
    marks: &[&ReadMark],
) -> Result<Vec<StoredTimes>, StoreError> {
    let mut numbers: HashMap<ReaderKey<'_>, usize> = HashMap::new();
    for mark in marks {
        *numbers.entry((&mark.player_id, &mark.reader)).or_default() += 1;
    }
    let is_repeated = |mark: &ReadMark| {
        numbers.get(&(&mark.player_id, &mark.reader)).is_some_and(|number| *number > 1)
    };
    let repeated: Vec<_> = (0_i64..).zip(marks).filter(|(_, mark)| is_repeated(mark)).collect();
    if repeated.is_empty() {
        return Ok(Vec::new());
    }
    let times = Statement::new(
        "SELECT key.mark, r.read_at, r.unread_at FROM unnest(",
        ") AS key (mark, player_id, reader)
         JOIN chat_reads r ON r.player_id = key.player_id AND r.reader = key.reader",
    )
    .column::<BigInt, _, _>(&repeated, |(index, _)| *index)
    .column::<Text, _, _>(&repeated, |(_, mark)| mark.player_id.as_str())
    .column::<Text, _, _>(&repeated, |(_, mark)| mark.reader.to_string())
    .load(connection)
    .await?;
    Ok(times)
}

/// The messages before those that the marks as unread name.
async fn previous_messages(
    connection: &mut AsyncPgConnection,
    stored: &[StoredMark<'_>],
) -> Result<Vec<PreviousMessage>, StoreError> {
    let unread: Vec<_> = (0_i64..)
        .zip(stored)
        .filter(|(_, stored)| stored.mark.mark == Mark::Unread)
        .filter_map(|(index, stored)| Some((index, &stored.mark.player_id, stored.first_seq()?)))
        .collect();
    if unread.is_empty() {
        return Ok(Vec::new());
    }
    let messages = Statement::new(
        "SELECT key.mark, m.id FROM unnest(",
        ") AS key (mark, player_id, seq)
         JOIN chat_messages m ON m.player_id = key.player_id AND m.seq = key.seq - 1",
    )
    .column::<BigInt, _, _>(&unread, |(index, ..)| *index)
    .column::<Text, _, _>(&unread, |(_, player_id, _)| player_id.as_str())
    .column::<BigInt, _, _>(&unread, |(.., seq)| *seq)
    .load(connection)
    .await?;
    Ok(messages)
}
