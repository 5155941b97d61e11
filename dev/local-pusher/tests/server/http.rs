//! HTTP calls as bytes, each on its own connection, for answers that are cut.

use std::{
    net::SocketAddr,
    time::{SystemTime, UNIX_EPOCH},
};

use pusher::RequestToSign;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::harness::{LIMIT, app};

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }
}

/// Sends a request, and returns its connection.
pub async fn send(
    addr: SocketAddr,
    method: &str,
    target: &str,
    body: impl AsRef<[u8]>,
) -> TcpStream {
    let mut stream = TcpStream::connect(addr).await.expect("a connection");
    let length = body.as_ref().len();
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    );
    stream
        .write_all(&[head.as_bytes(), body.as_ref()].concat())
        .await
        .expect("the request is sent");
    stream
}

/// All bytes of the answer until the server closes.
pub async fn receive(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let reading = stream.read_to_end(&mut answer);
    // A reset after the bytes of the answer is an end too.
    let _ended = tokio::time::timeout(LIMIT, reading).await.expect("an end of the answer");
    String::from_utf8(answer).expect("text")
}

/// Sends a call, and returns its answer.
pub async fn call(addr: SocketAddr, method: &str, target: &str, body: impl AsRef<[u8]>) -> Answer {
    let answer = receive(send(addr, method, target, body).await).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("cut: {answer:?}"));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Answer { status: status.expect("a status"), head: head.to_owned(), body: body.to_owned() }
}

/// `path` with the query that signs the call.
pub fn sign(method: &str, path: &str, body: impl AsRef<[u8]>) -> String {
    sign_at(method, path, body, now())
}

pub fn sign_at(method: &str, path: &str, body: impl AsRef<[u8]>, timestamp: u64) -> String {
    let request = RequestToSign { method, path, body: body.as_ref() };
    format!("{path}?{}", pusher::sign_request(&app().key, &app().secret, request, timestamp))
}

pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs()
}

/// A signed POST to the HTTP API.
pub async fn post(addr: SocketAddr, path: &str, body: &Value) -> Answer {
    let body = body.to_string();
    call(addr, "POST", &sign("POST", path, &body), &body).await
}

/// Triggers an event with the data `"{}"`.
pub async fn trigger(addr: SocketAddr, channel: &str, name: &str) -> Answer {
    let body = serde_json::json!({"name": name, "channel": channel, "data": "{}"});
    post(addr, "/apps/3/events", &body).await
}

/// Sets a fault.
pub async fn set_fault(addr: SocketAddr, fault: &Value) {
    let answer = call(addr, "PUT", "/control/fault", &fault.to_string()).await;
    assert_eq!(answer.status, 204, "{answer:?}");
}

/// The record of calls and accepted events.
pub async fn accepted(addr: SocketAddr) -> Value {
    call(addr, "GET", "/control/accepted", "").await.json()
}
