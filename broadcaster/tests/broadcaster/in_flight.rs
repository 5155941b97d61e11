//! Deliveries that are in flight for too long are requeued.

use chat::body::encode;
use serde_json::json;
use test_support::{Api, Broker, Proxy, System, body, eventually};

use crate::support::{all_acknowledged, dead_letters, event, system, until_accepted};

const SHORT_HOLD: &str = "--delivery-hold=300ms";

#[tokio::test(flavor = "multi_thread")]
async fn in_flight_events_are_requeued_after_each_hold_while_pusher_hangs() {
    let system = system().await;
    let broadcaster = system.broadcaster_with(&[SHORT_HOLD]).ready().await;
    let api = broadcaster.api();
    system.pusher.fault(&json!({ "kind": "hang" })).await;
    system.broker.publish(&body([event("p1", "hello")])).await;
    until_requeued(&api, 3).await;
    let calls = system.pusher.accepted().await["calls"].as_u64().unwrap();
    let requeued = api.metric("chat_broadcaster_given_back_total").await;
    assert!(calls <= requeued + 1, "{calls} calls, requeued {requeued} times");
    // On a slow machine the short hold could end between a call and its acknowledgement.
    broadcaster.kill().await;
    system.pusher.behave().await;
    let broadcaster = system.broadcaster().await;
    until_accepted(&system, 2).await;
    broadcaster.stop().await;
    assert_eq!(dead_letters(&system).await, Some(0));
    all_acknowledged(&system).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_event_in_a_requeued_body_is_dead_lettered_once() {
    let system = system().await;
    let broadcaster = system.broadcaster_with(&[SHORT_HOLD]).ready().await;
    let api = broadcaster.api();
    system.pusher.fault(&json!({ "kind": "status", "status": 500 })).await;
    let good = String::from_utf8(encode([&event("p1", "hello").encode().unwrap()])).unwrap();
    let mixed = good.replace(r#""events":["#, r#""events":[{"message":7},"#);
    system.broker.publish(mixed.as_bytes()).await;
    until_requeued(&api, 3).await;
    // On a slow machine the short hold could end between a dead letter and its acknowledgement.
    broadcaster.kill().await;
    system.pusher.behave().await;
    let broadcaster = system.broadcaster().await;
    until_accepted(&system, 2).await;
    broadcaster.stop().await;
    assert_eq!(dead_letters(&system).await, Some(1));
    all_acknowledged(&system).await;
}

/// RabbitMQ closes the channel when a delivery is in flight for longer than `consumer_timeout`.
#[tokio::test(flavor = "multi_thread")]
async fn in_flight_events_survive_a_channel_close() {
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
    assert_eq!(dead_letters(&system).await, Some(0));
    all_acknowledged(&system).await;
}

/// Waits until Pusher was called `calls` times.
async fn until_called(system: &System, calls: u64) {
    eventually(&format!("Pusher was called {calls} times"), async || {
        (system.pusher.accepted().await["calls"] == calls).then_some(())
    })
    .await;
}

/// Waits until a broadcaster has requeued its deliveries `times` times.
async fn until_requeued(api: &Api, times: u64) {
    eventually(&format!("requeued {times} times"), async || {
        (api.metric("chat_broadcaster_given_back_total").await >= times).then_some(())
    })
    .await;
}
