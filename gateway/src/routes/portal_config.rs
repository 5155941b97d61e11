//! `GET /api/portal/config`

use actix_web::{HttpResponse, web};

use super::{paths, responses::RateLimited};
use crate::{portal::PortalConfig, state::AppState};

/// Tells a portal's page how to hear of messages
///
/// Nobody need say who they are: a page asks before it knows.
#[utoipa::path(
    get,
    path = paths::PORTAL_CONFIG,
    tag = "pusher",
    security(()),
    responses(
        (status = 200, description = "Where Pusher is, and which channels there are", body = PortalConfig),
        RateLimited,
    )
)]
pub async fn portal_config(state: web::Data<AppState>) -> HttpResponse {
    HttpResponse::Ok().json(&state.portal_config)
}
