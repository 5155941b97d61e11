use std::time::Duration;

use futures_util::future::join_all;
use lapin::{
    BasicProperties, Channel, Confirmation,
    options::{BasicPublishOptions, ConfirmSelectOptions},
    types::{AMQPValue, FieldTable},
};

use super::{
    BrokerError, BrokerSettings, ConsumerKind, Partition, QueueNames, QueueState, RoutingKey,
    connection::{Connection, with_timeout},
    topology,
};
use chat::body;

/// Why a publish counts as failed. A queue may have the body all the same.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The queue does not exist.
    #[error("RabbitMQ had no queue for it")]
    Returned,
    /// A queue rejected it, because it is full or has no leader.
    #[error("a queue refused it")]
    Refused,
    /// The connection or its channel failed; connect again.
    #[error("{0}")]
    Broker(#[from] BrokerError),
}

/// The outcome of a publish to one queue.
#[derive(Debug)]
pub struct Published {
    /// The worker that consumes the queue.
    pub worker: ConsumerKind,
    /// Whether the queue has the body on disk.
    pub result: Result<(), PublishError>,
}

/// Publishes persistent bodies, and waits until RabbitMQ confirms that each queue has them on disk.
///
/// **Each queue gets a publish of its own**, which names the queue and is returned if the queue does not
/// exist. The confirm of a publish to an exchange covers only the queues that are bound at that moment: it
/// does not report a queue that was just deleted.
///
/// **One publish is outstanding at a time on a channel**, which `&mut self` ensures. With several, lapin can
/// attach a returned message to another publish's confirm, and threads that share a channel can receive
/// each other's confirms.
pub struct Publisher {
    connection: Connection,
    /// One for each queue that a publish may have to reach.
    channels: [Channel; 2],
    names: QueueNames,
    /// The partition whose queues it declares.
    partition: Partition,
    timeout: Duration,
}

/// Interval of checks whether a connection is still blocked.
const UNBLOCKED_CHECK_INTERVAL: Duration = Duration::from_millis(100);

/// Additional time for the confirm of a body, for each whole MiB. The services' bodies are smaller, but a
/// larger body of another publisher must be dead-lettered too.
const TIME_PER_MEBIBYTE: Duration = Duration::from_secs(1);

/// The delivery mode "persistent" of AMQP 0-9-1.
const PERSISTENT: u8 = 2;

impl Publisher {
    /// Connects, declares the queues of `partition`, and enables confirms; `purpose` is the connection's name
    /// in RabbitMQ. The queues of other partitions need not exist.
    ///
    /// # Errors
    /// When RabbitMQ cannot be used at the moment.
    pub async fn connect(
        settings: &BrokerSettings,
        partition: Partition,
        purpose: &str,
    ) -> Result<Self, BrokerError> {
        let connection = Connection::open(settings, purpose).await?;
        let (timeout, names) = (settings.broker_timeout, settings.names());
        let channels = [connection.channel().await?, connection.channel().await?];
        let [first, _] = &channels;
        topology::declare(&connection, first, settings, partition).await?;
        for channel in &channels {
            with_timeout(timeout, channel.confirm_select(ConfirmSelectOptions::default())).await?;
        }
        Ok(Self { connection, channels, names, partition, timeout })
    }

    /// Closes the connection. RabbitMQ keeps a connection that it blocks, since its memory or disk runs out,
    /// even if it is closed. So this waits until it is no longer blocked: otherwise retries would pile up
    /// connections. Heartbeats detect a RabbitMQ that is gone meanwhile.
    pub async fn close(self) {
        let status = self.connection.status();
        while status.blocked() && status.connected() {
            tokio::time::sleep(UNBLOCKED_CHECK_INTERVAL).await;
        }
    }

    /// Whether RabbitMQ blocks the connection, since its memory or its disk runs out.
    pub fn is_blocked(&self) -> bool {
        self.connection.status().blocked()
    }

    /// Checks that the queues of its partition exist and are bound, and returns their states.
    ///
    /// # Errors
    /// When one is missing; the channel is then closed, and a new connection declares the queue.
    pub async fn check_topology(&mut self) -> Result<Vec<QueueState>, BrokerError> {
        let [first, _] = &self.channels;
        with_timeout(self.timeout, topology::check(first, &self.names, self.partition)).await
    }

    /// Publishes a body without events to the queues of its partition, and returns the outcomes. Workers
    /// acknowledge such a body. Only a publish shows whether it is permitted and whether an existing queue
    /// has a leader: a passive declaration succeeds for a queue without one.
    pub async fn try_queues(&mut self) -> Vec<Published> {
        let body = body::encode([]);
        self.publish_to_each(RoutingKey::Accepted, self.partition, &body).await
    }

    /// Publishes `body` to the queues of `key` in any `partition`.
    ///
    /// # Errors
    /// Unless each queue has it on disk. One of them may have it all the same.
    pub async fn publish(
        &mut self,
        key: RoutingKey,
        partition: Partition,
        body: &[u8],
    ) -> Result<(), PublishError> {
        let published = self.publish_to_each(key, partition, body).await;
        published.into_iter().try_for_each(|published| published.result)
    }

    /// Publishes `body` to the queues of `key` in any `partition`, and returns the outcomes.
    pub async fn publish_to_each(
        &mut self,
        key: RoutingKey,
        partition: Partition,
        body: &[u8],
    ) -> Vec<Published> {
        let mut confirms = Vec::new();
        for (channel, worker) in self.channels.iter().zip(key.workers()) {
            let queue = self.names.queue_of(*worker, partition);
            let confirmed = self.confirmed(channel, queue, body, FieldTable::default());
            confirms.push(async { Published { worker: *worker, result: confirmed.await } });
        }
        // All are awaited, so that none is outstanding at the next publish.
        join_all(confirms).await
    }

    /// Publishes `body` into `queue` alone, with `headers`.
    ///
    /// # Errors
    /// Unless the queue has it on disk.
    pub async fn publish_to_queue(
        &mut self,
        queue: &str,
        body: &[u8],
        headers: &[(&str, &str)],
    ) -> Result<(), PublishError> {
        let mut table = FieldTable::default();
        for (name, value) in headers {
            table.insert((*name).into(), AMQPValue::LongString((*value).into()));
        }
        let [first, _] = &self.channels;
        self.confirmed(first, queue.to_owned(), body, table).await
    }

    /// The time limit of the confirm of `body`.
    fn confirm_timeout(&self, body: &[u8]) -> Duration {
        let mebibytes = u32::try_from(body.len() >> 20).unwrap_or(u32::MAX);
        self.timeout + TIME_PER_MEBIBYTE * mebibytes
    }

    async fn confirmed(
        &self,
        channel: &Channel,
        queue: String,
        body: &[u8],
        headers: FieldTable,
    ) -> Result<(), PublishError> {
        let options = BasicPublishOptions { mandatory: true, ..Default::default() };
        let properties = BasicProperties::default()
            .with_delivery_mode(PERSISTENT)
            .with_content_type("application/json".into())
            .with_headers(headers);
        let confirmation = with_timeout(self.confirm_timeout(body), async {
            // The default exchange routes to the queue that the key names.
            let confirm = channel.basic_publish("".into(), queue.into(), options, body, properties);
            confirm.await?.await
        });
        match confirmation.await? {
            Confirmation::Ack(None) => Ok(()),
            Confirmation::Ack(Some(_)) | Confirmation::Nack(Some(_)) => Err(PublishError::Returned),
            Confirmation::Nack(None) => Err(PublishError::Refused),
            Confirmation::NotRequested => Err(BrokerError::Unconfirmed.into()),
        }
    }
}
