//! The gateway's metrics, which docs/metrics.md describes for operators.

use database::Pool;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
};
use service::metrics::{ByLabel, OnScrape, SECONDS};

use crate::refusing_queues::QueueGauge;

mod labels;

pub use labels::{
    CloseReason, ConnectionState, HistoryRead, PublishOutcome, SendOutcome, UploadOutcome,
};

service::metrics! {
    /// The gateway's metrics.
    pub struct Metrics {
        /// Requests answered, by route and status.
        pub requests: Family<RequestLabels, Counter>,
        /// Connections of clients.
        pub connections: OnScrape,
        /// Connections of clients that were closed or not admitted, by reason.
        pub closed_connections: ByLabel<CloseReason, Counter>,
        /// Events to publish, by outcome.
        pub sends: ByLabel<SendOutcome, Counter>,
        /// Reads of a conversation to be recorded, by outcome.
        pub audited_reads: ByLabel<SendOutcome, Counter>,
        /// Requests to mark messages as read or unread, by outcome.
        pub read_marks: ByLabel<SendOutcome, Counter>,
        /// Requests to mark messages that wait for a confirm.
        pub waiting_read_marks: OnScrape,
        /// Seconds from the request to publish an event to its outcome.
        pub send_seconds: ByLabel<SendOutcome, Histogram> =
            ByLabel::new(|| Histogram::new(SECONDS)),
        /// Events that wait to be published.
        pub waiting_events: OnScrape,
        /// Publishes to one queue, by outcome.
        pub publishes: ByLabel<PublishOutcome, Counter>,
        /// Events in one publish.
        pub publish_events: Histogram =
            Histogram::new([1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 250.0]),
        /// Seconds from a publish to its confirm.
        pub confirm_seconds: Histogram = Histogram::new(SECONDS),
        /// Connections that publish and that RabbitMQ blocks.
        pub broker_blocked: Gauge,
        /// 1 for a queue that rejected the last publish, else 0.
        pub queue_refusing: QueueGauge,
        /// Seconds that a read took, including the wait for a connection to the database.
        pub history_seconds: ByLabel<HistoryRead, Histogram> =
            ByLabel::new(|| Histogram::new(SECONDS)),
        /// Reads that failed because of the database.
        pub history_failures: Counter,
        /// Connections to the database, by state.
        pub database_connections: ByLabel<ConnectionState, OnScrape> =
            ByLabel::new(OnScrape::default),
        /// Reads that wait for a connection to the database.
        pub database_waiting: OnScrape,
        /// Uploads of files, by outcome.
        pub attachment_uploads: ByLabel<UploadOutcome, Counter>,
        /// Bytes of files that were stored.
        pub attachment_stored_bytes: Counter,
        /// Seconds that the inspection of a file took, including the wait for a thread.
        pub attachment_inspection_seconds: Histogram = Histogram::new(SECONDS),
        /// 1 while the store of attachments works, else 0; absent where attachments are off.
        pub attachment_store_up: Family<[(&'static str, &'static str); 1], Gauge>,
    }
}

/// The labels of requests.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RequestLabels {
    /// The path of the route, with placeholders, or `other`.
    pub route: &'static str,
    /// The status of the response.
    pub status: u16,
}

impl Metrics {
    /// Shows whether the store of attachments, a `directory` or `s3`, works.
    pub fn show_attachment_store(&self, store: &'static str, is_up: bool) {
        self.attachment_store_up.get_or_create(&[("store", store)]).set(is_up.into());
    }

    /// Shows the connections of `pools` together from now on.
    pub fn observe(&self, pools: Vec<Pool>) {
        let sum = |of: fn(&Pool) -> usize| {
            let pools = pools.clone();
            move || pools.iter().map(of).sum::<usize>() as f64
        };
        let idle = sum(|pool| pool.status().available);
        self.database_connections.of(ConnectionState::Idle).answer_by(idle);
        let used = sum(|pool| pool.status().size.saturating_sub(pool.status().available));
        self.database_connections.of(ConnectionState::Used).answer_by(used);
        self.database_waiting.answer_by(sum(|pool| pool.status().waiting));
    }
}
