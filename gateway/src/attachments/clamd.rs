//! The virus scanner: ClamAV's daemon over TCP.
//!
//! Source: <https://docs.clamav.net/manual/Usage/Scanning.html#clamd>, `man clamd`, INSTREAM.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// The bytes of a file that are sent at once.
const CHUNK: usize = 64 * 1024;

/// The most bytes of an answer: far more than the name of a virus.
const MAX_ANSWER: u64 = 4096;

/// A client of clamd, with a connection for each scan.
#[derive(Clone, Debug)]
pub struct Clamd {
    address: String,
    connect_timeout: Duration,
    answer_timeout: Duration,
}

/// What the scanner found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Clean,
    /// A virus.
    Infected {
        /// Its name.
        signature: String,
    },
}

/// The scanner did not judge the file, so the file must not be stored. The text is for the log.
#[derive(Debug, thiserror::Error)]
pub enum ScannerAway {
    /// There is no connection.
    #[error("clamd cannot be reached: {0}")]
    Unreachable(io::Error),
    /// The connection failed.
    #[error("clamd ended the connection: {0}")]
    Interrupted(io::Error),
    /// The time is over.
    #[error("clamd did not answer within {0:?}")]
    TooSlow(Duration),
    /// The answer is no verdict: an error, such as that of a file larger than `StreamMaxLength`.
    #[error("clamd answered without a verdict: {0}")]
    NoVerdict(String),
}

impl Clamd {
    /// A client of the daemon at `address` (`host:port`). The second time is that from the connection
    /// to the verdict.
    pub fn new(address: String, connect_timeout: Duration, answer_timeout: Duration) -> Self {
        Self { address, connect_timeout, answer_timeout }
    }

    /// Scans a file.
    ///
    /// # Errors
    /// Fails if the scanner gives no verdict.
    pub async fn scan(&self, bytes: &[u8]) -> Result<Verdict, ScannerAway> {
        let connection = timeout(self.connect_timeout, TcpStream::connect(&self.address))
            .await
            .map_err(|_| ScannerAway::TooSlow(self.connect_timeout))?
            .map_err(ScannerAway::Unreachable)?;
        let answer = timeout(self.answer_timeout, ask(connection, bytes))
            .await
            .map_err(|_| ScannerAway::TooSlow(self.answer_timeout))?
            .map_err(ScannerAway::Interrupted)?;
        verdict(&answer)
    }
}

/// Sends the file, and reads the answer until the daemon ends the connection.
async fn ask(mut connection: TcpStream, bytes: &[u8]) -> io::Result<String> {
    let sent = send(&mut connection, bytes).await;
    let mut answer = Vec::new();
    let read = connection.take(MAX_ANSWER).read_to_end(&mut answer).await;
    // A daemon that refuses the file answers before it has all of it, and ends the connection: the
    // answer tells more than that error.
    if answer.is_empty() {
        sent?;
        read?;
    }
    Ok(String::from_utf8_lossy(&answer).trim_matches(['\0', '\n', ' ']).to_owned())
}

/// The command, and the file in chunks, each with its length before it. An empty one is the end.
async fn send(connection: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    connection.write_all(b"zINSTREAM\0").await?;
    for chunk in bytes.chunks(CHUNK) {
        let length = u32::try_from(chunk.len()).map_err(io::Error::other)?;
        connection.write_all(&length.to_be_bytes()).await?;
        connection.write_all(chunk).await?;
    }
    connection.write_all(&0_u32.to_be_bytes()).await
}

fn verdict(answer: &str) -> Result<Verdict, ScannerAway> {
    match answer.strip_prefix("stream: ") {
        Some("OK") => return Ok(Verdict::Clean),
        Some(found) => {
            if let Some(signature) = found.strip_suffix(" FOUND") {
                return Ok(Verdict::Infected { signature: signature.to_owned() });
            }
        }
        None => {}
    }
    Err(ScannerAway::NoVerdict(answer.to_owned()))
}

#[cfg(test)]
mod tests {
    use tokio::{net::TcpListener, task::JoinHandle};

    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(30);

    /// A daemon that reads `until` it has enough, and answers once.
    async fn daemon(
        is_enough: fn(&[u8]) -> bool,
        answer: &'static [u8],
    ) -> (Clamd, JoinHandle<Vec<u8>>) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let received = tokio::spawn(async move {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut received = Vec::new();
            while !is_enough(&received) {
                connection.read_buf(&mut received).await.unwrap();
            }
            connection.write_all(answer).await.unwrap();
            received
        });
        (Clamd::new(address, TIMEOUT, TIMEOUT), received)
    }

    fn is_whole(received: &[u8]) -> bool {
        received.ends_with(&[0; 4])
    }

    #[tokio::test]
    async fn a_clean_file_is_sent_in_chunks_and_judged() {
        let (clamd, received) = daemon(is_whole, b"stream: OK\0").await;
        let file = vec![b'x'; CHUNK + 1];
        assert_eq!(clamd.scan(&file).await.unwrap(), Verdict::Clean);
        let mut expected = b"zINSTREAM\0\0\x01\0\0".to_vec();
        expected.extend_from_slice(&file[..CHUNK]);
        expected.extend_from_slice(b"\0\0\0\x01x\0\0\0\0");
        assert!(received.await.unwrap() == expected);
    }

    #[tokio::test]
    async fn an_infected_file_is_named_by_its_virus() {
        let (clamd, _received) = daemon(is_whole, b"stream: Eicar-Test FOUND\0").await;
        let signature = "Eicar-Test".to_owned();
        assert_eq!(clamd.scan(b"x").await.unwrap(), Verdict::Infected { signature });
    }

    #[tokio::test]
    async fn a_file_without_a_verdict_is_refused() {
        for answer in [
            b"INSTREAM size limit exceeded. ERROR\0".as_slice(),
            b"stream: Can't allocate memory ERROR\0",
            b"UNKNOWN COMMAND\0",
            b"stream: \0",
            b"",
        ] {
            let (clamd, _received) = daemon(is_whole, answer).await;
            let error = clamd.scan(b"x").await.unwrap_err();
            assert!(matches!(error, ScannerAway::NoVerdict(_)), "{error}");
        }
    }

    #[tokio::test]
    async fn a_daemon_that_stops_reading_is_away() {
        let (clamd, _received) = daemon(|received| !received.is_empty(), b"").await;
        assert!(clamd.scan(&vec![0; 32 * 1024 * 1024]).await.is_err());
    }

    #[tokio::test]
    async fn a_daemon_that_is_not_there_is_away() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        drop(listener);
        let error = Clamd::new(address, TIMEOUT, TIMEOUT).scan(b"x").await.unwrap_err();
        assert!(matches!(error, ScannerAway::Unreachable(_)), "{error}");
    }

    #[tokio::test]
    async fn a_daemon_that_does_not_answer_is_away() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let clamd = Clamd::new(address, TIMEOUT, Duration::from_millis(1));
        let error = clamd.scan(b"x").await.unwrap_err();
        assert!(matches!(error, ScannerAway::TooSlow(_)), "{error}");
    }
}
