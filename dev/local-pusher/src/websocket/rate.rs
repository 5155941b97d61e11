use std::time::{Duration, Instant};

use pusher::limits::MAX_CLIENT_EVENTS_PER_SECOND;

/// Counts one connection's client events, second by second.
#[derive(Debug)]
pub(super) struct ClientEventRate {
    second_began: Instant,
    events: u32,
}

impl ClientEventRate {
    /// A fresh count.
    pub(super) fn new(now: Instant) -> Self {
        Self { second_began: now, events: 0 }
    }

    /// Whether one more event may pass at `now`.
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
    fn ten_events_pass_in_a_second() {
        let start = Instant::now();
        let mut rate = ClientEventRate::new(start);
        let passed = (0..20).filter(|_| rate.admits(start)).count();
        assert_eq!(passed, 10);
        assert!(rate.admits(start + Duration::from_secs(1)));
    }
}
