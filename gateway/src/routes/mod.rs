//! The HTTP routes, one file for each. A handler parses, authorizes, calls, maps.

pub mod assignment;
pub mod attachments;
pub mod availability;
pub mod canned_replies;
pub mod conversation;
pub mod health;
pub mod inbox;
mod mentions;
pub mod notes;
mod pages;
pub mod paging;
pub mod paths;
pub mod portal_config;
pub mod publishing;
pub mod pusher_auth;
pub mod read_mark;
pub mod responses;
pub mod send;
pub mod session;
pub mod staff;
pub mod status;

use actix_web::{HttpResponse, Resource, Route, guard, middleware::from_fn, web};

use crate::{
    middleware::{cors, limit_by_address, no_store},
    portal::Portal,
    problem::Problem,
    settings::CorsPolicy,
};

/// Mounts every route, and the portal's pages. `cors_policy` is that of the chat's routes.
pub fn configure(services: &mut web::ServiceConfig, cors_policy: &CorsPolicy, portal: &Portal) {
    let chat = web::scope(paths::API)
        .wrap(from_fn(limit_by_address))
        .wrap(no_store())
        .wrap(cors(cors_policy))
        .service(post(paths::SEND, web::post().to(send::send)))
        .service(get(paths::INBOX, read().to(inbox::inbox)))
        .service(get(paths::CONVERSATION, read().to(conversation::conversation)))
        .service(post(paths::STATUS, web::post().to(status::change_status)))
        .service(post(paths::READ_MARK, web::post().to(read_mark::mark_messages)))
        .service(post(paths::ASSIGNMENT, web::post().to(assignment::change_assignment)))
        .service(post(paths::SESSION, web::post().to(session::change_session)))
        .service(
            allowing(paths::NOTES, "GET, HEAD, POST")
                .route(read().to(notes::read_notes))
                .route(web::post().to(notes::write_note)),
        )
        .service(
            allowing(paths::ATTACHMENT, "GET, HEAD, PUT")
                .route(read().to(attachments::link::link))
                .route(web::put().to(attachments::upload::upload)),
        )
        .service(get(paths::ATTACHMENT_FILE, read().to(attachments::file::file)))
        .service(get(paths::STAFF, read().to(staff::staff)))
        .service(
            allowing(paths::AVAILABILITY, "PUT")
                .route(web::put().to(availability::report_availability)),
        )
        .service(get(paths::CANNED_REPLIES, read().to(canned_replies::canned_replies)))
        .service(
            allowing(paths::CANNED_REPLY, "PUT, DELETE")
                .route(web::put().to(canned_replies::write_canned_reply))
                .route(web::delete().to(canned_replies::delete_canned_reply)),
        )
        .service(get(paths::PORTAL_CONFIG, read().to(portal_config::portal_config)))
        .service(post(paths::PUSHER_AUTH, web::post().to(pusher_auth::authorize)));
    services
        .service(chat)
        .service(get(paths::LIVE, read().to(health::live)))
        .service(get(paths::READY, read().to(health::ready)))
        .configure(|services| pages::serve(services, portal))
        .default_service(web::to(not_found));
}

/// The resource at `path`, by which its requests are counted.
fn resource(path: &str) -> Resource {
    // The scope of the chat's routes adds the prefix.
    web::resource(path.strip_prefix(paths::API).unwrap_or(path)).name(path)
}

fn get(path: &str, route: Route) -> Resource {
    allowing(path, "GET, HEAD").route(route)
}

fn post(path: &str, route: Route) -> Resource {
    allowing(path, "POST").route(route)
}

/// The resource at `path`, which rejects other methods than `methods`.
fn allowing(path: &str, methods: &'static str) -> Resource {
    let not_allowed =
        move || async move { Err::<HttpResponse, _>(Problem::MethodNotAllowed(methods)) };
    resource(path).default_service(web::to(not_allowed))
}

/// GET and HEAD. The connection leaves out the body of a response to HEAD.
pub(crate) fn read() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

async fn not_found() -> Result<HttpResponse, Problem> {
    Err(Problem::NotFound)
}
