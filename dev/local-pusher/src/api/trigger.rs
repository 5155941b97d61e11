use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use serde_json::{Value, json};

use super::{ApiError, Event, info::Facts, signed::Signed};
use crate::{hub::Hub, protocol::ChannelName, world::World};

/// `POST /apps/{id}/events`: one event for up to 100 channels.
pub(super) async fn trigger(
    world: web::Data<World>,
    call: Signed,
) -> Result<HttpResponse, ApiError> {
    let event = Event::parse(call.body())?;
    let answer = match event.info.is_empty() {
        true => json!({}),
        false => json!({"channels": facts_of(&event, &world.hub)}),
    };
    world.publish(&[event]);
    Ok(HttpResponse::Ok().json(answer))
}

/// `POST /apps/{id}/batch_events`: up to ten events, each for a channel.
pub(super) async fn trigger_batch(
    world: web::Data<World>,
    call: Signed,
) -> Result<HttpResponse, ApiError> {
    let events = Event::parse_batch(call.body())?;
    let answer = match events.iter().all(|event| event.info.is_empty()) {
        true => json!({}),
        false => json!({"batch": facts_of_each(&events, &world.hub)}),
    };
    world.publish(&events);
    Ok(HttpResponse::Ok().json(answer))
}

fn facts_of<'a>(event: &'a Event, hub: &Hub) -> BTreeMap<&'a ChannelName, Facts> {
    let channels = event.channels.iter();
    channels.map(|channel| (channel, event.info.of(hub.counts(channel)))).collect()
}

/// A batch's events have one channel each, so their facts need no name.
fn facts_of_each(events: &[Event], hub: &Hub) -> Vec<Value> {
    let facts = events.iter().flat_map(|event| facts_of(event, hub).into_values());
    facts.map(|facts| json!(facts)).collect()
}
