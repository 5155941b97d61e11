//! A connection for raw bytes.

use std::time::Duration;

use test_support::RunningService;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// Time for the gateway to respond.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection to a gateway.
pub struct Connection {
    stream: TcpStream,
    /// Bytes that were read after the last response.
    rest: Vec<u8>,
}

impl Connection {
    /// Opens a connection.
    pub async fn open(gateway: &RunningService) -> Self {
        let stream = TcpStream::connect(gateway.addr).await.unwrap();
        Self { stream, rest: Vec::new() }
    }

    /// Writes `bytes`; the gateway may have closed the connection.
    pub async fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.ok();
    }

    /// Closes the writing half.
    pub async fn finish(&mut self) {
        self.stream.shutdown().await.ok();
    }

    /// Requests `path`, and returns the status of the response.
    pub async fn get(&mut self, path: &str) -> u16 {
        self.write(format!("GET {path} HTTP/1.1\r\nhost: gateway\r\n\r\n").as_bytes()).await;
        self.status().await
    }

    /// Reads one response, and returns its status.
    ///
    /// # Panics
    /// When there is no response.
    pub async fn status(&mut self) -> u16 {
        timeout(PATIENCE, self.answer()).await.expect("an answer in time").expect("an answer")
    }

    /// Reads all responses until the gateway closes the connection, and returns their statuses.
    ///
    /// # Panics
    /// When the gateway does not close it.
    pub async fn statuses(&mut self) -> Vec<u16> {
        let mut statuses = Vec::new();
        while let Some(status) = timeout(PATIENCE, self.answer()).await.expect("an end in time") {
            statuses.push(status);
        }
        statuses
    }

    /// Reads until the gateway closes the connection.
    ///
    /// # Panics
    /// When that takes longer than `limit`.
    pub async fn ends_within(&mut self, limit: Duration) {
        let ended = async { while self.answer().await.is_some() {} };
        timeout(limit, ended).await.expect("the connection ends");
    }

    /// The status of the next response, read completely; none when the connection ends.
    async fn answer(&mut self) -> Option<u16> {
        let end = loop {
            match find(&self.rest, b"\r\n\r\n") {
                Some(at) => break at + 4,
                None => self.read_more().await?,
            }
        };
        let head = String::from_utf8(self.rest[..end].to_vec()).unwrap().to_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.map_or(0, |length| length.parse().unwrap());
        while self.rest.len() < end + length {
            self.read_more().await?;
        }
        self.rest.drain(..end + length);
        Some(status)
    }

    async fn read_more(&mut self) -> Option<()> {
        match self.stream.read_buf(&mut self.rest).await {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(()),
        }
    }
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}
