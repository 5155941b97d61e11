//! What the broadcaster counts. docs/metrics.md says it to operators.

use broker::QueueMetrics;
use prometheus_client::{
    metrics::{counter::Counter, histogram::Histogram},
    registry::Registry,
};
use service::metrics::{ByLabel, Label, OldestHeld, SECONDS};

/// The broadcaster's metrics.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// Events that Pusher took.
    pub broadcast: Counter,
    /// Players' messages of which staff were told together with others.
    pub coalesced: Counter,
    /// Calls to Pusher, by what came of it.
    pub calls: ByLabel<CallOutcome, Counter>,
    /// What went to the dead letters, by why it can never be broadcast.
    pub dead_letters: ByLabel<DeadLetterReason, Counter>,
    /// Times that what was held could not be dealt with in time.
    pub given_back: Counter,
    /// Events in a call.
    pub call_events: Histogram,
    /// Seconds that a call took.
    pub call_seconds: Histogram,
    /// Seconds from accepted to broadcast, of messages.
    pub broadcast_seconds: Histogram,
    /// The age of the oldest event that it holds, since it was accepted.
    pub oldest_held_seconds: OldestHeld,
    /// How long its queue and its dead letters are.
    pub queues: QueueMetrics,
}

/// What came of a call to Pusher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallOutcome {
    /// Pusher took all of it.
    Taken,
    /// It refused one of the events: 400 or 413.
    Refused,
    /// Our secret is wrong: 401.
    Unauthorized,
    /// Our quota is used up, or the application switched off: 403.
    Forbidden,
    /// It was not there, too slow, or had troubles of its own; or something else answered.
    Unavailable,
}

/// Why something can never be broadcast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeadLetterReason {
    /// It is no event, or none that this release knows.
    Unreadable,
    /// Pusher never takes it.
    Refused,
}

impl Label for CallOutcome {
    const NAME: &'static str = "outcome";
    const VALUES: &'static [Self] =
        &[Self::Taken, Self::Refused, Self::Unauthorized, Self::Forbidden, Self::Unavailable];

    fn value(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Refused => "refused",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::Unavailable => "unavailable",
        }
    }
}

impl Label for DeadLetterReason {
    const NAME: &'static str = "reason";
    const VALUES: &'static [Self] = &[Self::Unreadable, Self::Refused];

    fn value(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Refused => "refused",
        }
    }
}

impl Metrics {
    /// Makes the metrics and registers them.
    pub fn register(registry: &mut Registry) -> Self {
        let registry = registry.sub_registry_with_prefix("chat_broadcaster");
        let metrics = Self {
            broadcast: Counter::default(),
            coalesced: Counter::default(),
            calls: ByLabel::default(),
            dead_letters: ByLabel::default(),
            given_back: Counter::default(),
            call_events: Histogram::new((1..=10).map(f64::from)),
            call_seconds: Histogram::new(SECONDS),
            broadcast_seconds: Histogram::new(SECONDS),
            oldest_held_seconds: OldestHeld::default(),
            queues: QueueMetrics::register(registry),
        };
        let it = metrics.clone();
        registry.register("broadcast", "Events that Pusher took", it.broadcast);
        registry.register("coalesced", "Messages told to staff together", it.coalesced);
        registry.register("calls", "Calls to Pusher, by outcome", it.calls.all());
        registry.register(
            "dead_letters",
            "What went to the dead letters, by reason",
            it.dead_letters.all(),
        );
        registry.register("given_back", "Times that what was held was given back", it.given_back);
        registry.register("call_events", "Events in a call to Pusher", it.call_events);
        registry.register("call_seconds", "Seconds that a call to Pusher took", it.call_seconds);
        registry.register(
            "broadcast_seconds",
            "Seconds from accepted to broadcast, of messages",
            it.broadcast_seconds,
        );
        registry.register(
            "oldest_held_seconds",
            "Age of the oldest event that it holds, since it was accepted",
            it.oldest_held_seconds,
        );
        metrics
    }
}
