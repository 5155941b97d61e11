//! How the gateway starts and stops.

use std::{net::TcpListener, sync::Arc, time::Duration};

use actix_web::{App, HttpServer, web};
use anyhow::Context;
use prometheus_client::registry::Registry;
use shared::service::{Outage, health::Dependency};
use tokio_util::sync::CancellationToken;

use crate::{
    clock::Clock, group_commit::group_commit, metrics::Metrics, reads::Reads, routes,
    settings::Settings,
};

/// How long calls that are under way may take to finish after the gateway was told to stop, in
/// seconds. A send takes 2 at most.
const GRACE_SECONDS: u64 = 8;

/// How long a client may take to send the head of a request.
const CLIENT_PATIENCE: Duration = Duration::from_secs(10);

/// Serves on `listener` until `stop` is cancelled, and then finishes what it holds. It starts
/// whether or not the broker and the database are there.
///
/// # Errors
/// When the listener cannot be served. Nothing else ends it.
pub async fn run(
    settings: Settings,
    listener: TcpListener,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let mut registry = Registry::default();
    let metrics = Metrics::register(&mut registry);
    let broker = Dependency::new("broker");
    let (acceptor, publishing) = group_commit(&settings, Outage::new(broker.clone()), metrics);
    let mut publishing = tokio::spawn(publishing.run());

    let pool = database::pool(&settings.database, usize::from(settings.database_pool_size))?;
    let reads = Reads::new(pool, settings.database.database_timeout);
    let registry = Arc::new(registry);
    let clock = web::Data::new(Clock::default());
    let app = settings.pusher.clone();
    let server = HttpServer::new(move || {
        App::new()
            .app_data(clock.clone())
            .app_data(web::Data::new(acceptor.clone()))
            .app_data(web::Data::new(reads.clone()))
            .app_data(web::Data::new(broker.clone()))
            .app_data(web::Data::new(app.clone()))
            .app_data(web::Data::from(Arc::clone(&registry)))
            .configure(routes::configure)
    })
    .client_request_timeout(CLIENT_PATIENCE)
    .disable_signals()
    .shutdown_timeout(GRACE_SECONDS)
    .listen(listener)
    .context("the HTTP interface cannot be served")?
    .shutdown_signal(stop.cancelled_owned())
    .run();
    tokio::select! {
        served = server => served.context("the HTTP interface ended badly")?,
        // A gateway that cannot publish is none.
        ended = &mut publishing => return ended.context("publishing ended badly"),
    }
    // With the server went the last who could have an event accepted, which ends the task.
    publishing.await.context("publishing ended badly")
}
