//! Tells a collector, by OTLP, what a service did with each message: one send is one trace, from the
//! gateway through the queue to the row and to Pusher. Without a collector it does nothing.
//!
//! Spans wait in a bounded queue, which a thread of its own empties, and are dropped when it is full: a
//! collector that is away or slow holds up nobody.
//!
//! It is a crate of its own, and not part of `service`, since it links an HTTP client, which can be used
//! for this alone: the persister must not have one for anything else.

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

/// What is left to tell when a service stops may take so long, which is what is left of the 10 seconds
/// that it has.
const TIME_TO_STOP: Duration = Duration::from_millis(500);

/// Where the standard has spans sent below a collector's address.
///
/// Source: <https://opentelemetry.io/docs/specs/otlp/#otlphttp-request>.
const PATH: &str = "v1/traces";

/// Links that one span may have: as many as messages are dealt with together.
const LINKS_AT_MOST: u32 = 5_000;

/// Traces what one service does, if there is a collector to tell. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Traces(Option<Exporting>);

#[derive(Clone, Debug)]
struct Exporting {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

impl Traces {
    /// Traces what `service` does, if the settings name a collector. To be called where the service
    /// runs.
    ///
    /// # Errors
    /// When the collector's address is none, or TLS cannot be set up.
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
            .with_max_links_per_span(LINKS_AT_MOST)
            .with_resource(
                Resource::builder().with_service_name(service).with_attribute(version).build(),
            )
            .build();
        let tracer = provider.tracer("player-portal-chat");
        Ok(Self(Some(Exporting { provider, tracer })))
    }

    /// The span of a request about the message or change `id`, which belongs to the trace that the
    /// caller takes part in, if there is one.
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

    /// The spans of a piece of work on the messages `parts`, each with the trace that it belongs to.
    /// Nothing where none of them is traced.
    pub fn work(
        &self,
        kind: WorkKind,
        parts: impl IntoIterator<Item = (Uuid, TraceParent)>,
    ) -> Option<Work> {
        self.0.as_ref().and_then(|it| Work::begin(&it.tracer, kind, parts))
    }

    /// Tells what is left to be told, within half a second, and nothing more.
    pub async fn stop(self) {
        let Some(Exporting { provider, .. }) = self.0 else { return };
        // It waits for the exporter's thread, whose calls run here.
        let stop = move || provider.shutdown_with_timeout(TIME_TO_STOP);
        if let Ok(Err(error)) = tokio::task::spawn_blocking(stop).await {
            tracing::debug!(cause = %error, "not all spans were told");
        }
    }
}
