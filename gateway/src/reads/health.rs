use std::time::Duration;

use database::{DatabaseSettings, Unavailable};
use diesel_async::AsyncPgConnection;
use service::health::Dependency;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Time between two probes.
const PROBE_INTERVAL: Duration = Duration::from_secs(1);

/// Whether the database answered the last probe. Probes have a connection of their own, so that
/// they and reads do not wait for each other.
#[derive(Clone, Debug)]
pub struct DatabaseHealth(Dependency);

impl Default for DatabaseHealth {
    fn default() -> Self {
        Self(Dependency::new("database"))
    }
}

impl DatabaseHealth {
    /// Whether the database answered the last probe that ended.
    pub fn is_up(&self) -> bool {
        self.0.is_up()
    }

    /// Probes the database until `stop` is cancelled.
    pub async fn probe(self, settings: DatabaseSettings, stop: CancellationToken) {
        let probing = async {
            let mut connection = None;
            loop {
                let probed = probe(&mut connection, &settings).await;
                if let Err(cause) = &probed {
                    tracing::debug!(exception.message = %cause, "the database does not answer a probe");
                }
                self.0.set_up(probed.is_ok());
                tokio::time::sleep(PROBE_INTERVAL).await;
            }
        };
        stop.run_until_cancelled(probing).await;
    }
}

/// Probes once, over `kept` or a new connection, which is kept when the probe succeeds.
async fn probe(
    kept: &mut Option<AsyncPgConnection>,
    settings: &DatabaseSettings,
) -> Result<(), String> {
    let mut connection = match kept.take() {
        Some(connection) => connection,
        None => {
            database::connect(settings).await.map_err(|error: Unavailable| error.to_string())?
        }
    };
    let probed = timeout(settings.database_timeout, database::probe(&mut connection)).await;
    probed.map_err(|_| "it did not answer in time")?.map_err(|error| error.to_string())?;
    *kept = Some(connection);
    Ok(())
}
