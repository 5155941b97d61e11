//! `GET /app/{key}`: the WebSocket of a client.

mod connection;
mod handshake;
mod rate;

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, Result, error::ErrorServiceUnavailable, rt, web};

use self::{connection::Connection, handshake::Handshake};
use crate::{wire::Wire, world::World};

/// Adds the route of the WebSocket.
pub fn routes(config: &mut web::ServiceConfig) {
    config.route("/app/{key}", web::get().to(connect));
}

async fn connect(
    world: web::Data<World>,
    request: HttpRequest,
    key: web::Path<String>,
    handshake: web::Query<Handshake>,
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
    let accepted = handshake.check(&world.settings, &key);
    let (response, session, messages) = actix_ws::handle(&request, body)?;
    rt::spawn(async move {
        match accepted {
            Ok(app) => Connection::new(world.into_inner(), app, session, wire).run(messages).await,
            Err(error) => {
                if connection::reject(session, &error).await.is_err() {
                    tracing::debug!("a client disconnected before it was rejected");
                }
            }
        }
    });
    Ok(response)
}
