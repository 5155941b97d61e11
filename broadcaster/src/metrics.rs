//! The broadcaster's metrics, which docs/metrics.md describes for operators.

use broker::DeadLetterReason;
use prometheus_client::metrics::{counter::Counter, histogram::Histogram};
use service::metrics::{ByLabel, Label, OldestHeld, SECONDS};
use strum::{IntoStaticStr, VariantArray};

service::metrics! {
    /// The broadcaster's metrics.
    pub struct Metrics {
        /// Events that Pusher accepted.
        pub broadcast: Counter,
        /// Players' messages that staff received coalesced with others.
        pub coalesced: Counter,
        /// `read-updated` events that were not sent, since a newer one of the same reader came while
        /// they waited.
        pub superseded: Counter,
        /// Calls to Pusher, by outcome.
        pub calls: ByLabel<CallOutcome, Counter>,
        /// Dead letters, by reason.
        pub dead_letters: ByLabel<DeadLetterReason, Counter> =
            ByLabel::with_values(&DeadLetterReason::OF_BROADCASTER, Counter::default),
        /// Times that the deliveries in flight were requeued, after DELIVERY_HOLD or at a stop.
        pub given_back: Counter,
        /// Events in a call that Pusher accepted.
        pub call_events: Histogram = Histogram::new((1..=10).map(f64::from)),
        /// Seconds that a call to Pusher took, whatever its outcome.
        pub call_seconds: Histogram = Histogram::new(SECONDS),
        /// Seconds from accepted to broadcast, of messages.
        pub broadcast_seconds: Histogram = Histogram::new(SECONDS),
        /// Age of the oldest event in flight, in seconds since it was accepted; 0 without one.
        pub oldest_held_seconds: OldestHeld,
    }
}

/// The outcome of a call to Pusher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum CallOutcome {
    /// Pusher accepted all events of the call.
    Taken,
    /// Pusher rejected an event: 400 or 413.
    Refused,
    /// The app's secret is wrong: 401.
    Unauthorized,
    /// The app's quota is used up, or the app is disabled: 403.
    Forbidden,
    /// No response, or one by which Pusher neither accepts nor rejects the events.
    Unavailable,
}

impl Label for CallOutcome {
    const NAME: &'static str = "outcome";
}
