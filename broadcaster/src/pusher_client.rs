//! One call to Pusher, and what its answer means.

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

/// Calls Pusher over a few connections that are kept open.
#[derive(Clone, Debug)]
pub struct PusherClient {
    http: reqwest::Client,
    api: Url,
    path: String,
    app: App,
}

/// Why the events must be taken as not broadcast.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The answer is 400 or 413, as Pusher's is to an event that it never takes. Whether it is Pusher
    /// that refuses, and not something in between that refuses everything, one answer does not tell.
    #[error("Pusher refused it with {status}: {answer}")]
    Refused {
        /// The status of the answer.
        status: StatusCode,
        /// The beginning of the answer's body.
        answer: String,
    },
    /// The call is to be repeated: there was no answer, one that Pusher does not give, or one by
    /// which it takes nothing at the moment, since it is overloaded, our secret is wrong or our quota
    /// is used up.
    #[error("Pusher is away: {cause}")]
    Unavailable {
        /// What the call failed on.
        cause: String,
        /// The status of the answer, if there was one.
        status: Option<StatusCode>,
        /// How long Pusher asked to be left alone.
        retry_after: Option<Duration>,
    },
}

/// The most bytes of an answer that are read. Pusher's are a small part of it; a longer one is not
/// Pusher's.
const ANSWER_BYTES: usize = 64 * 1024;

/// The most characters of an answer that are kept.
const ANSWER_LENGTH: usize = 200;

/// The longest that Pusher's wish to be left alone is heeded.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60);

impl PusherClient {
    /// A client that keeps up to `connections` open.
    ///
    /// # Errors
    /// When the settings are not those of a Pusher, or TLS cannot be set up.
    pub fn new(settings: &PusherSettings, connections: usize) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .timeout(settings.pusher_timeout)
            // Pusher never redirects. Who does is another, and must not get what players write.
            .redirect(redirect::Policy::none())
            .pool_max_idle_per_host(connections)
            .tcp_nodelay(true)
            .tls_backend_preconfigured((*settings.tls.client()).clone())
            .build()?;
        let api = settings.api().map_err(anyhow::Error::msg)?;
        let path = format!("/apps/{}/batch_events", settings.app.id);
        Ok(Self { http, api, path, app: settings.app.clone() })
    }

    /// Has Pusher take `events`, at most ten, all in one call.
    ///
    /// # Errors
    /// See [`CallError`]. Pusher may then have taken some all the same.
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
        let answer = request.send().await.map_err(|error| unavailable(&without_address(error)))?;
        classify(answer).await
    }
}

impl From<&Result<(), CallError>> for CallOutcome {
    fn from(called: &Result<(), CallError>) -> Self {
        match called {
            Ok(()) => Self::Taken,
            Err(CallError::Refused { .. }) => Self::Refused,
            Err(CallError::Unavailable { status, .. }) => match *status {
                Some(StatusCode::UNAUTHORIZED) => Self::Unauthorized,
                Some(StatusCode::FORBIDDEN) => Self::Forbidden,
                _ => Self::Unavailable,
            },
        }
    }
}

/// What an answer means. Pusher takes the events with 200 and a JSON object, and nothing else means
/// that it did.
///
/// Source: <https://pusher.com/docs/channels/library_auth_reference/rest-api/#successful-response-6>.
async fn classify(answer: Response) -> Result<(), CallError> {
    let status = answer.status();
    let retry_after = answer
        .headers()
        .get(header::RETRY_AFTER)
        .and_then(|seconds| seconds.to_str().ok()?.parse().ok())
        .map(|seconds| Duration::from_secs(seconds).min(LONGEST_RETRY_AFTER));
    let content_type = answer.headers().get(header::CONTENT_TYPE).cloned();
    let unavailable = |problem: &dyn std::fmt::Display| CallError::Unavailable {
        cause: format!("{status}: {problem}"),
        status: Some(status),
        retry_after,
    };
    // The connection can only be used again once the answer has been read.
    let body = match read(answer).await {
        Ok(Body::Whole(body)) => body,
        Ok(Body::TooLong) => return Err(unavailable(&"the answer is longer than Pusher's")),
        Err(error) => return Err(unavailable(&with_causes(&without_address(error)))),
    };
    let text = || excerpt(&body);
    match status {
        StatusCode::OK if is_object(&body) => Ok(()),
        StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE
            if !is_html(content_type.as_ref(), &body) =>
        {
            Err(CallError::Refused { status, answer: text() })
        }
        _ if status.is_redirection() => Err(unavailable(&"redirects are not followed")),
        _ if status.is_success() => {
            Err(unavailable(&format_args!("the answer is not Pusher's: {}", text())))
        }
        _ => Err(unavailable(&text())),
    }
}

/// An answer's body.
enum Body {
    /// All of it.
    Whole(Vec<u8>),
    /// It has more than [`ANSWER_BYTES`].
    TooLong,
}

async fn read(mut answer: Response) -> reqwest::Result<Body> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        if body.len() + chunk.len() > ANSWER_BYTES {
            return Ok(Body::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Body::Whole(body))
}

/// Whether `body` is a JSON object. It is read as a map, since serde reads a struct from an array too.
fn is_object(body: &[u8]) -> bool {
    serde_json::from_slice::<BTreeMap<String, IgnoredAny>>(body).is_ok()
}

/// Whether the answer is a page, which proxies and not Pusher answer with.
fn is_html(content_type: Option<&header::HeaderValue>, body: &[u8]) -> bool {
    let content_type = content_type.map(header::HeaderValue::as_bytes).unwrap_or_default();
    content_type.to_ascii_lowercase().starts_with(b"text/html")
        || body.trim_ascii_start().starts_with(b"<")
}

/// The beginning of `body`, for a reason or a log.
fn excerpt(body: &[u8]) -> String {
    String::from_utf8_lossy(body).trim().chars().take(ANSWER_LENGTH).collect()
}

fn unavailable(cause: &dyn std::error::Error) -> CallError {
    CallError::Unavailable { cause: with_causes(cause), status: None, retry_after: None }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// The error without the address, whose query holds a signature.
fn without_address(error: reqwest::Error) -> reqwest::Error {
    error.without_url()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_object_is_pushers_answer() {
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
    fn a_page_is_known_by_its_type_or_its_first_character() {
        let html = header::HeaderValue::from_static("Text/HTML; charset=utf-8");
        let text = header::HeaderValue::from_static("text/plain");
        assert!(is_html(Some(&html), b""));
        assert!(is_html(Some(&text), b" \n<!doctype html>"));
        assert!(is_html(None, b"<html>"));
        assert!(!is_html(Some(&text), b"The data is too large"));
        assert!(!is_html(None, b""));
    }
}
