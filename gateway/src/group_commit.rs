//! How an event gets safely into both queues.
//!
//! One task publishes, with one publish outstanding. Whatever arrives while its confirm is awaited
//! goes together into the next body: under a low load every event has a publish of its own and
//! waits for nobody, under a high load one confirm answers many. Having only one outstanding is
//! also what makes a confirm trustworthy; see [`Publisher`].
//!
//! With several partitions each has such a task, with a connection and a share of the room to wait of
//! its own: a queue that is missing, full or slow refuses the senders of its own players and no others.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use shared::{
    broker::{
        Broken, BrokerSettings, Partition, Partitions, PublishError, Published, Publisher,
        QueueState, RoutingKey, Worker,
    },
    chat::{
        PlayerId,
        event::{self, EncodedEvent},
    },
    service::{
        Outage,
        backoff::{self, Waits},
        health::Dependency,
    },
};
use tokio::{
    sync::{mpsc, oneshot},
    time::{MissedTickBehavior, interval, timeout},
};
use tracing::Instrument;

use crate::{
    labels::{PublishOutcome, SendOutcome},
    metrics::Metrics,
    refusing_queues::RefusingQueues,
    settings::Settings,
    unattended::Unattended,
};

/// Events that may wait for the publishes after those that are outstanding.
const WAITING_AT_MOST: u16 = 10_000;

/// Events in one body.
const EVENTS_AT_MOST: usize = 500;

/// Bytes of events in one body, but for the one that comes to lie across the border.
const BYTES_AT_MOST: usize = 96 * 1024;

/// Why an event must be taken as not accepted. It may be in the queues all the same, which its
/// sender finds out by sending it again under the same id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event was not confirmed")]
pub struct NotAccepted;

impl From<&Result<(), NotAccepted>> for SendOutcome {
    fn from(accepted: &Result<(), NotAccepted>) -> Self {
        match accepted {
            Ok(()) => Self::Accepted,
            Err(NotAccepted) => Self::Refused,
        }
    }
}

/// Has events accepted. Cheap to clone; when the last clone is gone, the tasks behind it end.
#[derive(Clone, Debug)]
pub struct Acceptor {
    /// Where to wait for a publish of each partition.
    waiting: Arc<[mpsc::Sender<Waiting>]>,
    partitions: Partitions,
    timeout: Duration,
    metrics: Metrics,
}

#[derive(Debug)]
struct Waiting {
    event: EncodedEvent,
    answer: oneshot::Sender<Result<(), NotAccepted>>,
}

impl Acceptor {
    /// Resolves when `event`, which concerns `player`, is on disk in both queues of the player's
    /// partition, or must be taken as not.
    ///
    /// # Errors
    /// When it was refused or returned, not confirmed in time, or could not be published at all.
    pub async fn accept(&self, player: &PlayerId, event: EncodedEvent) -> Result<(), NotAccepted> {
        let began = Instant::now();
        let accepted = self.confirmed(self.partitions.of(player), event).await;
        let outcome = SendOutcome::from(&accepted);
        self.metrics.send_seconds.of(outcome).observe(began.elapsed().as_secs_f64());
        self.metrics.sends.of(outcome).inc();
        accepted
    }

    /// The same for an event for which no client waits: the record of a read. It is counted as such, and
    /// not among the sends.
    ///
    /// # Errors
    /// Those of [`Self::accept`].
    pub async fn accept_read(
        &self,
        player: &PlayerId,
        event: EncodedEvent,
    ) -> Result<(), NotAccepted> {
        let accepted = self.confirmed(self.partitions.of(player), event).await;
        let outcome = SendOutcome::from(&accepted);
        self.metrics.audited_reads.of(outcome).inc();
        accepted
    }

    async fn confirmed(
        &self,
        partition: Partition,
        event: EncodedEvent,
    ) -> Result<(), NotAccepted> {
        let (answer, answered) = oneshot::channel();
        let waiting = self.waiting.get(usize::from(partition.number())).ok_or(NotAccepted)?;
        waiting.try_send(Waiting { event, answer }).map_err(|_| NotAccepted)?;
        match timeout(self.timeout, answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) | Err(_) => Err(NotAccepted),
        }
    }
}

