use std::time::Duration;

use clap::Args;
use pusher::App;

/// The settings of a server.
#[derive(Args, Clone, Debug)]
pub struct Settings {
    /// The number of accepted events that `GET /control/accepted?events=true` can return
    #[arg(
        long,
        env = "LOCAL_PUSHER_ACCEPTED_EVENTS",
        value_name = "NUMBER",
        default_value_t = Settings::ACCEPTED_EVENTS
    )]
    pub accepted_events: usize,

    /// The time without a message after which the server pings a client, such as 120s
    #[arg(
        long,
        env = "LOCAL_PUSHER_ACTIVITY_TIMEOUT",
        value_name = "TIME",
        default_value = "120s",
        value_parser = service::settings::duration
    )]
    pub activity_timeout: Duration,

    /// The time for the answer to a ping, after which the server closes, such as 30s
    #[arg(
        long,
        env = "LOCAL_PUSHER_PONG_TIMEOUT",
        value_name = "TIME",
        default_value = "30s",
        value_parser = service::settings::duration
    )]
    pub pong_timeout: Duration,

    /// The only application.
    #[command(flatten)]
    pub app: App,
}

impl Settings {
    const ACCEPTED_EVENTS: usize = 10_000;

    /// The defaults, with Pusher's times.
    pub fn new(app: App) -> Self {
        Self {
            app,
            accepted_events: Self::ACCEPTED_EVENTS,
            activity_timeout: Duration::from_secs(120),
            pong_timeout: Duration::from_secs(30),
        }
    }
}
