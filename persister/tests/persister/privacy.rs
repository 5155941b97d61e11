//! What operators do when a player asks for what is stored, or for its end.

use std::{
    io::Write,
    process::{Command, Output},
};

use chrono::{DateTime, Utc};
use persister::{export::export, store::Erased};
use serde_json::{Value, json};
use shared::{
    broker::Worker,
    chat::{Message, RequestedStatus},
};
use test_support::{Database, System, body, message, status_change};

use crate::support::{change, event, publish_each, system, until_waiting};

/// A message that calls its player and its sender `name`, accepted just now.
fn named(player: &str, content: &str, name: &str) -> Message {
    let name = || Some(name.to_owned().try_into().unwrap());
    Message { player_name: name(), sender_name: name(), ..message(player, content) }
}

/// In how many rows of all tables `word` is.
async fn rows_with(system: &System, word: &str) -> i64 {
    let count = |table| format!("(SELECT count(*) FROM {table} t WHERE t::text LIKE '%{word}%')");
    let tables = ["chat_messages", "chat_sessions", "chat_conversations", "chat_status_changes"];
    system.database.number(&tables.map(count).join(" + ")).await
}

/// What is never erased of the messages.
async fn rest_of_messages(system: &System) -> Vec<String> {
    let kept = "SELECT concat_ws(' ', id, session_id, player_id, seq, sender_type, sender_id, \
                accepted_at, persisted_at) AS text FROM chat_messages ORDER BY player_id, seq";
    system.database.texts(kept).await
}

