//! The loop: take a batch, write it, announce, acknowledge.
//!
//! While the database or the broker is away it holds what it has, takes no more, and tries again
//! with growing waits. What it cannot deal with in time it gives back.
//!
//! Each partition has such a loop, with connections of its own: one whose sessions cannot be announced
//! keeps no other waiting.

use std::{net::TcpListener, sync::Arc, time::Duration};

use anyhow::Context;
use database::connect_to_write;
use diesel_async::AsyncPgConnection;
use shared::{
    broker::{
        Broken, Deliveries, Partition, PatientPublisher, QueueWatch, RoutingKey, Worker,
        serve_partitions,
    },
    chat::{
        self, SessionState,
        event::{self, Event},
    },
    service::{
        Outage, backoff,
        health::{self, Dependency},
        metrics::{self, OldestPart},
        shutdown::{by_deadline, grace},
    },
};
use tokio_util::sync::CancellationToken;
use traces::{Traces, WorkKind};

use crate::{
    batch::{Batch, DeadLetter},
    metrics::{DeadLetterReason, Metrics},
    settings::Settings,
    store::{self, Outcome, StoreError},
};

/// Bodies that the broker may hand out, of all partitions together, before the first of them is
/// acknowledged. A body is 128 KiB at most when the gateway made it, so that they take 32 MiB at most.
const PREFETCH: u16 = 256;

/// Time after which a persister that has nothing to do looks whether its database is still there.
const IDLE_CHECK_INTERVAL: Duration = Duration::from_secs(5);

/// Sessions that are announced in one body at most.
const ANNOUNCED_TOGETHER: usize = 100;

/// Runs a persister until `stop` is cancelled, with its health and metrics on `listener`.
///
/// # Errors
/// When the listener cannot be served. Nothing else ends it.
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
    let traces = Traces::start(&settings.traces, "persister").context("nothing can be traced")?;
    let mut registry = metrics::registry("persister");
    let metrics = Metrics::register(&mut registry);
    let [broker, database, announcing] = ["broker", "database", "announcing"]
        .map(|name| Dependency::of_parts(name, settings.broker.queue_partitions.count()));
    let connected = database.clone();
    metrics.database_connected.answer_by(move || f64::from(u8::from(connected.is_up())));
    let queues = metrics.queues.clone();
    let workers = &[Worker::Persister];
    let watch = QueueWatch::new(&settings.broker, workers, "persister: watching", queues);
    tokio::spawn(watch.run(stop.clone()));
    let dependencies = vec![broker.clone(), database.clone(), announcing.clone()];
    let server = health::serve(listener, dependencies, Arc::new(registry), stop.clone())
        .context("health and metrics cannot be served")?;
    let server = tokio::spawn(server);

    let persister = |partition: Partition| {
        let part = |dependency: &Dependency| dependency.part(partition.number());
        let announcing = part(&announcing);
        let persister = Persister {
            publisher: PatientPublisher::new(&settings.broker, "persister: announcing", announcing),
            dead_letters: settings.broker.names().dead_letters(Worker::Persister),
            broker: Outage::new(part(&broker)),
            database: Outage::new(part(&database)),
            connection: None,
            settings: settings.clone(),
            oldest_held: metrics.oldest_held_seconds.part(),
            metrics: metrics.clone(),
            traces: traces.clone(),
            partition,
        };
        let stop = stop.clone();
        async move { persister.work(&stop).await }
    };
    let ended = serve_partitions(&settings.broker, Worker::Persister, persister).await;
    ended.context("the work broke")?;
    traces.stop().await;
    server.await.context("health and metrics ended badly")??;
    Ok(())
}

struct Persister {
    partition: Partition,
    settings: Settings,
    metrics: Metrics,
    oldest_held: OldestPart,
    traces: Traces,
    publisher: PatientPublisher,
    dead_letters: String,
    connection: Option<AsyncPgConnection>,
    database: Outage,
    broker: Outage,
}

