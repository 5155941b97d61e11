//! A connection on which anything can be written.

use std::time::Duration;

use test_support::RunningService;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// How long a server may take for what it is sure to do.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection to a gateway, by bytes.
pub struct Connection {
    stream: TcpStream,
    /// What was read behind the last answer.
    rest: Vec<u8>,
}

impl Connection {
    /// Opens one.
    pub async fn open(gateway: &RunningService) -> Self {
        let stream = TcpStream::connect(gateway.addr).await.unwrap();
        Self { stream, rest: Vec::new() }
    }

    /// Writes `bytes`, which a gateway may refuse to take.
    pub async fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.ok();
    }

    /// Says that nothing more will be written.
    pub async fn finish(&mut self) {
        self.stream.shutdown().await.ok();
    }

    /// Gets `path` and reads the answer, whose status it says.
    pub async fn get(&mut self, path: &str) -> u16 {
        self.write(format!("GET {path} HTTP/1.1\r\nhost: gateway\r\n\r\n").as_bytes()).await;
        self.status().await
    }

    /// Reads one answer, whose status it says.
    ///
    /// # Panics
    /// When there is none.
    pub async fn status(&mut self) -> u16 {
        timeout(PATIENCE, self.answer()).await.expect("an answer in time").expect("an answer")
    }

    /// Reads all answers until the gateway ends the connection: their statuses.
    ///
    /// # Panics
    /// When it does not end it.
    pub async fn statuses(&mut self) -> Vec<u16> {
        let mut statuses = Vec::new();
        while let Some(status) = timeout(PATIENCE, self.answer()).await.expect("an end in time") {
            statuses.push(status);
        }
        statuses
    }

    /// Reads until the gateway ends the connection.
    ///
    /// # Panics
    /// When that takes longer than `limit`.
    pub async fn ends_within(&mut self, limit: Duration) {
        let ended = async { while self.answer().await.is_some() {} };
        timeout(limit, ended).await.expect("the connection ends");
    }

    /// The status of the next answer, which has been read whole; nothing when the connection ends.
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
