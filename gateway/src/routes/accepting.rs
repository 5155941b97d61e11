//! What the calls have in common that have an event accepted.

use std::future::{Ready, ready};

use actix_web::{Error, FromRequest, HttpRequest, dev::Payload, web};
use shared::chat::{TraceParent, event::Event};
use traces::{RequestSpan, Traces};
use uuid::Uuid;

use crate::{
    group_commit::Acceptor,
    http::{NotAccepted, Problem},
};

/// The trace that a request belongs to.
pub struct RequestTrace {
    traces: Traces,
    /// What the caller takes part in, if it says so in the standard's form.
    caller: Option<TraceParent>,
}

impl RequestTrace {
    /// The request's span, once it is known which message or change it is about.
    pub fn span(&self, name: &'static str, id: Uuid) -> RequestSpan {
        self.traces.request(name, self.caller, id)
    }
}

impl FromRequest for RequestTrace {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let header = request.headers().get("traceparent").and_then(|it| it.to_str().ok());
        let traces = request.app_data::<web::Data<Traces>>();
        let traces = traces.map(|it| Traces::clone(it)).unwrap_or_default();
        ready(Ok(Self { traces, caller: header.and_then(TraceParent::parse) }))
    }
}

/// Has the event accepted that the request of `span` is for.
pub(super) async fn accept(
    event: Event,
    acceptor: &Acceptor,
    mut span: RequestSpan,
) -> Result<(), Problem> {
    let subject = event.subject();
    let not_accepted = NotAccepted::try_from(subject)?;
    let encoded = event.encode().map_err(|_| Problem::Internal)?;
    acceptor.accept(event.player_id(), encoded).await.map_err(|cause| {
        span.refused("not confirmed by both queues");
        tracing::debug!(
            messageId = subject.message_id.map(tracing::field::display),
            changeId = subject.change_id.map(tracing::field::display),
            traceId = subject.trace_id(),
            %cause,
            "not accepted"
        );
        not_accepted.into()
    })
}
