//! The archive command and its files.

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
use test_support::{Role, System, attachment, body, eventually, message_at, status_change};

use crate::support::{change, contents, event, publish_each, system, until_waiting};

/// A time in March 2024, in microseconds.
const MARCH: i64 = 1_710_000_000_000_000;
const DAY: i64 = 86_400_000_000;

fn command(system: &System, archive: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_persister"));
    command.args(arguments).env("DATABASE_URL", Role::Writer.url(&system.database.url));
    command.env("AMQP_URL", &system.broker.url).env("QUEUE_PREFIX", &system.broker.prefix);
    command.env("BROKER_TIMEOUT", "10s").env("HISTORY_ARCHIVE_DIR", archive.path());
    command
}

fn run(command: &mut Command) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout) + &text(stderr))
}

fn archive(system: &System, directory: &TempDir) -> String {
    let (status, output) =
        run(command(system, directory, &["archive"]).env("HISTORY_RETENTION", "365d"));
    assert_eq!(status, Some(0), "{output}");
    output
}

/// Restores the files of `directory` with the commands of docs/history.md.
fn restore(system: &System, directory: &TempDir) {
    let documented = include_str!("../../../docs/history.md");
    let (_, commands) = documented.split_once("```sh\npsql \"$DATABASE_URL\"").unwrap();
    let (commands, _) = commands.split_once("```").unwrap();
    let repository = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let all = directory.path().join("all.jsonl");
    let month = |name| fs::read_to_string(directory.path().join(name)).unwrap();
    let months = ["messages-2024-03.jsonl", "messages-2024-04.jsonl"].map(month);
    // A killed archiver leaves lines twice.
    fs::write(&all, months.concat() + &months[0]).unwrap();
    let commands = commands.replace("messages-2026-03.jsonl", all.to_str().unwrap());
    let mut shell = Command::new("sh");
    shell.args(["-ec", &format!("psql --set=ON_ERROR_STOP=1 \"$DATABASE_URL\"{commands}")]);
    shell.current_dir(repository).env("DATABASE_URL", Role::Writer.url(&system.database.url));
    let (status, output) = run(&mut shell);
    assert_eq!(status, Some(0), "{output}");
}

