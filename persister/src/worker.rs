//! The loop: take a batch, write it, announce, acknowledge.
//!
//! While the database or the broker is away it holds what it has, takes no more, and tries again
//! with growing waits. What it cannot deal with in time it gives back. Events of conversations that
//! another transaction has locked wait beside all others.
//!
//! Each partition has such a loop, with connections of its own: one whose sessions cannot be announced
//! keeps no other waiting.

use std::{collections::HashSet, net::TcpListener, ops::Range, sync::Arc, time::Duration};

use anyhow::Context;
use chrono::{DateTime, Utc};
use database::connect_to_write;
use diesel_async::AsyncPgConnection;
use shared::{
    broker::{
        Broken, Deliveries, Partition, PatientPublisher, QueueWatch, RoutingKey, Worker,
        serve_partitions,
    },
    chat::{
        self,
        event::{self, Event},
    },
    service::{
        Outage,
        backoff::{self, Waits},
        health::{self, Dependency},
        metrics::{self, OldestPart},
        shutdown::{by_deadline, grace},
    },
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use traces::{Traces, WorkKind};

use crate::{
    batch::{Batch, DeadLetter, HeldBack, OpenDelivery},
    held_back::{Compacted, HeldBackEvents},
    metrics::{DeadLetterReason, Metrics},
    settings::Settings,
    store::{self, Attempt, Locks, Outcome, StoreError},
};

/// Bodies that the broker may hand out, of all partitions together, before the first of them is
/// acknowledged. A body is 128 KiB at most when the gateway made it, so that they take 32 MiB at most.
const PREFETCH: u16 = 256;

/// Time after which a persister that has nothing to do looks whether its database is still there.
const IDLE_CHECK_INTERVAL: Duration = Duration::from_secs(5);

/// Sessions and rejected messages that are announced in one body at most.
const ANNOUNCED_TOGETHER: usize = 100;

/// Parts that a batch which fails is tried in. In eight, an event among a thousand that fails slowly is
/// found after four failures.
const PARTS: usize = 8;

/// Waits between the attempts at an event that fails alone while the database takes others. After the
/// attempt that follows the last of them it is set aside.
const SUSPECT_WAITS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];

/// How long it counts as proven that the database takes events, for an event that it refuses by a
/// constraint.
const PROOF_AGE: Duration = Duration::from_secs(5);

/// Time without an event ahead of the database's clock after which the next one is logged.
const AHEAD_LOG_INTERVAL: Duration = Duration::from_secs(60);

const NO_ANSWER: &str = "PostgreSQL does not answer";

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
            locks: Locks::Wait,
            proven_at: None,
            held_back_events: 0,
            ahead_at: None,
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
    /// Whether locked conversations are waited for. They are not from a failure on until nothing is held
    /// back.
    locks: Locks,
    /// When the database last took events.
    proven_at: Option<Instant>,
    /// How many of its events count as held back.
    held_back_events: i64,
    /// When an event was last ahead of the database's clock.
    ahead_at: Option<Instant>,
}

/// Events of a batch, next to one another, that are written together.
struct Part {
    places: Range<usize>,
    /// Failures while the database took other events.
    failures: usize,
    waits: Waits,
}

impl Part {
    fn new(places: Range<usize>) -> Self {
        Self { places, failures: 0, waits: backoff::waits() }
    }

    /// Its parts, the last of which comes first.
    fn split(&self) -> Vec<Self> {
        let size = self.places.len().div_ceil(PARTS).max(1);
        let starts = self.places.clone().step_by(size).rev();
        starts.map(|start| Self::new(start..self.places.end.min(start + size))).collect()
    }
}

/// Why an attempt at events failed.
enum Failure {
    /// There is no connection to the database.
    Unreachable(String),
    /// The store's reason.
    Store(StoreError),
}

