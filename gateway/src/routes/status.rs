//! `POST /api/unified-chat/conversations/{playerId}/status`

use actix_web::{HttpResponse, web};
use chat::{RequestedStatus, StatusChange, event::Event};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    paging::Seq,
    paths,
    publishing::{ChangeAccepted, RequestTrace, publish_event},
    responses::{BodyRejected, CallerRejected, NotAccepted, RateLimited},
};
use crate::{
    auth::{Actor, Caller},
    http::{Body, ClientId, PathPlayer, by_name},
    input::{NewName, NewPlayerId, NewSenderId},
    problem::Problem,
    state::AppState,
};

/// A change of the status of a conversation's latest session.
///
/// A change that names a session or a `seq` has no effect unless that session is open and staff had
/// seen every message of the player in it; but `active` with the id of the latest session reopens
/// it after it was resolved. A change that names neither acts on the session that is open when the
/// change is accepted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StatusRequest {
    /// The new status.
    #[serde(deserialize_with = "by_name")]
    status: RequestedStatus,
    /// The session that the member of the staff acts on.
    session_id: Option<ClientId>,
    /// The highest `seq` that the member of the staff has seen: the `lastSeq` of the conversation.
    #[schema(value_type = Option<i64>, minimum = 0)]
    last_seq: Option<Seq>,
    /// The portal's id for the member of the staff who acts. Ignored with tokens, whose `sub` it
    /// is.
    actor_id: Option<NewSenderId>,
    /// The display name of that member. Ignored with tokens, which name the member.
    actor_name: Option<NewName>,
    /// The change's id, made by the client so that it can send the change again; without one the
    /// gateway makes a version 7 UUID.
    change_id: Option<ClientId>,
}

/// Takes, resolves or reopens a conversation's session
///
/// The change goes through the queues like a message; `session-updated` announces its effect. When
/// no session is open it has no effect, unless it is to `active` and names the latest session,
/// which it then reopens. The `staleChangeIds` of a `session-updated` for staff list changes that
/// named a session or a `seq` and had no effect. After a 503, or without a response, send it again
/// with the same `changeId`.
#[utoipa::path(
    post,
    path = paths::STATUS_DOCUMENTED,
    tag = "conversations",
    security(("token" = [])),
    params(("playerId" = NewPlayerId, Path, description = "The player whose conversation it is")),
    request_body(content = StatusRequest, example = json!({"status": "resolved"})),
    responses(
        (status = 202, description = "Accepted", body = ChangeAccepted),
        BodyRejected,
        CallerRejected,
        RateLimited,
        NotAccepted,
    )
)]
pub async fn change_status(
    state: web::Data<AppState>,
    trace: RequestTrace,
    caller: Caller,
    player: PathPlayer,
    body: Body<StatusRequest>,
) -> Result<HttpResponse, Problem> {
    let request = body.0;
    let actor = caller.authorize_actor(Actor::claimed(request.actor_id, request.actor_name))?;
    state.sender_limit.check_caller(&caller)?;
    let change_id = request.change_id.map_or_else(Uuid::now_v7, ClientId::uuid);
    let accepted_at = state.clock.next_timestamp();
    let span = trace.start("change status", change_id);
    let change = StatusChange {
        change_id,
        player_id: player.0,
        status: request.status,
        accepted_at,
        session_id: request.session_id.map(ClientId::uuid),
        last_seq: request.last_seq.map(Seq::get),
        actor_id: actor.id,
        actor_name: actor.name,
        traceparent: span.traceparent(),
    };
    publish_event(Event::StatusChange(change), &state.event_publisher, span).await?;
    Ok(ChangeAccepted::new(change_id, accepted_at).response())
}
