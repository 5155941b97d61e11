//! The loop: consume a batch, write it, announce, acknowledge.
//!
//! While the database or the broker is unreachable, the worker keeps its batch, consumes no more,
//! and retries with growing waits. A batch that it cannot finish in time is requeued. Events of
//! conversations that another transaction has locked are held back and delay no others.
//!
//! Each partition has a loop of its own with its own connections, so that one whose sessions cannot
//! be announced delays no other.

pub(crate) mod announcer;
mod part;
mod writer;

use std::{collections::HashSet, net::TcpListener, time::Duration};

use broker::{
    BrokerError, Consume, Consumer, ConsumerKind, DeadLetterReason, Partition, RetryingPublisher,
    Worker,
};
use chrono::{DateTime, Utc};
use service::{Outage, health::Dependency, metrics::OldestPart, shutdown::grace};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use traces::{Traces, WorkKind};

use self::{
    announcer::Announcer,
    part::Part,
    writer::{Decision, Writer},
};
use crate::{
    assigner::Assigner,
    batch::{DeliveryBatch, HeldBack, PendingDelivery},
    held_back::{Compacted, HeldBackEvents},
    metrics::Metrics,
    settings::Settings,
};

/// Upper bound of the unacknowledged deliveries of all partitions together. A gateway's body has at
/// most 128 KiB, so that they take at most 32 MiB.
const PREFETCH: u16 = 256;

/// How often an idle persister probes its database.
const IDLE_CHECK_INTERVAL: Duration = Duration::from_secs(5);

/// Runs a persister until `stop` is cancelled, with its health and metrics on `listener`.
///
/// # Errors
/// When the settings are invalid or the listener cannot be served. No outage ends it.
pub async fn run(
    settings: Settings,
    listener: TcpListener,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let Settings { broker, traces, shutdown, .. } = &settings;
    let assigner_stop = stop.clone();
    let mut worker = Worker::new(ConsumerKind::Persister, broker, traces, *shutdown, stop)?;
    let metrics = Metrics::register(worker.registry());
    let database = worker.partitioned_dependency("database");
    let announcing = worker.partitioned_dependency("announcing");
    let connected = database.clone();
    metrics.database_connected.answer_by(move || f64::from(u8::from(connected.is_up())));
    let assigner = settings.assignment.is_on().then(|| {
        let announcing = worker.shared_dependency("assigner-broker");
        let database = worker.shared_dependency("assigner-database");
        let publisher = RetryingPublisher::new(broker, "persister: assigning", announcing);
        Assigner::new(
            settings.assignment.clone(),
            settings.assign_on_reply,
            settings.database.clone(),
            *shutdown,
            Announcer::new(broker.clone(), publisher, metrics.clone()),
            metrics.clone(),
            Outage::new(database),
        )
    });
    let traces = worker.traces();
    let persister = |partition: Partition| {
        let part = |dependency: &Dependency| dependency.part(partition.number());
        let publisher = RetryingPublisher::new(broker, "persister: announcing", part(&announcing));
        let database = Outage::new(part(&database));
        Persister {
            writer: Writer::new(
                settings.database.clone(),
                settings.assign_on_reply,
                metrics.clone(),
                database,
            ),
            announcer: Announcer::new(broker.clone(), publisher, metrics.clone()),
            settings: settings.clone(),
            oldest_held: metrics.oldest_held_seconds.part(),
            metrics: metrics.clone(),
            traces: traces.clone(),
            partition,
            held_back_events: 0,
        }
    };
    let assigning = async {
        if let Some(assigner) = assigner {
            assigner.run(assigner_stop).await;
        }
        Ok(())
    };
    tokio::try_join!(worker.run(listener, PREFETCH, persister), assigning)?;
    Ok(())
}

struct Persister {
    partition: Partition,
    settings: Settings,
    metrics: Metrics,
    oldest_held: OldestPart,
    traces: Traces,
    writer: Writer,
    announcer: Announcer,
    /// How many events of the batch in hand count as held back.
    held_back_events: i64,
}

impl Consume for Persister {
    async fn prepare(&mut self) {
        self.writer.connect_with_retry().await;
    }

