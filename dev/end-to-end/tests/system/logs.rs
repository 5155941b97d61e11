//! The services' logs.

use std::process::Command;

use serde_json::{Value, json};
use test_support::{
    Api, ChildProcess, System, eventually,
    fake_pusher::{FakePusher, rejecting},
    program,
};
use tokio::net::TcpListener;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// A program of `system` that logs JSON with the filter `filter`.
fn logging(system: &System, name: &str, filter: &str) -> Command {
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
fn lines(process: &ChildProcess) -> Vec<Value> {
    let json = |line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
    process.output().lines().map(json).collect()
}

/// Waits for a line that has all of `fields`.
async fn line_with(process: &ChildProcess, fields: Value) -> Value {
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
    let refused = json!({ "level": "DEBUG", "messageId": id, "traceId": TRACE });
    line_with(&gateway, refused).await;
    line_with(&gateway, json!({ "problem": "not-accepted", "status": 503 })).await;
    line_with(&gateway, json!({ "problem": "invalid-field", "status": 400 })).await;

    let lines = lines(&gateway);
    let outages: Vec<_> = lines.iter().filter(|line| line["message"] == "outage").collect();
    assert_eq!(outages.len(), 1, "{outages:#?}");
    assert_eq!(
        (&outages[0]["level"], &outages[0]["dependency"]),
        (&json!("ERROR"), &json!("broker"))
    );
    assert!(outages[0]["cause"].is_string(), "{outages:#?}");
    let targets = ["gateway", "service"];
    for line in &lines {
        let target = line["target"].as_str().unwrap();
        assert!(targets.contains(&target.split("::").next().unwrap()), "{line}");
        assert!(target.starts_with("gateway") || line["level"] != "DEBUG", "{line}");
    }
    assert!(!gateway.output().contains("hush"));
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_reads_with_one_cause_are_logged_once() {
    let system = System::new().await;
    let mut command = logging(&system, "gateway", "info");
    command.env("DATABASE_URL", "postgres://chat@127.0.0.1:1/nothing");
    let gateway = ChildProcess::start(command);
    let started = line_with(&gateway, json!({ "message": "gateway started" })).await;
    let api = Api::new(format!("http://{}", started["listen"].as_str().unwrap()), String::new());
    for _ in 0..3 {
        assert_eq!(api.conversation("p1", "").await.status, 503);
    }
    let database = |line: &&Value| line["dependency"] == "database";
    assert_eq!(lines(&gateway).iter().filter(database).count(), 1, "{}", gateway.output());
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
    let line = json!({ "messageId": sent.json["messageId"], "traceId": TRACE, "level": "WARN" });
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
    let line = json!({ "messageId": id, "traceId": TRACE, "message": "an event is not written, since another one has its id" });
    line_with(&persister, line).await;
    assert!(!persister.output().contains("hush"));
}
