use reqwest::header;
use test_support::{RunningService, System, eventually};
use uuid::Uuid;

use super::{ANY, Caller, Files, assert_problem, path};
use crate::{
    raw::Connection,
    tokens::{Issuer, player},
};

#[tokio::test(flavor = "multi_thread")]
async fn uploads_beyond_a_players_quota_are_answered_with_429() {
    let system = System::new().await;
    let files = Files::start(&system, &[ANY, "--attachment-uploads-per-hour=2"]).await;
    let (bo, first) = (files.bo(), Uuid::now_v7());
    assert_eq!(bo.upload(first, "a.txt", "hello").await.status, 201);
    // A repeat costs nothing.
    for _ in 0..3 {
        assert_eq!(bo.upload(first, "a.txt", "hello").await.status, 200);
    }
    assert_eq!(bo.upload(Uuid::now_v7(), "b.txt", "hello").await.status, 201);
    let third = bo.upload(Uuid::now_v7(), "c.txt", "hello").await;
    assert_problem(&third, 429, "too-many-uploads");
    let seconds = third.headers[header::RETRY_AFTER].to_str().unwrap().parse::<u64>().unwrap();
    assert!((1..=1_800).contains(&seconds), "{seconds}");
    let other = Caller::new(&files.gateway, Some(&player("p2")));
    assert_eq!(other.upload_of("p2", Uuid::now_v7(), "a.txt", "x").await.status, 201);
    assert_eq!(files.ada().upload(Uuid::now_v7(), "a.txt", "x").await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_beyond_a_players_quota_are_answered_with_429() {
    let system = System::new().await;
    let settings = [ANY, "--attachment-max-bytes=64KiB", "--attachment-bytes-per-hour=100KiB"];
    let files = Files::start(&system, &settings).await;
    let bo = files.bo();
    assert_eq!(bo.upload(Uuid::now_v7(), "a.txt", "a".repeat(60_000)).await.status, 201);
    let second = bo.upload(Uuid::now_v7(), "b.txt", "a".repeat(60_000)).await;
    assert_problem(&second, 429, "too-many-uploads");
    assert_eq!(bo.upload(Uuid::now_v7(), "c.txt", "hello").await.status, 201);
}

/// Begins an upload of `p1` of `length` bytes, of which it sends none.
async fn begin(gateway: &RunningService, length: usize) -> Connection {
    let mut connection = Connection::open(gateway).await;
    let token = Issuer::usual().token(&player("p1"));
    let head = format!(
        "PUT {}?name=a.txt HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {token}\r\n\
         content-length: {length}\r\n\r\n",
        path("p1", Uuid::now_v7())
    );
    connection.write(head.as_bytes()).await;
    connection
}

#[tokio::test(flavor = "multi_thread")]
async fn upload_without_room_gets_a_503_and_messages_are_accepted() {
    let system = System::new().await;
    let settings = [
        ANY,
        "--attachment-memory=2MiB",
        "--attachment-max-bytes=1MiB",
        "--attachment-uploads-per-hour=0",
    ];
    let files = Files::start(&system, &settings).await;
    let mut slow = begin(&files.gateway, 1024 * 1024).await;
    let bo = files.bo();
    let busy = eventually("the first upload has all memory", async || {
        let answer = bo.upload(Uuid::now_v7(), "a.txt", "hello").await;
        (answer.status == 503).then_some(answer)
    })
    .await;
    assert_problem(&busy, 503, "busy");
    assert!(busy.headers.contains_key(header::RETRY_AFTER));
    let sent = bo.send(serde_json::json!({ "content": "hello" })).await;
    assert_eq!(sent.status, 202);
    slow.write(&b"a".repeat(1024 * 1024)).await;
    assert_eq!(slow.status().await, 201);
    assert_eq!(bo.upload(Uuid::now_v7(), "a.txt", "hello").await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn upload_that_stalls_is_answered_with_408() {
    let system = System::new().await;
    let files = Files::start(&system, &[ANY, "--client-timeout=1s"]).await;
    let mut stalled = begin(&files.gateway, 1024 * 1024).await;
    assert_eq!(stalled.status().await, 408);
    // With each 64 KiB it gets as long again.
    let mut steady = begin(&files.gateway, 1024 * 1024).await;
    steady.write(&b"a".repeat(1024 * 1024)).await;
    assert_eq!(steady.status().await, 201);
}
