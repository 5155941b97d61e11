//! Publishes events into both queues, several in one body.
//!
//! One task publishes, with one publish outstanding. Events that arrive while it awaits the confirm
//! go together into the next body: under a low load every event has a publish of its own and does
//! not wait, under a high load one confirm answers many. A single outstanding publish is also what
//! makes a confirm unambiguous; see [`Publisher`].
//!
//! Most of what a publish costs RabbitMQ does not depend on its size. So a publish that follows one of
//! several events waits until [`Config::commit_delay`] has passed since that one began, as PostgreSQL's
//! `commit_delay` does with `commit_siblings`.
//!
//! Each partition has such a task, with its own connection and its own share of the waiting events:
//! a queue that is missing, full or slow rejects the sends of its own players and no others.

mod event_publisher;
mod orphaned_queues;

use std::time::{Duration, Instant};

use broker::{
    BrokerError, BrokerSettings, ConsumerKind, Partition, PublishError, Published, Publisher,
    QueueState, RoutingKey,
};
use chat::body;
use service::{
    Outage,
    backoff::{self, Waits},
    health::Dependency,
};
use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval},
};
use tracing::Instrument;

pub use self::event_publisher::{EventPublisher, Unconfirmed};
use self::{event_publisher::QueuedEvent, orphaned_queues::OrphanedQueues};
use crate::{
    metrics::{Metrics, PublishOutcome},
    refusing_queues::RefusingQueues,
    settings::Config,
};

/// The most events that wait for a publish, of all partitions together.
const MAX_WAITING_EVENTS: u16 = 10_000;

/// The most events in one body.
const MAX_EVENTS_PER_BODY: usize = 500;

/// A publish of this many events delays the next one: more will arrive meanwhile. What the delay
/// costs and saves is in dev/bench/notes/13.md.
const SIBLINGS: usize = 3;

/// A publish of this many events delays no other: they share its cost already.
const ENOUGH_EVENTS: usize = 24;

/// The task that publishes into the queues of one partition.
#[derive(Debug)]
pub struct GroupCommit {
    partition: Partition,
    waiting: mpsc::Receiver<QueuedEvent>,
    /// The event that did not fit into the last body.
    postponed: Option<QueuedEvent>,
    broker: BrokerSettings,
    check_interval: Duration,
    commit_delay: Duration,
    /// The earliest begin of the next publish.
    not_before: Instant,
    /// RabbitMQ cannot be used. The gateway is not ready.
    outage: Outage,
    /// The queues reject publishes. The gateway stays ready: only sends show when they accept
    /// again.
    full: Outage,
    /// Which of the partition's queues did not take the last publish, in the order of
    /// [`ConsumerKind::ALL`].
    refused: [bool; 2],
    refusing_queues: RefusingQueues,
    orphaned_queues: OrphanedQueues,
    metrics: Metrics,
}

/// Creates the handle and the tasks behind it, one for each partition. Each part of `broker` is up
/// while the task of one partition can publish.
pub fn group_commit(
    config: &Config,
    broker: &Dependency,
    refusing_queues: &RefusingQueues,
    metrics: Metrics,
) -> (EventPublisher, Vec<GroupCommit>) {
    let partitions = config.broker.queue_partitions;
    let (waiting, publishing) = partitions
        .all()
        .map(|partition| {
            for worker in ConsumerKind::ALL {
                refusing_queues.remove(&config.broker.names().queue_of(worker, partition));
            }
            let capacity = partitions.share(MAX_WAITING_EVENTS, partition);
            let (sender, receiver) = mpsc::channel(capacity.into());
            let group_commit = GroupCommit {
                partition,
                waiting: receiver,
                postponed: None,
                broker: config.broker.clone(),
                check_interval: config.topology_check_interval,
                commit_delay: config.commit_delay,
                not_before: Instant::now(),
                outage: Outage::new(broker.part(partition.number())),
                full: Outage::new(Dependency::new("queues")),
                refused: [false; 2],
                refusing_queues: refusing_queues.clone(),
                orphaned_queues: OrphanedQueues::default(),
                metrics: metrics.clone(),
            };
            (sender, group_commit)
        })
        .collect::<(Vec<_>, Vec<_>)>();
    // Weak, so that the metric does not keep the tasks running.
    let weak: Vec<_> = waiting.iter().map(mpsc::Sender::downgrade).collect();
    metrics.waiting_events.answer_by(move || {
        let waiting = weak.iter().filter_map(mpsc::WeakSender::upgrade);
        waiting.map(|channel| channel.max_capacity() - channel.capacity()).sum::<usize>() as f64
    });
    (EventPublisher::new(waiting, partitions, config.send_timeout, metrics), publishing)
}

