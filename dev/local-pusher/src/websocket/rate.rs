use std::time::{Duration, Instant};

use pusher::limits::MAX_CLIENT_EVENTS_PER_SECOND;

/// The rate limit of client events of one connection.
#[derive(Debug)]
pub(super) struct ClientEventRate {
    second_began: Instant,
    events: u32,
}

impl ClientEventRate {
    pub(super) fn new(now: Instant) -> Self {
        Self { second_began: now, events: 0 }
    }

    /// Counts an event. Returns whether it is within the limit.
    pub(super) fn admits(&mut self, now: Instant) -> bool {
        if now.duration_since(self.second_began) >= Duration::from_secs(1) {
            *self = Self::new(now);
        }
        self.events += 1;
        self.events <= MAX_CLIENT_EVENTS_PER_SECOND
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_events_a_second_are_admitted() {
        let start = Instant::now();
        let mut rate = ClientEventRate::new(start);
        let passed = (0..20).filter(|_| rate.admits(start)).count();
        assert_eq!(passed, 10);
        assert!(rate.admits(start + Duration::from_secs(1)));
    }
}
