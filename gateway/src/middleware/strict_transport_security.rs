use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{HeaderValue, STRICT_TRANSPORT_SECURITY},
    middleware::Next,
    web,
};

use crate::state::AppState;

/// A year, which preload lists ask for at least; subdomains are the operator's own decision.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc6797>.
const FOR_A_YEAR: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Tells a browser that reached a page by HTTPS to use nothing else from then on. The gateway itself
/// speaks HTTP: a trusted proxy says how the browser came. Over HTTP browsers must not obey the header.
pub async fn strict_transport_security<Body: MessageBody>(
    state: web::Data<AppState>,
    request: ServiceRequest,
    next: Next<Body>,
) -> Result<ServiceResponse<Body>, Error> {
    let is_https = state.address_limit.client_uses_https(&request);
    let mut response = next.call(request).await?;
    if is_https {
        response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, FOR_A_YEAR);
    }
    Ok(response)
}
