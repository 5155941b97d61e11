//! The audit of staff.

use std::process::Command;

use chat::{ConversationRead, PlayerId, RequestedStatus, StatusChange, event::Event};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::{QueryResult, sql_query};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use persister::store::{Attempt, Locks, persist, purge_audit};
use serde_json::{Value, json};
use test_support::{Database, message, status_change};
use uuid::Uuid;

use crate::support::{change, event};

fn read(player: &str, reader: &str, at: DateTime<Utc>) -> Event {
    Event::ConversationRead(ConversationRead {
        read_id: Uuid::now_v7(),
        player_id: PlayerId::try_from(player.to_owned()).unwrap(),
        actor_id: reader.to_owned().try_into().unwrap(),
        actor_name: Some(format!("The name of {reader}").try_into().unwrap()),
        accepted_at: at,
    })
}

fn by(actor: &str, status: RequestedStatus, at: DateTime<Utc>) -> StatusChange {
    StatusChange {
        actor_id: Some(actor.to_owned().try_into().unwrap()),
        ..status_change("p1", status, at.timestamp_micros())
    }
}

/// Runs `persister audit`.
fn audit(database: &Database, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_persister"));
    command.arg("audit").args(arguments).env("DATABASE_URL", &database.url);
    let output = command.output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

/// The rows that `persister audit` prints.
fn rows(database: &Database, arguments: &[&str]) -> Vec<Value> {
    let (status, lines) = audit(database, arguments);
    assert_eq!(status, Some(0), "{lines}");
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_command_prints_who_read_took_and_resolved_a_conversation() {
    let database = Database::create().await;
    let mut connection = database.connect().await;
    let begin = chat::now() - TimeDelta::hours(1);
    let at = |minutes| begin + TimeDelta::minutes(minutes);
    let mut question = message("p1", "help");
    question.accepted_at = at(1);
    let taken = by("ada", RequestedStatus::Active, at(3));
    let resolved = by("bo", RequestedStatus::Resolved, at(4));
    let again = by("ada", RequestedStatus::Resolved, at(5));
    let batches = [
        vec![event(&question), read("p1", "ada", at(2))],
        vec![change(&taken), change(&resolved)],
        vec![change(&again), read("p2", "ada", at(6))],
    ];
    for batch in &batches {
        persist(&mut connection, batch, &Attempt::default()).await.unwrap();
        // A redelivered batch is recorded once.
        assert_eq!(persist(&mut connection, batch, &Attempt::default()).await.unwrap().audited, 0);
    }

    let found = rows(&database, &["--player", "p1"]);
    let shown: Vec<_> = found
        .iter()
        .map(|row| (&row["action"], &row["actorId"], &row["effective"], &row["changeId"]))
        .collect();
    assert_eq!(
        shown,
        [
            (&json!("read"), &json!("ada"), &json!(true), &Value::Null),
            (&json!("taken"), &json!("ada"), &json!(true), &json!(taken.change_id)),
            (&json!("resolved"), &json!("bo"), &json!(true), &json!(resolved.change_id)),
            (&json!("resolved"), &json!("ada"), &json!(false), &json!(again.change_id)),
        ]
    );
    assert_eq!(found[0]["actorName"], "The name of ada");
    let session = database.texts("SELECT id::text AS text FROM chat_sessions").await;
    assert_eq!(
        (&found[1]["sessionId"], &found[2]["sessionId"]),
        (&json!(session[0]), &json!(session[0]))
    );

    let since = at(5).format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let found = rows(&database, &["--staff", "ada", "--since", &since]);
    let shown: Vec<_> = found.iter().map(|row| (&row["action"], &row["playerId"])).collect();
    assert_eq!(shown, [(&json!("resolved"), &json!("p1")), (&json!("read"), &json!("p2"))]);
    assert_eq!(rows(&database, &["--player", "absent"]), Vec::<Value>::new());
    assert_eq!(audit(&database, &[]).0, Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_locks_and_creates_no_conversation() {
    let database = Database::create().await;
    let mut connection = database.connect().await;
    persist(&mut connection, &[event(&message("p1", "help"))], &Attempt::default()).await.unwrap();
    let _lock = database.lock("chat_conversations").await;
    let reads = ["p1", "p2"].map(|player| read(player, "ada", chat::now()));
    assert_eq!(persist(&mut connection, &reads, &Attempt::default()).await.unwrap().audited, 2);
    assert_eq!(database.count_conversations().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_is_recorded_beside_events_of_a_locked_conversation() {
    let database = Database::create().await;
    let mut connection = database.connect().await;
    let locked = event(&message("p1", "help"));
    persist(&mut connection, std::slice::from_ref(&locked), &Attempt::default()).await.unwrap();
    let mut other = database.connect().await;
    let lock = "BEGIN; SELECT FROM chat_conversations FOR NO KEY UPDATE";
    other.batch_execute(lock).await.unwrap();
    let batch = [locked, read("p2", "ada", chat::now())];
    let outcome = persist(&mut connection, &batch, &Attempt::new(Locks::Skip)).await.unwrap();
    assert_eq!((outcome.locked.len(), outcome.audited), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_row_cannot_be_changed_and_only_a_purge_deletes_it() {
    let database = Database::create().await;
    let mut connection = database.connect().await;
    let old = chat::now() - TimeDelta::days(401);
    let mut reads: Vec<_> = (0..1_500).map(|_| read("p1", "ada", old)).collect();
    reads.push(read("p1", "ada", chat::now()));
    persist(&mut connection, &reads, &Attempt::default()).await.unwrap();
    for statement in
        ["UPDATE chat_audit SET actor_id = 'bo'", "DELETE FROM chat_audit", "TRUNCATE chat_audit"]
    {
        let refused: QueryResult<usize> = sql_query(statement).execute(&mut connection).await;
        assert!(refused.unwrap_err().to_string().contains("append-only"), "{statement}");
    }

    let kept = audit(&database, &["--purge"]);
    assert_eq!(kept.1, "AUDIT_RETENTION is not set: the audit is kept for ever\n");
    let (status, output) = audit(&database, &["--purge", "--audit-retention=400d"]);
    assert_eq!(status, Some(0));
    assert!(output.starts_with("deleted 1500 rows from before "), "{output}");
    assert_eq!(rows(&database, &["--player", "p1"]).len(), 1);
    assert_eq!(purge_audit(&mut connection, old).await.unwrap(), 0);
    let refused = sql_query("DELETE FROM chat_audit").execute(&mut connection).await;
    assert!(refused.is_err(), "only a purge deletes");
}
