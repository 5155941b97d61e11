//! How the gateway starts and stops.

use std::{net::TcpListener, sync::Arc};

use actix_web::{App, middleware::from_fn, web};
use anyhow::Context;
use broker::{ConsumerKind, QueueWatch};
use service::{health::Dependency, metrics, shutdown::by_deadline};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use traces::Traces;

use crate::{
    answers::{AnswerMemory, Readers},
    application::{Application, Dependencies},
    auth::Authenticator,
    connections::{self, Bounds, Connections, Parts},
    fd_limit::raise_fd_limit,
    group_commit::group_commit,
    metrics::Metrics,
    middleware::{
        close_on_drain, compress, count_requests, limit_others_by_address, security_headers,
    },
    openapi,
    reads::{DatabaseHealth, HistoryReader, ReadPools},
    refusing_queues::RefusingQueues,
    settings::Config,
};

/// Serves the callers that `authenticator` verifies, on `listener`, until `stop` is cancelled, and then for the drain,
/// in which its clients leave, before it finishes what it holds. Its metrics are served on
/// `metrics_listener` until all of that is done. It starts whether or not the broker and the database
/// are there.
///
/// # Errors
/// When a listener cannot be served. Nothing else ends it.
pub async fn run(
    config: Config,
    authenticator: Authenticator,
    listener: TcpListener,
    metrics_listener: TcpListener,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let shutdown = config.shutdown;
    let gateway =
        run_until_stopped(config, authenticator, listener, metrics_listener, stop.clone());
    by_deadline(&stop, shutdown, gateway).await
}

async fn run_until_stopped(
    config: Config,
    authenticator: Authenticator,
    listener: TcpListener,
    metrics_listener: TcpListener,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let traces = Traces::start(&config.traces, "gateway").context("nothing can be traced")?;
    let mut registry = metrics::registry("gateway");
    let metrics = Metrics::register(&mut registry);
    let broker = Dependency::of_parts("broker", config.broker.queue_partitions.count());
    let refusing_queues = RefusingQueues::new(metrics.queue_refusing.clone());
    let (event_publisher, publishing) =
        group_commit(&config, &broker, &refusing_queues, metrics.clone());
    let mut publishing: JoinSet<()> = publishing.into_iter().map(|it| it.run()).collect();
    let queues = metrics.queues.clone();
    let watch = QueueWatch::new(&config.broker, &ConsumerKind::ALL, "gateway: watching", queues);
    tokio::spawn(watch.run(stop.clone()));

    let pool = |size: usize| database::pool(&config.database, size);
    let conversations = pool(config.conversation_pool_size)?;
    let pools = ReadPools { conversations, inbox: pool(config.inbox_pool_size)? };
    let reads = HistoryReader::new(pools, config.database.clone(), metrics.clone());
    let database = DatabaseHealth::default();
    tokio::spawn(database.clone().probe(config.database.clone(), stop.clone()));
    let finished = CancellationToken::new();
    let showing = metrics::serve(metrics_listener, Arc::new(registry), finished.clone())
        .context("the metrics cannot be served")?;
    let (showing, finished) = (tokio::spawn(showing), finished.drop_guard());
    let limits = &config.limits;
    raise_fd_limit(limits.max_connections);
    let connections = Connections::new(Bounds::new(limits), metrics.clone());
    let readers = Readers::new(limits, AnswerMemory::new(limits.answer_memory, metrics.clone()));
    let dependencies = Dependencies { broker, database };
    let application = Application::new(
        &config,
        authenticator,
        event_publisher,
        reads,
        readers,
        dependencies,
        traces.clone(),
    );
    let drain = config.drain;
    let (stopping, counting) = (web::Data::new(stop.clone()), web::Data::new(metrics));
    let parts = Parts {
        listener,
        limits,
        connections,
        stop: async move {
            stop.cancelled().await;
            tokio::time::sleep(drain).await;
        },
        stop_timeout: config.shutdown.grace().saturating_sub(drain),
    };
    let server = connections::serve(parts, move || {
        App::new()
            .app_data(web::Data::new(refusing_queues.clone()))
            .app_data(stopping.clone())
            .app_data(counting.clone())
            .wrap(from_fn(limit_others_by_address))
            .wrap(from_fn(compress))
            .wrap(from_fn(count_requests))
            .wrap(from_fn(close_on_drain))
            .wrap(security_headers())
            .wrap(from_fn(connections::track_request))
            .configure(|services| application.configure(services))
            .configure(openapi::serve)
    })
    .context("the HTTP interface cannot be served")?;
    tokio::select! {
        served = server => served.context("the HTTP interface ended badly")?,
        // A gateway that cannot publish is none.
        Some(ended) = publishing.join_next() => return ended.context("publishing ended badly"),
    }
    // With the server went the last who could have an event accepted, which ends the tasks.
    while let Some(ended) = publishing.join_next().await {
        ended.context("publishing ended badly")?;
    }
    traces.stop().await;
    drop(finished);
    showing.await?.context("the metrics ended badly")
}
