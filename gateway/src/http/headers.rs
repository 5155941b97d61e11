use actix_cors::Cors;
use actix_web::{
    http::{
        Method,
        header::{self, HeaderName},
    },
    middleware::DefaultHeaders,
};

use super::Origins;

/// What every answer says to browsers: that a thing is what it is said to be, and that nobody is told
/// where its reader came from.
pub fn for_browsers() -> DefaultHeaders {
    DefaultHeaders::new()
        .add((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .add((header::REFERRER_POLICY, "no-referrer"))
}

/// That an answer is for whoever asked, and for no cache on the way.
pub fn not_for_caches() -> DefaultHeaders {
    DefaultHeaders::new().add((header::CACHE_CONTROL, "no-store"))
}

/// What the pages of the gateway's description may do: nothing but show themselves, in a window of
/// their own. Their styles stand within them.
///
/// Source: <https://www.w3.org/TR/CSP3/>.
pub fn for_the_description() -> DefaultHeaders {
    DefaultHeaders::new().add((
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ))
}

/// The headers besides `Authorization` and `Content-Type` that pages may send: those of tracing, and the
/// one that Pusher's libraries are commonly set up to send.
///
/// Sources: <https://www.w3.org/TR/trace-context/>, <https://www.w3.org/TR/baggage/>.
const USUAL_HEADERS: [&str; 4] = ["traceparent", "tracestate", "baggage", "x-socket-id"];

/// Which pages may call, and with which headers.
#[derive(Clone, Debug)]
pub struct Pages {
    /// The origins of the pages.
    pub origins: Origins,
    /// The headers that they may send besides the usual ones.
    pub headers: Vec<HeaderName>,
}

/// Lets `pages` call, and no others.
///
/// Source: <https://fetch.spec.whatwg.org/#http-cors-protocol>.
pub fn calls_from(pages: &Pages) -> Cors {
    let cors = Cors::default()
        .allowed_methods([Method::GET, Method::POST])
        .allowed_headers([header::AUTHORIZATION, header::CONTENT_TYPE])
        .allowed_headers(USUAL_HEADERS)
        .allowed_headers(&pages.headers)
        .expose_headers([header::RETRY_AFTER, header::WWW_AUTHENTICATE])
        .max_age(3_600)
        // A browser keeps the answer from a page of another origin; what is no browser is not asked.
        .block_on_origin_mismatch(false);
    pages.origins.iter().fold(cors, |cors, origin| cors.allowed_origin(origin))
}
