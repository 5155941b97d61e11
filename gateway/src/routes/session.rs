//! `POST /api/unified-chat/conversations/{playerId}/session`

use actix_web::{HttpResponse, web};
use chat::{Priority, SessionAction, SessionChange, Tag, event::Event};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    paths,
    publishing::{ChangeAccepted, RequestTrace, publish_event},
    responses::{BodyRejected, CallerRejected, NotAccepted, RateLimited, TeamDeskOff},
};
use crate::{
    auth::{Actor, Caller},
    http::{Body, ClientId, OpenDesk, PathPlayer, by_name, name_based_uuid},
    input::{NewName, NewPlayerId, NewSenderId, NewTag},
    problem::{self, Problem},
    state::AppState,
    team_desk::TeamDesk,
};

/// A change of the tags of a session, of its priority, or of both.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionRequest {
    /// The change's id, made by the client so that it can send the change again; without one the
    /// gateway makes a version 7 UUID.
    change_id: Option<ClientId>,
    /// The session that the member of the staff acts on. Without it the change acts on the session
    /// that is open when the change is accepted.
    session_id: Option<ClientId>,
    /// The tags to add and to remove. They or `priority` must be there.
    tags: Option<TagChange>,
    /// The new priority.
    #[serde(default, deserialize_with = "optional_priority")]
    priority: Option<Priority>,
    /// The portal's id for the member of the staff who acts. Ignored with tokens, whose `sub` it is.
    actor_id: Option<NewSenderId>,
    /// The display name of that member. Ignored with tokens, which name the member.
    actor_name: Option<NewName>,
}

/// The tags to add and to remove: 1 to 20 together.
#[derive(Debug, Deserialize, ToSchema)]
pub struct TagChange {
    /// The tags that the session gets.
    #[serde(default)]
    #[schema(max_items = 20)]
    add: Vec<NewTag>,
    /// The tags that the session loses.
    #[serde(default)]
    #[schema(max_items = 20)]
    remove: Vec<NewTag>,
}

/// Changes the tags and the priority of a conversation's session
///
/// The change goes through the queues like a message; `session-updated` for staff announces its
/// effect. Changes of one session apply in the order in which they were accepted. A session has at
/// most 20 tags. After a 503, or without a response, send it again with the same `changeId`.
#[utoipa::path(
    post,
    path = paths::SESSION_DOCUMENTED,
    tag = "staff",
    security(("token" = [])),
    params(("playerId" = NewPlayerId, Path, description = "The player whose conversation it is")),
    request_body(
        content = SessionRequest,
        example = json!({"tags": {"add": ["refund"]}, "priority": "high"}),
    ),
    responses(
        (status = 202, description = "Accepted", body = ChangeAccepted),
        BodyRejected,
        CallerRejected,
        TeamDeskOff,
        RateLimited,
        NotAccepted,
    )
)]
pub async fn change_session(
    desk: OpenDesk,
    state: web::Data<AppState>,
    trace: RequestTrace,
    caller: Caller,
    player: PathPlayer,
    body: Body<SessionRequest>,
) -> Result<HttpResponse, Problem> {
    let SessionRequest { change_id, session_id, tags, priority, actor_id, actor_name } = body.0;
    let actor = caller.authorize_actor(Actor::claimed(actor_id, actor_name))?;
    state.sender_limit.check_caller(&caller)?;
    let tags = tags.map(|tags| tags.check(&desk.0)).transpose()?;
    let change_id = change_id.map_or_else(Uuid::now_v7, ClientId::uuid);
    let publish = async |change_id: Uuid, what: SessionAction| {
        let accepted_at = state.clock.next_timestamp();
        let span = trace.start("change session", change_id);
        let change = SessionChange {
            change_id,
            player_id: player.0.clone(),
            session_id: session_id.map(ClientId::uuid),
            what,
            by: actor.id.clone(),
            by_name: actor.name.clone(),
            accepted_at,
            traceparent: span.traceparent(),
        };
        let event = Event::SessionChange(Box::new(change));
        publish_event(event, &state.event_publisher, span).await.map(|()| accepted_at)
    };
    let accepted_at = match (tags, priority.map(SessionAction::Priority)) {
        // The events wait together for the next publish, which takes both.
        (Some(tags), Some(priority)) => {
            let both = tokio::try_join!(
                publish(change_id, tags),
                publish(name_based_uuid(change_id, "priority"), priority)
            );
            // The client knows one id, with which it sends both again.
            both.map_err(|_| problem::NotAccepted::Change(change_id))?.1
        }
        (Some(change), None) | (None, Some(change)) => publish(change_id, change).await?,
        (None, None) => {
            return Err(Problem::invalid_field("tags", "is missing, and so is priority"));
        }
    };
    Ok(ChangeAccepted::new(change_id, accepted_at).response())
}

impl TagChange {
    fn check(self, desk: &TeamDesk) -> Result<SessionAction, Problem> {
        let invalid = |reason| Err(Problem::invalid_field("tags", reason));
        let of = |tags: Vec<NewTag>| tags.into_iter().map(Tag::from).collect::<Vec<_>>();
        let (add, remove) = (of(self.add), of(self.remove));
        if !(1..=Tag::MAX_OF_SESSION).contains(&(add.len() + remove.len())) {
            return invalid("must add and remove 1 to 20 tags together");
        }
        if add.iter().any(|tag| remove.contains(tag)) {
            return invalid("must not add and remove the same tag");
        }
        for tag in &add {
            desk.check_tag("tags.add", tag)?;
        }
        Ok(SessionAction::Tags { add, remove })
    }
}

fn optional_priority<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Priority>, D::Error> {
    #[derive(Deserialize)]
    struct Named(#[serde(deserialize_with = "by_name")] Priority);
    Ok(Option::<Named>::deserialize(from)?.map(|Named(priority)| priority))
}
