//! The part of Pusher's HTTP API that triggers events.
//!
//! Source: <https://pusher.com/docs/channels/library_auth_reference/rest-api/>.

mod body;
mod error;
mod signed;
mod trigger;

use actix_web::web;

pub use error::ApiError;

/// Adds the routes below `/apps`.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::scope("/{app}")
            .route("/events", web::post().to(trigger::trigger))
            .route("/batch_events", web::post().to(trigger::trigger_batch)),
    );
}
