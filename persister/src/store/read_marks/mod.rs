//! How far each reader has read. A mark changes nothing that the lock of its conversation protects,
//! so that it needs none. Marks are the last rows that a transaction writes, in the order of their
//! keys: a transaction that waits for one holds only marks of smaller keys.

mod look_up;
mod new_messages;

use std::collections::{BTreeMap, HashSet};

use chat::{Mark, PlayerId, ReadMark, ReadState, Reader};
use chrono::{DateTime, Utc};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

pub(super) use self::new_messages::NewMessages;

use self::look_up::{StoredMark, look_up};
use super::{clock, error::StoreError, rows::StoredPlayer, statement::Statement};

/// The result of the marks of a batch.
#[derive(Debug, Default)]
pub(super) struct Marked {
    /// Rows that were inserted or updated.
    pub rows: usize,
    /// The states to announce.
    pub updates: Vec<ReadState>,
}

/// What the marks of one reader in a batch come to.
struct Position {
    seq: i64,
    message_id: Option<Uuid>,
    /// When the last mark that counts was accepted.
    read_at: DateTime<Utc>,
    /// When the last mark as unread was accepted.
    unread_at: Option<DateTime<Utc>>,
    is_announced: bool,
}

impl Position {
    /// The position after one mark. `None` if the mark has no effect.
    fn new(stored: &StoredMark<'_>) -> Option<Self> {
        let StoredMark { mark, messages, previous_id, times } = stored;
        let [any, ..] = messages.as_slice() else { return None };
        let read_at = clock::bounded(mark.accepted_at, any.clock);
        let outdated_through = times.as_ref().and_then(|times| match mark.mark {
            Mark::Read => times.unread_at,
            Mark::Unread => Some(times.read_at),
        });
        if any.erased_through.max(outdated_through) >= Some(read_at) {
            return None;
        }
        match mark.mark {
            Mark::Read => {
                let last = messages.iter().max_by_key(|message| message.seq)?;
                let (seq, message_id) = (last.seq, Some(last.id));
                let is_announced = !mark.staff_only;
                Some(Self { seq, message_id, read_at, unread_at: None, is_announced })
            }
            Mark::Unread => {
                let (seq, message_id) = (stored.first_seq()? - 1, *previous_id);
                let unread_at = Some(read_at);
                Some(Self { seq, message_id, read_at, unread_at, is_announced: false })
            }
        }
    }

    /// Adds the position after a later mark.
    fn add(&mut self, later: Self) {
        if later.unread_at.is_some() {
            *self = later;
        } else if later.seq > self.seq {
            *self = Self { unread_at: self.unread_at, ..later };
        }
    }
}

/// A reader of a conversation.
type ReaderKey<'a> = (&'a PlayerId, &'a Reader);

/// Writes the marks that move a reader's position, at most one row for each reader. A mark as read
/// moves it forward, unless a later mark as unread is stored. A mark as unread moves it to the
/// message before the one that it names, unless a later mark is stored. A mark whose messages are
/// not stored, or that was accepted before its conversation was erased, has no effect. `new` has what
/// the batch has stored before.
///
/// # Errors
/// See [`StoreError`].
pub(super) async fn write(
    connection: &mut AsyncPgConnection,
    marks: &[&ReadMark],
    new: &NewMessages<'_>,
) -> Result<Marked, StoreError> {
    if marks.is_empty() {
        return Ok(Marked::default());
    }
    let stored = look_up(connection, marks, new).await?;
    let positions = positions(&stored);
    if positions.is_empty() {
        return Ok(Marked::default());
    }
    let written = upsert(connection, &positions.iter().collect::<Vec<_>>()).await?;
    let rows = written.len();
    let mut updates =
        written.into_iter().filter_map(StoredState::read).collect::<Result<Vec<_>, _>>()?;
    let moved: HashSet<_> = updates.iter().map(reader_of).collect();
    let is_unmoved = |(reader, position): &(&ReaderKey<'_>, &Position)| {
        position.is_announced && !moved.contains(*reader)
    };
    let unmoved: Vec<_> = positions.iter().filter(is_unmoved).collect();
    let unannounced = redelivered(connection, &unmoved).await?;
    updates.retain(|state| {
        positions.get(&reader_of(state)).is_some_and(|position| position.is_announced)
    });
    updates.extend(unannounced);
    Ok(Marked { rows, updates })
}

fn reader_of(state: &ReadState) -> ReaderKey<'_> {
    (&state.player_id, &state.reader)
}

