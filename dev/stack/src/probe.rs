use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, bail, ensure};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, sleep, timeout},
};
use tokio_postgres::NoTls;

use crate::http::status_of;

/// The time for one answer.
const ANSWER: Duration = Duration::from_secs(2);
/// Pauses between two requests.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// A request whose answer shows that a process works.
#[derive(Clone, Debug)]
pub enum Probe {
    /// A connection is accepted.
    Tcp(SocketAddr),
    /// A service answers `GET /health/ready` with 200.
    Http(SocketAddr),
    /// A broker answers the header of a client; RabbitMQ does when it has booted.
    Amqp(SocketAddr),
    /// A database accepts the login and answers a query.
    Postgres(Box<tokio_postgres::Config>),
}

impl Probe {
    /// Sends the request once, and waits at most 2 seconds for the answer.
    ///
    /// # Errors
    /// When the answer is missing or another.
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

    /// Repeats the request until the answer is good.
    ///
    /// # Errors
    /// The last error, after `limit`.
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
    let status = status_of(address, "GET /health/ready").await?;
    ensure!(status == 200, "answered {status}");
    Ok(())
}

/// Sends the protocol header of AMQP 0-9-1; the broker answers with the method `start` (10, 10) in a
/// frame of type 1 on channel 0 (section 4.2.2).
async fn ask_amqp(address: SocketAddr) -> anyhow::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"AMQP\x00\x00\x09\x01").await?;
    let mut answer = [0; 11];
    stream.read_exact(&mut answer).await?;
    match answer {
        [1, 0, 0, _, _, _, _, 0, 10, 0, 10] => Ok(()),
        other => bail!("answered {other:?}, which is not `start` of AMQP 0-9-1"),
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
