//! Since when a player waits, and how many unanswered messages there are.

use chat::{RequestedStatus, SenderType, event::Event};
use diesel_async::AsyncPgConnection;
use persister::store::{Attempt, erase, persist};
use test_support::{Database, message_at, status_change};

use crate::support::{change, event};

use SenderType::{Player, Staff};

/// A message that was accepted at `at`, in microseconds.
fn from(sender: SenderType, at: i64) -> Event {
    event(&message_at("p1", sender, "hello", at))
}

fn resolution(at: i64) -> Event {
    change(&status_change("p1", RequestedStatus::Resolved, at))
}

/// The number of unanswered messages of the conversation's row, and since when the player waits.
async fn waiting(database: &Database) -> (i64, Option<i64>) {
    let count = "SELECT unanswered FROM chat_conversations WHERE player_id = 'p1'";
    let since = "SELECT coalesce(extract(epoch FROM waiting_since) * 1000000, -1)
        FROM chat_conversations WHERE player_id = 'p1'";
    let since = database.number(since).await;
    (database.number(count).await, Some(since).filter(|micros| *micros >= 0))
}

async fn persist_each(connection: &mut AsyncPgConnection, batches: &[&[Event]]) {
    for batch in batches {
        persist(connection, batch, &Attempt::default()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_player_waits_from_the_first_message_after_staffs_last_until_the_resolution() {
    let database = Database::create().await;
    let mut connection = database.connect().await;
    persist_each(&mut connection, &[&[from(Player, 10)], &[from(Player, 20), from(Player, 30)]])
        .await;
    assert_eq!(waiting(&database).await, (3, Some(10)));
    persist_each(&mut connection, &[&[from(Staff, 40), from(Player, 50)]]).await;
    assert_eq!(waiting(&database).await, (1, Some(50)));
    // It was accepted before the last message, and answers only those before it.
    persist_each(&mut connection, &[&[from(Staff, 35)]]).await;
    assert_eq!(waiting(&database).await, (1, Some(50)));
    persist_each(&mut connection, &[&[resolution(60)]]).await;
    assert_eq!(waiting(&database).await, (0, None));
    persist_each(&mut connection, &[&[from(Player, 70)]]).await;
    assert_eq!(waiting(&database).await, (1, Some(70)));
    // A late resolution leaves later messages unanswered.
    persist_each(&mut connection, &[&[from(Player, 90)], &[resolution(80)]]).await;
    assert_eq!(waiting(&database).await, (1, Some(90)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_answer_leaves_later_messages_unanswered() {
    let database = Database::create().await;
    let mut connection = database.connect().await;
    let messages: Vec<_> = (1..=300).map(|at| from(Player, at)).collect();
    persist_each(&mut connection, &[&messages[..150], &messages[150..]]).await;
    assert_eq!(waiting(&database).await, (100, Some(1)));
    persist_each(&mut connection, &[&[from(Staff, 120)]]).await;
    assert_eq!(waiting(&database).await, (100, Some(121)));
    persist_each(&mut connection, &[&[from(Staff, 270)]]).await;
    assert_eq!(waiting(&database).await, (30, Some(271)));
    persist_each(&mut connection, &[&[from(Staff, 200)], &[from(Staff, 300)]]).await;
    assert_eq!(waiting(&database).await, (0, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_conversation_waits_for_no_answer() {
    let database = Database::create().await;
    let mut connection = database.connect().await;
    let now = chat::now().timestamp_micros();
    persist_each(&mut connection, &[&[from(Player, now - 2), from(Player, now - 1)]]).await;
    erase(&mut connection, &"p1".to_owned().try_into().unwrap()).await.unwrap();
    assert_eq!(waiting(&database).await, (0, None));
    // It was accepted before the erasure, and is erased when it arrives.
    persist_each(&mut connection, &[&[from(Player, now)]]).await;
    assert_eq!(waiting(&database).await, (0, None));
    let later = now + 9_000_000;
    persist_each(&mut connection, &[&[from(Player, later)]]).await;
    assert_eq!(waiting(&database).await, (1, Some(later)));
    // A message accepted after the erasure, by a gateway whose clock is ahead within the tolerance,
    // still waits.
    erase(&mut connection, &"p1".to_owned().try_into().unwrap()).await.unwrap();
    assert_eq!(waiting(&database).await, (1, Some(later)));
}
