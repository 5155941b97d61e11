use prometheus_client::{
    metrics::{family::Family, gauge::Gauge},
    registry::Registry,
};

use super::QueueState;

/// How long the queues are, as a service sees them. What is not known at the moment is not shown.
#[derive(Clone, Debug, Default)]
pub struct QueueMetrics {
    /// Bodies that wait in a queue.
    pub messages: PerQueue,
    /// Workers that take them.
    pub consumers: PerQueue,
}

type PerQueue = Family<[(&'static str, String); 1], Gauge>;

impl QueueMetrics {
    /// Makes the metrics and registers them.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        let it = metrics.clone();
        registry.register("queue_messages", "Bodies that wait in a queue", it.messages);
        registry.register("queue_consumers", "Workers that take bodies off a queue", it.consumers);
        metrics
    }

    /// Shows what was seen.
    pub fn show(&self, state: QueueState) {
        let label = [("queue", state.name)];
        self.messages.get_or_create(&label).set(state.messages.into());
        self.consumers.get_or_create(&label).set(state.consumers.into());
    }

    /// Shows nothing, since nobody answers.
    pub fn forget(&self) {
        self.messages.clear();
        self.consumers.clear();
    }
}
