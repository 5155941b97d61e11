//! Answers that Pusher would never give.

use test_support::{System, body, eventually};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::support::{all_acknowledged, event, system};

/// It was taken, whatever else is said.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_an_end_that_says_yes_is_a_yes() {
    let system = system().await;
    let metrics = call_the_endless(&system, "200 OK").await;
    assert_eq!(metrics, (2, 0));
    all_acknowledged(&system).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_an_end_that_says_no_is_a_no_at_once() {
    let system = system().await;
    let (broadcast, failed) = call_the_endless(&system, "500 Internal Server Error").await;
    assert_eq!(broadcast, 0);
    assert!(failed >= 2, "{failed}");
}

/// Broadcasts a message through a server that answers with `status` and a body that never ends,
/// until two events are done or two calls have failed; says how many of each.
async fn call_the_endless(system: &System, status: &'static str) -> (u64, u64) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(answer_without_end(socket, status));
        }
    });
    let (host, port) =
        (format!("--pusher-host={}", addr.ip()), format!("--pusher-port={}", addr.port()));
    // Nothing here may depend on it.
    let patience = "--pusher-timeout=60m";
    let broadcaster = system.broadcaster_with(&[&host, &port, patience]).ready().await;
    system.broker.publish(&body([event("p1", "hello")])).await;
    let api = broadcaster.api();
    let metrics = eventually("the call is over", async || {
        let broadcast = api.metric("chat_broadcaster_broadcast_total").await;
        let failed = api.metric(r#"chat_broadcaster_calls_total{outcome="unavailable"}"#).await;
        (broadcast == 2 || failed >= 2).then_some((broadcast, failed))
    })
    .await;
    broadcaster.stop().await;
    metrics
}

async fn answer_without_end(mut socket: TcpStream, status: &str) {
    let mut request = vec![0; 64 * 1024];
    if socket.read(&mut request).await.is_err() {
        return;
    }
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: text/plain\r\n\r\n");
    let mut said = socket.write_all(head.as_bytes()).await;
    while said.is_ok() {
        said = socket.write_all(&[b'x'; 8 * 1024]).await;
    }
}
