use actix_web::{HttpResponse, web};
use serde_json::json;

use super::{ApiError, body, signed::Signed};
use crate::{protocol::Event, world::World};

/// `POST /apps/{id}/events`: one event for up to 100 channels.
pub(super) async fn trigger(
    world: web::Data<World>,
    call: Signed,
) -> Result<HttpResponse, ApiError> {
    publish(&world, &[body::parse_event(call.body())?])
}

/// `POST /apps/{id}/batch_events`: up to ten events, each for one channel.
pub(super) async fn trigger_batch(
    world: web::Data<World>,
    call: Signed,
) -> Result<HttpResponse, ApiError> {
    publish(&world, &body::parse_batch(call.body())?)
}

fn publish(world: &World, events: &[Event]) -> Result<HttpResponse, ApiError> {
    world.publish(events);
    Ok(HttpResponse::Ok().json(json!({})))
}
