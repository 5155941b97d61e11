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
        for QueueState { name, messages, .. } in states.iter().filter(|state| self.is_news(state)) {
            tracing::warn!(
                queue = name,
                messages,
                "messages wait in a queue that no worker takes from; QUEUE_PARTITIONS must be the \
                 same for workers and gateways"
            );
        }
    }

    fn is_news(&mut self, state: &QueueState) -> bool {
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
    fn it_is_said_once_that_messages_wait_for_nobody() {
        let mut unattended = Unattended::default();
        let mut is_news = |messages, consumers| {
            unattended.is_news(&QueueState { name: "chat.persist".into(), messages, consumers })
        };
        assert!(!is_news(0, 0) && !is_news(5, 1));
        assert!(is_news(5, 0) && !is_news(6, 0));
        assert!(!is_news(6, 1) && is_news(6, 0));
    }
}
