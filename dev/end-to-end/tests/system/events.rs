//! The events of a conversation, which are the same for each access to channels.

use serde_json::{Value, json};
use test_support::System;

use crate::{encrypted::ENCRYPTED, portal::Portal};

#[tokio::test(flavor = "multi_thread")]
async fn both_sides_receive_a_conversation_on_public_channels() {
    both_sides_receive_a_conversation(&["--pusher-channel-access=public"], "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_sides_receive_a_conversation_on_private_channels() {
    both_sides_receive_a_conversation(&["--pusher-channel-access=private"], "private-").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_sides_receive_a_conversation_on_encrypted_channels() {
    both_sides_receive_a_conversation(&ENCRYPTED, "private-encrypted-").await;
}

async fn both_sides_receive_a_conversation(access: &[&str], prefix: &str) {
    let system = System::new().await;
    let gateway = system.gateway_with(access).ready().await;
    let _persister = system.persister().await;
    let _broadcaster = system.broadcaster_with(access).ready().await;
    let mut staff = Portal::subscribe(&system, &gateway, &format!("{prefix}staff-portal")).await;
    let mut player = Portal::subscribe(&system, &gateway, &format!("{prefix}player-p1")).await;
    let api = gateway.api();

    let sent = api.send_as_player("p1", "hello").await.json;
    let [message, opened] = staff.receives_both(["new-player-message", "session-updated"]).await;
    assert_eq!(
        message,
        json!({
            "messageId": sent["messageId"], "playerId": "p1", "senderType": "player",
            "senderId": "p1", "senderName": null, "content": "hello",
            "acceptedAt": sent["acceptedAt"]
        })
    );
    assert_eq!((&opened["status"], &opened["playerId"]), (&json!("pending"), &json!("p1")));
    let [confirmation, also] = player.receives_both(["message-sent", "session-updated"]).await;
    assert_eq!((confirmation, also), (message, opened.clone()));

    api.send_as_staff("p1", "hi").await;
    let [answer, taken] = player.receives_both(["message-sent", "session-updated"]).await;
    assert_eq!((&answer["content"], &answer["senderName"]), (&json!("hi"), &json!("Ada")));
    assert_eq!(answer["senderId"], Value::Null);
    assert_eq!(taken["status"], "active");
    assert!(taken["version"].as_i64() > opened["version"].as_i64());
    let mut to_staff = answer.clone();
    to_staff["senderId"] = json!("ada");
    let [also, claimed] = staff.receives_both(["message-sent", "session-updated"]).await;
    assert_eq!((also, &claimed["assigneeId"]), (to_staff, &json!("ada")));
    assert_eq!(without_staffs_part(claimed), taken);

    api.change_status("p1", "resolved").await;
    let resolved = player.receives("session-updated").await;
    assert_eq!((&resolved["status"], &resolved["id"]), (&json!("resolved"), &opened["id"]));
    assert_eq!(without_staffs_part(staff.receives("session-updated").await), resolved);

    api.send_as_player("p1", "once more").await;
    let [_, next] = staff.receives_both(["new-player-message", "session-updated"]).await;
    assert_eq!(next["status"], "pending");
    assert_ne!(next["id"], opened["id"]);
    let page = api.conversation("p1", "").await.json;
    assert_eq!((&page["lastSeq"], &page["session"]["id"]), (&json!(3), &next["id"]));
}

/// What a player receives of a session.
fn without_staffs_part(mut session: Value) -> Value {
    for field in ["actorId", "actorName", "assigneeId", "assigneeName", "assignedAt"] {
        session.as_object_mut().unwrap().remove(field);
    }
    session
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_the_rate_staff_receive_digests_and_players_each_message() {
    let system = System::new().await;
    let gateway = system.gateway_with(&ENCRYPTED).ready().await;
    let settings = [&ENCRYPTED[..], &["--staff-events-per-second=1"]].concat();
    let _broadcaster = system.broadcaster_with(&settings).ready().await;
    let mut staff = Portal::subscribe(&system, &gateway, "private-encrypted-staff-portal").await;
    let mut player = Portal::subscribe(&system, &gateway, "private-encrypted-player-p1").await;
    for number in 1..=9 {
        gateway.api().send_as_player("p1", &format!("{number}")).await;
    }
    let mut sent = Vec::new();
    for _ in 1..=9 {
        sent.push(player.receives("message-sent").await["messageId"].clone());
    }
    let (mut announced, mut digests) = (0, 0);
    let mut last = json!(null);
    while announced < 9 {
        let (name, data) = staff.next_event().await;
        if name == "new-player-message" {
            announced += 1;
            continue;
        }
        let [digest] = &data["players"].as_array().unwrap()[..] else { panic!("{data}") };
        assert_eq!((&name[..], &digest["playerId"]), ("new-player-messages", &json!("p1")));
        assert_eq!(digest["lastAcceptedAt"], data["lastAcceptedAt"]);
        announced += digest["count"].as_u64().unwrap();
        digests += 1;
        last = digest["lastMessageId"].clone();
    }
    assert_eq!(announced, 9);
    assert!(digests >= 1 && sent.contains(&last), "{last}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_connection_that_sent_a_message_does_not_receive_it() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    let _broadcaster = system.broadcaster().await;
    let mut sender = Portal::subscribe(&system, &gateway, "player-p1").await;
    let mut other = Portal::subscribe(&system, &gateway, "player-p1").await;
    let api = gateway.api();
    let message = json!({
        "playerId": "p1", "senderType": "player", "content": "mine", "socketId": sender.socket_id
    });
    api.send(&message).await;
    assert_eq!(other.receives("message-sent").await["content"], "mine");
    api.send_as_player("p1", "from elsewhere").await;
    assert_eq!(other.receives("message-sent").await["content"], "from elsewhere");
    assert_eq!(sender.receives("message-sent").await["content"], "from elsewhere");
}