/// Every [`EventPublisher`] was dropped.
struct Finished;

impl GroupCommit {
    /// Publishes until every [`EventPublisher`] is dropped.
    pub async fn run(self) {
        let span = self.broker.span(self.partition);
        self.publish_until_closed().instrument(span).await;
    }

    async fn publish_until_closed(mut self) {
        let mut waits = backoff::waits();
        while let Err(error) = self.publish_over_one_connection(&mut waits).await {
            self.outage.failed(&error);
            if matches!(error, BrokerError::Broker(_)) {
                ConsumerKind::ALL.into_iter().for_each(|worker| self.set_refused(worker, false));
            }
            let wait = tokio::time::sleep(waits.next().unwrap_or_default());
            if self.reject_while(wait).await.is_none() {
                return;
            }
        }
    }

    async fn publish_over_one_connection(
        &mut self,
        waits: &mut Waits,
    ) -> Result<Finished, BrokerError> {
        let settings = self.broker.clone();
        let connected =
            self.reject_while(Publisher::connect(&settings, self.partition, "gateway")).await;
        let Some(connected) = connected else { return Ok(Finished) };
        let mut publisher = connected?;
        let Some(ended) = self.publish_after_test(&mut publisher, waits).await else {
            return Ok(Finished);
        };
        if let Err(error) = &ended {
            self.outage.failed(error);
            let blocked = i64::from(publisher.is_blocked());
            self.metrics.broker_blocked.inc_by(blocked);
            let closed = self.reject_while(publisher.close()).await;
            self.metrics.broker_blocked.dec_by(blocked);
            if closed.is_none() {
                return Ok(Finished);
            }
        }
        ended
    }

    /// Awaits `future` and rejects every event meanwhile. None when every [`EventPublisher`] is
    /// dropped.
    async fn reject_while<T>(&mut self, future: impl Future<Output = T>) -> Option<T> {
        let mut future = std::pin::pin!(future);
        loop {
            tokio::select! {
                result = &mut future => return Some(result),
                waiting = self.waiting.recv() => answer_all(vec![waiting?], Err(Unconfirmed)),
            }
        }
    }

    /// Publishes events once both queues have accepted an empty body. None when every
    /// [`EventPublisher`] is dropped before.
    async fn publish_after_test(
        &mut self,
        publisher: &mut Publisher,
        waits: &mut Waits,
    ) -> Option<Result<Finished, BrokerError>> {
        let published = self.reject_while(publisher.try_queues()).await?;
        Some(match self.record(published, publisher).await {
            Ok(_) => {
                self.outage.succeeded();
                self.publish_all(publisher, waits).await
            }
            Err(error) => Err(error),
        })
    }

    async fn publish_all(
        &mut self,
        publisher: &mut Publisher,
        waits: &mut Waits,
    ) -> Result<Finished, BrokerError> {
        let mut check = interval(self.check_interval);
        check.set_missed_tick_behavior(MissedTickBehavior::Delay);
        check.reset();
        loop {
            tokio::select! {
                // First, so that no load can defer the check.
                biased;
                _ = check.tick() => {
                    self.orphaned_queues.observe(&publisher.check_topology().await?);
                    if self.refused.contains(&true) {
                        let published = publisher.try_queues().await;
                        self.record(published, publisher).await?;
                    }
                }
                first = first(&mut self.postponed, &mut self.waiting) => {
                    let Some(first) = first else { return Ok(Finished) };
                    // A timer rounds up to the next millisecond, even one that is due.
                    if self.not_before > Instant::now() {
                        tokio::time::sleep_until(self.not_before.into()).await;
                    }
                    let group = self.gather(first);
                    self.publish(publisher, group).await?;
                    // Only a confirm shows that the connection works.
                    *waits = backoff::waits();
                }
            }
        }
    }

    /// `first` and the events that wait beside it, as many as one body holds.
    fn gather(&mut self, first: QueuedEvent) -> Vec<QueuedEvent> {
        let mut size = first.event.size();
        let mut group = vec![first];
        while group.len() < MAX_EVENTS_PER_BODY {
            let Ok(next) = self.waiting.try_recv() else {
                break;
            };
            size += next.event.size();
            if size > body::MAX_BYTES_OF_SEVERAL {
                self.postponed = Some(next);
                break;
            }
            group.push(next);
        }
        // Skip clients that already timed out; they got a 503.
        group.retain(|waiting| !waiting.answer.is_closed());
        group
    }

