use std::{
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex},
};

use actix_web::{App, HttpResponse, HttpServer, web};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    trace::v1::status::StatusCode,
};
use prost::Message;

/// A collector of one test's own, which takes spans by OTLP over HTTP.
///
/// Source: <https://opentelemetry.io/docs/specs/otlp/#otlphttp>.
pub struct Collector {
    addr: SocketAddr,
    spans: Spans,
}

/// A span, as a service told it.
#[derive(Clone, Debug)]
pub struct CollectedSpan {
    /// Who told it.
    pub service: String,
    /// What was done.
    pub name: String,
    /// The trace that it belongs to, in hexadecimal.
    pub trace: String,
    /// Its own id, in hexadecimal.
    pub id: String,
    /// The id of the span that it comes after, or nothing.
    pub parent: String,
    /// The ids of the spans that it is linked to.
    pub links: Vec<String>,
    /// Which message it is about.
    pub message_id: Option<String>,
    /// Whether it failed.
    pub failed: bool,
}

type Spans = Arc<Mutex<Vec<CollectedSpan>>>;

impl Collector {
    /// Starts it.
    pub fn start() -> Self {
        let spans = Spans::default();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let collected = web::Data::new(Arc::clone(&spans));
        let server = HttpServer::new(move || {
            let traces = web::post().to(collect);
            App::new().app_data(collected.clone()).route("/v1/traces", traces)
        });
        tokio::spawn(server.workers(1).disable_signals().listen(listener).unwrap().run());
        Self { addr, spans }
    }

    /// Its address.
    pub fn address(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The setting by which a service tells it of spans.
    pub fn told(&self) -> String {
        format!("--otlp-endpoint={}", self.address())
    }

    /// What it was told so far.
    pub fn spans(&self) -> Vec<CollectedSpan> {
        self.spans.lock().unwrap().clone()
    }
}

async fn collect(
    spans: web::Data<Arc<Mutex<Vec<CollectedSpan>>>>,
    body: web::Bytes,
) -> HttpResponse {
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    for of_service in request.resource_spans {
        let service = of_service.resource.unwrap();
        let service = text(&service.attributes, "service.name").unwrap();
        for span in of_service.scope_spans.into_iter().flat_map(|scope| scope.spans) {
            spans.lock().unwrap().push(CollectedSpan {
                service: service.clone(),
                name: span.name,
                trace: hexadecimal(&span.trace_id),
                id: hexadecimal(&span.span_id),
                parent: hexadecimal(&span.parent_span_id),
                links: span.links.iter().map(|link| hexadecimal(&link.span_id)).collect(),
                message_id: text(&span.attributes, "messageId"),
                failed: span.status.is_some_and(|status| status.code() == StatusCode::Error),
            });
        }
    }
    HttpResponse::Ok().finish()
}

fn text(attributes: &[KeyValue], key: &str) -> Option<String> {
    let attribute = attributes.iter().find(|attribute| attribute.key == key)?;
    match attribute.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        _ => None,
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
