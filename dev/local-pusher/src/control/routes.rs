use std::time::Duration;

use actix_web::{HttpResponse, Result, error::ErrorBadRequest, web};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Counts, Events, FaultOrder, Page};
use crate::world::World;

/// The number of events on a page without `limit`.
const DEFAULT_LIMIT: usize = 1_000;

/// Adds the routes below `/control`.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .app_data(web::JsonConfig::default().content_type_required(false))
        .service(
            web::resource("/fault")
                .route(web::put().to(set_fault))
                .route(web::delete().to(lift_fault)),
        )
        .service(
            web::resource("/accepted")
                .route(web::get().to(show_accepted))
                .route(web::delete().to(reset_accepted)),
        )
        .route("/connections", web::get().to(show_connections))
        .route("/disconnect", web::post().to(disconnect));
}

async fn set_fault(world: web::Data<World>, order: web::Json<FaultOrder>) -> HttpResponse {
    world.faults.set(order.into_inner());
    HttpResponse::NoContent().finish()
}

async fn lift_fault(world: web::Data<World>) -> HttpResponse {
    world.faults.lift();
    HttpResponse::NoContent().finish()
}

#[derive(Deserialize)]
struct AcceptedQuery {
    #[serde(default)]
    events: bool,
    after: Option<u64>,
    limit: Option<usize>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Accepted {
    #[serde(flatten)]
    counts: Counts,
    #[serde(flatten)]
    events: Option<AcceptedEvents>,
}

/// The events, for `events=true`.
#[derive(Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
enum AcceptedEvents {
    Last { last_events: Events },
    Page(Page),
}

async fn show_accepted(
    world: web::Data<World>,
    query: web::Query<AcceptedQuery>,
) -> web::Json<Accepted> {
    let events = query.events.then(|| match query.after {
        Some(after) => {
            AcceptedEvents::Page(world.ledger.page(after, query.limit.unwrap_or(DEFAULT_LIMIT)))
        }
        None => AcceptedEvents::Last { last_events: world.ledger.events() },
    });
    web::Json(Accepted { counts: world.ledger.counts(), events })
}

async fn reset_accepted(world: web::Data<World>) -> HttpResponse {
    world.ledger.reset();
    HttpResponse::NoContent().finish()
}

async fn show_connections(world: web::Data<World>) -> HttpResponse {
    let (connections, subscriptions) = (world.hub.connection_count(), world.hub.subscriptions());
    HttpResponse::Ok().json(json!({"connections": connections, "subscriptions": subscriptions}))
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Disconnect {
    refuse_for_milliseconds: Option<u64>,
}

async fn disconnect(world: web::Data<World>, body: web::Bytes) -> Result<HttpResponse> {
    let order: Disconnect = match &*body {
        [] => Disconnect::default(),
        json => serde_json::from_slice(json).map_err(ErrorBadRequest)?,
    };
    if let Some(time) = order.refuse_for_milliseconds {
        world.refuse_connections_for(Duration::from_millis(time));
    }
    let disconnected = world.hub.disconnect_all();
    Ok(HttpResponse::Ok().json(json!({"disconnected": disconnected})))
}
