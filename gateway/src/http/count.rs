use actix_web::{
    Error, HttpRequest,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
    web,
};

use crate::{
    metrics::{Metrics, RequestLabels},
    routes,
};

/// What is none of the calls: the portal's pages, the description, and what is not there.
const OTHER: &str = "other";

/// Counts each answer by its route and status.
pub async fn count_requests(
    metrics: web::Data<Metrics>,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let answer = next.call(request).await;
    let (route, status) = match &answer {
        Ok(answer) => (route(answer.request()), answer.status()),
        Err(error) => (OTHER, error.as_response_error().status_code()),
    };
    metrics.requests.get_or_create(&RequestLabels { route, status: status.as_u16() }).inc();
    answer
}

fn route(request: &HttpRequest) -> &'static str {
    let name = request.match_name();
    routes::ALL.into_iter().find(|route| name == Some(route)).unwrap_or(OTHER)
}
