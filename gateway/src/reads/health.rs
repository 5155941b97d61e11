use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use database::{DatabaseSettings, Unavailable};
use diesel_async::AsyncPgConnection;
use service::{Outage, health::Dependency};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::ReadPools;

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

    /// Probes the database until `stop` is cancelled. Closes the connections of `pools` to a server
    /// that became read-only where the address requires one that is not: it is no longer the primary.
    /// Reports to `outage`, as reads do, so that an outage without reads is logged too.
    pub async fn probe(
        self,
        settings: DatabaseSettings,
        pools: ReadPools,
        outage: Arc<Mutex<Outage>>,
        stop: CancellationToken,
    ) {
        // The outage is valid after a panic.
        let outage = || outage.lock().unwrap_or_else(PoisonError::into_inner);
        let probing = async {
            let mut connection = None;
            let mut close_until = Instant::now();
            loop {
                let probed = probe(&mut connection, &settings).await;
                match &probed {
                    Err(cause) => outage().failed(cause),
                    // Reads may fail while probes succeed.
                    Ok(()) if !self.0.is_up() => outage().succeeded(),
                    Ok(()) => {}
                }
                if matches!(probed, Err(Unavailable::ReadOnly)) {
                    // By then each read that has a connection now has returned it.
                    close_until = Instant::now() + settings.database_timeout * 2;
                }
                if Instant::now() < close_until {
                    pools.close_idle();
                }
                self.0.set_is_up(probed.is_ok());
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
) -> Result<(), Unavailable> {
    let mut connection = match kept.take() {
        Some(connection) => connection,
        None => database::connect(settings).await?,
    };
    let limit = settings.database_timeout;
    let probed = timeout(limit, database::probe_server(&mut connection, settings)).await;
    probed.map_err(|_| Unavailable::TimedOut(limit))??;
    *kept = Some(connection);
    Ok(())
}
