//! The services' logs in outages under load.

use std::{collections::BTreeMap, fs, time::Instant};

use serde_json::json;
use test_support::{Api, ChildProcess, JWT_SECRET, Proxy, System, eventually};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::logs::{line_with, lines, logging};

/// The calls of each kind during each outage.
const CALLS: usize = 200;

/// The most lines with the same message that a service may log in a minute: five outages of each of the
/// gateway's five dependencies.
const MOST_LINES: usize = 25;

#[tokio::test(flavor = "multi_thread")]
async fn outages_and_bad_requests_under_load_repeat_no_line_by_the_hundred() {
    let system = System::new().await;
    let database = Proxy::start(&system.database.server(), true).await;
    let broker = Proxy::start(&system.broker.server(), true).await;
    let directory = tempfile::tempdir().unwrap();
    let (store, away) = (directory.path().join("store"), directory.path().join("away"));
    fs::create_dir(&store).unwrap();
    let start = |name| {
        let mut command = logging(&system, name, "info");
        command.envs([
            ("DATABASE_URL", &*system.database.url_through(database.addr())),
            ("AMQP_URL", &system.broker.url_through(broker.addr())),
            ("SENDER_LIMIT", "0"),
            ("READER_LIMIT", "0"),
            ("ADDRESS_LIMIT", "0"),
            ("ATTACHMENT_STORE", store.to_str().unwrap()),
            ("ATTACHMENT_SECRET", JWT_SECRET),
            ("ATTACHMENT_UPLOADS_PER_HOUR", "0"),
            ("ATTACHMENTS_FOR", "any"),
            // Where no scanner listens.
            ("CLAMD_ADDRESS", "127.0.0.1:1"),
            ("MEMORY_LIMIT", "1GiB"),
        ]);
        ChildProcess::start(command)
    };
    let began = Instant::now();
    let services = ["gateway", "persister", "broadcaster"].map(|name| (name, start(name)));
    let [(_, gateway), (_, persister), (_, broadcaster)] = &services;
    let outage = || json!({ "message": "outage" });
    let started = line_with(gateway, json!({ "message": "gateway started" })).await;
    let api = Api::new(format!("http://{}", started["listen"].as_str().unwrap()), String::new());
    eventually("a message is accepted", async || {
        (api.try_send_as_player("p1", "first").await == Some(202)).then_some(())
    })
    .await;

    at_once(&api, 400, send_invalid).await;
    at_once(&api, 503, upload).await;
    fs::rename(&store, &away).unwrap();
    at_once(&api, 503, upload).await;
    fs::rename(&away, &store).unwrap();

    system.pusher.fault(&json!({ "kind": "status", "status": 500 })).await;
    at_once(&api, 202, send).await;
    line_with(broadcaster, outage()).await;
    system.pusher.behave().await;

    // Each read fails, and the next one succeeds.
    for _ in 0..CALLS / 4 {
        database.take_away();
        assert_eq!(api.conversation("p1", "").await.status, 503);
        database.bring_back();
        eventually("a read succeeds", async || {
            (api.conversation("p1", "").await.status == 200).then_some(())
        })
        .await;
    }
    database.take_away();
    at_once(&api, 503, read).await;
    at_once(&api, 202, send).await;
    line_with(persister, outage()).await;
    database.bring_back();

    broker.take_away();
    eventually("a send is refused", async || {
        (api.try_send_as_player("p1", "hello").await == Some(503)).then_some(())
    })
    .await;
    at_once(&api, 503, send).await;
    broker.bring_back();
    eventually("a message is accepted", async || {
        (api.try_send_as_player("p1", "last").await == Some(202)).then_some(())
    })
    .await;

    // A limit begins a new minute with the first line after the last one.
    let minutes = usize::try_from(began.elapsed().as_secs() / 60).unwrap() + 1;
    for (name, service) in &services {
        let mut counts = BTreeMap::<_, usize>::new();
        for line in lines(service) {
            *counts.entry(line["message"].to_string()).or_default() += 1;
        }
        let most = counts.values().max().copied().unwrap_or_default();
        assert!(most <= MOST_LINES * minutes, "{name}: {counts:#?}");
        assert!(counts.contains_key("\"outage\""), "{name}: {counts:#?}");
    }
}

/// Makes [`CALLS`] calls, eight at once, each of which is answered with `expected`.
async fn at_once<Call>(api: &Api, expected: u16, call: impl Fn(Api) -> Call)
where
    Call: Future<Output = u16> + Send + 'static,
{
    for _ in 0..CALLS / 8 {
        let calls: JoinSet<_> = (0..8).map(|_| call(api.clone())).collect();
        assert_eq!(calls.join_all().await, [expected; 8]);
    }
}

async fn upload(api: Api) -> u16 {
    let id = Uuid::now_v7();
    let path = format!("/api/unified-chat/conversations/p1/attachments/{id}?name=a.txt");
    api.put_raw(&path, "text/plain", b"hello".to_vec()).await.status
}

async fn send(api: Api) -> u16 {
    api.send_as_player("p1", "hello").await.status
}

async fn send_invalid(api: Api) -> u16 {
    api.send(&json!({ "playerId": 7 })).await.status
}

async fn read(api: Api) -> u16 {
    api.conversation("p1", "").await.status
}
