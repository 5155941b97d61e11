use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use serde_json::json;

use super::{
    ApiError,
    info::{Facts, Info},
    signed::Signed,
};
use crate::{
    protocol::{ChannelKind, ChannelName},
    world::World,
};

/// `GET /apps/{id}/channels?filter_by_prefix&info`: the channels that somebody listens to.
pub(super) async fn list(world: web::Data<World>, call: Signed) -> Result<HttpResponse, ApiError> {
    let prefix = call.parameter("filter_by_prefix").unwrap_or_default();
    let info = Info::parse(call.parameter("info"))?;
    info.check_presence(prefix.starts_with("presence-"))?;
    let channels: BTreeMap<_, _> = world
        .hub
        .channels(prefix)
        .into_iter()
        .map(|(name, counts)| (name, info.of(counts)))
        .collect();
    Ok(HttpResponse::Ok().json(json!({"channels": channels})))
}

/// `GET /apps/{id}/channels/{name}?info`: whether anybody listens to the channel.
pub(super) async fn show(
    world: web::Data<World>,
    path: web::Path<(String, String)>,
    call: Signed,
) -> Result<HttpResponse, ApiError> {
    let name = channel_in(path)?;
    let info = Info::parse(call.parameter("info"))?;
    info.check(&name)?;
    let counts = world.hub.counts(&name);
    let occupied = Some(counts.subscriptions > 0);
    Ok(HttpResponse::Ok().json(Facts { occupied, ..info.of(counts) }))
}

/// `GET /apps/{id}/channels/{name}/users`: who is in the presence channel.
pub(super) async fn users(
    world: web::Data<World>,
    path: web::Path<(String, String)>,
    _: Signed,
) -> Result<HttpResponse, ApiError> {
    let name = channel_in(path)?;
    if name.kind() != ChannelKind::Presence {
        return Err(ApiError::bad_request("Users are only known of presence channels"));
    }
    let users: Vec<_> =
        world.hub.users(&name).into_iter().map(|user| json!({"id": user})).collect();
    Ok(HttpResponse::Ok().json(json!({"users": users})))
}

fn channel_in(path: web::Path<(String, String)>) -> Result<ChannelName, ApiError> {
    let (_, name) = path.into_inner();
    name.try_into().map_err(ApiError::bad_request)
}
