//! The loop: take bodies, have Pusher take what is in them, acknowledge.
//!
//! As many calls as allowed are under way. While one is free, whatever comes goes out at once, alone;
//! when all are busy, events gather, and the next call takes up to ten of them. Beyond a rate that the
//! operator sets, staff are told of messages together: see [`Coalescer`].
//!
//! Each partition has such a loop, with a connection of its own; they take turns with the calls.

use std::{net::TcpListener, sync::Arc};

use anyhow::Context;
use broker::{BrokerError, Consume, Consumer, ConsumerKind, Partition, RetryingPublisher, Worker};
use pusher::{Channels, limits::MAX_EVENTS_PER_BATCH};
use service::{Outage, metrics::OldestPart, shutdown::grace};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    task::JoinError,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use crate::{
    coalesce::{self, Coalescer},
    in_flight::{FinishedDelivery, InFlight},
    metrics::Metrics,
    pusher_client::PusherClient,
    retrying_pusher::{CallResult, RetryingPusher},
    settings::Settings,
};

/// Bodies that the broker may hand out, of all partitions together, before the first of them is
/// acknowledged. A body is 128 KiB at most when the gateway made it, so that they take 8 MiB at most.
const PREFETCH: u16 = 64;

/// Runs a broadcaster until `stop` is cancelled, with its health and metrics on `listener`.
///
/// # Errors
/// When the settings are invalid or the listener cannot be served. No outage ends it.
pub async fn run(
    settings: Settings,
    listener: TcpListener,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let Settings { broker, traces, shutdown, .. } = &settings;
    let mut worker = Worker::new(ConsumerKind::Broadcaster, broker, traces, *shutdown, stop)?;
    let metrics = Metrics::register(worker.registry());
    let dead_letters = worker.partitioned_dependency("dead-letters");
    let pusher = worker.shared_dependency("pusher");
    // Pusher counts as up until a call fails: without an event there is no call.
    pusher.set_up(true);

    let concurrency = usize::from(settings.broadcast_concurrency);
    let client =
        PusherClient::new(&settings.pusher, concurrency).context("Pusher cannot be called")?;
    let pusher = RetryingPusher::new(client, metrics.clone(), worker.traces(), Outage::new(pusher));
    let channels = settings.pusher.channels.channels().map_err(anyhow::Error::msg)?;
    let calls = Arc::new(Semaphore::new(concurrency));
    let prefetch = match settings.staff_events_per_second {
        Some(_) => coalesce::PREFETCH,
        None => PREFETCH,
    };
    let broadcaster = |partition: Partition| {
        let dead_letters = dead_letters.part(partition.number());
        let publisher = RetryingPublisher::new(broker, "broadcaster: dead letters", dead_letters);
        let broadcaster = Broadcaster {
            pusher: pusher.clone(),
            channels: channels.clone(),
            settings: settings.clone(),
            oldest_held: metrics.oldest_held_seconds.part(),
            metrics: metrics.clone(),
            calls: Arc::clone(&calls),
        };
        PartitionLoop { broadcaster, publisher }
    };
    worker.run(listener, prefetch, broadcaster).await
}

struct Broadcaster {
    settings: Settings,
    channels: Channels,
    /// A permit for each call that may be under way, for all partitions together.
    calls: Arc<Semaphore>,
    metrics: Metrics,
    oldest_held: OldestPart,
    pusher: RetryingPusher,
}

struct PartitionLoop {
    broadcaster: Broadcaster,
    publisher: RetryingPublisher,
}

impl Consume for PartitionLoop {
    async fn consume(
        &mut self,
        consumer: &mut Consumer,
        stop: &CancellationToken,
    ) -> Result<(), BrokerError> {
        let Self { broadcaster, publisher } = self;
        let rate = broadcaster.settings.staff_events_per_second;
        let partitions = broadcaster.settings.broker.queue_partitions;
        let mut in_flight = InFlight::new(Coalescer::new(rate, partitions, consumer.prefetch()));
        // A task of its own: deliveries without dead letters go on while dead letters cannot be published.
        let (sender, receiver) = mpsc::unbounded_channel();
        let (published_sender, published) = mpsc::unbounded_channel();
        let dead = DeadDeliveries { sender, published, unpublished: 0 };
        let ended = tokio::select! {
            ended = broadcaster.broadcast(consumer, &mut in_flight, dead, stop) => ended,
            () = broadcaster.publish_dead_letters(publisher, receiver, published_sender) => Ok(()),
            () = grace(stop, broadcaster.settings.shutdown) => Ok(()),
        };
        broadcaster.oldest_held.set(None);
        ended?;
        if !in_flight.is_empty() {
            broadcaster.metrics.given_back.inc();
        }
        in_flight.calls.shutdown().await;
        Ok(())
    }
}

