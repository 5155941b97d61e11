//! `POST /api/unified-chat/conversations/{playerId}/assignment`

use actix_web::{HttpResponse, web};
use chat::{
    Assignee, AssignmentReason, Name, PlayerId, SenderId, SessionAction, SessionChange, Team,
    event::Event,
};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    paths,
    publishing::{ChangeAccepted, RequestTrace, publish_event},
    responses::{BodyRejected, CallerRejected, NotAccepted, RateLimited, TeamDeskOff},
};
use crate::{
    auth::{Actor, Caller},
    http::{Body, ClientId, OpenDesk, PathPlayer, by_name},
    input::{NewName, NewPlayerId, NewSenderId, NewTeam},
    metrics::HistoryRead,
    problem::Problem,
    reads::{self, Assignability},
    state::AppState,
    team_desk::TeamDesk,
};

/// A change of the member of the staff who has a session.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(try_from = "Fields", tag = "action", rename_all = "lowercase")]
pub enum AssignmentRequest {
    /// The caller takes the session, unless a member of the staff has it by then.
    #[serde(rename_all = "camelCase")]
    Claim {
        /// The change's id, made by the client so that it can send the change again; without one the
        /// gateway makes a version 7 UUID.
        change_id: Option<ClientId>,
        /// The session that the member of the staff acts on. Without it the change acts on the
        /// session that is open when the change is accepted.
        session_id: Option<ClientId>,
        /// The portal's id for the member of the staff who takes it. Needed without tokens, and
        /// ignored with them: it is their `sub`.
        actor_id: Option<NewSenderId>,
        /// The display name of that member. Ignored with tokens, which name the member.
        actor_name: Option<NewName>,
    },
    /// The caller gives the session to a member of the staff.
    #[serde(rename_all = "camelCase")]
    Assign {
        /// The change's id, as for a claim.
        change_id: Option<ClientId>,
        /// The session that the member of the staff acts on, as for a claim.
        session_id: Option<ClientId>,
        /// The portal's id for the member who gets it, which `GET /api/staff` lists.
        assignee_id: NewSenderId,
        /// The display name of the member who gets it.
        assignee_name: Option<NewName>,
        /// The portal's id for the member of the staff who acts. Ignored with tokens, whose `sub` it
        /// is.
        actor_id: Option<NewSenderId>,
        /// The display name of the member who acts. Ignored with tokens, which name the member.
        actor_name: Option<NewName>,
    },
    /// The caller puts the session back.
    #[serde(rename_all = "camelCase")]
    Release {
        /// The change's id, as for a claim.
        change_id: Option<ClientId>,
        /// The session that the member of the staff acts on, as for a claim.
        session_id: Option<ClientId>,
        /// The team that the session goes to; without it the session keeps its team.
        team: Option<NewTeam>,
        /// The portal's id for the member of the staff who acts. Ignored with tokens, whose `sub` it
        /// is.
        actor_id: Option<NewSenderId>,
        /// The display name of the member who acts. Ignored with tokens, which name the member.
        actor_name: Option<NewName>,
    },
}

/// The fields of an [`AssignmentRequest`].
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    change_id: Option<ClientId>,
    session_id: Option<ClientId>,
    #[serde(deserialize_with = "by_name")]
    action: ActionName,
    assignee_id: Option<NewSenderId>,
    assignee_name: Option<NewName>,
    team: Option<NewTeam>,
    actor_id: Option<NewSenderId>,
    actor_name: Option<NewName>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ActionName {
    Claim,
    Assign,
    Release,
}

impl TryFrom<Fields> for AssignmentRequest {
    type Error = &'static str;

    fn try_from(fields: Fields) -> Result<Self, Self::Error> {
        let Fields { change_id, session_id, action, assignee_id, assignee_name, .. } = fields;
        let Fields { team, actor_id, actor_name, .. } = fields;
        Ok(match action {
            ActionName::Claim => Self::Claim { change_id, session_id, actor_id, actor_name },
            ActionName::Assign => {
                let assignee_id = assignee_id.ok_or("field `assigneeId` is missing")?;
                Self::Assign {
                    change_id,
                    session_id,
                    assignee_id,
                    assignee_name,
                    actor_id,
                    actor_name,
                }
            }
            ActionName::Release => {
                Self::Release { change_id, session_id, team, actor_id, actor_name }
            }
        })
    }
}

/// What a request does to a session.
enum Action {
    Claim,
    Assign { id: SenderId, name: Option<Name> },
    Release { team: Option<Team> },
}

/// An [`AssignmentRequest`] whose common fields stand once.
struct Assignment {
    change_id: Option<ClientId>,
    session_id: Option<Uuid>,
    actor: Actor,
    action: Action,
}

