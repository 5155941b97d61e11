//! What the gateway counts.

use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue},
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry,
};
use shared::service::metrics::SECONDS;

/// The gateway's metrics.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// Events that asked to be accepted, by what came of it.
    pub sends: Family<SendLabels, Counter>,
    /// Seconds from asking to be accepted to the answer.
    pub send_seconds: Histogram,
    /// Events in one publish.
    pub publish_events: Histogram,
    /// Seconds from a publish to its confirm.
    pub confirm_seconds: Histogram,
}

/// By what the sends are told apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct SendLabels {
    /// What came of it.
    pub outcome: SendOutcome,
}

/// What came of a send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum SendOutcome {
    /// It is on disk in both queues.
    Accepted,
    /// It must be taken as lost, and its sender was told so.
    Refused,
}

impl Metrics {
    /// Makes the metrics and registers them.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            sends: Family::default(),
            send_seconds: Histogram::new(SECONDS),
            publish_events: Histogram::new([1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 250.0]),
            confirm_seconds: Histogram::new(SECONDS),
        };
        let registry = registry.sub_registry_with_prefix("chat_gateway");
        let it = metrics.clone();
        registry.register("sends", "Events that asked to be accepted, by outcome", it.sends);
        registry.register(
            "send_seconds",
            "Seconds from asking to be accepted to the answer",
            it.send_seconds,
        );
        registry.register("publish_events", "Events in one publish", it.publish_events);
        registry.register(
            "confirm_seconds",
            "Seconds from a publish to its confirm",
            it.confirm_seconds,
        );
        metrics
    }
}
