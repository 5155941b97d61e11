//! Liveness, readiness, and the server of `/health/live`, `/health/ready` and `/metrics`.

use std::{
    collections::BTreeMap,
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
};

use actix_web::{HttpResponse, dev::Server, web};
use prometheus_client::registry::Registry;
use serde::Serialize;
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

use super::{admin_server, metrics};

/// A server that a service needs. It is down until it is known to be up.
///
/// It may have parts that are up or down independently. Each part is a `Dependency`: it sets its own state
/// and reads the state of all.
#[derive(Clone, Debug)]
pub struct Dependency {
    name: &'static str,
    parts: Arc<[AtomicU8]>,
    own: usize,
}

/// The states of a part.
const UNKNOWN: u8 = 0;
const UP: u8 = 1;
const DOWN: u8 = 2;

impl Dependency {
    /// Creates a dependency of one part.
    pub fn new(name: &'static str) -> Self {
        Self::of_parts(name, 1)
    }

    /// Creates a dependency of `parts` parts, and returns the first.
    pub fn of_parts(name: &'static str, parts: u16) -> Self {
        let parts = (0..parts).map(|_| AtomicU8::new(UNKNOWN)).collect();
        Self { name, parts, own: 0 }
    }

    /// Another part of the same dependency. A part beyond their number has no state.
    pub fn part(&self, number: u16) -> Self {
        Self { own: usize::from(number), ..self.clone() }
    }

    /// Its name in responses and logs.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Sets the state of this part.
    pub fn set_is_up(&self, up: bool) {
        if let Some(part) = self.parts.get(self.own) {
            part.store(if up { UP } else { DOWN }, Ordering::Relaxed);
        }
    }

    /// Whether all parts are up.
    pub fn is_up(&self) -> bool {
        self.states().all(|state| state == UP)
    }

    /// Whether a part is up and the state of every part is known.
    pub fn is_partly_up(&self) -> bool {
        self.states().any(|state| state == UP) && self.states().all(|state| state != UNKNOWN)
    }

    fn states(&self) -> impl Iterator<Item = u8> {
        self.parts.iter().map(|part| part.load(Ordering::Relaxed))
    }
}

/// The state of one dependency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Up.
    Up,
    /// Down, or not known to be up.
    Down,
}

impl From<bool> for State {
    fn from(up: bool) -> Self {
        if up { Self::Up } else { Self::Down }
    }
}

/// The response of `/health/ready`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Readiness {
    /// `ready`, `unready`, or `stopping` once the service was told to stop.
    pub status: &'static str,
    /// Each dependency with its state.
    #[schema(value_type = std::collections::BTreeMap<String, State>)]
    pub dependencies: BTreeMap<String, State>,
}

impl Readiness {
    /// `ready` or `unready`, with the state of each dependency.
    pub fn new(ready: bool, dependencies: impl IntoIterator<Item = (String, State)>) -> Self {
        let status = if ready { "ready" } else { "unready" };
        Self { status, dependencies: dependencies.into_iter().collect() }
    }

    /// `stopping`, which is not ready, with the state of each dependency.
    pub fn stopping(dependencies: impl IntoIterator<Item = (String, State)>) -> Self {
        Self { status: "stopping", dependencies: dependencies.into_iter().collect() }
    }

    /// The HTTP response: 200 when ready, else 503.
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
    admin_server::serve(listener, stop, move |services| {
        services
            .app_data(web::Data::new(dependencies.clone()))
            .app_data(web::Data::from(Arc::clone(&registry)))
            .route("/health/live", web::get().to(live))
            .route("/health/ready", web::get().to(ready))
            .route("/metrics", web::get().to(metrics::export));
    })
}

/// `GET /health/live`: 200 while the process responds.
pub async fn live() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "status": "live" }))
}

async fn ready(dependencies: web::Data<Vec<Dependency>>) -> HttpResponse {
    let ready = dependencies.iter().all(Dependency::is_up);
    let states = dependencies.iter();
    let states = states.map(|each| (each.name().to_owned(), State::from(each.is_up())));
    Readiness::new(ready, states).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_is_up_with_all_parts_and_partly_up_with_one_once_all_are_known() {
        let whole = Dependency::of_parts("broker", 2);
        let parts = [whole.part(0), whole.part(1), whole.part(2)];
        let state = || (whole.is_up(), whole.is_partly_up());
        parts[0].set_is_up(true);
        assert_eq!(state(), (false, false));
        parts[1].set_is_up(false);
        parts[2].set_is_up(true);
        assert_eq!(state(), (false, true));
        parts[1].set_is_up(true);
        assert_eq!(state(), (true, true));
        parts.iter().for_each(|part| part.set_is_up(false));
        assert_eq!(state(), (false, false));
    }
}
