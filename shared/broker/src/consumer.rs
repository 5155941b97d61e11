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

/// One body that the broker handed to this worker and waits to hear of.
#[derive(Debug)]
pub struct Delivery {
    /// What to acknowledge it by.
    pub tag: u64,
    /// The body, as it was published.
    pub body: Vec<u8>,
}

/// The bodies that the broker hands to one worker out of one partition.
///
/// Whatever is not acknowledged when this is dropped, the broker hands out again.
pub struct Consumer {
    // Kept because the channel closes with it.
    _connection: Connection,
    channel: Channel,
    consumer: lapin::Consumer,
    settings: BrokerSettings,
    prefetch: u16,
}

impl Consumer {
    /// Begins to take bodies off `worker`'s queue of `partition`, at most `prefetch` before the
    /// first is acknowledged. Makes what is missing, unless the settings do not ask for that
    /// partition.
    ///
    /// # Errors
    /// When RabbitMQ cannot be used at the moment; [`BrokerError::Gone`] when the queue is not there and
    /// not to be made.
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
        } else if !surplus_partitions::is_there(&channel, timeout, &queue).await? {
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

    /// How many bodies RabbitMQ hands out at most before the first is acknowledged.
    pub fn prefetch(&self) -> u16 {
        self.prefetch
    }

    /// The next body. Nothing is lost when the future is dropped before it resolves.
    ///
    /// # Errors
    /// When the broker ended it; what was not acknowledged will be handed out again.
    pub async fn next(&mut self) -> Result<Delivery, BrokerError> {
        match self.consumer.next().await {
            Some(Ok(delivery)) => Ok(Delivery { tag: delivery.delivery_tag, body: delivery.data }),
            Some(Err(error)) => Err(error.into()),
            None => Err(BrokerError::Cancelled),
        }
    }

    /// Acknowledges the body `tag`: it has been dealt with for good.
    ///
    /// # Errors
    /// When the channel is gone; the body will then be handed out again.
    pub async fn acknowledge(&self, tag: u64) -> Result<(), BrokerError> {
        self.ack(tag, false).await
    }

    /// Acknowledges the body `tag` and every one before it.
    ///
    /// # Errors
    /// When the channel is gone; the bodies will then be handed out again.
    pub async fn acknowledge_up_to(&self, tag: u64) -> Result<(), BrokerError> {
        self.ack(tag, true).await
    }

    async fn ack(&self, tag: u64, multiple: bool) -> Result<(), BrokerError> {
        let ack = self.channel.basic_ack(tag, BasicAckOptions { multiple });
        with_timeout(self.settings.broker_timeout, ack).await
    }

    /// Stops taking bodies and gives back what was not acknowledged, having made sure that the
    /// acknowledgements are on their way.
    pub async fn close(self) {
        let closed = self.channel.close(200, "stopping".into());
        if let Err(error) = with_timeout(self.settings.broker_timeout, closed).await {
            tracing::debug!(cause = %error, "the channel was gone before it was closed");
        }
    }
}