impl Persister {
    async fn work(mut self, stop: &CancellationToken) {
        let mut waits = backoff::waits();
        while !stop.is_cancelled() {
            tokio::select! {
                () = self.reach_database() => {}
                () = stop.cancelled() => return,
            }
            let error = match self.serve(stop).await {
                Ok(()) => continue,
                Err(Broken::Gone) => return,
                Err(error) => error,
            };
            if self.broker.lasted().is_none() {
                waits = backoff::waits();
            }
            self.broker.failed(&error);
            tokio::select! {
                () = tokio::time::sleep(waits.next().unwrap_or_default()) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// Takes batches until it is to stop, or has had to give one back.
    async fn serve(&mut self, stop: &CancellationToken) -> Result<(), Broken> {
        let (broker, partition) = (&self.settings.broker, self.partition);
        let prefetch = broker.queue_partitions.share(PREFETCH, partition);
        let deliveries =
            Deliveries::connect(broker, Worker::Persister, partition, prefetch, "persister");
        let mut deliveries = tokio::select! {
            connected = deliveries => connected?,
            () = stop.cancelled() => return Ok(()),
        };
        self.broker.succeeded();
        loop {
            let first = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                first = deliveries.next() => first?,
                () = tokio::time::sleep(IDLE_CHECK_INTERVAL) => {
                    self.check_database().await;
                    match self.connection {
                        Some(_) => continue,
                        None => break,
                    }
                }
            };
            let batch = Batch::collect(first, &mut deliveries, &self.settings).await?;
            let began = tokio::time::Instant::now();
            self.oldest_held.set(batch.earliest());
            let messages = batch.events.iter().filter_map(|event| event.subject().traced());
            let traced = self.traces.work(WorkKind::PersistBatch, messages);
            let (hold, shutdown) = (self.settings.consumer.delivery_hold, self.settings.shutdown);
            let done = tokio::select! {
                () = self.deal_with(&batch) => true,
                () = grace(stop, shutdown) => false,
                () = tokio::time::sleep(hold) => false,
            };
            self.oldest_held.set(None);
            if !done {
                self.metrics.given_back.inc();
                if let Some(work) = traced {
                    work.failed("given back");
                }
                break;
            }
            if let Some(work) = traced {
                work.done();
            }
            deliveries.acknowledge_up_to(batch.last_tag).await?;
            self.metrics.batch_seconds.observe(began.elapsed().as_secs_f64());
        }
        deliveries.close().await;
        Ok(())
    }

    /// Sees to it that nothing of the batch is left to do but to acknowledge it, however long that
    /// takes.
    async fn deal_with(&mut self, batch: &Batch) {
        self.metrics.batch_events.observe(batch.events.len() as f64);
        // Whatever is refused as a whole is tried in halves, until each event stands for itself.
        let mut parts = vec![batch.events.as_slice()];
        let mut dead = Vec::new();
        while let Some(part) = parts.pop() {
            match self.persist(part).await {
                Ok(outcome) => {
                    self.conclude(&outcome).await;
                    for event in &outcome.conflicts {
                        let reason = "another event has its id";
                        dead.extend(DeadLetter::of(event, DeadLetterReason::Conflict, reason));
                    }
                }
                Err(reason) => match part {
                    [event] => {
                        dead.extend(DeadLetter::of(event, DeadLetterReason::Refused, &reason))
                    }
                    _ => {
                        let (first, second) = part.split_at(part.len() / 2);
                        parts.extend([second, first]);
                    }
                },
            }
        }
        // Last, since a batch that is given back is dealt with again from its beginning.
        self.bury(&batch.dead).await;
        self.bury(&dead).await;
    }

    /// Writes the events, however often it takes.
    ///
    /// # Errors
    /// With the database's reason, when it will never take all of them.
    async fn persist(&mut self, events: &[Event]) -> Result<Outcome, String> {
        let mut waits = backoff::waits();
        loop {
            match self.attempt(events).await {
                Ok(outcome) => {
                    self.database.succeeded();
                    return Ok(outcome);
                }
                Err(StoreError::Refused(reason)) => return Err(reason),
                Err(StoreError::Raced) => {}
                Err(StoreError::Unavailable(cause)) => {
                    self.metrics.database_failures.inc();
                    self.database.failed(&cause);
                    tokio::time::sleep(waits.next().unwrap_or_default()).await;
                }
            }
        }
    }

    async fn attempt(&mut self, events: &[Event]) -> Result<Outcome, StoreError> {
        let unavailable =
            |error: &dyn std::fmt::Display| StoreError::Unavailable(error.to_string());
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                connect_to_write(&self.settings.database).await.map_err(|it| unavailable(&it))?
            }
        };
        // PostgreSQL gives up a statement by itself; this is for one that does not answer at all.
        let limit = self.settings.database.database_timeout * 2;
        let written = tokio::time::timeout(limit, store::persist(&mut connection, events)).await;
        let written = written.map_err(|_| unavailable(&"PostgreSQL does not answer"))?;
        if !matches!(written, Err(StoreError::Unavailable(_))) {
            self.connection = Some(connection);
        }
        written
    }

