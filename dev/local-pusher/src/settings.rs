use std::time::Duration;

use clap::Args;
use pusher::App;

/// What a server is started with.
#[derive(Args, Clone, Debug)]
pub struct Settings {
    /// How many of the last accepted events `GET /control/accepted?events=true` can show
    #[arg(
        long,
        env = "LOCAL_PUSHER_ACCEPTED_EVENTS",
        value_name = "NUMBER",
        default_value_t = Settings::ACCEPTED_EVENTS
    )]
    pub accepted_events: usize,

    /// How long a WebSocket may be silent before the server pings it, such as 120s
    #[arg(
        long,
        env = "LOCAL_PUSHER_ACTIVITY_TIMEOUT",
        value_name = "TIME",
        default_value = "120s",
        value_parser = service::settings::duration
    )]
    pub activity_timeout: Duration,

    /// How long the server waits for an answer to its ping before it closes, such as 30s
    #[arg(
        long,
        env = "LOCAL_PUSHER_PONG_TIMEOUT",
        value_name = "TIME",
        default_value = "30s",
        value_parser = service::settings::duration
    )]
    pub pong_timeout: Duration,

    /// The one application that the server knows.
    #[command(flatten)]
    pub app: App,
}

impl Settings {
    const ACCEPTED_EVENTS: usize = 10_000;

    /// The defaults, for an application; the times are those that Pusher uses.
    pub fn new(app: App) -> Self {
        Self {
            app,
            accepted_events: Self::ACCEPTED_EVENTS,
            activity_timeout: Duration::from_secs(120),
            pong_timeout: Duration::from_secs(30),
        }
    }
}
