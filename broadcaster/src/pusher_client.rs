//! One call to Pusher, and its outcome.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use pusher::{App, RequestToSign, limits::MAX_EVENTS_PER_BATCH, sign_request};
use reqwest::{Response, StatusCode, Url, header, redirect};
use serde::de::IgnoredAny;

use crate::{
    events::{self, PusherEvent},
    metrics::CallOutcome,
    settings::PusherSettings,
};

/// Calls Pusher's batch API over a pool of connections.
#[derive(Clone, Debug)]
pub struct PusherClient {
    http: reqwest::Client,
    api: Url,
    path: String,
    app: App,
}

/// Why the events count as not broadcast.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The status is 400 or 413, which Pusher sends for an event that it never accepts. One response does
    /// not show whether Pusher sent it, or a proxy that rejects every call.
    #[error("Pusher refused it with {status}: {excerpt}")]
    Rejected {
        /// The status of the response.
        status: StatusCode,
        /// The beginning of the response's body.
        excerpt: String,
    },
    /// The call must be repeated: there was no response, one that is not Pusher's, or one by which Pusher
    /// accepts no event at the moment, because it is overloaded, the secret is wrong or the quota is used
    /// up.
    #[error("Pusher is away: {cause}")]
    Unavailable {
        /// Why the call failed.
        cause: String,
        /// The status of the response, if there was one.
        status: Option<StatusCode>,
        /// `Retry-After` sent by Pusher, [`MAX_RETRY_AFTER`] at most.
        retry_after: Option<Duration>,
    },
}

/// The most bytes of a response's body that are read. Pusher's responses are far smaller; a larger one is
/// not Pusher's.
const MAX_RESPONSE_BYTES: usize = 64 * 1024;

/// The most characters of a response that are kept.
const EXCERPT_CHARACTERS: usize = 200;

/// Upper bound of `Retry-After`.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);

impl PusherClient {
    /// Creates a client that keeps up to `connections` idle connections.
    ///
    /// # Errors
    /// When the settings are invalid, or TLS cannot be set up.
    pub fn new(settings: &PusherSettings, connections: usize) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .timeout(settings.pusher_timeout)
            // Pusher never redirects. Another server must not receive players' messages.
            .redirect(redirect::Policy::none())
            .pool_max_idle_per_host(connections)
            .tcp_nodelay(true)
            .tls_backend_preconfigured((*settings.tls.client()).clone())
            .build()?;
        let api = settings.api().map_err(anyhow::Error::msg)?;
        let path = format!("/apps/{}/batch_events", settings.app.id);
        Ok(Self { http, api, path, app: settings.app.clone() })
    }

    /// Sends `events`, ten at most, in one call.
    ///
    /// # Errors
    /// See [`CallError`]. Pusher may have accepted some events all the same.
    pub async fn send(&self, events: &[&PusherEvent]) -> Result<(), CallError> {
        debug_assert!(events.len() <= MAX_EVENTS_PER_BATCH);
        let body = events::batch(events).map_err(|error| unavailable(&error))?;
        let request = RequestToSign { method: "POST", path: &self.path, body: &body };
        let now = SystemTime::UNIX_EPOCH.elapsed().map_err(|error| unavailable(&error))?.as_secs();
        let query = sign_request(&self.app.key, &self.app.secret, request, now);

        let mut url = self.api.clone();
        url.set_path(&self.path);
        url.set_query(Some(&query));
        let request =
            self.http.post(url).header(header::CONTENT_TYPE, "application/json").body(body);
        let response = request.send().await.map_err(|error| unavailable(&without_url(error)))?;
        classify(response).await
    }
}

impl From<&Result<(), CallError>> for CallOutcome {
    fn from(result: &Result<(), CallError>) -> Self {
        match result {
            Ok(()) => Self::Taken,
            Err(CallError::Rejected { .. }) => Self::Refused,
            Err(CallError::Unavailable { status, .. }) => match *status {
                Some(StatusCode::UNAUTHORIZED) => Self::Unauthorized,
                Some(StatusCode::FORBIDDEN) => Self::Forbidden,
                _ => Self::Unavailable,
            },
        }
    }
}