fn lines(path: &Path) -> Vec<ArchivedMessage> {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Two messages of `p1` in March and one in April, and one of `p2` in March, all resolved.
async fn old_messages(system: &System) -> Vec<Message> {
    let old = |player, content, micros| {
        let name = || Some("Bo".to_owned().try_into().unwrap());
        let message = message_at(player, SenderType::Player, content, micros);
        Message { player_name: name(), sender_name: name(), ..message }
    };
    let messages = vec![
        old("p1", "My \"sword\"\nis gone", MARCH),
        old("p1", "and my \"content\":\"\"", MARCH + 1),
        Message {
            attachments: vec![attachment("boss.png")],
            ..old("p1", "hello?", MARCH + 31 * DAY)
        },
        old("p2", "not theirs", MARCH),
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
async fn an_archive_has_a_file_for_each_month_in_the_format_of_an_export() {
    let (system, directory) = (system().await, TempDir::new().unwrap());
    let messages = old_messages(&system).await;
    let (_, export) = run(&mut command(&system, &directory, &["export", "--player", "p1"]));
    let export: Value = serde_json::from_str(&export).unwrap();

    let (status, output) = run(&mut command(&system, &directory, &["archive"]));
    assert_eq!(status, Some(0));
    assert!(output.contains("HISTORY_RETENTION is not set"), "{output}");
    let mut wrong = command(&system, &directory, &["archive"]);
    assert_eq!(run(wrong.env("HISTORY_RETENTION", "0d")).0, Some(2));
    let mut nowhere = command(&system, &directory, &["archive", "--history-retention=365d"]);
    let (status, output) = run(nowhere.env("HISTORY_ARCHIVE_DIR", directory.path().join("absent")));
    assert!(status == Some(1) && output.contains("cannot be opened"), "{output}");
    assert_eq!(stored(&system).await, 4);

    assert!(archive(&system, &directory).starts_with("archived 4 messages"));
    let march = directory.path().join("messages-2024-03.jsonl");
    let april = directory.path().join("messages-2024-04.jsonl");
    assert_eq!(fs::metadata(&march).unwrap().permissions().mode() & 0o777, 0o600);
    let ids: Vec<_> = lines(&march).iter().map(|line| line.message.message_id).collect();
    let expected: Vec<_> =
        [0, 1, 3].map(|index: usize| messages[index].message_id).into_iter().collect();
    assert_eq!(ids, expected);
    assert_eq!(lines(&april).len(), 1);
    let first = fs::read_to_string(&march).unwrap();
    let mut first: Value = serde_json::from_str(first.lines().next().unwrap()).unwrap();
    assert_eq!(first["playerId"].take(), "p1");
    first.as_object_mut().unwrap().remove("playerId");
    assert_eq!(first, export["messages"][0]);

    let (_, export) = run(&mut command(&system, &directory, &["export", "--player", "p1"]));
    let export: Value = serde_json::from_str(&export).unwrap();
    assert_eq!(export["messages"], serde_json::json!([]));
    assert!(export["archivedThrough"].is_string());
    assert!(archive(&system, &directory).starts_with("archived 0 messages"));
}

/// Starts an archiver and stops it after it has written the files, before it deletes the messages.
async fn halfway(system: &System, directory: &TempDir) -> (Child, diesel_async::AsyncPgConnection) {
    let lock = system.database.lock("chat_messages").await;
    let mut halfway = command(system, directory, &["archive", "--history-retention=365d"]);
    let halfway = halfway.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until_waiting(system, 1).await;
    (halfway, lock)
}

/// Kills the archiver, and waits until PostgreSQL has released its lock.
async fn kill(system: &System, (mut halfway, lock): (Child, diesel_async::AsyncPgConnection)) {
    halfway.kill().unwrap();
    halfway.wait().unwrap();
    drop(lock);
    let locks = "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
                 WHERE locktype = 'advisory' AND datname = current_database()";
    eventually("the archive lock is released", async || {
        (system.database.number(locks).await == 0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archiver_killed_between_writing_and_deleting_loses_nothing() {
    let (system, directory) = (system().await, TempDir::new().unwrap());
    let messages = old_messages(&system).await;
    let halfway = halfway(&system, &directory).await;
    let march = directory.path().join("messages-2024-03.jsonl");
    assert_eq!(lines(&march).len(), 3, "written before they are deleted");
    kill(&system, halfway).await;
    assert_eq!(stored(&system).await, 4);
    // A partial line, as an archiver leaves it that dies while it writes.
    let mut torn = OpenOptions::new().append(true).open(&march).unwrap();
    torn.write_all(b"{\"playerId\":\"p1\",\"mess").unwrap();

    archive(&system, &directory);
    assert_eq!(stored(&system).await, 0);
    let ids: Vec<_> = lines(&march).iter().map(|line| line.message.message_id).collect();
    let once: Vec<_> =
        [0, 1, 3].map(|index: usize| messages[index].message_id).into_iter().collect();
    assert_eq!(ids, [once.clone(), once].concat(), "each line twice");
    let text = fs::read_to_string(&march).unwrap();
    let (first, again): (Vec<_>, Vec<_>) =
        (text.lines().take(3).collect(), text.lines().skip(3).collect());
    assert_eq!(first, again);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_conversation_is_archived_once_its_lock_is_released() {
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
    let unerased = march.iter().filter(|line| !line.message.content.is_empty());
    assert_eq!(unerased.map(|line| line.player_id.as_str()).collect::<Vec<_>>(), ["p2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_archiver_is_refused_while_the_first_runs() {
    let (system, directory) = (system().await, TempDir::new().unwrap());
    old_messages(&system).await;
    let halfway = halfway(&system, &directory).await;
    let (status, output) =
        run(&mut command(&system, &directory, &["archive", "--history-retention=365d"]));
    assert!(
        status == Some(1) && output.contains("another process is writing to the archive"),
        "{output}"
    );
    kill(&system, halfway).await;
    archive(&system, &directory);
}

#[tokio::test(flavor = "multi_thread")]
async fn erasing_a_player_erases_archived_messages() {
    let (system, directory) = (system().await, TempDir::new().unwrap());
    system.broadcaster().await.stop().await;
    old_messages(&system).await;
    archive(&system, &directory);
    let march = directory.path().join("messages-2024-03.jsonl");
    let april = directory.path().join("messages-2024-04.jsonl");
    let before = lines(&march);

    let erase = ["erase", "--yes", "--player", "p1"];
    let mut without = command(&system, &directory, &erase);
    let (status, output) = run(without.env_remove("HISTORY_ARCHIVE_DIR"));
    assert_eq!(status, Some(0));
    let hint = "messages accepted until 2024-04-09T16:00:00Z may be in the archive";
    assert!(output.contains(hint), "{output}");

    let mut torn = OpenOptions::new().append(true).open(&march).unwrap();
    torn.write_all(b"{\"playerId\":\"p1\",\"mess").unwrap();
    let (status, output) = run(&mut command(&system, &directory, &erase));
    assert_eq!(status, Some(0), "{output}");
    assert!(output.contains("erased 3 messages in the archive"), "{output}");
    let after = lines(&march);
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before.message.message_id, after.message.message_id);
        let theirs = after.player_id == "p1";
        assert_eq!(after.message.content.is_empty(), theirs);
        assert_eq!(after.message.sender_name.is_none(), theirs);
    }
    assert_eq!(before.len(), after.len());
    let april = &lines(&april)[0].message;
    assert_eq!((april.content.as_str(), &april.attachments), ("", &None));
    let files = fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(files, 2, "no temporary file is left");
    let (_, output) = run(&mut command(&system, &directory, &erase));
    assert!(output.contains("erased 0 messages in the archive"), "{output}");
}

/// All columns of each message that no erasure changes, by conversation.
async fn rows(system: &System) -> Vec<String> {
    let rows = "SELECT (to_jsonb(m) - 'content' - 'sender_name' - 'attachments')::text AS text
                FROM chat_messages m ORDER BY player_id, seq";
    system.database.texts(rows).await
}

#[tokio::test(flavor = "multi_thread")]
async fn restored_messages_are_unchanged_and_erased_ones_stay_erased() {
    let (system, directory) = (system().await, TempDir::new().unwrap());
    system.broadcaster().await.stop().await;
    // More messages than one step restores.
    let long = (0..120).map(|number| {
        let line = message_at("p3", SenderType::Staff, &format!("line {number}"), MARCH + number);
        let attachments = if number == 60 { vec![attachment("boss.png")] } else { Vec::new() };
        event(&Message { attachments, ..line })
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

    // Erased only in the database: the files still have the contents.
    let mut erase = command(&system, &directory, &["erase", "--yes", "--player", "p1"]);
    assert_eq!(run(erase.env_remove("HISTORY_ARCHIVE_DIR")).0, Some(0));
    restore(&system, &directory);
    restore(&system, &directory);
    assert_eq!(rows(&system).await, stored_before);
    assert_eq!(system.database.texts(inbox).await, inbox_before);
    let contents_and_names =
        "SELECT content || coalesce(sender_name, '') AS text FROM chat_messages
                WHERE player_id = ANY (ARRAY['p1', 'p2']) ORDER BY player_id, seq";
    assert_eq!(system.database.texts(contents_and_names).await, ["", "", "", "not theirsBo"]);
    let attached = "SELECT content || ' ' || (attachments->0->>'name') AS text FROM chat_messages
                    WHERE attachments IS NOT NULL";
    assert_eq!(system.database.texts(attached).await, ["line 60 boss.png"]);
    let lines = (0..120).map(|number| format!("line {number}"));
    assert_eq!(contents(&system, "p3").await, lines.collect::<Vec<_>>());
}
