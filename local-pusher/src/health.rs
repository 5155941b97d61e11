//! `/health/…`: the server depends on nothing, so it is ready as soon as it lives.

use actix_web::{HttpResponse, web};
use serde_json::json;

/// Adds the routes below `/health`.
pub fn routes(config: &mut web::ServiceConfig) {
    config.route("/live", web::get().to(live)).route("/ready", web::get().to(ready));
}

async fn live() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "live"}))
}

async fn ready() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "ready", "dependencies": {}}))
}
