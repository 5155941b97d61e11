use actix_web::{
    Error, HttpRequest,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
    web,
};

use crate::{metrics::RequestLabels, routes::paths, state::AppState};

/// The label of the portal's pages, the API documentation, and unknown paths.
const OTHER: &str = "other";

/// Counts each response by its route and status.
pub async fn count_requests(
    state: web::Data<AppState>,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let response = next.call(request).await;
    let (route, status) = match &response {
        Ok(response) => (route(response.request()), response.status()),
        Err(error) => (OTHER, error.as_response_error().status_code()),
    };
    state.metrics.requests.get_or_create(&RequestLabels { route, status: status.as_u16() }).inc();
    response
}

fn route(request: &HttpRequest) -> &'static str {
    let name = request.match_name();
    paths::ALL.into_iter().find(|route| name == Some(route)).unwrap_or(OTHER)
}
