//! How a service says that it lives, and whether it can work: `/health/live`, `/health/ready` and
//! `/metrics`.

use std::{
    collections::BTreeMap,
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use actix_web::{App, HttpResponse, HttpServer, dev::Server, web};
use prometheus_client::registry::Registry;
use serde::Serialize;
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

use super::metrics;

/// What a service needs in order to work. It is down until it is known to be up.
#[derive(Clone, Debug)]
pub struct Dependency {
    name: &'static str,
    up: Arc<AtomicBool>,
}

impl Dependency {
    /// A dependency called `name`.
    pub fn new(name: &'static str) -> Self {
        Self { name, up: Arc::new(AtomicBool::new(false)) }
    }

    /// What it is called in answers and logs.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Says whether it works.
    pub fn set_up(&self, up: bool) {
        self.up.store(up, Ordering::Relaxed);
    }

    /// Whether it works.
    pub fn is_up(&self) -> bool {
        self.up.load(Ordering::Relaxed)
    }
}

/// The state of one dependency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It works.
    Up,
    /// It does not, or is not known to.
    Down,
}

impl From<bool> for State {
    fn from(up: bool) -> Self {
        if up { Self::Up } else { Self::Down }
    }
}

/// The answer to `/health/ready`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Readiness {
    /// `ready`, `unready`, or `stopping` when the service was told to stop.
    pub status: &'static str,
    /// Each dependency with its state.
    #[schema(value_type = std::collections::BTreeMap<String, State>)]
    pub dependencies: BTreeMap<&'static str, State>,
}

impl Readiness {
    /// Says `ready` or not, naming the state of each dependency.
    pub fn new(ready: bool, dependencies: impl IntoIterator<Item = (&'static str, State)>) -> Self {
        let status = if ready { "ready" } else { "unready" };
        Self { status, dependencies: dependencies.into_iter().collect() }
    }

    /// Says `stopping`, which is not ready, naming the state of each dependency.
    pub fn stopping(dependencies: impl IntoIterator<Item = (&'static str, State)>) -> Self {
        Self { status: "stopping", dependencies: dependencies.into_iter().collect() }
    }

    /// The answer: 200 when ready, else 503.
    pub fn into_response(self) -> HttpResponse {
        match self.status {
            "ready" => HttpResponse::Ok().json(self),
            _ => HttpResponse::ServiceUnavailable().json(self),
        }
    }
}

/// Serves a worker's health and metrics on `listener` until `stop` is cancelled. The worker is
/// ready while each of `dependencies` is up.
///
/// # Errors
/// When the listener cannot be served.
pub fn serve(
    listener: TcpListener,
    dependencies: Vec<Dependency>,
    registry: Arc<Registry>,
    stop: CancellationToken,
) -> std::io::Result<Server> {
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(dependencies.clone()))
            .app_data(web::Data::from(Arc::clone(&registry)))
            .route("/health/live", web::get().to(live))
            .route("/health/ready", web::get().to(ready))
            .route("/metrics", web::get().to(metrics::show))
    })
    .workers(1)
    .disable_signals()
    .shutdown_timeout(1)
    .listen(listener)?
    .shutdown_signal(stop.cancelled_owned());
    Ok(server.run())
}

/// That the process answers, as an answer.
pub async fn live() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "status": "live" }))
}

async fn ready(dependencies: web::Data<Vec<Dependency>>) -> HttpResponse {
    let ready = dependencies.iter().all(Dependency::is_up);
    let states = dependencies.iter().map(|it| (it.name(), State::from(it.is_up())));
    Readiness::new(ready, states).into_response()
}
