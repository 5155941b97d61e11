use serde_json::json;
use uuid::Uuid;

use crate::{Prometheus, Proxy, Running, Series, System, eventually};

/// A system that a Prometheus watches.
pub struct Watched {
    /// Its database, queues and Pusher.
    pub system: System,
    /// Its gateway.
    pub gateway: Running,
    /// Its persister.
    pub persister: Running,
    /// What the gateway and the persister reach the database by.
    pub database: Proxy,
    /// Who watches it.
    pub prometheus: Prometheus,
    _broadcaster: Running,
}

impl Watched {
    /// Starts it.
    pub async fn start() -> Self {
        let system = System::new().await;
        let database = Proxy::start(&system.database.server(), true).await;
        let through = format!("--database-url={}", system.database.url_through(database.addr()));
        let gateway = system.gateway_with(&[&through]).ready().await;
        let persister = system.persister_with(&[&through]).ready().await;
        let broadcaster = system.broadcaster().await;
        let prometheus = Prometheus::watch(&[
            ("gateway", gateway.metrics),
            ("persister", persister.metrics),
            ("broadcaster", broadcaster.metrics),
        ])
        .await;
        Self { system, gateway, persister, database, prometheus, _broadcaster: broadcaster }
    }

    /// Has a player and staff talk a little and read, whatever comes of it.
    pub async fn talk(&self) {
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

    /// Talks until `expr` is anything at all; `what` says what that is.
    ///
    /// # Panics
    /// When it is nothing for half a minute.
    pub async fn shows(&self, what: &str, expr: &str) -> Vec<Series> {
        eventually(&format!("{what}, which is {expr}"), async || {
            self.talk().await;
            let series = self.prometheus.query(expr).await;
            (!series.is_empty()).then_some(series)
        })
        .await
    }
}
