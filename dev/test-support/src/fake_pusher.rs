//! A server in Pusher's place that responds to each call as a test defines.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use crate::{RunningService, System};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// The response to a call, from the status line on.
#[derive(Clone, Debug)]
pub enum Answer {
    /// These bytes; then the connection is closed.
    Whole(Vec<u8>),
    /// These bytes, and then endless others.
    Endless(Vec<u8>),
}

impl Answer {
    /// Pusher's response to an accepted call.
    pub fn accepted() -> Self {
        Self::of("200 OK", "application/json", "{}")
    }

    /// A complete response.
    pub fn of(status: &str, content_type: &str, body: &str) -> Self {
        Self::with_header(status, &format!("content-type: {content_type}"), body)
    }

    /// A complete response with another header.
    pub fn with_header(status: &str, header: &str, body: &str) -> Self {
        Self::with_length(status, header, body, body.len())
    }

    /// A response that is shorter than its content-length.
    pub fn truncated(status: &str, body: &str) -> Self {
        Self::with_length(status, "content-type: application/json", body, body.len() + 1)
    }

    /// A response that never ends.
    pub fn endless(status: &str) -> Self {
        Self::Endless(format!("HTTP/1.1 {status}\r\ncontent-type: text/plain\r\n\r\n").into_bytes())
    }

    fn with_length(status: &str, header: &str, body: &str, length: usize) -> Self {
        Self::Whole(
            format!(
                "HTTP/1.1 {status}\r\n{header}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            )
            .into_bytes(),
        )
    }
}

type Rule = Box<dyn Fn(&str) -> Answer + Send>;

/// The server.
pub struct FakePusher {
    /// The address that it listens on.
    pub addr: SocketAddr,
    rule: Arc<Mutex<Rule>>,
    calls: Arc<Mutex<Vec<String>>>,
}

impl FakePusher {
    /// Starts a server that responds to a call with what `rule` returns for its body.
    pub async fn start(rule: impl Fn(&str) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let rule: Arc<Mutex<Rule>> = Arc::new(Mutex::new(Box::new(rule)));
        let calls = Arc::default();
        let fake = Self { addr, rule: Arc::clone(&rule), calls: Arc::clone(&calls) };
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(answer(socket, Arc::clone(&rule), Arc::clone(&calls)));
            }
        });
        fake
    }

    /// Replaces the rule.
    pub fn set_rule(&self, rule: impl Fn(&str) -> Answer + Send + 'static) {
        *self.rule.lock().unwrap() = Box::new(rule);
    }

    /// The bodies of all calls so far.
    pub fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }

    /// Starts a broadcaster that calls this server, with further settings.
    pub async fn broadcaster(&self, system: &System, settings: &[&str]) -> RunningService {
        let host = format!("--pusher-host={}", self.addr.ip());
        let port = format!("--pusher-port={}", self.addr.port());
        let settings = [&[&*host, &*port], settings].concat();
        system.broadcaster_with(&settings).ready().await
    }
}

async fn answer(
    mut socket: TcpStream,
    rule: Arc<Mutex<Rule>>,
    calls: Arc<Mutex<Vec<String>>>,
) -> io::Result<()> {
    let body = read_body(&mut socket).await?;
    let answer = (rule.lock().unwrap())(&body);
    calls.lock().unwrap().push(body);
    match answer {
        Answer::Whole(bytes) => socket.write_all(&bytes).await,
        Answer::Endless(bytes) => {
            socket.write_all(&bytes).await?;
            loop {
                socket.write_all(&[b'x'; 8 * 1024]).await?;
            }
        }
    }
}

async fn read_body(socket: &mut TcpStream) -> io::Result<String> {
    let mut request = Vec::new();
    loop {
        if socket.read_buf(&mut request).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let text = String::from_utf8_lossy(&request).to_ascii_lowercase();
        let Some((head, _)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.split_once("content-length: ").map_or("0", |(_, rest)| rest);
        let length: usize = length.lines().next().unwrap().trim().parse().unwrap();
        let start = head.len() + 4;
        if request.len() >= start + length {
            return Ok(String::from_utf8_lossy(&request[start..]).into_owned());
        }
    }
}

/// A rule that rejects the calls that contain one of `words`.
pub fn rejecting(words: &'static [&'static str]) -> impl Fn(&str) -> Answer {
    |call| match words.iter().any(|word| call.contains(word)) {
        true => Answer::of("400 Bad Request", "text/plain", "no"),
        false => Answer::accepted(),
    }
}
