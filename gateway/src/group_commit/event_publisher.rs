//! How requests publish events, and await their confirm.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use broker::{Partition, Partitions};
use chat::{PlayerId, event::EncodedEvent};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use crate::metrics::{Metrics, SendOutcome};

/// The event counts as not accepted. It may be in the queues nevertheless; the client sends it
/// again under the same id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event was not confirmed")]
pub struct Unconfirmed;

impl From<&Result<(), Unconfirmed>> for SendOutcome {
    fn from(accepted: &Result<(), Unconfirmed>) -> Self {
        match accepted {
            Ok(()) => Self::Accepted,
            Err(Unconfirmed) => Self::Refused,
        }
    }
}

/// The handle by which requests publish events. Cheap to clone; the tasks end when the last clone
/// is dropped.
#[derive(Clone, Debug)]
pub struct EventPublisher {
    /// One channel for each partition.
    waiting: Arc<[mpsc::Sender<QueuedEvent>]>,
    partitions: Partitions,
    timeout: Duration,
    metrics: Metrics,
}

/// An event that waits for its publish.
#[derive(Debug)]
pub(super) struct QueuedEvent {
    pub event: EncodedEvent,
    pub answer: oneshot::Sender<Result<(), Unconfirmed>>,
}

impl EventPublisher {
    /// `waiting` has the channel of each partition's task; a publish takes at most `timeout`.
    pub(super) fn new(
        waiting: Vec<mpsc::Sender<QueuedEvent>>,
        partitions: Partitions,
        timeout: Duration,
        metrics: Metrics,
    ) -> Self {
        Self { waiting: waiting.into(), partitions, timeout, metrics }
    }

    /// Publishes `event`, which concerns `player`: resolves once it is on disk in both queues of
    /// the player's partition.
    ///
    /// # Errors
    /// When RabbitMQ rejected or returned it, did not confirm it in time, or is not connected.
    pub async fn publish(
        &self,
        player: Option<&PlayerId>,
        event: EncodedEvent,
    ) -> Result<(), Unconfirmed> {
        let began = Instant::now();
        let accepted = self.confirmed(self.partitions.of(player), event).await;
        let outcome = SendOutcome::from(&accepted);
        self.metrics.send_seconds.of(outcome).observe(began.elapsed().as_secs_f64());
        self.metrics.sends.of(outcome).inc();
        accepted
    }

    /// Publishes the record of a read, for which no client waits. It is counted apart from the
    /// sends.
    ///
    /// # Errors
    /// Those of [`Self::publish`].
    pub async fn publish_read(
        &self,
        player: &PlayerId,
        event: EncodedEvent,
    ) -> Result<(), Unconfirmed> {
        let accepted = self.confirmed(self.partitions.of(Some(player)), event).await;
        let outcome = SendOutcome::from(&accepted);
        self.metrics.audited_reads.of(outcome).inc();
        accepted
    }

    /// Publishes the merged read marks of `requests` clients. They are counted apart from the sends,
    /// since they were delayed.
    ///
    /// # Errors
    /// Those of [`Self::publish`].
    pub async fn publish_read_mark(
        &self,
        player: &PlayerId,
        event: EncodedEvent,
        requests: u64,
    ) -> Result<(), Unconfirmed> {
        let accepted = self.confirmed(self.partitions.of(Some(player)), event).await;
        let outcome = SendOutcome::from(&accepted);
        self.metrics.read_marks.of(outcome).inc_by(requests);
        accepted
    }

    async fn confirmed(
        &self,
        partition: Partition,
        event: EncodedEvent,
    ) -> Result<(), Unconfirmed> {
        let (answer, answered) = oneshot::channel();
        let waiting = self.waiting.get(usize::from(partition.number())).ok_or(Unconfirmed)?;
        waiting.try_send(QueuedEvent { event, answer }).map_err(|_| Unconfirmed)?;
        match timeout(self.timeout, answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) | Err(_) => Err(Unconfirmed),
        }
    }
}
