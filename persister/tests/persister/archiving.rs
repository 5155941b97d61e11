//! Which messages are archived, and what happens to archived messages that are sent again.

use broker::ConsumerKind;
use chat::{Message, RequestedStatus, SenderType, event::Event};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use test_support::{System, message, message_at, status_change};

use crate::support::{change, event, publish_each, sessions, system};

/// Messages of sessions that were resolved earlier are archived. In microseconds.
pub const LONG_AGO: i64 = 100_000;

pub fn player_message(player: &str, content: &str, micros: i64) -> Message {
    message_at(player, SenderType::Player, content, micros)
}

pub fn resolved(player: &str, micros: i64) -> Event {
    change(&status_change(player, RequestedStatus::Resolved, micros))
}

/// The messages in the database, as `player:seq:content`.
async fn kept(system: &System) -> Vec<String> {
    let kept = "SELECT player_id || ':' || seq || ':' || content AS text FROM chat_messages
                ORDER BY player_id, seq";
    system.database.texts(kept).await
}

/// The conversations, as `player:last_seq:status:last message`.
async fn conversations(system: &System) -> Vec<String> {
    let conversations = "SELECT concat_ws(':', c.player_id, c.last_seq, coalesce(c.status, '-'),
                             coalesce(m.content, '-')) AS text
                         FROM chat_conversations c LEFT JOIN chat_messages m ON m.id = last_message_id
                         ORDER BY c.player_id";
    system.database.texts(conversations).await
}

pub async fn count_dead_letters(system: &System) -> Option<u64> {
    let dead = system.broker.names().dead_letters(ConsumerKind::Persister);
    system.broker.depth(&dead).await.map(Into::into)
}

