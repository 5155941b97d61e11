use std::{convert::Infallible, time::Duration};

use tokio_util::sync::CancellationToken;

use super::{
    BrokerError, BrokerSettings, ConsumerKind, QueueMetrics,
    connection::{Connection, with_timeout},
    topology,
};
use service::backoff::{self, Waits};

/// Time between two looks.
const INTERVAL: Duration = Duration::from_secs(5);

/// Looks at queues, over a connection of its own: a worker that has stopped taking, since it waits for
/// something, has none, and that is when its queue grows; and what is wrong with dead letters alone
/// must be nobody's concern who sends.
pub struct QueueWatch {
    settings: BrokerSettings,
    workers: &'static [ConsumerKind],
    purpose: String,
    metrics: QueueMetrics,
}

impl QueueWatch {
    /// Will look at the queues of `workers` and their dead letters, and show in `metrics` how they
    /// are; `purpose` is what RabbitMQ shows the connection as.
    pub fn new(
        settings: &BrokerSettings,
        workers: &'static [ConsumerKind],
        purpose: impl Into<String>,
        metrics: QueueMetrics,
    ) -> Self {
        Self { settings: settings.clone(), workers, purpose: purpose.into(), metrics }
    }

    /// Looks every five seconds until `stop` is cancelled.
    pub async fn run(self, stop: CancellationToken) {
        stop.run_until_cancelled(self.watch()).await;
    }

    async fn watch(self) {
        let mut waits = None;
        loop {
            let Err(error) = self.look_on(&mut waits).await;
            self.metrics.forget();
            if waits.is_none() {
                // Whoever needs the queues says so too, and louder.
                tracing::debug!(cause = %error, "the queues cannot be looked at");
            }
            let wait = waits.get_or_insert_with(backoff::waits).next();
            tokio::time::sleep(wait.unwrap_or_default()).await;
        }
    }

    /// Looks until that fails. Once it has succeeded, there are no `waits` any more.
    async fn look_on(&self, waits: &mut Option<Waits>) -> Result<Infallible, BrokerError> {
        let connection = Connection::open(&self.settings, &self.purpose).await?;
        let (channel, names) = (connection.channel().await?, self.settings.names());
        loop {
            for worker in self.workers {
                let queues = names.queues(*worker, self.settings.queue_partitions);
                for name in queues.into_iter().chain([names.dead_letters(*worker)]) {
                    let look = topology::look(&channel, name);
                    self.metrics.show(with_timeout(self.settings.broker_timeout, look).await?);
                }
            }
            *waits = None;
            tokio::time::sleep(INTERVAL).await;
        }
    }
}
