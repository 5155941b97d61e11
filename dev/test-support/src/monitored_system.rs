use serde_json::json;
use tempfile::TempDir;
use uuid::Uuid;

use crate::{JWT_SECRET, Prometheus, Proxy, RunningService, Series, System, eventually};

/// A whole system and a Prometheus that scrapes it.
pub struct MonitoredSystem {
    /// The database, the queues and Pusher.
    pub system: System,
    /// The gateway.
    pub gateway: RunningService,
    /// The persister.
    pub persister: RunningService,
    /// The proxy between the services and the database.
    pub database: Proxy,
    /// The Prometheus.
    pub prometheus: Prometheus,
    _broadcaster: RunningService,
    _attachments: TempDir,
}

impl MonitoredSystem {
    /// Starts the services and Prometheus.
    pub async fn start() -> Self {
        let system = System::new().await;
        let database = Proxy::start(&system.database.server(), true).await;
        let through = format!("--database-url={}", system.database.url_through(database.addr()));
        let attachments = tempfile::tempdir().unwrap();
        let store = format!("--attachment-store={}", attachments.path().display());
        let secret = format!("--attachment-secret={JWT_SECRET}");
        let settings = [&*through, &store, &secret, "--memory-limit=1GiB"];
        let gateway = system.gateway_with(&settings).ready().await;
        let persister = system.persister_with(&[&through]).ready().await;
        let broadcaster = system.broadcaster().await;
        let prometheus = Prometheus::watch(&[
            ("gateway", gateway.metrics),
            ("persister", persister.metrics),
            ("broadcaster", broadcaster.metrics),
        ])
        .await;
        Self {
            system,
            gateway,
            persister,
            database,
            prometheus,
            _broadcaster: broadcaster,
            _attachments: attachments,
        }
    }

    /// Sends and reads as a player and as staff. Failures are ignored.
    pub async fn generate_load(&self) {
        let api = self.gateway.api();
        let message = json!({
            "messageId": Uuid::now_v7(), "playerId": "p1", "senderType": "player", "content": "hello"
        });
        for _ in 0..2 {
            api.send(&message).await;
        }
        api.send_as_staff("p1", "hi").await;
        api.conversation("p1", "").await;
        api.inbox("").await;
    }

    /// Generates load until `expr` has a series. `description` is for the panic.
    ///
    /// # Panics
    /// When it has none within half a minute.
    pub async fn wait_for_series(&self, description: &str, expr: &str) -> Vec<Series> {
        eventually(&format!("{description}: {expr}"), async || {
            self.generate_load().await;
            let series = self.prometheus.query(expr).await;
            (!series.is_empty()).then_some(series)
        })
        .await
    }
}
