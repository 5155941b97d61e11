//! Exports spans to a collector by OTLP: one send is one trace, from the gateway through the queue to the row
//! and to Pusher. Without a collector it does nothing.
//!
//! Spans wait in a bounded queue, which a thread of its own exports. When it is full, spans are dropped, so
//! that a slow collector delays no service.
//!
//! It is a crate of its own because it links an HTTP client, which the persister may use for nothing else.

mod collector;
mod sampler;
mod settings;
mod spans;

use std::time::Duration;

use chat::TraceParent;
use opentelemetry::{KeyValue, trace::TracerProvider};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{SdkTracer, SdkTracerProvider},
};
use uuid::Uuid;

use collector::Collector;
use sampler::FollowLinks;
pub use settings::{SamplerName, TraceSettings};
pub use spans::{RequestSpan, Work, WorkKind};

/// The time limit of the last export when a service stops.
const TIME_TO_STOP: Duration = Duration::from_millis(500);

/// The path of spans below a collector's URL.
///
/// Source: <https://opentelemetry.io/docs/specs/otlp/#otlphttp-request>.
const PATH: &str = "v1/traces";

/// The most links of one span: the most events of a batch.
const MAX_LINKS: u32 = 5_000;

/// The traces of one service; without a collector, nothing. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Traces(Option<Exporting>);

#[derive(Clone, Debug)]
struct Exporting {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

impl Traces {
    /// Starts the export of `service`'s spans, if the settings name a collector. Must be called on the
    /// service's runtime.
    ///
    /// # Errors
    /// When the settings are invalid, or TLS cannot be set up.
    pub fn start(settings: &TraceSettings, service: &'static str) -> anyhow::Result<Self> {
        let Some(endpoint) = &settings.endpoint else { return Ok(Self::default()) };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Collector::new(settings)?)
            .with_endpoint(format!("{}/{PATH}", endpoint.as_str().trim_end_matches('/')))
            .with_headers(settings.headers().map_err(anyhow::Error::msg)?)
            .build()?;
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(FollowLinks(settings.sampler()))
            .with_max_links_per_span(MAX_LINKS)
            .with_resource(
                Resource::builder().with_service_name(service).with_attribute(version).build(),
            )
            .build();
        let tracer = provider.tracer("player-portal-chat");
        Ok(Self(Some(Exporting { provider, tracer })))
    }

    /// Starts the span of a request about the message or change `id`, in the caller's trace if there is
    /// one.
    pub fn request(
        &self,
        name: &'static str,
        caller: Option<TraceParent>,
        id: Uuid,
    ) -> RequestSpan {
        match &self.0 {
            Some(Exporting { tracer, .. }) => RequestSpan::begin(tracer, name, caller, id),
            None => RequestSpan::passed_on(caller),
        }
    }

    /// Starts the spans of work on the messages `parts`, each with its trace; nothing if none of them is
    /// sampled.
    pub fn work(
        &self,
        kind: WorkKind,
        parts: impl IntoIterator<Item = (Uuid, TraceParent)>,
    ) -> Option<Work> {
        self.0.as_ref().and_then(|exporting| Work::begin(&exporting.tracer, kind, parts))
    }

    /// Exports the remaining spans within half a second, and stops.
    pub async fn stop(self) {
        let Some(Exporting { provider, .. }) = self.0 else { return };
        // It blocks until the exporter's thread ends, whose calls need this runtime.
        let stop = move || provider.shutdown_with_timeout(TIME_TO_STOP);
        if let Ok(Err(error)) = tokio::task::spawn_blocking(stop).await {
            tracing::debug!(exception.message = %error, "not all spans were exported");
        }
    }
}
