use std::time::Duration;

use lapin::{Channel, ConnectionProperties, ConnectionStatus, uri::AMQPUri};
use secrecy::ExposeSecret;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{BrokerSettings, socket};

/// Why the broker cannot be used at the moment.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// The connection or the channel failed.
    #[error("{0}")]
    Broker(#[from] lapin::Error),
    /// RabbitMQ did not respond for this long.
    #[error("RabbitMQ did not answer within {0:?}")]
    TimedOut(Duration),
    /// RabbitMQ delivers no more, because the queue or the channel is gone.
    #[error("RabbitMQ cancelled the consumer")]
    Cancelled,
    /// The channel has no confirms, so that the outcome of a publish is unknown.
    #[error("the channel gives no confirms")]
    Unconfirmed,
    /// The queue is empty and rejects publishes: no node leads it.
    #[error("the queue {0} is empty and takes nothing: it has no leader")]
    NoLeader(String),
    /// The queue is missing, and the account may not declare it.
    #[error("the queue {0} does not exist, and this account may not create it: start a persister")]
    Missing(String),
    /// The queue of a surplus partition is deleted; it is not declared again.
    #[error("the queue is gone")]
    Gone,
    /// The URL is invalid.
    #[error("AMQP_URL: {0}")]
    Address(String),
}

/// Interval of heartbeats, in seconds. A peer that sends none for twice as long is disconnected.
const HEARTBEAT_SECONDS: u16 = 10;

/// Bytes of the largest frame; a larger body is split. lapin keeps two buffers of 32 frames for each
/// connection: 8 MiB with the 128 KiB that RabbitMQ would allow.
const MAX_FRAME: u32 = 32 * 1024;

/// A connection to RabbitMQ. Dropping it closes it: its socket is shut down soon after, even if RabbitMQ
/// does not respond.
pub(super) struct Connection {
    lapin: lapin::Connection,
    timeout: Duration,
    _guard: DropGuard,
}

impl Connection {
    /// Connects to the first address that accepts; `purpose` is the connection's name in RabbitMQ.
    ///
    /// # Errors
    /// The error of the last address.
    pub(super) async fn open(
        settings: &BrokerSettings,
        purpose: &str,
    ) -> Result<Self, BrokerError> {
        let mut last = BrokerError::Address("no address given".to_owned());
        for url in &settings.amqp_urls {
            let uri = url.expose_secret().parse::<AMQPUri>().map_err(BrokerError::Address)?;
            match Self::open_at(uri, settings, purpose).await {
                Ok(connection) => return Ok(connection),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn open_at(
        mut uri: AMQPUri,
        settings: &BrokerSettings,
        purpose: &str,
    ) -> Result<Self, BrokerError> {
        let timeout = settings.broker_timeout;
        uri.query.heartbeat.get_or_insert(HEARTBEAT_SECONDS);
        uri.query.frame_max.get_or_insert(MAX_FRAME);
        let properties = ConnectionProperties::default().with_connection_name(purpose.into());
        let dropped = CancellationToken::new();
        let guard = dropped.clone().drop_guard();
        let tls = settings.tls.clone();
        let open = async move |uri, runtime| {
            Ok(socket::open(&uri, &runtime, &tls, dropped.clone(), timeout).await?)
        };
        let runtime = lapin::runtime::default_runtime()?;
        let connecting = lapin::Connection::connector(uri, runtime, open, properties);
        Ok(Self { lapin: with_timeout(timeout, connecting).await?, timeout, _guard: guard })
    }

    /// Opens a channel.
    ///
    /// # Errors
    /// When RabbitMQ cannot be used at the moment.
    pub(super) async fn channel(&self) -> Result<Channel, BrokerError> {
        with_timeout(self.timeout, self.lapin.create_channel()).await
    }

    /// The state of the connection.
    pub(super) fn status(&self) -> &ConnectionStatus {
        self.lapin.status()
    }
}

/// Awaits `response` for `timeout` at most.
pub(super) async fn with_timeout<T>(
    timeout: Duration,
    response: impl Future<Output = lapin::Result<T>>,
) -> Result<T, BrokerError> {
    match tokio::time::timeout(timeout, response).await {
        Ok(response) => Ok(response?),
        Err(_) => Err(BrokerError::TimedOut(timeout)),
    }
}
