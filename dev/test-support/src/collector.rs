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

/// A test's own collector, which receives spans by OTLP over HTTP.
///
/// Source: <https://opentelemetry.io/docs/specs/otlp/#otlphttp>.
pub struct SpanCollector {
    addr: SocketAddr,
    spans: Spans,
}

/// A span that a service exported.
#[derive(Clone, Debug)]
pub struct CollectedSpan {
    /// The service.
    pub service: String,
    /// The span's name.
    pub name: String,
    /// The trace id, in hexadecimal.
    pub trace: String,
    /// The span id, in hexadecimal.
    pub id: String,
    /// The parent's span id, in hexadecimal; empty without one.
    pub parent: String,
    /// The ids of the linked spans.
    pub links: Vec<String>,
    /// The attribute `messageId`.
    pub message_id: Option<String>,
    /// Whether its status is an error.
    pub failed: bool,
}

type Spans = Arc<Mutex<Vec<CollectedSpan>>>;

impl SpanCollector {
    /// Starts a collector on a free port.
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

    /// Its URL.
    pub fn address(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The setting with which a service exports to it.
    pub fn endpoint_setting(&self) -> String {
        format!("--otlp-endpoint={}", self.address())
    }

    /// The spans received so far.
    pub fn spans(&self) -> Vec<CollectedSpan> {
        self.spans.lock().unwrap().clone()
    }
}

async fn collect(spans: web::Data<Spans>, body: web::Bytes) -> HttpResponse {
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
