//! `/health/…`: the server has no dependencies, so it is always ready.

use actix_web::{HttpResponse, web};
use service::health::{Readiness, live};

/// Adds the routes below `/health`.
pub fn routes(config: &mut web::ServiceConfig) {
    config.route("/live", web::get().to(live)).route("/ready", web::get().to(ready));
}

async fn ready() -> HttpResponse {
    Readiness::new(true, []).into_response()
}
