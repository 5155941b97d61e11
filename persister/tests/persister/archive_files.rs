//! The files of the archive, as operators have them.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use chat::{Message, RequestedStatus, SenderType};
use diesel_async::SimpleAsyncConnection;
use persister::store::ArchivedMessage;
use serde_json::Value;
use tempfile::TempDir;
use test_support::{Role, System, body, eventually, message_at, status_change};

use crate::support::{change, contents, event, publish_each, system, until_waiting};

/// In March 2024.
const MARCH: i64 = 1_710_000_000_000_000;
const DAY: i64 = 86_400_000_000;

fn command(system: &System, archive: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_persister"));
    command.args(arguments).env("DATABASE_URL", Role::Writer.url(&system.database.url));
    command.env("AMQP_URL", &system.broker.url).env("QUEUE_PREFIX", &system.broker.prefix);
    command.env("BROKER_TIMEOUT", "10s").env("HISTORY_ARCHIVE_DIR", archive.path());
    command
}

fn told(command: &mut Command) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout) + &text(stderr))
}

fn archive(system: &System, directory: &TempDir) -> String {
    let (status, said) =
        told(command(system, directory, &["archive"]).env("HISTORY_RETENTION", "365d"));
    assert_eq!(status, Some(0), "{said}");
    said
}

/// Puts the files of `directory` back by the commands of docs/history.md.
fn put_back(system: &System, directory: &TempDir) {
    let documented = include_str!("../../../docs/history.md");
    let (_, commands) = documented.split_once("```sh\npsql \"$DATABASE_URL\"").unwrap();
    let (commands, _) = commands.split_once("```").unwrap();
    let repository = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let all = directory.path().join("all.jsonl");
    let month = |name| fs::read_to_string(directory.path().join(name)).unwrap();
    let months = ["messages-2024-03.jsonl", "messages-2024-04.jsonl"].map(month);
    // What an archiver that was killed wrote is there twice.
    fs::write(&all, months.concat() + &months[0]).unwrap();
    let commands = commands.replace("messages-2026-03.jsonl", all.to_str().unwrap());
    let mut shell = Command::new("sh");
    shell.args(["-ec", &format!("psql --set=ON_ERROR_STOP=1 \"$DATABASE_URL\"{commands}")]);
    shell.current_dir(repository).env("DATABASE_URL", Role::Writer.url(&system.database.url));
    let (status, said) = told(&mut shell);
    assert_eq!(status, Some(0), "{said}");
}

