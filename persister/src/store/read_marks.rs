//! How far each reader has read. A mark changes nothing that the lock of its conversation protects,
//! so that it needs none. Marks are the last rows that a transaction writes, in the order of their
//! keys: a transaction that waits for one holds only marks of smaller keys.

use std::collections::{BTreeMap, HashMap};

use chat::{Mark, PlayerId, ReadMark, ReadState, Reader};
use chrono::{DateTime, Utc};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::{clock, error::StoreError, rows::StoredPlayer, statement::Statement};

/// The result of the marks of a batch.
#[derive(Debug, Default)]
pub(super) struct Marked {
    /// Rows that were inserted or updated.
    pub rows: usize,
    /// The states to announce.
    pub updates: Vec<ReadState>,
}

/// A stored message that a mark names.
#[derive(QueryableByName)]
struct MarkedMessage {
    /// The index of the mark in the batch.
    #[diesel(sql_type = BigInt)]
    mark: i64,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = BigInt)]
    seq: i64,
    /// The message before it; `None` for a mark as read.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    previous_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    erased_through: Option<DateTime<Utc>>,
    /// `read_at` of the mark's reader, if a row is stored. `None` for the only mark of its reader in
    /// the batch, whose row the upsert compares.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    read_at: Option<DateTime<Utc>>,
    /// `unread_at` of the mark's reader, in the same way.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    unread_at: Option<DateTime<Utc>>,
    /// The database's clock.
    #[diesel(sql_type = Timestamptz)]
    clock: DateTime<Utc>,
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
    /// The position after one `mark`, which names the messages `named`. `None` if the mark has no
    /// effect.
    fn new(mark: &ReadMark, named: &[&MarkedMessage]) -> Option<Self> {
        let stored = named.first()?;
        let read_at = clock::bounded(mark.accepted_at, stored.clock);
        let outdated_through = match mark.mark {
            Mark::Read => stored.unread_at,
            Mark::Unread => stored.read_at,
        };
        if stored.erased_through.max(outdated_through) >= Some(read_at) {
            return None;
        }
        match mark.mark {
            Mark::Read => {
                let last = named.iter().max_by_key(|message| message.seq)?;
                let (seq, message_id) = (last.seq, Some(last.id));
                let is_announced = !mark.staff_only;
                Some(Self { seq, message_id, read_at, unread_at: None, is_announced })
            }
            Mark::Unread => {
                let first = named.iter().min_by_key(|message| message.seq)?;
                let (seq, message_id) = (first.seq - 1, first.previous_id);
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
/// not stored, or that was accepted before its conversation was erased, has no effect.
///
/// # Errors
/// See [`StoreError`].
pub(super) async fn write(
    connection: &mut AsyncPgConnection,
    marks: &[&ReadMark],
) -> Result<Marked, StoreError> {
    if marks.is_empty() {
        return Ok(Marked::default());
    }
    let messages = marked_messages(connection, marks).await?;
    let positions: Vec<_> = positions(marks, &messages).into_iter().collect();
    if positions.is_empty() {
        return Ok(Marked::default());
    }
    let written = upsert(connection, &positions).await?;
    let rows = written.len();
    let key = |state: ReadState| ((state.player_id.clone(), state.reader.clone()), state);
    let mut written = written
        .into_iter()
        .filter_map(StoredState::read)
        .map(|state| state.map(key))
        .collect::<Result<HashMap<_, _>, _>>()?;
    let (mut updates, mut unmoved) = (Vec::new(), Vec::new());
    for ((player_id, reader), position) in &positions {
        if position.is_announced {
            match written.remove(&((*player_id).clone(), (*reader).clone())) {
                Some(state) => updates.push(state),
                None => unmoved.push(((*player_id, *reader), position)),
            }
        }
    }
    updates.extend(redelivered(connection, &unmoved).await?);
    Ok(Marked { rows, updates })
}

/// The stored messages that the marks name.
async fn marked_messages(
    connection: &mut AsyncPgConnection,
    marks: &[&ReadMark],
) -> Result<Vec<MarkedMessage>, StoreError> {
    let mut times: HashMap<ReaderKey<'_>, usize> = HashMap::new();
    for mark in marks {
        *times.entry((&mark.player_id, &mark.reader)).or_default() += 1;
    }
    let is_only = |mark: &ReadMark| times.get(&(&mark.player_id, &mark.reader)) == Some(&1);
    let named: Vec<_> = (0_i64..)
        .zip(marks)
        .flat_map(|(index, mark)| mark.message_ids.iter().map(move |id| (index, mark, *id)))
        .collect();
    // A comparison with NULL looks nothing up.
    let messages = Statement::new(
        "SELECT key.mark, m.id, m.seq, previous.id AS previous_id, c.erased_through, r.read_at,
             r.unread_at, now() AS clock
         FROM unnest(",
        ") AS key (mark, player_id, is_unread, compared_reader, id)
         JOIN chat_messages m ON m.player_id = key.player_id AND m.id = key.id
         JOIN chat_conversations c ON c.player_id = m.player_id
         LEFT JOIN chat_messages previous
             ON previous.player_id = m.player_id
             AND previous.seq = CASE WHEN key.is_unread THEN m.seq - 1 END
         LEFT JOIN chat_reads r ON r.player_id = m.player_id AND r.reader = key.compared_reader",
    )
    .column::<BigInt, _, _>(&named, |(mark, ..)| *mark)
    .column::<Text, _, _>(&named, |(_, mark, _)| mark.player_id.as_str())
    .column::<Bool, _, _>(&named, |(_, mark, _)| mark.mark == Mark::Unread)
    .column::<Nullable<Text>, _, _>(&named, |(_, mark, _)| {
        (!is_only(mark)).then(|| mark.reader.to_string())
    })
    .column::<SqlUuid, _, _>(&named, |(.., id)| *id)
    .load(connection)
    .await?;
    Ok(messages)
}

/// The position of each reader after its marks, which count in the order in which they were
/// accepted.
fn positions<'a>(
    marks: &[&'a ReadMark],
    messages: &[MarkedMessage],
) -> BTreeMap<ReaderKey<'a>, Position> {
    let mut named: HashMap<i64, Vec<&MarkedMessage>> = HashMap::new();
    for message in messages {
        named.entry(message.mark).or_default().push(message);
    }
    let mut marks: Vec<_> = (0_i64..).zip(marks).collect();
    marks.sort_by_key(|(_, mark)| mark.accepted_at);
    let mut positions = BTreeMap::new();
    for (index, mark) in marks {
        let named = named.get(&index).map(Vec::as_slice).unwrap_or_default();
        let Some(later) = Position::new(mark, named) else { continue };
        let reader = (&mark.player_id, &mark.reader);
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
    positions: &[(ReaderKey<'_>, Position)],
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
    positions: &[(ReaderKey<'_>, &Position)],
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
