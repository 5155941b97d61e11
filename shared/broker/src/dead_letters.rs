//! The queues of dead letters: publish, list, replay, purge.

use std::time::Duration;

use lapin::{
    BasicProperties, Channel,
    message::Delivery,
    options::{BasicAckOptions, BasicGetOptions, QueueDeclareOptions, QueuePurgeOptions},
    types::{AMQPValue, FieldTable},
};

use super::{
    BrokerError, BrokerSettings, ConsumerKind, Partition, PublishError, Publisher,
    connection::{Connection, with_timeout},
};
use chat::{PlayerId, body};

/// The header with the reason of a dead letter.
const REASON: &str = "x-reason";

/// The most characters of a reason.
const REASON_LENGTH: usize = 500;

/// Publishes `body` to the queue of dead letters `queue`, with its reason.
///
/// # Errors
/// Unless the queue has it on disk.
pub async fn dead_letter(
    publisher: &mut Publisher,
    queue: &str,
    body: &[u8],
    reason: &str,
) -> Result<(), PublishError> {
    let reason: String = reason.chars().take(REASON_LENGTH).collect();
    publisher.publish_to_queue(queue, body, &[(REASON, &reason)]).await
}

/// A dead letter in its queue, as an operator sees it.
#[derive(Debug)]
pub struct ListedDeadLetter {
    /// The reason of the worker, or of RabbitMQ.
    pub reason: String,
    /// The first 128 KiB of the body: all of it if a service of this release published it.
    pub body: Vec<u8>,
    /// The size of the whole body, in bytes.
    pub size: usize,
}

/// Selects dead letters. All conditions must hold.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// The reason contains this text.
    pub reason: Option<String>,
    /// The body has an event of this player's conversation.
    pub player: Option<PlayerId>,
}

impl Filter {
    fn is_empty(&self) -> bool {
        self.reason.is_none() && self.player.is_none()
    }

    fn matches(&self, letter: &Delivery) -> bool {
        self.reason.as_ref().is_none_or(|text| reason(&letter.properties).contains(text))
            && self.player.as_ref().is_none_or(|player| has_event_of(&letter.data, player))
    }
}

/// Whether `body` has an event of the player's conversation. An unreadable body is searched as text.
fn has_event_of(body: &[u8], player: &PlayerId) -> bool {
    let events = body::decode(body).unwrap_or_default();
    let mut readable = events.iter().flatten();
    if readable.any(|event| event.player_id() == Some(player)) {
        return true;
    }
    let is_readable = !events.is_empty() && events.iter().all(Result::is_ok);
    let text = format!("\"playerId\":\"{}\"", player.as_str());
    !is_readable && body.windows(text.len()).any(|part| part == text.as_bytes())
}

/// The most bytes of a dead letter in a list.
const LISTED_BYTES: usize = 128 * 1024;

/// The least time for an answer of RabbitMQ, which may be busy: an operator waits longer than a client.
const MIN_TIMEOUT: Duration = Duration::from_secs(10);

/// The dead letters of one worker.
pub struct DeadLetters {
    // Kept because the channel closes with it.
    _connection: Connection,
    channel: Channel,
    settings: BrokerSettings,
    worker: ConsumerKind,
    filter: Filter,
}

impl DeadLetters {
    /// Connects to the dead letters of `worker`.
    ///
    /// # Errors
    /// When RabbitMQ cannot be used at the moment.
    pub async fn open(
        settings: &BrokerSettings,
        worker: ConsumerKind,
    ) -> Result<Self, BrokerError> {
        let broker_timeout = settings.broker_timeout.max(MIN_TIMEOUT);
        let settings = BrokerSettings { broker_timeout, ..settings.clone() };
        let connection = Connection::open(&settings, "dead-letters").await?;
        let channel = connection.channel().await?;
        let filter = Filter::default();
        Ok(Self { _connection: connection, channel, settings, worker, filter })
    }

    /// Restricts this to the dead letters that `filter` selects.
    pub fn only(self, filter: Filter) -> Self {
        Self { filter, ..self }
    }

    /// The first `limit` selected dead letters, which stay in the queue.
    ///
    /// # Errors
    /// When RabbitMQ cannot be used at the moment, or the queue does not exist.
    pub async fn list(self, limit: usize) -> Result<Vec<ListedDeadLetter>, BrokerError> {
        let mut letters = Vec::new();
        while letters.len() < limit {
            let Some(delivery) = self.take().await? else {
                break;
            };
            if !self.filter.matches(&delivery) {
                continue;
            }
            letters.push(ListedDeadLetter {
                reason: reason(&delivery.properties),
                body: delivery.data.iter().copied().take(LISTED_BYTES).collect(),
                size: delivery.data.len(),
            });
        }
        self.close().await?;
        Ok(letters)
    }

