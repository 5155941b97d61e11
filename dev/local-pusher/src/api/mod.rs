//! Pusher's HTTP API, as far as servers use it: events are triggered, channels are asked about.
//!
//! Source: <https://pusher.com/docs/channels/library_auth_reference/rest-api/>.

mod channels;
mod error;
mod event;
mod info;
mod signed;
mod trigger;

use actix_web::web;

pub use error::ApiError;
pub use event::Event;

/// Adds the routes below `/apps`.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::scope("/{app}")
            .route("/events", web::post().to(trigger::trigger))
            .route("/batch_events", web::post().to(trigger::trigger_batch))
            .route("/channels", web::get().to(channels::list))
            .route("/channels/{channel}", web::get().to(channels::show))
            .route("/channels/{channel}/users", web::get().to(channels::users)),
    );
}
