use std::time::Duration;

use lapin::{Channel, ConnectionProperties, ConnectionStatus, uri::AMQPUri};
use secrecy::ExposeSecret;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{BrokerSettings, socket};

/// Why the broker cannot be used at the moment: a connection or channel that failed, or an answer
/// that did not come in time.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// RabbitMQ or the network said so.
    #[error("{0}")]
    Broker(#[from] lapin::Error),
    /// RabbitMQ said nothing for this long.
    #[error("RabbitMQ did not answer within {0:?}")]
    TimedOut(Duration),
    /// RabbitMQ hands out no more, because the queue or the channel is gone.
    #[error("RabbitMQ cancelled the consumer")]
    Cancelled,
    /// The channel gives no confirms, so that nothing is known of what is published.
    #[error("the channel gives no confirms")]
    Unconfirmed,
    /// The queue exists, is empty, and takes nothing: no node leads it.
    #[error("the queue {0} is empty and takes nothing: it has no leader")]
    NoLeader(String),
    /// The queue is not there, and is not to be made.
    #[error("the queue is gone")]
    Gone,
    /// The address is not one.
    #[error("AMQP_URL: {0}")]
    Address(String),
}

/// How often both sides show that they are alive, in seconds. A peer that shows nothing for twice
/// as long is given up.
const HEARTBEAT_SECONDS: u16 = 10;

/// Bytes of the longest frame; a body goes in as many frames as it takes. lapin keeps two buffers of
/// 32 frames a connection, which are 8 MiB with the 128 KiB that RabbitMQ would allow.
const LONGEST_FRAME: u32 = 32 * 1024;

/// A connection to RabbitMQ. When it is dropped, RabbitMQ is told, and whether or not it answers,
/// nothing of the connection is left soon after.
pub(super) struct Connection {
    lapin: lapin::Connection,
    timeout: Duration,
    _wanted: DropGuard,
}

impl Connection {
    /// Connects to the first address that answers; `purpose` is what RabbitMQ shows the connection
    /// as.
    ///
    /// # Errors
    /// What the last address answered, when none would have us.
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
        uri.query.frame_max.get_or_insert(LONGEST_FRAME);
        let properties = ConnectionProperties::default().with_connection_name(purpose.into());
        let unwanted = CancellationToken::new();
        let wanted = unwanted.clone().drop_guard();
        let tls = settings.tls.clone();
        let open = async move |uri, runtime| {
            Ok(socket::open(&uri, &runtime, &tls, unwanted.clone(), timeout).await?)
        };
        let runtime = lapin::runtime::default_runtime()?;
        let connecting = lapin::Connection::connector(uri, runtime, open, properties);
        Ok(Self { lapin: with_timeout(timeout, connecting).await?, timeout, _wanted: wanted })
    }

    /// Opens a channel.
    ///
    /// # Errors
    /// When RabbitMQ cannot be used at the moment.
    pub(super) async fn channel(&self) -> Result<Channel, BrokerError> {
        with_timeout(self.timeout, self.lapin.create_channel()).await
    }

    /// How the connection is.
    pub(super) fn status(&self) -> &ConnectionStatus {
        self.lapin.status()
    }
}

/// What `answer` resolves to, unless that takes longer than `timeout`.
pub(super) async fn with_timeout<T>(
    timeout: Duration,
    answer: impl Future<Output = lapin::Result<T>>,
) -> Result<T, BrokerError> {
    match tokio::time::timeout(timeout, answer).await {
        Ok(answered) => Ok(answered?),
        Err(_) => Err(BrokerError::TimedOut(timeout)),
    }
}
