//! Internal notes of staff.

use chat::{Note, SenderType, event::Event};
use persister::store::{Attempt, Locks, erase, persist};
use test_support::{Database, message_at};

use crate::support::{event, note};

fn noted(note: &Note) -> Event {
    Event::Note(Box::new(note.clone()))
}

/// The notes by time, each as `content author mentions`.
async fn notes(database: &Database) -> Vec<String> {
    let query = "SELECT concat_ws('|', content, author_name, array_to_string(mentions, ','))
        AS text FROM chat_notes ORDER BY accepted_at";
    database.texts(query).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_is_stored_once_and_changes_neither_a_session_nor_the_seq() {
    let database = Database::create().await;
    let mut connection = database.connect().await;
    let first = note("p1", "ada", "asked twice", 5);
    let other = Note { content: "another".to_owned().try_into().unwrap(), ..first.clone() };
    // It is written alone, before the conversation's first message, and again with messages.
    let outcome = persist(&mut connection, &[noted(&first)], &Attempt::default()).await.unwrap();
    assert_eq!((outcome.audited, outcome.session_updates.len()), (1, 0));
    let question = event(&message_at("p1", SenderType::Player, "help", 3));
    let batch = [question, noted(&first), noted(&other)];
    let outcome = persist(&mut connection, &batch, &Attempt::default()).await.unwrap();
    assert_eq!((outcome.duplicates, outcome.conflicting_changes, outcome.audited), (1, 1, 0));
    assert_eq!(notes(&database).await, ["asked twice|The name of ada|bo"]);
    assert_eq!(database.texts("SELECT action AS text FROM chat_audit").await, ["noted"]);
    let state = "SELECT concat_ws(' ', last_seq, version) AS text
        FROM chat_conversations JOIN chat_sessions USING (player_id)";
    assert_eq!(database.texts(state).await, ["1 1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_erases_stored_notes_and_those_of_before_that_arrive_later() {
    let database = Database::create().await;
    let mut connection = database.connect().await;
    let now = chat::now().timestamp_micros();
    let [stored, late] = [now - 2, now - 1].map(|at| note("p1", "ada", "the secret sword", at));
    persist(&mut connection, &[noted(&stored)], &Attempt::default()).await.unwrap();
    let erased = erase(&mut connection, &stored.player_id).await.unwrap();
    assert_eq!((erased.messages, erased.notes), (0, 1));
    let batch = [noted(&late), noted(&stored)];
    let outcome = persist(&mut connection, &batch, &Attempt::default()).await.unwrap();
    assert_eq!(outcome.duplicates, 1);
    assert_eq!(notes(&database).await, ["|", "|"]);
    let after = note("p1", "ada", "a new note", chat::now().timestamp_micros());
    persist(&mut connection, &[noted(&after)], &Attempt::default()).await.unwrap();
    assert_eq!(notes(&database).await, ["|", "|", "a new note|The name of ada|bo"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_about_a_locked_conversation_is_left_out() {
    let database = Database::create().await;
    let mut connection = database.connect().await;
    let first = note("p1", "ada", "asked twice", 5);
    persist(&mut connection, &[noted(&first)], &Attempt::default()).await.unwrap();
    let lock = "BEGIN; SELECT FROM chat_conversations FOR UPDATE";
    let mut other = database.connect().await;
    diesel_async::SimpleAsyncConnection::batch_execute(&mut other, lock).await.unwrap();
    let second = noted(&note("p1", "ada", "again", 6));
    let attempt = Attempt::new(Locks::Skip);
    let outcome = persist(&mut connection, std::slice::from_ref(&second), &attempt).await.unwrap();
    assert!(outcome.is_left_out(&second));
    assert_eq!(notes(&database).await.len(), 1);
}
