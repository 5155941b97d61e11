//! What the broadcaster counts.

use prometheus_client::{
    metrics::{counter::Counter, histogram::Histogram},
    registry::Registry,
};
use shared::service::metrics::SECONDS;

/// The broadcaster's metrics.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// Events that Pusher took.
    pub broadcast: Counter,
    /// Players' messages of which staff were told together with others.
    pub coalesced: Counter,
    /// Calls that Pusher did not take, whatever the cause.
    pub failed_calls: Counter,
    /// Events that went to the dead letters.
    pub dead_letters: Counter,
    /// Times that what was held could not be dealt with in time.
    pub given_back: Counter,
    /// Events in a call.
    pub call_events: Histogram,
    /// Seconds that a call took.
    pub call_seconds: Histogram,
    /// Seconds from accepted to broadcast, of messages.
    pub broadcast_seconds: Histogram,
}

impl Metrics {
    /// Makes the metrics and registers them.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            broadcast: Counter::default(),
            coalesced: Counter::default(),
            failed_calls: Counter::default(),
            dead_letters: Counter::default(),
            given_back: Counter::default(),
            call_events: Histogram::new((1..=10).map(f64::from)),
            call_seconds: Histogram::new(SECONDS),
            broadcast_seconds: Histogram::new(SECONDS),
        };
        let registry = registry.sub_registry_with_prefix("chat_broadcaster");
        let it = metrics.clone();
        registry.register("broadcast", "Events that Pusher took", it.broadcast);
        registry.register("coalesced", "Messages told to staff together", it.coalesced);
        registry.register("failed_calls", "Calls that Pusher did not take", it.failed_calls);
        registry.register("dead_letters", "Events sent to the dead letters", it.dead_letters);
        registry.register("given_back", "Times that what was held was given back", it.given_back);
        registry.register("call_events", "Events in a call to Pusher", it.call_events);
        registry.register("call_seconds", "Seconds that a call to Pusher took", it.call_seconds);
        registry.register(
            "broadcast_seconds",
            "Seconds from accepted to broadcast, of messages",
            it.broadcast_seconds,
        );
        metrics
    }
}