/// The contents of a player's messages, in the order of `seq`, which has no gaps.
async fn contents(system: &System, id: &str) -> Vec<String> {
    let messages = format!("FROM chat_messages WHERE player_id = '{id}'");
    let gaps = format!("SELECT max(seq) - count(*) {messages}");
    assert_eq!(system.database.number(&gaps).await, 0);
    system.database.texts(&format!("SELECT content AS text {messages} ORDER BY seq")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_is_erased_and_that_it_was_said_is_kept() {
    let system = system().await;
    let first = named("p1", "the secret sword", "Bo");
    let resolved_at = first.accepted_at.timestamp_micros();
    let resolved = status_change("p1", RequestedStatus::Resolved, resolved_at);
    // Its gateway's clock is ahead.
    let accepted_at = first.accepted_at + chrono::TimeDelta::minutes(1);
    let second = Message { accepted_at, ..named("p1", "the secret shield", "Bo") };
    let other = named("p2", "another secret", "Cy");
    publish_each(&system, [event(&first), change(&resolved), event(&second), event(&other)]).await;
    system.work_off(1).await;
    assert_eq!((rows_with(&system, "secret").await, rows_with(&system, "Bo").await), (3, 4));
    let rest = rest_of_messages(&system).await;
    let versions = "SELECT sum(version) FROM chat_sessions WHERE player_id = 'p1'";
    let version = system.database.number(versions).await;

    assert_eq!(system.erase("p1").await, Erased { messages: 2, sessions: 2 });
    assert_eq!((rows_with(&system, "secret").await, rows_with(&system, "Bo").await), (1, 0));
    assert_eq!(rows_with(&system, "Cy").await, 2, "nobody else's");
    assert_eq!(rest_of_messages(&system).await, rest);
    assert_eq!(system.database.number(versions).await, version + 2, "a newer state of each");
    assert_eq!(system.erase("p1").await, Erased { messages: 0, sessions: 0 });
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_message_that_comes_again_brings_nothing_back() {
    let system = system().await;
    let message = named("p1", "the secret sword", "Bo");
    publish_each(&system, [event(&message)]).await;
    system.work_off(1).await;
    system.erase("p1").await;
    publish_each(&system, [event(&message), event(&message)]).await;
    system.work_off(1).await;
    assert_eq!(contents(&system, "p1").await, [""]);
    assert_eq!((rows_with(&system, "secret").await, rows_with(&system, "Bo").await), (0, 0));
    let dead = system.broker.names().dead_letters(Worker::Persister);
    assert_eq!(system.broker.depth(&dead).await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_before_and_arrives_later_is_erased_and_what_is_accepted_later_is_not() {
    let system = system().await;
    let late = named("p1", "the secret sword", "Bo");
    assert_eq!(system.erase("p1").await, Erased { messages: 0, sessions: 0 });
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
async fn what_a_persister_is_writing_meanwhile_is_erased() {
    let system = system().await;
    publish_each(&system, [event(&message("p1", "hello"))]).await;
    system.work_off(1).await;
    let lock = system.database.lock("chat_messages").await;
    let persister = system.persister().await;
    publish_each(&system, [event(&named("p1", "the secret sword", "Bo"))]).await;
    until_waiting(&system, 1).await;
    let erasing = async {
        let erased = system.erase("p1").await;
        assert_eq!(erased, Erased { messages: 2, sessions: 1 });
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
    system.broker.publish(&body(many)).await;
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
    system.broker.wait_for_depth(&system.broker.names().queue(Worker::Persister), 0).await;
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

/// Does something to the database before it takes the first bytes.
struct Meddler {
    database: String,
    statement: Option<&'static str>,
    taken: Vec<u8>,
}

impl Write for Meddler {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if let Some(statement) = self.statement.take() {
            let database = Database { url: self.database.clone() };
            let runtime = tokio::runtime::Runtime::new().unwrap();
            let run = move || runtime.block_on(database.run(statement));
            std::thread::spawn(run).join().unwrap();
        }
        self.taken.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

async fn exported(system: &System, id: &str, statement: Option<&'static str>) -> Value {
    let (player, database) = (id.to_owned().try_into().unwrap(), system.database.url.clone());
    let mut out = Meddler { database, statement, taken: Vec::new() };
    export(&mut system.database.connect().await, &player, &mut out).await.unwrap();
    serde_json::from_slice(&out.taken).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_holds_all_that_is_stored_of_a_player_and_of_nobody_else() {
    let system = system().await;
    let message = named("p1", "My \"sword\"\nis gone 😀", "Bo");
    let resolved = message.accepted_at.timestamp_micros();
    let change_of = status_change("p1", RequestedStatus::Resolved, resolved);
    let other = named("p2", "not theirs", "Cy");
    publish_each(&system, [event(&message), change(&change_of), event(&other)]).await;
    system.work_off(1).await;

    let mut export = exported(&system, "p1", None).await;
    let session = &export["sessions"][0];
    let accepted_at = json!(message.accepted_at);
    assert_eq!(
        (&session["playerName"], &session["status"], &session["resolvedAt"]),
        (&json!("Bo"), &json!("resolved"), &accepted_at)
    );
    let persisted_at = export["messages"][0]["persistedAt"].take();
    assert!(serde_json::from_value::<DateTime<Utc>>(persisted_at).is_ok());
    assert_eq!(
        export["messages"],
        json!([{
            "messageId": message.message_id, "sessionId": export["sessions"][0]["id"], "seq": 1,
            "senderType": "player", "senderId": null, "senderName": "Bo",
            "content": "My \"sword\"\nis gone 😀", "acceptedAt": accepted_at, "persistedAt": null
        }])
    );
    let changes = export["statusChanges"].as_array().unwrap();
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0]["changeId"], json!(change_of.change_id));
    assert_eq!((&export["playerId"], &export["erasedThrough"]), (&json!("p1"), &Value::Null));
    assert!(!export.to_string().contains("not theirs"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_export_is_as_of_one_moment() {
    let system = system().await;
    let many = (1..=2_500).map(|number| event(&message("p1", &format!("{number}"))));
    system.broker.publish(&body(many)).await;
    system.work_off(1).await;
    let meddling = "UPDATE chat_messages SET content = 'changed meanwhile'";
    let export = exported(&system, "p1", Some(meddling)).await;
    let messages = export["messages"].as_array().unwrap();
    let seqs: Vec<_> = messages.iter().map(|it| it["seq"].as_i64().unwrap()).collect();
    assert_eq!(seqs, (1..=2_500).collect::<Vec<_>>());
    assert!(messages.iter().all(|it| it["content"] != "changed meanwhile"));
    assert!(contents(&system, "p1").await.iter().all(|it| it == "changed meanwhile"));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_player_who_never_wrote_an_export_is_empty() {
    let system = system().await;
    assert_eq!(
        exported(&system, "nobody", None).await,
        json!({
            "playerId": "nobody", "erasedThrough": null, "sessions": [], "statusChanges": [],
            "messages": []
        })
    );
}

/// Runs the program itself.
fn run(system: &System, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_persister"));
    command.args(arguments).env("DATABASE_URL", &system.database.url);
    command.env("AMQP_URL", &system.broker.url).env("QUEUE_PREFIX", &system.broker.prefix);
    let Output { status, stdout, stderr } = command.env("BROKER_TIMEOUT", "10s").output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_export_and_erase_and_are_told_what_else_there_may_be() {
    let system = system().await;
    system.broadcaster().await.stop().await;
    let constraint = "ALTER TABLE chat_messages ADD CONSTRAINT mended CHECK (content <> 'refused')";
    system.database.run(constraint).await;
    let stored = ["one", "two"].map(|content| event(&message("p1", content)));
    publish_each(&system, stored).await;
    publish_each(&system, ["p1", "p11"].map(|id| event(&message(id, "refused")))).await;
    system.work_off(1).await;

    let (status, export, _) = run(&system, &["export", "--player", "p1"]);
    assert_eq!(status, Some(0));
    let export: Value = serde_json::from_str(&export).unwrap();
    assert_eq!(export["messages"].as_array().unwrap().len(), 2);

    let (status, _, complaint) = run(&system, &["erase", "--player", "p1"]);
    assert_eq!((status, complaint.lines().count()), (Some(2), 1));
    assert!(complaint.contains("--yes"), "{complaint}");
    assert_eq!(contents(&system, "p1").await, ["one", "two"]);

    let erase = |id| run(&system, &["erase", "--yes", "--player", id]);
    let (status, told, complaint) = erase("p1");
    assert_eq!((status, complaint.as_str()), (Some(0), ""));
    assert_eq!(
        told,
        "erased 2 messages of 1 session\n1 dead letter may hold more: dead-letters list\n"
    );
    assert_eq!(contents(&system, "p1").await, ["", ""]);
    let (status, told, _) = erase("nobody");
    let expected = "erased 0 messages of 0 sessions: nothing of player nobody was left\n";
    assert_eq!((status, told.as_str()), (Some(0), expected));
}
