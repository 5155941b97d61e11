use actix_web::{
    Error, HttpMessage, HttpRequest,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
    web,
};

use crate::{metrics::RequestLabels, request_log, routes::paths, state::AppState};

/// The label of the portal's pages, the API documentation, and unknown paths.
const OTHER: &str = "other";

/// Counts each response by its route and status, and logs it with `REQUEST_LOG=on`.
pub async fn record_requests(
    state: web::Data<AppState>,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let logged = state.user_hasher.is_some().then(|| {
        let client_address = state.client_address(request.request());
        request_log::Request::begin(request.method(), client_address)
    });
    let response = next.call(request).await;
    let (route, status) = match &response {
        Ok(response) => (route(response.request()), response.status()),
        Err(error) => (None, error.as_response_error().status_code()),
    };
    let labels = RequestLabels { route: route.unwrap_or(OTHER), status: status.as_u16() };
    state.metrics.requests.get_or_create(&labels).inc();
    if let Some(logged) = logged {
        let request = response.as_ref().ok().map(ServiceResponse::request);
        let user = request.and_then(|request| request.extensions().get().cloned());
        logged.end(route, status, user);
    }
    response
}

/// The template of the route that served `request`; `None` for the portal's pages, the API
/// documentation, and unknown paths.
fn route(request: &HttpRequest) -> Option<&'static str> {
    let name = request.match_name();
    paths::ALL.into_iter().find(|route| name == Some(route))
}
