//! Metrics: their declaration, their export, and the kinds that the services share.

mod by_label;
mod declare;
mod on_scrape;

use std::{net::TcpListener, sync::Arc};

use actix_web::{HttpResponse, dev::Server, web};
use prometheus_client::{
    encoding::text::encode,
    metrics::{family::Family, gauge::Gauge},
};
use tokio_util::sync::CancellationToken;

use super::admin_server;
pub use by_label::{ByLabel, Label};
pub use on_scrape::{OldestHeld, OldestPart, OnScrape};
pub use prometheus_client::registry::Registry;

/// The content type of `/metrics`.
///
/// Source: <https://prometheus.io/docs/specs/om/open_metrics_spec/>.
const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The buckets of histograms of durations, in seconds: from half a millisecond to ten seconds.
pub const SECONDS: [f64; 13] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// Creates the registry of a service, with `chat_build_info`.
pub fn registry(service: &'static str) -> Registry {
    let mut registry = Registry::default();
    let build = Family::<[(&str, &str); 2], Gauge>::default();
    build.get_or_create(&[("service", service), ("version", env!("CARGO_PKG_VERSION"))]).set(1);
    registry.register("chat_build_info", "1, with the service and its version as labels", build);
    registry
}

/// Serves only `/metrics` on `listener` until `stop` is cancelled, for a service whose other address is
/// public.
///
/// # Errors
/// When the listener cannot be served.
pub fn serve(
    listener: TcpListener,
    registry: Arc<Registry>,
    stop: CancellationToken,
) -> std::io::Result<Server> {
    admin_server::serve(listener, stop, move |services| {
        services
            .app_data(web::Data::from(Arc::clone(&registry)))
            .route("/metrics", web::get().to(export));
    })
}

/// `GET /metrics`: all metrics of `registry` in the text format of OpenMetrics.
pub(super) async fn export(registry: web::Data<Registry>) -> HttpResponse {
    let mut text = String::new();
    match encode(&mut text, &registry) {
        Ok(()) => HttpResponse::Ok().content_type(CONTENT_TYPE).body(text),
        Err(error) => {
            tracing::error!(exception.message = %error, "metrics cannot be encoded");
            HttpResponse::InternalServerError().finish()
        }
    }
}
