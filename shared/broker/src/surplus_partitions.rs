//! Partitions that the settings do not ask for and that are there all the same, since there were more
//! before or another service has been told of more already. Whatever is in their queues was accepted,
//! so a worker works them off as well, and whoever changes their number in the wrong order loses
//! nothing.

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

/// The partitions beyond those of the settings that `worker` has a queue in, up to the first in which
/// it has none. Waits until RabbitMQ answers.
pub(super) async fn find(settings: &BrokerSettings, worker: ConsumerKind) -> Vec<Partition> {
    for wait in backoff::waits() {
        match attempt(settings, worker).await {
            Ok(found) => return found,
            // Whoever works off the other partitions meets the same, and says so.
            Err(error) => tracing::debug!(cause = %error, "cannot look for further queues"),
        }
        tokio::time::sleep(wait).await;
    }
    Vec::new()
}

async fn attempt(
    settings: &BrokerSettings,
    worker: ConsumerKind,
) -> Result<Vec<Partition>, BrokerError> {
    let connection = Connection::open(settings, "looking for queues").await?;
    let channel = connection.channel().await?;
    let mut found = Vec::new();
    for partition in settings.queue_partitions.surplus_partitions() {
        let queue = settings.names().queue_of(worker, partition);
        if !is_there(&channel, settings.broker_timeout, &queue).await? {
            break;
        }
        tracing::warn!(
            queue,
            "QUEUE_PARTITIONS does not ask for this queue, but it is there: working it off until \
             it is deleted"
        );
        found.push(partition);
    }
    Ok(found)
}

/// Whether `queue` is there. If it is not, the channel is closed.
///
/// # Errors
/// When RabbitMQ cannot be used at the moment.
pub(super) async fn is_there(
    channel: &Channel,
    timeout: Duration,
    queue: &str,
) -> Result<bool, BrokerError> {
    match with_timeout(timeout, topology::look(channel, queue.to_owned())).await {
        Ok(_) => Ok(true),
        Err(BrokerError::Broker(error)) if is_not_found(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

fn is_not_found(error: &lapin::Error) -> bool {
    let not_found = AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND);
    matches!(error.kind(), ErrorKind::ProtocolError(error) if *error.kind() == not_found)
}
