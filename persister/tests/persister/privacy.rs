//! The output of the export and erase commands.

use std::process::{Command, Output};

use serde_json::Value;
use test_support::{Role, System, message};

use crate::support::{contents, event, publish_each, system};

/// Runs the persister's program. Returns its exit code, standard output and standard error.
fn run(system: &System, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_persister"));
    command.args(arguments).env("DATABASE_URL", Role::Writer.url(&system.database.url));
    command.env("AMQP_URL", &system.broker.url).env("QUEUE_PREFIX", &system.broker.prefix);
    let Output { status, stdout, stderr } = command.env("BROKER_TIMEOUT", "10s").output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn export_prints_json_and_erase_prints_the_result_and_the_dead_letters() {
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

    let (status, _, errors) = run(&system, &["erase", "--player", "p1"]);
    assert_eq!((status, errors.lines().count()), (Some(2), 1));
    assert!(errors.contains("--yes"), "{errors}");
    assert_eq!(contents(&system, "p1").await, ["one", "two"]);

    let erase = |id| run(&system, &["erase", "--yes", "--player", id]);
    let (status, output, errors) = erase("p1");
    assert_eq!((status, errors.as_str()), (Some(0), ""));
    assert_eq!(
        output,
        format!(
            "erased 2 messages of 1 session\n{}1 dead letter may contain more: dead-letters list\n",
            about_files("p1")
        )
    );
    assert_eq!(contents(&system, "p1").await, ["", ""]);
    let (status, output, _) = erase("absent");
    let expected = "erased 0 messages of 0 sessions: player absent has nothing to erase\n";
    assert_eq!((status, output), (Some(0), expected.to_owned() + &about_files("absent")));
}

/// What `erase` prints about the player's files, which only a gateway's command deletes.
fn about_files(player: &str) -> String {
    format!(
        "attachments are in the gateways' store, if ATTACHMENT_STORE is set: delete the player's with \
         gateway attachments erase --player '{player}'; gateway attachments sweep deletes those that \
         no message names\n"
    )
}
