use std::{
    future::{Future, Ready, ready},
    pin::Pin,
};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload};
use serde::de::DeserializeOwned;
use shared::chat::PlayerId;

use super::{Problem, body, reject};

/// The parameters of a query, read into types that cannot be wrong.
#[derive(Debug)]
pub struct Parameters<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Parameters<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse(request.query_string().as_bytes()).map(Self))
    }
}

/// A form as a browser sends it, read into types that cannot be wrong.
#[derive(Debug)]
pub struct Form<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Form<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        const FORM: &str = "application/x-www-form-urlencoded";
        let is_form = request.content_type().eq_ignore_ascii_case(FORM);
        let bytes = body::read(request, payload.take());
        Box::pin(async move {
            if !is_form {
                return Err(Problem::UnsupportedMediaType(FORM));
            }
            parse(&bytes.await?).map(Self)
        })
    }
}

/// The player in the path of a call.
#[derive(Debug)]
pub struct PathPlayer(pub PlayerId);

impl FromRequest for PathPlayer {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let player_id = request.match_info().query("player_id").to_owned();
        let player_id = PlayerId::try_from(player_id);
        ready(player_id.map(Self).map_err(|it| Problem::invalid_field("playerId", it)))
    }
}

fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, Problem> {
    let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(text));
    serde_path_to_error::deserialize(pairs).map_err(reject::problem)
}
