//! Queues that exist and reject publishes.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use prometheus_client::metrics::{family::Family, gauge::Gauge};

/// The names of the queues that rejected the last publish, for readiness and metrics: a queue that
/// is full or has no leader exists and rejects.
#[derive(Clone, Debug, Default)]
pub struct RefusingQueues {
    names: Arc<Mutex<BTreeSet<String>>>,
    metric: QueueGauge,
}

/// A gauge for each queue, by its name.
pub type QueueGauge = Family<[(&'static str, String); 1], Gauge>;

impl RefusingQueues {
    /// An empty set; `metric` is 1 for each queue in it.
    pub fn new(metric: QueueGauge) -> Self {
        Self { names: Arc::default(), metric }
    }

    /// The names, sorted.
    pub fn names(&self) -> Vec<String> {
        self.lock().iter().cloned().collect()
    }

    /// Adds `queue`, which rejected a publish.
    pub fn add(&self, queue: &str) {
        self.metric.get_or_create(&[("queue", queue.to_owned())]).set(1);
        self.lock().insert(queue.to_owned());
    }

    /// Removes `queue`, which accepted a publish or whose state is unknown.
    pub fn remove(&self, queue: &str) {
        self.metric.get_or_create(&[("queue", queue.to_owned())]).set(0);
        self.lock().remove(queue);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<String>> {
        // A panic cannot leave the set half changed.
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
