use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Store;

/// Time between two probes.
const PROBE_INTERVAL: Duration = Duration::from_secs(2);

/// Time between two probes of a store that bills each of them.
const REMOTE_PROBE_INTERVAL: Duration = Duration::from_secs(10);

/// Probes the store until `stop` is cancelled. While it is down it is probed more often.
pub async fn probe(store: Store, stop: CancellationToken) {
    let probing = async {
        loop {
            store.probe().await;
            let is_idle = store.is_remote() && store.is_up();
            tokio::time::sleep(if is_idle { REMOTE_PROBE_INTERVAL } else { PROBE_INTERVAL }).await;
        }
    };
    stop.run_until_cancelled(probing).await;
}
