use std::{
    fs,
    time::{Duration, Instant},
};

use serde_json::json;
use test_support::{Proxy, System, eventually};
use tokio::net::TcpListener;
use uuid::Uuid;

use super::{ANY, Caller, Files, assert_problem, path};

async fn until_attachments_are(caller: &Caller, state: &str) {
    eventually(&format!("attachments are {state}"), async || {
        let ready = caller.get("/health/ready").await;
        assert_eq!((ready.status, &ready.json["status"]), (200, &json!("ready")), "{ready:?}");
        (ready.json["dependencies"]["attachments"] == state).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_store_a_gateway_refuses_files_alone() {
    let system = System::new().await;
    let files = Files::start(&system, &[ANY]).await;
    let bo = files.bo();
    until_attachments_are(&bo, "up").await;
    let id = Uuid::now_v7();
    let token = bo.upload(id, "a.txt", "hello").await.json["token"].clone();
    assert_eq!(bo.send(json!({ "attachments": [token] })).await.status, 202);
    system.work_off(1).await;
    let url = bo.get(&path("p1", id)).await.json["url"].as_str().unwrap().to_owned();

    let directory = files.directory.path();
    let away = directory.with_extension("away");
    fs::rename(directory, &away).unwrap();
    // As where a volume is mounted, or by an upload that began before.
    fs::create_dir(directory).unwrap();
    let refused = bo.upload(Uuid::now_v7(), "a.txt", "hello").await;
    assert_problem(&refused, 503, "attachments-unavailable");
    assert_eq!(refused.headers["retry-after"], "1");
    assert_problem(&bo.get(&url).await, 503, "attachments-unavailable");
    let written = fs::read_dir(directory).unwrap().count();
    assert_eq!(written, 0, "nothing is written where no volume is mounted");
    assert_eq!(bo.send(json!({ "content": "hello" })).await.status, 202);
    assert_eq!(bo.get("/api/unified-chat/conversations/p1").await.status, 200);
    until_attachments_are(&bo, "down").await;
    let up = "chat_gateway_attachment_store_up{store=\"directory\"}";
    assert_eq!(files.gateway.api().metric(up).await, 0);

    fs::remove_dir(directory).unwrap();
    fs::rename(&away, directory).unwrap();
    until_attachments_are(&bo, "up").await;
    assert_eq!(bo.upload(id, "a.txt", "hello").await.status, 200);
    assert_eq!(bo.get(&url).await.status, 200);
    assert_eq!(files.gateway.api().metric(up).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn gateway_starts_without_its_store_and_uses_it_once_it_is_there() {
    let system = System::new().await;
    let directory = tempfile::tempdir().unwrap();
    let away = directory.path().with_extension("away");
    fs::rename(directory.path(), &away).unwrap();
    let gateway = Files::gateway(&system, &directory, &[ANY]).await;
    let files = Files { gateway, directory };
    let bo = files.bo();
    until_attachments_are(&bo, "down").await;
    assert_eq!(bo.upload(Uuid::now_v7(), "a.txt", "hello").await.status, 503);
    fs::rename(&away, files.directory.path()).unwrap();
    until_attachments_are(&bo, "up").await;
    assert_eq!(bo.upload(Uuid::now_v7(), "a.txt", "hello").await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_database_staff_upload_and_players_do_not() {
    let system = System::new().await;
    let proxy = Proxy::start(&system.database.server(), false).await;
    let through = format!("--database-url={}", system.database.url_through(proxy.addr()));
    let files = Files::start(&system, &[&through]).await;
    let refused = files.bo().upload(Uuid::now_v7(), "a.txt", "hello").await;
    assert_problem(&refused, 503, "attachments-unavailable");
    assert_eq!(files.ada().upload(Uuid::now_v7(), "a.txt", "hello").await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_scanner_is_away_no_file_is_stored() {
    let system = System::new().await;
    // A port on which nothing listens any more.
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let scanner = format!("--clamd-address={gone}");
    let files = Files::start(&system, &[ANY, &scanner]).await;
    let (bo, id) = (files.bo(), Uuid::now_v7());
    let began = Instant::now();
    assert_problem(&bo.upload(id, "a.txt", "hello").await, 503, "attachments-unavailable");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert!(!files.folder("p1", id).exists());
    assert_eq!(bo.send(json!({ "content": "hello" })).await.status, 202);
}
