//! Messages with files: what is stored, compared, exported, archived and erased.

use chat::{Attachment, Message, RejectionReason, event::Event};
use diesel_async::SimpleAsyncConnection;
use persister::{commands::export, store::forget};
use serde_json::{Value, json};
use test_support::{System, attachment, message};
use uuid::Uuid;

use crate::{
    archiving::{LONG_AGO, count_dead_letters, player_message, resolved},
    support::{contents, event, publish_each, publish_together, system},
};

fn with_files<const N: usize>(message: Message, names: [&str; N]) -> Message {
    Message { attachments: names.map(attachment).into(), ..message }
}

/// The files of the player's messages, by `seq`; null for a message without files.
async fn files(system: &System, player: &str) -> Vec<Value> {
    let files = format!(
        "SELECT coalesce(attachments::text, 'null') AS text FROM chat_messages
         WHERE player_id = '{player}' ORDER BY seq"
    );
    let rows = system.database.texts(&files).await;
    rows.iter().map(|row| serde_json::from_str(row).unwrap()).collect()
}

/// The ids of archived files, by conversation; `none` for a message without files.
async fn archived_files(system: &System) -> Vec<String> {
    let ids = "SELECT coalesce(array_to_string(attachment_ids, ','), 'none') AS text
               FROM chat_archived_messages ORDER BY player_id, id";
    system.database.texts(ids).await
}

async fn exported(system: &System, player: &str) -> Value {
    let (player, mut out) = (player.to_owned().try_into().unwrap(), Vec::new());
    export(&mut system.database.connect().await, &player, &mut out).await.unwrap();
    serde_json::from_slice(&out).unwrap()
}

