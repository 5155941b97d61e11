//! One call to Pusher, and what its answer means.

use std::time::{Duration, SystemTime};

use pusher::{App, RequestToSign, limits::MAX_EVENTS_PER_BATCH, sign_request};
use reqwest::{StatusCode, Url, header};

use crate::{
    events::{self, PusherEvent},
    metrics::CallOutcome,
    settings::PusherSettings,
};

/// Calls Pusher over a few connections that are kept open.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    api: Url,
    path: String,
    app: App,
}

/// Why Pusher did not take the events.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// It will never take one of them: 400 or 413.
    #[error("Pusher refused it with {status}: {answer}")]
    Refused {
        /// The status of the answer.
        status: StatusCode,
        /// The beginning of what Pusher said.
        answer: String,
    },
    /// It takes nothing at the moment: it is away, too slow, overloaded, our secret is wrong or
    /// our quota is used up.
    #[error("Pusher is away: {cause}")]
    Away {
        /// What makes us think so.
        cause: String,
        /// The status of the answer, if there was one.
        status: Option<StatusCode>,
        /// How long Pusher asked to be left alone.
        retry_after: Option<Duration>,
    },
}

/// The most bytes of an answer that are read: many times as many as Pusher ever says.
const ANSWER_BYTES: usize = 64 * 1024;

/// The most characters of an answer that are kept.
const ANSWER_LENGTH: usize = 200;

/// The longest that Pusher's wish to be left alone is heeded.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60);

impl Client {
    /// A client that keeps up to `connections` open.
    ///
    /// # Errors
    /// When the settings are not those of a Pusher, or TLS cannot be set up.
    pub fn new(settings: &PusherSettings, connections: usize) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .timeout(settings.pusher_timeout)
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
        let body = events::batch(events).map_err(|it| away(&it))?;
        let request = RequestToSign { method: "POST", path: &self.path, body: &body };
        let now = SystemTime::UNIX_EPOCH.elapsed().map_err(|it| away(&it))?.as_secs();
        let query = sign_request(&self.app.key, &self.app.secret, request, now);

        let mut url = self.api.clone();
        url.set_path(&self.path);
        url.set_query(Some(&query));
        let call = self.http.post(url).header(header::CONTENT_TYPE, "application/json").body(body);
        let answer = call.send().await.map_err(|error| away(&without_address(error)))?;
        classify(answer).await
    }
}

impl From<&Result<(), CallError>> for CallOutcome {
    fn from(called: &Result<(), CallError>) -> Self {
        match called {
            Ok(()) => Self::Taken,
            Err(CallError::Refused { .. }) => Self::Refused,
            Err(CallError::Away { status, .. }) => match *status {
                Some(StatusCode::UNAUTHORIZED) => Self::Unauthorized,
                Some(StatusCode::FORBIDDEN) => Self::Forbidden,
                _ => Self::Unavailable,
            },
        }
    }
}

async fn classify(answer: reqwest::Response) -> Result<(), CallError> {
    let status = answer.status();
    if status.is_success() {
        // The connection can only be used again once the answer has been read.
        beginning(answer).await.map_err(|error| away(&without_address(error)))?;
        return Ok(());
    }
    let retry_after = answer
        .headers()
        .get(header::RETRY_AFTER)
        .and_then(|seconds| seconds.to_str().ok()?.parse().ok())
        .map(|seconds| Duration::from_secs(seconds).min(LONGEST_RETRY_AFTER));
    let text = beginning(answer).await.unwrap_or_default();
    let answer = String::from_utf8_lossy(&text).trim().chars().take(ANSWER_LENGTH).collect();
    match status {
        StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE => {
            Err(CallError::Refused { status, answer })
        }
        _ => {
            let cause = format!("{status}: {answer}");
            Err(CallError::Away { cause, status: Some(status), retry_after })
        }
    }
}

/// The beginning of an answer's body, which is all of it unless somebody else than Pusher answers.
async fn beginning(mut answer: reqwest::Response) -> reqwest::Result<Vec<u8>> {
    let mut body = Vec::new();
    while body.len() < ANSWER_BYTES
        && let Some(chunk) = answer.chunk().await?
    {
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn away(cause: &dyn std::error::Error) -> CallError {
    let mut text = cause.to_string();
    let mut source = cause.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    CallError::Away { cause: text, status: None, retry_after: None }
}

/// The error without the address, whose query holds a signature.
fn without_address(error: reqwest::Error) -> reqwest::Error {
    error.without_url()
}
