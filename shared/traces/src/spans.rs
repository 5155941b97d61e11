use std::time::SystemTime;

use chat::TraceParent;
use opentelemetry::{
    Context, KeyValue, SpanId, TraceFlags, TraceId,
    trace::{Link, Span, SpanBuilder, SpanContext, SpanKind, Status, TraceContextExt, TraceState},
};
use opentelemetry_sdk::trace::{SdkTracer, Span as SdkSpan};
use uuid::Uuid;

/// The span of a request. It ends when it is dropped.
#[derive(Debug)]
pub struct RequestSpan {
    span: Option<SdkSpan>,
    traceparent: Option<TraceParent>,
}

/// Work on several messages at once: one span in a trace of its own, and one span for each message in the
/// message's trace, linked to each other.
#[derive(Debug)]
pub struct Work {
    tracer: SdkTracer,
    kind: WorkKind,
    began: SystemTime,
    span: SdkSpan,
    /// The messages with the parents of their spans.
    parts: Vec<(Uuid, SpanContext)>,
}

/// The kind of work on several messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkKind {
    /// The persister writes a batch.
    PersistBatch,
    /// The broadcaster calls Pusher.
    CallPusher,
}

impl WorkKind {
    fn name(self) -> &'static str {
        match self {
            Self::PersistBatch => "persist batch",
            Self::CallPusher => "call Pusher",
        }
    }

    fn name_of_part(self) -> &'static str {
        match self {
            Self::PersistBatch => "persist",
            Self::CallPusher => "broadcast",
        }
    }

    fn span_kind(self) -> SpanKind {
        match self {
            Self::PersistBatch => SpanKind::Consumer,
            Self::CallPusher => SpanKind::Client,
        }
    }
}

/// The attribute with the id of the message or change.
const ID: &str = "messageId";

impl RequestSpan {
    pub(crate) fn passed_on(caller: Option<TraceParent>) -> Self {
        Self { span: None, traceparent: caller }
    }

    pub(crate) fn begin(
        tracer: &SdkTracer,
        name: &'static str,
        caller: Option<TraceParent>,
        id: Uuid,
    ) -> Self {
        let span = SpanBuilder::from_name(name)
            .with_kind(SpanKind::Server)
            .with_attributes([KeyValue::new(ID, id.to_string())])
            .start_with_context(tracer, &caller.map(parent).unwrap_or_default());
        let context = span.span_context();
        let traceparent = TraceParent::new(
            u128::from_be_bytes(context.trace_id().to_bytes()),
            u64::from_be_bytes(context.span_id().to_bytes()),
            context.trace_flags().to_u8(),
        );
        Self { traceparent, span: Some(span) }
    }

    /// The traceparent for the message, so that workers continue the trace.
    pub fn traceparent(&self) -> Option<TraceParent> {
        self.traceparent
    }

    /// Marks the request as refused.
    pub fn refused(&mut self, reason: &'static str) {
        if let Some(span) = &mut self.span {
            span.set_status(Status::error(reason));
        }
    }
}

impl Work {
    pub(crate) fn begin(
        tracer: &SdkTracer,
        kind: WorkKind,
        parts: impl IntoIterator<Item = (Uuid, TraceParent)>,
    ) -> Option<Self> {
        let parts = parts.into_iter().map(|(id, trace)| (id, context(trace)));
        let parts: Vec<_> = parts.filter(|(_, context)| context.is_sampled()).collect();
        if parts.is_empty() {
            return None;
        }
        let links = parts.iter().map(|(_, context)| Link::with_context(context.clone())).collect();
        let span = SpanBuilder::from_name(kind.name())
            .with_kind(kind.span_kind())
            .with_links(links)
            .start_with_context(tracer, &Context::new());
        Some(Self { tracer: tracer.clone(), kind, began: SystemTime::now(), span, parts })
    }

    /// Ends the spans as successful.
    pub fn done(mut self) {
        self.end(&Status::Unset);
    }

    /// Ends the spans as failed.
    pub fn failed(mut self, reason: impl Into<String>) {
        self.end(&Status::error(reason.into()));
    }

    fn end(&mut self, status: &Status) {
        for (id, context) in self.parts.drain(..) {
            let mut span = SpanBuilder::from_name(self.kind.name_of_part())
                .with_kind(SpanKind::Consumer)
                .with_start_time(self.began)
                .with_attributes([KeyValue::new(ID, id.to_string())])
                .with_links(vec![Link::with_context(self.span.span_context().clone())])
                .start_with_context(
                    &self.tracer,
                    &Context::new().with_remote_span_context(context),
                );
            span.set_status(status.clone());
        }
        self.span.set_status(status.clone());
    }
}

fn parent(trace: TraceParent) -> Context {
    Context::new().with_remote_span_context(context(trace))
}

fn context(trace: TraceParent) -> SpanContext {
    SpanContext::new(
        TraceId::from_bytes(trace.trace_id().to_be_bytes()),
        SpanId::from_bytes(trace.span_id().to_be_bytes()),
        TraceFlags::new(trace.flags()),
        true,
        TraceState::NONE,
    )
}
