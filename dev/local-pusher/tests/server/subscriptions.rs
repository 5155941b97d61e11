//! Public and private channels, and their events.

use local_pusher::{SecondPair, Settings};
use pusher::App;
use serde_json::json;

use crate::{
    harness::{app, start, start_with},
    http::{post, trigger},
    websocket::{Client, connect, connect_with, data_of},
};

async fn confirmed(client: &mut Client, channel: &str) {
    let message = client.next().await;
    assert_eq!(message["event"], "pusher_internal:subscription_succeeded", "{message}");
    assert_eq!(message["channel"], channel);
    assert_eq!(data_of(&message), json!({}));
}

#[tokio::test]
async fn only_subscribers_receive_an_event() {
    let server = start();
    let mut listener = connect(server.addr()).await;
    let mut other = connect(server.addr()).await;
    listener.subscribe("room").await;
    confirmed(&mut listener, "room").await;
    other.subscribe("other-room").await;
    confirmed(&mut other, "other-room").await;

    assert_eq!(trigger(server.addr(), "room", "greeting").await.body, "{}");
    assert_eq!(
        listener.next().await,
        json!({"event": "greeting", "channel": "room", "data": "{}"})
    );
    other.receives_nothing().await;
}

#[tokio::test]
async fn the_socket_id_of_an_event_excludes_its_sender() {
    let server = start();
    let mut sender = connect(server.addr()).await;
    let mut other = connect(server.addr()).await;
    for client in [&mut sender, &mut other] {
        client.subscribe("room").await;
        confirmed(client, "room").await;
    }
    let id = sender.socket_id.clone();
    let event = json!({"name": "e", "channels": ["room"], "data": "{}", "socket_id": id});
    assert_eq!(post(server.addr(), "/apps/3/events", &event).await.status, 200);
    assert_eq!(other.next().await["event"], "e");
    sender.receives_nothing().await;
}

#[tokio::test]
async fn a_private_channel_needs_its_signature() {
    let server = start();
    let mut client = connect(server.addr()).await;
    for data in [
        json!({"channel": "private-room"}),
        json!({"channel": "private-room", "auth": "nonsense"}),
        json!({"channel": "private-room", "auth": "other-key:00"}),
        json!({"channel": "private-room", "auth": "the-key:00"}),
    ] {
        client.send(&json!({"event": "pusher:subscribe", "data": data})).await;
        assert_eq!(client.error_code().await, json!(null), "{data}");
    }
    client.subscribe_signed("private-room", None).await;
    confirmed(&mut client, "private-room").await;
    client.subscribe_signed("private-encrypted-room", None).await;
    confirmed(&mut client, "private-encrypted-room").await;
}

#[tokio::test]
async fn subscriptions_are_signed_by_the_pair_with_which_the_client_connected() {
    let second = App { key: "second".to_owned(), secret: "another".into(), ..app() };
    let server = start_with(Settings {
        second_pair: SecondPair {
            local_pusher_second_key: Some(second.key.clone()),
            local_pusher_second_secret: Some(second.secret.clone()),
        },
        ..Settings::new(app())
    });
    let mut by_first = connect(server.addr()).await;
    let mut by_second = connect_with(server.addr(), "second").await;
    by_first.subscribe_signed_by(&second, "private-room", None).await;
    assert_eq!(by_first.error_code().await, json!(null));
    by_second.subscribe_signed("private-room", None).await;
    assert_eq!(by_second.error_code().await, json!(null));
    by_first.subscribe_signed("private-room", None).await;
    confirmed(&mut by_first, "private-room").await;
    by_second.subscribe_signed_by(&second, "private-room", None).await;
    confirmed(&mut by_second, "private-room").await;
}

#[tokio::test]
async fn an_unsubscribed_client_receives_no_events() {
    let server = start();
    let mut client = connect(server.addr()).await;
    client.subscribe("room").await;
    confirmed(&mut client, "room").await;
    client.subscribe("room").await;
    assert_eq!(client.error_code().await, json!(null));
    client.send(&json!({"event": "pusher:unsubscribe", "data": {"channel": "room"}})).await;
    client.receives_nothing().await;
    trigger(server.addr(), "room", "e").await;
    client.receives_nothing().await;
}

#[tokio::test]
async fn the_other_subscribers_receive_a_client_event() {
    let server = start();
    let mut sender = connect(server.addr()).await;
    let mut other = connect(server.addr()).await;
    for client in [&mut sender, &mut other] {
        client.subscribe_signed("private-room", None).await;
        confirmed(client, "private-room").await;
    }
    let event = json!({"event": "client-typing", "channel": "private-room", "data": {"on": true}});
    sender.send(&event).await;
    assert_eq!(other.next().await, event);
    sender.receives_nothing().await;
}

#[tokio::test]
async fn an_invalid_client_event_is_answered_with_an_error() {
    let server = start();
    let mut client = connect(server.addr()).await;
    client.subscribe("room").await;
    confirmed(&mut client, "room").await;
    client.subscribe_signed("private-room", None).await;
    confirmed(&mut client, "private-room").await;
    client.subscribe_signed("private-encrypted-room", None).await;
    confirmed(&mut client, "private-encrypted-room").await;
    for (event, channel) in [
        ("client-typing", "room"),
        ("client-typing", "private-encrypted-room"),
        ("client-typing", "private-room-without-me"),
        ("typing", "private-room"),
    ] {
        client.send(&json!({"event": event, "channel": channel, "data": {}})).await;
        assert_eq!(client.error_code().await, json!(null), "{event} in {channel}");
    }
}

#[tokio::test]
async fn client_events_are_rate_limited() {
    let server = start();
    let mut client = connect(server.addr()).await;
    client.subscribe_signed("private-room", None).await;
    confirmed(&mut client, "private-room").await;
    // At the limit of 10 a second they would take 100 seconds.
    for _ in 0..1000 {
        let event = json!({"event": "client-typing", "channel": "private-room", "data": {}});
        client.send(&event).await;
    }
    assert_eq!(client.error_code().await, 4301);
}
