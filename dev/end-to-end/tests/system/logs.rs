//! The services' logs.

use std::process::Command;

use serde_json::{Value, json};
use test_support::{
    Api, ChildProcess, JWT_SECRET, System, eventually,
    fake_pusher::{FakePusher, rejecting},
    program, token,
};
use tokio::net::TcpListener;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// A program of `system` that logs JSON with the filter `filter`.
pub fn logging(system: &System, name: &str, filter: &str) -> Command {
    let mut command = program(&[name]);
    let pusher = system.pusher.addr();
    command.envs([
        ("LOG_FORMAT", "json"),
        ("RUST_LOG", filter),
        ("GATEWAY_LISTEN", "127.0.0.1:0"),
        ("GATEWAY_METRICS_LISTEN", "127.0.0.1:0"),
        ("PERSISTER_LISTEN", "127.0.0.1:0"),
        ("BROADCASTER_LISTEN", "127.0.0.1:0"),
        ("AMQP_URL", &system.broker.url),
        ("QUEUE_PREFIX", &system.broker.prefix),
        ("BROKER_TIMEOUT", "10s"),
        ("SEND_TIMEOUT", "20s"),
        ("DATABASE_URL", &system.database.url),
        ("AUTH_MODE", "off"),
        ("PUSHER_APP_ID", "app"),
        ("PUSHER_KEY", "key"),
        ("PUSHER_SECRET", "secret"),
        ("PUSHER_CHANNEL_ACCESS", "private"),
        ("PUSHER_SCHEME", "http"),
        ("PUSHER_HOST", &pusher.ip().to_string()),
        ("PUSHER_PORT", &pusher.port().to_string()),
    ]);
    command
}

/// The lines of `process`, each an event in JSON.
pub fn lines(process: &ChildProcess) -> Vec<Value> {
    let json = |line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
    process.output().lines().map(json).collect()
}

