//! Canned replies.

use std::collections::BTreeMap;

use broker::ConsumerKind;
use chat::{CannedReply, CannedReplyChange, event::Event};
use chrono::DateTime;
use diesel_async::AsyncPgConnection;
use futures_util::future::join_all;
use persister::store::{Attempt, Outcome, persist};
use test_support::{Database, System, message};
use uuid::Uuid;

use crate::support::{event, publish_each, publish_together, system};

/// A change of the reply number `id` that was accepted `micros` after the epoch; without a shortcut
/// it deletes the reply.
fn change(id: u128, shortcut: Option<&str>, micros: i64) -> CannedReplyChange {
    CannedReplyChange {
        change_id: Uuid::now_v7(),
        reply_id: Uuid::from_u128(id),
        reply: shortcut.map(|shortcut| CannedReply {
            shortcut: shortcut.to_owned().try_into().unwrap(),
            title: "Title".to_owned().try_into().unwrap(),
            team: None,
            bodies: BTreeMap::from([(
                "en".to_owned().try_into().unwrap(),
                format!("text of {micros}").try_into().unwrap(),
            )]),
        }),
        by: Some("ada".to_owned().try_into().unwrap()),
        accepted_at: DateTime::from_timestamp_micros(micros).unwrap(),
    }
}

fn canned(change: &CannedReplyChange) -> Event {
    Event::CannedReplyChange(Box::new(change.clone()))
}

async fn write(connection: &mut AsyncPgConnection, changes: &[CannedReplyChange]) -> Outcome {
    let events: Vec<_> = changes.iter().map(canned).collect();
    persist(connection, &events, &Attempt::default()).await.unwrap()
}

/// The replies that are not deleted, each as `shortcut: text`.
async fn replies(database: &Database) -> Vec<String> {
    let replies = "SELECT shortcut || ': ' || (bodies->>'en') AS text FROM chat_canned_replies
        WHERE deleted_at IS NULL ORDER BY id";
    database.texts(replies).await
}

async fn version(database: &Database) -> i64 {
    database.number("SELECT max(version) FROM chat_canned_replies").await
}

async fn announced(system: &System) -> Vec<i64> {
    let events = system.broker.drain_events(ConsumerKind::Broadcaster).await;
    let version = |event| match event {
        Event::CannedRepliesUpdated(updated) => Some(updated.version),
        _ => None,
    };
    events.into_iter().filter_map(version).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_change_that_was_accepted_last_counts_in_any_order_of_arrival() {
    let changes = [
        change(1, Some("refund"), 10),
        change(1, Some("refunds"), 20),
        change(1, None, 30),
        change(1, Some("refunded"), 40),
    ];
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]] {
        let database = Database::create().await;
        let connection = &mut database.connect().await;
        for index in order {
            write(connection, std::slice::from_ref(&changes[index])).await;
        }
        assert_eq!(replies(&database).await, ["refunded: text of 40"], "{order:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_reply_keeps_its_row_and_no_older_change_restores_it() {
    let database = Database::create().await;
    let connection = &mut database.connect().await;
    let (created, deleted) = (change(1, Some("refund"), 10), change(1, None, 20));
    write(connection, &[created.clone(), deleted]).await;
    // Of reply 2 the deletion arrives first.
    write(connection, &[change(2, None, 20)]).await;
    write(connection, &[created, change(1, Some("refund"), 15), change(2, Some("hello"), 10)])
        .await;
    assert!(replies(&database).await.is_empty());
    let kept = "SELECT count(*) FROM chat_canned_replies WHERE deleted_at IS NOT NULL";
    assert_eq!(database.number(kept).await, 2);
    // Its shortcut is free again, and the reply can be created anew.
    write(connection, &[change(3, Some("refund"), 30), change(1, Some("refund"), 40)]).await;
    assert_eq!(replies(&database).await, ["refund-2: text of 40", "refund: text of 30"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shortcut_that_another_reply_has_gets_a_number() {
    let database = Database::create().await;
    let connection = &mut database.connect().await;
    let long = "a".repeat(40);
    for (id, shortcut) in [(1, "refund"), (2, "refund"), (3, "refund"), (4, &long), (5, &long)] {
        write(connection, &[change(id, Some(shortcut), 10)]).await;
    }
    let shortcuts = "SELECT shortcut AS text FROM chat_canned_replies ORDER BY id";
    let expected = ["refund", "refund-2", "refund-3", &long, &format!("{}-2", "a".repeat(38))];
    assert_eq!(database.texts(shortcuts).await, expected);
    // A further edit keeps the number; two replies swap their shortcuts in one batch.
    write(connection, &[change(2, Some("refund"), 20)]).await;
    write(connection, &[change(1, Some("hello"), 30), change(2, Some("refund"), 31)]).await;
    assert_eq!(database.texts(shortcuts).await[..3], ["hello", "refund", "refund-3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_effective_change_is_a_version_and_a_redelivered_one_is_announced_again() {
    let system = system().await;
    let changes =
        [change(1, Some("refund"), 10), change(2, Some("hello"), 20), change(1, Some("older"), 5)];
    // Beside messages, which have transactions with locks.
    let hello = event(&message("p1", "hello"));
    publish_together(&system, [canned(&changes[0]), hello, canned(&changes[1])]).await;
    system.work_off(1).await;
    assert_eq!(announced(&system).await, [2]);
    for redelivered in [&changes[1], &changes[2]] {
        publish_each(&system, [canned(redelivered)]).await;
        system.work_off(1).await;
        assert_eq!(announced(&system).await, [2]);
    }
    assert_eq!(version(&system.database).await, 2);
    assert_eq!(replies(&system.database).await, ["refund: text of 10", "hello: text of 20"]);
}

/// A change from a gateway whose clock is ahead gets the database's time, so that later ones count.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_ahead_of_the_clock_blocks_no_later_one() {
    let database = Database::create().await;
    let connection = &mut database.connect().await;
    let now = chat::now().timestamp_micros();
    let ahead = change(1, Some("ahead"), now + 3_600_000_000);
    write(connection, std::slice::from_ref(&ahead)).await;
    write(connection, std::slice::from_ref(&ahead)).await;
    assert_eq!(version(&database).await, 1);
    let later = change(1, Some("later"), chat::now().timestamp_micros());
    write(connection, std::slice::from_ref(&later)).await;
    assert!(replies(&database).await[0].starts_with("later: "));
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_changes_get_versions_and_shortcuts_of_their_own() {
    let database = Database::create().await;
    let writers = (0..8).map(async |writer: u128| {
        let connection = &mut database.connect().await;
        for number in 0..5 {
            write(connection, &[change(writer * 5 + number, Some("refund"), 10)]).await;
        }
    });
    join_all(writers).await;
    assert_eq!(version(&database).await, 40);
    let distinct = "SELECT count(DISTINCT version) * 100 + count(DISTINCT shortcut)
        FROM chat_canned_replies";
    assert_eq!(database.number(distinct).await, 4_040);
}
