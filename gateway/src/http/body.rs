use std::pin::Pin;

use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    body::{SizedStream, to_bytes_limited},
    dev::Payload,
    http::header,
    web::Bytes,
};
use serde::de::{DeserializeOwned, IgnoredAny};
use tokio::time::timeout;

use super::reject;
use crate::{
    connections::Connection,
    limits::{BODY_LIMIT, needs_memory},
    problem::Problem,
    state::AppState,
};

/// A JSON object as a body, parsed.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc8259>.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = read(request, payload.take(), "application/json");
        Box::pin(async move { parse(&bytes.await?).map(Self) })
    }
}

/// Reads a body of `media_type`. It is rejected before it is read when it has another media type,
/// is compressed, or declares a length above the limit, and otherwise as soon as it exceeds the
/// limit.
pub(super) fn read(
    request: &HttpRequest,
    payload: Payload,
    media_type: &'static str,
) -> impl Future<Output = Result<Bytes, Problem>> + use<> {
    let request = request.clone();
    async move {
        let state = AppState::for_request(&request)?;
        let length = declared_length(&request);
        if !request.content_type().eq_ignore_ascii_case(media_type) {
            return Err(Problem::UnsupportedMediaType(media_type));
        }
        if is_encoded(&request) {
            return Err(Problem::UnsupportedContentEncoding);
        }
        if length.is_some_and(|length| length > BODY_LIMIT) {
            return Err(Problem::BodyTooLarge(BODY_LIMIT));
        }
        if needs_memory(length) {
            let address = state.client_address(&request);
            let reservation = state.request_memory.reserve(address, length).await?;
            request.extensions_mut().insert(reservation);
        }
        let connection = Connection::for_request(&request);
        if let Some(connection) = connection {
            connection.open_body();
        }
        // Its size is what actix allocates at first. Without one that is 32 KiB, for a short body too.
        let size = length.unwrap_or(BODY_LIMIT);
        let body = to_bytes_limited(SizedStream::new(size as u64, payload), BODY_LIMIT);
        let body = timeout(state.body_timeout, body).await;
        if let (Some(connection), Ok(Ok(Ok(_)))) = (connection, &body) {
            connection.close_body();
        }
        match body {
            Ok(Ok(Ok(bytes))) => Ok(bytes),
            Ok(Ok(Err(error))) => Err(Problem::InvalidBody(format!("cannot be read: {error}"))),
            Ok(Err(_)) => Err(Problem::BodyTooLarge(BODY_LIMIT)),
            Err(_) => Err(Problem::BodyTooSlow),
        }
    }
}

/// The `Content-Length`.
pub(super) fn declared_length(request: &HttpRequest) -> Option<usize> {
    let length = request.headers().get(header::CONTENT_LENGTH);
    length.and_then(|length| length.to_str().ok()).and_then(|length| length.parse().ok())
}

/// Whether the body has a content coding, such as gzip.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc9110#section-8.4>.
pub(super) fn is_encoded(request: &HttpRequest) -> bool {
    let mut values = request.headers().get_all(header::CONTENT_ENCODING);
    values.any(|value| {
        let mut codings = value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
        codings.any(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity"))
    })
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // A parser may ignore a byte order mark: RFC 8259, section 8.1.
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    // serde would accept an array as an object whose fields are in order.
    if bytes.iter().find(|byte| !is_space(byte)) != Some(&b'{') {
        return Err(Problem::InvalidBody(why_not_an_object(bytes)));
    }
    // Tracking the path costs time, so that only invalid bodies are parsed with it.
    serde_json::from_slice(bytes).or_else(|_| {
        if is_utf_16_or_32(bytes) {
            return Err(Problem::InvalidBody(NOT_UTF_8.to_owned()));
        }
        let mut json = serde_json::Deserializer::from_slice(bytes);
        serde_path_to_error::deserialize(&mut json).map_err(reject::json).and_then(|value| {
            let end = json.end().map(|()| value);
            end.map_err(|error| Problem::InvalidBody(format!("is not valid JSON: {error}")))
        })
    })
}

const NOT_UTF_8: &str = "is in UTF-16 or UTF-32, and must be in UTF-8";

fn why_not_an_object(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "is empty, and must be a JSON object".to_owned();
    }
    if is_utf_16_or_32(bytes) {
        return NOT_UTF_8.to_owned();
    }
    match serde_json::from_slice::<IgnoredAny>(bytes) {
        Ok(_) => "must be a JSON object".to_owned(),
        Err(error) => format!("is not valid JSON: {error}"),
    }
}

/// JSON begins with an ASCII character, whose other bytes are 0 in these encodings, or with a byte
/// order mark.
fn is_utf_16_or_32(bytes: &[u8]) -> bool {
    let beginning = bytes.get(..4).unwrap_or(bytes);
    beginning.starts_with(b"\xff\xfe")
        || beginning.starts_with(b"\xfe\xff")
        || beginning.contains(&0)
}
