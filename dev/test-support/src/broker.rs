use ::broker::{BrokerSettings, ConsumerKind, QueueNames};
use chat::{body::decode, event::Event};
use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties, Queue,
    options::{
        BasicAckOptions, BasicGetOptions, BasicNackOptions, BasicPublishOptions,
        ConfirmSelectOptions, QueueDeclareOptions, QueueDeleteOptions,
    },
    types::{AMQPValue, FieldTable},
};
use uuid::Uuid;

use crate::{eventually, servers::amqp_url, settings};

/// A test's own queues.
pub struct Broker {
    /// The broker's URL.
    pub url: String,
    /// The prefix of the queues' names.
    pub prefix: String,
    connection: Connection,
}

impl Broker {
    /// Connects with a unique prefix. The services declare the queues.
    pub async fn connect() -> Self {
        let url = amqp_url();
        let connection = Connection::connect(&url, ConnectionProperties::default()).await.unwrap();
        Self { url, prefix: format!("test-{}", Uuid::now_v7().simple()), connection }
    }

    /// The broker's host and port.
    pub fn server(&self) -> String {
        let (_, rest) = self.url.rsplit_once('@').unwrap();
        rest.split('/').next().unwrap().to_owned()
    }

    /// The broker's URL with another server address, such as a proxy's.
    pub fn url_through(&self, addr: impl std::fmt::Display) -> String {
        self.url.replace(&self.server(), &addr.to_string())
    }

    /// The settings of a service.
    pub fn settings(&self) -> BrokerSettings {
        let (url, prefix) = (&*self.url, &*self.prefix);
        settings(["--amqp-url", url, "--queue-prefix", prefix, "--broker-timeout=10s"])
    }

    /// The names of the exchange and the queues.
    pub fn names(&self) -> QueueNames {
        QueueNames::new(&self.prefix)
    }

    /// A frame on channel 1 that acknowledges a delivery which was never made. RabbitMQ closes the
    /// channel, as it does when an acknowledgement is late.
    ///
    /// Source: <https://www.rabbitmq.com/amqp-0-9-1-reference#basic.ack>.
    pub const WRONG_ACKNOWLEDGEMENT: [u8; 21] = [
        1, 0, 1, 0, 0, 0, 13, // a method on channel 1, in 13 bytes:
        0, 60, 0, 80, // basic.ack
        0, 0, 0, 0, 0, 0, 0x27, 0x0f, 0, // delivery tag 9,999, multiple = false
        0xce,
    ];

    /// Publishes `body` to both queues, and waits for the confirm.
    pub async fn publish(&self, body: &[u8]) {
        let exchange = self.names().exchange();
        let channel = self.channel().await;
        channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
        let confirm = channel
            .basic_publish(
                exchange.into(),
                "accepted".into(),
                BasicPublishOptions { mandatory: true, ..Default::default() },
                body,
                BasicProperties::default().with_delivery_mode(2),
            )
            .await
            .unwrap();
        assert_eq!(confirm.await.unwrap(), lapin::Confirmation::Ack(None));
    }

    /// Publishes `body` to `queue`; returns whether the broker confirmed it.
    pub async fn put(&self, queue: &str, body: &[u8]) -> bool {
        let channel = self.channel().await;
        channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
        let options = BasicPublishOptions { mandatory: true, ..Default::default() };
        let persistent = BasicProperties::default().with_delivery_mode(2);
        let confirm = channel
            .basic_publish("".into(), queue.into(), options, body, persistent)
            .await
            .unwrap();
        confirm.await.unwrap() == lapin::Confirmation::Ack(None)
    }

    /// Consumes all bodies of `queue`.
    pub async fn drain(&self, queue: &str) -> Vec<Vec<u8>> {
        let channel = self.channel().await;
        let mut bodies = Vec::new();
        while let Some(message) =
            channel.basic_get(queue.into(), BasicGetOptions::default()).await.unwrap()
        {
            bodies.push(message.delivery.data.clone());
            message.delivery.ack(BasicAckOptions::default()).await.unwrap();
        }
        bodies
    }

