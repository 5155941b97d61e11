//! The loop: take bodies, have Pusher take what is in them, acknowledge.
//!
//! As many calls as allowed are under way. While one is free, whatever comes goes out at once, alone;
//! when all are busy, events gather, and the next call takes up to ten of them. Beyond a rate that the
//! operator sets, staff are told of messages together: see [`Coalescer`].
//!
//! Each partition has such a loop, with a connection of its own; they take turns with the calls.

use std::{net::TcpListener, sync::Arc};

use anyhow::Context;
use broker::{
    BrokerError, Consumer, ConsumerKind, Partition, QueueMetrics, QueueWatch, RetryingPublisher,
    serve_partitions,
};
use pusher::{Channels, limits::MAX_EVENTS_PER_BATCH};
use service::{
    Outage, backoff,
    health::{self, Dependency},
    metrics::{self, OldestPart},
    shutdown::{by_deadline, grace},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    task::JoinError,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;
use traces::Traces;

use crate::{
    coalesce::{self, Coalescer},
    in_flight::{DeadLetter, FinishedDelivery, InFlight},
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
/// When the listener cannot be served or the client cannot be made. Nothing else ends it.
pub async fn run(
    settings: Settings,
    listener: TcpListener,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let shutdown = settings.shutdown;
    by_deadline(&stop, shutdown, run_until_stopped(settings, listener, stop.clone())).await
}

async fn run_until_stopped(
    settings: Settings,
    listener: TcpListener,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let traces = Traces::start(&settings.traces, "broadcaster").context("nothing can be traced")?;
    let mut registry = metrics::registry("broadcaster");
    let own = registry.sub_registry_with_prefix("chat_broadcaster");
    let (metrics, queues) = (Metrics::register(own), QueueMetrics::register(own));
    let partitions = settings.broker.queue_partitions.count();
    let [broker, dead_letters] =
        ["broker", "dead-letters"].map(|name| Dependency::of_parts(name, partitions));
    let pusher = Dependency::new("pusher");
    // Whether Pusher works is only known once there is something to say.
    pusher.set_up(true);
    let workers = &[ConsumerKind::Broadcaster];
    let watch = QueueWatch::new(&settings.broker, workers, "broadcaster: watching", queues);
    tokio::spawn(watch.run(stop.clone()));
    let dependencies = vec![broker.clone(), pusher.clone(), dead_letters.clone()];
    let server = health::serve(listener, dependencies, Arc::new(registry), stop.clone())
        .context("health and metrics cannot be served")?;
    let server = tokio::spawn(server);

    let concurrency = usize::from(settings.broadcast_concurrency);
    let pusher_client =
        PusherClient::new(&settings.pusher, concurrency).context("Pusher cannot be called")?;
    let retrying_pusher =
        RetryingPusher::new(pusher_client, metrics.clone(), traces.clone(), Outage::new(pusher));
    let channels = settings.pusher.channels.channels().map_err(anyhow::Error::msg)?;
    let calls = Arc::new(Semaphore::new(concurrency));
    let broadcaster = |partition: Partition| {
        let part = |dependency: &Dependency| dependency.part(partition.number());
        let dead_letters = part(&dead_letters);
        let publisher =
            RetryingPublisher::new(&settings.broker, "broadcaster: dead letters", dead_letters);
        let broadcaster = Broadcaster {
            pusher: retrying_pusher.clone(),
            dead_letters: settings.broker.names().dead_letters(ConsumerKind::Broadcaster),
            broker: Outage::new(part(&broker)),
            channels: channels.clone(),
            settings: settings.clone(),
            oldest_held: metrics.oldest_held_seconds.part(),
            metrics: metrics.clone(),
            calls: Arc::clone(&calls),
            partition,
        };
        let stop = stop.clone();
        async move { broadcaster.work(publisher, &stop).await }
    };
    // In tasks of the runtime's, as the calls: those are woken without another thread.
    let ended = serve_partitions(&settings.broker, ConsumerKind::Broadcaster, broadcaster).await;
    ended.context("the work broke")?;
    traces.stop().await;
    server.await.context("health and metrics ended badly")??;
    Ok(())
}

struct Broadcaster {
    partition: Partition,
    settings: Settings,
    channels: Channels,
    /// A permit for each call that may be under way, for all partitions together.
    calls: Arc<Semaphore>,
    metrics: Metrics,
    oldest_held: OldestPart,
    pusher: RetryingPusher,
    dead_letters: String,
    broker: Outage,
}

impl Broadcaster {
    async fn work(mut self, mut publisher: RetryingPublisher, stop: &CancellationToken) {
        let mut waits = backoff::waits();
        while !stop.is_cancelled() {
            let ended = self.serve(&mut publisher, stop).await;
            if matches!(ended, Err(BrokerError::Gone)) {
                return;
            }
            if self.broker.duration().is_none() {
                waits = backoff::waits();
            }
            if let Err(error) = ended {
                self.broker.failed(&error);
            }
            tokio::select! {
                () = tokio::time::sleep(waits.next().unwrap_or_default()) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// Broadcasts until it is to stop, or has had to give back what it held.
    async fn serve(
        &mut self,
        publisher: &mut RetryingPublisher,
        stop: &CancellationToken,
    ) -> Result<(), BrokerError> {
        let (broker, partition) = (&self.settings.broker, self.partition);
        let (partitions, most) = (broker.queue_partitions, self.settings.staff_events_per_second);
        let prefetch = if most.is_some() { coalesce::PREFETCH } else { PREFETCH };
        let prefetch = partitions.share(prefetch, partition);
        let connecting = Consumer::connect(
            broker,
            ConsumerKind::Broadcaster,
            partition,
            prefetch,
            "broadcaster",
        );
        let mut consumer = tokio::select! {
            connected = connecting => connected?,
            () = stop.cancelled() => return Ok(()),
        };
        self.broker.succeeded();
        let mut in_flight = InFlight::new(Coalescer::new(most, partitions, prefetch));
        // A task of its own: deliveries without dead letters go on while dead letters cannot be published.
        let (sender, receiver) = mpsc::unbounded_channel();
        let (published_sender, published) = mpsc::unbounded_channel();
        let dead = DeadDeliveries { sender, published, unpublished: 0 };
        let ended = tokio::select! {
            ended = self.broadcast(&mut consumer, &mut in_flight, dead, stop) => ended,
            () = self.publish_dead_letters(publisher, receiver, published_sender) => Ok(()),
            () = grace(stop, self.settings.shutdown) => Ok(()),
        };
        self.oldest_held.set(None);
        ended?;
        if !in_flight.is_empty() {
            self.metrics.given_back.inc();
        }
        in_flight.calls.shutdown().await;
        consumer.close().await;
        Ok(())
    }

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
            for DeadLetter { body, kind, reason, subject } in dead {
                subject.log_dead(&reason);
                publisher.dead_letter(&self.dead_letters, &body, &reason).await;
                self.metrics.dead_letters.of(kind).inc();
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
