use super::{
    BrokerSettings, ConsumerKind, DeadLetter, Partition, PublishError, Publisher, RoutingKey,
    dead_letters,
};
use service::{Outage, backoff, health::Dependency};

/// Publishes with retries: reconnects with growing waits until RabbitMQ confirms. Cancel-safe: when the
/// future is dropped, the outcome of the publish is unknown.
pub struct RetryingPublisher {
    settings: BrokerSettings,
    purpose: &'static str,
    publisher: Option<Publisher>,
    outage: Outage,
}

/// A publish.
#[derive(Clone, Copy)]
enum Outgoing<'a> {
    Events { key: RoutingKey, partition: Partition, body: &'a [u8] },
    DeadLetter { queue: &'a str, body: &'a [u8], reason: &'a str },
    Requeued { queue: &'a str, body: &'a [u8] },
}

impl Outgoing<'_> {
    /// The partition whose queues it needs. The queues of dead letters are declared with any partition, and a
    /// requeued body came from a queue that exists.
    fn partition(self) -> Partition {
        match self {
            Self::Events { partition, .. } => partition,
            Self::DeadLetter { .. } | Self::Requeued { .. } => Partition::FIRST,
        }
    }
}

/// A failed publish, with the publisher to close.
struct Failure {
    error: PublishError,
    publisher: Option<Publisher>,
}

impl RetryingPublisher {
    /// Connects at the first publish; `purpose` is the connection's name in RabbitMQ. `dependency` is down
    /// while a publish fails.
    pub fn new(settings: &BrokerSettings, purpose: &'static str, dependency: Dependency) -> Self {
        // Up until a publish fails.
        dependency.set_is_up(true);
        let outage = Outage::new(dependency);
        Self { settings: settings.clone(), purpose, publisher: None, outage }
    }

    /// Publishes `body` to the queues of `key` in `partition`.
    pub async fn publish(&mut self, key: RoutingKey, partition: Partition, body: &[u8]) {
        self.publish_with_retry(Outgoing::Events { key, partition, body }).await;
    }

    /// Logs `letter` and publishes it to the dead letters of `worker`.
    pub async fn dead_letter(&mut self, worker: ConsumerKind, letter: &DeadLetter) {
        letter.log();
        let (queue, DeadLetter { body, reason, .. }) =
            (self.settings.names().dead_letters(worker), letter);
        self.publish_with_retry(Outgoing::DeadLetter { queue: &queue, body, reason }).await;
    }

    /// Publishes `body` to the end of `queue`, without retries.
    ///
    /// # Errors
    /// Unless the queue has it on disk. It may have it all the same.
    pub async fn requeue(&mut self, queue: &str, body: &[u8]) -> Result<(), PublishError> {
        let Err(failure) = self.attempt(Outgoing::Requeued { queue, body }).await else {
            return Ok(());
        };
        if let Some(publisher) = failure.publisher {
            publisher.close().await;
        }
        Err(failure.error)
    }

    async fn publish_with_retry(&mut self, outgoing: Outgoing<'_>) {
        for wait in backoff::waits() {
            let Err(failure) = self.attempt(outgoing).await else { break };
            self.outage.failed(&failure.error);
            if let Some(publisher) = failure.publisher {
                publisher.close().await;
            }
            tokio::time::sleep(wait).await;
        }
        self.outage.succeeded();
    }

    async fn attempt(&mut self, outgoing: Outgoing<'_>) -> Result<(), Failure> {
        // Taken out while in use, so that no failed or dropped publish leaves a publisher behind with an
        // outstanding confirm. A new connection declares a missing queue again.
        let mut publisher = match self.publisher.take() {
            Some(publisher) => publisher,
            None => Publisher::connect(&self.settings, outgoing.partition(), self.purpose)
                .await
                .map_err(|error| Failure { error: error.into(), publisher: None })?,
        };
        let published = match outgoing {
            Outgoing::Events { key, partition, body } => {
                publisher.publish(key, partition, body).await
            }
            Outgoing::DeadLetter { queue, body, reason } => {
                dead_letters::dead_letter(&mut publisher, queue, body, reason).await
            }
            Outgoing::Requeued { queue, body } => {
                publisher.publish_to_queue(queue, body, &[]).await
            }
        };
        match published {
            Ok(()) => {
                self.publisher = Some(publisher);
                Ok(())
            }
            Err(error) => Err(Failure { error, publisher: Some(publisher) }),
        }
    }
}
