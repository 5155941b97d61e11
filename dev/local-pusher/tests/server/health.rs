use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::{harness::start, http::call, websocket::connect};

#[tokio::test]
async fn a_running_server_is_live_and_ready() {
    let server = start();
    assert_eq!(call(server.addr(), "GET", "/health/live", "").await.status, 200);
    let ready = call(server.addr(), "GET", "/health/ready", "").await;
    assert_eq!(ready.status, 200);
    assert_eq!(ready.json(), json!({"status": "ready", "dependencies": {}}));
}

#[tokio::test]
async fn a_stopping_server_closes_websockets_and_frees_its_port() {
    let server = start();
    let addr = server.addr();
    let mut client = connect(addr).await;
    let (stopped, code) = tokio::join!(server.stop(), async {
        assert_eq!(client.error_code().await, 4200);
        client.closed().await
    });
    stopped.unwrap();
    assert_eq!(code, Some(4200));
    TcpListener::bind(addr).await.expect("the port is free");
}

#[tokio::test]
async fn a_stopping_server_closes_idle_connections() {
    let server = start();
    let mut idle = TcpStream::connect(server.addr()).await.unwrap();
    let request = b"GET /health/live HTTP/1.1\r\nHost: test\r\n\r\n";
    idle.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"}") {
        assert_ne!(idle.read_buf(&mut answer).await.unwrap(), 0);
    }
    server.stop().await.unwrap();
    assert_eq!(idle.read_buf(&mut answer).await.unwrap(), 0);
}