    /// The number of dead letters that contain `text`; all stay in the queue.
    ///
    /// # Errors
    /// When RabbitMQ cannot be used at the moment, or the queue does not exist.
    pub async fn containing(self, text: &str) -> Result<usize, BrokerError> {
        let mut found = 0;
        while let Some(Delivery { data, .. }) = self.take().await? {
            found += usize::from(data.windows(text.len()).any(|part| part == text.as_bytes()));
        }
        self.close().await?;
        Ok(found)
    }

    /// Puts up to `limit` selected dead letters back, oldest first, and returns their number. Each goes to
    /// the worker's queue of its player's current partition, or of the first if the body is unreadable. It
    /// leaves the dead letters only once the queue has it on disk: an interrupted replay may deliver one
    /// twice and loses none.
    ///
    /// # Errors
    /// When RabbitMQ cannot be used at the moment; the replayed ones stay replayed.
    pub async fn replay(self, limit: usize) -> anyhow::Result<usize> {
        let mut publisher =
            Publisher::connect(&self.settings, Partition::FIRST, "dead-letters replay").await?;
        let names = self.settings.names();
        // Not those that the worker dead-letters again meanwhile.
        let mut replayed = 0;
        for _ in 0..self.count().await? {
            if replayed == limit {
                break;
            }
            let Some(delivery) = self.take().await? else {
                break;
            };
            if !self.filter.matches(&delivery) {
                continue;
            }
            let queue = names.queue_of(self.worker, self.partition(&delivery.data));
            publisher.publish_to_queue(&queue, &delivery.data, &[]).await?;
            self.acknowledge(&delivery).await?;
            replayed += 1;
        }
        self.close().await?;
        Ok(replayed)
    }

    /// Deletes the selected dead letters, and returns their number.
    ///
    /// # Errors
    /// When RabbitMQ cannot be used at the moment, or the queue does not exist.
    pub async fn purge(self) -> Result<usize, BrokerError> {
        if self.filter.is_empty() {
            let queue = self.settings.names().dead_letters(self.worker);
            let purge = self.channel.queue_purge(queue.into(), QueuePurgeOptions::default());
            let purged = with_timeout(self.settings.broker_timeout, purge).await?;
            return Ok(usize::try_from(purged).unwrap_or(usize::MAX));
        }
        let mut purged = 0;
        for _ in 0..self.count().await? {
            let Some(delivery) = self.take().await? else {
                break;
            };
            if self.filter.matches(&delivery) {
                self.acknowledge(&delivery).await?;
                purged += 1;
            }
        }
        self.close().await?;
        Ok(purged)
    }

    async fn acknowledge(&self, delivery: &Delivery) -> Result<(), BrokerError> {
        let ack = self.channel.basic_ack(delivery.delivery_tag, BasicAckOptions::default());
        with_timeout(self.settings.broker_timeout, ack).await
    }

    /// Closes the channel. RabbitMQ requeues the unacknowledged dead letters.
    async fn close(&self) -> Result<(), BrokerError> {
        with_timeout(self.settings.broker_timeout, self.channel.close(200, "done".into())).await
    }

    fn partition(&self, body: &[u8]) -> Partition {
        let events = body::decode(body).unwrap_or_default();
        let first = events.iter().flatten().next();
        first.map_or(Partition::FIRST, |event| self.settings.queue_partitions.of(event.player_id()))
    }

    async fn count(&self) -> Result<usize, BrokerError> {
        let queue = self.settings.names().dead_letters(self.worker);
        let passive = QueueDeclareOptions { passive: true, durable: true, ..Default::default() };
        let declare = self.channel.queue_declare(queue.into(), passive, FieldTable::default());
        let queue = with_timeout(self.settings.broker_timeout, declare).await?;
        Ok(usize::try_from(queue.message_count()).unwrap_or(usize::MAX))
    }

    async fn take(&self) -> Result<Option<Delivery>, BrokerError> {
        let queue = self.settings.names().dead_letters(self.worker);
        let get = self.channel.basic_get(queue.into(), BasicGetOptions::default());
        // The size of the body, and therefore the time it takes, is unknown before.
        let message = with_timeout(self.settings.broker_timeout * 10, get).await?;
        Ok(message.map(|message| message.delivery))
    }
}

/// The worker's reason, or RabbitMQ's if RabbitMQ dead-lettered the body.
fn reason(properties: &BasicProperties) -> String {
    let headers = properties.headers().as_ref().map(|table| table.inner());
    let text = |name: &str| match headers?.get(name)? {
        AMQPValue::LongString(text) => Some(text.to_string()),
        AMQPValue::ShortString(text) => Some(text.to_string()),
        _ => None,
    };
    text(REASON)
        .or_else(|| text("x-first-death-reason").map(|death| format!("RabbitMQ: {death}")))
        .unwrap_or_else(|| "RabbitMQ: delivered too often".to_owned())
}
