//! The broadcaster's settings.

use std::{num::NonZeroU32, time::Duration};

use broker::{BrokerSettings, ConsumerSettings};
use chat::StaffNames;
use clap::{
    Args, ValueEnum,
    builder::{PossibleValuesParser, TypedValueParser},
};
use pusher::ChannelSettings;
use service::{
    TlsSettings, settings::duration, shutdown::ShutdownSettings, telemetry::LogSettings,
    warn_of_cleartext,
};
use strum::IntoStaticStr;
use traces::TraceSettings;

/// The settings of a broadcaster.
#[derive(Args, Clone, Debug)]
pub struct Settings {
    /// Where /health and /metrics are served
    #[arg(
        long,
        env = "BROADCASTER_LISTEN",
        default_value = "127.0.0.1:8082",
        value_name = "HOST:PORT"
    )]
    pub broadcaster_listen: String,

    /// The most calls to Pusher at the same time
    #[arg(long, env = "BROADCAST_CONCURRENCY", default_value_t = 8, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub broadcast_concurrency: u16,

    /// The most events per second that each broadcaster sends staff for players' messages and for notes.
    /// Those beyond it are coalesced: one event stands for many, up to a second later and without their
    /// contents, which desks then load from the gateway. The partitions share the rate. Without it nothing
    /// is coalesced
    #[arg(long, env = "STAFF_EVENTS_PER_SECOND", value_name = "NUMBER")]
    pub staff_events_per_second: Option<NonZeroU32>,

    /// Whether players learn the name of the member of the staff who has their session: shown or hidden. The
    /// gateway's must be the same
    #[arg(long, env = "STAFF_NAMES", default_value = "hidden", value_name = "WHETHER", value_parser = staff_names())]
    pub staff_names: StaffNames,

    /// RabbitMQ
    #[command(flatten)]
    pub broker: BrokerSettings,

    /// How the queue is consumed
    #[command(flatten)]
    pub consumer: ConsumerSettings,

    /// Pusher
    #[command(flatten)]
    pub pusher: PusherSettings,

    /// How long it may take to stop
    #[command(flatten)]
    pub shutdown: ShutdownSettings,

    /// Traces
    #[command(flatten)]
    pub traces: TraceSettings,

    /// Logs
    #[command(flatten)]
    pub logs: LogSettings,
}

/// How to reach Pusher, or a server with the same API.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Pusher")]
pub struct PusherSettings {
    /// The application at Pusher
    #[command(flatten)]
    pub app: pusher::App,

    /// Scheme of Pusher's HTTP API
    #[arg(
        long,
        env = "PUSHER_SCHEME",
        value_enum,
        default_value = "https",
        help_heading = "Pusher"
    )]
    pub pusher_scheme: Scheme,

    /// Host of Pusher's HTTP API, such as api-eu.pusher.com
    #[arg(
        long,
        env = "PUSHER_HOST",
        default_value = "api.pusherapp.com",
        value_name = "HOST",
        help_heading = "Pusher"
    )]
    pub pusher_host: String,

    /// Port of Pusher's HTTP API
    #[arg(
        long,
        env = "PUSHER_PORT",
        default_value_t = 443,
        value_name = "PORT",
        help_heading = "Pusher"
    )]
    pub pusher_port: u16,

    /// Time within which Pusher must answer a call
    #[arg(long, env = "PUSHER_TIMEOUT", default_value = "5s", value_parser = duration, value_name = "DURATION", help_heading = "Pusher")]
    pub pusher_timeout: Duration,

    /// The authorities that encrypted connections trust
    #[command(flatten)]
    pub tls: TlsSettings,

    /// The channels that the portals subscribe to
    #[command(flatten)]
    pub channels: ChannelSettings,
}

impl PusherSettings {
    /// Warns when Pusher on another machine is reached without encryption.
    pub fn warn_of_cleartext(&self) {
        let host = Some(&*self.pusher_host).filter(|_| self.pusher_scheme == Scheme::Http);
        warn_of_cleartext("PUSHER_SCHEME", host);
    }
}

/// The scheme of Pusher's HTTP API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, ValueEnum)]
#[strum(serialize_all = "lowercase")]
pub enum Scheme {
    /// Not encrypted, for your own server on the same machine or network
    Http,
    /// Encrypted; Pusher's certificate must be valid for the host
    Https,
}

impl Scheme {
    /// The scheme in a URL.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

fn staff_names() -> impl TypedValueParser<Value = StaffNames> {
    PossibleValuesParser::new(["hidden", "shown"])
        .try_map(|name| name.parse().map_err(|error: strum::ParseError| error.to_string()))
}

impl Settings {
    /// Checks the settings that clap does not.
    ///
    /// # Errors
    /// Names the invalid setting, and shows no secret.
    pub fn check(&self) -> Result<(), String> {
        self.broker.check()?;
        self.traces.check()?;
        self.pusher.channels.channels()?;
        self.pusher.api().map(drop)
    }
}

impl PusherSettings {
    /// The URL of Pusher's HTTP API.
    ///
    /// # Errors
    /// Names the invalid setting.
    pub fn api(&self) -> Result<reqwest::Url, String> {
        let (scheme, host, port) =
            (self.pusher_scheme.as_str(), &self.pusher_host, self.pusher_port);
        reqwest::Url::parse(&format!("{scheme}://{host}:{port}"))
            .map_err(|error| format!("PUSHER_HOST is not a host name: {error}"))
    }
}
