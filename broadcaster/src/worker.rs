//! The loop: take bodies, have Pusher take what is in them, acknowledge.
//!
//! As many calls as allowed are under way. While one is free, whatever comes goes out at once, alone;
//! when all are busy, events gather, and the next call takes up to ten of them. Beyond a rate that the
//! operator sets, staff are told of messages together: see [`Coalescer`].
//!
//! Each partition has such a loop, with a connection of its own; they take turns with the calls.

use std::{net::TcpListener, sync::Arc};

use anyhow::Context;
use chrono::{DateTime, Utc};
use pusher::{Channels, limits::MAX_EVENTS_PER_BATCH};
use shared::{
    broker::{
        Broken, Deliveries, Delivery, Partition, PatientPublisher, QueueWatch, Worker,
        serve_partitions,
    },
    chat::event::{self, UnreadableEvent},
    service::{
        Outage, backoff,
        health::{self, Dependency},
        metrics::{self, OldestPart},
        shutdown::grace,
    },
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinError,
    time::Instant,
};
use tokio_util::sync::CancellationToken;
use traces::Traces;

use crate::{
    call::{Caller, Origin, Refusal},
    client::Client,
    coalesce::{self, Coalescer},
    held::{DeadLetter, Done, Held, Open},
    metrics::{DeadLetterReason, Metrics},
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
        let broadcaster = Broadcaster {
            caller: caller.clone(),
            publisher: PatientPublisher::new(
                &settings.broker,
                "broadcaster: dead letters",
                burying,
            ),
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
        async move { broadcaster.work(&stop).await }
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
    publisher: PatientPublisher,
    dead_letters: String,
    broker: Outage,
}

impl Broadcaster {
    async fn work(mut self, stop: &CancellationToken) {
        let mut waits = backoff::waits();
        while !stop.is_cancelled() {
            let ended = self.serve(stop).await;
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
    async fn serve(&mut self, stop: &CancellationToken) -> Result<(), Broken> {
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
        let ended = tokio::select! {
            ended = self.broadcast(&mut deliveries, &mut held, stop) => ended,
            () = grace(stop) => Ok(()),
        };
        self.oldest_held.set(None);
        ended?;
        if !held.open.is_empty() {
            self.metrics.given_back.inc();
        }
        held.calls.shutdown().await;
        deliveries.close().await;
        Ok(())
    }

    async fn broadcast(
        &mut self,
        deliveries: &mut Deliveries,
        held: &mut Held,
        stop: &CancellationToken,
    ) -> Result<(), Broken> {
        loop {
            if !stop.is_cancelled() {
                self.tell_together(held);
                self.start_calls(held);
            } else if held.calls.is_empty() {
                return Ok(());
            }
            tokio::select! {
                biased;
                Some(call) = held.calls.join_next() => {
                    let Some(done) = completed(call) else { return Ok(()) };
                    self.conclude(done, deliveries, held).await?;
                }
                delivery = deliveries.next(), if !stop.is_cancelled() => {
                    self.open(delivery?, deliveries, held).await?;
                }
                Ok(turn) = Arc::clone(&self.calls).acquire_owned(),
                    if !held.waiting.is_empty() && !stop.is_cancelled() =>
                {
                    self.start_call(turn, held);
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
        let hold = self.settings.consumer.delivery_hold;
        held.calls.spawn(async move {
            let _turn = turn;
            let refusals = tokio::time::timeout(hold, caller.send(&jobs)).await.ok()?;
            Some(Done { jobs, refusals })
        });
    }

    /// Takes a delivery apart into jobs.
    async fn open(
        &mut self,
        delivery: Delivery,
        deliveries: &Deliveries,
        held: &mut Held,
    ) -> Result<(), Broken> {
        let Delivery { tag, body } = delivery;
        let mut open = Open::default();
        match event::decode(&body) {
            Ok(events) => {
                for (position, event) in events.into_iter().enumerate() {
                    match event {
                        Ok(event) => {
                            open.accepted_at = earlier(open.accepted_at, event.accepted_at());
                            let origin = Origin::of(&event, tag, position);
                            open.jobs += held.take_up(&event, origin, &self.channels);
                        }
                        Err(UnreadableEvent { event, reason }) => {
                            let body = event::encode([&event]);
                            open.will_bury(DeadLetter::unreadable(body, reason));
                        }
                    }
                }
            }
            Err(error) => {
                open.will_bury(DeadLetter::unreadable(body.clone(), error.to_string()));
            }
        }
        open.body = body;
        held.open.insert(tag, open);
        self.oldest_held.set(held.earliest());
        self.settle(tag, deliveries, held).await
    }

    /// Settles each delivery of which the call was the last that was left to do.
    async fn conclude(
        &mut self,
        done: Done,
        deliveries: &Deliveries,
        held: &mut Held,
    ) -> Result<(), Broken> {
        for Refusal { origin, reason } in done.refusals {
            if let Some(open) = held.open.get_mut(&origin.tag) {
                // It was read before; what cannot be taken apart is kept whole all the same.
                let alone = event::alone(&open.body, origin.position);
                let body = alone.unwrap_or_else(|| open.body.clone());
                let (kind, subject) = (DeadLetterReason::Refused, origin.subject);
                open.will_bury(DeadLetter { body, kind, reason, subject });
            }
        }
        for Origin { tag, .. } in done.jobs.into_iter().flat_map(|job| job.origins) {
            if let Some(open) = held.open.get_mut(&tag) {
                open.jobs -= 1;
            }
            self.settle(tag, deliveries, held).await?;
        }
        Ok(())
    }

    /// Buries what is dead of a delivery and acknowledges it, unless a job of it is left to do.
    async fn settle(
        &mut self,
        tag: u64,
        deliveries: &Deliveries,
        held: &mut Held,
    ) -> Result<(), Broken> {
        let Some(open) = held.open.get(&tag).filter(|open| open.jobs == 0) else {
            return Ok(());
        };
        for DeadLetter { body, kind, reason, subject } in &open.dead {
            subject.log_dead(reason);
            self.publisher.bury(&self.dead_letters, body, reason).await;
            self.metrics.dead_letters.of(*kind).inc();
        }
        deliveries.acknowledge(tag).await?;
        held.open.remove(&tag);
        self.oldest_held.set(held.earliest());
        Ok(())
    }
}

/// The earlier of two times, where there are two.
fn earlier(one: Option<DateTime<Utc>>, other: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    one.into_iter().chain(other).min()
}

/// What came of a call; nothing when it was held for too long or broke, and all must be given back.
fn completed(call: Result<Option<Done>, JoinError>) -> Option<Done> {
    match call {
        Ok(done) => done,
        Err(error) => {
            tracing::error!(cause = %error, "a call to Pusher broke");
            None
        }
    }
}
