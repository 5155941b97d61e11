//! The broadcaster's settings.

use std::{num::NonZeroU32, time::Duration};

use broker::{BrokerSettings, ConsumerSettings};
use clap::{Args, ValueEnum};
use pusher::ChannelSettings;
use service::{
    TlsSettings, settings::duration, shutdown::ShutdownSettings, telemetry::LogSettings,
    warn_of_cleartext,
};
use traces::TraceSettings;

/// What the broadcaster needs to know in order to run.
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

    /// Calls to Pusher that may be under way at once
    #[arg(long, env = "BROADCAST_CONCURRENCY", default_value_t = 8, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub broadcast_concurrency: u16,

    /// The most events in a second by which each broadcaster tells staff of players' messages; messages
    /// beyond that are told of together, up to a second later and without their contents, which
    /// desks then ask the gateway for. The partitions share it. Without it each message is told of by itself
    #[arg(long, env = "STAFF_EVENTS_PER_SECOND", value_name = "NUMBER")]
    pub staff_events_per_second: Option<NonZeroU32>,

    /// RabbitMQ
    #[command(flatten)]
    pub broker: BrokerSettings,

    /// How the queue is worked off
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

/// How to reach Pusher, or a server that speaks as it does.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Pusher")]
pub struct PusherSettings {
    /// Who the broadcaster is to Pusher
    #[command(flatten)]
    pub app: pusher::App,

    /// How to speak to Pusher
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

    /// Whom an encrypted connection trusts
    #[command(flatten)]
    pub tls: TlsSettings,

    /// Where the portals listen
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

/// How to speak to Pusher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scheme {
    /// In the clear, for a server of one's own on the same machine or network
    Http,
    /// Encrypted; Pusher must prove by its certificate that it is the host
    Https,
}

impl Scheme {
    /// The scheme as it stands in an address.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

impl Settings {
    /// What is wrong with the settings, if something is, without showing a secret.
    ///
    /// # Errors
    /// Names the setting.
    pub fn check(&self) -> Result<(), String> {
        self.broker.check()?;
        self.traces.check()?;
        self.pusher.channels.channels()?;
        self.pusher.api().map(drop)
    }
}

impl PusherSettings {
    /// Where Pusher's HTTP API is.
    ///
    /// # Errors
    /// Names the setting that is wrong.
    pub fn api(&self) -> Result<reqwest::Url, String> {
        let (scheme, host, port) =
            (self.pusher_scheme.as_str(), &self.pusher_host, self.pusher_port);
        reqwest::Url::parse(&format!("{scheme}://{host}:{port}"))
            .map_err(|error| format!("PUSHER_HOST is not the name of a host: {error}"))
    }
}
