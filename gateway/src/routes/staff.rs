//! `GET /api/staff`

use actix_web::{HttpRequest, HttpResponse, web};
use chat::{Tag, Team};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    paths,
    responses::{CallerRejected, HistoryUnavailable, RateLimited, TeamDeskOff},
};
use crate::{
    auth::Caller,
    http::OpenDesk,
    input::{NewTag, NewTeam},
    metrics::HistoryRead,
    problem::Problem,
    reads::{self, StaffMember},
    state::AppState,
};

/// The members of the staff, and what they choose from.
#[derive(Debug, Serialize, ToSchema)]
pub struct Staff {
    /// The members who have reported their availability, the last report first: at most 1,000.
    staff: Vec<StaffMember>,
    /// The teams.
    #[schema(value_type = Vec<NewTeam>)]
    teams: Vec<Team>,
    /// The tags that staff may add; any when empty.
    #[schema(value_type = Vec<NewTag>)]
    tags: Vec<Tag>,
}

/// Lists the members of the staff, the teams and the tags
#[utoipa::path(
    get,
    path = paths::STAFF,
    tag = "staff",
    security(("token" = [])),
    responses(
        (status = 200, description = "The staff", body = Staff),
        CallerRejected,
        TeamDeskOff,
        RateLimited,
        HistoryUnavailable,
    )
)]
pub async fn staff(
    desk: OpenDesk,
    state: web::Data<AppState>,
    request: HttpRequest,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    caller.require_staff()?;
    let memory = state.readers.admit(&caller, state.client(&request), 1).await?;
    let now = chat::now();
    let staff = state
        .history
        .read(HistoryRead::Staff, async |connection| reads::staff(connection, now).await)
        .await
        .map_err(|_| Problem::HistoryUnavailable)?;
    let (teams, tags) = (desk.0.teams.clone(), desk.0.tags.clone());
    Ok(memory.json(&Staff { staff, teams, tags }))
}
