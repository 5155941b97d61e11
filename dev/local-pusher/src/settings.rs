use std::time::Duration;

use clap::Args;
use pusher::App;
use secrecy::SecretString;

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

    /// A second pair of key and secret.
    #[command(flatten)]
    pub second_pair: SecondPair,
}

/// A second pair of key and secret of the application, as Pusher has while a pair is rotated.
#[derive(Args, Clone, Debug, Default)]
pub struct SecondPair {
    /// A second key of the application, which is valid as well
    #[arg(
        long,
        env = "LOCAL_PUSHER_SECOND_KEY",
        value_name = "KEY",
        requires = "local_pusher_second_secret"
    )]
    pub local_pusher_second_key: Option<String>,

    /// The secret of the second key
    #[arg(
        long,
        env = "LOCAL_PUSHER_SECOND_SECRET",
        value_name = "SECRET",
        hide_env_values = true,
        requires = "local_pusher_second_key"
    )]
    pub local_pusher_second_secret: Option<SecretString>,
}

impl Settings {
    const ACCEPTED_EVENTS: usize = 10_000;

    /// The defaults, with Pusher's times.
    pub fn new(app: App) -> Self {
        Self {
            app,
            second_pair: SecondPair::default(),
            accepted_events: Self::ACCEPTED_EVENTS,
            activity_timeout: Duration::from_secs(120),
            pong_timeout: Duration::from_secs(30),
        }
    }

    /// The application with the pair of `key`; `None` when it has no such key.
    pub(crate) fn app_with(&self, key: &str) -> Option<App> {
        if key == self.app.key {
            return Some(self.app.clone());
        }
        let SecondPair { local_pusher_second_key, local_pusher_second_secret } = &self.second_pair;
        let secret = local_pusher_second_secret.clone()?;
        let own = local_pusher_second_key.as_deref().filter(|own| *own == key)?;
        Some(App { id: self.app.id.clone(), key: own.to_owned(), secret })
    }
}
