//! What a gateway shows its operators, and nobody else.

use test_support::{Api, System};

/// The public reaches the gateway's own address.
#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_served_at_an_address_of_their_own_and_nothing_else_there() {
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
    assert_eq!(api.metric("chat_gateway_send_seconds_count").await, 0);
    assert_eq!(api.send_as_player("p1", "hello").await.status, 202);
    assert_eq!(api.metric("chat_gateway_send_seconds_count").await, 1);
}
