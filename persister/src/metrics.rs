//! What the persister counts.

use prometheus_client::{
    metrics::{counter::Counter, histogram::Histogram},
    registry::Registry,
};
use shared::service::metrics::SECONDS;

/// The persister's metrics.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// Messages that became rows.
    pub persisted: Counter,
    /// Messages that were there already.
    pub duplicates: Counter,
    /// Events that went to the dead letters.
    pub dead_letters: Counter,
    /// `session-updated` events that were published.
    pub announced: Counter,
    /// Batches that could not be dealt with in time.
    pub given_back: Counter,
    /// Events in a batch.
    pub batch_events: Histogram,
    /// Seconds from taking a batch off the queue to acknowledging it.
    pub batch_seconds: Histogram,
    /// Seconds from accepted to persisted.
    pub persist_seconds: Histogram,
}

impl Metrics {
    /// Makes the metrics and registers them.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            persisted: Counter::default(),
            duplicates: Counter::default(),
            dead_letters: Counter::default(),
            announced: Counter::default(),
            given_back: Counter::default(),
            batch_events: Histogram::new([1.0, 5.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0]),
            batch_seconds: Histogram::new(SECONDS),
            persist_seconds: Histogram::new(SECONDS),
        };
        let registry = registry.sub_registry_with_prefix("chat_persister");
        let it = metrics.clone();
        registry.register("persisted", "Messages that became rows", it.persisted);
        registry.register("duplicates", "Messages that were there already", it.duplicates);
        registry.register("dead_letters", "Events sent to the dead letters", it.dead_letters);
        registry.register("announced", "session-updated events published", it.announced);
        registry.register("given_back", "Batches not dealt with in time", it.given_back);
        registry.register("batch_events", "Events in a batch", it.batch_events);
        registry.register(
            "batch_seconds",
            "Seconds from taking a batch off the queue to acknowledging it",
            it.batch_seconds,
        );
        registry.register(
            "persist_seconds",
            "Seconds from accepted to persisted",
            it.persist_seconds,
        );
        metrics
    }
}
