//! One file a call. Each parses, calls, maps.

pub mod conversation;
pub mod health;
pub mod inbox;
pub mod pusher_auth;
pub mod send;
pub mod status;

use actix_web::{HttpResponse, Resource, web};

use crate::{http::Problem, openapi};

/// Every call of the gateway.
pub fn configure(services: &mut web::ServiceConfig) {
    services
        .service(at("/api/staff-chat-integration/send").route(web::post().to(send::send)))
        .service(at("/api/unified-chat/conversations").route(web::get().to(inbox::inbox)))
        .service(
            at("/api/unified-chat/conversations/{player_id}")
                .route(web::get().to(conversation::conversation)),
        )
        .service(
            at("/api/unified-chat/conversations/{player_id}/status")
                .route(web::post().to(status::change_status)),
        )
        .service(at("/api/pusher/auth").route(web::post().to(pusher_auth::authorize)))
        .service(at("/health/live").route(web::get().to(health::live)))
        .service(at("/health/ready").route(web::get().to(health::ready)))
        .configure(openapi::serve)
        .default_service(web::to(not_found));
}

fn at(path: &str) -> Resource {
    web::resource(path).default_service(web::to(method_not_allowed))
}

async fn not_found() -> Result<HttpResponse, Problem> {
    Err(Problem::NotFound)
}

async fn method_not_allowed() -> Result<HttpResponse, Problem> {
    Err(Problem::MethodNotAllowed)
}
