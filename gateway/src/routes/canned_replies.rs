//! `/api/staff/canned-replies`

use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{ETag, EntityTag, Header, IfNoneMatch, TryIntoHeaderPair},
    web,
};
use chat::{CannedReply, CannedReplyChange, event::Event};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    paths,
    publishing::{RequestTrace, publish_event},
    responses::{
        BodyRejected, CallerRejected, HistoryUnavailable, NotAccepted, ParameterRejected,
        RateLimited, TeamDeskOff,
    },
};
use crate::{
    auth::Caller,
    http::{Body, ClientId, OpenDesk, Parameters, PathId},
    input::{NewBodies, NewName, NewTag, NewTeam},
    metrics::HistoryRead,
    problem::Problem,
    reads::{self, CannedReplies},
    state::AppState,
};

/// The text of a canned reply.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CannedReplyRequest {
    /// The change's id, made by the client so that it can send the change again; without one the
    /// gateway makes a version 7 UUID.
    change_id: Option<ClientId>,
    /// What staff type after `/`. Of two replies with one shortcut, the later one gets a number
    /// appended.
    shortcut: NewTag,
    /// What staff see in the list.
    title: NewName,
    /// The team that uses it; all without it.
    team: Option<NewTeam>,
    /// The text in each language.
    bodies: NewBodies,
}

/// An accepted change of a canned reply: it is on disk in both queues.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CannedReplyAccepted {
    /// Always `true`.
    success: bool,
    /// The reply's id, in lower case.
    id: Uuid,
    /// The change's id, in lower case.
    change_id: Uuid,
    /// When it was accepted. Of the changes of one reply the last one counts.
    #[serde(serialize_with = "chat::timestamp::serialize")]
    accepted_at: DateTime<Utc>,
    /// Always `accepted`.
    #[schema(examples("accepted"))]
    status: &'static str,
}

/// The parameters of a deletion.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct DeletionParameters {
    /// The change's id, made by the client so that it can send the change again; without one the
    /// gateway makes a version 7 UUID
    #[param(value_type = Option<String>, format = "uuid")]
    change_id: Option<ClientId>,
}

/// Writes a canned reply, which only leads may
///
/// The change goes through the queues like a message; `canned-replies-updated` on the staff channel
/// announces its effect. The body has at most 64 KiB. After a 503, or without a response, send it
/// again with the same `changeId`.
#[utoipa::path(
    put,
    path = paths::CANNED_REPLY,
    tag = "staff",
    security(("token" = [])),
    params(("id" = ClientId, Path, description = "The reply's id, made by the client")),
    request_body(
        content = CannedReplyRequest,
        example = json!({
            "shortcut": "refund", "title": "Refund", "bodies": {"en": "Your refund is on its way."}
        }),
    ),
    responses(
        (status = 202, description = "Accepted", body = CannedReplyAccepted),
        BodyRejected,
        CallerRejected,
        TeamDeskOff,
        RateLimited,
        NotAccepted,
    )
)]
pub async fn write_canned_reply(
    desk: OpenDesk,
    state: web::Data<AppState>,
    trace: RequestTrace,
    caller: Caller,
    id: PathId,
    body: Body<CannedReplyRequest>,
) -> Result<HttpResponse, Problem> {
    caller.require_lead()?;
    state.sender_limit.check_caller(&caller)?;
    let CannedReplyRequest { change_id, shortcut, title, team, bodies } = body.0;
    let team = team.map(Into::into);
    if let Some(team) = &team {
        desk.0.check_team("team", team)?;
    }
    let bodies = bodies.into();
    let reply = CannedReply { shortcut: shortcut.into(), title: title.into(), team, bodies };
    change(&state, &trace, &caller, id, change_id, Some(reply)).await
}

/// Deletes a canned reply, which only leads may
///
/// A deletion of a reply that does not exist is accepted and has no effect.
#[utoipa::path(
    delete,
    path = paths::CANNED_REPLY,
    tag = "staff",
    security(("token" = [])),
    params(("id" = ClientId, Path, description = "The reply's id"), DeletionParameters),
    responses(
        (status = 202, description = "Accepted", body = CannedReplyAccepted),
        ParameterRejected,
        CallerRejected,
        TeamDeskOff,
        RateLimited,
        NotAccepted,
    )
)]
pub async fn delete_canned_reply(
    _desk: OpenDesk,
    state: web::Data<AppState>,
    trace: RequestTrace,
    caller: Caller,
    id: PathId,
    parameters: Parameters<DeletionParameters>,
) -> Result<HttpResponse, Problem> {
    caller.require_lead()?;
    state.sender_limit.check_caller(&caller)?;
    change(&state, &trace, &caller, id, parameters.0.change_id, None).await
}

