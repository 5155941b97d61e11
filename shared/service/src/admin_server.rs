use std::net::TcpListener;

use actix_web::{App, HttpServer, dev::Server, web::ServiceConfig};
use tokio_util::sync::CancellationToken;

/// Serves the routes that `configure` adds, on `listener`, until `stop` is cancelled. One thread is enough
/// for probes and scrapes.
///
/// # Errors
/// When the listener cannot be served.
pub(super) fn serve(
    listener: TcpListener,
    stop: CancellationToken,
    configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
) -> std::io::Result<Server> {
    let server = HttpServer::new(move || App::new().configure(configure.clone()))
        .workers(1)
        .disable_signals()
        .shutdown_timeout(1)
        .listen(listener)?
        .shutdown_signal(stop.cancelled_owned());
    Ok(server.run())
}
