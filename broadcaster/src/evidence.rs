//! Whether a rejection is Pusher's: a proxy that rejects every call responds as Pusher does to one invalid
//! event. Only Pusher accepts other events meanwhile.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use service::backoff;
use tokio::time::Instant;

/// The outcomes of all partitions' calls.
#[derive(Debug, Default)]
pub struct Evidence(Mutex<Outcomes>);

#[derive(Debug, Default)]
struct Outcomes {
    /// When the latest of the accepted calls began.
    accepted: Option<Instant>,
    /// Probes that failed since the last accepted call.
    failed_probes: usize,
}

impl Evidence {
    /// Records an accepted call that began at `began`.
    pub fn accepted(&self, began: Instant) {
        let mut outcomes = self.outcomes();
        outcomes.accepted = outcomes.accepted.max(Some(began));
        outcomes.failed_probes = 0;
    }

    /// Whether a call was accepted that began after `rejected`.
    pub fn accepted_since(&self, rejected: Instant) -> bool {
        self.outcomes().accepted.is_some_and(|began| began > rejected)
    }

    /// Records a failed probe. Returns how long to wait before the next.
    pub fn probe_failed(&self) -> Duration {
        let mut outcomes = self.outcomes();
        let wait = backoff::wait_after(outcomes.failed_probes);
        outcomes.failed_probes = outcomes.failed_probes.saturating_add(1);
        wait
    }

    /// Whether a probe failed and no call was accepted since.
    pub fn has_failed_probe(&self) -> bool {
        self.outcomes().failed_probes > 0
    }

    fn outcomes(&self) -> MutexGuard<'_, Outcomes> {
        // A thread that panicked while it held the lock left a valid value.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rejection_counts_once_a_call_that_began_later_was_accepted() {
        let evidence = Evidence::default();
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        assert!(!evidence.accepted_since(at(0)));
        evidence.accepted(at(20));
        // A call that began earlier and ended later changes nothing.
        evidence.accepted(at(10));
        assert!(evidence.accepted_since(at(19)));
        assert!(!evidence.accepted_since(at(20)) && !evidence.accepted_since(at(21)));
    }

    #[test]
    fn waits_grow_with_each_failed_probe_until_a_call_is_accepted() {
        let evidence = Evidence::default();
        assert!(!evidence.has_failed_probe());
        let waits: Vec<_> = (0..20).map(|_| evidence.probe_failed()).collect();
        assert!(
            waits[0] < Duration::from_secs(1) && waits[19] >= Duration::from_secs(2),
            "{waits:?}"
        );
        assert!(evidence.has_failed_probe());
        evidence.accepted(Instant::now());
        assert!(!evidence.has_failed_probe());
        assert!(evidence.probe_failed() < Duration::from_secs(1));
    }
}
