use serde_json::{Value, json};

use crate::{
    harness::start,
    websocket::{Client, connect, data_of},
};

const CHANNEL: &str = "presence-room";

async fn enter(client: &mut Client, user: &str) -> Value {
    let member = json!({"user_id": user, "user_info": {"name": user}}).to_string();
    client.subscribe_signed(CHANNEL, Some(&member)).await;
    let message = client.next().await;
    assert_eq!(message["event"], "pusher_internal:subscription_succeeded", "{message}");
    data_of(&message)["presence"].clone()
}

async fn next_event(client: &mut Client, event: &str) -> Value {
    let message = client.next().await;
    assert_eq!(message["event"], format!("pusher_internal:{event}"), "{message}");
    data_of(&message)
}

#[tokio::test]
async fn a_member_is_announced_once_for_all_its_connections() {
    let server = start();
    let addr = server.addr();
    let (mut ada, mut bob, mut bobs_phone) =
        (connect(addr).await, connect(addr).await, connect(addr).await);

    let presence = enter(&mut ada, "ada").await;
    let hash = json!({"ada": {"name": "ada"}});
    assert_eq!(presence, json!({"count": 1, "ids": ["ada"], "hash": hash}));

    assert_eq!(enter(&mut bob, "bob").await["count"], 2);
    let added = next_event(&mut ada, "member_added").await;
    assert_eq!(added, json!({"user_id": "bob", "user_info": {"name": "bob"}}));

    assert_eq!(enter(&mut bobs_phone, "bob").await["count"], 2);
    ada.receives_nothing().await;

    bob.leave().await;
    bobs_phone.leave().await;
    assert_eq!(next_event(&mut ada, "member_removed").await, json!({"user_id": "bob"}));
    ada.receives_nothing().await;
}

#[tokio::test]
async fn a_presence_channel_needs_a_signed_member() {
    let server = start();
    let mut client = connect(server.addr()).await;
    client.subscribe_signed(CHANNEL, None).await;
    assert_eq!(client.error_code().await, json!(null));
    client.subscribe_signed(CHANNEL, Some(r#"{"name":"ada"}"#)).await;
    assert_eq!(client.error_code().await, json!(null));
}

#[tokio::test]
async fn a_client_event_has_the_user_id_of_its_sender() {
    let server = start();
    let (mut ada, mut bob) = (connect(server.addr()).await, connect(server.addr()).await);
    enter(&mut ada, "ada").await;
    enter(&mut bob, "bob").await;
    ada.send(&json!({"event": "client-wave", "channel": CHANNEL, "data": {}})).await;
    let event = bob.next().await;
    assert_eq!(event["event"], "client-wave");
    assert_eq!(event["user_id"], "ada");
}