/// The result of a call. Only 200 with a JSON object says that Pusher accepted the events.
///
/// Source: <https://pusher.com/docs/channels/library_auth_reference/rest-api/#successful-response-6>.
async fn classify(response: Response) -> Result<(), CallError> {
    let status = response.status();
    let retry_after = response
        .headers()
        .get(header::RETRY_AFTER)
        .and_then(|seconds| seconds.to_str().ok()?.parse().ok())
        .map(|seconds| Duration::from_secs(seconds).min(MAX_RETRY_AFTER));
    let content_type = response.headers().get(header::CONTENT_TYPE).cloned();
    let unavailable = |problem: &dyn std::fmt::Display| CallError::Unavailable {
        cause: format!("{status}: {problem}"),
        status: Some(status),
        retry_after,
    };
    // The connection can only be reused once the response is read.
    let body = match read(response).await {
        Ok(Body::Whole(body)) => body,
        Ok(Body::TooLong) => return Err(unavailable(&"the response is larger than Pusher's")),
        Err(error) => return Err(unavailable(&with_causes(&without_url(error)))),
    };
    let excerpt = || excerpt(&body);
    match status {
        StatusCode::OK if is_object(&body) => Ok(()),
        StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE
            if !is_html(content_type.as_ref(), &body) =>
        {
            Err(CallError::Rejected { status, excerpt: excerpt() })
        }
        _ if status.is_redirection() => Err(unavailable(&"redirects are not followed")),
        _ if status.is_success() => {
            Err(unavailable(&format_args!("the response is not Pusher's: {}", excerpt())))
        }
        _ => Err(unavailable(&excerpt())),
    }
}

/// A response's body.
enum Body {
    Whole(Vec<u8>),
    /// More than [`MAX_RESPONSE_BYTES`].
    TooLong,
}

async fn read(mut response: Response) -> reqwest::Result<Body> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > MAX_RESPONSE_BYTES {
            return Ok(Body::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Body::Whole(body))
}

/// Whether `body` is a JSON object. It is decoded as a map, since serde decodes a struct from an array too.
fn is_object(body: &[u8]) -> bool {
    serde_json::from_slice::<BTreeMap<String, IgnoredAny>>(body).is_ok()
}

/// Whether the response is an HTML page, which proxies send and Pusher does not.
fn is_html(content_type: Option<&header::HeaderValue>, body: &[u8]) -> bool {
    let content_type = content_type.map(header::HeaderValue::as_bytes).unwrap_or_default();
    content_type.to_ascii_lowercase().starts_with(b"text/html")
        || body.trim_ascii_start().starts_with(b"<")
}

/// The beginning of `body`, for a dead letter's reason or the log.
fn excerpt(body: &[u8]) -> String {
    String::from_utf8_lossy(body).trim().chars().take(EXCERPT_CHARACTERS).collect()
}

fn unavailable(cause: &dyn std::error::Error) -> CallError {
    CallError::Unavailable { cause: with_causes(cause), status: None, retry_after: None }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// The error without the URL, whose query holds a signature.
fn without_url(error: reqwest::Error) -> reqwest::Error {
    error.without_url()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_json_object_is_pushers_response() {
        for body in ["{}", " {\"ok\":true}\n", r#"{"batch":[{},{"user_count":1}]}"#] {
            assert!(is_object(body.as_bytes()), "{body}");
        }
        for body in [
            "",
            " ",
            "[]",
            "[{}]",
            "1",
            "\"{}\"",
            "null",
            "true",
            "{",
            "{}{}",
            "{}x",
            "ok",
            "<p>{}</p>",
        ] {
            assert!(!is_object(body.as_bytes()), "{body}");
        }
    }

    #[test]
    fn a_page_is_recognized_by_its_type_or_its_first_character() {
        let html = header::HeaderValue::from_static("Text/HTML; charset=utf-8");
        let text = header::HeaderValue::from_static("text/plain");
        assert!(is_html(Some(&html), b""));
        assert!(is_html(Some(&text), b" \n<!doctype html>"));
        assert!(is_html(None, b"<html>"));
        assert!(!is_html(Some(&text), b"The data is too large"));
        assert!(!is_html(None, b""));
    }
}
