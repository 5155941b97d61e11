//! The queues that exist and take nothing.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use prometheus_client::metrics::{family::Family, gauge::Gauge};

/// The queues that did not take the last publish, by name, for readiness and metrics. A queue can exist
/// and take nothing: it is full, or has no leader.
#[derive(Clone, Debug, Default)]
pub struct RefusingQueues {
    names: Arc<Mutex<BTreeSet<String>>>,
    metric: QueueGauge,
}

/// A gauge for each queue, by its name.
pub type QueueGauge = Family<[(&'static str, String); 1], Gauge>;

impl RefusingQueues {
    /// None yet; shows each of them as 1 in `metric`.
    pub fn new(metric: QueueGauge) -> Self {
        Self { names: Arc::default(), metric }
    }

    /// The names, in their order.
    pub fn names(&self) -> Vec<String> {
        self.lock().iter().cloned().collect()
    }

    /// `queue` did not take a publish.
    pub fn add(&self, queue: &str) {
        self.metric.get_or_create(&[("queue", queue.to_owned())]).set(1);
        self.lock().insert(queue.to_owned());
    }

    /// `queue` took a publish, or nothing is known of it.
    pub fn remove(&self, queue: &str) {
        self.metric.get_or_create(&[("queue", queue.to_owned())]).set(0);
        self.lock().remove(queue);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<String>> {
        // A set is whole after any panic.
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
