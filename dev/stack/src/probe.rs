use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, bail, ensure};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, sleep, timeout},
};
use tokio_postgres::NoTls;

/// Time for one answer.
const ANSWER: Duration = Duration::from_secs(2);
/// Between two questions.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// Whose answer tells that a process does its work, and not only runs.
#[derive(Clone, Debug)]
pub enum Probe {
    /// Somebody accepts connections.
    Tcp(SocketAddr),
    /// A service answers `GET /health/ready` with 200.
    Http(SocketAddr),
    /// A broker greets a client; RabbitMQ does so once it has booted.
    Amqp(SocketAddr),
    /// A database logs in and answers a query.
    Postgres(Box<tokio_postgres::Config>),
}

impl Probe {
    /// Asks once, and waits at most 2 seconds for the answer.
    ///
    /// # Errors
    /// When it is missing or not the one that was hoped for; says which.
    pub async fn ask(&self) -> anyhow::Result<()> {
        let answer = async {
            match self {
                Self::Tcp(address) => drop(TcpStream::connect(address).await?),
                Self::Http(address) => ask_http(*address).await?,
                Self::Amqp(address) => ask_amqp(*address).await?,
                Self::Postgres(config) => ask_postgres(config).await?,
            }
            Ok(())
        };
        timeout(ANSWER, answer).await.context("no answer")?
    }

    /// Asks again and again until the answer is good.
    ///
    /// # Errors
    /// The last one, when none was good within `limit`.
    pub async fn until_good(&self, limit: Duration) -> anyhow::Result<()> {
        let deadline = Instant::now() + limit;
        let mut pause = FIRST_PAUSE;
        loop {
            match self.ask().await {
                Err(_) if Instant::now() + pause < deadline => sleep(pause).await,
                answer => return answer,
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

async fn ask_http(address: SocketAddr) -> anyhow::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    let request =
        format!("GET /health/ready HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(4096).read_to_end(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.split(' ').nth(1);
    ensure!(status == Some("200"), "answered {answer}");
    Ok(())
}

/// The client's part of the handshake is this header; the broker's is the method `start` (10, 10)
/// in a frame of type 1 on channel 0.
async fn ask_amqp(address: SocketAddr) -> anyhow::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"AMQP\x00\x00\x09\x01").await?;
    let mut answer = [0; 11];
    stream.read_exact(&mut answer).await?;
    match answer {
        [1, 0, 0, _, _, _, _, 0, 10, 0, 10] => Ok(()),
        other => bail!("answered {other:?}, which is no greeting of AMQP 0-9-1"),
    }
}

async fn ask_postgres(config: &tokio_postgres::Config) -> anyhow::Result<()> {
    let (client, connection) = config.connect(NoTls).await?;
    let query = async {
        client.batch_execute("SELECT 1").await?;
        drop(client);
        Ok(())
    };
    let (answer, connection) = tokio::join!(query, connection);
    answer.and(connection.map_err(anyhow::Error::from))
}
