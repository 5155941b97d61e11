//! Partitions beyond `QUEUE_PARTITIONS`: left over from a larger number, or declared by a service that has the
//! larger number already. Workers consume them, so that no order of changing the number loses an event.

use std::time::Duration;

use lapin::{
    Channel, ErrorKind,
    protocol::{AMQPErrorKind, AMQPSoftError},
};

use super::{
    BrokerError, BrokerSettings, ConsumerKind, Partition,
    connection::{Connection, with_timeout},
    topology,
};
use service::backoff;

/// The surplus partitions in which `worker` has a queue, up to the first without one. Retries until RabbitMQ
/// responds.
pub(super) async fn find(settings: &BrokerSettings, worker: ConsumerKind) -> Vec<Partition> {
    for wait in backoff::waits() {
        match attempt(settings, worker).await {
            Ok(found) => return found,
            // The consumers of the other partitions log the outage.
            Err(error) => {
                tracing::debug!(exception.message = %error, "cannot search for surplus queues")
            }
        }
        tokio::time::sleep(wait).await;
    }
    Vec::new()
}

async fn attempt(
    settings: &BrokerSettings,
    worker: ConsumerKind,
) -> Result<Vec<Partition>, BrokerError> {
    let connection = Connection::open(settings, "searching for queues").await?;
    let channel = connection.channel().await?;
    let mut found = Vec::new();
    for partition in settings.queue_partitions.surplus_partitions() {
        let queue = settings.names().queue_of(worker, partition);
        if !exists(&channel, settings.broker_timeout, &queue).await? {
            break;
        }
        tracing::warn!(
            queue,
            "QUEUE_PARTITIONS does not ask for this queue, but it exists: consuming it until it is \
             deleted"
        );
        found.push(partition);
    }
    Ok(found)
}

/// Whether `queue` exists. If it does not, the channel is closed.
///
/// # Errors
/// When RabbitMQ cannot be used at the moment.
pub(super) async fn exists(
    channel: &Channel,
    timeout: Duration,
    queue: &str,
) -> Result<bool, BrokerError> {
    match with_timeout(timeout, topology::inspect(channel, queue.to_owned())).await {
        Ok(_) => Ok(true),
        Err(BrokerError::Broker(error)) if is_not_found(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

fn is_not_found(error: &lapin::Error) -> bool {
    let not_found = AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND);
    matches!(error.kind(), ErrorKind::ProtocolError(error) if *error.kind() == not_found)
}