    /// Consumes all events of `worker`'s queue.
    pub async fn drain_events(&self, worker: ConsumerKind) -> Vec<Event> {
        self.drain_events_of(&self.names().queue(worker)).await
    }

    /// Consumes all events of `queue`.
    pub async fn drain_events_of(&self, queue: &str) -> Vec<Event> {
        let bodies = self.drain(queue).await;
        let events = bodies.iter().flat_map(|body| decode(body).unwrap());
        events.map(Result::unwrap).collect()
    }

    /// Requeues a body of `queue`, as a worker does that crashes on it, until RabbitMQ drops it.
    /// Returns the number of deliveries.
    pub async fn die_of(&self, queue: &str) -> usize {
        let channel = self.channel().await;
        let mut deaths = 0;
        while let Some(message) =
            channel.basic_get(queue.into(), BasicGetOptions::default()).await.unwrap()
        {
            let requeue = BasicNackOptions { requeue: true, ..Default::default() };
            message.delivery.nack(requeue).await.unwrap();
            deaths += 1;
        }
        deaths
    }

    /// The number of ready bodies in `queue`; `None` when the queue does not exist.
    pub async fn depth(&self, queue: &str) -> Option<u32> {
        Some(self.existing(queue).await?.message_count())
    }

    /// The number of consumers of `queue`; 0 when the queue does not exist.
    pub async fn consumers(&self, queue: &str) -> u32 {
        self.existing(queue).await.map_or(0, |queue| queue.consumer_count())
    }

    async fn existing(&self, queue: &str) -> Option<Queue> {
        let passive = QueueDeclareOptions { passive: true, durable: true, ..Default::default() };
        let channel = self.channel().await;
        channel.queue_declare(queue.into(), passive, FieldTable::default()).await.ok()
    }

    /// Waits until `queue` holds `count` bodies.
    pub async fn wait_for_depth(&self, queue: &str, count: u32) {
        eventually(&format!("{count} bodies in {queue}"), async || {
            (self.depth(queue).await == Some(count)).then_some(())
        })
        .await;
    }

    /// Waits until `queue` holds a body.
    pub async fn wait_for_some(&self, queue: &str) {
        eventually(&format!("a body in {queue}"), async || {
            self.depth(queue).await.filter(|depth| *depth > 0)
        })
        .await;
    }

    /// Declares a queue with arguments that no service accepts.
    pub async fn make_transient(&self, queue: &str) {
        let options = QueueDeclareOptions { auto_delete: true, ..Default::default() };
        let channel = self.channel().await;
        channel.queue_declare(queue.into(), options, FieldTable::default()).await.unwrap();
    }

    /// Declares a queue of dead letters without a length limit, as earlier releases did.
    ///
    /// # Errors
    /// RabbitMQ's reason, when the queue exists with other arguments.
    pub async fn make_unbounded_dead_letters(&self, queue: &str) -> Result<(), String> {
        let options = QueueDeclareOptions { durable: true, ..Default::default() };
        let mut arguments = FieldTable::default();
        arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
        arguments.insert("x-delivery-limit".into(), AMQPValue::LongLongInt(i32::MAX.into()));
        let declare = self.channel().await.queue_declare(queue.into(), options, arguments).await;
        declare.map(drop).map_err(|error| error.to_string())
    }

    /// Deletes `worker`'s queue and its messages.
    pub async fn delete(&self, worker: ConsumerKind) {
        self.delete_queue(&self.names().queue(worker)).await;
    }

    /// Deletes `queue` and its messages.
    pub async fn delete_queue(&self, queue: &str) {
        let options = QueueDeleteOptions::default();
        self.channel().await.queue_delete(queue.into(), options).await.unwrap();
    }

    async fn channel(&self) -> Channel {
        self.connection.create_channel().await.unwrap()
    }
}
