//! The gateway's metrics.

use broker::ConsumerKind;
use test_support::{Api, System};

/// The gateway's own address is public.
#[tokio::test(flavor = "multi_thread")]
async fn metrics_have_an_address_of_their_own_which_serves_nothing_else() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    let api = gateway.api();
    assert_eq!(api.get("/metrics").await.status, 404);
    let metrics = api.metrics().await.unwrap();
    let content_type = metrics.headers()["content-type"].to_str().unwrap();
    assert!(content_type.starts_with("application/openmetrics"), "{content_type}");

    let at_metrics = Api::new(format!("http://{}", gateway.metrics), String::new());
    for path in ["/health/ready", "/docs", "/api/unified-chat/conversations"] {
        assert_eq!(at_metrics.get(path).await.status, 404, "{path}");
    }
    let accepted = r#"chat_gateway_send_seconds_count{outcome="accepted"}"#;
    assert_eq!(api.metric(accepted).await, 0);
    assert_eq!(api.send_as_player("p1", "hello").await.status, 202);
    assert_eq!(api.metric(accepted).await, 1);
}

/// The number of series is bounded by the routes and statuses, whatever clients request.
#[tokio::test(flavor = "multi_thread")]
async fn requests_are_counted_by_route_and_not_by_the_requested_path() {
    let system = System::new().await;
    let gateway = system.gateway_with(&["--address-limit=1", "--address-burst=5"]).ready().await;
    let api = gateway.api();
    assert_eq!(api.get("/nothing/1").await.status, 404);
    assert_eq!(api.get("/nothing/2").await.status, 404);
    assert_eq!(api.send_as_player("p1", "hello").await.status, 202);
    assert_eq!(api.conversation("p1", "").await.status, 200);
    assert_eq!(api.conversation("p2", "limit=x").await.status, 400);
    assert_eq!(api.conversation("p3", "").await.status, 429);
    let conversation = "/api/unified-chat/conversations/{player_id}";
    for (route, status, count) in [
        ("/api/staff-chat-integration/send", 202, 1),
        (conversation, 200, 1),
        (conversation, 400, 1),
        (conversation, 429, 1),
        ("other", 404, 2),
    ] {
        let labels = format!(r#"route="{route}",status="{status}""#);
        let counted = api.metric(&format!("chat_gateway_requests_total{{{labels}}}")).await;
        assert_eq!(counted, count, "{labels}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn publishes_and_reads_are_counted_by_outcome() {
    let system = System::new().await;
    let gateway = system.gateway_with(&["--topology-check-interval=1h"]).ready().await;
    let api = gateway.api();
    assert_eq!(api.send_as_player("p1", "hello").await.status, 202);
    system.broker.delete(ConsumerKind::Broadcaster).await;
    assert_eq!(api.send_as_player("p1", "hello?").await.status, 503);
    for (outcome, count) in [("confirmed", 3), ("returned", 1), ("nacked", 0)] {
        let publishes = format!(r#"chat_gateway_publishes_total{{outcome="{outcome}"}}"#);
        assert_eq!(api.metric(&publishes).await, count, "{outcome}");
    }
    assert_eq!(api.metric(r#"chat_gateway_sends_total{outcome="refused"}"#).await, 1);

    assert_eq!(api.metric("chat_gateway_history_failures_total").await, 0);
    assert_eq!(api.conversation("p1", "").await.status, 200);
    assert_eq!(api.metric(r#"chat_gateway_database_connections{state="idle"}"#).await, 1);
    system.database.run("ALTER TABLE chat_conversations RENAME TO gone").await;
    assert_eq!(api.conversation("p1", "").await.status, 503);
    assert_eq!(api.metric("chat_gateway_history_failures_total").await, 1);
}
