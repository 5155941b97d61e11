use actix_web::{
    Error, ResponseError,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
    web,
};

use crate::{problem::Problem, routes::paths, state::AppState};

/// Applies the rate limit of the client's address to the chat's routes, before anything else is
/// done. It is wrapped in CORS, so that pages of other origins may read the 429.
pub async fn limit_by_address<Body: MessageBody + 'static>(
    state: web::Data<AppState>,
    request: ServiceRequest,
    next: Next<Body>,
) -> Result<ServiceResponse<EitherBody<Body>>, Error> {
    let checked = state.address_limit.check(&request);
    call_if(checked, request, next).await
}

/// Applies the rate limit of the client's address to all other paths: health, the API
/// documentation, the portal's pages, and unknown paths.
pub async fn limit_others_by_address<Body: MessageBody + 'static>(
    state: web::Data<AppState>,
    request: ServiceRequest,
    next: Next<Body>,
) -> Result<ServiceResponse<EitherBody<Body>>, Error> {
    let path = request.path();
    let checked = if is_below(path, paths::API) {
        Ok(())
    } else if is_below(path, paths::HEALTH) {
        state.address_limit.check_probe(&request)
    } else {
        state.address_limit.check(&request)
    };
    call_if(checked, request, next).await
}

async fn call_if<Body: MessageBody + 'static>(
    checked: Result<(), Problem>,
    request: ServiceRequest,
    next: Next<Body>,
) -> Result<ServiceResponse<EitherBody<Body>>, Error> {
    match checked {
        Ok(()) => Ok(next.call(request).await?.map_into_left_body()),
        Err(problem) => Ok(request.into_response(problem.error_response()).map_into_right_body()),
    }
}

fn is_below(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
