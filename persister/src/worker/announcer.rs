//! Publishes events about what was committed, and dead letters.

use std::time::Duration;

use broker::{
    BrokerSettings, ConsumerKind, DeadLetter, PublishError, RetryingPublisher, RoutingKey,
};
use chat::{SessionState, body, event::Event};
use tokio::time::Instant;

use crate::{metrics::Metrics, store::Outcome};

/// An event ahead of the database's clock is logged if there was none for this long.
const AHEAD_LOG_INTERVAL: Duration = Duration::from_secs(60);

/// Publishes what follows from written events.
pub(crate) struct Announcer {
    settings: BrokerSettings,
    publisher: RetryingPublisher,
    metrics: Metrics,
    /// When an event was last ahead of the database's clock.
    ahead_at: Option<Instant>,
}

impl Announcer {
    pub fn new(settings: BrokerSettings, publisher: RetryingPublisher, metrics: Metrics) -> Self {
        Self { settings, publisher, metrics, ahead_at: None }
    }

    /// Counts the outcome of a transaction and announces it, however long that takes.
    pub async fn publish_outcome(&mut self, outcome: &Outcome) {
        self.metrics.count_written(outcome);
        if outcome.ahead > 0 {
            self.log_ahead(outcome.ahead);
        }
        let updated =
            outcome.session_updates.iter().cloned().map(Box::new).map(Event::SessionUpdated);
        let rejected = outcome.rejected.iter().cloned().map(Event::MessageRejected);
        let read = outcome.read_updates.iter().cloned().map(Event::ReadUpdated);
        let canned = outcome.canned_replies.into_iter().map(Event::CannedRepliesUpdated);
        self.announce(updated.chain(rejected).chain(read).chain(canned).collect()).await;
        self.metrics.announced.inc_by(outcome.session_updates.len() as u64);
        self.metrics.rejections.inc_by(outcome.rejected.len() as u64);
    }

    /// Announces sessions, however long that takes.
    pub async fn announce_sessions(&mut self, sessions: Vec<SessionState>) {
        let count = sessions.len();
        let updated = sessions.into_iter().map(Box::new).map(Event::SessionUpdated);
        self.announce(updated.collect()).await;
        self.metrics.announced.inc_by(count as u64);
    }

    /// Logs that a gateway's clock is ahead, once for each series of such events.
    fn log_ahead(&mut self, events: usize) {
        if self.ahead_at.is_none_or(|at| at.elapsed() > AHEAD_LOG_INTERVAL) {
            tracing::warn!(
                events,
                "a gateway's clock is more than ten seconds ahead of the database's: its events \
                 get the database's time"
            );
        }
        self.ahead_at = Some(Instant::now());
    }

    /// Publishes the events to the broadcasters of the players' partitions. Most belong to this
    /// worker's partition; after a change of `QUEUE_PARTITIONS` some belong to others.
    async fn announce(&mut self, mut events: Vec<Event>) {
        let partitions = self.settings.queue_partitions;
        let partition = |event: &Event| partitions.of(event.player_id());
        events.sort_by_key(partition);
        for theirs in events.chunk_by(|one, other| partition(one) == partition(other)) {
            let Some(partition) = theirs.first().map(partition) else { continue };
            let encoded = theirs.iter().filter_map(|event| event.encode().ok());
            for body in body::encode_in_parts(encoded) {
                self.publisher.publish(RoutingKey::SessionUpdated, partition, &body).await;
            }
        }
    }

    /// Publishes dead letters, however long that takes.
    pub async fn dead_letter(&mut self, letters: &[DeadLetter]) {
        for letter in letters {
            self.publisher.dead_letter(ConsumerKind::Persister, letter).await;
            self.metrics.dead_letters.of(letter.kind).inc();
        }
    }

    /// Publishes a body at the end of a queue.
    ///
    /// # Errors
    /// When the broker does not confirm it.
    pub async fn requeue(&mut self, queue: &str, body: &[u8]) -> Result<(), PublishError> {
        self.publisher.requeue(queue, body).await
    }
}
