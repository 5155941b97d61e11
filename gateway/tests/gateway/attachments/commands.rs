use std::{
    fs::{self, File},
    path::Path,
    process::Output,
    time::{Duration, SystemTime},
};

use broker::ConsumerKind;
use serde_json::json;
use test_support::{Role, System};
use tokio::process::Command;
use uuid::Uuid;

use super::{ANY, Caller, Files, fake_s3::FakeS3, folder_of};
use crate::tokens::player;

/// Runs `gateway attachments` with these settings.
async fn run(action: &str, settings: &[String]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gateway"));
    command.env_clear().args(["attachments", action]).args(settings).output().await.unwrap()
}

fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn store(files: &Files) -> String {
    format!("--attachment-store={}", files.directory.path().display())
}

/// What a sweep needs besides the store.
fn servers(system: &System) -> Vec<String> {
    vec![
        format!("--database-url={}", Role::Reader.url(&system.database.url)),
        format!("--amqp-url={}", system.broker.url),
        format!("--queue-prefix={}", system.broker.prefix),
    ]
}

/// Makes the objects in `folder` as old as if they were uploaded three days ago.
fn age(folder: &Path) {
    let old = SystemTime::now() - Duration::from_secs(3 * 86_400);
    for object in fs::read_dir(folder).unwrap() {
        let object = File::options().write(true).open(object.unwrap().path()).unwrap();
        object.set_modified(old).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn erase_deletes_the_files_of_one_player() {
    let system = System::new().await;
    let files = Files::start(&system, &[ANY]).await;
    let (bo, ada) = (files.bo(), files.ada());
    for _ in 0..2 {
        assert_eq!(bo.upload(Uuid::now_v7(), "a.txt", "hello").await.status, 201);
    }
    let other = Uuid::now_v7();
    assert_eq!(ada.upload_of("p2", other, "a.txt", "hello").await.status, 201);
    // What an interrupted upload left is of the player, too.
    let half = files.folder("p1", Uuid::now_v7());
    fs::create_dir_all(&half).unwrap();
    fs::write(half.join("original#1"), "hel").unwrap();
    let settings = [store(&files), "--player=p1".to_owned()];
    assert_eq!(printed(&run("erase", &settings).await), "erased 3 files of player p1\n");
    assert!(!files.directory.path().join(folder_of("p1")).exists());
    assert!(files.folder("p2", other).join("original").exists());
    assert_eq!(printed(&run("erase", &settings).await), "erased 0 files of player p1\n");
    let without = run("erase", &["--player=p1".to_owned()]).await;
    assert_eq!(without.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&without.stderr).contains("ATTACHMENT_STORE"), "{without:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn erase_deletes_a_players_objects_in_s3() {
    let system = System::new().await;
    let s3 = FakeS3::start();
    let mut settings = s3.settings();
    let further = [super::SECRET, super::MEMORY, ANY];
    let all: Vec<_> = settings.iter().map(String::as_str).chain(further).collect();
    let gateway = system.guarded_gateway(&all).await;
    let bo = Caller::new(&gateway, Some(&player("p1")));
    assert_eq!(bo.upload(Uuid::now_v7(), "a.txt", "hello").await.status, 201);
    settings.push("--player=p1".to_owned());
    assert_eq!(printed(&run("erase", &settings).await), "erased 1 file of player p1\n");
    assert!(s3.keys().iter().all(|key| key == "chat/probe"), "{:?}", s3.keys());
}

#[tokio::test(flavor = "multi_thread")]
async fn sweep_deletes_old_files_that_no_message_names() {
    let system = System::new().await;
    let files = Files::start(&system, &[ANY, "--attachment-uploads-per-hour=0"]).await;
    let bo = files.bo();
    let ids: Vec<_> = (0..4).map(|_| Uuid::now_v7()).collect();
    let [named, archived, orphan, new] = ids[..] else { panic!() };
    let mut tokens = Vec::new();
    for id in &ids {
        tokens.push(bo.upload(*id, "a.txt", "hello").await.json["token"].clone());
    }
    assert_eq!(bo.send(json!({ "attachments": [tokens[0]] })).await.status, 202);
    system.work_off(1).await;
    let statement = format!(
        "INSERT INTO chat_archived_messages (player_id, id, archived_at, attachment_ids)
         VALUES ('p1', '{}', now(), '{{{archived}}}')",
        Uuid::now_v7()
    );
    system.database.run(&statement).await;
    for id in [named, archived, orphan] {
        age(&files.folder("p1", id));
    }
    // What an interrupted upload left.
    let half = files.folder("p2", Uuid::now_v7());
    fs::create_dir_all(&half).unwrap();
    fs::write(half.join("original#1"), "hel").unwrap();
    age(&half);
    let settings = [servers(&system), vec![store(&files)]].concat();
    assert_eq!(
        printed(&run("sweep", &settings).await),
        "deleted 2 of 4 files older than 48 hours, which no message names\n"
    );
    assert!(!files.folder("p1", orphan).exists() && !half.exists());
    for kept in [named, archived, new] {
        assert!(files.folder("p1", kept).join("original").exists(), "{kept}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sweep_is_refused_while_messages_that_may_name_files_wait() {
    let system = System::new().await;
    let files = Files::start(&system, &[ANY]).await;
    let (bo, orphan) = (files.bo(), Uuid::now_v7());
    assert_eq!(bo.upload(orphan, "a.txt", "hello").await.status, 201);
    age(&files.folder("p1", orphan));
    let refused = async |cause: &str| {
        let settings = [servers(&system), vec![store(&files)]].concat();
        let output = run("sweep", &settings).await;
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && error.contains(cause), "{error}");
        assert!(files.folder("p1", orphan).join("original").exists());
    };
    assert_eq!(bo.send(json!({ "content": "hello" })).await.status, 202);
    refused("no persister consumes").await;
    system.work_off(1).await;
    let names = system.broker.names();
    let dead = names.dead_letters(ConsumerKind::Persister);
    assert!(system.broker.put(&dead, b"{}").await);
    refused("holds 1 dead letter").await;
    let settings = [servers(&system), vec![store(&files), "--force".to_owned()]].concat();
    assert_eq!(
        printed(&run("sweep", &settings).await),
        "deleted 1 of 1 file older than 48 hours, which no message names\n"
    );
}
