//! Failures of a dependency stay isolated, and its worker catches up.

use serde_json::json;
use test_support::{Proxy, System, eventually};

use crate::portal::Portal;

#[tokio::test(flavor = "multi_thread")]
async fn with_the_database_down_messages_are_accepted_and_broadcast_and_persisted_later() {
    let system = System::new().await;
    let proxy = Proxy::start(&system.database.server(), true).await;
    let through = format!("--database-url={}", system.database.url_through(proxy.addr()));
    let gateway = system.gateway_with(&[&through]).ready().await;
    let _persister = system.persister_with(&[&through]).ready().await;
    let _broadcaster = system.broadcaster().await;
    let mut player = Portal::subscribe(&system, &gateway, "player-p1").await;
    let api = gateway.api();

    proxy.take_away();
    for number in 0..10 {
        let content = format!("{number}");
        assert_eq!(api.send_as_player("p1", &content).await.status, 202);
        assert_eq!(player.receives("message-sent").await["content"], content);
    }
    assert_eq!(api.conversation("p1", "").await.status, 503);

    proxy.bring_back();
    assert_eq!(player.receives("session-updated").await["status"], "pending");
    eventually("all messages are persisted", async || {
        (api.conversation("p1", "").await.json["lastSeq"] == 10).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_pusher_down_messages_are_accepted_and_persisted_and_broadcast_later() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    let _persister = system.persister().await;
    let _broadcaster = system.broadcaster().await;
    let api = gateway.api();

    system.pusher.fault(&json!({ "kind": "status", "status": 500 })).await;
    for number in 0..10 {
        assert_eq!(api.send_as_player("p1", &format!("{number}")).await.status, 202);
    }
    eventually("all messages are persisted", async || {
        (api.conversation("p1", "").await.json["lastSeq"] == 10).then_some(())
    })
    .await;
    assert_eq!(system.pusher.accepted().await["events"], 0);

    system.pusher.behave().await;
    eventually("all messages are broadcast", async || {
        let by_event = &system.pusher.accepted().await["byEvent"];
        (by_event["new-player-message"] == 10 && by_event["message-sent"] == 10).then_some(())
    })
    .await;
}