impl Broadcaster {
    async fn broadcast(
        &self,
        consumer: &mut Consumer,
        in_flight: &mut InFlight,
        mut dead: DeadDeliveries,
        stop: &CancellationToken,
    ) -> Result<(), BrokerError> {
        let hold = self.settings.consumer.delivery_hold;
        let mut overdue = std::pin::pin!(sleep(hold));
        loop {
            if !stop.is_cancelled() {
                self.enqueue_coalesced(in_flight);
                self.start_calls(in_flight);
            } else if in_flight.calls.is_empty() && dead.unpublished == 0 {
                return Ok(());
            }
            tokio::select! {
                biased;
                Some(call) = in_flight.calls.join_next() => {
                    let Some(done) = completed(call) else { return Ok(()) };
                    for finished in in_flight.on_call_finished(done) {
                        self.finish(finished, consumer, in_flight, &mut dead).await?;
                    }
                }
                Some(tag) = dead.published.recv() => {
                    dead.unpublished -= 1;
                    self.acknowledge(tag, consumer, in_flight).await?;
                }
                delivery = consumer.next(), if !stop.is_cancelled() => {
                    let finished = in_flight.take(delivery?, &self.channels);
                    self.oldest_held.set(in_flight.earliest());
                    if let Some(finished) = finished {
                        self.finish(finished, consumer, in_flight, &mut dead).await?;
                    }
                }
                Ok(permit) = Arc::clone(&self.calls).acquire_owned(),
                    if !in_flight.waiting.is_empty() && !stop.is_cancelled() =>
                {
                    self.start_call(permit, in_flight);
                }
                () = &mut overdue => {
                    let oldest = in_flight.oldest_received().unwrap_or_else(Instant::now);
                    if oldest.elapsed() >= hold {
                        return Ok(());
                    }
                    overdue.as_mut().reset(oldest + hold);
                }
                () = stop.cancelled(), if !stop.is_cancelled() => {}
                () = in_flight.coalescer.wait(), if !stop.is_cancelled() => {}
            }
        }
    }

    /// Enqueues the coalesced messages once they are due.
    fn enqueue_coalesced(&self, in_flight: &mut InFlight) {
        if let Some(job) = in_flight.coalescer.take(Instant::now(), &self.channels) {
            self.metrics.coalesced.inc_by(job.origins.len() as u64);
            in_flight.waiting.push_back(job);
        }
    }

    fn start_calls(&self, in_flight: &mut InFlight) {
        while !in_flight.waiting.is_empty() {
            let Ok(permit) = Arc::clone(&self.calls).try_acquire_owned() else { return };
            self.start_call(permit, in_flight);
        }
    }

    fn start_call(&self, permit: OwnedSemaphorePermit, in_flight: &mut InFlight) {
        let size = in_flight.waiting.len().min(MAX_EVENTS_PER_BATCH);
        let jobs: Vec<_> = in_flight.waiting.drain(..size).collect();
        let pusher = self.pusher.clone();
        in_flight.calls.spawn(async move {
            let _permit = permit;
            pusher.send(jobs).await
        });
    }

    /// Acknowledges a delivery, after its dead letters were published.
    async fn finish(
        &self,
        finished: FinishedDelivery,
        consumer: &Consumer,
        in_flight: &mut InFlight,
        dead: &mut DeadDeliveries,
    ) -> Result<(), BrokerError> {
        if finished.dead.is_empty() {
            return self.acknowledge(finished.tag, consumer, in_flight).await;
        }
        dead.unpublished += 1;
        // The other end is there for as long as this is.
        dead.sender.send(finished).map_err(|_| BrokerError::Cancelled)
    }

    async fn acknowledge(
        &self,
        tag: u64,
        consumer: &Consumer,
        in_flight: &mut InFlight,
    ) -> Result<(), BrokerError> {
        consumer.acknowledge(tag).await?;
        in_flight.forget(tag);
        self.oldest_held.set(in_flight.earliest());
        Ok(())
    }

    /// Publishes the dead letters of deliveries, and sends the tag of each delivery whose letters are
    /// published.
    async fn publish_dead_letters(
        &self,
        publisher: &mut RetryingPublisher,
        mut deliveries: mpsc::UnboundedReceiver<FinishedDelivery>,
        published: mpsc::UnboundedSender<u64>,
    ) {
        while let Some(FinishedDelivery { tag, dead }) = deliveries.recv().await {
            for letter in dead {
                publisher.dead_letter(ConsumerKind::Broadcaster, &letter).await;
                self.metrics.dead_letters.of(letter.kind).inc();
            }
            if published.send(tag).is_err() {
                return;
            }
        }
    }
}

/// The deliveries whose dead letters are being published. RabbitMQ's prefetch bounds their number.
struct DeadDeliveries {
    sender: mpsc::UnboundedSender<FinishedDelivery>,
    published: mpsc::UnboundedReceiver<u64>,
    unpublished: usize,
}

/// What came of a call; nothing when it broke, and all must be given back.
fn completed(call: Result<CallResult, JoinError>) -> Option<CallResult> {
    match call {
        Ok(done) => Some(done),
        Err(error) => {
            tracing::error!(cause = %error, "a call to Pusher broke");
            None
        }
    }
}
