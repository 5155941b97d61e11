//! Since when a player waits, and how many messages staff has not answered.

use chat::{self, RequestedStatus, SenderType, event::Event};
use diesel_async::AsyncPgConnection;
use persister::store::{Attempt, erase, persist};
use test_support::{Database, message_at, status_change};

use crate::support::{change, event};

use SenderType::{Player, Staff};

/// Says the message and the time, in microseconds, at which it was accepted.
fn says(sender: SenderType, at: i64) -> Event {
    event(&message_at("p1", sender, "hello", at))
}

fn resolves(at: i64) -> Event {
    change(&status_change("p1", RequestedStatus::Resolved, at))
}

/// What the row of the conversation says: how many are unanswered, and since when the player waits.
async fn waits(database: &Database) -> (i64, Option<i64>) {
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
    persist_each(&mut connection, &[&[says(Player, 10)], &[says(Player, 20), says(Player, 30)]])
        .await;
    assert_eq!(waits(&database).await, (3, Some(10)));
    persist_each(&mut connection, &[&[says(Staff, 40), says(Player, 50)]]).await;
    assert_eq!(waits(&database).await, (1, Some(50)));
    // It was accepted before the last two, and answers the first three alone.
    persist_each(&mut connection, &[&[says(Staff, 35)]]).await;
    assert_eq!(waits(&database).await, (1, Some(50)));
    persist_each(&mut connection, &[&[resolves(60)]]).await;
    assert_eq!(waits(&database).await, (0, None));
    persist_each(&mut connection, &[&[says(Player, 70)]]).await;
    assert_eq!(waits(&database).await, (1, Some(70)));
    // A resolution that comes late leaves what was said after it unanswered.
    persist_each(&mut connection, &[&[says(Player, 90)], &[resolves(80)]]).await;
    assert_eq!(waits(&database).await, (1, Some(90)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_answer_leaves_what_was_said_after_it_unanswered() {
    let database = Database::create().await;
    let mut connection = database.connect().await;
    let said: Vec<_> = (1..=300).map(|at| says(Player, at)).collect();
    persist_each(&mut connection, &[&said[..150], &said[150..]]).await;
    assert_eq!(waits(&database).await, (100, Some(1)));
    persist_each(&mut connection, &[&[says(Staff, 120)]]).await;
    assert_eq!(waits(&database).await, (100, Some(121)));
    persist_each(&mut connection, &[&[says(Staff, 270)]]).await;
    assert_eq!(waits(&database).await, (30, Some(271)));
    persist_each(&mut connection, &[&[says(Staff, 200)], &[says(Staff, 300)]]).await;
    assert_eq!(waits(&database).await, (0, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_conversation_waits_for_no_answer() {
    let database = Database::create().await;
    let mut connection = database.connect().await;
    let now = chat::now().timestamp_micros();
    persist_each(&mut connection, &[&[says(Player, now - 2), says(Player, now - 1)]]).await;
    erase(&mut connection, &"p1".to_owned().try_into().unwrap()).await.unwrap();
    assert_eq!(waits(&database).await, (0, None));
    // It was accepted before the erasure, and is erased when it comes.
    persist_each(&mut connection, &[&[says(Player, now)]]).await;
    assert_eq!(waits(&database).await, (0, None));
    let later = now + 9_000_000;
    persist_each(&mut connection, &[&[says(Player, later)]]).await;
    assert_eq!(waits(&database).await, (1, Some(later)));
    // The clock of the gateway is ahead by less than is tolerated: what was accepted after the erasure still waits.
    erase(&mut connection, &"p1".to_owned().try_into().unwrap()).await.unwrap();
    assert_eq!(waits(&database).await, (1, Some(later)));
}

/// As a persister of the release before does, which does not know of the counts.
async fn persist_as_before(database: &Database, sender: &str, seq: i64) {
    let insert = format!(
        "INSERT INTO chat_messages (id, session_id, player_id, seq, sender_type, content, accepted_at)
         SELECT gen_random_uuid(), session_id, 'p1', {seq}, '{sender}', 'hello',
                to_timestamp({seq} / 1000000.0) FROM chat_conversations"
    );
    database.run(&insert).await;
    database.run(&format!("UPDATE chat_conversations SET last_seq = {seq}")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_the_previous_release_persists_are_counted_as_well() {
    let database = Database::create().await;
    let mut connection = database.connect().await;
    persist_each(&mut connection, &[&[says(Player, 1)]]).await;
    persist_as_before(&database, "player", 2).await;
    assert_eq!(waits(&database).await, (2, Some(1)));
    persist_as_before(&database, "staff", 3).await;
    assert_eq!(waits(&database).await, (0, None));
    persist_as_before(&database, "player", 4).await;
    persist_each(&mut connection, &[&[says(Player, 5)]]).await;
    assert_eq!(waits(&database).await, (2, Some(4)));
    for statement in [
        "UPDATE chat_sessions SET status = 'resolved', resolved_at = now()",
        "UPDATE chat_conversations SET status = 'resolved'",
    ] {
        database.run(statement).await;
    }
    assert_eq!(waits(&database).await, (0, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_counts_the_conversations_that_are_open_already() {
    let database = Database::create().await;
    let mut connection = database.connect().await;
    persist_each(&mut connection, &[&[says(Player, 1), says(Staff, 2), says(Player, 3)]]).await;
    for statement in [
        "ALTER TABLE chat_conversations DISABLE TRIGGER USER",
        "UPDATE chat_conversations
         SET unanswered = 0, waiting_since = NULL, answered_at = NULL, counted_seq = NULL",
        "ALTER TABLE chat_conversations ENABLE TRIGGER USER",
    ] {
        database.run(statement).await;
    }
    let migration =
        include_str!("../../../migrations/2026-11-28-000005_count_who_waits_already/up.sql");
    for _ in 0..2 {
        database.run(migration).await;
        assert_eq!(waits(&database).await, (1, Some(3)));
    }
}
