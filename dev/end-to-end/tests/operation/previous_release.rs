//! Expand and contract: the previous release runs on the current schema and beside current
//! services. See migrations/README.md and docs/operations/upgrades.md.

use std::collections::HashSet;

use broker::ConsumerKind;
use chat::{Message, event::Event};
use serde_json::{Value, json};
use stack::{Service, set_pusher_variables};
use test_support::{Answer, Api, JWT_SECRET, System, attachment, body, eventually, message};
use uuid::Uuid;

use crate::{
    fleet::Fleet,
    programs::{Programs, Release, api},
    senders::{Sender, persisted},
};

/// The settings that are off before a rollback.
const WITHOUT_FEATURES: [(&str, &str); 4] = [
    ("AUDIT_READS", "false"),
    ("READ_MARKS", "off"),
    ("TEAM_DESK", "off"),
    ("ATTACHMENT_STORE", ""),
];

#[tokio::test(flavor = "multi_thread")]
async fn the_previous_and_the_current_release_continue_each_others_conversations() {
    let system = System::new().await;
    let mut programs = Programs::new().await;
    programs.use_servers(&system.database.url, &system.broker.url);
    // The previous release uses one database user.
    let own = [
        ("AUTH_MODE", "off"),
        ("QUEUE_PREFIX", &*system.broker.prefix),
        ("DATABASE_URL", &system.database.url),
    ];

    let (previous, current) = (Release::previous(), Release::current());
    // An upgrade in steps, and a rollback.
    let pairs = [
        (&previous, &previous),
        (&previous, &current),
        (&current, &current),
        (&current, &previous),
        (&previous, &previous),
    ];
    for (round, (gateway, persister)) in pairs.into_iter().enumerate() {
        let gateway = programs.start(gateway, Service::Gateway, "gateway", &own).await;
        let persister = programs.start(persister, Service::Persister, "persister", &own).await;
        continue_conversation(&api(&gateway), round).await;
        persister.process.stop().await;
        gateway.process.stop().await;
    }

    // The previous release shows the name of a file that the current one stored, and knows its message
    // again.
    let attachments = vec![attachment("boss.png")];
    let picture = Message { attachments, ..message("p1", "boss.png") };
    for persister in [&current, &previous] {
        system.broker.publish(&body([Event::Message(Box::new(picture.clone()))])).await;
        let persister = programs.start(persister, Service::Persister, "persister", &own).await;
        let queue = system.broker.names().queue(ConsumerKind::Persister);
        system.broker.wait_for_depth(&queue, 0).await;
        persister.process.stop().await;
    }
    let stored = "SELECT attachments->0->>'name' AS text FROM chat_messages
                  WHERE attachments IS NOT NULL";
    assert_eq!(system.database.texts(stored).await, ["boss.png"]);
    let gateway = programs.start(&previous, Service::Gateway, "gateway", &own).await;
    let newest = page(&api(&gateway).conversation("p1", "limit=200").await).pop();
    assert_eq!(newest.unwrap()["content"], "boss.png");

    // The previous release reads a conversation that the current one erased.
    system.erase("p1").await;
    let messages = page(&api(&gateway).conversation("p1", "limit=200").await);
    assert_eq!(messages.len(), 2 * pairs.len() + 1);
    assert!(messages.iter().all(|message| message["content"] == ""), "{messages:?}");
    programs.supervisor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_and_a_rollback_in_the_documented_order_lose_no_message_and_make_no_dead_letter()
{
    let system = System::new().await;
    let mut programs = Programs::new().await;
    programs.use_servers(&system.database.url, &system.broker.url);
    let pusher =
        programs.start(&Release::current(), Service::LocalPusher, "local-pusher", &[]).await;
    set_pusher_variables(pusher.address, &mut programs.variables);
    let own = [
        ("AUTH_MODE", "off"),
        ("QUEUE_PREFIX", &*system.broker.prefix),
        ("DATABASE_URL", &system.database.url),
    ];
    let workers = [Service::Broadcaster, Service::Persister];
    let mut fleet = Fleet::start(&programs, Release::previous(), &workers, &own).await;
    let mut sender = Sender::start("p1", fleet.apis());
    sender.wait_for_progress().await;

    fleet.use_release(Release::current());
    fleet.replace_workers(&programs, &own).await;
    sender.wait_for_progress().await;
    // What the previous release's workers cannot read, or would leave out.
    let store = tempfile::tempdir().unwrap();
    let features = [
        ("READ_MARKS", "both"),
        ("TEAM_DESK", "on"),
        ("ATTACHMENT_STORE", store.path().to_str().unwrap()),
        ("ATTACHMENT_SECRET", JWT_SECRET),
        ("ATTACHMENTS_FOR", "any"),
        ("MEMORY_LIMIT", "1GiB"),
    ];
    let with_features: Vec<_> = own.into_iter().chain(features).collect();
    fleet.replace_gateways(&programs, &with_features, &mut [(&mut sender, "")]).await;
    let gateway = api(&fleet.gateways[0]);
    let newest = page(&wait_for_messages(&gateway).await).pop().unwrap();
    let mark = json!({ "messageId": newest["messageId"], "readerId": "ada" });
    let path = "/api/unified-chat/conversations/p1/read";
    assert_eq!(gateway.post(path, &mark).await.status, 202);
    let claim = json!({ "action": "claim", "actorId": "ada" });
    let path = "/api/unified-chat/conversations/p1/assignment";
    assert_eq!(gateway.post(path, &claim).await.status, 202);
    let with_file = send_file(&gateway).await;
    let note = json!({ "content": "asked before", "actorId": "ada" });
    let notes = "/api/unified-chat/conversations/p1/notes";
    assert_eq!(gateway.post(notes, &note).await.status, 202);
    eventually("the claim and the note are stored", async || {
        let session = gateway.conversation("p1", "").await.json["session"].clone();
        let notes = gateway.get(notes).await.json["notes"].clone();
        (session["assigneeId"] == "ada" && notes[0]["content"] == "asked before").then_some(())
    })
    .await;
    eventually("the mark is in the history", async || {
        let read = gateway.conversation("p1", "").await.json["reads"]["staff"]["seq"].as_i64();
        (read == newest["seq"].as_i64()).then_some(())
    })
    .await;

    // The rollback: features off, and what they queued is processed; then gateways, persister, broadcaster.
    let without_features: Vec<_> = own.into_iter().chain(WITHOUT_FEATURES).collect();
    fleet.replace_gateways(&programs, &without_features, &mut [(&mut sender, "")]).await;
    for worker in ConsumerKind::ALL {
        system.broker.wait_for_depth(&system.broker.names().queue(worker), 0).await;
    }
    fleet.use_release(Release::previous());
    fleet.replace_gateways(&programs, &own, &mut [(&mut sender, "")]).await;
    fleet.replace_workers_in_reverse(&programs, &own).await;
    sender.wait_for_progress().await;

    let accepted: HashSet<_> = sender.stop().await.into_iter().chain([with_file]).collect();
    assert_eq!(persisted(&system.database, accepted.len()).await, accepted);
    for worker in ConsumerKind::ALL {
        let dead = system.broker.names().dead_letters(worker);
        assert_eq!(system.broker.depth(&dead).await.unwrap_or(0), 0, "{dead}");
    }
    programs.supervisor.stop().await;
}

/// Uploads a file, sends it in a conversation of its own, and waits until the history has it. Returns the
/// id of the message.
async fn send_file(gateway: &Api) -> String {
    let id = Uuid::now_v7();
    let path = format!("/api/unified-chat/conversations/p2/attachments/{id}?name=log.txt");
    let uploaded = gateway.put_raw(&path, "text/plain", b"hello".into()).await;
    assert_eq!(uploaded.status, 201, "{uploaded:?}");
    let tokens = json!([uploaded.json["token"]]);
    let sent = json!({ "playerId": "p2", "senderType": "player", "attachments": tokens });
    let sent = gateway.send(&sent).await;
    assert_eq!(sent.status, 202, "{sent:?}");
    let file = json!({
        "attachmentId": id, "name": "log.txt", "contentType": "text/plain", "size": 5,
        "thumbnail": false,
    });
    eventually("the file is in the history", async || {
        let message = page(&gateway.conversation("p2", "").await).pop()?;
        assert_eq!(
            (&message["content"], &message["attachments"]),
            (&json!("log.txt"), &json!([file]))
        );
        Some(())
    })
    .await;
    sent.json["messageId"].as_str().unwrap().to_owned()
}

/// Waits until the history has messages.
async fn wait_for_messages(api: &Api) -> Answer {
    eventually("persisted messages", async || {
        let answer = api.conversation("p1", "").await;
        (answer.json["lastSeq"] != 0).then_some(answer)
    })
    .await
}

/// Sends as a player and as staff, resolves the session, and reads all messages so far.
async fn continue_conversation(api: &Api, round: usize) {
    let before = 2 * round;
    assert_eq!(api.send_as_player("p1", &format!("question {round}")).await.status, 202);
    let asked = wait_for(api, before + 1, "pending").await;
    assert_eq!(api.send_as_staff("p1", &format!("answer {round}")).await.status, 202);
    let answered = wait_for(api, before + 2, "active").await;
    assert_eq!(api.change_status("p1", "resolved").await.status, 202);
    let resolved = wait_for(api, before + 2, "resolved").await;
    let session = |answer: &Answer| answer.json["session"]["id"].clone();
    assert_eq!([session(&answered), session(&resolved)], [session(&asked), session(&asked)]);

    let contents: Vec<_> =
        page(&resolved).iter().map(|message| message["content"].clone()).collect();
    let expected =
        (0..=round).flat_map(|round| [format!("question {round}"), format!("answer {round}")]);
    assert_eq!(contents, expected.map(Value::from).collect::<Vec<_>>());
    let numbers: Vec<_> = page(&resolved).iter().map(|message| message["seq"].clone()).collect();
    assert_eq!(numbers, (1..=before + 2).map(Value::from).collect::<Vec<_>>());

    let missed = page(&api.conversation("p1", &format!("after={before}")).await);
    assert_eq!(missed.len(), 2);
    let inbox = api.inbox("status=resolved").await;
    assert_eq!(inbox.json["conversations"][0]["playerId"], "p1", "{inbox:?}");
}

/// Waits until the conversation has `last_seq` messages and its session has `status`.
async fn wait_for(api: &Api, last_seq: usize, status: &str) -> Answer {
    eventually(&format!("{last_seq} messages, {status}"), async || {
        let answer = api.conversation("p1", "limit=200").await;
        let json = &answer.json;
        (json["lastSeq"] == last_seq && json["session"]["status"] == status).then_some(answer)
    })
    .await
}

fn page(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json["messages"].as_array().unwrap().clone()
}
