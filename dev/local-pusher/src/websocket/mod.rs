//! `GET /app/{key}`: a client connects, is let in or told why not, and talks.

mod connection;
mod door;
mod rate;

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, Result, error::ErrorServiceUnavailable, rt, web};

use self::{connection::Connection, door::Door};
use crate::{wire::Wire, world::World};

/// Adds the WebSocket's route.
pub fn routes(config: &mut web::ServiceConfig) {
    config.route("/app/{key}", web::get().to(connect));
}

async fn connect(
    world: web::Data<World>,
    request: HttpRequest,
    key: web::Path<String>,
    door: web::Query<Door>,
    body: web::Payload,
) -> Result<HttpResponse> {
    let wire = request
        .conn_data::<Arc<Wire>>()
        .cloned()
        .ok_or_else(|| ErrorServiceUnavailable("out of file descriptors"))?;
    if world.refuses_connections() {
        wire.cut();
        return Ok(HttpResponse::ServiceUnavailable().finish());
    }
    let admission = door.admit(&world.settings.app, &key);
    let (response, session, messages) = actix_ws::handle(&request, body)?;
    rt::spawn(async move {
        match admission {
            Ok(()) => Connection::new(world.into_inner(), session, wire).run(messages).await,
            Err(error) => {
                if connection::turn_away(session, &error).await.is_err() {
                    tracing::debug!("a client left before it could be turned away");
                }
            }
        }
    });
    Ok(response)
}
