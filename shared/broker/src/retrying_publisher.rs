use super::{
    BrokerSettings, ConsumerKind, DeadLetter, Partition, PublishError, Publisher, RoutingKey,
    dead_letters,
};
use service::{Outage, backoff, health::Dependency};

/// Publishes and does not give up: connects again and tries again, with growing waits, until
/// RabbitMQ has what it was given. Whoever cannot wait for ever drops the future; the publish may
/// then have been done or not.
pub struct RetryingPublisher {
    settings: BrokerSettings,
    purpose: &'static str,
    publisher: Option<Publisher>,
    outage: Outage,
}

/// What is to be published.
#[derive(Clone, Copy)]
enum Outgoing<'a> {
    Events { key: RoutingKey, partition: Partition, body: &'a [u8] },
    DeadLetter { queue: &'a str, body: &'a [u8], reason: &'a str },
    Requeued { queue: &'a str, body: &'a [u8] },
}

impl Outgoing<'_> {
    /// The partition whose queues it needs. Dead letters are there with any, and what is requeued came
    /// from a queue that is there.
    fn partition(self) -> Partition {
        match self {
            Self::Events { partition, .. } => partition,
            Self::DeadLetter { .. } | Self::Requeued { .. } => Partition::FIRST,
        }
    }
}

/// A publish that failed, and what it failed on.
struct Failure {
    error: PublishError,
    publisher: Option<Publisher>,
}

impl RetryingPublisher {
    /// Will connect when there is something to publish; `purpose` is what RabbitMQ shows the
    /// connection as. `dependency` is down while something cannot be published.
    pub fn new(settings: &BrokerSettings, purpose: &'static str, dependency: Dependency) -> Self {
        // Whether it works is only known once there is something to publish.
        dependency.set_up(true);
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

    /// Publishes `body` to the end of `queue`, at one attempt.
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
        // Out of its place while in use: neither a publish that failed nor one that was dropped half
        // way leaves a publisher behind whose confirm is still on its way. And a new connection
        // makes a missing queue anew.
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
