//! A system that is kept out everywhere, and says so.

use std::net::TcpListener;

use chat::event::Event;
use serde_json::json;
use test_support::{Api, ChildProcess, System, body, message};

use crate::planted::{Planted, is_not_in, unheard_of};

#[tokio::test(flavor = "multi_thread")]
async fn who_is_refused_says_so_without_its_secret() {
    let system = System::new().await;
    let planted = Planted::wrong(&system);
    for words in [
        &["persister", "migrate"][..],
        &["persister", "dead-letters", "list"],
        &["broadcaster", "dead-letters", "list"],
    ] {
        let (status, said) = ChildProcess::start(planted.program(words)).wait().await;
        assert!(!status.success() && !said.is_empty(), "{words:?}: {said}");
        planted.are_not_in(&words.join(" "), &said);
    }

    let mut gateway = ChildProcess::start(planted.program(&["gateway"]));
    let api = Api::new(format!("http://{}", gateway.log_field("listen").await), String::new());
    let api = api.with_token(&planted.token());
    let content = unheard_of();
    gateway.wait_for_output("outage").await;
    assert_eq!(api.send_as_player("p1", &content).await.status, 503);
    assert_eq!(api.conversation("p1", "").await.status, 503);
    let wrong = json!({ "playerId": 7, "senderType": "player", "content": content });
    assert_eq!(api.send(&wrong).await.status, 400);
    let broken = format!("{{\"content\": \"{content}");
    let path = "/api/staff-chat-integration/send";
    let answer = api.post_raw(path, "application/json", broken.into_bytes()).await;
    assert_eq!(answer.status, 400);

    let mut persister = ChildProcess::start(planted.program(&["persister"]));
    persister.wait_for_output("outage").await;
    for (who, process) in [("gateway", gateway), ("persister", persister)] {
        planted.are_not_in(who, &process.output());
        is_not_in(&content, who, &process.output());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_refused_says_so_without_its_secret_or_the_message() {
    let system = System::new().await;
    // Makes the queues.
    system.broadcaster().await.stop().await;
    let content = unheard_of();
    system.broker.publish(&body([Event::Message(Box::new(message("p1", &content)))])).await;

    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    // That Pusher knows another secret.
    for (pusher, cause) in [(system.pusher.addr(), "401"), (closed, "refused")] {
        let mut planted = Planted::right(&system);
        planted.set("PUSHER_SCHEME", "http");
        planted.set("PUSHER_HOST", pusher.ip().to_string());
        planted.set("PUSHER_PORT", pusher.port().to_string());
        let mut broadcaster = ChildProcess::start(planted.program(&["broadcaster"]));
        broadcaster.wait_for_output("outage").await;
        let said = broadcaster.output();
        assert!(said.contains(cause), "{said}");
        planted.are_not_in("broadcaster", &said);
        is_not_in(&content, "broadcaster", &said);
    }

    let poison = format!(r#"{{"version":1,"events":[{{"message":"{content}"}}]}}"#);
    system.broker.publish(poison.as_bytes()).await;
    let planted = Planted::right(&system);
    for who in ["persister", "broadcaster"] {
        let mut worker = ChildProcess::start(planted.program(&[who]));
        worker.wait_for_output("an event goes to the dead letters").await;
        is_not_in(&content, who, &worker.output());
    }

    let mut planted = Planted::wrong(&system);
    planted.set("AMQP_URL", system.broker.url.clone());
    let mut persister = ChildProcess::start(planted.program(&["persister"]));
    persister.wait_for_output("outage").await;
    planted.are_not_in("persister", &persister.output());
}
