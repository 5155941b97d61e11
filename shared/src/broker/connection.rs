use std::time::Duration;

use lapin::{Connection, ConnectionProperties, uri::AMQPUri};
use secrecy::ExposeSecret;

use super::BrokerSettings;

/// Why the broker cannot be used at the moment: a connection or channel that failed, or an answer
/// that did not come in time.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
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
    /// The address is not one.
    #[error("AMQP_URL: {0}")]
    Address(String),
}

/// How often both sides show that they are alive, in seconds. A peer that shows nothing for twice
/// as long is given up.
const HEARTBEAT_SECONDS: u16 = 10;

/// Connects to the first address that answers; `purpose` is what RabbitMQ shows the connection as.
///
/// # Errors
/// What the last address answered, when none would have us.
pub async fn connect(settings: &BrokerSettings, purpose: &str) -> Result<Connection, Broken> {
    let mut last = Broken::Address("no address given".to_owned());
    for url in &settings.amqp_urls {
        let uri = url.expose_secret().parse::<AMQPUri>().map_err(Broken::Address)?;
        match connect_to(uri, settings.broker_timeout, purpose).await {
            Ok(connection) => return Ok(connection),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn connect_to(
    mut uri: AMQPUri,
    timeout: Duration,
    purpose: &str,
) -> Result<Connection, Broken> {
    uri.query.heartbeat.get_or_insert(HEARTBEAT_SECONDS);
    let properties = ConnectionProperties::default().with_connection_name(purpose.into());
    in_time(timeout, Connection::connect_uri(uri, properties)).await
}

/// What `answer` resolves to, unless that takes longer than `timeout`.
pub(super) async fn in_time<T>(
    timeout: Duration,
    answer: impl Future<Output = lapin::Result<T>>,
) -> Result<T, Broken> {
    match tokio::time::timeout(timeout, answer).await {
        Ok(answered) => Ok(answered?),
        Err(_) => Err(Broken::TimedOut(timeout)),
    }
}
