//! A WebSocket client that shows every message.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use pusher::App;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};

use crate::harness::{LIMIT, app};

pub struct Client {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub socket_id: String,
}

/// A client that has not read the greeting.
pub async fn open(addr: SocketAddr, target: &str) -> Client {
    let (stream, _) = connect_async(format!("ws://{addr}{target}")).await.expect("a handshake");
    Client { stream, socket_id: String::new() }
}

/// A client that has read the greeting.
pub async fn connect(addr: SocketAddr) -> Client {
    connect_with(addr, "the-key").await
}

/// A client that has read the greeting, connected by `key`.
pub async fn connect_with(addr: SocketAddr, key: &str) -> Client {
    let target = format!("/app/{key}?protocol=7&client=test&version=1");
    let mut client = open(addr, &target).await;
    let greeting = client.next().await;
    assert_eq!(greeting["event"], "pusher:connection_established");
    client.socket_id = data_of(&greeting)["socket_id"].as_str().expect("a socket id").to_owned();
    client
}

/// The JSON in a message's `data`, which is a text.
pub fn data_of(message: &Value) -> Value {
    serde_json::from_str(message["data"].as_str().expect("data is a text")).expect("JSON")
}

impl Client {
    pub async fn send(&mut self, message: &Value) {
        self.send_text(&message.to_string()).await;
    }

    pub async fn send_text(&mut self, text: &str) {
        self.stream.send(Message::text(text)).await.expect("the message is sent");
    }

    /// The next message.
    pub async fn next(&mut self) -> Value {
        match self.receive().await {
            Some(Message::Text(text)) => serde_json::from_str(&text).expect("JSON"),
            other => panic!("not a text: {other:?}"),
        }
    }

    /// The code with which the server closes, `None` if it cuts the connection. No message may
    /// precede it.
    pub async fn closed(&mut self) -> Option<u16> {
        match self.receive().await {
            Some(Message::Close(reason)) => reason.map(|reason| reason.code.into()),
            None => None,
            other => panic!("not closed: {other:?}"),
        }
    }

    /// The code of the next message, a `pusher:error`.
    pub async fn error_code(&mut self) -> Value {
        let message = self.next().await;
        assert_eq!(message["event"], "pusher:error", "{message}");
        message["data"]["code"].clone()
    }

    pub async fn subscribe(&mut self, channel: &str) {
        self.send(&json!({"event": "pusher:subscribe", "data": {"channel": channel}})).await;
    }

    /// Subscribes to a private channel or, as a member, to a presence channel.
    pub async fn subscribe_signed(&mut self, channel: &str, member: Option<&str>) {
        self.subscribe_signed_by(&app(), channel, member).await;
    }

    /// The same, signed by the pair of key and secret of `app`.
    pub async fn subscribe_signed_by(&mut self, app: &App, channel: &str, member: Option<&str>) {
        let App { key, secret, .. } = app;
        let signature = pusher::sign_subscription(secret, &self.socket_id, channel, member);
        let auth = format!("{key}:{signature}");
        let data = json!({"channel": channel, "auth": auth, "channel_data": member});
        self.send(&json!({"event": "pusher:subscribe", "data": data})).await;
    }

    /// Checks that the server has handled all messages and sent none, with a ping.
    pub async fn receives_nothing(&mut self) {
        self.send(&json!({"event": "pusher:ping", "data": {}})).await;
        assert_eq!(self.next().await["event"], "pusher:pong");
    }

    pub async fn leave(mut self) {
        self.stream.close(None).await.expect("the end is sent");
        while self.receive().await.is_some() {}
    }

    async fn receive(&mut self) -> Option<Message> {
        let next = tokio::time::timeout(LIMIT, self.stream.next()).await;
        next.expect("a message in time").and_then(Result::ok)
    }
}
