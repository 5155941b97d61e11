//! Services that no server accepts.

use std::net::TcpListener;

use chat::event::Event;
use serde_json::json;
use test_support::{Api, ChildProcess, System, body, message};

use crate::planted::{Planted, assert_absent, unique_text};

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_connection_is_logged_without_its_password() {
    let system = System::new().await;
    let planted = Planted::invalid(&system);
    for words in [
        &["persister", "migrate"][..],
        &["persister", "dead-letters", "list"],
        &["broadcaster", "dead-letters", "list"],
    ] {
        let (status, output) = ChildProcess::start(planted.program(words)).wait().await;
        assert!(!status.success() && !output.is_empty(), "{words:?}: {output}");
        planted.assert_absent(&words.join(" "), &output);
    }

    let mut gateway = ChildProcess::start(planted.program(&["gateway"]));
    let api = Api::new(format!("http://{}", gateway.log_field("listen").await), String::new());
    let api = api.with_token(&planted.token());
    let content = unique_text();
    gateway.wait_for_output("outage").await;
    assert_eq!(api.send_as_player("p1", &content).await.status, 503);
    assert_eq!(api.conversation("p1", "").await.status, 503);
    let invalid = json!({ "playerId": 7, "senderType": "player", "content": content });
    assert_eq!(api.send(&invalid).await.status, 400);
    let broken = format!("{{\"content\": \"{content}");
    let path = "/api/staff-chat-integration/send";
    let answer = api.post_raw(path, "application/json", broken.into_bytes()).await;
    assert_eq!(answer.status, 400);

    let mut persister = ChildProcess::start(planted.program(&["persister"]));
    persister.wait_for_output("outage").await;
    for (service, process) in [("gateway", gateway), ("persister", persister)] {
        planted.assert_absent(service, &process.output());
        assert_absent(&content, service, &process.output());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_logs_failures_without_secrets_and_contents() {
    let system = System::new().await;
    // Declares the queues.
    system.broadcaster().await.stop().await;
    let content = unique_text();
    system.broker.publish(&body([Event::Message(Box::new(message("p1", &content)))])).await;

    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    // The test's Pusher has another secret.
    for (pusher, cause) in [(system.pusher.addr(), "401"), (closed, "refused")] {
        let mut planted = Planted::valid(&system);
        planted.set("PUSHER_SCHEME", "http");
        planted.set("PUSHER_HOST", pusher.ip().to_string());
        planted.set("PUSHER_PORT", pusher.port().to_string());
        let mut broadcaster = ChildProcess::start(planted.program(&["broadcaster"]));
        broadcaster.wait_for_output("outage").await;
        let output = broadcaster.output();
        assert!(output.contains(cause), "{output}");
        planted.assert_absent("broadcaster", &output);
        assert_absent(&content, "broadcaster", &output);
    }

    let poison = format!(r#"{{"version":1,"events":[{{"message":"{content}"}}]}}"#);
    system.broker.publish(poison.as_bytes()).await;
    let planted = Planted::valid(&system);
    for service in ["persister", "broadcaster"] {
        let mut worker = ChildProcess::start(planted.program(&[service]));
        worker.wait_for_output("an event goes to the dead letters").await;
        assert_absent(&content, service, &worker.output());
    }

    let mut planted = Planted::invalid(&system);
    planted.set("AMQP_URL", system.broker.url.clone());
    let mut persister = ChildProcess::start(planted.program(&["persister"]));
    persister.wait_for_output("outage").await;
    planted.assert_absent("persister", &persister.output());
}