/// Waits for a line that has all of `fields`.
pub async fn line_with(process: &ChildProcess, fields: Value) -> Value {
    let has = |line: &Value| fields.as_object().unwrap().iter().all(|(k, v)| line[k] == *v);
    let condition = format!("a line with {fields}");
    eventually(&condition, async || lines(process).into_iter().find(|line| has(line))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_send_is_logged_with_its_ids_and_an_outage_once() {
    let system = System::new().await;
    // A RabbitMQ that closes every connection.
    let broker = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut command = logging(&system, "gateway", "off,gateway=debug,service=info");
    command.env("AMQP_URL", format!("amqp://{}", broker.local_addr().unwrap()));
    let gateway = ChildProcess::start(command);
    let started = line_with(&gateway, json!({ "message": "gateway started" })).await;
    for _ in 0..6 {
        drop(broker.accept().await.unwrap());
    }

    let id = "018bcfe5-6800-7000-8000-000000000001";
    let api = Api::new(format!("http://{}", started["listen"].as_str().unwrap()), String::new());
    let api = api.with_header("traceparent", &format!("00-{TRACE}-b7ad6b7169203331-01"));
    let message =
        json!({ "messageId": id, "playerId": "p1", "senderType": "player", "content": "hush" });
    assert_eq!(api.send(&message).await.status, 503);
    assert_eq!(api.send(&json!({ "playerId": 7 })).await.status, 400);
    let refused = json!({ "level": "DEBUG", "messageId": id, "trace_id": TRACE });
    line_with(&gateway, refused).await;
    line_with(&gateway, json!({ "error.type": "not-accepted", "http.response.status_code": 503 }))
        .await;
    line_with(&gateway, json!({ "error.type": "invalid-field", "http.response.status_code": 400 }))
        .await;

    let lines = lines(&gateway);
    let outages: Vec<_> = lines.iter().filter(|line| line["message"] == "outage").collect();
    assert_eq!(outages.len(), 1, "{outages:#?}");
    assert_eq!(
        (&outages[0]["level"], &outages[0]["dependency"]),
        (&json!("ERROR"), &json!("broker"))
    );
    assert!(outages[0]["exception.message"].is_string(), "{outages:#?}");
    let targets = ["gateway", "service"];
    for line in &lines {
        let target = line["target"].as_str().unwrap();
        assert!(targets.contains(&target.split("::").next().unwrap()), "{line}");
        assert!(target.starts_with("gateway") || line["level"] != "DEBUG", "{line}");
    }
    assert!(!gateway.output().contains("hush"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_of_the_database_is_logged_once_and_without_a_read() {
    let system = System::new().await;
    let mut command = logging(&system, "gateway", "info");
    command.env("DATABASE_URL", "postgres://chat@127.0.0.1:1/nothing");
    let gateway = ChildProcess::start(command);
    let started = line_with(&gateway, json!({ "message": "gateway started" })).await;
    let outage = json!({ "message": "outage", "dependency": "database" });
    line_with(&gateway, outage).await;
    let api = Api::new(format!("http://{}", started["listen"].as_str().unwrap()), String::new());
    for _ in 0..3 {
        assert_eq!(api.conversation("p1", "").await.status, 503);
    }
    let outage = |line: &&Value| line["message"] == "outage" && line["dependency"] == "database";
    assert_eq!(lines(&gateway).iter().filter(outage).count(), 1, "{}", gateway.output());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_pusher_rejects_is_logged_with_its_ids() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    let pusher = FakePusher::start(rejecting(&["message-sent"])).await;
    let mut command = logging(&system, "broadcaster", "warn");
    command.env("PUSHER_HOST", pusher.addr.ip().to_string());
    command.env("PUSHER_PORT", pusher.addr.port().to_string());
    let broadcaster = ChildProcess::start(command);
    let api = gateway.api().with_header("traceparent", &format!("00-{TRACE}-b7ad6b7169203331-01"));
    let sent = api.send_as_player("p1", "hush").await;
    let line = json!({ "messageId": sent.json["messageId"], "trace_id": TRACE, "level": "WARN" });
    let line = line_with(&broadcaster, line).await;
    assert!(line["reason"].as_str().unwrap().starts_with("Pusher refused it with 400"), "{line}");
    assert!(!broadcaster.output().contains("hush"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_id_another_message_has_is_logged_with_its_ids() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    // A client's error is logged at debug.
    let persister = ChildProcess::start(logging(&system, "persister", "warn,persister=debug"));
    let id = "018bcfe5-6800-7000-8000-000000000002";
    let api = gateway.api().with_header("traceparent", &format!("00-{TRACE}-b7ad6b7169203331-01"));
    for content in ["hush", "hush, again"] {
        let message = json!({ "messageId": id, "playerId": "p1", "senderType": "player", "content": content });
        assert_eq!(api.send(&message).await.status, 202);
    }
    let line = json!({ "messageId": id, "trace_id": TRACE, "message": "an event is not written, since another one has its id" });
    line_with(&persister, line).await;
    assert!(!persister.output().contains("hush"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_logged_with_its_route_and_a_hash_of_its_user_and_without_its_content() {
    let system = System::new().await;
    let mut command = logging(&system, "gateway", "info");
    command.envs([
        ("REQUEST_LOG", "on"),
        ("AUTH_MODE", "jwt"),
        ("AUTH_JWT_SECRET", JWT_SECRET),
        ("TRUSTED_PROXIES", "127.0.0.1/32"),
    ]);
    let gateway = ChildProcess::start(command);
    let started = line_with(&gateway, json!({ "message": "gateway started" })).await;
    let api = Api::new(format!("http://{}", started["listen"].as_str().unwrap()), String::new());
    let api = api.with_header("x-forwarded-for", "192.0.2.7");
    let token = token("player", "player-nineteen");
    let player = api.with_token(&token);
    assert_eq!(player.conversation("player-nineteen", "limit=5").await.status, 200);
    assert_eq!(player.send_as_player("another-player", "hush").await.status, 403);
    assert_eq!(api.conversation("player-nineteen", "").await.status, 401);
    assert_eq!(api.get("/not/a/path/of/player-nineteen").await.status, 404);
    assert_eq!(api.get("/health/live").await.status, 200);

    let hashing = ["gateway", "user-hash", "--role=player", "--subject=player-nineteen"];
    let hash = program(&hashing).env("PUSHER_SECRET", "secret").output().unwrap();
    let hash = String::from_utf8(hash.stdout).unwrap();
    let read = json!({
        "message": "request",
        "http.request.method": "GET",
        "http.route": "/api/unified-chat/conversations/{player_id}",
        "http.response.status_code": 200,
        "client.address": "192.0.2.7",
        "user.hash": hash.trim(),
    });
    let read = line_with(&gateway, read).await;
    assert!(read["http.server.request.duration"].as_f64().unwrap() > 0.0, "{read}");
    let send = json!({
        "http.request.method": "POST",
        "http.route": "/api/staff-chat-integration/send",
        "http.response.status_code": 403,
        "user.hash": hash.trim(),
    });
    line_with(&gateway, send).await;
    let unauthenticated = line_with(&gateway, json!({ "http.response.status_code": 401 })).await;
    assert_eq!(unauthenticated["user.hash"], Value::Null);
    let unknown = line_with(&gateway, json!({ "http.response.status_code": 404 })).await;
    assert_eq!(unknown["http.route"], Value::Null);
    let output = gateway.output();
    for hidden in ["player-nineteen", "hush", &token, "/health/live"] {
        assert!(!output.contains(hidden), "{hidden}: {output}");
    }
}
