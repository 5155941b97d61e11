//! Whether a refusal can be believed: a proxy that refuses everything looks like Pusher that refuses
//! one event. Only Pusher takes others meanwhile.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use service::backoff;
use tokio::time::Instant;

/// What the calls of all partitions show of Pusher.
#[derive(Debug, Default)]
pub struct Evidence(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    /// When the latest call began that was taken.
    taken: Option<Instant>,
    /// How many probes in a row were not taken, since when no call was.
    failed_probes: usize,
}

/// After so many probes the waits have grown as far as they do.
const GROWING_WAITS: usize = 8;

impl Evidence {
    /// Notes that a call was taken which began at `began`.
    pub fn taken(&self, began: Instant) {
        let mut seen = self.seen();
        seen.taken = seen.taken.max(Some(began));
        seen.failed_probes = 0;
    }

    /// Whether a call was taken that began after `refused`.
    pub fn taken_since(&self, refused: Instant) -> bool {
        self.seen().taken.is_some_and(|taken| taken > refused)
    }

    /// Notes that not even a probe was taken, and says how long to wait before the next.
    pub fn probe_failed(&self) -> Duration {
        let mut seen = self.seen();
        let wait = backoff::waits().nth(seen.failed_probes.min(GROWING_WAITS));
        seen.failed_probes = seen.failed_probes.saturating_add(1);
        wait.unwrap_or_default()
    }

    /// Whether a probe was not taken, and no call since.
    pub fn is_in_doubt(&self) -> bool {
        self.seen().failed_probes > 0
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        // A thread that panicked while it held the lock left what is as good as any.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_believed_after_a_call_that_began_later_was_taken() {
        let evidence = Evidence::default();
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        assert!(!evidence.taken_since(at(0)));
        evidence.taken(at(20));
        // One that began earlier and ended later changes nothing.
        evidence.taken(at(10));
        assert!(evidence.taken_since(at(19)));
        assert!(!evidence.taken_since(at(20)) && !evidence.taken_since(at(21)));
    }

    #[test]
    fn the_waits_grow_with_each_probe_until_a_call_is_taken() {
        let evidence = Evidence::default();
        assert!(!evidence.is_in_doubt());
        let waits: Vec<_> = (0..20).map(|_| evidence.probe_failed()).collect();
        assert!(
            waits[0] < Duration::from_secs(1) && waits[19] >= Duration::from_secs(2),
            "{waits:?}"
        );
        assert!(evidence.is_in_doubt());
        evidence.taken(Instant::now());
        assert!(!evidence.is_in_doubt());
        assert!(evidence.probe_failed() < Duration::from_secs(1));
    }
}
