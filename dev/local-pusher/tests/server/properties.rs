//! After any input, over HTTP or a WebSocket, the server serves the next client.

use futures_util::SinkExt;
use local_pusher::Server;
use proptest::{collection::vec, prelude::*, sample::select, test_runner::TestCaseResult};
use serde_json::{Value, json};
use test_support::hostile::{always, any_bytes, nearly};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    runtime::Runtime,
    time::timeout,
};
use tokio_tungstenite::{connect_async, tungstenite::Message};

use crate::{
    harness::{LIMIT, start},
    http::{call, sign, trigger},
    websocket::connect,
};

#[test]
fn the_server_survives_any_bytes_on_a_connection() {
    let handshake =
        b"GET /app/the-key?protocol=7 HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\n\
        Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let bytes = prop_oneof![
        any_bytes(),
        any_bytes().prop_map(|frames| [&handshake[..], &frames].concat()),
        any_bytes().prop_map(|rest| [&b"POST /apps/3/events?"[..], &rest].concat()),
    ];
    always_served(40, &bytes, async |server, bytes| {
        let mut stream = TcpStream::connect(server.addr()).await.unwrap();
        stream.write_all(&bytes).await.ok();
        stream.shutdown().await.ok();
        let mut answer = Vec::new();
        timeout(LIMIT, stream.read_to_end(&mut answer)).await.unwrap().ok();
        prop_assert!(!answer.starts_with(b"HTTP/1.1 5"), "{}", String::from_utf8_lossy(&answer));
        Ok(())
    });
}

#[test]
fn any_signed_call_is_answered() {
    let calls = prop_oneof![
        3 => nearly(triggers()).prop_map(|body| ("/apps/3/events", body)),
        3 => nearly(batches()).prop_map(|body| ("/apps/3/batch_events", body)),
        1 => any_bytes().prop_map(|body| ("/apps/3/events", body)),
    ];
    always_served(50, &calls, async |server, (path, body)| {
        let target = sign("POST", path, &body);
        let answer = call(server.addr(), "POST", &target, &body).await;
        prop_assert!(answer.status < 500, "{:?}", answer);
        Ok(())
    });
}

#[test]
fn any_control_call_is_answered() {
    let orders = (
        select(vec![
            ("PUT", "/control/fault"),
            ("PUT", "/control/fault"),
            ("PUT", "/control/fault"),
            ("POST", "/control/disconnect"),
            ("GET", "/control/accepted"),
            ("GET", "/control/connections"),
        ]),
        prop_oneof![Just(String::new()), "[ -~]{0,60}".prop_map(|query| escaped(&query))],
        nearly(vec![
            json!({"kind": "status", "status": 500, "retryAfterSeconds": 2, "times": 10}),
            json!({"kind": "delay", "milliseconds": 20, "forMilliseconds": 50}),
            json!({"kind": "hang"}),
            json!({"refuseForMilliseconds": 1}),
            json!({}),
        ]),
    );
    let runtime = Runtime::new().unwrap();
    always(&runtime, 250, &orders, async |((method, path), query, body)| {
        // Its own server: a fault may last for a thousand years.
        let server = start();
        let target = format!("{path}?{query}");
        let answer = call(server.addr(), method, &target, &body).await;
        prop_assert!(answer.status < 500, "{:?}", answer);
        let lifted = call(server.addr(), "DELETE", "/control/fault", "").await;
        prop_assert_eq!(lifted.status, 204);
        prop_assert_eq!(trigger(server.addr(), "c", "e").await.status, 200);
        server.stop().await.unwrap();
        Ok(())
    });
}

#[test]
fn the_server_survives_any_messages_of_a_client() {
    let message = prop_oneof![
        4 => nearly(messages()).prop_map(|text| match String::from_utf8(text) {
            Ok(text) => Message::text(text),
            Err(error) => Message::binary(error.into_bytes()),
        }),
        1 => any::<String>().prop_map(Message::text),
        1 => any_bytes().prop_map(Message::binary),
        1 => vec(any::<u8>(), 0..125).prop_map(|bytes| Message::Ping(bytes.into())),
        1 => vec(any::<u8>(), 0..125).prop_map(|bytes| Message::Pong(bytes.into())),
    ];
    let target = prop_oneof![
        4 => Just("/app/the-key?protocol=7".to_owned()),
        1 => "[ -~]{0,60}".prop_map(|key| format!("/app/{}?protocol=7", escaped(&key))),
        1 => "[ -~]{0,60}".prop_map(|version| format!("/app/the-key?protocol={}", escaped(&version))),
    ];
    always_served(50, &(target, vec(message, 0..20)), async |server, (target, messages)| {
        let url = format!("ws://{}{target}", server.addr());
        let Ok((mut stream, _)) = connect_async(url).await else { return Ok(()) };
        for message in messages {
            // The server may have closed the connection.
            stream.send(message).await.ok();
        }
        Ok(())
    });
}

/// Checks that `property` holds for a server, and that it serves another client after each case.
fn always_served<Inputs: Strategy>(
    cases: u32,
    inputs: &Inputs,
    property: impl AsyncFn(&Server, Inputs::Value) -> TestCaseResult,
) {
    let runtime = Runtime::new().expect("a runtime");
    let server = runtime.block_on(async { start() });
    always(&runtime, cases, inputs, async |input| {
        property(&server, input).await?;
        let mut client = connect(server.addr()).await;
        client.subscribe("well-behaved").await;
        let subscribed = client.next().await;
        prop_assert_eq!(&subscribed["event"], "pusher_internal:subscription_succeeded");
        prop_assert_eq!(trigger(server.addr(), "well-behaved", "e").await.status, 200);
        prop_assert_eq!(&client.next().await["event"], "e");
        Ok(())
    });
    runtime.block_on(server.stop()).expect("an end");
}

fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn triggers() -> Vec<Value> {
    vec![
        json!({"name": "e", "channel": "c", "data": "{}", "socket_id": "1.2"}),
        json!({"name": "e", "channels": ["c", "private-c"], "data": "{}"}),
    ]
}

fn batches() -> Vec<Value> {
    vec![json!({"batch": [
        {"name": "e", "channel": "c", "data": "{}", "socket_id": "1.2"},
        {"name": "e", "channel": "presence-c", "data": "{}"},
    ]})]
}

fn messages() -> Vec<Value> {
    let member = json!({"user_id": "7", "user_info": {"name": "Bo"}}).to_string();
    vec![
        json!({"event": "pusher:subscribe", "data": {"channel": "c"}}),
        json!({"event": "pusher:subscribe", "data": {"channel": "private-c", "auth": "the-key:0a"}}),
        json!({"event": "pusher:subscribe", "data": {
            "channel": "presence-c", "auth": "the-key:0a", "channel_data": member,
        }}),
        json!({"event": "pusher:unsubscribe", "data": {"channel": "c"}}),
        json!({"event": "pusher:ping", "data": {}}),
        json!({"event": "pusher:pong"}),
        json!({"event": "pusher:signin", "data": {"auth": "a:b", "user_data": "{}"}}),
        json!({"event": "client-e", "channel": "private-c", "data": {}}),
    ]
}
