use ::broker::{BrokerSettings, ConsumerKind, QueueNames};
use chat::event::{Event, decode};
use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties,
    options::{
        BasicAckOptions, BasicGetOptions, BasicNackOptions, BasicPublishOptions,
        ConfirmSelectOptions, QueueDeclareOptions, QueueDeleteOptions,
    },
    types::{AMQPValue, FieldTable},
};
use uuid::Uuid;

use crate::{eventually, servers::amqp_url, settings};

/// The queues of one test's own.
pub struct Broker {
    /// The broker's address.
    pub url: String,
    /// What the names of the queues begin with.
    pub prefix: String,
    connection: Connection,
}

impl Broker {
    /// Names that no other test has. The queues are made by whoever first needs them.
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

    /// The same broker through another server address.
    pub fn url_through(&self, addr: impl std::fmt::Display) -> String {
        self.url.replace(&self.server(), &addr.to_string())
    }

    /// How a service reaches it.
    pub fn settings(&self) -> BrokerSettings {
        let (url, prefix) = (&*self.url, &*self.prefix);
        settings(["--amqp-url", url, "--queue-prefix", prefix, "--broker-timeout=10s"])
    }

    /// The names of the exchange and the queues.
    pub fn names(&self) -> QueueNames {
        QueueNames::new(&self.prefix)
    }

    /// What a client says on its first channel that acknowledges a body which it never got:
    /// RabbitMQ closes the channel for it, as it does when a body is not acknowledged in time.
    ///
    /// Source: <https://www.rabbitmq.com/amqp-0-9-1-reference#basic.ack>.
    pub const WRONG_ACKNOWLEDGEMENT: [u8; 21] = [
        1, 0, 1, 0, 0, 0, 13, // a method on channel 1, in 13 bytes:
        0, 60, 0, 80, // basic.ack
        0, 0, 0, 0, 0, 0, 0x27, 0x0f, 0, // of the body 9,999 alone
        0xce,
    ];

    /// Publishes `body` as the gateway would, and waits until it is in the queues.
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

    /// Puts `body` into `queue`; says whether it took it.
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

    /// Takes every body out of `queue`.
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

    /// Takes every event out of `worker`'s queue.
    pub async fn drain_events(&self, worker: ConsumerKind) -> Vec<Event> {
        self.drain_events_of(&self.names().queue(worker)).await
    }

    /// Takes every event out of `queue`.
    pub async fn drain_events_of(&self, queue: &str) -> Vec<Event> {
        let bodies = self.drain(queue).await;
        let events = bodies.iter().flat_map(|body| decode(body).unwrap());
        events.map(Result::unwrap).collect()
    }

    /// Takes a body out of `queue` and gives it back, as a worker does that dies of it, until it is
    /// not there any more; says how often that was.
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

    /// How many bodies wait in `queue`; nothing when there is no such queue.
    pub async fn depth(&self, queue: &str) -> Option<u32> {
        let passive = QueueDeclareOptions { passive: true, durable: true, ..Default::default() };
        let channel = self.channel().await;
        let queue = channel.queue_declare(queue.into(), passive, FieldTable::default()).await;
        queue.ok().map(|queue| queue.message_count())
    }

    /// Waits until `queue` holds `count` bodies.
    pub async fn wait_for_depth(&self, queue: &str, count: u32) {
        eventually(&format!("{count} bodies in {queue}"), async || {
            (self.depth(queue).await == Some(count)).then_some(())
        })
        .await;
    }

    /// Waits until `queue` holds something.
    pub async fn wait_for_some(&self, queue: &str) {
        eventually(&format!("something in {queue}"), async || {
            self.depth(queue).await.filter(|depth| *depth > 0)
        })
        .await;
    }

    /// Takes the binding of `worker`'s queue away, so that nothing published reaches it.
    pub async fn unbind(&self, worker: ConsumerKind) {
        let (queue, exchange) = (self.names().queue(worker), self.names().exchange());
        let channel = self.channel().await;
        channel
            .queue_unbind(queue.into(), exchange.into(), "accepted".into(), FieldTable::default())
            .await
            .unwrap();
    }

    /// Makes a queue called `queue` of a kind that no service can work with.
    pub async fn make_transient(&self, queue: &str) {
        let options = QueueDeclareOptions { auto_delete: true, ..Default::default() };
        let channel = self.channel().await;
        channel.queue_declare(queue.into(), options, FieldTable::default()).await.unwrap();
    }

    /// Makes a queue of dead letters as releases did that did not bound it.
    ///
    /// # Errors
    /// RabbitMQ's reason, when the queue was made in another way.
    pub async fn make_unbounded_dead_letters(&self, queue: &str) -> Result<(), String> {
        let options = QueueDeclareOptions { durable: true, ..Default::default() };
        let mut arguments = FieldTable::default();
        arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
        arguments.insert("x-delivery-limit".into(), AMQPValue::LongLongInt(i32::MAX.into()));
        let declare = self.channel().await.queue_declare(queue.into(), options, arguments).await;
        declare.map(drop).map_err(|error| error.to_string())
    }

    /// Deletes `worker`'s queue with all that is in it.
    pub async fn delete(&self, worker: ConsumerKind) {
        self.delete_queue(&self.names().queue(worker)).await;
    }

    /// Deletes `queue` with all that is in it.
    pub async fn delete_queue(&self, queue: &str) {
        let options = QueueDeleteOptions::default();
        self.channel().await.queue_delete(queue.into(), options).await.unwrap();
    }

    async fn channel(&self) -> Channel {
        self.connection.create_channel().await.unwrap()
    }
}