#[tokio::test(flavor = "multi_thread")]
async fn only_messages_of_sessions_resolved_long_ago_are_archived() {
    let system = system().await;
    let old = player_message("p1", "old", 1_000);
    let events = [
        event(&old),
        event(&player_message("p1", "old too", 2_000)),
        resolved("p1", 3_000),
        event(&player_message("p1", "newer", 4_000)),
        resolved("p1", LONG_AGO),
        event(&player_message("p1", "open", LONG_AGO + 1)),
        event(&player_message("p2", "never resolved", 1_000)),
        event(&player_message("p3", "old", 1_000)),
        resolved("p3", 3_000),
    ];
    publish_each(&system, events).await;
    system.work_off(1).await;
    let before = sessions(&system).await.len();

    let archived = system.archive(LONG_AGO).await;
    let found: Vec<_> = archived
        .iter()
        .map(|line| (line.player_id.as_str(), line.message.seq, line.message.content.as_str()))
        .collect();
    assert_eq!(found, [("p1", 1, "old"), ("p1", 2, "old too"), ("p3", 1, "old")]);
    let first = &archived[0].message;
    assert_eq!((first.message_id, first.accepted_at), (old.message_id, old.accepted_at));
    assert_eq!(kept(&system).await, ["p1:3:newer", "p1:4:open", "p2:1:never resolved"]);
    assert_eq!(
        conversations(&system).await,
        ["p1:4:pending:open", "p2:1:pending:never resolved", "p3:1:-:-"]
    );
    assert_eq!(sessions(&system).await.len(), before, "sessions are kept");
    let through =
        "SELECT player_id || ':' || extract(epoch FROM archived_through) * 1000000 AS text
                   FROM chat_conversations WHERE archived_through IS NOT NULL ORDER BY player_id";
    let through = system.database.texts(through).await;
    assert_eq!(through.len(), 2);
    assert!(through[0].starts_with("p1:2000") && through[1].starts_with("p3:1000"), "{through:?}");

    assert_eq!(system.archive(LONG_AGO).await.len(), 0, "each message once");
    publish_each(&system, [event(&message("p3", "again"))]).await;
    system.work_off(1).await;
    assert_eq!(conversations(&system).await[2], "p3:2:pending:again", "seq continues");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archived_message_sent_again_is_a_duplicate_whenever_it_is_accepted() {
    let system = system().await;
    let old = player_message("p1", "old", 1_000);
    publish_each(&system, [event(&old), resolved("p1", 2_000)]).await;
    system.work_off(1).await;
    assert_eq!(system.archive(LONG_AGO).await.len(), 1);

    let resent = Message { accepted_at: chat::now(), ..old.clone() };
    publish_each(&system, [event(&old), event(&resent), event(&message("p1", "new"))]).await;
    system.work_off(1).await;
    assert_eq!(kept(&system).await, ["p1:2:new"]);
    assert_eq!((sessions(&system).await.len(), count_dead_letters(&system).await), (2, Some(0)));

    let other = Message { message_id: old.message_id, ..message("p2", "another player's") };
    publish_each(&system, [event(&other)]).await;
    system.work_off(1).await;
    assert_eq!(kept(&system).await, ["p1:2:new", "p2:1:another player's"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_of_an_archived_message_does_not_return_its_conversation_to_the_inbox() {
    let system = system().await;
    let old = player_message("p1", "old", 1_000);
    publish_each(&system, [event(&old), resolved("p1", 2_000)]).await;
    system.work_off(1).await;
    system.archive(LONG_AGO).await;
    publish_each(&system, [event(&old), resolved("p1", 2_000)]).await;
    system.work_off(1).await;
    assert_eq!(conversations(&system).await, ["p1:1:-:-"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn archived_ids_are_deleted_after_their_retention() {
    let system = system().await;
    publish_each(&system, [event(&player_message("p1", "old", 1_000)), resolved("p1", 2_000)])
        .await;
    system.work_off(1).await;
    system.archive(LONG_AGO).await;
    let connection = &mut system.database.connect().await;
    let hour = chrono::TimeDelta::hours(1);
    let forget = persister::store::forget(connection, chat::now() - hour).await;
    assert_eq!(forget.unwrap(), 0);
    let forget = persister::store::forget(connection, chat::now() + hour).await;
    assert_eq!(forget.unwrap(), 1);
    assert_eq!(system.database.number("SELECT count(*) FROM chat_archived_messages").await, 0);
}

/// The messages that stay must have no gaps in `seq`.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_persisted_late_is_archived_after_those_with_a_lower_seq() {
    let system = system().await;
    let events = [
        event(&player_message("p1", "old", 1_000)),
        resolved("p1", 3_000),
        event(&player_message("p1", "newer", 4_000)),
    ];
    publish_each(&system, events).await;
    system.work_off(1).await;
    publish_each(&system, [event(&player_message("p1", "late", 2_000))]).await;
    system.work_off(1).await;
    assert_eq!(system.archive(LONG_AGO).await.len(), 1);
    assert_eq!(kept(&system).await, ["p1:2:newer", "p1:3:late"]);
    publish_each(&system, [resolved("p1", 5_000)]).await;
    system.work_off(1).await;
    assert_eq!(system.archive(LONG_AGO).await.len(), 2);
    assert_eq!(conversations(&system).await, ["p1:3:-:-"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_arrives_after_its_session_was_archived_is_archived_too() {
    let system = system().await;
    publish_each(&system, [event(&player_message("p1", "old", 1_000)), resolved("p1", 3_000)])
        .await;
    system.work_off(1).await;
    system.archive(LONG_AGO).await;
    publish_each(&system, [event(&player_message("p1", "late", 2_000))]).await;
    system.work_off(1).await;
    assert_eq!(sessions(&system).await, ["resolved:1"]);
    assert_eq!(conversations(&system).await, ["p1:2:resolved:late"]);
    let archived = system.archive(LONG_AGO).await;
    assert_eq!((archived[0].message.seq, archived[0].message.content.as_str()), (2, "late"));
    assert_eq!(conversations(&system).await, ["p1:2:-:-"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_archived_during_its_erasure_is_archived_as_erased() {
    let system = system().await;
    publish_each(
        &system,
        [event(&player_message("p1", "the secret", 1_000)), resolved("p1", 3_000)],
    )
    .await;
    system.work_off(1).await;
    // The state after the first step of an erasure.
    system.database.run("UPDATE chat_conversations SET erased_through = now()").await;
    let archived = system.archive(LONG_AGO).await;
    assert_eq!(archived[0].message.content, "");
    assert_eq!(archived[0].message.sender_name, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn archived_messages_can_be_restored_and_archived_again() {
    let system = system().await;
    let events = [
        event(&player_message("p1", "it's \"old\"\n", 1_000)),
        event(&player_message("p1", "old too", 2_000)),
        resolved("p1", 3_000),
        event(&player_message("p2", "old", 1_000)),
        resolved("p2", 3_000),
        event(&player_message("p2", "new", 4_000)),
    ];
    publish_each(&system, events).await;
    system.work_off(1).await;
    let all = "SELECT t::text AS text FROM chat_messages t ORDER BY player_id, seq";
    let before = (system.database.texts(all).await, conversations(&system).await);
    let archived = system.archive(LONG_AGO).await;
    assert_eq!(archived.len(), 3);

    let connection = &mut system.database.connect().await;
    connection.batch_execute("CREATE TEMP TABLE lines (line jsonb)").await.unwrap();
    // A killed archiver leaves lines twice.
    for message in archived.iter().chain(&archived) {
        let line = serde_json::to_string(message).unwrap();
        let insert = diesel::sql_query("INSERT INTO lines VALUES ($1::jsonb)");
        insert.bind::<diesel::sql_types::Text, _>(line).execute(connection).await.unwrap();
    }
    // The second part commits, so that it must be a query of its own.
    let script = include_str!("../../../deploy/restore-history.sql");
    let (preparing, restoring) = script.split_once("DO $$").unwrap();
    connection.batch_execute(preparing).await.unwrap();
    connection.batch_execute(&format!("DO $${restoring}")).await.unwrap();
    assert_eq!((system.database.texts(all).await, conversations(&system).await), before);
    assert_eq!(system.archive(LONG_AGO).await.len(), 3);
}
