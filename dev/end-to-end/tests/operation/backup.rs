//! deploy/backup.sh and deploy/restore.sh.

use std::{
    collections::HashSet,
    fs,
    path::Path,
    process::{Command, Output},
};

use broker::ConsumerKind;
use serde_json::{Value, json};
use test_support::{Api, Database, System, eventually};

use crate::{scripts::script, senders::Sender};

/// Runs a script of `deploy` on `database`.
fn run(name: &str, file: &Path, database: &Database) -> Output {
    let mut command = Command::new(script(name));
    command.arg(file).env("DATABASE_URL", &database.url).output().unwrap()
}

/// Runs a script that must succeed; returns its output.
fn run_successfully(name: &str, file: &Path, database: &Database) -> String {
    let output = run(name, file, database);
    assert!(output.status.success(), "{name}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Sends `count` messages of `player`; returns their contents.
async fn send(api: &Api, player: &str, words: &str, count: usize) -> Vec<String> {
    let contents: Vec<_> = (0..count).map(|number| format!("{words} {number}")).collect();
    for content in &contents {
        assert_eq!(api.send_as_player(player, content).await.status, 202);
    }
    contents
}

/// Waits until the conversation reaches `last_seq`; returns its messages.
async fn read(api: &Api, player: &str, last_seq: usize) -> Vec<Value> {
    eventually(&format!("{player} has {last_seq} messages"), async || {
        let answer = api.conversation(player, "limit=200").await;
        let is_complete = answer.json["lastSeq"] == last_seq;
        is_complete.then(|| answer.json["messages"].as_array().unwrap().clone())
    })
    .await
}

/// The ids of p3's persisted messages.
async fn ids_of_p3(database: &Database) -> HashSet<String> {
    let ids = "SELECT id::text AS text FROM chat_messages WHERE player_id = 'p3'";
    database.texts(ids).await.into_iter().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_keeps_dumped_messages_and_those_accepted_during_the_outage() {
    let system = System::new().await;
    let (gateway, persister) = (system.gateway().await, system.persister().await);
    let api = gateway.api();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("chat.dump");

    let mut traffic = Sender::start("p3", vec![api.clone()]);
    traffic.wait_for_progress().await;
    let mut kept = send(&api, "p1", "before", 10).await;
    send(&api, "p2", "before", 3).await;
    read(&api, "p1", 10).await;
    let dumped = ids_of_p3(&system.database).await;
    read(&api, "p2", 3).await;
    run_successfully("backup.sh", &file, &system.database);
    // Persisted after the dump and no longer in a queue: these are lost.
    send(&api, "p1", "after the dump", 5).await;
    send(&api, "p2", "after the dump", 2).await;
    let seen = read(&api, "p1", 15).await;
    read(&api, "p2", 5).await;

    system.database.lose().await;
    let accepted_until_the_loss = traffic.accepted();
    traffic.wait_for_progress().await;
    kept.extend(send(&api, "p1", "meanwhile", 7).await);
    assert_eq!(api.conversation("p1", "").await.status, 503);
    system.database.make().await;
    kept.extend(send(&api, "p1", "into an empty database", 1).await);
    let output = run_successfully("restore.sh", &file, &system.database);
    assert!(output.contains(" messages, the last of them accepted at 20"), "{output}");

    traffic.wait_for_progress().await;
    let sent = traffic.stop().await;
    // The sender may have been waiting for this answer when the database was lost.
    let since: HashSet<_> = sent.iter().skip(accepted_until_the_loss + 1).cloned().collect();
    eventually("all traffic since the loss is persisted", async || {
        since.is_subset(&ids_of_p3(&system.database).await).then_some(())
    })
    .await;
    let restored = ids_of_p3(&system.database).await;
    assert!(dumped.is_subset(&restored), "{:?} are missing", dumped.difference(&restored));

    let messages = read(&api, "p1", 18).await;
    let contents: Vec<_> = messages.iter().map(|message| message["content"].clone()).collect();
    assert_eq!(contents, kept.into_iter().map(Value::from).collect::<Vec<_>>());
    let numbers: Vec<_> = messages.iter().map(|message| message["seq"].clone()).collect();
    assert_eq!(numbers, (1..=18).map(Value::from).collect::<Vec<_>>());
    let dead = system.broker.names().dead_letters(ConsumerKind::Persister);
    assert_eq!(system.broker.depth(&dead).await, Some(0));

    // A client detects that history was set back: it ends before the last `seq` seen,
    let behind = api.conversation("p2", "after=5").await;
    assert_eq!((&behind.json["lastSeq"], &behind.json["messages"]), (&json!(3), &json!([])));
    // or another message has the last `seq` seen.
    let overlapping = api.conversation("p1", "after=14").await;
    assert_eq!(overlapping.json["messages"][0]["seq"], 15);
    assert_ne!(overlapping.json["messages"][0]["messageId"], seen[14]["messageId"]);
    persister.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_is_atomic_and_refuses_a_database_in_use() {
    let (full, empty) = (Database::create().await, Database::empty().await);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("chat.dump");
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";

    full.run("INSERT INTO chat_conversations (player_id) VALUES ('p1')").await;
    run_successfully("backup.sh", &file, &full);
    let refused = run("restore.sh", &file, &full);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8(refused.stderr).unwrap().contains("it must be empty"));

    let whole = fs::read(&file).unwrap();
    let half = directory.path().join("half.dump");
    fs::write(&half, &whole[..whole.len() - 64]).unwrap();
    assert!(!run("restore.sh", &half, &empty).status.success());
    assert_eq!(empty.number(tables).await, 0);

    run_successfully("restore.sh", &file, &empty);
    assert_eq!(empty.count_conversations().await, 1);
    assert!(database::migrate(&empty.settings()).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_backup_leaves_no_file() {
    let lost = Database::empty().await;
    lost.lose().await;
    let directory = tempfile::tempdir().unwrap();
    assert!(!run("backup.sh", &directory.path().join("chat.dump"), &lost).status.success());
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}
