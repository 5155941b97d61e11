use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use tokio::runtime::Handle;

use crate::TraceSettings;

/// The time limit of one call.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The most bytes of a response that are read; its contents are not used.
const MAX_RESPONSE_BYTES: usize = 64 * 1024;

/// Calls the collector on the service's runtime, since the exporter's thread has none. Logs when calls start
/// to fail and when they succeed again.
#[derive(Debug)]
pub(crate) struct Collector {
    http: reqwest::Client,
    runtime: Handle,
    is_down: AtomicBool,
}

impl Collector {
    /// Creates a client with the settings' trusted authorities. Must be called on the service's runtime.
    pub(crate) fn new(settings: &TraceSettings) -> reqwest::Result<Self> {
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .pool_max_idle_per_host(1)
            .redirect(reqwest::redirect::Policy::none())
            .tls_backend_preconfigured((*settings.tls.client()).clone())
            .build()?;
        Ok(Self { http, runtime: Handle::current(), is_down: AtomicBool::new(false) })
    }

    fn log_change(&self, response: &Result<Response<Bytes>, HttpError>) {
        let failure = match response {
            Ok(response) if response.status().is_success() => None,
            Ok(response) => Some(response.status().to_string()),
            Err(error) => Some(with_causes(error.as_ref())),
        };
        let was_down = self.is_down.swap(failure.is_some(), Ordering::Relaxed);
        match failure {
            Some(cause) if !was_down => {
                tracing::warn!(
                    exception.message = cause,
                    "the collector does not accept spans, which are dropped"
                );
            }
            None if was_down => tracing::info!("the collector accepts spans again"),
            _ => {}
        }
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let mut request = reqwest::Request::try_from(request)?;
        // One of them may be a secret; libraries do not log sensitive headers.
        request.headers_mut().values_mut().for_each(|value| value.set_sensitive(true));
        let call = call(self.http.clone(), request);
        let response = match self.runtime.spawn(call).await {
            Ok(response) => response.map_err(|error| HttpError::from(error.without_url())),
            Err(error) => Err(error.into()),
        };
        self.log_change(&response);
        response
    }
}

async fn call(
    http: reqwest::Client,
    request: reqwest::Request,
) -> reqwest::Result<Response<Bytes>> {
    let mut received = http.execute(request).await?;
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = received.status();
    // The connection can only be reused once the response is read.
    let mut read = 0;
    while read < MAX_RESPONSE_BYTES
        && let Some(chunk) = received.chunk().await?
    {
        read += chunk.len();
    }
    Ok(response)
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
