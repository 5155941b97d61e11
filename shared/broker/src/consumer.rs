use futures_util::StreamExt;
use lapin::{
    Channel,
    options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions},
    types::FieldTable,
};

use super::{
    BrokerError, BrokerSettings, ConsumerKind, Partition,
    connection::{Connection, with_timeout},
    surplus_partitions, topology,
};

/// A body that RabbitMQ delivered and that is not acknowledged.
#[derive(Debug)]
pub struct Delivery {
    /// The tag that acknowledges it.
    pub tag: u64,
    /// The published body.
    pub body: Vec<u8>,
}

/// Consumes the queue of one worker and one partition. When it is dropped, RabbitMQ requeues the deliveries
/// that are not acknowledged.
pub struct Consumer {
    // Kept because the channel closes with it.
    _connection: Connection,
    channel: Channel,
    consumer: lapin::Consumer,
    settings: BrokerSettings,
    prefetch: u16,
}

impl Consumer {
    /// Consumes `worker`'s queue of `partition`, with `prefetch` unacknowledged deliveries at most. Declares
    /// the queue, unless the partition is a surplus one. `purpose` is the connection's name in RabbitMQ.
    ///
    /// # Errors
    /// When RabbitMQ cannot be used at the moment; [`BrokerError::Gone`] when the queue of a surplus
    /// partition does not exist.
    pub async fn connect(
        settings: &BrokerSettings,
        worker: ConsumerKind,
        partition: Partition,
        prefetch: u16,
        purpose: &str,
    ) -> Result<Self, BrokerError> {
        let connection = Connection::open(settings, purpose).await?;
        let (timeout, names) = (settings.broker_timeout, settings.names());
        let channel = connection.channel().await?;
        let queue = names.queue_of(worker, partition);
        if settings.queue_partitions.contain(partition) {
            topology::declare(&connection, &channel, settings, partition).await?;
        } else if !surplus_partitions::exists(&channel, timeout, &queue).await? {
            return Err(BrokerError::Gone);
        }
        with_timeout(timeout, channel.basic_qos(prefetch, BasicQosOptions::default())).await?;
        let consume = channel.basic_consume(
            queue.into(),
            purpose.into(),
            BasicConsumeOptions::default(),
            FieldTable::default(),
        );
        let consumer = with_timeout(timeout, consume).await?;
        let settings = settings.clone();
        Ok(Self { _connection: connection, channel, consumer, settings, prefetch })
    }

    /// The most unacknowledged deliveries.
    pub fn prefetch(&self) -> u16 {
        self.prefetch
    }

    /// The next delivery. Cancel-safe.
    ///
    /// # Errors
    /// When the consumer ended; RabbitMQ requeues unacknowledged deliveries.
    pub async fn next(&mut self) -> Result<Delivery, BrokerError> {
        match self.consumer.next().await {
            Some(Ok(delivery)) => Ok(Delivery { tag: delivery.delivery_tag, body: delivery.data }),
            Some(Err(error)) => Err(error.into()),
            None => Err(BrokerError::Cancelled),
        }
    }

    /// Acknowledges one delivery.
    ///
    /// # Errors
    /// When the channel is gone; RabbitMQ then delivers the body again.
    pub async fn acknowledge(&self, tag: u64) -> Result<(), BrokerError> {
        self.ack(tag, false).await
    }

    /// Acknowledges a delivery and all before it.
    ///
    /// # Errors
    /// When the channel is gone; RabbitMQ then delivers the bodies again.
    pub async fn acknowledge_up_to(&self, tag: u64) -> Result<(), BrokerError> {
        self.ack(tag, true).await
    }

    async fn ack(&self, tag: u64, multiple: bool) -> Result<(), BrokerError> {
        let ack = self.channel.basic_ack(tag, BasicAckOptions { multiple });
        with_timeout(self.settings.broker_timeout, ack).await
    }

    /// Closes the channel after the acknowledgements are sent. RabbitMQ requeues the other deliveries.
    pub async fn close(self) {
        let closed = self.channel.close(200, "stopping".into());
        if let Err(error) = with_timeout(self.settings.broker_timeout, closed).await {
            tracing::debug!(exception.message = %error, "the channel failed before it was closed");
        }
    }
}
