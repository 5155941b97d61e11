use std::{net::SocketAddr, time::Duration};

use futures_util::future::join_all;
use tokio::{sync::watch, time::sleep};

/// Between two looks at who is ready; shorter than the time that a gateway goes on serving after it
/// was told to stop.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);

/// Keeps clients away from gateways that are not ready, as load balancers do.
pub(super) struct Balancer {
    pub(super) http: reqwest::Client,
    pub(super) gateways: Vec<SocketAddr>,
    pub(super) ready: watch::Sender<Vec<SocketAddr>>,
}

impl Balancer {
    /// Looks who is ready until nobody wants to know any more. While none is, all are as good.
    pub(super) async fn run(self) {
        while !self.ready.is_closed() {
            let looks = self.gateways.iter().map(|gateway| self.look(*gateway));
            let ready: Vec<_> = join_all(looks).await.into_iter().flatten().collect();
            self.ready.send_replace(if ready.is_empty() { self.gateways.clone() } else { ready });
            sleep(LOOK_INTERVAL).await;
        }
    }

    async fn look(&self, gateway: SocketAddr) -> Option<SocketAddr> {
        let look = self.http.get(format!("http://{gateway}/health/ready"));
        let answer = look.timeout(LOOK_INTERVAL * 5).send().await.ok()?;
        answer.status().is_success().then_some(gateway)
    }
}
