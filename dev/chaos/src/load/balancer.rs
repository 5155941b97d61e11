use std::{net::SocketAddr, time::Duration};

use futures_util::future::join_all;
use tokio::{sync::watch, time::sleep};

/// Time between two readiness probes; shorter than the drain period of a gateway.
const PROBE_INTERVAL: Duration = Duration::from_millis(200);

/// Keeps clients away from gateways that are not ready, as load balancers do.
pub(super) struct Balancer {
    pub(super) http: reqwest::Client,
    pub(super) gateways: Vec<SocketAddr>,
    pub(super) ready: watch::Sender<Vec<SocketAddr>>,
}

impl Balancer {
    /// Probes the gateways until all clients have ended. While none is ready, clients use all.
    pub(super) async fn run(self) {
        while !self.ready.is_closed() {
            let probes = self.gateways.iter().map(|gateway| self.probe(*gateway));
            let ready: Vec<_> = join_all(probes).await.into_iter().flatten().collect();
            self.ready.send_replace(if ready.is_empty() { self.gateways.clone() } else { ready });
            sleep(PROBE_INTERVAL).await;
        }
    }

    async fn probe(&self, gateway: SocketAddr) -> Option<SocketAddr> {
        let probe = self.http.get(format!("http://{gateway}/health/ready"));
        let answer = probe.timeout(PROBE_INTERVAL * 5).send().await.ok()?;
        answer.status().is_success().then_some(gateway)
    }
}
