use std::{
    future::{Future, Ready, ready},
    pin::Pin,
};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use chat::PlayerId;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, IntoDeserializer, value::StringDeserializer},
};

use super::{ClientId, body, reject};
use crate::{input::NewPlayerId, problem::Problem};

/// The query parameters, parsed. A type that denies unknown fields rejects unknown parameters.
#[derive(Debug)]
pub struct Parameters<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Parameters<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse("query", request.query_string().as_bytes()).map(Self))
    }
}

/// A URL-encoded form as a body, parsed.
#[derive(Debug)]
pub struct Form<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Form<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = body::read(request, payload.take(), "application/x-www-form-urlencoded");
        Box::pin(async move { parse("form", &bytes.await?).map(Self) })
    }
}

/// The `playerId` in the path.
#[derive(Debug)]
pub struct PathPlayer(pub PlayerId);

impl FromRequest for PathPlayer {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let player_id = request.match_info().query("player_id").to_owned();
        let player_id = NewPlayerId::try_from(player_id);
        let player_id = player_id.map(|player_id| Self(player_id.into()));
        ready(player_id.map_err(|reason| Problem::invalid_field("playerId", reason)))
    }
}

/// The `attachmentId` in the path.
#[derive(Debug)]
pub struct PathAttachment(pub ClientId);

impl FromRequest for PathAttachment {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = ClientId::try_from(request.match_info().query("attachment_id").to_owned());
        ready(id.map(Self).map_err(|reason| Problem::invalid_field("attachmentId", reason)))
    }
}

/// The `id` in the path.
#[derive(Debug)]
pub struct PathId(pub ClientId);

impl FromRequest for PathId {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = ClientId::try_from(request.match_info().query("id").to_owned());
        ready(id.map(Self).map_err(|reason| Problem::invalid_field("id", reason)))
    }
}

/// Reads an enum from its name in text. Derived implementations also accept `{"name":null}`.
///
/// # Errors
/// When it is not text, or not a name of the enum.
pub fn by_name<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    let name: StringDeserializer<D::Error> = String::deserialize(from)?.into_deserializer();
    T::deserialize(name)
}

/// Parses `text`. An error that concerns no parameter names `whole` instead.
fn parse<T: DeserializeOwned>(whole: &str, text: &[u8]) -> Result<T, Problem> {
    let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(text));
    serde_path_to_error::deserialize(pairs).map_err(|error| reject::parameters(whole, error))
}
