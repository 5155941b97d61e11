use std::{convert::Infallible, time::Duration};

use tokio_util::sync::CancellationToken;

use super::{
    BrokerError, BrokerSettings, ConsumerKind, QueueMetrics,
    connection::{Connection, with_timeout},
    topology,
};
use service::backoff::{self, Waits};

/// Interval of reads.
const INTERVAL: Duration = Duration::from_secs(5);

/// Reads the lengths of queues for the metrics, over a connection of its own: a worker that waits for its
/// database has no connection while its queue grows, and a gateway's publishing must not depend on the
/// queues of dead letters.
pub struct QueueWatch {
    settings: BrokerSettings,
    workers: &'static [ConsumerKind],
    purpose: String,
    metrics: QueueMetrics,
}

impl QueueWatch {
    /// Creates a watch of the queues and dead letters of `workers`; `purpose` is the connection's name in
    /// RabbitMQ.
    pub fn new(
        settings: &BrokerSettings,
        workers: &'static [ConsumerKind],
        purpose: impl Into<String>,
        metrics: QueueMetrics,
    ) -> Self {
        Self { settings: settings.clone(), workers, purpose: purpose.into(), metrics }
    }

    /// Updates the metrics every five seconds until `stop` is cancelled.
    pub async fn run(self, stop: CancellationToken) {
        stop.run_until_cancelled(self.watch()).await;
    }

    async fn watch(self) {
        let mut waits = None;
        loop {
            let Err(error) = self.update(&mut waits).await;
            self.metrics.forget();
            if waits.is_none() {
                // The services that need the queues log the outage.
                tracing::debug!(exception.message = %error, "the queues cannot be inspected");
            }
            let wait = waits.get_or_insert_with(backoff::waits).next();
            tokio::time::sleep(wait.unwrap_or_default()).await;
        }
    }

    /// Updates the metrics until that fails. The first success resets `waits`.
    async fn update(&self, waits: &mut Option<Waits>) -> Result<Infallible, BrokerError> {
        let connection = Connection::open(&self.settings, &self.purpose).await?;
        let (channel, names) = (connection.channel().await?, self.settings.names());
        loop {
            for worker in self.workers {
                let queues = names.queues(*worker, self.settings.queue_partitions);
                for name in queues.into_iter().chain([names.dead_letters(*worker)]) {
                    let state = topology::inspect(&channel, name);
                    self.metrics.show(with_timeout(self.settings.broker_timeout, state).await?);
                }
            }
            *waits = None;
            tokio::time::sleep(INTERVAL).await;
        }
    }
}
