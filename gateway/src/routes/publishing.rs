//! What the routes share that publish an event.

use std::future::{Ready, ready};

use actix_web::{Error, FromRequest, HttpRequest, dev::Payload, web};
use chat::{TraceParent, event::Event};
use traces::{RequestSpan, Traces};
use uuid::Uuid;

use crate::{
    group_commit::EventPublisher,
    problem::{NotAccepted, Problem},
};

/// The trace that a request belongs to.
pub struct RequestTrace {
    traces: Traces,
    /// The client's `traceparent`, if it sent a valid one.
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

/// Publishes the event of the request of `span`.
pub(super) async fn publish_event(
    event: Event,
    event_publisher: &EventPublisher,
    mut span: RequestSpan,
) -> Result<(), Problem> {
    let subject = event.subject();
    let not_accepted = NotAccepted::try_from(subject)?;
    let encoded = event.encode().map_err(|_| Problem::Internal)?;
    event_publisher.publish(event.player_id(), encoded).await.map_err(|cause| {
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
