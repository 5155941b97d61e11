//! Erasing a player's conversation.

use broker::ConsumerKind;
use chat::{Message, RequestedStatus};
use persister::store::Erased;
use test_support::{System, body, message, status_change};

use crate::support::{
    change, contents, event, named, publish_each, publish_together, sessions, system, until_waiting,
};

/// The number of rows, in all tables, that contain `word`.
async fn rows_with(system: &System, word: &str) -> i64 {
    let count = |table| format!("(SELECT count(*) FROM {table} t WHERE t::text LIKE '%{word}%')");
    let tables = [
        "chat_messages",
        "chat_sessions",
        "chat_conversations",
        "chat_status_changes",
        "chat_reads",
        "chat_notes",
    ];
    system.database.number(&tables.map(count).join(" + ")).await
}

/// The columns of the messages that are never erased.
async fn rest_of_messages(system: &System) -> Vec<String> {
    let kept = "SELECT concat_ws(' ', id, session_id, player_id, seq, sender_type, sender_id, \
                accepted_at, persisted_at) AS text FROM chat_messages ORDER BY player_id, seq";
    system.database.texts(kept).await
}

#[tokio::test(flavor = "multi_thread")]
async fn erasing_removes_contents_and_names_and_keeps_the_rows() {
    let system = system().await;
    let first = named("p1", "the secret sword", "Bo");
    let resolved_at = first.accepted_at.timestamp_micros();
    let resolved = status_change("p1", RequestedStatus::Resolved, resolved_at);
    // The clock of its gateway is ahead.
    let accepted_at = first.accepted_at + chrono::TimeDelta::minutes(1);
    let second = Message { accepted_at, ..named("p1", "the secret shield", "Bo") };
    let other = named("p2", "another secret", "Cy");
    publish_each(&system, [event(&first), change(&resolved), event(&second), event(&other)]).await;
    system.work_off(1).await;
    assert_eq!((rows_with(&system, "secret").await, rows_with(&system, "Bo").await), (3, 4));
    let rest = rest_of_messages(&system).await;
    let versions = "SELECT sum(version) FROM chat_sessions WHERE player_id = 'p1'";
    let version = system.database.number(versions).await;

    assert_eq!(system.erase("p1").await, Erased { messages: 2, sessions: 2, notes: 0 });
    assert_eq!((rows_with(&system, "secret").await, rows_with(&system, "Bo").await), (1, 0));
    assert_eq!(rows_with(&system, "Cy").await, 2, "those of the other player");
    assert_eq!(rest_of_messages(&system).await, rest);
    let newer = version + 3;
    assert_eq!(
        system.database.number(versions).await,
        newer,
        "one for each session, and one for the resolution"
    );
    assert_eq!(system.erase("p1").await, Erased { messages: 0, sessions: 0, notes: 0 });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redelivered_erased_message_stays_erased() {
    let system = system().await;
    let message = named("p1", "the secret sword", "Bo");
    publish_each(&system, [event(&message)]).await;
    system.work_off(1).await;
    system.erase("p1").await;
    publish_each(&system, [event(&message), event(&message)]).await;
    system.work_off(1).await;
    assert_eq!(contents(&system, "p1").await, [""]);
    assert_eq!((rows_with(&system, "secret").await, rows_with(&system, "Bo").await), (0, 0));
    let dead = system.broker.names().dead_letters(ConsumerKind::Persister);
    assert_eq!(system.broker.depth(&dead).await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_messages_accepted_before_an_erasure_are_erased_when_they_arrive_later() {
    let system = system().await;
    let late = named("p1", "the secret sword", "Bo");
    assert_eq!(system.erase("p1").await, Erased { messages: 0, sessions: 0, notes: 0 });
    publish_each(&system, [event(&late), event(&late)]).await;
    system.work_off(1).await;
    assert_eq!(contents(&system, "p1").await, [""]);
    assert_eq!((rows_with(&system, "secret").await, rows_with(&system, "Bo").await), (0, 0));
    publish_each(&system, [event(&named("p1", "hello", "Di"))]).await;
    system.work_off(1).await;
    assert_eq!(contents(&system, "p1").await, ["", "hello"]);
    assert_eq!(rows_with(&system, "Di").await, 2, "the message and its session");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_a_persister_is_writing_is_erased() {
    let system = system().await;
    publish_each(&system, [event(&message("p1", "hello"))]).await;
    system.work_off(1).await;
    let lock = system.database.lock("chat_messages").await;
    // A persister waits for a lock for a fifth of this timeout.
    let persister = system.persister_with(&["--database-timeout=60s"]).ready().await;
    publish_each(&system, [event(&named("p1", "the secret sword", "Bo"))]).await;
    until_waiting(&system, 1).await;
    let erasing = async {
        let erased = system.erase("p1").await;
        assert_eq!(erased, Erased { messages: 2, sessions: 1, notes: 0 });
    };
    let releasing = async {
        until_waiting(&system, 2).await;
        drop(lock);
    };
    tokio::join!(erasing, releasing);
    persister.stop().await;
    assert_eq!(contents(&system, "p1").await, ["", ""]);
    assert_eq!(rows_with(&system, "Bo").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_conversation_is_erased_beside_persisters_that_write_to_it() {
    let system = system().await;
    let many = (0..2_500).map(|number| event(&named("p1", &format!("before {number}"), "Bo")));
    publish_together(&system, many).await;
    system.work_off(1).await;
    let persisters = [system.persister().await, system.persister().await];
    let writing = async {
        for number in 0..60 {
            let more = (0..20).map(|part| event(&message("p1", &format!("{number}.{part}"))));
            system.broker.publish(&body(more)).await;
        }
    };
    let erasing = async {
        assert!(system.erase("p1").await.messages >= 2_500);
        for _ in 0..5 {
            system.erase("p1").await;
        }
    };
    tokio::join!(writing, erasing);
    system.broker.wait_for_depth(&system.broker.names().queue(ConsumerKind::Persister), 0).await;
    for persister in persisters {
        persister.stop().await;
    }
    system.work_off(1).await;
    assert_eq!(contents(&system, "p1").await.len(), 2_500 + 60 * 20);
    let wrong = "SELECT count(*) FROM chat_messages m JOIN chat_conversations USING (player_id)
                 WHERE (accepted_at <= erased_through) <> (content = '')";
    assert_eq!(system.database.number(wrong).await, 0);
    assert_eq!(rows_with(&system, "Bo").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_conversation_is_resolved_and_in_no_inbox_until_the_player_writes_again() {
    let system = system().await;
    publish_each(&system, [event(&message("p1", "hello")), event(&message("p1", "hello?"))]).await;
    system.work_off(1).await;
    let late = message("p1", "anyone?");
    system.erase("p1").await;
    let inbox = "SELECT coalesce(status, 'none') AS text FROM chat_conversations";
    assert_eq!(system.database.texts(inbox).await, ["none"]);
    assert_eq!(sessions(&system).await, ["resolved:2"]);

    publish_each(&system, [event(&late)]).await;
    system.work_off(1).await;
    assert_eq!(system.database.texts(inbox).await, ["none"], "it was accepted before");
    assert_eq!(sessions(&system).await, ["resolved:3"]);

    publish_each(&system, [event(&message("p1", "hello again"))]).await;
    system.work_off(1).await;
    assert_eq!(system.database.texts(inbox).await, ["pending"]);
    assert_eq!(sessions(&system).await, ["resolved:3", "pending:1"]);
}
