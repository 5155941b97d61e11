//! What the gateway counts. docs/metrics.md says it to operators.

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
    /// Requests that were answered, by route and status.
    pub requests: Family<RequestLabels, Counter>,
    /// Connections of clients.
    pub connections: OnScrape,
    /// Connections of clients that were closed or not admitted, by reason.
    pub closed_connections: ByLabel<CloseReason, Counter>,
    /// Events that asked to be accepted, by what came of it.
    pub sends: ByLabel<SendOutcome, Counter>,
    /// Reads of a conversation that were to be recorded, by what came of it.
    pub audited_reads: ByLabel<SendOutcome, Counter>,
    /// Seconds from asking to be accepted to the answer.
    pub send_seconds: ByLabel<SendOutcome, Histogram>,
    /// Events that wait to be published.
    pub waiting_events: OnScrape,
    /// Publishes to one queue, by what came of it.
    pub publishes: ByLabel<PublishOutcome, Counter>,
    /// Events in one publish.
    pub publish_events: Histogram,
    /// Seconds from a publish to its confirm.
    pub confirm_seconds: Histogram,
    /// 1 while RabbitMQ blocks the connection that publishes, else 0.
    pub broker_blocked: Gauge,
    /// 1 for a queue that did not take the last publish, else 0.
    pub queue_refusing: QueueGauge,
    /// How long the queues are.
    pub queues: QueueMetrics,
    /// Seconds that a read took, with waiting for the database.
    pub history_seconds: ByLabel<HistoryRead, Histogram>,
    /// Reads that the database did not answer.
    pub history_failures: Counter,
    /// Connections to the database.
    pub database_connections: ByLabel<ConnectionState, OnScrape>,
    /// Reads that wait for a connection to the database.
    pub database_waiting: OnScrape,
}

/// By what requests are told apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RequestLabels {
    /// The path of a call, with placeholders, or `other`.
    pub route: &'static str,
    /// The status of the answer.
    pub status: u16,
}

impl Metrics {
    /// Makes the metrics and registers them.
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
        let it = metrics.clone();
        registry.register("requests", "Requests answered, by route and status", it.requests);
        registry.register("connections", "Connections of clients", it.connections);
        registry.register(
            "closed_connections",
            "Connections of clients that were closed or not admitted, by reason",
            it.closed_connections.all(),
        );
        registry.register("sends", "Events that asked to be accepted, by outcome", it.sends.all());
        registry.register(
            "audited_reads",
            "Reads of a conversation to be recorded, by outcome",
            it.audited_reads.all(),
        );
        registry.register(
            "send_seconds",
            "Seconds from asking to be accepted to the answer",
            it.send_seconds.all(),
        );
        registry.register("waiting_events", "Events that wait to be published", it.waiting_events);
        registry.register("publishes", "Publishes to one queue, by outcome", it.publishes.all());
        registry.register("publish_events", "Events in one publish", it.publish_events);
        registry.register(
            "confirm_seconds",
            "Seconds from a publish to its confirm",
            it.confirm_seconds,
        );
        registry.register(
            "broker_blocked",
            "1 while RabbitMQ blocks the connection that publishes",
            it.broker_blocked,
        );
        registry.register(
            "queue_refusing",
            "1 for a queue that did not take the last publish",
            it.queue_refusing,
        );
        registry.register("history_seconds", "Seconds that a read took", it.history_seconds.all());
        registry.register(
            "history_failures",
            "Reads that the database did not answer",
            it.history_failures,
        );
        registry.register(
            "database_connections",
            "Connections to the database, by state",
            it.database_connections.all(),
        );
        registry.register(
            "database_waiting",
            "Reads that wait for a connection to the database",
            it.database_waiting,
        );
        metrics
    }

    /// Shows from now on how `pools` are used, together.
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
