//! The persister's metrics, which docs/metrics.md lists for operators.

use std::sync::atomic::AtomicU64;

use broker::QueueMetrics;
use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};
use service::metrics::{ByLabel, Label, OldestHeld, OnScrape, SECONDS};

/// The persister's metrics.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// Messages that became rows.
    pub persisted: Counter,
    /// Events that were stored already.
    pub duplicates: Counter,
    /// Events that were dropped, since another message or change has their id.
    pub conflicts: Counter,
    /// Published `message-rejected` events.
    pub rejections: Counter,
    /// Dead letters, by reason.
    pub dead_letters: ByLabel<DeadLetterReason, Counter>,
    /// Published `session-updated` events.
    pub announced: Counter,
    /// Rows inserted into the audit.
    pub audited: Counter,
    /// Batches that were requeued, since they could not be finished in time.
    pub given_back: Counter,
    /// Events in a batch.
    pub batch_events: Histogram,
    /// Seconds from consuming a batch to acknowledging it.
    pub batch_seconds: Histogram,
    /// Seconds from accepted to persisted.
    pub persist_seconds: Histogram,
    /// Age of the oldest unfinished event, since it was accepted.
    pub oldest_held_seconds: OldestHeld,
    /// Events held back, since other transactions have locked their conversations.
    pub held_back_events: Gauge,
    /// New events that were accepted more than ten seconds ahead of the database's clock.
    pub ahead_of_clock: Counter,
    /// Seconds by which the local clock is ahead of the database's.
    pub clock_offset_seconds: Gauge<f64, AtomicU64>,
    /// Failed attempts at a batch.
    pub database_failures: Counter,
    /// 1 while the database is connected, else 0.
    pub database_connected: OnScrape,
    /// Lengths of the queue and of its dead letters.
    pub queues: QueueMetrics,
}

/// Why an event or a body can never be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeadLetterReason {
    /// It is not an event that this release can read.
    Unreadable,
    /// Its kind is not for the persister.
    Misdirected,
    /// Another message or change has its id. Only older releases made such dead letters.
    Conflict,
    /// The database never accepts it.
    Refused,
}

impl Label for DeadLetterReason {
    const NAME: &'static str = "reason";
    const VALUES: &'static [Self] =
        &[Self::Unreadable, Self::Misdirected, Self::Conflict, Self::Refused];

    fn value(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Misdirected => "misdirected",
            Self::Conflict => "conflict",
            Self::Refused => "refused",
        }
    }
}

impl Metrics {
    /// Creates and registers the metrics.
    pub fn register(registry: &mut Registry) -> Self {
        let registry = registry.sub_registry_with_prefix("chat_persister");
        let metrics = Self {
            persisted: Counter::default(),
            duplicates: Counter::default(),
            conflicts: Counter::default(),
            rejections: Counter::default(),
            dead_letters: ByLabel::default(),
            announced: Counter::default(),
            audited: Counter::default(),
            given_back: Counter::default(),
            batch_events: Histogram::new([1.0, 5.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0]),
            batch_seconds: Histogram::new(SECONDS),
            persist_seconds: Histogram::new(SECONDS),
            oldest_held_seconds: OldestHeld::default(),
            held_back_events: Gauge::default(),
            ahead_of_clock: Counter::default(),
            clock_offset_seconds: Gauge::default(),
            database_failures: Counter::default(),
            database_connected: OnScrape::default(),
            queues: QueueMetrics::register(registry),
        };
        let it = metrics.clone();
        registry.register("persisted", "Messages that became rows", it.persisted);
        registry.register("duplicates", "Events that were stored already", it.duplicates);
        registry.register("conflicts", "Events whose id another one has", it.conflicts);
        registry.register("rejections", "message-rejected events published", it.rejections);
        registry.register("dead_letters", "Dead letters, by reason", it.dead_letters.all());
        registry.register("announced", "session-updated events published", it.announced);
        registry.register("audited", "Rows inserted into the audit", it.audited);
        registry.register(
            "given_back",
            "Batches requeued since they could not be finished in time",
            it.given_back,
        );
        registry.register("batch_events", "Events in a batch", it.batch_events);
        registry.register(
            "batch_seconds",
            "Seconds from consuming a batch to acknowledging it",
            it.batch_seconds,
        );
        registry.register(
            "persist_seconds",
            "Seconds from accepted to persisted",
            it.persist_seconds,
        );
        registry.register(
            "oldest_held_seconds",
            "Age of the oldest unfinished event, since it was accepted",
            it.oldest_held_seconds,
        );
        registry.register(
            "held_back_events",
            "Events held back, since other transactions have locked their conversations",
            it.held_back_events,
        );
        registry.register(
            "ahead_of_clock",
            "New events accepted more than ten seconds ahead of the database's clock",
            it.ahead_of_clock,
        );
        registry.register(
            "clock_offset_seconds",
            "How far the local clock is ahead of the database's",
            it.clock_offset_seconds,
        );
        registry.register("database_failures", "Failed attempts at a batch", it.database_failures);
        registry.register(
            "database_connected",
            "1 while the database is connected",
            it.database_connected,
        );
        metrics
    }
}
