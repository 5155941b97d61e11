use prometheus_client::metrics::{family::Family, gauge::Gauge};

use super::QueueState;

service::metrics! {
    /// The lengths of the queues, as a service last read them. A queue is absent while RabbitMQ does not
    /// answer.
    pub struct QueueMetrics {
        /// Bodies that wait in a queue.
        pub queue_messages: PerQueue,
        /// Workers that consume a queue.
        pub queue_consumers: PerQueue,
    }
}

type PerQueue = Family<[(&'static str, String); 1], Gauge>;

impl QueueMetrics {
    /// Shows the state of one queue.
    pub fn show(&self, state: QueueState) {
        let label = [("queue", state.name)];
        self.queue_messages.get_or_create(&label).set(state.messages.into());
        self.queue_consumers.get_or_create(&label).set(state.consumers.into());
    }

    /// Removes all queues, since RabbitMQ does not answer.
    pub fn forget(&self) {
        self.queue_messages.clear();
        self.queue_consumers.clear();
    }
}
