use actix_cors::Cors;
use actix_web::{
    http::{Method, header},
    middleware::DefaultHeaders,
};

use crate::settings::CorsPolicy;

/// `nosniff` and `no-referrer` on every response.
pub fn security_headers() -> DefaultHeaders {
    DefaultHeaders::new()
        .add((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .add((header::REFERRER_POLICY, "no-referrer"))
}

/// `no-store`: no cache keeps the response.
pub fn no_store() -> DefaultHeaders {
    DefaultHeaders::new().add((header::CACHE_CONTROL, "no-store"))
}

/// The Content-Security-Policy of the API documentation: its own files and inline styles, not
/// framed.
///
/// Source: <https://www.w3.org/TR/CSP3/>.
pub fn docs_csp() -> DefaultHeaders {
    DefaultHeaders::new().add((
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ))
}

/// The headers besides `Authorization` and `Content-Type` that pages may always send: those of
/// tracing, and the one that Pusher's libraries commonly send.
///
/// Sources: <https://www.w3.org/TR/trace-context/>, <https://www.w3.org/TR/baggage/>.
const ALWAYS_ALLOWED_HEADERS: [&str; 4] = ["traceparent", "tracestate", "baggage", "x-socket-id"];

/// Allows the pages of `policy`, and no others, to read responses.
///
/// Source: <https://fetch.spec.whatwg.org/#http-cors-protocol>.
pub fn cors(policy: &CorsPolicy) -> Cors {
    let cors = Cors::default()
        .allowed_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allowed_headers([header::AUTHORIZATION, header::CONTENT_TYPE, header::IF_NONE_MATCH])
        .allowed_headers(ALWAYS_ALLOWED_HEADERS)
        .allowed_headers(&policy.headers)
        .expose_headers([header::ETAG, header::RETRY_AFTER, header::WWW_AUTHENTICATE])
        .max_age(3_600)
        // Browsers withhold the response from pages of other origins; other clients send no origin.
        .block_on_origin_mismatch(false);
    policy.origins.iter().fold(cors, |cors, origin| cors.allowed_origin(origin))
}