impl From<AssignmentRequest> for Assignment {
    fn from(request: AssignmentRequest) -> Self {
        let (change_id, session_id, actor, action) = match request {
            AssignmentRequest::Claim { change_id, session_id, actor_id, actor_name } => {
                (change_id, session_id, Actor::claimed(actor_id, actor_name), Action::Claim)
            }
            AssignmentRequest::Assign {
                change_id,
                session_id,
                assignee_id,
                assignee_name,
                actor_id,
                actor_name,
            } => {
                let name = assignee_name.map(Into::into);
                let action = Action::Assign { id: assignee_id.into(), name };
                (change_id, session_id, Actor::claimed(actor_id, actor_name), action)
            }
            AssignmentRequest::Release { change_id, session_id, team, actor_id, actor_name } => {
                let action = Action::Release { team: team.map(Into::into) };
                (change_id, session_id, Actor::claimed(actor_id, actor_name), action)
            }
        };
        Self { change_id, session_id: session_id.map(ClientId::uuid), actor, action }
    }
}

/// Claims, assigns or releases a conversation's session
///
/// The change goes through the queues like a message; `session-updated` announces its effect. Of the
/// claims of one session the one that was accepted first has an effect. The `staleChangeIds` of a
/// `session-updated` for staff list changes that acted on no open session. While the database
/// answers, a change of a resolved session and an unknown assignee are rejected at once. After a
/// 503, or without a response, send it again with the same `changeId`.
#[utoipa::path(
    post,
    path = paths::ASSIGNMENT_DOCUMENTED,
    tag = "staff",
    security(("token" = [])),
    params(("playerId" = NewPlayerId, Path, description = "The player whose conversation it is")),
    request_body(content = AssignmentRequest, example = json!({"action": "claim"})),
    responses(
        (status = 202, description = "Accepted", body = ChangeAccepted),
        BodyRejected,
        CallerRejected,
        TeamDeskOff,
        RateLimited,
        NotAccepted,
    )
)]
pub async fn change_assignment(
    desk: OpenDesk,
    state: web::Data<AppState>,
    trace: RequestTrace,
    caller: Caller,
    player: PathPlayer,
    body: Body<AssignmentRequest>,
) -> Result<HttpResponse, Problem> {
    let Assignment { change_id, session_id, actor, action } = body.0.into();
    let actor = caller.authorize_actor(actor)?;
    state.sender_limit.check_caller(&caller)?;
    let what = action.by(&actor, &desk.0)?;
    check_target(&state, &player.0, session_id, &actor, &what).await?;
    let change_id = change_id.map_or_else(Uuid::now_v7, ClientId::uuid);
    let accepted_at = state.clock.next_timestamp();
    let span = trace.start("change assignment", change_id);
    let change = SessionChange {
        change_id,
        player_id: player.0,
        session_id,
        what,
        by: actor.id,
        by_name: actor.name,
        accepted_at,
        traceparent: span.traceparent(),
    };
    publish_event(Event::SessionChange(Box::new(change)), &state.event_publisher, span).await?;
    Ok(ChangeAccepted::new(change_id, accepted_at).response())
}

impl Action {
    /// The change that `actor` makes.
    fn by(self, actor: &Actor, desk: &TeamDesk) -> Result<SessionAction, Problem> {
        Ok(match self {
            Self::Claim => {
                let id = actor.id.clone();
                let id = id.ok_or_else(|| Problem::invalid_field("actorId", "is missing"))?;
                let (name, reason) = (actor.name.clone(), AssignmentReason::Claim);
                SessionAction::Claim(Assignee { id, name, reason })
            }
            Self::Assign { id, name } => {
                SessionAction::Assign(Assignee { id, name, reason: AssignmentReason::Manual })
            }
            Self::Release { team } => {
                if let Some(team) = &team {
                    desk.check_team("team", team)?;
                }
                SessionAction::Release { team, from: None }
            }
        })
    }
}

/// Rejects what the persister would find to have no effect, as far as the database answers at once.
async fn check_target(
    state: &AppState,
    player: &PlayerId,
    session_id: Option<Uuid>,
    actor: &Actor,
    what: &SessionAction,
) -> Result<(), Problem> {
    let assignee = match what {
        SessionAction::Claim(_) => None,
        // The actor is a member of the staff, also before their desk has reported them.
        SessionAction::Assign(assignee) => {
            Some(&assignee.id).filter(|id| actor.id.as_ref() != Some(id))
        }
        _ => return Ok(()),
    };
    let known = state
        .history
        .read_if_quick(HistoryRead::Assignment, async |connection| {
            reads::assignability(connection, player, session_id, assignee).await
        })
        .await;
    let Some(Assignability { is_resolved, is_unknown }) = known else { return Ok(()) };
    if is_resolved {
        return Err(Problem::invalid_field("action", "must be on an open session: it is resolved"));
    }
    if is_unknown {
        return Err(Problem::invalid_field("assigneeId", "is no member of the staff"));
    }
    Ok(())
}