/// Publishes the change of a reply to `reply`, or its deletion.
async fn change(
    state: &AppState,
    trace: &RequestTrace,
    caller: &Caller,
    PathId(id): PathId,
    change_id: Option<ClientId>,
    reply: Option<CannedReply>,
) -> Result<HttpResponse, Problem> {
    let change_id = change_id.map_or_else(Uuid::now_v7, ClientId::uuid);
    let accepted_at = state.clock.next_timestamp();
    let span = trace.start("change canned reply", change_id);
    let by = match caller {
        Caller::Staff { id, .. } => Some(id.clone()),
        Caller::Trusted | Caller::Player { .. } => None,
    };
    let change = CannedReplyChange { change_id, reply_id: id.uuid(), reply, by, accepted_at };
    let event = Event::CannedReplyChange(Box::new(change));
    publish_event(event, &state.event_publisher, span).await?;
    Ok(HttpResponse::Accepted().json(CannedReplyAccepted {
        success: true,
        id: id.uuid(),
        change_id,
        accepted_at,
        status: "accepted",
    }))
}

/// How long a request waits for another one that reads the list.
const MAX_WAIT: Duration = Duration::from_secs(2);

/// Lists the canned replies
///
/// `ETag` is the list's version in quotes. With `If-None-Match` of that version the response is a
/// 304.
#[utoipa::path(
    get,
    path = paths::CANNED_REPLIES,
    tag = "staff",
    security(("token" = [])),
    params((
        "If-None-Match" = Option<String>, Header,
        description = "The `ETag` of an earlier response", example = "\"17\"",
    )),
    responses(
        (
            status = 200, description = "The list", body = CannedReplies,
            headers(("ETag" = String, description = "The list's version in quotes")),
        ),
        (
            status = 304, description = "The client has this version",
            headers(("ETag" = String, description = "The list's version in quotes")),
        ),
        CallerRejected,
        TeamDeskOff,
        RateLimited,
        HistoryUnavailable,
    )
)]
pub async fn canned_replies(
    _desk: OpenDesk,
    state: web::Data<AppState>,
    request: HttpRequest,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    caller.require_staff()?;
    let memory = state.readers.admit(&caller, state.client(&request), 1).await?;
    let unavailable = |_| Problem::HistoryUnavailable;
    let version = state
        .history
        .read(HistoryRead::CannedReplies, reads::canned_replies_version)
        .await
        .map_err(unavailable)?;
    if has(&request, version) {
        return Ok(HttpResponse::NotModified().insert_header(ETag(tag(version))).finish());
    }
    // One request reads the list, and the others wait for it.
    let cached = timeout(MAX_WAIT, state.canned_replies.lock()).await;
    let mut cached = cached.map_err(|_| Problem::HistoryUnavailable)?;
    let list = match cached.as_ref().filter(|list| list.version == version) {
        Some(list) => list.clone(),
        None => {
            let replies = state
                .history
                .read(HistoryRead::CannedReplies, reads::canned_replies)
                .await
                .map_err(unavailable)?;
            cached.insert(replies.encode().map_err(|_| Problem::Internal)?).clone()
        }
    };
    drop(cached);
    let mut response = memory.response(list.json);
    let (name, value) = ETag(tag(list.version)).try_into_pair().map_err(|_| Problem::Internal)?;
    response.headers_mut().insert(name, value);
    Ok(response)
}

/// Whether the client has `version`.
fn has(request: &HttpRequest, version: i64) -> bool {
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|known| known.weak_eq(&tag(version))),
        // Of any version: RFC 9110, section 13.1.2.
        Ok(IfNoneMatch::Any) => true,
        Err(_) => false,
    }
}

fn tag(version: i64) -> EntityTag {
    EntityTag::new_strong(version.to_string())
}
