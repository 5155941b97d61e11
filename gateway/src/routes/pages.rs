//! The portal's pages, below `/portal/`.

use actix_files::Files;
use actix_web::{
    http::header,
    middleware::{DefaultHeaders, from_fn},
    web,
};

use super::not_found;
use crate::{middleware::strict_transport_security, portal::Portal};

/// Isolates the window from pages of other origins that open it or that it opens.
///
/// Source: <https://html.spec.whatwg.org/multipage/browsers.html#cross-origin-opener-policies>.
const OPENER_POLICY: (&str, &str) = ("cross-origin-opener-policy", "same-origin");

/// Disables browser features that the pages do not use.
///
/// Source: <https://www.w3.org/TR/permissions-policy/>.
const PERMISSIONS: (&str, &str) = (
    "permissions-policy",
    "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
);

/// Serves the pages, if the gateway has any.
pub fn serve(services: &mut web::ServiceConfig, portal: &Portal) {
    let Some(directory) = &portal.directory else { return };
    // Their names contain a hash of their content.
    let immutable = (header::CACHE_CONTROL, "public, max-age=31536000, immutable");
    let assets = web::scope("/portal/assets")
        .wrap(DefaultHeaders::new().add(immutable))
        .service(files(directory.join("assets")));
    let pages = web::scope("/portal")
        .wrap(
            DefaultHeaders::new()
                .add((header::CONTENT_SECURITY_POLICY, policy(portal)))
                .add(OPENER_POLICY)
                .add(PERMISSIONS)
                .add((header::CACHE_CONTROL, "no-cache")),
        )
        .wrap(from_fn(strict_transport_security))
        .service(files(directory.clone()).index_file("index.html").redirect_to_slash_directory());
    services.service(assets).service(pages);
}

fn files(directory: std::path::PathBuf) -> Files {
    Files::new("", directory).default_handler(web::to(not_found))
}

/// The Content-Security-Policy of the pages: no inline scripts or styles, no other origins, and
/// connections to the gateway and Pusher alone.
///
/// Source: <https://www.w3.org/TR/CSP3/>.
fn policy(portal: &Portal) -> String {
    let images = portal.images.as_ref().map(|origin| format!(" {origin}")).unwrap_or_default();
    format!(
        "default-src 'self'; connect-src 'self' {}; img-src 'self' data:{images}; object-src 'none'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        portal.pusher.websocket_url()
    )
}
