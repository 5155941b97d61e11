use serde_json::json;
use test_support::body;

use crate::support::{all_acknowledged, event, system, until_accepted};

#[tokio::test(flavor = "multi_thread")]
async fn without_a_backlog_each_message_goes_out_alone() {
    let system = system().await;
    let broadcaster = system.broadcaster().await;
    for number in 1..=5 {
        system.broker.publish(&body([event("p1", &format!("{number}"))])).await;
        until_accepted(&system, number * 2).await;
    }
    let accepted = system.pusher.accepted().await;
    assert_eq!((&accepted["calls"], &accepted["maxEventsPerCall"]), (&json!(5), &json!(2)));
    broadcaster.stop().await;
    all_acknowledged(&system).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_backlog_calls_are_full_and_their_concurrency_is_bounded() {
    let system = system().await;
    system.pusher.fault(&json!({ "kind": "delay", "milliseconds": 20 })).await;
    for _ in 0..10 {
        system.broker.publish(&body((0..50).map(|_| event("p1", "hello")))).await;
    }
    let broadcaster = system.broadcaster_with(&["--broadcast-concurrency=3"]).ready().await;
    until_accepted(&system, 1_000).await;
    let accepted = system.pusher.accepted().await;
    assert_eq!(accepted["maxEventsPerCall"], 10);
    assert!(accepted["calls"].as_u64().unwrap() <= 110, "{}", accepted["calls"]);
    assert!(accepted["maxInFlight"].as_u64().unwrap() <= 3, "{}", accepted["maxInFlight"]);
    broadcaster.stop().await;
    all_acknowledged(&system).await;
}
