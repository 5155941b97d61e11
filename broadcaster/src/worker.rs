//! The loop: take bodies, have Pusher take what is in them, acknowledge.
//!
//! As many calls as allowed are under way. While one is free, whatever comes goes out at once, alone;
//! when all are busy, events gather, and the next call takes up to ten of them. Beyond a rate that the
//! operator sets, staff are told of messages together: see [`Coalescer`].
//!
//! Each partition has such a loop, with a connection of its own; they take turns with the calls.

use std::{net::TcpListener, sync::Arc};

use anyhow::Context;
use pusher::{Channels, limits::MAX_EVENTS_PER_BATCH};
use shared::{
    broker::{
        Broken, Deliveries, Partition, PatientPublisher, QueueWatch, Worker, serve_partitions,
    },
    service::{
        Outage, backoff,
        health::{self, Dependency},
        metrics::{self, OldestPart},
        shutdown::{by_deadline, grace},
    },
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    task::JoinError,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;
use traces::Traces;

use crate::{
    call::{Caller, Done},
    client::Client,
    coalesce::{self, Coalescer},
    held::{DeadLetter, Finished, Held},
    metrics::Metrics,
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
    let metrics = Metrics::register(&mut registry);
    let partitions = settings.broker.queue_partitions.count();
    let [broker, burying] =
        ["broker", "dead-letters"].map(|name| Dependency::of_parts(name, partitions));
    let pusher = Dependency::new("pusher");
    // Whether Pusher works is only known once there is something to say.
    pusher.set_up(true);
    let queues = metrics.queues.clone();
    let workers = &[Worker::Broadcaster];
    let watch = QueueWatch::new(&settings.broker, workers, "broadcaster: watching", queues);
    tokio::spawn(watch.run(stop.clone()));
    let dependencies = vec![broker.clone(), pusher.clone(), burying.clone()];
    let server = health::serve(listener, dependencies, Arc::new(registry), stop.clone())
        .context("health and metrics cannot be served")?;
    let server = tokio::spawn(server);

    let concurrency = usize::from(settings.broadcast_concurrency);
    let client = Client::new(&settings.pusher, concurrency).context("Pusher cannot be called")?;
    let caller = Caller::new(client, metrics.clone(), traces.clone(), Outage::new(pusher));
    let channels = settings.pusher.channels.channels().map_err(anyhow::Error::msg)?;
    let calls = Arc::new(Semaphore::new(concurrency));
    let broadcaster = |partition: Partition| {
        let part = |dependency: &Dependency| dependency.part(partition.number());
        let burying = part(&burying);
        let publisher =
            PatientPublisher::new(&settings.broker, "broadcaster: dead letters", burying);
        let broadcaster = Broadcaster {
            caller: caller.clone(),
            dead_letters: settings.broker.names().dead_letters(Worker::Broadcaster),
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
    let ended = serve_partitions(&settings.broker, Worker::Broadcaster, broadcaster).await;
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
    caller: Caller,
    dead_letters: String,
    broker: Outage,
}

impl Broadcaster {
    async fn work(mut self, mut publisher: PatientPublisher, stop: &CancellationToken) {
        let mut waits = backoff::waits();
        while !stop.is_cancelled() {
            let ended = self.serve(&mut publisher, stop).await;
            if matches!(ended, Err(Broken::Gone)) {
                return;
            }
            if self.broker.lasted().is_none() {
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
        publisher: &mut PatientPublisher,
        stop: &CancellationToken,
    ) -> Result<(), Broken> {
        let (broker, partition) = (&self.settings.broker, self.partition);
        let (partitions, most) = (broker.queue_partitions, self.settings.staff_events_per_second);
        let prefetch = if most.is_some() { coalesce::PREFETCH } else { PREFETCH };
        let prefetch = partitions.share(prefetch, partition);
        let deliveries =
            Deliveries::connect(broker, Worker::Broadcaster, partition, prefetch, "broadcaster");
        let mut deliveries = tokio::select! {
            connected = deliveries => connected?,
            () = stop.cancelled() => return Ok(()),
        };
        self.broker.succeeded();
        let mut held = Held::new(Coalescer::new(most, partitions, prefetch));
        // Beside the rest: while letters cannot be published, whatever has none goes on.
        let (burying, to_bury) = mpsc::unbounded_channel();
        let (buried, burials) = mpsc::unbounded_channel();
        let burials = Burials { burying, buried: burials, open: 0 };
        let ended = tokio::select! {
            ended = self.broadcast(&mut deliveries, &mut held, burials, stop) => ended,
            () = self.bury(publisher, to_bury, buried) => Ok(()),
            () = grace(stop, self.settings.shutdown) => Ok(()),
        };
        self.oldest_held.set(None);
        ended?;
        if !held.is_empty() {
            self.metrics.given_back.inc();
        }
        held.calls.shutdown().await;
        deliveries.close().await;
        Ok(())
    }

    async fn broadcast(
        &self,
        deliveries: &mut Deliveries,
        held: &mut Held,
        mut burials: Burials,
        stop: &CancellationToken,
    ) -> Result<(), Broken> {
        let hold = self.settings.consumer.delivery_hold;
        let mut overdue = std::pin::pin!(sleep(hold));
        loop {
            if !stop.is_cancelled() {
                self.tell_together(held);
                self.start_calls(held);
            } else if held.calls.is_empty() && burials.open == 0 {
                return Ok(());
            }
            tokio::select! {
                biased;
                Some(call) = held.calls.join_next() => {
                    let Some(done) = completed(call) else { return Ok(()) };
                    for finished in held.conclude(done) {
                        self.finish(finished, deliveries, held, &mut burials).await?;
                    }
                }
                Some(tag) = burials.buried.recv() => {
                    burials.open -= 1;
                    self.acknowledge(tag, deliveries, held).await?;
                }
                delivery = deliveries.next(), if !stop.is_cancelled() => {
                    let finished = held.take(delivery?, &self.channels);
                    self.oldest_held.set(held.earliest());
                    if let Some(finished) = finished {
                        self.finish(finished, deliveries, held, &mut burials).await?;
                    }
                }
                Ok(turn) = Arc::clone(&self.calls).acquire_owned(),
                    if !held.waiting.is_empty() && !stop.is_cancelled() =>
                {
                    self.start_call(turn, held);
                }
                () = &mut overdue => {
                    let oldest = held.oldest_received().unwrap_or_else(Instant::now);
                    if oldest.elapsed() >= hold {
                        return Ok(());
                    }
                    overdue.as_mut().reset(oldest + hold);
                }
                () = stop.cancelled(), if !stop.is_cancelled() => {}
                () = held.coalescer.wait(), if !stop.is_cancelled() => {}
            }
        }
    }

    /// Has staff told of what was gathered, once that is due.
    fn tell_together(&self, held: &mut Held) {
        if let Some(job) = held.coalescer.take(Instant::now(), &self.channels) {
            self.metrics.coalesced.inc_by(job.origins.len() as u64);
            held.waiting.push_back(job);
        }
    }

    fn start_calls(&self, held: &mut Held) {
        while !held.waiting.is_empty() {
            let Ok(turn) = Arc::clone(&self.calls).try_acquire_owned() else { return };
            self.start_call(turn, held);
        }
    }

    fn start_call(&self, turn: OwnedSemaphorePermit, held: &mut Held) {
        let size = held.waiting.len().min(MAX_EVENTS_PER_BATCH);
        let jobs: Vec<_> = held.waiting.drain(..size).collect();
        let caller = self.caller.clone();
        held.calls.spawn(async move {
            let _turn = turn;
            caller.send(jobs).await
        });
    }

    /// Acknowledges a delivery, or first has its dead letters buried.
    async fn finish(
        &self,
        finished: Finished,
        deliveries: &Deliveries,
        held: &mut Held,
        burials: &mut Burials,
    ) -> Result<(), Broken> {
        if finished.dead.is_empty() {
            return self.acknowledge(finished.tag, deliveries, held).await;
        }
        burials.open += 1;
        // The other end is there for as long as this is.
        burials.burying.send(finished).map_err(|_| Broken::Cancelled)
    }

    async fn acknowledge(
        &self,
        tag: u64,
        deliveries: &Deliveries,
        held: &mut Held,
    ) -> Result<(), Broken> {
        deliveries.acknowledge(tag).await?;
        held.forget(tag);
        self.oldest_held.set(held.earliest());
        Ok(())
    }

    /// Buries what it is given, and gives back the tags of the deliveries of which that was.
    async fn bury(
        &self,
        publisher: &mut PatientPublisher,
        mut to_bury: mpsc::UnboundedReceiver<Finished>,
        buried: mpsc::UnboundedSender<u64>,
    ) {
        while let Some(Finished { tag, dead }) = to_bury.recv().await {
            for DeadLetter { body, kind, reason, subject } in dead {
                subject.log_dead(&reason);
                publisher.bury(&self.dead_letters, &body, &reason).await;
                self.metrics.dead_letters.of(kind).inc();
            }
            if buried.send(tag).is_err() {
                return;
            }
        }
    }
}

/// The deliveries whose dead letters are on their way. There are never more than the broker hands out.
struct Burials {
    burying: mpsc::UnboundedSender<Finished>,
    buried: mpsc::UnboundedReceiver<u64>,
    open: usize,
}

/// What came of a call; nothing when it broke, and all must be given back.
fn completed(call: Result<Done, JoinError>) -> Option<Done> {
    match call {
        Ok(done) => Some(done),
        Err(error) => {
            tracing::error!(cause = %error, "a call to Pusher broke");
            None
        }
    }
}
