use std::sync::atomic::{AtomicU64, Ordering};

use crate::staff_facts::RepliesClaim;

/// What to do about conversations that another transaction has locked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Locks {
    /// Wait for them, for as long as the connection's `lock_timeout` allows.
    #[default]
    Wait,
    /// Leave them out.
    Skip,
}

/// One attempt at writing a batch.
#[derive(Debug, Default)]
pub struct Attempt {
    pub(super) locks: Locks,
    pub(super) replies_claim: RepliesClaim,
    steps: AtomicU64,
}

impl Attempt {
    /// An attempt that treats locked conversations as `locks` says. Replies claim no session.
    pub fn new(locks: Locks) -> Self {
        Self { locks, ..Self::default() }
    }

    /// The attempt, in which replies claim their sessions or not.
    #[must_use]
    pub fn with_replies(self, replies_claim: RepliesClaim) -> Self {
        Self { replies_claim, ..self }
    }

    /// The steps done so far. An attempt that moves many messages takes long; it makes progress as
    /// long as this number grows.
    pub fn steps(&self) -> u64 {
        self.steps.load(Ordering::Relaxed)
    }

    pub(super) fn advance(&self) {
        self.steps.fetch_add(1, Ordering::Relaxed);
    }
}
