//! The effect of each fault on a caller.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{
    harness::{eventually, start},
    http::{accepted, call, receive, send, set_fault, sign, trigger},
    websocket::connect,
};

const EVENTS: &str = "/apps/3/events";

/// Triggers an event, and returns all bytes of the answer.
async fn bytes_of_answer(addr: std::net::SocketAddr) -> String {
    receive(send_event(addr).await).await
}

async fn send_event(addr: std::net::SocketAddr) -> tokio::net::TcpStream {
    let body = json!({"name": "e", "channel": "room", "data": "{}"}).to_string();
    send(addr, "POST", &sign("POST", EVENTS, &body), &body).await
}

#[tokio::test]
async fn a_status_is_answered_the_ordered_number_of_times() {
    let server = start();
    let addr = server.addr();
    let fault = json!({"kind": "status", "status": 503, "retryAfterSeconds": 2, "times": 2});
    set_fault(addr, &fault).await;
    for _ in 0..2 {
        let answer = trigger(addr, "room", "e").await;
        assert_eq!(answer.status, 503);
        assert!(answer.head.to_lowercase().contains("\r\nretry-after: 2"), "{}", answer.head);
    }
    assert_eq!(trigger(addr, "room", "e").await.status, 200);
    let counts = accepted(addr).await;
    assert_eq!(counts["events"], 1);
    assert_eq!(counts["byStatus"], json!({"200": 1, "503": 2}));
}

#[tokio::test]
async fn a_fault_ends_when_it_is_lifted() {
    let server = start();
    let addr = server.addr();
    set_fault(addr, &json!({"kind": "status", "status": 403})).await;
    assert_eq!(trigger(addr, "room", "e").await.status, 403);
    assert_eq!(call(addr, "DELETE", "/control/fault", "").await.status, 204);
    assert_eq!(trigger(addr, "room", "e").await.status, 200);
}

#[tokio::test]
async fn a_fault_ends_when_its_time_is_over() {
    let server = start();
    let addr = server.addr();
    set_fault(addr, &json!({"kind": "status", "status": 500, "forMilliseconds": 100})).await;
    eventually("the fault is over", async || trigger(addr, "room", "e").await.status == 200).await;
}

#[tokio::test]
async fn a_delayed_call_is_carried_out_later() {
    let server = start();
    let addr = server.addr();
    set_fault(addr, &json!({"kind": "delay", "milliseconds": 100})).await;
    let start = Instant::now();
    assert_eq!(trigger(addr, "room", "e").await.status, 200);
    assert!(start.elapsed() >= Duration::from_millis(100));
    assert_eq!(accepted(addr).await["events"], 1);
}

#[tokio::test]
async fn a_hanging_call_ends_with_its_fault() {
    let server = start();
    let addr = server.addr();
    set_fault(addr, &json!({"kind": "hang"})).await;
    let hanging = send_event(addr).await;
    eventually("the call hangs", async || accepted(addr).await["inFlight"] == 1).await;
    call(addr, "DELETE", "/control/fault", "").await;
    assert_eq!(receive(hanging).await, "");
    let counts = accepted(addr).await;
    assert_eq!(counts["byStatus"], json!({"none": 1}));
    assert_eq!(counts["events"], 0);
}

#[tokio::test]
async fn a_hanging_call_ends_with_its_caller() {
    let server = start();
    let addr = server.addr();
    set_fault(addr, &json!({"kind": "hang"})).await;
    let hanging = send_event(addr).await;
    eventually("the call hangs", async || accepted(addr).await["inFlight"] == 1).await;
    drop(hanging);
    eventually("the call ends", async || accepted(addr).await["inFlight"] == 0).await;
}

#[tokio::test]
async fn a_server_stops_while_calls_hang() {
    let server = start();
    let addr = server.addr();
    set_fault(addr, &json!({"kind": "hang"})).await;
    let hanging = send_event(addr).await;
    eventually("the call hangs", async || accepted(addr).await["inFlight"] == 1).await;
    server.stop().await.unwrap();
    assert_eq!(receive(hanging).await, "");
}

#[tokio::test]
async fn answers_are_cut_and_only_a_lost_call_is_accepted() {
    let server = start();
    let addr = server.addr();
    let mut listener = connect(addr).await;
    listener.subscribe("room").await;
    listener.next().await;
    for (kind, answer, events) in [("close", "HTTP/1.1 2", 0), ("refuse", "", 0), ("lost", "", 1)] {
        set_fault(addr, &json!({"kind": kind, "times": 1})).await;
        assert_eq!(bytes_of_answer(addr).await, answer, "{kind}");
        let counts = accepted(addr).await;
        assert_eq!(counts["events"], events, "{kind}");
        assert_eq!(counts["inFlight"], 0, "{kind}");
    }
    assert_eq!(listener.next().await["event"], "e");
    listener.receives_nothing().await;
    assert_eq!(accepted(addr).await["byStatus"], json!({"none": 3}));
}

#[tokio::test]
async fn a_fault_applies_to_the_http_api_only() {
    let server = start();
    let addr = server.addr();
    set_fault(addr, &json!({"kind": "refuse"})).await;
    assert_eq!(call(addr, "GET", "/health/live", "").await.status, 200);
    connect(addr).await.receives_nothing().await;
}

#[tokio::test]
async fn an_invalid_fault_is_answered_with_400() {
    let server = start();
    for fault in [json!({}), json!({"kind": "fire"}), json!({"kind": "delay"}), Value::Null] {
        let answer = call(server.addr(), "PUT", "/control/fault", &fault.to_string()).await;
        assert_eq!(answer.status, 400, "{fault}");
    }
}
