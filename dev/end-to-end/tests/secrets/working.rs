//! A system that works, with its secrets in files.

use std::fs;

use reqwest::Client;
use serde_json::{Value, json};
use test_support::{Authority, ChildProcess, Collector, System, eventually};

use crate::planted::{Planted, SECRETS, is_not_in, unheard_of};

#[tokio::test(flavor = "multi_thread")]
async fn a_system_that_works_tells_neither_its_secrets_nor_what_was_written() {
    works_in_silence("trace", false).await;
}

/// An operator may name a library, and then sees what it does.
#[tokio::test(flavor = "multi_thread")]
async fn a_library_that_is_named_tells_no_secret_either() {
    let libraries = [
        "actix_http",
        "actix_server",
        "actix_web",
        "amq_protocol",
        "diesel_async",
        "hyper",
        "hyper_util",
        "lapin",
        "reqwest",
        "rustls",
        "tokio_postgres",
    ];
    let named = libraries.map(|library| format!(",{library}=trace")).concat();
    works_in_silence(&format!("trace{named}"), true).await;
}

/// Leads a message through a system that logs what `filter` says. It may be in the log only if the
/// operator `asked_for` it.
async fn works_in_silence(filter: &str, asked_for: bool) {
    let (system, authority, content) = (System::new().await, Authority::new(), unheard_of());
    let mut planted = Planted::right(&system);
    planted.set("RUST_LOG", filter);
    let collector = Collector::start();
    planted.set("OTEL_EXPORTER_OTLP_ENDPOINT", collector.address());
    let mut local_pusher = ChildProcess::start(planted.program(&["local-pusher"]));
    let pusher = local_pusher.log_field("address").await;
    let encrypted = authority.vouch_for("localhost").stand_before(pusher.parse().unwrap()).await;
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

    let told = eventually("the collector is told of every service", async || {
        let spans = collector.spans();
        let tells = |service: &&str| spans.iter().any(|span| span.service == **service);
        ["gateway", "persister", "broadcaster"].iter().all(tells).then_some(spans)
    });
    let told = format!("{:?}", told.await);
    is_not_in(&content, "a span", &told);
    planted.are_not_in("a span", &told);

    planted.are_not_in("an answer", &answers.concat());
    let (_, signature) = token.rsplit_once('.').unwrap();
    let processes = [
        ("gateway", gateway),
        ("persister", persister),
        ("broadcaster", broadcaster),
        ("local-pusher", local_pusher),
    ];
    for (who, process) in processes {
        let said = process.output();
        assert!(said.contains("TRACE"), "{who} logs all: {said}");
        planted.are_not_in(who, &said);
        is_not_in(signature, who, &said);
        if !asked_for {
            is_not_in(&content, who, &said);
        }
    }
}