    async fn publish(
        &mut self,
        publisher: &mut Publisher,
        group: Vec<QueuedEvent>,
    ) -> Result<(), BrokerError> {
        if group.is_empty() {
            return Ok(());
        }
        let began = Instant::now();
        let body = body::encode(group.iter().map(|waiting| &waiting.event));
        self.not_before = began + delay_after(self.commit_delay, group.len());
        let published =
            publisher.publish_to_each(RoutingKey::Accepted, self.partition, &body).await;
        for published in &published {
            self.metrics.publishes.of(PublishOutcome::from(&published.result)).inc();
        }
        self.metrics.publish_events.observe(group.len() as f64);
        self.metrics.confirm_seconds.observe(began.elapsed().as_secs_f64());
        let accepted = published.iter().all(|published| published.result.is_ok());
        answer_all(group, if accepted { Ok(()) } else { Err(Unconfirmed) });
        self.record(published, publisher).await
    }

    /// Records which queues rejected a publish.
    ///
    /// # Errors
    /// When the publisher must be closed.
    async fn record(
        &mut self,
        published: Vec<Published>,
        publisher: &mut Publisher,
    ) -> Result<(), BrokerError> {
        let mut recorded = Ok(());
        for Published { worker, result } in published {
            // A broken connection shows nothing about the queue.
            let unknown = matches!(result, Err(PublishError::Broker(BrokerError::Broker(_))));
            self.set_refused(worker, result.is_err() && !unknown);
            recorded = recorded.and(result);
        }
        match recorded {
            Ok(()) => {
                self.full.succeeded();
                Ok(())
            }
            Err(error) => self.handle_failure(error, publisher).await,
        }
    }

    /// Updates the list in the answer of readiness, and the metric, when the partition's queue of
    /// `worker` begins or ceases to reject.
    fn set_refused(&mut self, worker: ConsumerKind, refuses: bool) {
        for (known, refused) in ConsumerKind::ALL.into_iter().zip(&mut self.refused) {
            if known == worker && *refused != refuses {
                *refused = refuses;
                let queue = self.broker.names().queue_of(worker, self.partition);
                match refuses {
                    true => self.refusing_queues.add(&queue),
                    false => self.refusing_queues.remove(&queue),
                }
            }
        }
    }

    async fn handle_failure(
        &mut self,
        error: PublishError,
        publisher: &mut Publisher,
    ) -> Result<(), BrokerError> {
        match error {
            PublishError::Refused => {
                let states = publisher.check_topology().await?;
                let refusing = states.into_iter().zip(self.refused).filter(|(_, refused)| *refused);
                // A full queue holds bodies, or workers hold them.
                let is_empty = |state: &QueueState| state.messages == 0 && state.consumers == 0;
                match refusing.map(|(state, _)| state).find(is_empty) {
                    Some(state) => Err(BrokerError::NoLeader(state.name)),
                    None => {
                        self.full.failed(&error);
                        Ok(())
                    }
                }
            }
            // A queue is missing. The check fails then, and the next connection declares the queue.
            PublishError::Returned => {
                publisher.check_topology().await?;
                tracing::error!(exception.message = %error, "a publish was returned, and its queue exists again");
                Ok(())
            }
            PublishError::Broker(error) => Err(error),
        }
    }
}

/// The next event to publish. `None` when every [`EventPublisher`] is dropped.
async fn first(
    postponed: &mut Option<QueuedEvent>,
    waiting: &mut mpsc::Receiver<QueuedEvent>,
) -> Option<QueuedEvent> {
    match postponed.take() {
        Some(event) => Some(event),
        None => waiting.recv().await,
    }
}

fn answer_all(group: Vec<QueuedEvent>, answer: Result<(), Unconfirmed>) {
    for waiting in group {
        if waiting.answer.send(answer).is_err() {
            tracing::debug!("the client timed out before its event was confirmed");
        }
    }
}

/// How long after the begin of a publish of `events` the next one may begin.
fn delay_after(commit_delay: Duration, events: usize) -> Duration {
    match (SIBLINGS..ENOUGH_EVENTS).contains(&events) {
        true => commit_delay,
        false => Duration::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_publish_of_some_events_delays_the_next() {
        let delay = Duration::from_millis(2);
        let after = |events| delay_after(delay, events);
        assert_eq!([after(1), after(2)], [Duration::ZERO; 2]);
        assert_eq!([after(3), after(23)], [delay; 2]);
        assert_eq!([after(24), after(500)], [Duration::ZERO; 2]);
    }
}
