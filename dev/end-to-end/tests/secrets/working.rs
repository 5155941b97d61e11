//! A working system, with its secrets in files.

use std::fs;

use reqwest::Client;
use serde_json::{Value, json};
use test_support::{Authority, ChildProcess, SpanCollector, System, eventually};

use crate::planted::{Planted, SECRETS, assert_absent, unique_text};

#[tokio::test(flavor = "multi_thread")]
async fn a_working_system_logs_no_secret_and_no_content() {
    check_output("trace", false).await;
}

/// An operator may enable the logs of a library by name.
#[tokio::test(flavor = "multi_thread")]
async fn the_logs_of_libraries_contain_no_secret() {
    let libraries = [
        "actix_http",
        "actix_server",
        "actix_web",
        "amq_protocol",
        "diesel_async",
        "hyper",
        "hyper_util",
        "lapin",
        "object_store",
        "reqwest",
        "rustls",
        "tokio_postgres",
    ];
    let named = libraries.map(|library| format!(",{library}=trace")).concat();
    check_output(&format!("trace{named}"), true).await;
}

/// Sends a message through a system with the log filter `filter`, and searches all output. The
/// content may be logged only with `libraries_enabled`.
async fn check_output(filter: &str, libraries_enabled: bool) {
    let (system, authority, content) = (System::new().await, Authority::new(), unique_text());
    let mut planted = Planted::valid(&system);
    planted.set("RUST_LOG", filter);
    let collector = SpanCollector::start();
    planted.set("OTEL_EXPORTER_OTLP_ENDPOINT", collector.address());
    let mut local_pusher = ChildProcess::start(planted.program(&["local-pusher"]));
    let pusher = local_pusher.log_field("address").await;
    let encrypted = authority.issue("localhost").serve_tls(pusher.parse().unwrap()).await;
    planted.set("PUSHER_HOST", "localhost");
    planted.set("PUSHER_PORT", encrypted.port().to_string());

    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str| directory.path().join(name);
    for name in SECRETS {
        fs::write(file(name), format!("{}\n", planted.get(name))).unwrap();
    }
    let start = |words: &[&str]| {
        let mut command = planted.program(words);
        for name in SECRETS {
            command.env_remove(name).env(format!("{name}_FILE"), file(name));
        }
        ChildProcess::start(command)
    };
    let mut gateway = start(&["gateway"]);
    let persister = start(&["persister"]);
    let broadcaster = start(&["broadcaster", &authority.trusted()]);
    let (base, metrics) =
        (gateway.log_field("listen").await, gateway.log_field("metrics_listen").await);

    let (http, token) = (Client::new(), planted.token());
    let get = async |url: String| {
        http.get(url).bearer_auth(&token).send().await.unwrap().text().await.unwrap()
    };
    let mut answers = Vec::new();
    let message = json!({ "playerId": "p1", "senderType": "player", "content": content });
    let send = http
        .post(format!("http://{base}/api/staff-chat-integration/send"))
        .json(&message)
        .bearer_auth(&token);
    let sent = eventually("a send is accepted", async || {
        let sent = send.try_clone().unwrap().send().await.unwrap();
        if sent.status() == 202 { Some(sent.text().await.unwrap()) } else { None }
    });
    answers.push(sent.await);
    let history = eventually("the message is persisted", async || {
        let url = format!("http://{base}/api/unified-chat/conversations/p1");
        Some(get(url).await).filter(|history| history.contains(&content))
    });
    answers.push(history.await);
    eventually("the message is broadcast", async || {
        let accepted = get(format!("http://{pusher}/control/accepted")).await;
        let accepted: Value = serde_json::from_str(&accepted).unwrap();
        accepted["events"].as_u64().filter(|events| *events >= 2)
    })
    .await;
    let subscription = http
        .post(format!("http://{base}/api/pusher/auth"))
        .bearer_auth(&token)
        .header("content-type", "application/x-www-form-urlencoded")
        .body("socket_id=1.2&channel_name=private-encrypted-player-p1");
    let subscription = subscription.send().await.unwrap();
    assert_eq!(subscription.status(), 200);
    answers.push(subscription.text().await.unwrap());
    for path in ["/openapi.json", "/docs/", "/metrics", "/health/live", "/health/ready", "/nothing"]
    {
        answers.push(get(format!("http://{base}{path}")).await);
    }
    answers.push(get(format!("http://{metrics}/metrics")).await);

    let spans = eventually("the collector has spans of every service", async || {
        let spans = collector.spans();
        let is_traced = |service: &&str| spans.iter().any(|span| span.service == **service);
        ["gateway", "persister", "broadcaster"].iter().all(is_traced).then_some(spans)
    });
    let spans = format!("{:?}", spans.await);
    assert_absent(&content, "a span", &spans);
    planted.assert_absent("a span", &spans);

    planted.assert_absent("an answer", &answers.concat());
    let (_, signature) = token.rsplit_once('.').unwrap();
    let processes = [
        ("gateway", gateway),
        ("persister", persister),
        ("broadcaster", broadcaster),
        ("local-pusher", local_pusher),
    ];
    for (service, process) in processes {
        let output = process.output();
        assert!(output.contains("TRACE"), "{service} logs everything: {output}");
        planted.assert_absent(service, &output);
        assert_absent(signature, service, &output);
        if !libraries_enabled {
            assert_absent(&content, service, &output);
        }
    }
}
