use std::io::Write;

use actix_web::{
    Error, HttpMessage,
    body::{BodySize, EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{self, AcceptEncoding, Encoding, HeaderMap, HeaderValue},
    },
    middleware::Next,
};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use tokio::{sync::Semaphore, task::yield_now};

/// The minimum size of a compressed response, in bytes: a smaller one fits into one packet.
const MIN_SIZE: u64 = 1024;

/// The bytes that are compressed before other tasks of the thread may run.
const STEP: usize = 32 * 1024;

/// The most responses that are compressed at once, each with 300 KiB. Others are sent uncompressed.
static COMPRESSORS: Semaphore = Semaphore::const_new(8);

/// Compresses large text responses for clients that accept gzip.
pub async fn compress<Body: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<Body>,
) -> Result<ServiceResponse<EitherBody<Body, Bytes>>, Error> {
    let response = next.call(request).await?;
    let is_large =
        matches!(response.response().body().size(), BodySize::Sized(size) if size >= MIN_SIZE);
    if !is_large || response.status() != StatusCode::OK || !is_text(response.headers()) {
        return Ok(response.map_into_left_body());
    }
    let accepts_gzip = accepts_gzip(&response);
    let (request, response) = response.into_parts();
    let (mut response, body) = response.into_parts();
    response.headers_mut().append(header::VARY, HeaderValue::from_static("accept-encoding"));
    let compressor = COMPRESSORS.try_acquire().ok().filter(|_| accepts_gzip);
    let body = match (compressor, body.try_into_bytes()) {
        (Some(compressor), Ok(bytes)) => {
            let compressed = gzip(&bytes).await;
            drop(compressor);
            match compressed {
                Ok(compressed) => {
                    let gzip = HeaderValue::from_static("gzip");
                    response.headers_mut().insert(header::CONTENT_ENCODING, gzip);
                    EitherBody::right(compressed)
                }
                Err(error) => {
                    tracing::error!(exception.message = %error, "a response cannot be compressed");
                    EitherBody::right(bytes)
                }
            }
        }
        (None, Ok(bytes)) => EitherBody::right(bytes),
        (_, Err(body)) => EitherBody::left(body),
    };
    Ok(ServiceResponse::new(request, response.set_body(body)))
}

/// Whether the response is text that is not compressed yet.
fn is_text(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_text = content_type.is_some_and(|content_type| {
        ["json", "text/", "javascript", "svg"].iter().any(|part| content_type.contains(part))
    });
    is_text && !headers.contains_key(header::CONTENT_ENCODING)
}

fn accepts_gzip<Body>(response: &ServiceResponse<Body>) -> bool {
    let supported = [Encoding::identity(), Encoding::gzip()];
    let accepted = response.request().get_header::<AcceptEncoding>();
    let negotiated = accepted.and_then(|accepted| accepted.negotiate(supported.iter()));
    negotiated == Some(Encoding::gzip())
}

async fn gzip(bytes: &[u8]) -> std::io::Result<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    for step in bytes.chunks(STEP) {
        encoder.write_all(step)?;
        yield_now().await;
    }
    encoder.finish().map(Bytes::from)
}