/// What to do about events that could not be written.
enum Verdict {
    /// Try them again.
    Again,
    /// Try them in parts.
    Split,
    /// Hold the event back: another transaction has locked what it changes.
    HoldBack,
    /// The event can never be written, for this reason.
    SetAside(String),
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
        let limit = usize::from(prefetch / 2).max(1);
        let mut held_back = HeldBackEvents::default();
        loop {
            let retry_at = held_back.retry_at();
            let first = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = until(retry_at) => None,
                first = deliveries.next(), if held_back.len() <= limit => Some(first?),
                () = tokio::time::sleep(IDLE_CHECK_INTERVAL) => {
                    self.check_database().await;
                    match self.connection {
                        Some(_) => continue,
                        None => break,
                    }
                }
            };
            let due = held_back.take_due();
            let is_retry = !due.is_empty();
            let batch = Batch::collect(due, first, &mut deliveries, &self.settings).await?;
            let began = Instant::now();
            self.oldest_held.set(earlier(batch.earliest(), held_back.earliest()));
            let messages = batch.events.iter().filter_map(|event| event.subject().traced());
            let traced = self.traces.work(WorkKind::PersistBatch, messages);
            let (hold, shutdown) = (self.settings.consumer.delivery_hold, self.settings.shutdown);
            let done = tokio::select! {
                done = self.deal_with(batch) => Some(done),
                () = grace(stop, shutdown) => None,
                () = tokio::time::sleep(hold) => None,
            };
            let Some((done, left)) = done else {
                self.metrics.given_back.inc();
                if let Some(work) = traced {
                    work.failed("given back");
                }
                break;
            };
            if let Some(work) = traced {
                work.done();
            }
            let is_all = !is_retry && left.is_empty() && held_back.is_empty();
            acknowledge(&deliveries, &done, is_all).await?;
            held_back.add(left, is_retry);
            let shutdown = self.settings.shutdown;
            let compacted = tokio::select! {
                compacted = self.compact(&mut held_back, limit) => compacted,
                () = grace(stop, shutdown) => break,
            };
            acknowledge(&deliveries, &compacted, false).await?;
            self.locks = if held_back.is_empty() { Locks::Wait } else { Locks::Skip };
            self.show_held_back(&held_back);
            self.metrics.batch_seconds.observe(began.elapsed().as_secs_f64());
        }
        self.show_held_back(&HeldBackEvents::default());
        deliveries.close().await;
        Ok(())
    }

    /// Sees to it that nothing of the batch is left to do but to acknowledge it, however long that
    /// takes. Returns the bodies that are done, and those that have events of locked conversations.
    async fn deal_with(&mut self, mut batch: Batch) -> (Vec<OpenDelivery>, Vec<HeldBack>) {
        self.metrics.batch_events.observe(batch.events.len() as f64);
        let left = self.write(&mut batch).await;
        let (done, held_back) = batch.divide(&left);
        // Last, since a batch that is given back is dealt with again from its beginning.
        for delivery in &done {
            self.bury(&delivery.dead).await;
        }
        (done, held_back)
    }

    /// Writes the events of the batch. Returns the places of those whose conversations are locked.
    async fn write(&mut self, batch: &mut Batch) -> HashSet<usize> {
        let mut left = HashSet::new();
        let mut parts = vec![Part::new(0..batch.events.len())];
        while let Some(mut part) = parts.pop() {
            let events = batch.events.get(part.places.clone()).unwrap_or_default();
            match self.attempt(events).await {
                Ok(outcome) => {
                    self.database.succeeded();
                    self.proven_at = Some(Instant::now());
                    if !outcome.locked.is_empty() {
                        let is_locked =
                            |event: &Event| outcome.locked.contains(event.player_id().as_str());
                        let places = part.places.zip(events);
                        left.extend(places.filter(|(_, event)| is_locked(event)).map(|(at, _)| at));
                    }
                    self.conclude(&outcome).await;
                }
                Err(failure) => match self.judge(failure, &mut part).await {
                    Verdict::Again => parts.push(part),
                    Verdict::Split => parts.extend(part.split()),
                    Verdict::HoldBack => left.extend(part.places),
                    Verdict::SetAside(reason) => {
                        batch.set_aside(part.places.start, DeadLetterReason::Refused, &reason);
                    }
                },
            }
        }
        left
    }

    /// Decides by what the database still takes, and by no list of errors: while it takes nothing, there
    /// is an outage, which is waited for; while it takes other events, these are the cause, and the one
    /// among them that fails alone, again and again, is set aside.
    async fn judge(&mut self, failure: Failure, part: &mut Part) -> Verdict {
        let (cause, is_final) = match failure {
            Failure::Store(StoreError::Raced) => return Verdict::Again,
            Failure::Store(StoreError::Refused(reason)) => (reason, true),
            Failure::Store(StoreError::Unavailable(cause)) => (cause, false),
            Failure::Unreachable(cause) => {
                self.wait_for_database(&cause, part).await;
                return Verdict::Again;
            }
        };
        let is_alone = part.places.len() <= 1;
        if is_final && !is_alone {
            return Verdict::Split;
        }
        if !is_final {
            self.metrics.database_failures.inc();
        }
        if !(is_final && self.is_proven()) {
            if let Err(outage) = self.prove_database().await {
                self.wait_for_database(&format!("{cause}; and then: {outage}"), part).await;
                return Verdict::Again;
            }
            self.database.succeeded();
        }
        if is_final {
            return Verdict::SetAside(cause);
        }
        if self.locks == Locks::Wait {
            // What fails may have waited for another transaction's lock.
            self.locks = Locks::Skip;
            return Verdict::Again;
        }
        if !is_alone {
            return Verdict::Split;
        }
        if cause.contains("lock timeout") {
            return Verdict::HoldBack;
        }
        part.failures += 1;
        match SUSPECT_WAITS.get(part.failures - 1) {
            Some(wait) => {
                tokio::time::sleep(*wait).await;
                Verdict::Again
            }
            None => Verdict::SetAside(cause),
        }
    }

    async fn wait_for_database(&mut self, cause: &str, part: &mut Part) {
        self.database.failed(&cause);
        part.failures = 0;
        tokio::time::sleep(part.waits.next().unwrap_or_default()).await;
    }

    /// Whether the database took events a moment ago.
    fn is_proven(&self) -> bool {
        self.proven_at.is_some_and(|at| at.elapsed() < PROOF_AGE)
    }

    /// Finds out, over a new connection, whether the database takes events.
    async fn prove_database(&mut self) -> Result<(), String> {
        self.connection = None;
        let timeout = self.settings.database.database_timeout;
        let proof = async {
            let connected = connect_to_write(&self.settings.database).await;
            let mut connection = connected.map_err(|error| error.to_string())?;
            store::prove_writable(&mut connection).await.map_err(|error| error.to_string())?;
            Ok(connection)
        };
        let proven = tokio::time::timeout(timeout, proof).await;
        let connection = proven.map_err(|_| NO_ANSWER.to_owned()).flatten()?;
        self.connection = Some(connection);
        self.proven_at = Some(Instant::now());
        Ok(())
    }

    async fn attempt(&mut self, events: &[Event]) -> Result<Outcome, Failure> {
        if events.is_empty() {
            return Ok(Outcome::default());
        }
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => match connect_to_write(&self.settings.database).await {
                Ok(connection) => connection,
                Err(error) => {
                    self.metrics.database_failures.inc();
                    return Err(Failure::Unreachable(error.to_string()));
                }
            },
        };
        let attempt = Attempt::new(self.locks);
        let written = {
            let mut writing = std::pin::pin!(store::persist(&mut connection, events, &attempt));
            // PostgreSQL gives up a statement by itself; this is for one that does not answer at all.
            let limit = self.settings.database.database_timeout * 2;
            let mut steps = 0;
            loop {
                match tokio::time::timeout(limit, &mut writing).await {
                    Ok(written) => break written,
                    Err(_) if attempt.steps() > steps => steps = attempt.steps(),
                    Err(_) => break Err(StoreError::Unavailable(NO_ANSWER.to_owned())),
                }
            }
        };
        if !matches!(written, Err(StoreError::Unavailable(_))) {
            self.connection = Some(connection);
        }
        written.map_err(Failure::Store)
    }

    async fn conclude(&mut self, outcome: &Outcome) {
        let now = chat::now();
        for accepted_at in &outcome.persisted {
            let age = now.signed_duration_since(accepted_at);
            self.metrics.persist_seconds.observe(age.as_seconds_f64().max(0.0));
        }
        let conflicts = outcome.rejected.len() + outcome.conflicting_changes;
        self.metrics.persisted.inc_by(outcome.persisted.len() as u64);
        self.metrics.duplicates.inc_by(outcome.duplicates as u64);
        self.metrics.conflicts.inc_by(conflicts as u64);
        self.metrics.audited.inc_by(outcome.audited as u64);
        self.metrics.ahead_of_clock.inc_by(outcome.ahead as u64);
        if let Some(offset) = outcome.clock_offset {
            self.metrics.clock_offset_seconds.set(offset.as_seconds_f64());
        }
        if outcome.ahead > 0 {
            self.log_ahead(outcome.ahead);
        }
        let updated = outcome.news.iter().cloned().map(Event::SessionUpdated);
        let rejected = outcome.rejected.iter().cloned().map(Event::MessageRejected);
        self.announce(updated.chain(rejected).collect()).await;
        self.metrics.announced.inc_by(outcome.news.len() as u64);
        self.metrics.rejections.inc_by(outcome.rejected.len() as u64);
    }

    /// Logs once that a gateway's clock is ahead, until none has been for a while.
    fn log_ahead(&mut self, events: usize) {
        if self.ahead_at.is_none_or(|at| at.elapsed() > AHEAD_LOG_INTERVAL) {
            tracing::warn!(
                events,
                "a gateway's clock is more than ten seconds ahead of the database's: what it accepts is \
                 dated by the database's"
            );
        }
        self.ahead_at = Some(Instant::now());
    }

    /// Publishes the events to the broadcasters of the players' own partitions, which are mostly this
    /// one: after a change of their number some of what waits here is another's.
    async fn announce(&mut self, mut events: Vec<Event>) {
        let partitions = self.settings.broker.queue_partitions;
        let partition = |event: &Event| partitions.of(event.player_id());
        events.sort_by_key(partition);
        for theirs in events.chunk_by(|one, other| partition(one) == partition(other)) {
            let Some(partition) = theirs.first().map(partition) else { continue };
            for events in theirs.chunks(ANNOUNCED_TOGETHER) {
                let encoded: Vec<_> =
                    events.iter().filter_map(|event| event.encode().ok()).collect();
                let body = event::encode(&encoded);
                self.publisher.publish(RoutingKey::SessionUpdated, partition, &body).await;
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

    /// Publishes what is held back in more than `limit` bodies, or for long, in fewer ones at the end of
    /// the queue. Returns the bodies that these replace. What cannot be published stays held back.
    async fn compact(&mut self, held_back: &mut HeldBackEvents, limit: usize) -> Vec<OpenDelivery> {
        let age = self.settings.consumer.delivery_hold / 2;
        let Some(Compacted { bodies, replaced }) = held_back.compact(limit, age) else {
            return Vec::new();
        };
        let names = self.settings.broker.names();
        let queue = names.queue_of(Worker::Persister, self.partition);
        for body in bodies {
            if let Err(error) = self.publisher.requeue(&queue, &body).await {
                tracing::warn!(cause = %error, "held back events cannot be put back into the queue");
                held_back.add(replaced, false);
                return Vec::new();
            }
        }
        for body in &replaced {
            self.bury(&body.delivery.dead).await;
        }
        replaced.into_iter().map(|body| body.delivery).collect()
    }

    fn show_held_back(&mut self, held_back: &HeldBackEvents) {
        self.oldest_held.set(held_back.earliest());
        let events = i64::try_from(held_back.events()).unwrap_or(i64::MAX);
        self.metrics.held_back_events.inc_by(events - self.held_back_events);
        self.held_back_events = events;
    }

    /// Finds out whether the database is still there; without it there is no connection any more.
    async fn check_database(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        let limit = self.settings.database.database_timeout;
        match tokio::time::timeout(limit, database::probe(&mut connection)).await {
            Ok(Ok(())) => self.connection = Some(connection),
            Ok(Err(error)) => self.database.failed(&error),
            Err(_) => self.database.failed(&NO_ANSWER),
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

/// Acknowledges the bodies: at once, if nothing else was taken before the last of them that is not done.
async fn acknowledge(
    deliveries: &Deliveries,
    done: &[OpenDelivery],
    is_all: bool,
) -> Result<(), Broken> {
    if is_all && let Some(last) = done.last() {
        return deliveries.acknowledge_up_to(last.tag).await;
    }
    for delivery in done {
        deliveries.acknowledge(delivery.tag).await?;
    }
    Ok(())
}

/// Resolves at `time`, and never without one.
async fn until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

fn earlier(one: Option<DateTime<Utc>>, other: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    [one, other].into_iter().flatten().min()
}
