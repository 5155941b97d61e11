//! DESIGN: who hears of what, which the access to channels does not change.

use serde_json::{Value, json};
use test_support::System;

use crate::{encrypted::ENCRYPTED, portal::Portal};

#[tokio::test(flavor = "multi_thread")]
async fn both_sides_hear_of_a_conversation_on_public_channels() {
    both_sides_hear_of_a_conversation(&["--pusher-channel-access=public"], "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_sides_hear_of_a_conversation_on_private_channels() {
    both_sides_hear_of_a_conversation(&["--pusher-channel-access=private"], "private-").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_sides_hear_of_a_conversation_on_encrypted_channels() {
    both_sides_hear_of_a_conversation(&ENCRYPTED, "private-encrypted-").await;
}

async fn both_sides_hear_of_a_conversation(access: &[&str], prefix: &str) {
    let system = System::new().await;
    let gateway = system.gateway_with(access).ready().await;
    let _persister = system.persister().await;
    let _broadcaster = system.broadcaster_with(access).ready().await;
    let mut staff = Portal::listen(&system, &gateway, &format!("{prefix}staff-portal")).await;
    let mut player = Portal::listen(&system, &gateway, &format!("{prefix}player-p1")).await;
    let api = gateway.api();

    let sent = api.send_as_player("p1", "hello").await.json;
    let [news, opened] = staff.hears_both(["new-player-message", "session-updated"]).await;
    assert_eq!(
        news,
        json!({
            "messageId": sent["messageId"], "playerId": "p1", "senderType": "player",
            "senderId": "p1", "senderName": null, "content": "hello",
            "acceptedAt": sent["acceptedAt"]
        })
    );
    assert_eq!((&opened["status"], &opened["playerId"]), (&json!("pending"), &json!("p1")));
    let [confirmation, also] = player.hears_both(["message-sent", "session-updated"]).await;
    assert_eq!((confirmation, also), (news, opened.clone()));

    api.send_as_staff("p1", "hi").await;
    let [answer, taken] = player.hears_both(["message-sent", "session-updated"]).await;
    assert_eq!((&answer["content"], &answer["senderName"]), (&json!("hi"), &json!("Ada")));
    assert_eq!(answer["senderId"], Value::Null);
    assert_eq!(taken["status"], "active");
    assert!(taken["version"].as_i64() > opened["version"].as_i64());
    let mut to_staff = answer.clone();
    to_staff["senderId"] = json!("ada");
    assert_eq!(staff.hears_both(["message-sent", "session-updated"]).await, [to_staff, taken]);

    api.change_status("p1", "resolved").await;
    let resolved = player.hears("session-updated").await;
    assert_eq!((&resolved["status"], &resolved["id"]), (&json!("resolved"), &opened["id"]));
    assert_eq!(staff.hears("session-updated").await, resolved);

    api.send_as_player("p1", "once more").await;
    let [_, next] = staff.hears_both(["new-player-message", "session-updated"]).await;
    assert_eq!(next["status"], "pending");
    assert_ne!(next["id"], opened["id"]);
    let page = api.conversation("p1", "").await.json;
    assert_eq!((&page["lastSeq"], &page["session"]["id"]), (&json!(3), &next["id"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_the_rate_staff_hear_of_messages_together_and_players_of_each() {
    let system = System::new().await;
    let gateway = system.gateway_with(&ENCRYPTED).ready().await;
    let settings = [&ENCRYPTED[..], &["--staff-events-per-second=1"]].concat();
    let _broadcaster = system.broadcaster_with(&settings).ready().await;
    let mut staff = Portal::listen(&system, &gateway, "private-encrypted-staff-portal").await;
    let mut player = Portal::listen(&system, &gateway, "private-encrypted-player-p1").await;
    for number in 1..=9 {
        gateway.api().send_as_player("p1", &format!("{number}")).await;
    }
    let mut sent = Vec::new();
    for _ in 1..=9 {
        sent.push(player.hears("message-sent").await["messageId"].clone());
    }
    let (mut told, mut together) = (0, 0);
    let mut last = json!(null);
    while told < 9 {
        let (name, data) = staff.hears_next().await;
        if name == "new-player-message" {
            told += 1;
            continue;
        }
        let [news] = &data["players"].as_array().unwrap()[..] else { panic!("{data}") };
        assert_eq!((&name[..], &news["playerId"]), ("new-player-messages", &json!("p1")));
        assert_eq!(news["lastAcceptedAt"], data["lastAcceptedAt"]);
        told += news["count"].as_u64().unwrap();
        together += 1;
        last = news["lastMessageId"].clone();
    }
    assert_eq!(told, 9);
    assert!(together >= 1 && sent.contains(&last), "{last}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_connection_that_sent_a_message_does_not_hear_of_it() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    let _broadcaster = system.broadcaster().await;
    let mut sender = Portal::listen(&system, &gateway, "player-p1").await;
    let mut other = Portal::listen(&system, &gateway, "player-p1").await;
    let api = gateway.api();
    let message = json!({
        "playerId": "p1", "senderType": "player", "content": "mine", "socketId": sender.socket_id
    });
    api.send(&message).await;
    assert_eq!(other.hears("message-sent").await["content"], "mine");
    api.send_as_player("p1", "from elsewhere").await;
    assert_eq!(other.hears("message-sent").await["content"], "from elsewhere");
    assert_eq!(sender.hears("message-sent").await["content"], "from elsewhere");
}
