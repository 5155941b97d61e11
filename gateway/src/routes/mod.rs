//! One file a call. Each parses, calls, maps.

pub mod conversation;
pub mod health;
pub mod inbox;
pub mod portal_config;
pub mod pusher_auth;
pub mod send;
pub mod status;

use actix_web::{HttpResponse, Resource, Route, guard, middleware::from_fn, web};

use crate::{
    http::{Origins, Problem, calls_from, not_for_caches, not_found},
    limits::limit_by_address,
    openapi,
    portal::{self, PortalSettings},
};

/// Every call of the gateway, of which pages of `origins` may make those of the chat, and the portal's
/// own pages.
pub fn configure(services: &mut web::ServiceConfig, origins: &Origins, portal: &PortalSettings) {
    let chat = web::scope("/api")
        .wrap(from_fn(limit_by_address))
        .wrap(not_for_caches())
        .wrap(calls_from(origins))
        .service(post("/staff-chat-integration/send", web::post().to(send::send)))
        .service(get("/unified-chat/conversations", read().to(inbox::inbox)))
        .service(get(
            "/unified-chat/conversations/{player_id}",
            read().to(conversation::conversation),
        ))
        .service(post(
            "/unified-chat/conversations/{player_id}/status",
            web::post().to(status::change_status),
        ))
        .service(get("/portal/config", read().to(portal_config::portal_config)))
        .service(post("/pusher/auth", web::post().to(pusher_auth::authorize)));
    services
        .service(chat)
        .service(get("/health/live", read().to(health::live)))
        .service(get("/health/ready", read().to(health::ready)))
        .configure(openapi::serve)
        .configure(|services| portal::serve(services, portal))
        .default_service(web::to(not_found));
}

fn get(path: &str, route: Route) -> Resource {
    let others = || async { Err::<HttpResponse, _>(Problem::MethodNotAllowed("GET, HEAD")) };
    web::resource(path).route(route).default_service(web::to(others))
}

fn post(path: &str, route: Route) -> Resource {
    let others = || async { Err::<HttpResponse, _>(Problem::MethodNotAllowed("POST")) };
    web::resource(path).route(route).default_service(web::to(others))
}

/// HEAD is answered as GET is, without the body.
fn read() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}
