use std::collections::HashSet;

use broker::QueueState;

/// Warns when a queue has messages but no consumer: the workers are down, or their
/// `QUEUE_PARTITIONS` is smaller than the gateway's. The messages are safe in both cases.
#[derive(Debug, Default)]
pub struct OrphanedQueues {
    queues: HashSet<String>,
}

impl OrphanedQueues {
    /// Logs each queue that has become orphaned since the last observation.
    pub fn observe(&mut self, states: &[QueueState]) {
        for QueueState { name, messages, .. } in
            states.iter().filter(|state| self.is_newly_orphaned(state))
        {
            tracing::warn!(
                queue = name,
                messages,
                "a queue has messages and no consumer: start the workers, and set the same \
                 QUEUE_PARTITIONS for workers and gateways"
            );
        }
    }

    fn is_newly_orphaned(&mut self, state: &QueueState) -> bool {
        if state.consumers == 0 && state.messages > 0 {
            return self.queues.insert(state.name.clone());
        }
        self.queues.remove(&state.name);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_with_messages_and_no_consumer_is_reported_once() {
        let mut orphaned = OrphanedQueues::default();
        let mut is_new = |messages, consumers| {
            orphaned.is_newly_orphaned(&QueueState {
                name: "chat.persist".into(),
                messages,
                consumers,
            })
        };
        assert!(!is_new(0, 0) && !is_new(5, 1));
        assert!(is_new(5, 0) && !is_new(6, 0));
        assert!(!is_new(6, 1) && is_new(6, 0));
    }
}
