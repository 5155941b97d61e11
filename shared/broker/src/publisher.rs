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
use chat::event;

/// Why a publish must be taken as not done.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// It reached no queue.
    #[error("RabbitMQ had no queue for it")]
    Returned,
    /// A queue did not take it, because it is full or has no leader.
    #[error("a queue refused it")]
    Refused,
    /// The connection or its channel can no longer be used; connect again.
    #[error("{0}")]
    Broker(#[from] BrokerError),
}

/// What one queue answered to a publish.
#[derive(Debug)]
pub struct Published {
    /// The worker whose queue it is.
    pub worker: ConsumerKind,
    /// Whether the queue has the body on disk.
    pub result: Result<(), PublishError>,
}

/// Publishes persistently and waits for RabbitMQ's word that every queue has it.
///
/// **Each queue gets a publish of its own**, which names the queue and is returned when there is no
/// such queue. Of a publish to an exchange RabbitMQ only says that every queue which is bound has it:
/// one that somebody deleted a moment ago is not waited for, and nobody is told.
///
/// **One publish is outstanding at a time on a channel**, which `&mut self` sees to. Confirms are
/// only worth something that way: with several outstanding, lapin can pin a returned message on
/// another's confirm, and threads that share a channel can get each other's.
pub struct Publisher {
    connection: Connection,
    /// One for each queue that a publish may have to reach.
    channels: [Channel; 2],
    names: QueueNames,
    /// The one whose queues it sees to.
    partition: Partition,
    timeout: Duration,
}

/// Time between two looks at whether a connection is still blocked.
const UNBLOCKED_CHECK_INTERVAL: Duration = Duration::from_millis(100);

/// What the confirm of a body may take longer for each whole MiB that it has. The services' own
/// bodies are smaller; but whatever RabbitMQ took from somebody else must be able to be buried.
const TIME_PER_MEBIBYTE: Duration = Duration::from_secs(1);

/// Persistent, as AMQP 0-9-1 numbers it.
const PERSISTENT: u8 = 2;

impl Publisher {
    /// Connects, makes what is missing of `partition`, and asks for confirms; `purpose` is what
    /// RabbitMQ shows the connection as. What other partitions lack is no hindrance.
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

    /// Gives the connection up. One that RabbitMQ blocks, since its memory or its disk runs out,
    /// cannot even be closed: RabbitMQ would keep it. So giving it up takes as long as that lasts,
    /// which keeps its owner from opening one connection after another that all stay. Whether
    /// RabbitMQ is still there meanwhile, its heartbeats tell.
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

    /// Finds out whether everything that a publish to its own partition must reach is there, and how
    /// the queues are.
    ///
    /// # Errors
    /// When something is missing; the channel is then closed, and connecting again makes it anew.
    pub async fn check_topology(&mut self) -> Result<Vec<QueueState>, BrokerError> {
        let [first, _] = &self.channels;
        with_timeout(self.timeout, topology::check(first, &self.names, self.partition)).await
    }

    /// Publishes a body without events to the queues of its own partition, which workers acknowledge
    /// and do nothing about, and returns what each queue answered. Nothing else shows whether a
    /// publish is permitted and whether a queue that exists has a leader: RabbitMQ declares and
    /// describes a queue that takes nothing as it does any other.
    pub async fn try_queues(&mut self) -> Vec<Published> {
        let body = event::encode([]);
        self.publish_to_each(RoutingKey::Accepted, self.partition, &body).await
    }

    /// Publishes `body` to the queues of `key` in `partition`, which may be another than its own.
    ///
    /// # Errors
    /// Unless every one of them has it on disk. One of them may have it all the same.
    pub async fn publish(
        &mut self,
        key: RoutingKey,
        partition: Partition,
        body: &[u8],
    ) -> Result<(), PublishError> {
        let published = self.publish_to_each(key, partition, body).await;
        published.into_iter().try_for_each(|published| published.result)
    }

    /// Publishes `body` to the queues of `key` in `partition`, and returns what each queue answered.
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
        // Each is waited for, so that none is outstanding when the next publish comes.
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

    /// How long the confirm of `body` may take.
    fn patience(&self, body: &[u8]) -> Duration {
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
        let confirmation = with_timeout(self.patience(body), async {
            // The exchange without a name leads to the queue that the key names.
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
