use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use tokio::runtime::Handle;

use crate::TraceSettings;

/// How long the collector may take for one call.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The most bytes of an answer that are read; what a collector says is of no use here.
const ANSWER_BYTES: usize = 64 * 1024;

/// Calls the collector. Its calls run where the service does, though they are made from the exporter's
/// own thread, which has no runtime. The log says when calls begin to fail and when they succeed again.
#[derive(Debug)]
pub(crate) struct Collector {
    http: reqwest::Client,
    runtime: Handle,
    is_away: AtomicBool,
}

impl Collector {
    /// One that calls over connections which trust whom the settings name. To be made where the
    /// service runs.
    pub(crate) fn new(settings: &TraceSettings) -> reqwest::Result<Self> {
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .pool_max_idle_per_host(1)
            .redirect(reqwest::redirect::Policy::none())
            .tls_backend_preconfigured((*settings.tls.client()).clone())
            .build()?;
        Ok(Self { http, runtime: Handle::current(), is_away: AtomicBool::new(false) })
    }

    fn follow(&self, answer: &Result<Response<Bytes>, HttpError>) {
        let failure = match answer {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(answer.status().to_string()),
            Err(error) => Some(with_causes(error.as_ref())),
        };
        let was_away = self.is_away.swap(failure.is_some(), Ordering::Relaxed);
        match failure {
            Some(cause) if !was_away => {
                tracing::warn!(cause, "the collector does not take spans, which are dropped");
            }
            None if was_away => tracing::info!("the collector takes spans again"),
            _ => {}
        }
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let mut request = reqwest::Request::try_from(request)?;
        // One of them may be a secret, which libraries then keep out of what they log.
        request.headers_mut().values_mut().for_each(|value| value.set_sensitive(true));
        let call = call(self.http.clone(), request);
        let answer = match self.runtime.spawn(call).await {
            Ok(answer) => answer.map_err(|error| HttpError::from(error.without_url())),
            Err(error) => Err(error.into()),
        };
        self.follow(&answer);
        answer
    }
}

async fn call(
    http: reqwest::Client,
    request: reqwest::Request,
) -> reqwest::Result<Response<Bytes>> {
    let mut answer = http.execute(request).await?;
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = answer.status();
    // The connection can only be used again once the answer has been read.
    let mut read = 0;
    while read < ANSWER_BYTES
        && let Some(chunk) = answer.chunk().await?
    {
        read += chunk.len();
    }
    Ok(response)
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
