//! `GET /api/portal/config`

use actix_web::{HttpResponse, web};

use super::{paths, responses::RateLimited};
use crate::{portal::PortalConfig, state::AppState};

/// Returns the configuration of the portal's pages
///
/// It needs no token: a page asks before its user is known.
#[utoipa::path(
    get,
    path = paths::PORTAL_CONFIG,
    tag = "pusher",
    security(()),
    responses(
        (status = 200, description = "The configuration", body = PortalConfig),
        RateLimited,
    )
)]
pub async fn portal_config(state: web::Data<AppState>) -> HttpResponse {
    HttpResponse::Ok().json(&state.portal_config)
}
