//! How the gateway starts and stops.

use std::{io, net::TcpListener, sync::Arc};

use actix_server::Server;
use actix_web::{App, middleware::from_fn, web};
use anyhow::Context;
use broker::{ConsumerKind, QueueMetrics, QueueWatch};
use service::{
    metrics,
    shutdown::{ShutdownSettings, by_deadline},
};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::{CancellationToken, DropGuard};
use traces::Traces;

use crate::{
    attachments,
    auth::Authenticator,
    connections::{self, Bounds, Connections, Parts},
    fd_limit::raise_fd_limit,
    metrics::Metrics,
    middleware::{
        close_on_drain, compress, limit_others_by_address, record_requests, security_headers,
    },
    openapi, routes,
    settings::Config,
    state::AppState,
};

/// A gateway that serves.
pub struct Gateway {
    server: Server,
    /// The tasks that publish.
    publishing: JoinSet<()>,
    metrics_server: JoinHandle<io::Result<()>>,
    /// Stops the metrics server when it is dropped.
    metrics_shutdown: DropGuard,
    traces: Traces,
    shutdown: CancellationToken,
    shutdown_settings: ShutdownSettings,
}

impl Gateway {
    /// Serves the HTTP interface on `listener` and the metrics on `metrics_listener`, whether or
    /// not RabbitMQ and PostgreSQL can be reached. `shutdown` stops it.
    ///
    /// # Errors
    /// When a listener cannot be served, or the settings of the database or of traces are invalid.
    pub fn build(
        config: Config,
        authenticator: Authenticator,
        listener: TcpListener,
        metrics_listener: TcpListener,
        shutdown: CancellationToken,
    ) -> anyhow::Result<Self> {
        let mut registry = metrics::registry("gateway");
        let own = registry.sub_registry_with_prefix("chat_gateway");
        let (metrics, queues) = (Metrics::register(own), QueueMetrics::register(own));
        let traces = Traces::start(&config.traces, "gateway").context("tracing cannot start")?;
        let (state, publishing) = AppState::new(
            &config,
            authenticator,
            metrics.clone(),
            traces.clone(),
            shutdown.clone(),
        )?;
        let publishing = publishing.into_iter().collect();
        let pools = state.history.pools().clone();
        let health = state.database.clone();
        let outage = state.history.outage();
        tokio::spawn(health.probe(config.database.clone(), pools, outage, shutdown.clone()));
        if let Some(replica) = state.history.replica().cloned() {
            tokio::spawn(replica.watch(config.database.clone(), shutdown.clone()));
        }
        if let Some(attachments) = &state.attachments {
            tokio::spawn(attachments::probe(attachments.store.clone(), shutdown.clone()));
        }
        let queue_watch =
            QueueWatch::new(&config.broker, &ConsumerKind::ALL, "gateway: watching", queues);
        tokio::spawn(queue_watch.run(shutdown.clone()));

        let metrics_shutdown = CancellationToken::new();
        let metrics_server =
            metrics::serve(metrics_listener, Arc::new(registry), metrics_shutdown.clone())
                .context("the metrics cannot be served")?;

        raise_fd_limit(config.limits.max_connections);
        let connections = Connections::new(Bounds::new(&config.limits), metrics);
        let server = serve(&config, listener, connections, state)
            .context("the HTTP interface cannot be served")?;
        Ok(Self {
            server,
            publishing,
            metrics_server: tokio::spawn(metrics_server),
            metrics_shutdown: metrics_shutdown.drop_guard(),
            traces,
            shutdown,
            shutdown_settings: config.shutdown,
        })
    }

    /// Serves until `shutdown` is cancelled, then for the drain period, and finishes the requests
    /// in progress. The metrics are served until all of that is done.
    ///
    /// # Errors
    /// When a task of the gateway fails.
    pub async fn run_until_stopped(self) -> anyhow::Result<()> {
        let (shutdown, settings) = (self.shutdown.clone(), self.shutdown_settings);
        by_deadline(&shutdown, settings, self.run()).await
    }

    async fn run(mut self) -> anyhow::Result<()> {
        tokio::select! {
            served = self.server => served.context("the HTTP interface failed")?,
            // A gateway that cannot publish must be restarted.
            Some(ended) = self.publishing.join_next() => return ended.context("publishing failed"),
        }
        // The server dropped the state, which ends the tasks.
        while let Some(ended) = self.publishing.join_next().await {
            ended.context("publishing failed")?;
        }
        self.traces.stop().await;
        drop(self.metrics_shutdown);
        self.metrics_server.await?.context("the metrics server failed")
    }
}

fn serve(
    config: &Config,
    listener: TcpListener,
    connections: Connections,
    state: AppState,
) -> io::Result<Server> {
    let state = web::Data::new(state);
    let shutdown = state.shutdown.clone();
    let drain = config.drain;
    let parts = Parts {
        listener,
        limits: &config.limits,
        connections,
        stop: async move {
            shutdown.cancelled().await;
            tokio::time::sleep(drain).await;
        },
        stop_timeout: config.shutdown.grace().saturating_sub(drain),
    };
    let (cors, portal) = (config.cors.clone(), config.portal.clone());
    connections::serve(parts, move || {
        App::new()
            .app_data(state.clone())
            .wrap(from_fn(limit_others_by_address))
            .wrap(from_fn(compress))
            .wrap(from_fn(record_requests))
            .wrap(from_fn(close_on_drain))
            .wrap(security_headers())
            .wrap(from_fn(connections::track_request))
            .configure(openapi::serve)
            .configure(|services| routes::configure(services, &cors, &portal))
    })
}