    async fn conclude(&mut self, outcome: &Outcome) {
        let now = chat::now();
        for accepted_at in &outcome.persisted {
            let age = now.signed_duration_since(accepted_at);
            self.metrics.persist_seconds.observe(age.as_seconds_f64().max(0.0));
        }
        self.metrics.persisted.inc_by(outcome.persisted.len() as u64);
        self.metrics.duplicates.inc_by(outcome.duplicates as u64);
        self.metrics.conflicts.inc_by(outcome.conflicts.len() as u64);
        self.announce(&outcome.news).await;
    }

    /// Tells the broadcasters of the players' own partitions, which are mostly this one: after a
    /// change of their number some of what waits here is another's.
    async fn announce(&mut self, sessions: &[SessionState]) {
        let partitions = self.settings.broker.queue_partitions;
        let partition = |session: &&SessionState| partitions.of(&session.player_id);
        let mut sessions: Vec<_> = sessions.iter().collect();
        sessions.sort_by_key(partition);
        for theirs in sessions.chunk_by(|one, other| partition(one) == partition(other)) {
            let Some(partition) = theirs.first().map(partition) else { continue };
            for sessions in theirs.chunks(ANNOUNCED_TOGETHER) {
                let events = sessions.iter().map(|&it| Event::SessionUpdated(it.clone()));
                let body =
                    event::encode(&events.filter_map(|it| it.encode().ok()).collect::<Vec<_>>());
                self.publisher.publish(RoutingKey::SessionUpdated, partition, &body).await;
                self.metrics.announced.inc_by(sessions.len() as u64);
            }
        }
    }

    async fn bury(&mut self, letters: &[DeadLetter]) {
        for letter in letters {
            letter.subject.log_dead(&letter.reason);
            self.publisher.bury(&self.dead_letters, &letter.body, &letter.reason).await;
            self.metrics.dead_letters.of(letter.kind).inc();
        }
    }

    /// Finds out whether the database is still there; without it there is no connection any more.
    async fn check_database(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        let limit = self.settings.database.database_timeout;
        match tokio::time::timeout(limit, database::probe(&mut connection)).await {
            Ok(Ok(())) => self.connection = Some(connection),
            Ok(Err(error)) => self.database.failed(&error),
            Err(_) => self.database.failed(&"PostgreSQL does not answer"),
        }
    }

    /// Waits until there is a connection to the database, so that nothing is taken off the queue
    /// before.
    async fn reach_database(&mut self) {
        let mut waits = backoff::waits();
        while self.connection.is_none() {
            match connect_to_write(&self.settings.database).await {
                Ok(connection) => self.connection = Some(connection),
                Err(error) => {
                    self.database.failed(&error);
                    tokio::time::sleep(waits.next().unwrap_or_default()).await;
                }
            }
        }
        self.database.succeeded();
    }
}
