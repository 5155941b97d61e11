//! What becomes of what a broadcaster holds for too long.

use chat::event::encode;
use serde_json::json;
use test_support::{Api, Broker, Proxy, System, body, eventually};

use crate::support::{all_acknowledged, dead, event, system, until_accepted};

const SHORT_HOLD: &str = "--delivery-hold=300ms";

#[tokio::test(flavor = "multi_thread")]
async fn while_pusher_hangs_what_is_held_is_given_back_once_a_hold() {
    let system = system().await;
    let broadcaster = system.broadcaster_with(&[SHORT_HOLD]).ready().await;
    let api = broadcaster.api();
    system.pusher.fault(&json!({ "kind": "hang" })).await;
    system.broker.publish(&body([event("p1", "hello")])).await;
    until_given_back(&api, 3).await;
    system.pusher.behave().await;
    until_accepted(&system, 2).await;
    let calls = system.pusher.accepted().await["calls"].as_u64().unwrap();
    let given_back = api.metric("chat_broadcaster_given_back_total").await;
    // Lifting the fault breaks the last call that hangs, which is then repeated.
    assert!(calls <= given_back + 2, "{calls} calls, given back {given_back} times");
    broadcaster.stop().await;
    assert_eq!(dead(&system).await, Some(0));
    all_acknowledged(&system).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_beside_what_is_given_back_is_buried_once() {
    let system = system().await;
    let broadcaster = system.broadcaster_with(&[SHORT_HOLD]).ready().await;
    let api = broadcaster.api();
    system.pusher.fault(&json!({ "kind": "status", "status": 500 })).await;
    let good = String::from_utf8(encode([&event("p1", "hello").encode().unwrap()])).unwrap();
    let mixed = good.replace(r#""events":["#, r#""events":[{"message":7},"#);
    system.broker.publish(mixed.as_bytes()).await;
    until_given_back(&api, 3).await;
    system.pusher.behave().await;
    until_accepted(&system, 2).await;
    broadcaster.stop().await;
    assert_eq!(dead(&system).await, Some(1));
    all_acknowledged(&system).await;
}

/// As it does when a delivery is held for longer than it allows.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_while_rabbitmq_closes_the_channel_is_broadcast() {
    let system = system().await;
    let proxy = Proxy::start(&system.broker.server(), true).await;
    let through = format!("--amqp-url={}", system.broker.url_through(proxy.addr()));
    let broadcaster = system.broadcaster_with(&[&through]).ready().await;
    system.pusher.fault(&json!({ "kind": "hang" })).await;
    system.broker.publish(&body([event("p1", "hello")])).await;
    until_called(&system, 1).await;
    proxy.interject(Broker::WRONG_ACKNOWLEDGEMENT.to_vec());
    until_called(&system, 2).await;
    system.pusher.behave().await;
    until_accepted(&system, 2).await;
    broadcaster.stop().await;
    assert_eq!(dead(&system).await, Some(0));
    all_acknowledged(&system).await;
}

/// Waits until Pusher was called `calls` times.
async fn until_called(system: &System, calls: u64) {
    eventually(&format!("Pusher was called {calls} times"), async || {
        (system.pusher.accepted().await["calls"] == calls).then_some(())
    })
    .await;
}

/// Waits until a broadcaster has given back what it held `times` times.
async fn until_given_back(api: &Api, times: u64) {
    eventually(&format!("given back {times} times"), async || {
        (api.metric("chat_broadcaster_given_back_total").await >= times).then_some(())
    })
    .await;
}
