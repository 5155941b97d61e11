//! Internal notes. They change no session, and no player receives them.

use std::collections::HashMap;

use chat::{Name, Note, PlayerId, SenderId};
use chrono::{DateTime, Utc};
use diesel::{
    QueryableByName,
    sql_types::{Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::{
    error::StoreError,
    rows::{ConversationRow, Key, StoredPlayer},
    statement::Statement,
};

/// What became of the notes of a batch.
#[derive(Default)]
pub(super) struct Noted<'a> {
    /// The notes that became rows.
    pub new: Vec<&'a Note>,
    /// Notes that were stored already.
    pub duplicates: usize,
    /// Notes that are not written, since another note has their id.
    pub conflicts: usize,
}

#[derive(QueryableByName)]
struct StoredNote {
    #[diesel(sql_type = Text, deserialize_as = StoredPlayer)]
    player_id: PlayerId,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    content: String,
}

/// When the messages of each conversation were last erased.
pub(super) type ErasedThrough = HashMap<PlayerId, DateTime<Utc>>;

/// When the conversations of `rows` that were erased were erased.
pub(super) fn erased_through(rows: &[ConversationRow]) -> ErasedThrough {
    rows.iter().filter_map(|row| Some((row.player_id.clone(), row.erased_through?))).collect()
}

/// Inserts the notes whose key is not stored. A note that was accepted before its conversation was
/// erased has no content, no author's name and no mentions. The caller holds the conversations' locks.
pub(super) async fn write<'a>(
    connection: &mut AsyncPgConnection,
    notes: &[&'a Note],
    erased: &ErasedThrough,
) -> Result<Noted<'a>, StoreError> {
    let mut noted = Noted::default();
    if notes.is_empty() {
        return Ok(noted);
    }
    let mut contents = contents_by_key(connection, notes).await?;
    for note in notes {
        let key = (note.player_id.clone(), note.note_id);
        match contents.get(&key) {
            None => {
                contents.insert(key, note.content.as_str().to_owned());
                noted.new.push(note);
            }
            // An erased note has no content.
            Some(content) if content.is_empty() || content == note.content.as_str() => {
                noted.duplicates += 1;
            }
            Some(_) => noted.conflicts += 1,
        }
    }
    insert(connection, &noted.new, erased).await?;
    Ok(noted)
}

/// The content of each stored note that has the key of one of `notes`.
async fn contents_by_key(
    connection: &mut AsyncPgConnection,
    notes: &[&Note],
) -> Result<HashMap<Key, String>, StoreError> {
    let stored: Vec<StoredNote> = Statement::new(
        "SELECT n.player_id, n.id, n.content FROM unnest(",
        ") AS key (player_id, id)
         JOIN chat_notes n ON n.player_id = key.player_id AND n.id = key.id",
    )
    .column::<Text, _, _>(notes, |note| note.player_id.as_str())
    .column::<SqlUuid, _, _>(notes, |note| note.note_id)
    .load(connection)
    .await?;
    Ok(stored.into_iter().map(|note| ((note.player_id, note.id), note.content)).collect())
}

async fn insert(
    connection: &mut AsyncPgConnection,
    notes: &[&Note],
    erased: &ErasedThrough,
) -> Result<(), StoreError> {
    if notes.is_empty() {
        return Ok(());
    }
    let is_erased = |note: &Note| {
        erased.get(&note.player_id).is_some_and(|through| note.accepted_at <= *through)
    };
    Statement::new(
        "INSERT INTO chat_notes
             (player_id, id, session_id, author_id, author_name, content, mentions, accepted_at)
         SELECT player_id, id, session_id, author_id, author_name, content,
             ARRAY(SELECT jsonb_array_elements_text(mentions::jsonb)), accepted_at
         FROM unnest(",
        ") AS new (player_id, id, session_id, author_id, author_name, content, mentions,
             accepted_at)",
    )
    .column::<Text, _, _>(notes, |note| note.player_id.as_str())
    .column::<SqlUuid, _, _>(notes, |note| note.note_id)
    .column::<Nullable<SqlUuid>, _, _>(notes, |note| note.session_id)
    .column::<Nullable<Text>, _, _>(notes, |note| note.author_id.as_ref().map(SenderId::as_str))
    .column::<Nullable<Text>, _, _>(notes, |note| {
        note.author_name.as_ref().filter(|_| !is_erased(note)).map(Name::as_str)
    })
    .column::<Text, _, _>(notes, |note| if is_erased(note) { "" } else { note.content.as_str() })
    // PostgreSQL has no array of arrays of several lengths.
    .column::<Text, _, _>(notes, |note| {
        let mentions = if is_erased(note) { [].as_slice() } else { note.mentions.as_slice() };
        serde_json::json!(mentions).to_string()
    })
    .column::<Timestamptz, _, _>(notes, |note| note.accepted_at)
    .execute(connection)
    .await?;
    Ok(())
}
