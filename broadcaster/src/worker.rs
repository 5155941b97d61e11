//! The loop: take bodies, have Pusher take what is in them, acknowledge.
//!
//! As many calls as allowed are under way. While one is free, whatever comes goes out at once, alone;
//! when all are busy, events gather, and the next call takes up to ten of them.
//!
//! Each partition has such a loop, with a connection of its own; they take turns with the calls.

use std::{net::TcpListener, sync::Arc};

use anyhow::Context;
use prometheus_client::registry::Registry;
use pusher::{Channels, limits::MAX_EVENTS_PER_BATCH};
use shared::{
    broker::{Broken, Deliveries, Delivery, Partition, PatientPublisher, Worker, serve_partitions},
    chat::event::{self, Event, UnreadableEvent},
    service::{
        Outage, backoff,
        health::{self, Dependency},
        shutdown::grace,
    },
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinError,
};
use tokio_util::sync::CancellationToken;

use crate::{
    call::{Caller, Job, Origin, Refusal},
    client::Client,
    events::pusher_events,
    held::{DeadLetter, Done, Held, Open},
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
    let mut registry = Registry::default();
    let metrics = Metrics::register(&mut registry);
    let partitions = settings.broker.queue_partitions.count();
    let [broker, burying] =
        ["broker", "dead-letters"].map(|name| Dependency::of_parts(name, partitions));
    let pusher = Dependency::new("pusher");
    // Whether Pusher works is only known once there is something to say.
    pusher.set_up(true);
    let dependencies = vec![broker.clone(), pusher.clone(), burying.clone()];
    let server = health::serve(listener, dependencies, Arc::new(registry), stop.clone())
        .context("health and metrics cannot be served")?;
    let server = tokio::spawn(server);

    let concurrency = usize::from(settings.broadcast_concurrency);
    let client = Client::new(&settings.pusher, concurrency).context("Pusher cannot be called")?;
    let caller = Caller::new(client, metrics.clone(), Outage::new(pusher));
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
        let prefetch = broker.queue_partitions.share(PREFETCH, partition);
        let deliveries =
            Deliveries::connect(broker, Worker::Broadcaster, partition, prefetch, "broadcaster");
        let mut deliveries = tokio::select! {
            connected = deliveries => connected?,
            () = stop.cancelled() => return Ok(()),
        };
        self.broker.succeeded();
        let mut held = Held::default();
        tokio::select! {
            ended = self.broadcast(&mut deliveries, &mut held, stop) => ended?,
            () = grace(stop) => {}
        }
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
            }
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
                            let jobs = self.jobs(&event, tag, position);
                            open.jobs += jobs.len();
                            held.waiting.extend(jobs);
                        }
                        Err(UnreadableEvent { event, reason }) => {
                            open.will_bury(event::encode([&event]), reason);
                        }
                    }
                }
            }
            Err(error) => open.will_bury(body.clone(), error.to_string()),
        }
        open.body = body;
        held.open.insert(tag, open);
        self.settle(tag, deliveries, held).await
    }

    fn jobs(&self, event: &Event, tag: u64, position: usize) -> Vec<Job> {
        let accepted_at = match event {
            Event::Message(message) => Some(message.accepted_at),
            _ => None,
        };
        let origin = Origin { tag, position, accepted_at };
        let events = pusher_events(event, &self.channels).unwrap_or_default();
        events.into_iter().map(|event| Job { event, origin }).collect()
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
                open.will_bury(alone.unwrap_or_else(|| open.body.clone()), reason);
            }
        }
        for job in done.jobs {
            let tag = job.origin.tag;
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
        for DeadLetter { body, reason } in &open.dead {
            tracing::warn!(reason, "an event goes to the dead letters");
            self.publisher.bury(&self.dead_letters, body, reason).await;
            self.metrics.dead_letters.inc();
        }
        deliveries.acknowledge(tag).await?;
        held.open.remove(&tag);
        Ok(())
    }
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
