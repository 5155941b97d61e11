use futures_util::future::join_all;
use serde_json::json;
use test_support::{body, eventually};

use crate::support::{
    all_acknowledged, dead_letters, event, system, until_accepted, until_responded,
};

/// A server error, a rate limit, a wrong secret, a used-up quota, an unknown application: each is retried,
/// and makes no dead letter.
#[tokio::test(flavor = "multi_thread")]
async fn events_are_broadcast_after_an_outage_of_any_status() {
    let outages = [
        (500, "unavailable"),
        (503, "unavailable"),
        (429, "unavailable"),
        (401, "unauthorized"),
        (403, "forbidden"),
        (404, "unavailable"),
    ];
    join_all(outages.map(|(status, outcome)| retried(status, outcome))).await;
}

async fn retried(status: u16, outcome: &str) {
    let system = system().await;
    let broadcaster = system.broadcaster().await;
    system.pusher.fault(&json!({ "kind": "status", "status": status })).await;
    system.broker.publish(&body((0..7).map(|_| event("p1", "hello")))).await;
    until_responded(&system, status).await;
    let api = broadcaster.api();
    eventually("the broadcaster is unready", async || {
        (api.get("/health/ready").await.status == 503).then_some(())
    })
    .await;
    let calls = format!(r#"chat_broadcaster_calls_total{{outcome="{outcome}"}}"#);
    assert!(api.metric(&calls).await >= 1, "{status}");
    eventually("the age of the oldest event is shown", async || {
        (api.metric("chat_broadcaster_oldest_held_seconds").await >= 1).then_some(())
    })
    .await;
    system.pusher.behave().await;
    until_accepted(&system, 14).await;
    eventually("no event is in flight", async || {
        (api.metric("chat_broadcaster_oldest_held_seconds").await == 0).then_some(())
    })
    .await;
    broadcaster.stop().await;
    assert_eq!(dead_letters(&system).await, Some(0), "{status}");
    all_acknowledged(&system).await;
}

/// As by a proxy that rejects every call: its rejections are not Pusher's.
#[tokio::test(flavor = "multi_thread")]
async fn no_message_is_dead_lettered_while_every_call_is_rejected() {
    join_all([400, 413].map(async |status| {
        let system = system().await;
        let broadcaster = system.broadcaster().await;
        system.pusher.fault(&json!({ "kind": "status", "status": status })).await;
        for _ in 0..3 {
            system.broker.publish(&body((0..7).map(|_| event("p1", "hello")))).await;
        }
        let api = broadcaster.api();
        eventually("readiness shows the outage", async || {
            let probes = r#"chat_broadcaster_calls_total{outcome="unavailable"}"#;
            let is_unready = api.get("/health/ready").await.status == 503;
            (is_unready && api.metric(probes).await >= 3).then_some(())
        })
        .await;
        assert_eq!(dead_letters(&system).await, Some(0), "{status}");
        system.pusher.behave().await;
        until_accepted(&system, 42).await;
        broadcaster.stop().await;
        assert_eq!(dead_letters(&system).await, Some(0), "{status}");
        all_acknowledged(&system).await;
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_broadcast_after_pusher_closes_refuses_or_hangs() {
    join_all(["close", "refuse", "hang"].map(async |fault| {
        let system = system().await;
        let broadcaster = system.broadcaster_with(&["--pusher-timeout=200ms"]).ready().await;
        system.pusher.fault(&json!({ "kind": fault, "times": 2 })).await;
        system.broker.publish(&body([event("p1", "hello")])).await;
        until_accepted(&system, 2).await;
        broadcaster.stop().await;
        assert_eq!(dead_letters(&system).await, Some(0), "{fault}");
        all_acknowledged(&system).await;
    }))
    .await;
}

/// Without the response it is unknown whether Pusher accepted the events: at least once.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_response_is_lost_is_repeated() {
    let system = system().await;
    let broadcaster = system.broadcaster().await;
    system.pusher.fault(&json!({ "kind": "lost", "times": 1 })).await;
    system.broker.publish(&body([event("p1", "hello")])).await;
    until_accepted(&system, 4).await;
    broadcaster.stop().await;
    all_acknowledged(&system).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broadcaster_killed_while_pusher_is_down_loses_no_message() {
    let system = system().await;
    let broadcaster = system.broadcaster().await;
    system.pusher.fault(&json!({ "kind": "status", "status": 500 })).await;
    system.broker.publish(&body((0..20).map(|_| event("p1", "hello")))).await;
    until_responded(&system, 500).await;
    broadcaster.kill().await;
    system.pusher.behave().await;
    let broadcaster = system.broadcaster().await;
    until_accepted(&system, 40).await;
    broadcaster.stop().await;
    all_acknowledged(&system).await;
}
