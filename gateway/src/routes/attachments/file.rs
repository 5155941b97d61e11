//! `GET /api/attachments/{key}/{attachmentId}/{variant}`

use std::{
    future::{Ready, ready},
    ops::Range,
    time::Duration,
};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse, HttpResponseBuilder,
    body::SizedStream,
    dev::Payload,
    http::{StatusCode, header},
    web,
};
use chat::FileType;
use chrono::Utc;
use futures_util::{Stream, StreamExt, stream};
use object_store::{GetOptions, GetRange};
use strum::IntoEnumIterator;
use tokio::time::timeout;
use uuid::Uuid;

use super::super::{
    paths,
    responses::{FileUnavailable, RateLimited, UrlRejected},
};
use crate::{
    attachments::{
        AttachmentKey, Attachments, ByteStream, CALL_TIMEOUT, Delivery, PlayerKey, Store,
        StoreError, UrlQuery, Variant, picture_type,
    },
    http::{OpenAttachments, bytes_in_range, content_disposition, single_range},
    limits::Reservation,
    problem::Problem,
    state::AppState,
};

/// Keeps a file from doing anything when a browser shows it as a page.
///
/// Source: <https://www.w3.org/TR/CSP3/#directive-sandbox>.
const POLICY: (&str, &str) = ("content-security-policy", "default-src 'none'; sandbox");

/// The file that the path names.
#[derive(Debug)]
pub struct FilePath {
    key: AttachmentKey,
    variant: Variant,
}

impl FromRequest for FilePath {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let part = |name| request.match_info().query(name);
        let player = PlayerKey::parse(part("key"));
        let id = Uuid::try_parse(part("attachment_id")).ok();
        let variant = Variant::iter().find(|variant| variant.as_str() == part("variant"));
        let path = player
            .zip(id)
            .zip(variant)
            .map(|((player, id), variant)| Self { key: AttachmentKey { player, id }, variant });
        ready(path.ok_or(Problem::InvalidUrl))
    }
}

/// Delivers a file
///
/// The URL is one that the call for a file's URLs returned, whole and unchanged. It needs no token. With
/// `ATTACHMENT_DELIVERY=redirect` the response redirects to S3.
#[utoipa::path(
    get,
    path = paths::ATTACHMENT_FILE_DOCUMENTED,
    tag = "attachments",
    security(()),
    params(
        ("key" = String, Path, description = "The player's folder"),
        ("attachmentId" = Uuid, Path, description = "The file's id"),
        ("variant" = String, Path, description = "`original` or `thumbnail`"),
        ("exp" = i64, Query, description = "When the URL expires"),
        ("type" = String, Query, description = "What the file is"),
        ("name" = String, Query, description = "The file's name"),
        ("sig" = String, Query, description = "The signature of the URL"),
    ),
    responses(
        (status = 200, description = "The file", content_type = "application/octet-stream"),
        (status = 206, description = "A part of the file", content_type = "application/octet-stream"),
        (status = 304, description = "The client has the file"),
        (status = 307, description = "The file is at S3"),
        UrlRejected,
        RateLimited,
        FileUnavailable,
    )
)]
pub async fn file(
    attachments: OpenAttachments,
    state: web::Data<AppState>,
    request: HttpRequest,
    path: FilePath,
) -> Result<HttpResponse, Problem> {
    let attachments = attachments.0;
    let FilePath { key, variant } = path;
    let query = serde_urlencoded::from_str(request.query_string());
    let query: UrlQuery = query.map_err(|_| Problem::InvalidUrl)?;
    let left = attachments.urls.verify(key, variant, &query, Utc::now());
    let left = left.ok_or(Problem::InvalidUrl)?;
    // The bytes of an id never change.
    let tag = format!("\"{}-{}\"", key.id, variant.as_str());
    let caching = [
        (header::CACHE_CONTROL, format!("private, max-age={}, immutable", left.as_secs())),
        (header::ETAG, tag.clone()),
    ];
    let known = request.headers().get(header::IF_NONE_MATCH);
    if known.and_then(|known| known.to_str().ok()).is_some_and(|known| known.contains(&tag)) {
        return Ok(with_headers(StatusCode::NOT_MODIFIED, caching).finish());
    }
    let disposition = content_disposition(&query.name, query.content_type.is_picture());
    if attachments.delivery == Delivery::Redirect {
        let url = redirect(&attachments, key, variant, &query, left, disposition).await?;
        let [(caching, value), _] = caching;
        let redirected = [(caching, value), (header::LOCATION, url)];
        return Ok(with_headers(StatusCode::TEMPORARY_REDIRECT, redirected).finish());
    }
    let memory = attachments.download_memory.download(state.client_address(&request)).await?;
    // A thumbnail is small, and its first bytes tell its type.
    let range = match single_range(&request).filter(|_| variant == Variant::Original) {
        Some(range) => {
            let size = attachments.store.size(key, variant).await.map_err(unavailable)?;
            Some(bytes_in_range(&range, size).ok_or(Problem::InvalidRange(size))?)
        }
        None => None,
    };
    let found = Download::open(&attachments, key, variant, range.clone()).await?;
    let content_type = match variant {
        Variant::Original => media_type(query.content_type),
        Variant::Thumbnail => picture_type(&found.first),
    };
    let status = match range {
        Some(_) => StatusCode::PARTIAL_CONTENT,
        None => StatusCode::OK,
    };
    let mut response = with_headers(status, caching);
    response.insert_header(POLICY);
    response.insert_header((header::CONTENT_TYPE, content_type));
    response.insert_header((header::CONTENT_DISPOSITION, disposition));
    if variant == Variant::Original {
        response.insert_header((header::ACCEPT_RANGES, "bytes"));
    }
    if range.is_some() {
        response.insert_header((header::CONTENT_RANGE, found.content_range()));
    }
    let length = found.end - found.begin;
    Ok(response.body(SizedStream::new(length, found.parts(attachments.store.clone(), memory))))
}