fn ids(attachments: &[Attachment]) -> String {
    let ids: Vec<_> = attachments.iter().map(|file| file.attachment_id.to_string()).collect();
    ids.join(",")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_files_of_a_message_are_stored_in_their_order_and_others_have_none() {
    let system = system().await;
    let names = ["5.png", "größe \"4\".png", "🗡.png", "2.png", "1.png"];
    let without = message("p1", "no picture");
    let sent = with_files(message("p1", "look"), names);
    let other = with_files(message("p2", "boss.png"), ["boss.png"]);
    publish_together(&system, [&without, &sent, &other].map(event)).await;
    system.work_off(1).await;
    assert_eq!(files(&system, "p1").await, [Value::Null, json!(sent.attachments)]);
    assert_eq!(files(&system, "p2").await, [json!(other.attachments)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_with_files_that_is_sent_again_is_stored_once() {
    let system = system().await;
    let sent = with_files(message("p1", "look"), ["1.png", "2.png"]);
    publish_together(&system, [event(&sent), event(&sent)]).await;
    publish_each(&system, [event(&sent)]).await;
    system.work_off(1).await;
    assert_eq!(files(&system, "p1").await, [json!(sent.attachments)]);
    assert_eq!((rejections(&system).await, count_dead_letters(&system).await), (vec![], Some(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_with_the_id_of_one_with_other_files_is_rejected() {
    let system = system().await;
    let sent = with_files(message("p1", "look"), ["1.png", "2.png"]);
    let swapped = sent.attachments.iter().rev().cloned().collect();
    let others = [
        with_files(sent.clone(), ["1.png", "2.png"]),
        Message { attachments: swapped, ..sent.clone() },
        Message { attachments: vec![sent.attachments[0].clone()], ..sent.clone() },
        Message { attachments: Vec::new(), ..sent.clone() },
    ];
    // Within the batch, and among the stored ones.
    publish_together(&system, [event(&sent), event(&others[0])]).await;
    publish_each(&system, others.iter().map(event)).await;
    system.work_off(1).await;
    assert_eq!(files(&system, "p1").await, [json!(sent.attachments)]);
    assert_eq!(rejections(&system).await, [sent.message_id; 5]);
}

/// The ids of the messages that were announced as rejected.
async fn rejections(system: &System) -> Vec<Uuid> {
    let events = system.broker.drain_events(broker::ConsumerKind::Broadcaster).await;
    let rejected = events.iter().filter_map(|event| match event {
        Event::MessageRejected(rejected) => {
            assert_eq!(rejected.reason, RejectionReason::MessageIdTaken);
            Some(rejected.message_id)
        }
        _ => None,
    });
    rejected.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_describes_the_files_and_names_the_place_of_their_bytes() {
    let system = system().await;
    let sent = with_files(message("p1", "look"), ["boss.png"]);
    publish_each(&system, [event(&sent), event(&message("p2", "hello"))]).await;
    system.work_off(1).await;
    let export = exported(&system, "p1").await;
    assert_eq!(export["messages"][0]["attachments"], json!(sent.attachments));
    // As `printf p1 | sha256sum` prints it.
    let prefix = "f64551fcd6f07823cb87971cfb91446425da18286b3ab1ef935e0cbd7a69f68a/";
    assert_eq!(export["attachmentPrefix"], prefix);
    let without = exported(&system, "p2").await;
    assert!(without.get("attachmentPrefix").is_none());
    assert!(without["messages"][0].get("attachments").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn erased_messages_have_no_files_whenever_they_arrive() {
    let system = system().await;
    let sent = with_files(message("p1", "look"), ["secret.png"]);
    let late = with_files(message("p1", "and this"), ["secret.png"]);
    let other = with_files(message("p2", "look"), ["theirs.png"]);
    publish_each(&system, [event(&sent), event(&other)]).await;
    system.work_off(1).await;
    system.erase("p1").await;
    publish_each(&system, [event(&sent), event(&late)]).await;
    system.work_off(1).await;
    assert_eq!(contents(&system, "p1").await, ["", ""]);
    assert_eq!(files(&system, "p1").await, [Value::Null, Value::Null]);
    assert_eq!(files(&system, "p2").await, [json!(other.attachments)]);
    assert_eq!((rejections(&system).await, count_dead_letters(&system).await), (vec![], Some(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archived_message_keeps_its_files_and_its_row_their_ids() {
    let system = system().await;
    let old = with_files(player_message("p1", "look", 1_000), ["1.png", "2.png"]);
    let without = player_message("p2", "no picture", 1_000);
    let events = [event(&old), resolved("p1", 2_000), event(&without), resolved("p2", 2_000)];
    publish_each(&system, events).await;
    system.work_off(1).await;
    let archived = system.archive(LONG_AGO).await;
    let lines: Vec<_> = archived
        .iter()
        .map(|line| serde_json::to_value(line).unwrap().get("attachments").cloned())
        .collect();
    assert_eq!(lines, [Some(json!(old.attachments)), None]);
    assert_eq!(archived_files(&system).await, [ids(&old.attachments), "none".to_owned()]);
    assert!(exported(&system, "p1").await["attachmentPrefix"].is_string());

    // The archive keeps naming the files, and so does the row.
    let connection = &mut system.database.connect().await;
    let later = chat::now() + chrono::TimeDelta::hours(1);
    assert_eq!(forget(connection, later).await.unwrap(), 1);
    assert_eq!(archived_files(&system).await, [ids(&old.attachments)]);

    publish_each(&system, [event(&old)]).await;
    system.work_off(1).await;
    assert_eq!((rejections(&system).await, files(&system, "p1").await), (vec![], vec![]));

    system.erase("p1").await;
    assert_eq!(archived_files(&system).await, ["none"]);
    assert!(exported(&system, "p1").await.get("attachmentPrefix").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_an_erasure_has_not_reached_is_archived_without_files() {
    let system = system().await;
    let old = with_files(player_message("p1", "look", 1_000), ["secret.png"]);
    publish_each(&system, [event(&old), resolved("p1", 2_000)]).await;
    system.work_off(1).await;
    let erased = "UPDATE chat_conversations SET erased_through = now()";
    system.database.connect().await.batch_execute(erased).await.unwrap();
    let archived = system.archive(LONG_AGO).await;
    assert_eq!(archived[0].message.attachments, None);
    assert_eq!(archived_files(&system).await, ["none"]);
}
