//! Encrypted channels.

use serde_json::json;
use test_support::{RunningService, System};

use crate::portal::{Portal, script};

/// The settings of encrypted channels, for the gateway and for the broadcaster.
pub const ENCRYPTED: [&str; 2] = [
    "--pusher-channel-access=encrypted",
    "--pusher-encryption-master-key=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
];

const PLAYER_CHANNEL: &str = "private-encrypted-player-p1";
const STAFF_CHANNEL: &str = "private-encrypted-staff-portal";

async fn system() -> (System, RunningService, RunningService) {
    let system = System::new().await;
    let gateway = system.gateway_with(&ENCRYPTED).ready().await;
    let broadcaster = system.broadcaster_with(&ENCRYPTED).ready().await;
    (system, gateway, broadcaster)
}

#[tokio::test(flavor = "multi_thread")]
async fn pusher_receives_channel_names_and_no_contents() {
    let (system, gateway, _broadcaster) = system().await;
    let mut staff = Portal::subscribe(&system, &gateway, STAFF_CHANNEL).await;
    let mut player = Portal::subscribe(&system, &gateway, PLAYER_CHANNEL).await;
    let sent = gateway.api().send_as_staff("p1", "The vault's code is 4711.").await.json;
    for portal in [&mut staff, &mut player] {
        assert_eq!(portal.receives("message-sent").await["content"], "The vault's code is 4711.");
    }
    let accepted = system.pusher.accepted().await.to_string();
    assert!(accepted.contains(PLAYER_CHANNEL), "{accepted}");
    for secret in ["4711", "vault", "Ada", sent["messageId"].as_str().unwrap()] {
        assert!(!accepted.contains(secret), "{secret} is in {accepted}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_beyond_the_limit_once_encrypted_is_truncated() {
    let (system, gateway, _broadcaster) = system().await;
    let mut player = Portal::subscribe(&system, &gateway, PLAYER_CHANNEL).await;
    let content = "😀".repeat(4_000);
    gateway.api().send_as_player("p1", &content).await;
    let received = player.receives("message-sent").await;
    assert_eq!(received["truncated"], true);
    let beginning = received["content"].as_str().unwrap();
    assert!(content.starts_with(beginning));
    // As much as fits beside the other fields into 7,619 bytes of plaintext.
    assert!((7_000..7_619).contains(&beginning.len()), "{}", beginning.len());
    let accepted = system.pusher.accepted().await;
    let data = accepted["lastEvents"][0]["data"].as_str().unwrap();
    assert!((10_236..=10_240).contains(&data.len()), "{}", data.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_with_another_key_receives_nothing() {
    let (system, gateway, _broadcaster) = system().await;
    let other_key = "--pusher-encryption-master-key=Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=";
    let other_gateway = system.gateway_with(&[ENCRYPTED[0], other_key]).ready().await;
    let mut listener = script("listen.mjs", &system, &other_gateway, PLAYER_CHANNEL, "");
    listener.fact_with("subscribed").await;
    listener.command(&json!({"subscribe": "in-the-clear"})).await;
    listener.fact_with("subscribed").await;
    let mut player = Portal::subscribe(&system, &gateway, PLAYER_CHANNEL).await;
    gateway.api().send_as_player("p1", "hello").await;
    assert_eq!(player.receives("message-sent").await["content"], "hello");

    let mut sdk = script("trigger.mjs", &system, &other_gateway, "", "");
    sdk.command(&json!({"trigger": ["in-the-clear", "later", {}]})).await;
    assert_eq!(listener.fact_with("event").await["event"], "later");
}
