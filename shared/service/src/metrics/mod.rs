//! How a service shows its metrics, and the kinds of metric that the services have in common.

mod by_label;
mod declare;
mod on_scrape;

use std::{net::TcpListener, sync::Arc};

use actix_web::{App, HttpResponse, HttpServer, dev::Server, web};
use prometheus_client::{
    encoding::text::encode,
    metrics::{family::Family, gauge::Gauge},
};
use tokio_util::sync::CancellationToken;

pub use by_label::{ByLabel, Label, Labelled};
pub use on_scrape::{OldestHeld, OldestPart, OnScrape};
pub use prometheus_client::registry::Registry;

/// What `/metrics` is answered as.
///
/// Source: <https://prometheus.io/docs/specs/om/open_metrics_spec/>.
const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The bounds of histograms of waiting, in seconds: from half a millisecond to ten seconds.
pub const SECONDS: [f64; 13] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// The registry of the service called `service`, which says what was built: `chat_build_info`.
pub fn registry(service: &'static str) -> Registry {
    let mut registry = Registry::default();
    let build = Family::<[(&str, &str); 2], Gauge>::default();
    build.get_or_create(&[("service", service), ("version", env!("CARGO_PKG_VERSION"))]).set(1);
    registry.register("chat_build_info", "1, with the service and its version as labels", build);
    registry
}

/// Serves `/metrics`, and nothing else, on `listener` until `stop` is cancelled: for a service whose
/// other address the public reaches.
///
/// # Errors
/// When the listener cannot be served.
pub fn serve(
    listener: TcpListener,
    registry: Arc<Registry>,
    stop: CancellationToken,
) -> std::io::Result<Server> {
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::from(Arc::clone(&registry)))
            .route("/metrics", web::get().to(show))
    })
    .workers(1)
    .disable_signals()
    .shutdown_timeout(1)
    .listen(listener)?
    .shutdown_signal(stop.cancelled_owned());
    Ok(server.run())
}

/// All metrics of `registry` in the text form that Prometheus reads, as an answer.
pub(super) async fn show(registry: web::Data<Registry>) -> HttpResponse {
    let mut text = String::new();
    match encode(&mut text, &registry) {
        Ok(()) => HttpResponse::Ok().content_type(CONTENT_TYPE).body(text),
        Err(error) => {
            tracing::error!(cause = %error, "metrics could not be written");
            HttpResponse::InternalServerError().finish()
        }
    }
}
