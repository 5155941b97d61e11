use std::{future::Future, pin::Pin, time::Duration};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, http::header, web};
use serde::de::DeserializeOwned;

use super::{Problem, reject};
use crate::{
    connections::Connection,
    limits::{RequestMemory, needs_room},
};

/// The most bytes that a body may have: the longest message in the most wasteful JSON, and room.
pub const BODY_LIMIT: usize = 64 * 1024;

/// How long a client may take to send a body; the app's data holds it.
#[derive(Clone, Copy, Debug)]
pub struct BodyPatience(pub Duration);

impl Default for BodyPatience {
    fn default() -> Self {
        Self(Duration::from_secs(10))
    }
}

/// A JSON body, read into types that cannot be wrong.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let is_json = request.content_type().eq_ignore_ascii_case("application/json");
        let bytes = read(request, payload.take());
        Box::pin(async move {
            if !is_json {
                return Err(Problem::UnsupportedMediaType("application/json"));
            }
            parse(&bytes.await?).map(Self)
        })
    }
}

/// All bytes of a body, which is refused as soon as it is too long.
pub(super) fn read(
    request: &HttpRequest,
    payload: Payload,
) -> impl Future<Output = Result<web::Bytes, Problem>> + use<> {
    let BodyPatience(patience) = request.app_data().copied().unwrap_or_default();
    let length = length(request);
    let memory = request.app_data::<RequestMemory>().filter(|_| needs_room(length)).cloned();
    let room = memory.map(|memory| (memory, request.clone()));
    let connection = Connection::of(request).cloned();
    let body =
        actix_web::body::to_bytes_limited(actix_web::body::BodyStream::new(payload), BODY_LIMIT);
    async move {
        if length.is_some_and(|length| length > BODY_LIMIT) {
            return Err(Problem::BodyTooLarge);
        }
        if let Some((memory, request)) = room
            && let Some(room) = memory.room(length).await?
        {
            request.extensions_mut().insert(room);
        }
        if let Some(connection) = &connection {
            connection.open_body();
        }
        let body = tokio::time::timeout(patience, body).await;
        if let (Some(connection), Ok(Ok(Ok(_)))) = (&connection, &body) {
            connection.close_body();
        }
        match body {
            Ok(Ok(Ok(bytes))) => Ok(bytes),
            Ok(Ok(Err(error))) => Err(Problem::InvalidBody(error.to_string())),
            Ok(Err(_)) => Err(Problem::BodyTooLarge),
            Err(_) => Err(Problem::BodyTooSlow),
        }
    }
}

/// How many bytes the body has, where the client says so.
fn length(request: &HttpRequest) -> Option<usize> {
    let length = request.headers().get(header::CONTENT_LENGTH);
    length.and_then(|length| length.to_str().ok()).and_then(|length| length.parse().ok())
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // Following the path costs time, which only what is wrong is worth.
    serde_json::from_slice(bytes).or_else(|_| {
        let mut json = serde_json::Deserializer::from_slice(bytes);
        serde_path_to_error::deserialize(&mut json).map_err(reject::problem).and_then(|value| {
            json.end().map(|()| value).map_err(|error| Problem::InvalidBody(error.to_string()))
        })
    })
}
