//! `GET /health/live`, `GET /health/ready`

use actix_web::{HttpResponse, web};
use service::health::{self, Readiness, State};

use super::paths;
use crate::state::AppState;

/// Says that the process answers
#[utoipa::path(
    get,
    path = paths::LIVE,
    tag = "health",
    security(()),
    responses((status = 200, description = "It does"))
)]
pub async fn live() -> HttpResponse {
    health::live().await
}

/// Says whether messages can be sent, and how each dependency is
///
/// It takes the broker to send, and no database. Where players are spread over several pairs of queues,
/// a broker that is down for some of them is shown as down, and the gateway is ready for the others. A
/// queue that did not take the last publish, because it is full or has no leader, is named as down. A
/// gateway that was told to stop is not ready either, though it answers a little longer. The database is
/// asked once a second, and is down when it fails or does not answer in time.
#[utoipa::path(
    get,
    path = paths::READY,
    tag = "health",
    security(()),
    responses(
        (status = 200, description = "Messages can be sent", body = Readiness),
        (status = 503, description = "They cannot", body = Readiness),
    )
)]
pub async fn ready(state: web::Data<AppState>) -> HttpResponse {
    let broker = (state.broker.name().to_owned(), State::from(state.broker.is_up()));
    let database = ("database".to_owned(), State::from(state.database.is_up()));
    let refusing = state.refusing_queues.names().into_iter().map(|queue| (queue, State::Down));
    let states = [broker, database].into_iter().chain(refusing);
    if state.shutdown.is_cancelled() {
        return Readiness::stopping(states).into_response();
    }
    Readiness::new(state.broker.is_partly_up(), states).into_response()
}
