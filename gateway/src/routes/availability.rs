//! `PUT /api/staff/availability`

use actix_web::{HttpResponse, web};
use chat::{Availability, StaffAvailability, ValidationError, event::Event};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    paging::Seq,
    paths,
    publishing::{RequestTrace, publish_event},
    responses::{BodyRejected, CallerRejected, NotAccepted, RateLimited, TeamDeskOff},
};
use crate::{
    auth::{Actor, Caller},
    http::{Body, OpenDesk, by_name},
    input::{NewName, NewSenderId},
    problem::Problem,
    state::AppState,
};

/// Whether a member of the staff takes sessions.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AvailabilityRequest {
    /// Whether the member takes sessions.
    #[serde(deserialize_with = "by_name")]
    status: Availability,
    /// How many open sessions the member has at once before the system assigns no more. Without it
    /// the claim `capacity` of the token counts, and then the system's default.
    #[schema(value_type = Option<u16>, minimum = 0, maximum = 1000)]
    capacity: Option<Capacity>,
    /// The portal's id for the member. Needed without tokens, and ignored with them: it is their
    /// `sub`.
    actor_id: Option<NewSenderId>,
    /// The member's display name. Ignored with tokens, which name the member.
    actor_name: Option<NewName>,
}

/// 0 to 1,000 open sessions. It is read as a `seq` is: 5.0 is the same number as 5.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "Seq")]
struct Capacity(u16);

impl Capacity {
    const MAX: u16 = 1_000;
}

impl TryFrom<Seq> for Capacity {
    type Error = ValidationError;

    fn try_from(capacity: Seq) -> Result<Self, ValidationError> {
        let capacity = u16::try_from(capacity.get()).ok().filter(|capacity| *capacity <= Self::MAX);
        capacity.map(Self).ok_or(ValidationError("must be 0 to 1,000"))
    }
}

/// An accepted availability: it is on disk in both queues.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AvailabilityAccepted {
    /// Always `true`.
    success: bool,
    /// When it was accepted. The last one counts.
    #[serde(serialize_with = "chat::timestamp::serialize")]
    accepted_at: DateTime<Utc>,
    /// Always `accepted`.
    #[schema(examples("accepted"))]
    status: &'static str,
}

/// Reports whether the caller takes sessions
///
/// An open desk sends it every 60 seconds. A member whose last report is older than 150 seconds counts
/// as away. The token names the member and the member's teams.
#[utoipa::path(
    put,
    path = paths::AVAILABILITY,
    tag = "staff",
    security(("token" = [])),
    request_body(content = AvailabilityRequest, example = json!({"status": "online"})),
    responses(
        (status = 202, description = "Accepted", body = AvailabilityAccepted),
        BodyRejected,
        CallerRejected,
        TeamDeskOff,
        RateLimited,
        NotAccepted,
    )
)]
pub async fn report_availability(
    _desk: OpenDesk,
    state: web::Data<AppState>,
    trace: RequestTrace,
    caller: Caller,
    body: Body<AvailabilityRequest>,
) -> Result<HttpResponse, Problem> {
    let AvailabilityRequest { status, capacity, actor_id, actor_name } = body.0;
    let Actor { id, name } = caller.authorize_actor(Actor::claimed(actor_id, actor_name))?;
    let staff_id = id.ok_or_else(|| Problem::invalid_field("actorId", "is missing"))?;
    state.availability_limit.check(&staff_id)?;
    let (teams, own_capacity) = match caller {
        Caller::Staff { profile, .. } => (profile.teams, profile.capacity),
        Caller::Trusted | Caller::Player { .. } => (Vec::new(), None),
    };
    let capacity = capacity.map(|Capacity(capacity)| capacity);
    let own_capacity = own_capacity.map(|capacity| capacity.min(Capacity::MAX));
    let accepted_at = state.clock.next_timestamp();
    let span = trace.start("report availability", Uuid::now_v7());
    let availability = StaffAvailability {
        staff_id,
        name,
        teams,
        capacity: capacity.or(own_capacity),
        availability: status,
        accepted_at,
    };
    let event = Event::StaffAvailability(Box::new(availability));
    publish_event(event, &state.event_publisher, span).await?;
    Ok(HttpResponse::Accepted().json(AvailabilityAccepted {
        success: true,
        accepted_at,
        status: "accepted",
    }))
}