fn lines(path: &Path) -> Vec<ArchivedMessage> {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Two messages of `p1` in March and one in April, and one of `p2` in March, all resolved.
async fn old_messages(system: &System) -> Vec<Message> {
    let said = |player, content, micros| {
        let name = || Some("Bo".to_owned().try_into().unwrap());
        let said = message_at(player, SenderType::Player, content, micros);
        Message { player_name: name(), sender_name: name(), ..said }
    };
    let messages = vec![
        said("p1", "My \"sword\"\nis gone", MARCH),
        said("p1", "and my \"content\":\"\"", MARCH + 1),
        said("p1", "hello?", MARCH + 31 * DAY),
        said("p2", "not theirs", MARCH),
    ];
    publish_each(system, messages.iter().map(event)).await;
    let resolved =
        |player| change(&status_change(player, RequestedStatus::Resolved, MARCH + 40 * DAY));
    publish_each(system, ["p1", "p2"].map(resolved)).await;
    system.work_off(1).await;
    messages
}

async fn stored(system: &System) -> i64 {
    system.database.count_messages().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_has_a_file_a_month_in_the_form_of_an_export() {
    let (system, directory) = (system().await, TempDir::new().unwrap());
    let messages = old_messages(&system).await;
    let (_, export) = told(&mut command(&system, &directory, &["export", "--player", "p1"]));
    let export: Value = serde_json::from_str(&export).unwrap();

    let (status, said) = told(&mut command(&system, &directory, &["archive"]));
    assert_eq!(status, Some(0));
    assert!(said.contains("HISTORY_RETENTION is not set"), "{said}");
    let mut wrong = command(&system, &directory, &["archive"]);
    assert_eq!(told(wrong.env("HISTORY_RETENTION", "0d")).0, Some(2));
    let mut nowhere = command(&system, &directory, &["archive", "--history-retention=365d"]);
    let (status, said) = told(nowhere.env("HISTORY_ARCHIVE_DIR", directory.path().join("absent")));
    assert!(status == Some(1) && said.contains("cannot be opened"), "{said}");
    assert_eq!(stored(&system).await, 4);

    assert!(archive(&system, &directory).starts_with("archived 4 messages"));
    let march = directory.path().join("messages-2024-03.jsonl");
    let april = directory.path().join("messages-2024-04.jsonl");
    assert_eq!(fs::metadata(&march).unwrap().permissions().mode() & 0o777, 0o600);
    let ids: Vec<_> = lines(&march).iter().map(|it| it.message.message_id).collect();
    let expected: Vec<_> = [0, 1, 3].iter().map(|&it| messages[it].message_id).collect();
    assert_eq!(ids, expected);
    assert_eq!(lines(&april).len(), 1);
    let first = fs::read_to_string(&march).unwrap();
    let mut first: Value = serde_json::from_str(first.lines().next().unwrap()).unwrap();
    assert_eq!(first["playerId"].take(), "p1");
    first.as_object_mut().unwrap().remove("playerId");
    assert_eq!(first, export["messages"][0]);

    let (_, export) = told(&mut command(&system, &directory, &["export", "--player", "p1"]));
    let export: Value = serde_json::from_str(&export).unwrap();
    assert_eq!(export["messages"], serde_json::json!([]));
    assert!(export["archivedThrough"].is_string());
    assert!(archive(&system, &directory).starts_with("archived 0 messages"));
}

/// Starts to archive, and has it wait when it has written to the files and not deleted.
async fn halfway(system: &System, directory: &TempDir) -> (Child, diesel_async::AsyncPgConnection) {
    let lock = system.database.lock("chat_messages").await;
    let mut halfway = command(system, directory, &["archive", "--history-retention=365d"]);
    let halfway = halfway.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until_waiting(system, 1).await;
    (halfway, lock)
}

/// Kills it, and waits until PostgreSQL has noticed.
async fn kill(system: &System, (mut halfway, lock): (Child, diesel_async::AsyncPgConnection)) {
    halfway.kill().unwrap();
    halfway.wait().unwrap();
    drop(lock);
    let turns = "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
                 WHERE locktype = 'advisory' AND datname = current_database()";
    eventually("its turn is over", async || {
        (system.database.number(turns).await == 0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_killed_between_writing_and_deleting_loses_nothing() {
    let (system, directory) = (system().await, TempDir::new().unwrap());
    let messages = old_messages(&system).await;
    let halfway = halfway(&system, &directory).await;
    let march = directory.path().join("messages-2024-03.jsonl");
    assert_eq!(lines(&march).len(), 3, "on disk before they are deleted");
    kill(&system, halfway).await;
    assert_eq!(stored(&system).await, 4);
    // As one leaves it who dies while it writes.
    let mut torn = OpenOptions::new().append(true).open(&march).unwrap();
    torn.write_all(b"{\"playerId\":\"p1\",\"mess").unwrap();

    archive(&system, &directory);
    assert_eq!(stored(&system).await, 0);
    let ids: Vec<_> = lines(&march).iter().map(|it| it.message.message_id).collect();
    let once: Vec<_> = [0, 1, 3].iter().map(|&it| messages[it].message_id).collect();
    assert_eq!(ids, [once.clone(), once].concat(), "twice, and the same");
    let text = fs::read_to_string(&march).unwrap();
    let (first, again): (Vec<_>, Vec<_>) =
        (text.lines().take(3).collect(), text.lines().skip(3).collect());
    assert_eq!(first, again);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_that_somebody_else_has_is_read_after_that() {
    let (system, directory) = (system().await, TempDir::new().unwrap());
    old_messages(&system).await;
    let mut other = system.database.connect().await;
    let hold = "BEGIN; SET idle_in_transaction_session_timeout = 0;
                SELECT FROM chat_conversations WHERE player_id = 'p1' FOR NO KEY UPDATE";
    other.batch_execute(hold).await.unwrap();
    let mut waiting = command(&system, &directory, &["archive", "--history-retention=365d"]);
    let mut waiting = waiting.stdout(Stdio::null()).spawn().unwrap();
    until_waiting(&system, 1).await;
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    let erase = "UPDATE chat_messages SET content = '', sender_name = NULL WHERE player_id = 'p1';
                 COMMIT";
    other.batch_execute(erase).await.unwrap();
    assert!(waiting.wait().unwrap().success());
    let march = lines(&directory.path().join("messages-2024-03.jsonl"));
    let said = march.iter().filter(|it| !it.message.content.is_empty());
    assert_eq!(said.map(|it| it.player_id.as_str()).collect::<Vec<_>>(), ["p2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_archives_or_erases_in_files_beside_another() {
    let (system, directory) = (system().await, TempDir::new().unwrap());
    old_messages(&system).await;
    let halfway = halfway(&system, &directory).await;
    let (status, said) =
        told(&mut command(&system, &directory, &["archive", "--history-retention=365d"]));
    assert!(
        status == Some(1) && said.contains("another process is writing to the archive"),
        "{said}"
    );
    kill(&system, halfway).await;
    archive(&system, &directory);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_is_erased_in_the_files_as_well() {
    let (system, directory) = (system().await, TempDir::new().unwrap());
    system.broadcaster().await.stop().await;
    old_messages(&system).await;
    archive(&system, &directory);
    let march = directory.path().join("messages-2024-03.jsonl");
    let april = directory.path().join("messages-2024-04.jsonl");
    let before = lines(&march);

    let erase = ["erase", "--yes", "--player", "p1"];
    let mut without = command(&system, &directory, &erase);
    let (status, said) = told(without.env_remove("HISTORY_ARCHIVE_DIR"));
    assert_eq!(status, Some(0));
    let hint = "messages accepted until 2024-04-09T16:00:00Z may be in the archive";
    assert!(said.contains(hint), "{said}");

    let mut torn = OpenOptions::new().append(true).open(&march).unwrap();
    torn.write_all(b"{\"playerId\":\"p1\",\"mess").unwrap();
    let (status, said) = told(&mut command(&system, &directory, &erase));
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("erased 3 messages in the archive"), "{said}");
    let after = lines(&march);
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before.message.message_id, after.message.message_id);
        let theirs = after.player_id == "p1";
        assert_eq!(after.message.content.is_empty(), theirs);
        assert_eq!(after.message.sender_name.is_none(), theirs);
    }
    assert_eq!(before.len(), after.len());
    assert_eq!(lines(&april)[0].message.content, "");
    let files = fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(files, 2, "nothing else is left");
    let (_, said) = told(&mut command(&system, &directory, &erase));
    assert!(said.contains("erased 0 messages in the archive"), "{said}");
}

/// What is there of each message but its time of storing, in the order of conversations.
async fn rows(system: &System) -> Vec<String> {
    let rows = "SELECT (to_jsonb(m) - 'content' - 'sender_name')::text AS text FROM chat_messages m
                ORDER BY player_id, seq";
    system.database.texts(rows).await
}

#[tokio::test(flavor = "multi_thread")]
async fn archived_messages_that_are_put_back_are_what_they_were_and_erased_ones_stay_erased() {
    let (system, directory) = (system().await, TempDir::new().unwrap());
    system.broadcaster().await.stop().await;
    // More than one step takes of a conversation.
    let long = (0..120).map(|number| {
        event(&message_at("p3", SenderType::Staff, &format!("line {number}"), MARCH + number))
    });
    system.broker.publish(&body(long)).await;
    let resolved = status_change("p3", RequestedStatus::Resolved, MARCH + DAY);
    publish_each(&system, [change(&resolved)]).await;
    old_messages(&system).await;
    let inbox = "SELECT concat_ws(':', player_id, status, last_message_at) AS text
                 FROM chat_conversations ORDER BY player_id";
    let (stored_before, inbox_before) = (rows(&system).await, system.database.texts(inbox).await);
    archive(&system, &directory);
    assert_eq!(stored(&system).await, 0);

    // Only in the database: the files still have the words.
    let mut erase = command(&system, &directory, &["erase", "--yes", "--player", "p1"]);
    assert_eq!(told(erase.env_remove("HISTORY_ARCHIVE_DIR")).0, Some(0));
    put_back(&system, &directory);
    put_back(&system, &directory);
    assert_eq!(rows(&system).await, stored_before);
    assert_eq!(system.database.texts(inbox).await, inbox_before);
    let said = "SELECT content || coalesce(sender_name, '') AS text FROM chat_messages
                WHERE player_id = ANY (ARRAY['p1', 'p2']) ORDER BY player_id, seq";
    assert_eq!(system.database.texts(said).await, ["", "", "", "not theirsBo"]);
    let lines = (0..120).map(|number| format!("line {number}"));
    assert_eq!(contents(&system, "p3").await, lines.collect::<Vec<_>>());
}
