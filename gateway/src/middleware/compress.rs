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

/// Answers smaller than this are left alone: they would go out in one packet all the same.
const SMALLEST: u64 = 1024;

/// How much is compressed before other calls of the same thread have their turn.
const STEP: usize = 32 * 1024;

/// How many answers are compressed at once, each of which takes 300 KiB for it. Others go out as they are.
static COMPRESSORS: Semaphore = Semaphore::const_new(8);

/// Compresses an answer that is large enough, for a client that says that it reads gzip.
pub async fn compress<Body: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<Body>,
) -> Result<ServiceResponse<EitherBody<Body, Bytes>>, Error> {
    let answer = next.call(request).await?;
    let is_large =
        matches!(answer.response().body().size(), BodySize::Sized(size) if size >= SMALLEST);
    if !is_large || answer.status() != StatusCode::OK || !is_text(answer.headers()) {
        return Ok(answer.map_into_left_body());
    }
    let reads_gzip = reads_gzip(&answer);
    let (request, answer) = answer.into_parts();
    let (mut answer, body) = answer.into_parts();
    answer.headers_mut().append(header::VARY, HeaderValue::from_static("accept-encoding"));
    let compressor = COMPRESSORS.try_acquire().ok().filter(|_| reads_gzip);
    let body = match (compressor, body.try_into_bytes()) {
        (Some(compressor), Ok(bytes)) => {
            let compressed = gzip(&bytes).await;
            drop(compressor);
            match compressed {
                Ok(compressed) => {
                    let gzip = HeaderValue::from_static("gzip");
                    answer.headers_mut().insert(header::CONTENT_ENCODING, gzip);
                    EitherBody::right(compressed)
                }
                Err(error) => {
                    tracing::error!(cause = %error, "an answer cannot be compressed");
                    EitherBody::right(bytes)
                }
            }
        }
        (None, Ok(bytes)) => EitherBody::right(bytes),
        (_, Err(body)) => EitherBody::left(body),
    };
    Ok(ServiceResponse::new(request, answer.set_body(body)))
}

/// Whether it is something that gets smaller, and is not compressed yet.
fn is_text(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_text = content_type.is_some_and(|content_type| {
        ["json", "text/", "javascript", "svg"].iter().any(|part| content_type.contains(part))
    });
    is_text && !headers.contains_key(header::CONTENT_ENCODING)
}

fn reads_gzip<Body>(answer: &ServiceResponse<Body>) -> bool {
    let ours = [Encoding::identity(), Encoding::gzip()];
    let accepted = answer.request().get_header::<AcceptEncoding>();
    let chosen = accepted.and_then(|accepted| accepted.negotiate(ours.iter()));
    chosen == Some(Encoding::gzip())
}

async fn gzip(bytes: &[u8]) -> std::io::Result<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    for step in bytes.chunks(STEP) {
        encoder.write_all(step)?;
        yield_now().await;
    }
    encoder.finish().map(Bytes::from)
}
