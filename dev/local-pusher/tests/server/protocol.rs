//! The WebSocket protocol without channels.

use std::time::Duration;

use local_pusher::Settings;
use serde_json::json;

use crate::{
    harness::{app, eventually, start, start_with},
    http::{call, post},
    websocket::{connect, data_of, open},
};

#[tokio::test]
async fn the_greeting_has_the_socket_id() {
    let server = start();
    let mut client = open(server.addr(), "/app/the-key?protocol=7").await;
    let data = data_of(&client.next().await);
    assert_eq!(data["activity_timeout"], 120);
    let id = data["socket_id"].as_str().unwrap();
    let (left, right) = id.split_once('.').unwrap();
    assert!(left.parse::<u64>().is_ok() && right.parse::<u64>().is_ok(), "{id}");
}

#[tokio::test]
async fn a_rejected_client_receives_the_code() {
    let server = start();
    for (target, code) in [
        ("/app/other-key?protocol=7", 4001),
        ("/app/the-key?protocol=seven", 4006),
        ("/app/the-key?protocol=4", 4007),
        ("/app/the-key", 4008),
    ] {
        let mut client = open(server.addr(), target).await;
        assert_eq!(client.error_code().await, code, "{target}");
        assert_eq!(client.closed().await, Some(code), "{target}");
    }
}

#[tokio::test]
async fn a_ping_is_answered() {
    let server = start();
    connect(server.addr()).await.receives_nothing().await;
}

fn short_timeouts() -> Settings {
    Settings {
        activity_timeout: Duration::from_millis(50),
        pong_timeout: Duration::from_millis(50),
        ..Settings::new(app())
    }
}

#[tokio::test]
async fn an_idle_client_is_pinged_and_closed_without_an_answer() {
    let server = start_with(short_timeouts());
    let mut client = connect(server.addr()).await;
    assert_eq!(client.next().await["event"], "pusher:ping");
    assert_eq!(client.error_code().await, 4201);
    assert_eq!(client.closed().await, Some(4201));
}

#[tokio::test]
async fn a_client_that_answers_the_ping_stays() {
    let settings = Settings { pong_timeout: Duration::from_secs(60), ..short_timeouts() };
    let server = start_with(settings);
    let mut client = connect(server.addr()).await;
    for _ in 0..3 {
        assert_eq!(client.next().await["event"], "pusher:ping");
        client.send(&json!({"event": "pusher:pong", "data": {}})).await;
    }
}

#[tokio::test]
async fn an_invalid_message_is_answered_with_an_error_and_the_connection_stays() {
    let server = start();
    let mut client = connect(server.addr()).await;
    for text in [
        "no JSON",
        r#"{"data":{}}"#,
        r#"{"event":"pusher:subscribe","data":{"channel":"a b"}}"#,
        r#"{"event":"pusher:signin","data":{"auth":"a:b","user_data":"{}"}}"#,
    ] {
        client.send_text(text).await;
        assert_eq!(client.error_code().await, json!(null), "{text}");
    }
    client.receives_nothing().await;
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut() {
    let server = start();
    let addr = server.addr();
    let mut client = connect(addr).await;
    client.subscribe("flood").await;
    assert_eq!(client.next().await["event"], "pusher_internal:subscription_succeeded");

    let event = json!({"name": "e", "channel": "flood", "data": "x".repeat(10_000)});
    let batch = json!({"batch": vec![event; 10]});
    eventually("the client is cut", async || {
        assert_eq!(post(addr, "/apps/3/batch_events", &batch).await.status, 200);
        call(addr, "GET", "/control/connections", "").await.json()["connections"] == 0
    })
    .await;
}
