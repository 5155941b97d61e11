//! Runs Pusher's own clients against a server.

use std::net::SocketAddr;

use test_support::Script;

use crate::harness::app;

/// Starts the script `name` with the server's application and `settings` of its own.
pub fn start_script(name: &str, server: SocketAddr, settings: &[(&str, &str)]) -> Script {
    let (app, host, port) = (app(), server.ip().to_string(), server.port().to_string());
    let application = [
        ("PUSHER_APP_ID", app.id.as_str()),
        ("PUSHER_KEY", app.key.as_str()),
        ("PUSHER_SECRET", "the-secret"),
        ("PUSHER_HOST", host.as_str()),
        ("PUSHER_PORT", port.as_str()),
    ];
    Script::start(name, application.into_iter().chain(settings.iter().copied()))
}
