use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{HeaderValue, STRICT_TRANSPORT_SECURITY},
    middleware::Next,
    web,
};

use crate::state::AppState;

/// One year, the minimum of preload lists. It does not include subdomains, which are for the
/// operator to decide.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc6797>.
const ONE_YEAR: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Adds `Strict-Transport-Security` to responses to browsers that reached a trusted proxy by HTTPS.
/// The gateway itself serves HTTP, over which browsers must ignore the header.
pub async fn strict_transport_security<Body: MessageBody>(
    state: web::Data<AppState>,
    request: ServiceRequest,
    next: Next<Body>,
) -> Result<ServiceResponse<Body>, Error> {
    let is_https = state.address_limit.client_uses_https(&request);
    let mut response = next.call(request).await?;
    if is_https {
        response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, ONE_YEAR);
    }
    Ok(response)
}
