//! One file a call, beside what those that send have in common. Each parses, calls, maps.

pub mod conversation;
pub mod health;
pub mod inbox;
pub mod portal_config;
pub mod publishing;
pub mod pusher_auth;
pub mod send;
pub mod status;

use actix_web::{HttpResponse, Resource, Route, guard, middleware::from_fn, web};

use crate::{
    http::{Pages, Problem, cors, no_store, not_found},
    limits::limit_by_address,
    openapi,
    portal::{self, PortalSettings},
};

/// Below it are the calls of the chat.
pub(crate) const API: &str = "/api";
/// Below it is what probes ask.
pub(crate) const HEALTH: &str = "/health";
const SEND: &str = "/api/staff-chat-integration/send";
/// Where the inbox is read.
pub(crate) const INBOX: &str = "/api/unified-chat/conversations";
/// Where a conversation is read.
pub(crate) const CONVERSATION: &str = "/api/unified-chat/conversations/{player_id}";
const STATUS: &str = "/api/unified-chat/conversations/{player_id}/status";
const PORTAL_CONFIG: &str = "/api/portal/config";
const PUSHER_AUTH: &str = "/api/pusher/auth";
const LIVE: &str = "/health/live";
const READY: &str = "/health/ready";

/// The path of every call, by which requests are counted.
pub(crate) const ALL: [&str; 8] =
    [SEND, INBOX, CONVERSATION, STATUS, PORTAL_CONFIG, PUSHER_AUTH, LIVE, READY];

/// Every call of the gateway, of which `pages` may make those of the chat, and the portal's own pages.
pub fn configure(services: &mut web::ServiceConfig, pages: &Pages, portal: &PortalSettings) {
    let chat = web::scope(API)
        .wrap(from_fn(limit_by_address))
        .wrap(no_store())
        .wrap(cors(pages))
        .service(post(SEND, web::post().to(send::send)))
        .service(get(INBOX, read().to(inbox::inbox)))
        .service(get(CONVERSATION, read().to(conversation::conversation)))
        .service(post(STATUS, web::post().to(status::change_status)))
        .service(get(PORTAL_CONFIG, read().to(portal_config::portal_config)))
        .service(post(PUSHER_AUTH, web::post().to(pusher_auth::authorize)));
    services
        .service(chat)
        .service(get(LIVE, read().to(health::live)))
        .service(get(READY, read().to(health::ready)))
        .configure(openapi::serve)
        .configure(|services| portal::serve(services, portal))
        .default_service(web::to(not_found));
}

/// What is at `path`, and is counted under that name.
fn resource(path: &str) -> Resource {
    // The scope of the chat's calls adds its own part.
    web::resource(path.strip_prefix(API).unwrap_or(path)).name(path)
}

fn get(path: &str, route: Route) -> Resource {
    let others = || async { Err::<HttpResponse, _>(Problem::MethodNotAllowed("GET, HEAD")) };
    resource(path).route(route).default_service(web::to(others))
}

fn post(path: &str, route: Route) -> Resource {
    let others = || async { Err::<HttpResponse, _>(Problem::MethodNotAllowed("POST")) };
    resource(path).route(route).default_service(web::to(others))
}

/// HEAD is answered as GET is, without the body.
pub(crate) fn read() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}