    async fn consume(
        &mut self,
        deliveries: &mut Consumer,
        stop: &CancellationToken,
    ) -> Result<(), BrokerError> {
        let limit = usize::from(deliveries.prefetch() / 2).max(1);
        let mut held_back = HeldBackEvents::default();
        loop {
            let retry_at = held_back.retry_at();
            let first = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = until(retry_at) => None,
                first = deliveries.next(), if held_back.len() <= limit => Some(first?),
                () = tokio::time::sleep(IDLE_CHECK_INTERVAL) => {
                    self.writer.probe().await;
                    if self.writer.is_connected() { continue } else { break }
                }
            };
            let due = held_back.take_due();
            let is_retry = !due.is_empty();
            let batch = DeliveryBatch::collect(due, first, deliveries, &self.settings).await?;
            let began = Instant::now();
            self.oldest_held.set(earlier(batch.earliest(), held_back.earliest()));
            let messages = batch.events.iter().filter_map(|event| event.subject().traced());
            let traced = self.traces.work(WorkKind::PersistBatch, messages);
            let (hold, shutdown) = (self.settings.consumer.delivery_hold, self.settings.shutdown);
            let done = tokio::select! {
                done = self.process(batch) => Some(done),
                () = grace(stop, shutdown) => None,
                () = tokio::time::sleep(hold) => None,
            };
            let Some((done, left)) = done else {
                self.metrics.given_back.inc();
                if let Some(work) = traced {
                    work.failed("requeued");
                }
                break;
            };
            if let Some(work) = traced {
                work.done();
            }
            let is_all = !is_retry && left.is_empty() && held_back.is_empty();
            acknowledge(deliveries, &done, is_all).await?;
            held_back.add(left, is_retry);
            let shutdown = self.settings.shutdown;
            let compacted = tokio::select! {
                compacted = self.compact(&mut held_back, limit) => compacted,
                () = grace(stop, shutdown) => break,
            };
            acknowledge(deliveries, &compacted, false).await?;
            self.writer.set_lock_mode(!held_back.is_empty());
            self.report_held_back(&held_back);
            self.metrics.batch_seconds.observe(began.elapsed().as_secs_f64());
        }
        self.report_held_back(&HeldBackEvents::default());
        Ok(())
    }
}

impl Persister {
    /// Writes and announces the batch, however long that takes. Returns the deliveries to
    /// acknowledge, and those with events of locked conversations.
    async fn process(&mut self, mut batch: DeliveryBatch) -> (Vec<PendingDelivery>, Vec<HeldBack>) {
        self.metrics.batch_events.observe(batch.events.len() as f64);
        let left = self.write(&mut batch).await;
        let (done, held_back) = batch.divide(&left);
        // Last, since a batch that is requeued is processed again from its beginning.
        for delivery in &done {
            self.announcer.dead_letter(&delivery.dead).await;
        }
        (done, held_back)
    }

    /// Writes the events of the batch. Returns the indices of those whose conversations are locked.
    async fn write(&mut self, batch: &mut DeliveryBatch) -> HashSet<usize> {
        let mut left = HashSet::new();
        let mut parts = vec![Part::new(0..batch.events.len())];
        while let Some(mut part) = parts.pop() {
            let events = batch.events.get(part.indices.clone()).unwrap_or_default();
            match self.writer.write(events).await {
                Ok(outcome) => {
                    if !outcome.locked.is_empty() {
                        let left_out = part.indices.zip(events);
                        let left_out = left_out.filter(|(_, event)| outcome.is_left_out(event));
                        left.extend(left_out.map(|(index, _)| index));
                    }
                    self.announcer.publish_outcome(&outcome).await;
                }
                Err(failure) => match self.writer.recover(failure, &mut part, events).await {
                    Decision::Retry => parts.push(part),
                    Decision::Split => parts.extend(part.split()),
                    Decision::Defer => parts.insert(0, part),
                    Decision::HoldBack => left.extend(part.indices),
                    Decision::SetAside(reason) => {
                        batch.set_aside(part.indices.start, DeadLetterReason::Refused, &reason);
                    }
                },
            }
        }
        left
    }

    /// Publishes the events of more than `limit` held back deliveries, or of an old one, in fewer
    /// bodies at the end of the queue. Returns the deliveries to acknowledge. When it cannot
    /// publish, all of them stay held back.
    async fn compact(
        &mut self,
        held_back: &mut HeldBackEvents,
        limit: usize,
    ) -> Vec<PendingDelivery> {
        let age = self.settings.consumer.delivery_hold / 2;
        let Some(Compacted { bodies, replaced }) = held_back.compact(limit, age) else {
            return Vec::new();
        };
        let names = self.settings.broker.names();
        let queue = names.queue_of(ConsumerKind::Persister, self.partition);
        for body in bodies {
            if let Err(error) = self.announcer.requeue(&queue, &body).await {
                tracing::warn!(exception.message = %error, "held back events cannot be requeued");
                held_back.add(replaced, false);
                return Vec::new();
            }
        }
        for held_back in &replaced {
            self.announcer.dead_letter(&held_back.delivery.dead).await;
        }
        replaced.into_iter().map(|held_back| held_back.delivery).collect()
    }

    fn report_held_back(&mut self, held_back: &HeldBackEvents) {
        self.oldest_held.set(held_back.earliest());
        let events = i64::try_from(held_back.events()).unwrap_or(i64::MAX);
        self.metrics.held_back_events.inc_by(events - self.held_back_events);
        self.held_back_events = events;
    }
}

/// Acknowledges the deliveries: with one frame if no delivery before the last one is unfinished.
async fn acknowledge(
    deliveries: &Consumer,
    done: &[PendingDelivery],
    is_all: bool,
) -> Result<(), BrokerError> {
    if is_all && let Some(last) = done.last() {
        return deliveries.acknowledge_up_to(last.tag).await;
    }
    for delivery in done {
        deliveries.acknowledge(delivery.tag).await?;
    }
    Ok(())
}

/// Waits until `time`, or forever without one.
async fn until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

fn earlier(one: Option<DateTime<Utc>>, other: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    [one, other].into_iter().flatten().min()
}