/// The task that publishes into the queues of one partition.
#[derive(Debug)]
pub struct GroupCommit {
    partition: Partition,
    waiting: mpsc::Receiver<Waiting>,
    broker: BrokerSettings,
    check_interval: Duration,
    /// That the broker cannot be used, for which the gateway is not ready.
    outage: Outage,
    /// That the queues take nothing more. The gateway stays ready: nobody would find out that they
    /// take something again if nobody sent anything.
    full: Outage,
    /// Which of the partition's queues did not take the last publish, in the order of [`Worker::ALL`].
    refused: [bool; 2],
    refusing_queues: RefusingQueues,
    unattended: Unattended,
    metrics: Metrics,
}

/// Who has events accepted, and who publishes them, one for each partition; each part of `broker` is
/// whether one of these can.
pub fn group_commit(
    settings: &Settings,
    broker: &Dependency,
    refusing_queues: &RefusingQueues,
    metrics: Metrics,
) -> (Acceptor, Vec<GroupCommit>) {
    let partitions = settings.broker.queue_partitions;
    let (waiting, publishing) = partitions
        .all()
        .map(|partition| {
            for worker in Worker::ALL {
                refusing_queues.remove(&settings.broker.names().queue_of(worker, partition));
            }
            let room = partitions.share(WAITING_AT_MOST, partition);
            let (sender, receiver) = mpsc::channel(room.into());
            let group_commit = GroupCommit {
                partition,
                waiting: receiver,
                broker: settings.broker.clone(),
                check_interval: settings.topology_check_interval,
                outage: Outage::new(broker.part(partition.number())),
                full: Outage::new(Dependency::new("queues")),
                refused: [false; 2],
                refusing_queues: refusing_queues.clone(),
                unattended: Unattended::default(),
                metrics: metrics.clone(),
            };
            (sender, group_commit)
        })
        .collect::<(Vec<_>, Vec<_>)>();
    // Weak, since the last acceptor's end is the tasks'.
    let weak: Vec<_> = waiting.iter().map(mpsc::Sender::downgrade).collect();
    metrics.waiting_events.answer_by(move || {
        let waiting = weak.iter().filter_map(mpsc::WeakSender::upgrade);
        waiting.map(|it| it.max_capacity() - it.capacity()).sum::<usize>() as f64
    });
    let timeout = settings.send_timeout;
    (Acceptor { waiting: waiting.into(), partitions, timeout, metrics }, publishing)
}

/// That every [`Acceptor`] is gone.
struct Finished;

impl GroupCommit {
    /// Publishes until every [`Acceptor`] is gone.
    pub async fn run(self) {
        let span = self.broker.span(self.partition);
        self.publish_until_nobody_is_left().instrument(span).await;
    }

    async fn publish_until_nobody_is_left(mut self) {
        let mut waits = backoff::waits();
        while let Err(error) = self.publish_over_one_connection(&mut waits).await {
            self.outage.failed(&error);
            if matches!(error, Broken::Broker(_)) {
                Worker::ALL.into_iter().for_each(|worker| self.show(worker, false));
            }
            let wait = tokio::time::sleep(waits.next().unwrap_or_default());
            if self.refusing(wait).await.is_none() {
                return;
            }
        }
    }

    async fn publish_over_one_connection(&mut self, waits: &mut Waits) -> Result<Finished, Broken> {
        let settings = self.broker.clone();
        let connected =
            self.refusing(Publisher::connect(&settings, self.partition, "gateway")).await;
        let Some(connected) = connected else { return Ok(Finished) };
        let mut publisher = connected?;
        let Some(ended) = self.try_and_publish(&mut publisher, waits).await else {
            return Ok(Finished);
        };
        if let Err(error) = &ended {
            self.outage.failed(error);
            let blocked = i64::from(publisher.is_blocked());
            self.metrics.broker_blocked.inc_by(blocked);
            let given_up = self.refusing(publisher.give_up()).await;
            self.metrics.broker_blocked.dec_by(blocked);
            if given_up.is_none() {
                return Ok(Finished);
            }
        }
        ended
    }

    /// What `future` resolves to; meanwhile every event is refused at once. Nothing when every
    /// [`Acceptor`] is gone.
    async fn refusing<T>(&mut self, future: impl Future<Output = T>) -> Option<T> {
        let mut future = std::pin::pin!(future);
        loop {
            tokio::select! {
                result = &mut future => return Some(result),
                waiting = self.waiting.recv() => answer_all(vec![waiting?], Err(NotAccepted)),
            }
        }
    }

