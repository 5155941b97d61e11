//! Cut connections, and clients that reconnect.

use serde_json::json;

use crate::{
    harness::start,
    http::{call, trigger},
    node::start_script,
    websocket::connect,
};

#[tokio::test]
async fn connections_are_counted_and_cut() {
    let server = start();
    let addr = server.addr();
    let (mut first, mut second) = (connect(addr).await, connect(addr).await);
    for client in [&mut first, &mut second] {
        client.subscribe("room").await;
        client.next().await;
    }
    let connections = call(addr, "GET", "/control/connections", "").await.json();
    assert_eq!(connections, json!({"connections": 2, "subscriptions": {"room": 2}}));

    let broken = call(addr, "POST", "/control/disconnect", "").await.json();
    assert_eq!(broken, json!({"disconnected": 2}));
    let connections = call(addr, "GET", "/control/connections", "").await.json();
    assert_eq!(connections, json!({"connections": 0, "subscriptions": {}}));
    assert_eq!(first.closed().await, None);
    assert_eq!(second.closed().await, None);
    connect(addr).await.receives_nothing().await;
}

#[tokio::test]
async fn new_connections_are_refused_for_the_ordered_time() {
    let server = start();
    let addr = server.addr();
    let url = format!("ws://{addr}/app/the-key?protocol=7");
    let disconnect = r#"{"refuseForMilliseconds":60000}"#;
    call(addr, "POST", "/control/disconnect", disconnect).await;
    assert!(tokio_tungstenite::connect_async(&url).await.is_err());
    call(addr, "POST", "/control/disconnect", r#"{"refuseForMilliseconds":0}"#).await;
    assert!(tokio_tungstenite::connect_async(&url).await.is_ok());
}

#[tokio::test]
async fn pusher_js_reconnects_and_subscribes_again() {
    let server = start();
    let addr = server.addr();
    let mut listener = start_script("listen.mjs", addr, &[("CHANNELS", "room")]);
    let first = listener.fact_with("connected").await;
    listener.fact_with("subscribed").await;
    let disconnect = r#"{"refuseForMilliseconds":200}"#;
    call(addr, "POST", "/control/disconnect", disconnect).await;
    let second = listener.fact_with("connected").await;
    assert_ne!(first, second);
    listener.fact_with("subscribed").await;
    trigger(addr, "room", "after-reconnect").await;
    listener.fact("the event", |fact| fact["event"] == "after-reconnect").await;
}
