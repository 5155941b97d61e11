use std::collections::HashSet;

use shared::broker::QueueState;

/// Follows whether anybody takes what is in the queues. Workers that are away are one reason why nobody
/// does, workers that have not been told of as many partitions as the gateway are another; what waits
/// is safe with both.
#[derive(Debug, Default)]
pub struct Unattended {
    queues: HashSet<String>,
}

impl Unattended {
    /// Takes note of how the queues are, and logs when one becomes unattended.
    pub fn follow(&mut self, states: &[QueueState]) {
        for state in states {
            let QueueState { name, messages, consumers } = state;
            if *consumers > 0 || *messages == 0 {
                self.queues.remove(name);
            } else if self.queues.insert(name.clone()) {
                tracing::warn!(
                    queue = name,
                    messages,
                    "messages wait in a queue that no worker takes from; QUEUE_PARTITIONS must be \
                     the same for workers and gateways"
                );
            }
        }
    }
}