/// The URL at S3.
async fn redirect(
    attachments: &Attachments,
    key: AttachmentKey,
    variant: Variant,
    query: &UrlQuery,
    left: Duration,
    disposition: String,
) -> Result<String, Problem> {
    let mut parameters = vec![("response-content-disposition", disposition)];
    // A thumbnail was stored with its own type.
    if variant == Variant::Original {
        let content_type = media_type(query.content_type).to_owned();
        parameters.push(("response-content-type", content_type));
    }
    let url = attachments.store.presigned_url(key, variant, left, parameters).await;
    let url = url.map_err(unavailable)?;
    url.map(|url| url.to_string()).ok_or(Problem::Internal)
}

fn with_headers<const N: usize>(
    status: StatusCode,
    headers: [(header::HeaderName, String); N],
) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    for header in headers {
        response.insert_header(header);
    }
    response
}

/// The `Content-Type` of a file.
fn media_type(file_type: FileType) -> &'static str {
    match file_type {
        FileType::Text => "text/plain; charset=utf-8",
        other => other.as_str(),
    }
}

/// An object that is being read.
struct Download {
    first: web::Bytes,
    rest: ByteStream,
    begin: u64,
    end: u64,
    size: u64,
}

impl Download {
    /// Opens an object, and reads its first bytes.
    async fn open(
        attachments: &Attachments,
        key: AttachmentKey,
        variant: Variant,
        range: Option<Range<u64>>,
    ) -> Result<Self, Problem> {
        let range = range.map(GetRange::Bounded);
        let options = GetOptions { range, ..GetOptions::default() };
        let found = attachments.store.get(key, variant, options).await.map_err(unavailable)?;
        let (begin, end, size) = (found.range.start, found.range.end, found.meta.size);
        let mut rest = found.into_stream();
        let first = next(&attachments.store, &mut rest).await;
        let first = first.transpose().map_err(|_| Problem::AttachmentsUnavailable)?;
        Ok(Self { first: first.unwrap_or_default(), rest, begin, end, size })
    }

    /// Source: <https://www.rfc-editor.org/rfc/rfc9110#section-14.4>.
    fn content_range(&self) -> String {
        format!("bytes {}-{}/{}", self.begin, self.end.saturating_sub(1), self.size)
    }

    /// The parts of the object. `memory` is released after the last one.
    fn parts(
        self,
        store: Store,
        memory: Reservation,
    ) -> impl Stream<Item = std::io::Result<web::Bytes>> {
        let first = stream::iter([Ok(self.first)]);
        let rest = stream::unfold((self.rest, store, memory), async |(mut rest, store, memory)| {
            let part = next(&store, &mut rest).await?;
            Some((part, (rest, store, memory)))
        });
        first.chain(rest)
    }
}

/// The next part of an object, within the time limit of a call.
async fn next(store: &Store, parts: &mut ByteStream) -> Option<std::io::Result<web::Bytes>> {
    let failed = |cause: String| {
        store.report_failure(&cause);
        Some(Err(std::io::Error::other(cause)))
    };
    match timeout(CALL_TIMEOUT, parts.next()).await {
        Ok(Some(Ok(part))) => Some(Ok(part)),
        Ok(Some(Err(error))) => failed(error.to_string()),
        Ok(None) => None,
        Err(_) => failed("it did not answer in time".to_owned()),
    }
}

fn unavailable(error: StoreError) -> Problem {
    match error {
        StoreError::Absent => Problem::AttachmentNotFound,
        StoreError::Unavailable | StoreError::Exists => Problem::AttachmentsUnavailable,
    }
}