    /// Publishes what waits once a trial has shown that the queues take something. Nothing when every
    /// [`Acceptor`] is gone before.
    async fn try_and_publish(
        &mut self,
        publisher: &mut Publisher,
        waits: &mut Waits,
    ) -> Option<Result<Finished, Broken>> {
        let published = self.refusing(publisher.try_queues()).await?;
        Some(match self.note(published, publisher).await {
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
    ) -> Result<Finished, Broken> {
        let mut check = interval(self.check_interval);
        check.set_missed_tick_behavior(MissedTickBehavior::Delay);
        check.reset();
        loop {
            tokio::select! {
                // First, so that no load can put the check off.
                biased;
                _ = check.tick() => {
                    self.unattended.follow(&publisher.check_topology().await?);
                    if self.refused.contains(&true) {
                        let published = publisher.try_queues().await;
                        self.note(published, publisher).await?;
                    }
                }
                first = self.waiting.recv() => {
                    let Some(first) = first else { return Ok(Finished) };
                    let group = self.gather(first);
                    self.publish(publisher, group).await?;
                    // Only what was confirmed shows that the connection is good for something.
                    *waits = backoff::waits();
                }
            }
        }
    }

    /// `first` and whatever waits beside it, as far as it fits into one body.
    fn gather(&mut self, first: Waiting) -> Vec<Waiting> {
        let mut size = first.event.size();
        let mut group = vec![first];
        while size < BYTES_AT_MOST && group.len() < EVENTS_AT_MOST {
            let Ok(next) = self.waiting.try_recv() else {
                break;
            };
            size += next.event.size();
            group.push(next);
        }
        // Whoever gave up waiting was told that it is not accepted.
        group.retain(|waiting| !waiting.answer.is_closed());
        group
    }

    async fn publish(
        &mut self,
        publisher: &mut Publisher,
        group: Vec<Waiting>,
    ) -> Result<(), Broken> {
        if group.is_empty() {
            return Ok(());
        }
        let began = Instant::now();
        let body = event::encode(group.iter().map(|waiting| &waiting.event));
        let published =
            publisher.publish_to_each(RoutingKey::Accepted, self.partition, &body).await;
        for published in &published {
            self.metrics.publishes.of(PublishOutcome::from(&published.result)).inc();
        }
        self.metrics.publish_events.observe(group.len() as f64);
        self.metrics.confirm_seconds.observe(began.elapsed().as_secs_f64());
        let accepted = published.iter().all(|published| published.result.is_ok());
        answer_all(group, if accepted { Ok(()) } else { Err(NotAccepted) });
        self.note(published, publisher).await
    }

    /// Takes note of what each queue answered to a publish.
    ///
    /// # Errors
    /// When the publisher must be given up.
    async fn note(
        &mut self,
        published: Vec<Published>,
        publisher: &mut Publisher,
    ) -> Result<(), Broken> {
        let mut noted = Ok(());
        for Published { worker, result } in published {
            // A connection that broke tells nothing of the queue.
            let unknown = matches!(result, Err(PublishError::Broken(Broken::Broker(_))));
            self.show(worker, result.is_err() && !unknown);
            noted = noted.and(result);
        }
        match noted {
            Ok(()) => {
                self.full.succeeded();
                Ok(())
            }
            Err(error) => self.follow_up(error, publisher).await,
        }
    }

    /// Shows whether the partition's queue of `worker` refuses, where that changed.
    fn show(&mut self, worker: Worker, refuses: bool) {
        for (known, refused) in Worker::ALL.into_iter().zip(&mut self.refused) {
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

    async fn follow_up(
        &mut self,
        error: PublishError,
        publisher: &mut Publisher,
    ) -> Result<(), Broken> {
        match error {
            PublishError::Refused => {
                let states = publisher.check_topology().await?;
                let refusing = states.into_iter().zip(self.refused).filter(|(_, refused)| *refused);
                // A full queue holds bodies, or workers hold them.
                let is_empty = |state: &QueueState| state.messages == 0 && state.consumers == 0;
                match refusing.map(|(state, _)| state).find(is_empty) {
                    Some(state) => Err(Broken::NoLeader(state.name)),
                    None => {
                        self.full.failed(&error);
                        Ok(())
                    }
                }
            }
            // A queue is gone: this finds out, and connecting again makes it anew.
            PublishError::Returned => {
                publisher.check_topology().await?;
                tracing::error!(cause = %error, "a publish was returned, and its queue is there again");
                Ok(())
            }
            PublishError::Broken(error) => Err(error),
        }
    }
}

fn answer_all(group: Vec<Waiting>, answer: Result<(), NotAccepted>) {
    for waiting in group {
        if waiting.answer.send(answer).is_err() {
            tracing::debug!("a sender gave up before it was answered");
        }
    }
}
