//! What the routes that publish an event share.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, HttpResponse, dev::Payload};
use chat::{TraceParent, event::Event};
use chrono::{DateTime, Utc};
use serde::Serialize;
use traces::{RequestSpan, Traces};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    group_commit::EventPublisher,
    problem::{NotAccepted, Problem},
    state::AppState,
};

/// The trace of a request.
pub struct RequestTrace {
    traces: Traces,
    /// The client's `traceparent`, if it is valid.
    parent: Option<TraceParent>,
}

impl RequestTrace {
    /// Starts the request's span. `id` is that of the message or the change.
    pub fn start(&self, name: &'static str, id: Uuid) -> RequestSpan {
        self.traces.request(name, self.parent, id)
    }
}

impl FromRequest for RequestTrace {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let header = request.headers().get("traceparent");
        let parent = header.and_then(|header| header.to_str().ok()).and_then(TraceParent::parse);
        ready(
            AppState::for_request(request)
                .map(|state| Self { traces: state.traces.clone(), parent }),
        )
    }
}

/// Publishes `event` and ends the request's `span`.
pub(super) async fn publish_event(
    event: Event,
    event_publisher: &EventPublisher,
    mut span: RequestSpan,
) -> Result<(), Problem> {
    let subject = event.subject();
    let not_accepted = NotAccepted::try_from(&event)?;
    let encoded = event.encode().map_err(|_| Problem::Internal)?;
    event_publisher.publish(event.player_id(), encoded).await.map_err(|cause| {
        span.refused("not confirmed by both queues");
        tracing::debug!(
            messageId = subject.message_id.map(tracing::field::display),
            changeId = subject.change_id.map(tracing::field::display),
            trace_id = subject.trace_id(),
            exception.message = %cause,
            "not accepted"
        );
        not_accepted.into()
    })
}

/// An accepted change: it is on disk in both queues.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangeAccepted {
    /// Always `true`.
    success: bool,
    /// The change's id, in lower case.
    change_id: Uuid,
    /// When it was accepted. It acts on the session that is open then.
    #[serde(serialize_with = "chat::timestamp::serialize")]
    accepted_at: DateTime<Utc>,
    /// Always `accepted`.
    #[schema(examples("accepted"))]
    status: &'static str,
}

impl ChangeAccepted {
    /// The change `change_id`, accepted at `accepted_at`.
    pub(super) fn new(change_id: Uuid, accepted_at: DateTime<Utc>) -> Self {
        Self { success: true, change_id, accepted_at, status: "accepted" }
    }

    /// The response.
    pub(super) fn response(&self) -> HttpResponse {
        HttpResponse::Accepted().json(self)
    }
}
