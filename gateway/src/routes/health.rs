//! `GET /health/live`, `GET /health/ready`

use actix_web::{HttpResponse, web};
use shared::service::health::{self, Dependency, Readiness, State};
use tokio_util::sync::CancellationToken;

use crate::reads::DatabaseHealth;

/// Says that the process answers
#[utoipa::path(
    get,
    path = "/health/live",
    tag = "health",
    responses((status = 200, description = "It does"))
)]
pub async fn live() -> HttpResponse {
    health::live().await
}

/// Says whether messages can be sent, and how each dependency is
///
/// It takes the broker to send, and no database. Where players are spread over several pairs of queues,
/// a broker that is down for some of them is shown as down, and the gateway is ready for the others. A
/// gateway that was told to stop is not ready either, though it answers a little longer. The database is
/// asked once a second, and is down when it fails or does not answer in time.
#[utoipa::path(
    get,
    path = "/health/ready",
    tag = "health",
    responses(
        (status = 200, description = "Messages can be sent", body = Readiness),
        (status = 503, description = "They cannot", body = Readiness),
    )
)]
pub async fn ready(
    stop: web::Data<CancellationToken>,
    broker: web::Data<Dependency>,
    database: web::Data<DatabaseHealth>,
) -> HttpResponse {
    let states =
        [(broker.name(), State::from(broker.is_up())), ("database", State::from(database.is_up()))];
    match stop.is_cancelled() {
        true => Readiness::stopping(states).into_response(),
        false => Readiness::new(broker.is_partly_up(), states).into_response(),
    }
}