/// The position of each reader after its marks, which count in the order in which they were
/// accepted.
fn positions<'a>(stored: &[StoredMark<'a>]) -> BTreeMap<ReaderKey<'a>, Position> {
    let mut stored: Vec<_> = stored.iter().collect();
    stored.sort_by_key(|stored| stored.mark.accepted_at);
    let mut positions = BTreeMap::new();
    for stored in stored {
        let Some(later) = Position::new(stored) else { continue };
        let reader = (&stored.mark.player_id, &stored.mark.reader);
        match positions.get_mut(&reader) {
            Some(position) => Position::add(position, later),
            None => {
                positions.insert(reader, later);
            }
        }
    }
    positions
}

/// Writes the positions that move, and returns them.
async fn upsert(
    connection: &mut AsyncPgConnection,
    positions: &[(&ReaderKey<'_>, &Position)],
) -> Result<Vec<StoredState>, StoreError> {
    let written = Statement::new(
        "INSERT INTO chat_reads AS r (player_id, reader, seq, message_id, read_at, unread_at)
         SELECT * FROM unnest(",
        ")
         ON CONFLICT (player_id, reader) DO UPDATE SET
             seq = excluded.seq,
             message_id = excluded.message_id,
             read_at = greatest(r.read_at, excluded.read_at),
             unread_at = greatest(r.unread_at, excluded.unread_at)
         WHERE excluded.unread_at > r.read_at OR (
             excluded.seq > r.seq AND excluded.read_at
                 > coalesce(greatest(r.unread_at, excluded.unread_at), '-infinity'))
         RETURNING r.player_id, r.reader, r.seq, r.message_id, r.read_at",
    )
    .column::<Text, _, _>(positions, |((player_id, _), _)| player_id.as_str())
    .column::<Text, _, _>(positions, |((_, reader), _)| reader.to_string())
    .column::<BigInt, _, _>(positions, |(_, position)| position.seq)
    .column::<Nullable<SqlUuid>, _, _>(positions, |(_, position)| position.message_id)
    .column::<Timestamptz, _, _>(positions, |(_, position)| position.read_at)
    .column::<Nullable<Timestamptz>, _, _>(positions, |(_, position)| position.unread_at)
    .load(connection)
    .await?;
    Ok(written)
}

/// A stored row.
#[derive(QueryableByName)]
struct StoredState {
    #[diesel(sql_type = Text, deserialize_as = StoredPlayer)]
    player_id: PlayerId,
    #[diesel(sql_type = Text)]
    reader: String,
    #[diesel(sql_type = BigInt)]
    seq: i64,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    message_id: Option<Uuid>,
    #[diesel(sql_type = Timestamptz)]
    read_at: DateTime<Utc>,
}

impl StoredState {
    /// The state for clients. `None` if no message is read.
    fn read(self) -> Option<Result<ReadState, StoreError>> {
        let Self { player_id, reader, seq, message_id, read_at } = self;
        let message_id = message_id?;
        let reader = Reader::try_from(reader)
            .map_err(|error| StoreError::Unavailable(format!("a reader is invalid: {error}")));
        Some(reader.map(|reader| ReadState { player_id, reader, seq, message_id, read_at }))
    }
}

/// The stored states of positions that do not move. A redelivered mark finds its own, since the
/// persister that wrote it may have died before it announced it. A later mark of the same message
/// finds none.
async fn redelivered(
    connection: &mut AsyncPgConnection,
    positions: &[(&ReaderKey<'_>, &Position)],
) -> Result<Vec<ReadState>, StoreError> {
    if positions.is_empty() {
        return Ok(Vec::new());
    }
    let stored: Vec<StoredState> = Statement::new(
        "SELECT r.player_id, r.reader, r.seq, r.message_id, r.read_at FROM unnest(",
        ") AS key (player_id, reader, message_id, read_at)
         JOIN chat_reads r ON r.player_id = key.player_id AND r.reader = key.reader
             AND r.message_id = key.message_id AND r.read_at >= key.read_at",
    )
    .column::<Text, _, _>(positions, |((player_id, _), _)| player_id.as_str())
    .column::<Text, _, _>(positions, |((_, reader), _)| reader.to_string())
    .column::<Nullable<SqlUuid>, _, _>(positions, |(_, position)| position.message_id)
    .column::<Timestamptz, _, _>(positions, |(_, position)| position.read_at)
    .load(connection)
    .await?;
    stored.into_iter().filter_map(StoredState::read).collect()
}
