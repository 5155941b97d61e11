//! `POST /api/unified-chat/conversations/{playerId}/status`

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use shared::chat::{RequestedStatus, StatusChange, event::Event};
use utoipa::ToSchema;
use uuid::Uuid;

use super::accepting::{RequestTrace, accept};
use crate::{
    auth::Caller,
    clock::Clock,
    group_commit::Acceptor,
    http::{Body, ClientId, PathPlayer, Problem, ProblemBody, by_name},
    input::NewPlayerId,
    limits::SenderLimit,
};

/// What staff asks of a conversation's open session.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StatusRequest {
    /// What it shall become.
    #[serde(deserialize_with = "by_name")]
    status: RequestedStatus,
    /// The change's id, made by the client, so that it can ask again; the gateway makes one where
    /// there is none.
    change_id: Option<ClientId>,
}

/// The answer to what was accepted: it is on disk in both queues.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StatusAccepted {
    /// Always `true`.
    success: bool,
    /// The change's id.
    change_id: Uuid,
    /// When it was accepted: it concerns the session that is open then.
    #[serde(serialize_with = "shared::chat::timestamp::serialize")]
    accepted_at: DateTime<Utc>,
    /// Always `accepted`.
    #[schema(examples("accepted"))]
    status: &'static str,
}

/// Takes or resolves a conversation's open session
///
/// It goes through the queue like a message; `session-updated` tells when it is done. Where no
/// session is open, nothing happens. After 503, or no answer, ask again with the same `changeId`.
#[utoipa::path(
    post,
    path = "/api/unified-chat/conversations/{playerId}/status",
    tag = "conversations",
    security(("token" = [])),
    params(("playerId" = NewPlayerId, Path, description = "Whose conversation")),
    request_body = StatusRequest,
    responses(
        (status = 202, description = "Accepted", body = StatusAccepted),
        (status = 400, description = "A field is not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "The token is missing, or not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "The caller may not do this", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "The body did not arrive in time", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "The body is no JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many calls", body = ProblemBody, content_type = "application/problem+json", headers(("Retry-After" = u32, description = "Seconds to wait"))),
        (status = 503, description = "Not accepted; ask again", body = ProblemBody, content_type = "application/problem+json", headers(("Retry-After" = u32, description = "Seconds to wait"))),
    )
)]
pub async fn change_status(
    trace: RequestTrace,
    caller: Caller,
    player: PathPlayer,
    body: Body<StatusRequest>,
    limit: web::Data<SenderLimit>,
    clock: web::Data<Clock>,
    acceptor: web::Data<Acceptor>,
) -> Result<HttpResponse, Problem> {
    caller.is_staff()?;
    limit.count_change(&caller)?;
    let mut change = StatusChange {
        change_id: body.0.change_id.map_or_else(Uuid::now_v7, ClientId::uuid),
        player_id: player.0,
        status: body.0.status,
        accepted_at: clock.accept(),
        session_id: None,
        last_seq: None,
        actor_id: None,
        actor_name: None,
        traceparent: None,
    };
    let (change_id, accepted_at) = (change.change_id, change.accepted_at);
    let span = trace.span("change status", change_id);
    change.traceparent = span.traceparent();
    accept(Event::StatusChange(change), &acceptor, span).await?;
    Ok(HttpResponse::Accepted().json(StatusAccepted {
        success: true,
        change_id,
        accepted_at,
        status: "accepted",
    }))
}
