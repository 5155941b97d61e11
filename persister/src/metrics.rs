//! The persister's metrics, which docs/metrics.md describes for operators.

use std::sync::atomic::AtomicU64;

use broker::DeadLetterReason;
use prometheus_client::metrics::{counter::Counter, gauge::Gauge, histogram::Histogram};
use service::metrics::{ByLabel, Label, OldestHeld, OnScrape, SECONDS};
use strum::{IntoStaticStr, VariantArray};

use crate::store::Outcome;

/// Why the assigner changed the assignee of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum AssignedReason {
    /// The new assignee was the least busy one.
    Auto,
    /// The new assignee had the player's last session.
    Sticky,
    /// The assignee had left, and the session has none.
    Gone,
}

impl Label for AssignedReason {
    const NAME: &'static str = "reason";
}

service::metrics! {
    /// The persister's metrics.
    pub struct Metrics {
        /// Messages that became rows.
        pub persisted: Counter,
        /// Events that were stored already: sent again, or redelivered.
        pub duplicates: Counter,
        /// Events whose id another message or change has. They are dropped.
        pub conflicts: Counter,
        /// `message-rejected` events published.
        pub rejections: Counter,
        /// Dead letters, by reason.
        pub dead_letters: ByLabel<DeadLetterReason, Counter>,
        /// `session-updated` events published.
        pub announced: Counter,
        /// Rows added to the audit.
        pub audited: Counter,
        /// Read marks that moved how far a reader has read: rows inserted or updated.
        pub marked: Counter,
        /// Sessions that the system assigned, or took from members of the staff who had left, by reason.
        pub assigned: ByLabel<AssignedReason, Counter>,
        /// Open sessions without an assignee; 0 in a persister that does not assign.
        pub pile_sessions: Gauge,
        /// Batches that were requeued, after DELIVERY_HOLD or at a stop.
        pub given_back: Counter,
        /// Events in a batch.
        pub batch_events: Histogram =
            Histogram::new([1.0, 5.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0]),
        /// Seconds from consuming a batch to acknowledging it.
        pub batch_seconds: Histogram = Histogram::new(SECONDS),
        /// Seconds from accepted to persisted.
        pub persist_seconds: Histogram = Histogram::new(SECONDS),
        /// Seconds since the oldest event of the batch, or of those held back, was accepted; 0 without one.
        pub oldest_held_seconds: OldestHeld,
        /// Events that wait for conversations which other transactions have locked.
        pub held_back_events: Gauge,
        /// New events accepted more than ten seconds ahead of the database's clock.
        pub ahead_of_clock: Counter,
        /// How far the local clock is ahead of the database's, in seconds.
        pub clock_offset_seconds: Gauge<f64, AtomicU64>,
        /// Failed attempts at a batch, without those that a constraint refused.
        pub database_failures: Counter,
        /// 1 while the database answers, else 0.
        pub database_connected: OnScrape,
    }
}

impl Metrics {
    /// Counts what a transaction has written.
    pub fn count_written(&self, outcome: &Outcome) {
        let now = chat::now();
        for accepted_at in &outcome.persisted {
            let age = now.signed_duration_since(accepted_at);
            self.persist_seconds.observe(age.as_seconds_f64().max(0.0));
        }
        let conflicts = outcome.rejected.len() + outcome.conflicting_changes;
        self.persisted.inc_by(outcome.persisted.len() as u64);
        self.duplicates.inc_by(outcome.duplicates as u64);
        self.conflicts.inc_by(conflicts as u64);
        self.audited.inc_by(outcome.audited as u64);
        self.marked.inc_by(outcome.marked as u64);
        self.ahead_of_clock.inc_by(outcome.ahead as u64);
        if let Some(offset) = outcome.clock_offset {
            self.clock_offset_seconds.set(offset.as_seconds_f64());
        }
    }
}
