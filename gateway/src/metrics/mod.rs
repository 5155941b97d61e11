//! The metrics, which docs/metrics.md describes.

use broker::QueueMetrics;
use database::Pool;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};
use service::metrics::{ByLabel, OnScrape, SECONDS};

use crate::refusing_queues::QueueGauge;

mod labels;

pub use labels::{CloseReason, ConnectionState, HistoryRead, PublishOutcome, SendOutcome};

/// The gateway's metrics.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// Requests answered, by route and status.
    pub requests: Family<RequestLabels, Counter>,
    /// Connections of clients.
    pub connections: OnScrape,
    /// Connections of clients that were closed or not admitted, by reason.
    pub closed_connections: ByLabel<CloseReason, Counter>,
    /// Sends, by outcome.
    pub sends: ByLabel<SendOutcome, Counter>,
    /// Audited reads, by outcome.
    pub audited_reads: ByLabel<SendOutcome, Counter>,
    /// Seconds from the publish of an event to its outcome.
    pub send_seconds: ByLabel<SendOutcome, Histogram>,
    /// Events that wait for a publish.
    pub waiting_events: OnScrape,
    /// Publishes to one queue, by outcome.
    pub publishes: ByLabel<PublishOutcome, Counter>,
    /// Events in one publish.
    pub publish_events: Histogram,
    /// Seconds from a publish to its confirm.
    pub confirm_seconds: Histogram,
    /// 1 while RabbitMQ blocks the publishing connection, else 0.
    pub broker_blocked: Gauge,
    /// 1 for a queue that rejected the last publish, else 0.
    pub queue_refusing: QueueGauge,
    /// The lengths of the queues.
    pub queues: QueueMetrics,
    /// Seconds of a read, including the wait for a connection.
    pub history_seconds: ByLabel<HistoryRead, Histogram>,
    /// Reads that failed.
    pub history_failures: Counter,
    /// Database connections, by state.
    pub database_connections: ByLabel<ConnectionState, OnScrape>,
    /// Reads that wait for a database connection.
    pub database_waiting: OnScrape,
}

/// The labels of a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RequestLabels {
    /// The path of the route, with placeholders, or `other`.
    pub route: &'static str,
    /// The status of the response.
    pub status: u16,
}

impl Metrics {
    /// Creates and registers the metrics.
    pub fn register(registry: &mut Registry) -> Self {
        let registry = registry.sub_registry_with_prefix("chat_gateway");
        let metrics = Self {
            requests: Family::default(),
            connections: OnScrape::default(),
            closed_connections: ByLabel::default(),
            sends: ByLabel::default(),
            audited_reads: ByLabel::default(),
            send_seconds: ByLabel::new(|| Histogram::new(SECONDS)),
            waiting_events: OnScrape::default(),
            publishes: ByLabel::default(),
            publish_events: Histogram::new([1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 250.0]),
            confirm_seconds: Histogram::new(SECONDS),
            broker_blocked: Gauge::default(),
            queue_refusing: QueueGauge::default(),
            queues: QueueMetrics::register(registry),
            history_seconds: ByLabel::new(|| Histogram::new(SECONDS)),
            history_failures: Counter::default(),
            database_connections: ByLabel::new(OnScrape::default),
            database_waiting: OnScrape::default(),
        };
        let registered = metrics.clone();
        registry.register(
            "requests",
            "Requests answered, by route and status",
            registered.requests,
        );
        registry.register("connections", "Connections of clients", registered.connections);
        registry.register(
            "closed_connections",
            "Connections of clients that were closed or not admitted, by reason",
            registered.closed_connections.all(),
        );
        registry.register("sends", "Sends, by outcome", registered.sends.all());
        registry.register(
            "audited_reads",
            "Audited reads of a conversation, by outcome",
            registered.audited_reads.all(),
        );
        registry.register(
            "send_seconds",
            "Seconds from the publish of an event to its outcome",
            registered.send_seconds.all(),
        );
        registry.register(
            "waiting_events",
            "Events that wait for a publish",
            registered.waiting_events,
        );
        registry.register(
            "publishes",
            "Publishes to one queue, by outcome",
            registered.publishes.all(),
        );
        registry.register("publish_events", "Events in one publish", registered.publish_events);
        registry.register(
            "confirm_seconds",
            "Seconds from a publish to its confirm",
            registered.confirm_seconds,
        );
        registry.register(
            "broker_blocked",
            "1 while RabbitMQ blocks the publishing connection",
            registered.broker_blocked,
        );
        registry.register(
            "queue_refusing",
            "1 for a queue that rejected the last publish",
            registered.queue_refusing,
        );
        registry.register("history_seconds", "Seconds of a read", registered.history_seconds.all());
        registry.register("history_failures", "Reads that failed", registered.history_failures);
        registry.register(
            "database_connections",
            "Database connections, by state",
            registered.database_connections.all(),
        );
        registry.register(
            "database_waiting",
            "Reads that wait for a database connection",
            registered.database_waiting,
        );
        metrics
    }

    /// Observes the connections of `pools`, in sum.
    pub fn observe<const POOLS: usize>(&self, pools: [&Pool; POOLS]) {
        let sum = |of: fn(&Pool) -> usize| {
            let pools = pools.map(Pool::clone);
            move || pools.iter().map(of).sum::<usize>() as f64
        };
        let idle = sum(|pool| pool.status().available);
        self.database_connections.of(ConnectionState::Idle).answer_by(idle);
        let used = sum(|pool| pool.status().size.saturating_sub(pool.status().available));
        self.database_connections.of(ConnectionState::Used).answer_by(used);
        self.database_waiting.answer_by(sum(|pool| pool.status().waiting));
    }
}
