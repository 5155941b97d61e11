//! `GET /health/live`, `GET /health/ready`

use actix_web::{HttpResponse, web};
use service::health::{self, Readiness, State};

use super::paths;
use crate::state::AppState;

/// Returns 200 while the process runs
#[utoipa::path(
    get,
    path = paths::LIVE,
    tag = "health",
    security(()),
    responses((status = 200, description = "The process runs"))
)]
pub async fn live() -> HttpResponse {
    health::live().await
}

/// Returns whether messages can be sent, and the state of each dependency
///
/// Sending needs the broker, and not the database. With several partitions, a broker that is down
/// for some of them is reported as down, and the gateway is ready for the others. A queue that
/// rejected the last publish, because it is full or has no leader, is reported as down. A gateway
/// that was told to stop is not ready, while it still serves for the drain period. The database is
/// probed once a second, and is down when a probe fails or times out. `attachments` are listed where they
/// are on, and are down while their store fails: messages without files can still be sent. `replica`
/// is listed where there is a read replica, and is down while the primary is read instead.
#[utoipa::path(
    get,
    path = paths::READY,
    tag = "health",
    security(()),
    responses(
        (status = 200, description = "Messages can be sent", body = Readiness),
        (status = 503, description = "Messages cannot be sent", body = Readiness),
    )
)]
pub async fn ready(state: web::Data<AppState>) -> HttpResponse {
    let broker = (state.broker.name().to_owned(), State::from(state.broker.is_up()));
    let database = ("database".to_owned(), State::from(state.database.is_up()));
    let replica = state.history.replica();
    let replica = replica.map(|replica| ("replica".to_owned(), State::from(replica.is_up())));
    let attachments = state.attachments.as_ref();
    let attachments =
        attachments.map(|files| ("attachments".to_owned(), State::from(files.store.is_up())));
    let refusing = state.refusing_queues.names().into_iter().map(|queue| (queue, State::Down));
    let states = [broker, database].into_iter().chain(replica).chain(attachments).chain(refusing);
    if state.shutdown.is_cancelled() {
        return Readiness::stopping(states).into_response();
    }
    Readiness::new(state.broker.is_partly_up(), states).into_response()
}
