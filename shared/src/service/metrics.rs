//! How a service shows its metrics.

use prometheus_client::{encoding::text::encode, registry::Registry};

/// What `/metrics` is answered as.
///
/// Source: <https://prometheus.io/docs/specs/om/open_metrics_spec/>.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The bounds of histograms of waiting, in seconds: from half a millisecond to ten seconds.
pub const SECONDS: [f64; 13] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// All metrics of `registry` in the text form that Prometheus reads.
///
/// # Errors
/// When a metric cannot be written, which no metric here gives cause for.
pub fn render(registry: &Registry) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    encode(&mut text, registry)?;
    Ok(text)
}
