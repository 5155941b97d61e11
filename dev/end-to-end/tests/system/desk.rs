//! A team's desk, with the player's and the staff's Pusher clients.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use test_support::{Proxy, System, eventually, token};

use crate::portal::Portal;

/// A word that only staff may receive.
const PLANTED: &str = "planted-for-staff";

const NOTES: usize = 1_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_notes_and_tags_reach_staff_within_a_second_and_the_player_nowhere() {
    let system = System::new().await;
    let no_limit = ["--staff-sender-limit=0", "--reader-limit=0", "--address-limit=0"];
    let settings = [
        &["--team-desk=on", "--staff-teams=planted-for-staff", "--read-marks=both"],
        &no_limit[..],
    ];
    let gateway = system.guarded_gateway(&settings.concat()).await;
    let _persister = system.persister().await;
    let access = ["--pusher-channel-access=private", "--staff-names=shown"];
    let _broadcaster = system.broadcaster_with(&access).ready().await;
    let (bo, ada) = (token("player", "bo"), token("staff", "ada"));
    let [player, staff] = [&bo, &ada].map(|token| gateway.api().with_token(token));
    let mut hears = Portal::subscribe_with(&system, &gateway, "private-player-bo", &bo).await;
    let presence = "presence-conversation-bo";
    let _present = Portal::subscribe_with(&system, &gateway, presence, &bo).await;
    let mut desk = Portal::subscribe_with(&system, &gateway, "private-staff-portal", &ada).await;
    for channel in ["private-staff-portal", "presence-staff-portal"] {
        assert_eq!(Portal::refusal(&system, &gateway, channel, &bo).await, 403, "{channel}");
    }

    assert_eq!(player.send_as_player("bo", "hello").await.status, 202);
    desk.receives_both(["new-player-message", "session-updated"]).await;
    let conversation = "/api/unified-chat/conversations/bo";
    let tags = json!({ "tags": { "add": [PLANTED] }, "priority": "urgent" });
    assert_eq!(staff.post(&format!("{conversation}/session"), &tags).await.status, 202);
    let route = json!({ "action": "release", "team": PLANTED });
    assert_eq!(staff.post(&format!("{conversation}/assignment"), &route).await.status, 202);
    let notes = format!("{conversation}/notes");
    let mut times = Vec::new();
    for number in 0..NOTES {
        let sent_at = Instant::now();
        let note = json!({ "content": format!("{PLANTED} {number}") });
        assert_eq!(staff.post(&notes, &note).await.status, 202);
        let received = loop {
            match desk.next_event().await {
                (name, data) if name == "note-added" => break data,
                (name, data) => assert_eq!(name, "session-updated", "{data}"),
            }
        };
        assert_eq!(received["content"], note["content"]);
        times.push(sent_at.elapsed());
    }
    // Not the slowest, since other programs use the processor as well.
    times.sort();
    let median = times[times.len() / 2];
    assert!(median < Duration::from_secs(1), "{median:?}");
    assert_eq!(staff.send_as_staff("bo", "hi").await.status, 202);
    assert_eq!(player.send_as_player("bo", "thanks").await.status, 202);

    let mut received = Vec::new();
    while received.iter().filter(|(name, _)| name == "message-sent").count() < 3 {
        received.push(hears.next_event().await);
    }
    let page = eventually("all messages are persisted", async || {
        let page = player.conversation("bo", "limit=200").await;
        (page.json["lastSeq"] == 3).then_some(page)
    })
    .await;
    let numbers = page.json["messages"].as_array().unwrap().iter().map(|message| &message["seq"]);
    assert_eq!(numbers.collect::<Vec<_>>(), [1, 2, 3]);
    let config = player.get("/api/portal/config").await.json;
    for (what, json) in [
        ("its events", json!(received)),
        ("its history", page.json),
        ("the configuration", without_topics(config)),
    ] {
        assert!(!json.to_string().contains(PLANTED), "{what}: {json}");
    }
    for path in
        [&*notes, "/api/unified-chat/conversations", "/api/staff", "/api/staff/canned-replies"]
    {
        let answer = player.get(path).await;
        assert_eq!(answer.status, 403, "{path}");
        assert!(!answer.json.to_string().contains(PLANTED), "{path}");
    }
}

/// Players choose a team as their topic, so that they know the teams' names.
fn without_topics(mut config: Value) -> Value {
    config["topics"].take();
    config
}

#[tokio::test(flavor = "multi_thread")]
async fn canned_reply_of_one_gateway_is_listed_by_another_also_after_the_database_was_away() {
    let system = System::new().await;
    let proxy = Proxy::start(&system.database.server(), true).await;
    let through = format!("--database-url={}", system.database.url_through(proxy.addr()));
    let settings = ["--team-desk=on", &through];
    let first = system.gateway_with(&settings).ready().await;
    let second = system.gateway_with(&settings).ready().await;
    let _persister = system.persister_with(&[&through]).ready().await;
    let _broadcaster = system.broadcaster().await;
    let mut desk = Portal::subscribe(&system, &second, "staff-portal").await;
    let replies = "/api/staff/canned-replies";
    let put = async |id: &str, shortcut: &str| {
        let reply = json!({ "shortcut": shortcut, "title": "T", "bodies": { "en": "Hello" } });
        first.api().put(&format!("{replies}/{id}"), &reply).await.status
    };
    let listed = async || second.api().get(replies).await.json;

    assert_eq!(put("019aa6c4-3a33-7c5e-9d3c-3f6a3d1f2b10", "hello").await, 202);
    let updated = desk.receives("canned-replies-updated").await;
    let list = listed().await;
    assert_eq!(
        (&list["version"], &list["replies"][0]["shortcut"]),
        (&updated["version"], &json!("hello"))
    );

    proxy.take_away();
    assert_eq!(put("019aa6c4-3a33-7c5e-9d3c-3f6a3d1f2b11", "later").await, 202);
    proxy.bring_back();
    let later = desk.receives("canned-replies-updated").await;
    assert!(later["version"].as_i64() > updated["version"].as_i64());
    let list = eventually("the list is read", async || {
        Some(listed().await).filter(|list| list["replies"].is_array())
    })
    .await;
    assert_eq!(list["replies"].as_array().unwrap().len(), 2);
}
